#include "harness/report/writers.h"

#include "harness/metric/metric_table.h"

#include <math.h>

static void add_copy(cJSON *object, const char *key, const cJSON *value)
{
    if (value)
        cJSON_AddItemToObject(object, key, cJSON_Duplicate(value, TRUE));
}

/* Three decimals, and null where there is no number. */
static void add_ms(cJSON *object, const char *key, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, key, round(value * 1000) / 1000);
    else
        cJSON_AddNullToObject(object, key);
}

static double six_decimals(double value)
{
    return fabs(value) < 1e9 ? round(value * 1e6) / 1e6 : value;
}

static cJSON *summaries_json(const GPtrArray *summaries)
{
    cJSON *object = cJSON_CreateObject();

    for (guint i = 0; i < summaries->len; i++) {
        const VcbMetricSummary *summary = summaries->pdata[i];
        const VcbStatistics *statistics = &summary->statistics;
        cJSON *item = cJSON_AddObjectToObject(object, summary->name), *interval;

        cJSON_AddStringToObject(item, "unit", vcb_metric_unit(summary->name));
        vcb_json_add_int(item, "n", statistics->n);
        cJSON_AddNumberToObject(item, "median", six_decimals(statistics->median));
        cJSON_AddNumberToObject(item, "p95", six_decimals(statistics->p95));
        cJSON_AddNumberToObject(item, "mean", six_decimals(statistics->mean));
        cJSON_AddNumberToObject(item, "min", statistics->min);
        cJSON_AddNumberToObject(item, "max", statistics->max);
        interval = cJSON_AddArrayToObject(item, "ci95");
        cJSON_AddItemToArray(interval, cJSON_CreateNumber(six_decimals(statistics->ci_low)));
        cJSON_AddItemToArray(interval, cJSON_CreateNumber(six_decimals(statistics->ci_high)));
    }
    return object;
}

static cJSON *call_json(const VcbAnalysis *analysis, const VcbCallAnalysis *call)
{
    cJSON *object = cJSON_CreateObject();
    const VcbCallData *data = call->data;

    cJSON_AddStringToObject(object, "id", data->id);
    vcb_json_add_int(object, "pair", data->pair);
    vcb_json_add_int(object, "repeat", data->repeat);
    cJSON_AddStringToObject(object, "variant", vcb_run_data_variant_name(analysis->data, data->variant));
    vcb_json_add_int(object, "seed", (gint64)data->seed);
    cJSON_AddStringToObject(object, "outcome", data->outcome);
    cJSON_AddStringToObject(object, "verdict", vcb_verdict_name(call->verdict));
    cJSON_AddStringToObject(object, "reason", call->reason);
    if (call->is_tolerated)
        cJSON_AddTrueToObject(object, "tolerated");
    add_ms(object, "duration_ms",
           data->start_us >= 0 && data->end_us >= data->start_us
               ? (double)(data->end_us - data->start_us) / 1000
               : NAN);
    add_copy(object, "candidate_types", call->candidate_types);
    if (call->network)
        cJSON_AddItemToObject(object, "network", vcb_network_call_json(call));
    cJSON_AddItemToObject(object, "metrics", vcb_metric_set_to_json(call->metrics));
    return object;
}

static cJSON *expectation_json(const VcbAnalysis *analysis, const VcbExpected *expected)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "expression", expected->expression);
    cJSON_AddStringToObject(object, "variant", vcb_run_data_variant_name(analysis->data, expected->variant));
    if (expected->has_observed)
        cJSON_AddNumberToObject(object, "observed", six_decimals(expected->observed));
    else
        cJSON_AddNullToObject(object, "observed");
    cJSON_AddStringToObject(object, "unit", vcb_metric_unit(expected->metric));
    vcb_json_add_int(object, "n", expected->n);
    cJSON_AddStringToObject(object, "verdict", vcb_verdict_name(expected->verdict));
    cJSON_AddStringToObject(object, "reason", expected->reason);
    vcb_json_add_int(object, "line", expected->line);
    return object;
}

static cJSON *variant_json(const VcbVariantAnalysis *variant)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "name", variant->name);
    add_copy(object, "matrix", variant->matrix);
    vcb_json_add_int(object, "calls", variant->n_calls);
    vcb_json_add_int(object, "valid", variant->n_valid);
    vcb_json_add_int(object, "connected", variant->n_connected);
    cJSON_AddItemToObject(object, "metrics", summaries_json(variant->metrics));
    return object;
}

static void add_timing(cJSON *object, const VcbTiming *timing)
{
    cJSON *json = cJSON_AddObjectToObject(object, "timing");

    add_ms(json, "total_ms", timing->total_ms);
    add_ms(json, "overhead_ms", timing->overhead_ms);
    add_ms(json, "start_ms", timing->start_ms);
    add_ms(json, "stop_ms", timing->stop_ms);
    add_ms(json, "report_ms", timing->report_ms);
    add_ms(json, "call_start_ms", timing->call_start_ms);
    add_ms(json, "call_stop_ms", timing->call_stop_ms);
}

cJSON *vcb_run_json(const VcbAnalysis *analysis)
{
    const cJSON *start = analysis->data->start;
    cJSON *run = cJSON_CreateObject(), *array;

    cJSON_AddStringToObject(run, "schema", "vcbench.run/1");
    cJSON_AddStringToObject(run, "scenario", vcb_json_string(start, "scenario", ""));
    cJSON_AddStringToObject(run, "file", vcb_json_string(start, "file", ""));
    cJSON_AddStringToObject(run, "description", vcb_json_string(start, "description", ""));
    add_copy(run, "seed", cJSON_GetObjectItemCaseSensitive(start, "seed"));
    cJSON_AddStringToObject(run, "verdict", vcb_verdict_name(analysis->verdict));
    cJSON_AddStringToObject(run, "reason", analysis->reason);
    cJSON_AddBoolToObject(run, "interrupted", analysis->is_interrupted);
    cJSON_AddStringToObject(run, "utc", vcb_json_string(start, "utc", ""));
    add_copy(run, "command", vcb_json_array(start, "command"));
    add_copy(run, "environment", vcb_json_object(start, "environment"));
    vcb_json_add_int(run, "calls_planned", analysis->n_planned);
    vcb_json_add_int(run, "calls_valid", analysis->n_valid);
    vcb_json_add_int(run, "calls_connected", analysis->n_connected);
    add_timing(run, &analysis->timing);
    if (analysis->audit.is_used)
        cJSON_AddItemToObject(run, "network", vcb_network_run_json(&analysis->audit));
    array = cJSON_AddArrayToObject(run, "notes");
    for (guint i = 0; i < analysis->notes->len; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(analysis->notes->pdata[i]));
    array = cJSON_AddArrayToObject(run, "expectations");
    for (guint i = 0; i < analysis->expectations->len; i++)
        cJSON_AddItemToArray(array, expectation_json(analysis, analysis->expectations->pdata[i]));
    cJSON_AddItemToObject(run, "metrics", summaries_json(analysis->metrics));
    array = cJSON_AddArrayToObject(run, "variants");
    for (guint i = 0; i < analysis->variants->len; i++)
        cJSON_AddItemToArray(array, variant_json(analysis->variants->pdata[i]));
    array = cJSON_AddArrayToObject(run, "calls");
    for (guint i = 0; i < analysis->calls->len; i++)
        cJSON_AddItemToArray(array, call_json(analysis, analysis->calls->pdata[i]));
    return run;
}
