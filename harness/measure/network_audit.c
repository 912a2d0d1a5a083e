#include "harness/measure/network_audit.h"

#include "harness/measure/statistics.h"

#include <math.h>
#include <string.h>

#define DEFAULT_BOUND_US 5000

static const cJSON *settings_of(const VcbRunData *data, guint variant)
{
    return cJSON_GetArrayItem(vcb_json_array(data->start, "networks"), (int)variant);
}

/* Every line of the emulator that is not about one call's packets comes without a call. */
static gboolean is_audit(const VcbEvent *event)
{
    return vcb_event_matches(event, "network", "audit", NULL, NULL);
}

static double number_us(const VcbEvent *event, const char *key)
{
    double value = vcb_json_number(vcb_json_object(event->json, "lateness_us"), key, NAN);

    return isfinite(value) && value >= 0 ? value : NAN;
}

/* p99 is told, p95 is not: what lies between the median and p99 counts as p99. */
static void add_second(GArray *values, const VcbEvent *event)
{
    vcb_weighted_add(values, number_us(event, "n"), number_us(event, "p50"), number_us(event, "p99"),
                     number_us(event, "p99"), number_us(event, "max"));
}

/* A second's audit is of the second before its stamp. */
static GArray *seconds_of(const VcbRunData *data, gint64 from_us, gint64 until_us)
{
    GArray *values = g_array_new(FALSE, FALSE, sizeof(VcbWeighted));

    for (guint i = 0; i < data->run_events->len; i++) {
        const VcbEvent *event = data->run_events->pdata[i];

        if (is_audit(event) && !vcb_json_bool(event->json, "final", FALSE) && event->t_us >= from_us &&
            event->t_us - G_USEC_PER_SEC <= until_us)
            add_second(values, event);
    }
    return values;
}

double vcb_network_audit_lateness_of_call_ms(const VcbRunData *data, const VcbCallData *call)
{
    g_autoptr(GArray) values = NULL;

    if (!*call->network || call->start_us < 0)
        return NAN;
    values = seconds_of(data, call->start_us, call->end_us >= 0 ? call->end_us : G_MAXINT64 / 2);
    return vcb_weighted_quantile(values, 0.99) / 1000;
}

char *vcb_network_audit_account(const cJSON *line)
{
    double sent = vcb_json_number(line, "sent", NAN), duplicated = vcb_json_number(line, "duplicated", NAN);
    double delivered = vcb_json_number(line, "delivered", NAN), queued = vcb_json_number(line, "queued", NAN);
    double dropped = 0;
    const cJSON *reason;

    cJSON_ArrayForEach (reason, vcb_json_object(line, "dropped"))
        dropped += cJSON_IsNumber(reason) ? reason->valuedouble : NAN;
    if (sent + duplicated ==
        delivered + dropped + queued) /* integers, exact in doubles; NAN is never equal */
        return NULL;
    return g_strdup_printf(
        "network %s, link %s %s: %.0f packets came and %.0f were duplicated, but %.0f were "
        "delivered, %.0f dropped and %.0f are on the link",
        vcb_json_string(line, "network", "?"), vcb_json_string(line, "link", "?"),
        vcb_json_string(line, "direction", "?"), sent, duplicated, delivered, dropped, queued);
}

static void read_lateness(const VcbRunData *data, VcbNetworkAudit *audit)
{
    const VcbEvent *final = NULL;
    guint n = 0;
    double busy = 0;

    for (guint i = 0; i < data->run_events->len; i++) {
        const VcbEvent *event = data->run_events->pdata[i];
        double busy_pct, step_us;

        if (!is_audit(event))
            continue;
        audit->tx_dropped = fmax(audit->tx_dropped, fmax(vcb_json_number(event->json, "tx_dropped", 0), 0));
        step_us = vcb_json_number(event->json, "clock_step_us", 0);
        if (isfinite(step_us))
            audit->clock_step_ms = fmax(audit->clock_step_ms, fabs(step_us) / 1000);
        busy_pct = vcb_json_number(event->json, "busy_pct", NAN);
        if (vcb_json_bool(event->json, "final", FALSE)) {
            final = event;
        } else if (isfinite(busy_pct)) {
            busy += busy_pct;
            n++;
        }
    }
    audit->busy_pct = n ? busy / n : NAN;
    if (final && isfinite(number_us(final, "p99"))) {
        audit->is_whole = TRUE;
        audit->lateness_n = number_us(final, "n");
        audit->lateness_p50_ms = number_us(final, "p50") / 1000;
        audit->lateness_p99_ms = number_us(final, "p99") / 1000;
        audit->lateness_max_ms = number_us(final, "max") / 1000;
    } else {
        g_autoptr(GArray) values = seconds_of(data, G_MININT64, G_MAXINT64 / 2);

        audit->lateness_p50_ms = vcb_weighted_quantile(values, 0.5) / 1000;
        audit->lateness_p99_ms = vcb_weighted_quantile(values, 0.99) / 1000;
        audit->lateness_max_ms = vcb_weighted_quantile(values, 1) / 1000;
    }
}

static void read_calls(const VcbRunData *data, VcbNetworkAudit *audit)
{
    for (guint i = 0; i < data->calls->len; i++) {
        const VcbCallData *call = data->calls->pdata[i];
        double p99_ms, bound_ms = (double)vcb_json_int(settings_of(data, call->variant), "max_lateness_us",
                                                       DEFAULT_BOUND_US) /
                                  1000;

        if (!*call->network)
            continue;
        audit->is_used = TRUE;
        audit->bound_ms = isnan(audit->bound_ms) ? bound_ms : fmin(audit->bound_ms, bound_ms);
        p99_ms = vcb_network_audit_lateness_of_call_ms(data, call);
        if (isfinite(p99_ms) && (!audit->worst || p99_ms > audit->worst_p99_ms)) {
            audit->worst = call;
            audit->worst_p99_ms = p99_ms;
        }
    }
}

static char *first_wrong_account(const VcbRunData *data)
{
    for (guint i = 0; i < data->events->len; i++) {
        const VcbEvent *event = data->events->pdata[i];
        char *wrong;

        if (!vcb_event_matches(event, "network", "link", NULL, NULL))
            continue;
        wrong = vcb_network_audit_account(event->json);
        if (wrong)
            return wrong;
    }
    return NULL;
}

static void conclude(VcbNetworkAudit *audit, VcbVerdict verdict, char *reason)
{
    audit->verdict = verdict;
    audit->reason = reason;
}

static char *lateness_text(const VcbNetworkAudit *audit)
{
    g_autofree char *worst = audit->worst ? g_strdup_printf(", worst in call %s with %.3g ms",
                                                            audit->worst->id, audit->worst_p99_ms)
                                          : g_strdup("");

    return g_strdup_printf(
        "The emulated network was late: p99 %.3g ms, bound %.3g ms%s. The machine was too busy: "
        "lower --jobs, end what else runs on it, let vcbench use real-time scheduling (vcbench "
        "doctor tells), or raise network.max_lateness.",
        audit->lateness_p99_ms, audit->bound_ms, worst);
}

void vcb_network_audit_read(const VcbRunData *data, VcbNetworkAudit *audit)
{
    gboolean is_completed = g_strcmp0(vcb_json_string(data->end, "outcome", NULL), "completed") == 0;
    char *wrong;

    *audit = (VcbNetworkAudit){.lateness_n = NAN,
                               .lateness_p50_ms = NAN,
                               .lateness_p99_ms = NAN,
                               .lateness_max_ms = NAN,
                               .bound_ms = NAN,
                               .tx_dropped = NAN,
                               .clock_step_ms = NAN,
                               .verdict = VCB_VERDICT_PASS};
    for (guint i = 0; i < data->run_events->len; i++) {
        const VcbEvent *event = data->run_events->pdata[i];

        audit->is_used = audit->is_used || strcmp(event->source, "network") == 0;
        if (!audit->ready && vcb_event_matches(event, "network", "ready", NULL, NULL))
            audit->ready = event->json;
    }
    read_lateness(data, audit);
    read_calls(data, audit);
    wrong = first_wrong_account(data);
    if (wrong) {
        conclude(audit, VCB_VERDICT_ERROR,
                 g_strdup_printf(
                     "The emulated network's accounts do not add up: %s. This is a bug in vcbench-net; "
                     "please report it with events.jsonl.",
                     wrong));
        g_free(wrong);
    } else if (audit->lateness_p99_ms > audit->bound_ms) {
        conclude(audit, VCB_VERDICT_INVALID, lateness_text(audit));
    } else if (audit->tx_dropped > 0) {
        conclude(audit, VCB_VERDICT_INVALID,
                 g_strdup_printf(
                     "%.0f packets were dropped before the emulated network could read them, so that its "
                     "counts are not all: the machine was too busy. Lower --jobs, end what else runs on "
                     "it, or let the peers send less.",
                     audit->tx_dropped));
    } else if (audit->clock_step_ms * 1000 > VCB_MOST_CLOCK_STEP_US) {
        conclude(
            audit, VCB_VERDICT_INVALID,
            g_strdup_printf("The machine's clocks moved by %.0f ms against each other during the run: it was "
                            "suspended, or its time was set. Run again.",
                            audit->clock_step_ms));
    } else if (is_completed && isfinite(audit->bound_ms) && isnan(audit->tx_dropped)) {
        conclude(
            audit, VCB_VERDICT_INVALID,
            g_strdup(
                "The emulated network left no audit of itself in the log: whether it kept its times cannot "
                "be told. Run again, and see logs/network.log."));
    }
}

void vcb_network_audit_clear(VcbNetworkAudit *audit)
{
    g_clear_pointer(&audit->reason, g_free);
}
