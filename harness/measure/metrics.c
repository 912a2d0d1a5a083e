#include "harness/measure/metrics.h"

#include "harness/measure/network_metrics.h"
#include "harness/measure/samples.h"
#include "harness/measure/statistics.h"
#include "harness/measure/truth.h"

#include <math.h>
#include <string.h>

/* One stream metric of one peer, with the counts behind it where it is a ratio. */
typedef struct {
    double value, part, whole;
} StreamValue;

/* The samples of the measured window: what came at or after `from_us`. */
static guint window_start(const GArray *samples, gint64 from_us)
{
    guint i = 0;

    while (i < samples->len && g_array_index(samples, VcbSample, i).t_us < from_us)
        i++;
    return i;
}

static double average(const GArray *samples, guint start, VcbField field)
{
    double sum = 0;
    guint n = 0;

    for (guint i = start; i < samples->len; i++) {
        double value = g_array_index(samples, VcbSample, i).value[field];

        if (isfinite(value)) {
            sum += value;
            n++;
        }
    }
    return n ? sum / n : NAN;
}

static StreamValue stream_value(const VcbMetricInfo *info, VcbDirection direction, const GArray *samples,
                                guint start)
{
    const VcbSample *first = &g_array_index(samples, VcbSample, start);
    const VcbSample *last = &g_array_index(samples, VcbSample, samples->len - 1);
    double seconds = (double)(last->t_us - first->t_us) / G_USEC_PER_SEC;
    StreamValue result = {NAN, NAN, NAN};

    switch (info->rule) {
    case VCB_RULE_INCREASE:
        result.value = info->scale * vcb_sample_increase(first, last, info->field);
        break;
    case VCB_RULE_RATE:
        result.value =
            seconds > 0 ? info->scale * vcb_sample_increase(first, last, info->field) / seconds : NAN;
        break;
    case VCB_RULE_AVERAGE:
        result.value = info->scale * average(samples, start, info->field);
        break;
    case VCB_RULE_LAST:
        result.value = info->scale * last->value[info->field];
        break;
    case VCB_RULE_LOSS:
        result.value = vcb_sample_loss_pct(first, last, direction, &result.part, &result.whole);
        break;
    case VCB_RULE_SHARE:
        result.part = vcb_sample_increase(first, last, info->field);
        result.whole = vcb_sample_increase(first, last, info->of);
        result.value = result.whole > 0 ? fmin(100 * result.part / result.whole, 100) : NAN;
        break;
    case VCB_RULE_TRUTH: /* the links tell */
    case VCB_RULE_NONE:
        break;
    }
    return result;
}

typedef struct {
    double sum, max, part, whole;
    guint n;
} OverPeers;

static void add_peer(OverPeers *over, const StreamValue *value)
{
    if (!isfinite(value->value))
        return;
    over->max = over->n ? fmax(over->max, value->value) : value->value;
    over->sum += value->value;
    over->part += value->part;
    over->whole += value->whole;
    over->n++;
}

static double over_peers(const OverPeers *over, VcbOverPeers how)
{
    if (!over->n)
        return NAN;
    switch (how) {
    case VCB_OVER_PEERS_MEAN:
        return over->sum / over->n;
    case VCB_OVER_PEERS_SUM:
        return over->sum;
    case VCB_OVER_PEERS_MAX:
        return over->max;
    case VCB_OVER_PEERS_RATIO:
        return 100 * over->part / over->whole;
    }
    return NAN;
}

/* The network's own count of what this peer was sent. */
static StreamValue true_loss(const VcbCallData *call, const VcbNetworkData *network, const char *peer,
                             VcbKind kind, gint64 from_us)
{
    StreamValue result = {NAN, NAN, NAN};

    if (network && vcb_truth_loss(call, network, peer, kind, from_us, vcb_network_until_us(call),
                                  &result.part, &result.whole))
        result.value = 100 * result.part / result.whole;
    return result;
}

static void measure_streams(const VcbCallData *call, const VcbNetworkData *network, gint64 from_us,
                            VcbKind kind, VcbDirection direction, VcbMetricSet *metrics)
{
    g_autofree OverPeers *totals = g_new0(OverPeers, VCB_N_METRICS);
    g_autoptr(VcbMetricSet) per_peer = vcb_metric_set_new();

    for (char **peer = call->peers; *peer; peer++) {
        g_autoptr(GArray) samples = vcb_samples_of(call, *peer, kind, direction);
        guint start = window_start(samples, from_us);

        if (samples->len < start + 2)
            continue;
        for (gsize i = 0; i < VCB_N_METRICS; i++) {
            const VcbMetricInfo *info = &VCB_METRICS[i];
            g_autofree char *name = g_strdup_printf("%s.%s.%s.%s", *peer, vcb_kind_name(kind),
                                                    vcb_direction_name(direction), info->name);
            StreamValue value;

            if (info->scope != VCB_SCOPE_STREAM || !(info->kinds & kind) || !(info->directions & direction))
                continue;
            value = info->rule == VCB_RULE_TRUTH ? true_loss(call, network, *peer, kind, from_us)
                                                 : stream_value(info, direction, samples, start);
            add_peer(&totals[i], &value);
            vcb_metric_set_put(per_peer, name, value.value);
        }
    }
    for (gsize i = 0; i < VCB_N_METRICS; i++) {
        g_autofree char *name = g_strdup_printf("%s.%s.%s", vcb_kind_name(kind),
                                                vcb_direction_name(direction), VCB_METRICS[i].name);

        vcb_metric_set_put(metrics, name, over_peers(&totals[i], VCB_METRICS[i].over_peers));
    }
    for (guint i = 0; i < vcb_metric_set_size(per_peer); i++) {
        const VcbMetric *metric = vcb_metric_set_at(per_peer, i);

        vcb_metric_set_put(metrics, metric->name, metric->value);
    }
}

/* What the kernel says of one process between from_us and the end. */
typedef struct {
    gint64 first_us, last_us, n;
    double first_cpu_us, last_cpu_us, pss_bytes;
} Usage;

static Usage usage_of(const GPtrArray *events, const char *process, gint64 from_us)
{
    Usage usage = {.pss_bytes = NAN};

    for (guint i = 0; i < events->len; i++) {
        const VcbEvent *event = events->pdata[i];
        double cpu_us, pss_bytes;

        if (!vcb_event_matches(event, "vcbench", "process-usage", "process", process))
            continue;
        pss_bytes = vcb_json_number(event->json, "pss_bytes", NAN);
        usage.pss_bytes = isnan(usage.pss_bytes) ? pss_bytes : fmax(usage.pss_bytes, pss_bytes);
        cpu_us = vcb_json_number(event->json, "cpu_us", NAN);
        if (event->t_us < from_us || !isfinite(cpu_us))
            continue;
        if (usage.n++ == 0) {
            usage.first_us = event->t_us;
            usage.first_cpu_us = cpu_us;
        }
        usage.last_us = event->t_us;
        usage.last_cpu_us = cpu_us;
    }
    return usage;
}

static void put_owned(VcbMetricSet *metrics, const char *owner, const char *name, double value)
{
    g_autofree char *full = g_strconcat(owner, ".", name, NULL);

    vcb_metric_set_put(metrics, full, value);
}

static void measure_processes(const VcbCallData *call, gint64 from_us, VcbMetricSet *metrics)
{
    double cpu_sum = 0, pss_sum = 0;
    guint n_cpu = 0, n_pss = 0;

    for (char **peer = call->peers; *peer; peer++) {
        Usage usage = usage_of(call->events, *peer, from_us);

        if (isfinite(usage.pss_bytes)) {
            pss_sum += usage.pss_bytes;
            n_pss++;
            put_owned(metrics, *peer, "pss_bytes", usage.pss_bytes);
        }
        if (from_us >= 0 && usage.n >= 2 && usage.last_us > usage.first_us) {
            double cpu_pct = 100 * fmax(usage.last_cpu_us - usage.first_cpu_us, 0) /
                             (double)(usage.last_us - usage.first_us);

            cpu_sum += cpu_pct;
            n_cpu++;
            put_owned(metrics, *peer, "cpu_pct", cpu_pct);
        }
    }
    vcb_metric_set_put(metrics, "cpu_pct", n_cpu ? cpu_sum / n_cpu : NAN);
    vcb_metric_set_put(metrics, "pss_bytes", n_pss ? pss_sum / n_pss : NAN);
}

static gboolean is_of_peer(const VcbCallData *call, const VcbEvent *event)
{
    return g_strv_contains((const char *const *)call->peers, event->source);
}

static void put_median(VcbMetricSet *metrics, const char *name, GArray *values)
{
    if (values->len)
        vcb_metric_set_put(metrics, name,
                           vcb_statistics_of((double *)(void *)values->data, values->len, FALSE).median);
}

/* What is counted over the whole call. */
static void measure_events(const VcbCallData *call, VcbMetricSet *metrics)
{
    guint rejected = 0, queued = 0, errors = 0, sent = 0, received = 0;
    g_autoptr(GArray) delays_ms = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) rtts_ms = g_array_new(FALSE, FALSE, sizeof(double));

    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];
        const char *step = vcb_json_string(event->json, "value", "");

        if (!is_of_peer(call, event))
            continue;
        if (strcmp(event->type, "error") == 0) {
            errors++;
        } else if (strcmp(event->type, "chat") == 0) {
            double delay_ms = ((double)event->t_us - vcb_json_number(event->json, "sent_us", NAN)) / 1000;

            received++;
            if (delay_ms >= 0)
                g_array_append_val(delays_ms, delay_ms);
        } else if (vcb_event_matches(event, NULL, "state", "name", "step")) {
            double rtt_ms = vcb_json_number(event->json, "rtt_us", NAN) / 1000;

            rejected += strcmp(step, "candidate-rejected") == 0;
            queued += strcmp(step, "candidate-queued") == 0;
            sent += strcmp(step, "chat-sent") == 0;
            if (strcmp(step, "datachannel-rtt") == 0 && rtt_ms >= 0)
                g_array_append_val(rtts_ms, rtt_ms);
        }
    }
    put_median(metrics, "datachannel_rtt_ms", rtts_ms);
    vcb_metric_set_put(metrics, "candidates_rejected", rejected);
    vcb_metric_set_put(metrics, "candidates_queued", queued);
    vcb_metric_set_put(metrics, "errors", errors);
    vcb_metric_set_put(metrics, "chat_sent", sent);
    vcb_metric_set_put(metrics, "chat_received", received);
    put_median(metrics, "chat_delay_ms", delays_ms);
}

/* Does the selected pair of any peer lead over a TURN server? NAN where no peer tells. */
static double is_relayed(const VcbCallData *call)
{
    g_autoptr(cJSON) types = vcb_candidate_types(call);
    const cJSON *peer;
    gboolean relayed = FALSE;

    cJSON_ArrayForEach (peer, types)
        relayed = relayed || strcmp(vcb_json_string(peer, "local", ""), "relay") == 0 ||
                  strcmp(vcb_json_string(peer, "remote", ""), "relay") == 0;
    return types->child ? relayed : NAN;
}

VcbMetricSet *vcb_metrics_of_call(const VcbCallData *call, const VcbNetworkData *network,
                                  const VcbSetup *setup, gint64 warmup_us)
{
    VcbMetricSet *metrics = vcb_metric_set_new();
    gint64 from_us = setup->connected_us == VCB_UNKNOWN_US ? VCB_UNKNOWN_US : setup->connected_us + warmup_us;

    vcb_setup_measure(setup, metrics);
    measure_events(call, metrics);
    measure_processes(call, from_us, metrics);
    vcb_metric_set_put(metrics, "relayed", is_relayed(call));
    if (network)
        vcb_network_measure(call, network, from_us, metrics);
    for (int kind = VCB_KIND_VIDEO; from_us != VCB_UNKNOWN_US && kind <= VCB_KIND_AUDIO; kind++) {
        for (int direction = VCB_DIRECTION_IN; direction <= VCB_DIRECTION_OUT; direction++)
            measure_streams(call, network, from_us, (VcbKind)kind, (VcbDirection)direction, metrics);
    }
    return metrics;
}

static gint64 started_us(const VcbRunData *data, const char *process)
{
    if (strcmp(process, "vcbench") == 0)
        return vcb_json_int(data->start, "started_us", VCB_UNKNOWN_US);
    for (guint i = 0; i < data->run_events->len; i++) {
        const VcbEvent *event = data->run_events->pdata[i];

        if (vcb_event_matches(event, "vcbench", "process-start", "process", process))
            return event->t_us;
    }
    return VCB_UNKNOWN_US;
}

/* CPU time of every process of the run: the last that was said of each. */
static double total_cpu_us(const VcbRunData *data)
{
    g_autoptr(GHashTable) last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GHashTableIter iter;
    gpointer value;
    double total = 0;

    for (guint i = 0; i < data->events->len; i++) {
        const VcbEvent *event = data->events->pdata[i];
        double cpu_us = vcb_json_number(event->json, "cpu_us", NAN);

        if (vcb_event_matches(event, "vcbench", "process-usage", NULL, NULL) && isfinite(cpu_us))
            g_hash_table_replace(last,
                                 g_strconcat(vcb_json_string(event->json, "call", ""), "/",
                                             vcb_json_string(event->json, "process", ""), NULL),
                                 g_memdup2(&cpu_us, sizeof cpu_us));
    }
    g_hash_table_iter_init(&iter, last);
    while (g_hash_table_iter_next(&iter, NULL, &value))
        total += *(double *)value;
    return total;
}

VcbMetricSet *vcb_metrics_of_run(const VcbRunData *data, const VcbNetworkAudit *audit)
{
    static const char *const PROCESSES[] = {"vcbench", "signald", "network"};
    VcbMetricSet *metrics = vcb_metric_set_new();
    double harness_cpu_us = 0, total_us = total_cpu_us(data);
    guint n_known = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(PROCESSES); i++) {
        Usage usage = usage_of(data->run_events, PROCESSES[i], G_MININT64);
        gint64 began_us = started_us(data, PROCESSES[i]);

        put_owned(metrics, PROCESSES[i], "pss_bytes", usage.pss_bytes);
        if (!usage.n)
            continue;
        n_known++;
        harness_cpu_us += usage.last_cpu_us;
        if (began_us != VCB_UNKNOWN_US && usage.last_us > began_us)
            put_owned(metrics, PROCESSES[i], "cpu_pct",
                      100 * usage.last_cpu_us / (double)(usage.last_us - began_us));
    }
    /* Without an emulated network there is no such process. */
    if (n_known + !audit->is_used >= G_N_ELEMENTS(PROCESSES) && total_us > 0)
        vcb_metric_set_put(metrics, "harness_cpu_share_pct", 100 * harness_cpu_us / total_us);
    vcb_metric_set_put(metrics, "network_lateness_p99_ms", audit->lateness_p99_ms);
    vcb_metric_set_put(metrics, "network_tx_dropped", audit->tx_dropped);
    return metrics;
}

static const cJSON *by_id(const cJSON *report, const char *id)
{
    const cJSON *object;

    cJSON_ArrayForEach (object, report) {
        if (id && g_strcmp0(vcb_json_string(object, "id", NULL), id) == 0)
            return object;
    }
    return NULL;
}

/* RTCTransportStats.selectedCandidatePairId; engines without it mark the pair as nominated. */
static const cJSON *selected_pair(const cJSON *report)
{
    const cJSON *object, *nominated = NULL;

    cJSON_ArrayForEach (object, report) {
        const char *type = vcb_json_string(object, "type", "");
        const cJSON *pair = NULL;

        if (strcmp(type, "transport") == 0)
            pair = by_id(report, vcb_json_string(object, "selectedCandidatePairId", NULL));
        if (pair)
            return pair;
        if (strcmp(type, "candidate-pair") == 0 &&
            (vcb_json_bool(object, "nominated", FALSE) || vcb_json_bool(object, "selected", FALSE)))
            nominated = object;
    }
    return nominated;
}

static cJSON *types_of_peer(const VcbCallData *call, const char *peer)
{
    for (guint i = call->events->len; i-- > 0;) {
        const VcbEvent *event = call->events->pdata[i];
        const cJSON *report, *pair, *local, *remote;
        cJSON *types;

        if (!vcb_event_matches(event, peer, "stats", NULL, NULL))
            continue;
        report = vcb_json_array(event->json, "report");
        pair = selected_pair(report);
        local = by_id(report, vcb_json_string(pair, "localCandidateId", NULL));
        remote = by_id(report, vcb_json_string(pair, "remoteCandidateId", NULL));
        if (!local && !remote)
            continue;
        types = cJSON_CreateObject();
        vcb_json_add_string(types, "local", vcb_json_string(local, "candidateType", NULL));
        vcb_json_add_string(types, "remote", vcb_json_string(remote, "candidateType", NULL));
        return types;
    }
    return NULL;
}

cJSON *vcb_candidate_types(const VcbCallData *call)
{
    cJSON *all = cJSON_CreateObject();

    for (char **peer = call->peers; *peer; peer++) {
        cJSON *types = types_of_peer(call, *peer);

        if (types)
            cJSON_AddItemToObject(all, *peer, types);
    }
    return all;
}
