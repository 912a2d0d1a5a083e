#include "harness/measure/analysis.h"

#include "harness/measure/judge.h"
#include "harness/measure/metrics.h"
#include "harness/measure/series.h"
#include "harness/measure/truth.h"

#include <math.h>
#include <string.h>

static void call_free(gpointer data)
{
    VcbCallAnalysis *call = data;

    vcb_metric_set_free(call->metrics);
    cJSON_Delete(call->candidate_types);
    g_ptr_array_unref(call->series);
    g_ptr_array_unref(call->truth);
    vcb_network_data_free(call->network);
    g_free(call->reason);
    g_free(call);
}

static void variant_free(gpointer data)
{
    VcbVariantAnalysis *variant = data;

    g_ptr_array_unref(variant->metrics);
    g_free(variant);
}

static void expected_free(gpointer data)
{
    vcb_expected_free(data);
}

void vcb_analysis_free(VcbAnalysis *analysis)
{
    if (!analysis)
        return;
    g_ptr_array_unref(analysis->calls);
    g_ptr_array_unref(analysis->variants);
    vcb_metric_set_free(analysis->run_metrics);
    g_ptr_array_unref(analysis->metrics);
    g_ptr_array_unref(analysis->expectations);
    g_ptr_array_unref(analysis->notes);
    vcb_network_audit_clear(&analysis->audit);
    g_free(analysis->reason);
    g_free(analysis);
}

static VcbCallAnalysis *analyse_call(const VcbRunData *data, const VcbCallData *call_data)
{
    VcbCallAnalysis *call = g_new0(VcbCallAnalysis, 1);

    call->data = call_data;
    call->setup = vcb_setup_of(call_data);
    call->is_connected = call->setup.connected_us != VCB_UNKNOWN_US;
    call->network = vcb_network_data_of(call_data);
    call->truth = call->network ? vcb_truth_of(call_data, call->network) : g_ptr_array_new();
    call->metrics = vcb_metrics_of_call(call_data, call->network, &call->setup,
                                        vcb_json_int(data->start, "warmup_us", 0));
    call->candidate_types = vcb_candidate_types(call_data);
    call->series = vcb_series_of(call_data, &call->setup,
                                 vcb_json_int(data->start, "stats_interval_us", G_USEC_PER_SEC));
    call->is_valid =
        strcmp(call_data->outcome, "completed") == 0 || strcmp(call_data->outcome, "failed") == 0;
    call->reason = g_strdup("");
    return call;
}

static VcbVariantAnalysis *analyse_variant(const VcbAnalysis *analysis, guint index)
{
    const cJSON *json = cJSON_GetArrayItem(vcb_json_array(analysis->data->start, "variants"), (int)index);
    VcbVariantAnalysis *variant = g_new0(VcbVariantAnalysis, 1);
    VcbSummaryCollector *collector = vcb_summary_collector_new();

    variant->name = vcb_run_data_variant_name(analysis->data, index);
    variant->matrix = vcb_json_object(json, "matrix");
    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];

        if (call->data->variant != index)
            continue;
        variant->n_calls++;
        variant->n_valid += call->is_valid;
        variant->n_connected += call->is_valid && call->is_connected;
        if (call->is_valid)
            vcb_summary_collector_add(collector, call->metrics);
    }
    variant->metrics = vcb_summary_collector_finish(collector);
    return variant;
}

static GPtrArray *analyse_all(const VcbAnalysis *analysis)
{
    VcbSummaryCollector *collector = vcb_summary_collector_new();

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];

        if (call->is_valid)
            vcb_summary_collector_add(collector, call->metrics);
    }
    vcb_summary_collector_add(collector, analysis->run_metrics);
    return vcb_summary_collector_finish(collector);
}

/* Is a call of this variant part of the run? --filter leaves variants out; what is expected of them is not
 * asked then. */
static gboolean is_planned(const VcbAnalysis *analysis, guint variant)
{
    const cJSON *plan = vcb_json_array(analysis->data->start, "plan"), *call;

    cJSON_ArrayForEach (call, plan)
        if (vcb_json_int(call, "variant", 0) == variant)
            return TRUE;
    return !plan || !plan->child;
}

static GPtrArray *read_expectations(const VcbAnalysis *analysis)
{
    GPtrArray *expectations = g_ptr_array_new_with_free_func(expected_free);
    const cJSON *json;

    cJSON_ArrayForEach (json, vcb_json_array(analysis->data->start, "expectations")) {
        VcbExpected *expected = vcb_expected_new(json);

        if (expected->variant >= analysis->variants->len)
            expected->variant = 0;
        if (is_planned(analysis, expected->variant))
            g_ptr_array_add(expectations, expected);
        else
            expected_free(expected);
    }
    for (guint v = 0; v < analysis->variants->len; v++) {
        gboolean is_said = FALSE;

        for (guint i = 0; i < expectations->len && !is_said; i++) {
            const VcbExpected *expected = expectations->pdata[i];

            is_said = expected->variant == v && strcmp(expected->metric, "connected") == 0;
        }
        if (!is_said && is_planned(analysis, v))
            g_ptr_array_add(expectations, vcb_expected_connected(v));
    }
    return expectations;
}

/* A busy call among many does not make the run invalid, but should be known. A second here and there is no news. */
static void note_lateness(VcbAnalysis *analysis, const VcbCallData *call)
{
    VcbLateSeconds seconds = vcb_network_audit_of_call(analysis->data, call, analysis->audit.bound_ms);

    if (analysis->audit.verdict == VCB_VERDICT_PASS && 10 * seconds.n_late > seconds.n)
        g_ptr_array_add(
            analysis->notes,
            g_strdup_printf("call %s: the emulated network was late in %u of its %u seconds: p99 up to "
                            "%.3g ms, bound %.3g ms; over the whole run it kept the bound.",
                            call->id, seconds.n_late, seconds.n, seconds.worst_ms, analysis->audit.bound_ms));
}

static void read_notes(VcbAnalysis *analysis)
{
    const VcbRunData *data = analysis->data;

    for (guint i = 0; i < data->events->len; i++) {
        const VcbEvent *event = data->events->pdata[i];
        const char *call = vcb_json_string(event->json, "call", NULL);
        const char *message = vcb_json_string(event->json, "message", "");

        if (!vcb_event_matches(event, "vcbench", "note", NULL, NULL))
            continue;
        g_ptr_array_add(analysis->notes,
                        call ? g_strdup_printf("call %s: %s", call, message) : g_strdup(message));
    }
    for (guint i = 0; analysis->audit.is_used && i < data->calls->len; i++)
        note_lateness(analysis, data->calls->pdata[i]);
    if (data->cut)
        g_ptr_array_add(analysis->notes, g_strdup("The log's last line was cut; it is left out."));
    if (data->unreadable_lines)
        g_ptr_array_add(analysis->notes,
                        g_strdup_printf("%u lines of the log could not be read.", data->unreadable_lines));
}

/* Mean time between a call's events; NAN where no call has both. */
static double mean_between(const VcbAnalysis *analysis, const char *from_phase, const char *to_phase)
{
    double sum_ms = 0;
    guint n = 0;

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallData *call = ((const VcbCallAnalysis *)analysis->calls->pdata[i])->data;
        const VcbEvent *from =
            from_phase ? vcb_call_data_first(call, "vcbench", "call-phase", "phase", from_phase) : NULL;
        const VcbEvent *to =
            to_phase ? vcb_call_data_first(call, "vcbench", "call-phase", "phase", to_phase) : NULL;
        gint64 from_us = from_phase ? (from ? from->t_us : -1) : call->start_us;
        gint64 to_us = to_phase ? (to ? to->t_us : -1) : call->end_us;

        if (from_us < 0 || to_us < from_us)
            continue;
        sum_ms += (double)(to_us - from_us) / 1000;
        n++;
    }
    return n ? sum_ms / n : NAN;
}

static double between_ms(gint64 from_us, gint64 to_us)
{
    return from_us >= 0 && to_us >= from_us ? (double)(to_us - from_us) / 1000 : NAN;
}

void vcb_analysis_set_report_time(VcbAnalysis *analysis, gint64 report_us)
{
    VcbTiming *timing = &analysis->timing;
    gint64 first_us = -1, last_us = -1, started_us = vcb_json_int(analysis->data->start, "started_us", -1);
    gint64 stopped_us = vcb_json_int(analysis->data->end, "stopped_us", -1);

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallData *call = ((const VcbCallAnalysis *)analysis->calls->pdata[i])->data;

        if (call->start_us >= 0 && (first_us < 0 || call->start_us < first_us))
            first_us = call->start_us;
        last_us = MAX(last_us, call->end_us);
    }
    timing->report_ms = (double)report_us / 1000;
    timing->start_ms = between_ms(started_us, first_us);
    timing->stop_ms = between_ms(last_us, stopped_us);
    timing->overhead_ms = timing->start_ms + timing->stop_ms + timing->report_ms;
    timing->total_ms = between_ms(started_us, stopped_us) + timing->report_ms;
    timing->call_start_ms = mean_between(analysis, NULL, "joining");
    timing->call_stop_ms = mean_between(analysis, "stopping", NULL);
}

VcbAnalysis *vcb_analysis_new(const VcbRunData *data)
{
    VcbAnalysis *analysis = g_new0(VcbAnalysis, 1);

    analysis->data = data;
    analysis->calls = g_ptr_array_new_with_free_func(call_free);
    analysis->variants = g_ptr_array_new_with_free_func(variant_free);
    analysis->notes = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < data->calls->len; i++)
        g_ptr_array_add(analysis->calls, analyse_call(data, data->calls->pdata[i]));
    for (guint v = 0; v < data->n_variants; v++)
        g_ptr_array_add(analysis->variants, analyse_variant(analysis, v));
    for (guint v = 0; v < analysis->variants->len; v++) {
        analysis->n_valid += ((VcbVariantAnalysis *)analysis->variants->pdata[v])->n_valid;
        analysis->n_connected += ((VcbVariantAnalysis *)analysis->variants->pdata[v])->n_connected;
    }
    analysis->n_planned = (guint)cJSON_GetArraySize(vcb_json_array(data->start, "plan"));
    analysis->n_planned = MAX(analysis->n_planned, analysis->calls->len);
    vcb_network_audit_read(data, &analysis->audit);
    analysis->run_metrics = vcb_metrics_of_run(data, &analysis->audit);
    analysis->metrics = analyse_all(analysis);
    analysis->expectations = read_expectations(analysis);
    read_notes(analysis);
    vcb_analysis_judge(analysis);
    vcb_analysis_set_report_time(analysis, 0);
    return analysis;
}
