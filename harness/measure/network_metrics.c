#include "harness/measure/network_metrics.h"

#include "harness/measure/statistics.h"

#include <math.h>
#include <string.h>

gint64 vcb_network_until_us(const VcbCallData *call)
{
    const VcbEvent *stopping = vcb_call_data_first(call, "vcbench", "call-phase", "phase", "stopping");

    return stopping ? stopping->t_us : call->end_us >= 0 ? call->end_us : G_MAXINT64;
}

GArray *vcb_link_delays_ms(const VcbLinkData *link, guint first, guint last)
{
    GArray *delays = g_array_new(FALSE, FALSE, sizeof(VcbWeighted));

    for (guint i = first; i <= last && i < link->lines->len; i++) {
        const VcbLinkLine *line = &g_array_index(link->lines, VcbLinkLine, i);

        vcb_weighted_add(delays, line->delay_n, line->delay_p50_us / 1000, line->delay_p95_us / 1000,
                         line->delay_p99_us / 1000, line->delay_max_us / 1000);
    }
    return delays;
}

/* One link direction in the measured window. NAN where nothing tells. */
typedef struct {
    const VcbLinkData *link;
    double sent, lost, lost_to_queue, delivered, rate_bps, n_delays, delay_ms, delay_p95_ms, queue_ms;
} Measured;

/* Counters never go back; where a log says so, nothing was counted in between. */
static double increase(double first, double last)
{
    return isfinite(first) && isfinite(last) ? fmax(last - first, 0) : NAN;
}

static Measured measure_link(const VcbLinkData *link, guint first, guint last)
{
    const VcbLinkLine *from = &g_array_index(link->lines, VcbLinkLine, first);
    const VcbLinkLine *to = &g_array_index(link->lines, VcbLinkLine, last);
    g_autoptr(GArray) delays = vcb_link_delays_ms(link, first + 1, last);
    g_autoptr(GArray) waits = g_array_new(FALSE, FALSE, sizeof(VcbWeighted));
    double seconds = (double)(to->t_us - from->t_us) / G_USEC_PER_SEC, sum = 0, n = 0;

    for (guint i = first + 1; i <= last; i++) { /* the first line's interval ended where the window begins */
        const VcbLinkLine *line = &g_array_index(link->lines, VcbLinkLine, i);
        VcbWeighted wait = {line->queue_max_us / 1000, 1};

        g_array_append_val(waits, wait);
        if (!isfinite(line->delay_p50_us) || !(line->delay_n > 0))
            continue;
        sum += line->delay_n * line->delay_p50_us / 1000;
        n += line->delay_n;
    }
    return (Measured){
        .link = link,
        .sent = increase(from->sent, to->sent),
        .lost = increase(from->dropped, to->dropped),
        .lost_to_queue = increase(from->dropped_queue, to->dropped_queue),
        .delivered = increase(from->delivered, to->delivered),
        .rate_bps = seconds > 0 ? 8 * increase(from->delivered_bytes, to->delivered_bytes) / seconds : NAN,
        .n_delays = n,
        .delay_ms = n > 0 ? sum / n : NAN,
        .delay_p95_ms = vcb_weighted_quantile(delays, 0.95),
        .queue_ms = vcb_weighted_quantile(waits, 0.95),
    };
}

static double loss_pct(double lost, double delivered)
{
    return lost + delivered > 0 ? 100 * lost / (lost + delivered) : NAN;
}

static void put_link(VcbMetricSet *metrics, const Measured *m)
{
    const struct {
        const char *name;
        double value;
    } VALUES[] = {
        {"link_sent", m->sent},
        {"link_lost", m->lost},
        {"link_loss_pct", loss_pct(m->lost, m->delivered)},
        {"link_dropped_queue", m->lost_to_queue},
        {"link_rate_bps", m->rate_bps},
        {"link_delay_ms", m->delay_ms},
        {"link_delay_p95_ms", m->delay_p95_ms},
        {"link_queue_ms", m->queue_ms},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(VALUES); i++) {
        g_autofree char *name = g_strdup_printf("%s.%s.%s", m->link->name,
                                                vcb_link_direction_name(m->link->direction), VALUES[i].name);

        vcb_metric_set_put(metrics, name, VALUES[i].value);
    }
}

static double add(double sum, double value)
{
    return !isfinite(value) ? sum : isnan(sum) ? value : sum + value;
}

/* One way from peer to peer, in ms. Each direction of each link is on one of the two ways, so that half the sum is
 * the mean of both. Lines of one host stand beside each other, not behind: their mean, by packets. */
static double one_way_ms(const VcbCallData *call, const GArray *all, gsize value_offset)
{
    double sum = NAN;

    for (guint i = 0; i < all->len; i++) {
        const Measured *m = &g_array_index(all, Measured, i);

        if (!m->link->is_line)
            sum = add(sum, G_STRUCT_MEMBER(double, m, value_offset));
    }
    for (char **peer = call->peers; *peer; peer++) {
        for (int direction = VCB_LINK_UP; direction <= VCB_LINK_DOWN; direction++) {
            double weighted = 0, n = 0;

            for (guint i = 0; i < all->len; i++) {
                const Measured *m = &g_array_index(all, Measured, i);
                double value = G_STRUCT_MEMBER(double, m, value_offset);

                if (!m->link->is_line || (int)m->link->direction != direction || m->link->peer != *peer ||
                    !isfinite(value))
                    continue;
                weighted += m->n_delays * value;
                n += m->n_delays;
            }
            if (n > 0)
                sum = add(sum, weighted / n);
        }
    }
    return sum / 2;
}

static void put_call(const VcbCallData *call, const GArray *all, VcbMetricSet *metrics)
{
    double sent = NAN, lost = NAN, delivered = NAN, lost_to_queue = NAN, rate_bps = NAN, queue_ms = NAN;

    for (guint i = 0; i < all->len; i++) {
        const Measured *m = &g_array_index(all, Measured, i);

        sent = add(sent, m->sent);
        lost = add(lost, m->lost);
        delivered = add(delivered, m->delivered);
        lost_to_queue = add(lost_to_queue, m->lost_to_queue);
        queue_ms = fmax(queue_ms, m->queue_ms); /* of a number and NAN: the number */
        if (m->link->is_line && m->link->direction == VCB_LINK_DOWN)
            rate_bps = add(rate_bps, m->rate_bps);
    }
    vcb_metric_set_put(metrics, "link_sent", sent);
    vcb_metric_set_put(metrics, "link_lost", lost);
    vcb_metric_set_put(metrics, "link_loss_pct", loss_pct(lost, delivered));
    vcb_metric_set_put(metrics, "link_dropped_queue", lost_to_queue);
    vcb_metric_set_put(metrics, "link_rate_bps", rate_bps);
    vcb_metric_set_put(metrics, "link_delay_ms", one_way_ms(call, all, G_STRUCT_OFFSET(Measured, delay_ms)));
    vcb_metric_set_put(metrics, "link_delay_p95_ms",
                       one_way_ms(call, all, G_STRUCT_OFFSET(Measured, delay_p95_ms)));
    vcb_metric_set_put(metrics, "link_queue_ms", queue_ms);
}

/* What each sink of cross traffic got, from its first line in the window to its last, added up. */
static void add_cross_traffic(const GPtrArray *events, const VcbCallData *call, gint64 from_us,
                              gint64 until_us, double *sum_bps)
{
    g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal); /* source -> VcbEvent, no-ref */
    g_autoptr(GHashTable) last = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    gpointer source, to;

    for (guint i = 0; i < events->len; i++) {
        VcbEvent *event = events->pdata[i];

        if (!vcb_event_matches(event, NULL, "traffic", "role", "sink") || event->t_us < from_us ||
            event->t_us > until_us ||
            strcmp(vcb_json_string(event->json, "network", call->network), call->network) != 0)
            continue;
        if (!g_hash_table_contains(first, event->source))
            g_hash_table_insert(first, (gpointer)event->source, event);
        g_hash_table_insert(last, (gpointer)event->source, event);
    }
    g_hash_table_iter_init(&iter, last);
    while (g_hash_table_iter_next(&iter, &source, &to)) {
        const VcbEvent *from = g_hash_table_lookup(first, source), *until = to;
        double seconds = (double)(until->t_us - from->t_us) / G_USEC_PER_SEC;

        if (seconds > 0)
            *sum_bps = add(*sum_bps, 8 *
                                         increase(vcb_json_number(from->json, "bytes", NAN),
                                                  vcb_json_number(until->json, "bytes", NAN)) /
                                         seconds);
    }
}

void vcb_network_measure(const VcbCallData *call, const VcbNetworkData *network, gint64 from_us,
                         VcbMetricSet *metrics)
{
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Measured));
    gint64 until_us = vcb_network_until_us(call);
    double cross_traffic_bps = NAN;

    if (from_us == VCB_UNKNOWN_US)
        return;
    for (guint i = 0; i < network->links->len; i++) {
        const VcbLinkData *link = network->links->pdata[i];
        guint first, last;
        Measured measured;

        if (!link->is_counted || !vcb_link_data_window(link, from_us, until_us, &first, &last))
            continue;
        measured = measure_link(link, first, last);
        g_array_append_val(all, measured);
    }
    add_cross_traffic(call->events, call, from_us, until_us, &cross_traffic_bps);
    if (isnan(cross_traffic_bps) && call->network_events) /* of a shared network: without a call */
        add_cross_traffic(call->network_events, call, from_us, until_us, &cross_traffic_bps);
    vcb_metric_set_put(metrics, "cross_traffic_bps", cross_traffic_bps);
    put_call(call, all, metrics);
    for (guint i = 0; i < all->len; i++)
        put_link(metrics, &g_array_index(all, Measured, i));
}
