/* The section about emulated networks: can it be believed, what each link did over time, and for each call what the
 * peers reported beside what truly happened, its links, its NATs and firewalls. */
#include "harness/report/page_network.h"

#include "harness/measure/network_metrics.h"
#include "harness/measure/statistics.h"
#include "harness/measure/truth.h"
#include "harness/report/page_parts.h"
#include "harness/report/quantity.h"

#include <math.h>
#include <string.h>

#define MOST_CALLS 12
#define MOST_MAPPINGS 24

static void audit_row(VcbHtml *html, const char *name, const char *value)
{
    vcb_html_open(html, "tr", NULL);
    vcb_html_element(html, "th", NULL, name);
    vcb_html_element(html, "td", NULL, value);
    vcb_html_close(html);
}

static void write_audit(VcbHtml *html, const VcbNetworkAudit *audit)
{
    static const char *const COLUMNS[] = {"the emulator's audit of itself", "", NULL};
    g_autofree char *p50 = vcb_quantity(audit->lateness_p50_ms, "ms"),
                    *p99 = vcb_quantity(audit->lateness_p99_ms, "ms");
    g_autofree char *max = vcb_quantity(audit->lateness_max_ms, "ms"),
                    *bound = vcb_quantity(audit->bound_ms, "ms");
    g_autofree char *lateness =
        g_strdup_printf("median %s, p99 %s, max %s; bound of p99: %s", p50, p99, max, bound);
    g_autofree char *unseen = vcb_quantity(audit->tx_dropped, ""),
                    *step = vcb_quantity(audit->clock_step_ms, "ms");
    g_autofree char *busy = vcb_quantity(audit->busy_pct, "%");
    g_autofree char *setup = g_strdup_printf(
        "%s, namespaces made as %s, scheduler %s, memory %s", vcb_json_string(audit->ready, "backend", "?"),
        vcb_json_string(audit->ready, "namespaces", "?"), vcb_json_string(audit->ready, "scheduler", "?"),
        vcb_json_bool(audit->ready, "memory_locked", FALSE) ? "locked" : "not locked");

    vcb_page_begin_table(html, COLUMNS);
    audit_row(html, "packets left later than ideal by", lateness);
    audit_row(html, "packets dropped before it could read them", unseen);
    audit_row(html, "clocks moved against each other by", step);
    audit_row(html, "busy", busy);
    if (audit->ready)
        audit_row(html, "back end", setup);
    vcb_page_end_table(html);
}

static void count_cell(VcbHtml *html, double value)
{
    g_autofree char *text = isfinite(value) ? g_strdup_printf("%.0f", value) : g_strdup("–");

    vcb_html_element(html, "td", "n", text);
}

/* "0", "+2", "−1". */
static void difference_cell(VcbHtml *html, double value)
{
    g_autofree char *text = !isfinite(value) ? g_strdup("–")
                            : value == 0     ? g_strdup("0")
                                         : g_strdup_printf("%s%.0f", value > 0 ? "+" : "−", fabs(value));

    vcb_html_element(html, "td", isfinite(value) && value != 0 ? "n differs" : "n", text);
}

static double pct(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : NAN;
}

/* The small print of a stream: where packets were dropped, and the bytes. */
static void write_stream_details(VcbHtml *html, const VcbStreamTruth *truth)
{
    g_autofree char *bytes = vcb_quantity(truth->link_bytes, "B"),
                    *peers = vcb_quantity(truth->bytes_received, "B");

    vcb_html_open(html, "small", "class", "under", NULL);
    vcb_html_printf(html, "SSRC %u", truth->ssrc);
    if (!truth->kind)
        vcb_html_text(html, ", not in the peers' statistics");
    if (*truth->drops)
        vcb_html_printf(html, "; dropped: %s", truth->drops);
    if (isfinite(truth->link_bytes) && isfinite(truth->bytes_received))
        vcb_html_printf(html, "; payload: %s, by the peer %s", bytes, peers);
    vcb_html_close(html);
}

static void truth_row(VcbHtml *html, const VcbStreamTruth *truth)
{
    g_autofree char *name = truth->kind ? g_strdup(vcb_kind_name(truth->kind))
                            : truth->payload_type >= 0
                                ? g_strdup_printf("payload type %d", truth->payload_type)
                                : g_strdup("stream");

    vcb_html_open(html, "tr", NULL);
    vcb_html_open(html, "th", "class", "stream", NULL);
    vcb_html_printf(html, "%s, %s → %s", name, truth->sender ? truth->sender : "?",
                    truth->receiver ? truth->receiver : "?");
    write_stream_details(html, truth);
    vcb_html_close(html);
    count_cell(html, truth->packets_sent);
    count_cell(html, truth->link_sent);
    count_cell(html, truth->link_delivered);
    count_cell(html, truth->packets_received);
    difference_cell(html, truth->packets_received - truth->link_delivered);
    count_cell(html, truth->link_dropped);
    count_cell(html, truth->packets_lost);
    difference_cell(html, truth->packets_lost - truth->link_dropped);
    vcb_page_quantity(html, pct(truth->link_dropped, truth->link_sent), "%");
    vcb_page_quantity(html, pct(truth->packets_lost, truth->packets_lost + truth->packets_received), "%");
    vcb_html_close(html);
}

static void write_truth(VcbHtml *html, const VcbCallAnalysis *call)
{
    static const char *const COLUMNS[] = {
        "stream",   ">peer sent", ">came in", ">delivered", ">peer received", ">±",
        ">dropped", ">peer lost", ">±",       ">loss",      ">peer's loss",   NULL};

    if (!call->truth->len)
        return;
    vcb_html_element(html, "h3", "inside", "What the peers reported beside what truly happened");
    vcb_page_begin_table(html, COLUMNS);
    for (guint i = 0; i < call->truth->len; i++)
        truth_row(html, call->truth->pdata[i]);
    vcb_page_end_table(html);
    vcb_html_element(
        html, "p", "inside soft",
        "Of the whole call, in packets. Columns that name the peer are its statistics, the others are "
        "the links' counts. What came before a peer's keys were ready, and what was on its way when it "
        "took its last statistics, makes a difference of a few packets. The links' payload holds SRTP's "
        "tag, some 10 bytes a packet. A payload type that the statistics do not know is most often that of "
        "retransmissions.");
}

static void append_drops(GString *text, const cJSON *dropped)
{
    const cJSON *reason;

    cJSON_ArrayForEach (reason, dropped) {
        if (cJSON_IsNumber(reason) && reason->valuedouble > 0)
            g_string_append_printf(text, "%s%s %.0f", text->len ? ", " : "", reason->string,
                                   reason->valuedouble);
    }
}

static void link_row(VcbHtml *html, const VcbLinkData *link)
{
    const VcbLinkLine *last = vcb_link_data_last(link), *first = &g_array_index(link->lines, VcbLinkLine, 0);
    g_autoptr(GArray) delays = vcb_link_delays_ms(link, 0, link->lines->len - 1);
    g_autoptr(GString) drops = g_string_new(NULL);
    double seconds = (double)(last->t_us - first->t_us) / G_USEC_PER_SEC, longest_us = NAN;
    const double QUANTILES[] = {0.5, 0.95, 1};

    for (guint i = 0; i < link->lines->len; i++)
        longest_us = fmax(longest_us, g_array_index(link->lines, VcbLinkLine, i).queue_max_us);
    append_drops(drops, vcb_json_object(last->json, "dropped"));
    vcb_html_open(html, "tr", NULL);
    vcb_html_open(html, "th", NULL);
    vcb_html_printf(html, "%s %s%s", link->name, vcb_link_direction_name(link->direction),
                    link->is_shared ? " (shared)" : "");
    vcb_html_close(html);
    if (last->rate_bps > 0)
        vcb_page_quantity(html, last->rate_bps, "bit/s");
    else
        vcb_html_element(html, "td", "n", "no limit");
    vcb_page_quantity(
        html, seconds > 0 ? 8 * (last->delivered_bytes - first->delivered_bytes) / seconds : NAN, "bit/s");
    count_cell(html, last->sent);
    count_cell(html, last->delivered);
    count_cell(html, last->dropped);
    vcb_html_element(html, "td", NULL, drops->str);
    vcb_html_open(html, "td", "class", "n", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(QUANTILES); i++) {
        double delay_ms = vcb_weighted_quantile(delays, QUANTILES[i]);

        vcb_html_text(html, i ? " · " : "");
        if (isfinite(delay_ms))
            vcb_html_printf(html, "%.1f", delay_ms);
        else
            vcb_html_text(html, "–");
    }
    vcb_html_text(html, " ms");
    vcb_html_close(html);
    vcb_page_quantity(html, longest_us / 1000, "ms");
    vcb_html_close(html);
}

static void write_links(VcbHtml *html, const VcbNetworkData *network)
{
    static const char *const COLUMNS[] = {
        "link",          ">capacity", ">rate",     ">came",
        ">delivered",    ">dropped",  "by reason", ">delay: median · p95 · max",
        ">longest wait", NULL};

    if (!network->links->len)
        return;
    vcb_html_element(html, "h3", "inside", "Links");
    vcb_page_begin_table(html, COLUMNS);
    for (guint i = 0; i < network->links->len; i++)
        link_row(html, network->links->pdata[i]);
    vcb_page_end_table(html);
}

static void write_routers(VcbHtml *html, const VcbCallAnalysis *call)
{
    static const char *const COLUMNS[] = {"router", "dropped, by reason", ">NAT mappings at the end", NULL};
    const GPtrArray *routers = call->network->routers;

    if (!routers->len)
        return;
    vcb_html_element(html, "h3", "inside", "NATs, firewalls, routers");
    vcb_page_begin_table(html, COLUMNS);
    for (guint i = 0; i < routers->len; i++) {
        const VcbEvent *event = routers->pdata[i];
        g_autoptr(GString) drops = g_string_new(NULL);
        const char *peer;
        g_autofree char *name =
            vcb_network_data_name(call->data, vcb_json_string(event->json, "router", "?"), &peer);

        append_drops(drops, vcb_json_object(event->json, "dropped"));
        vcb_html_open(html, "tr", NULL);
        vcb_html_element(html, "th", NULL, name);
        vcb_html_element(html, "td", NULL, drops->str);
        count_cell(html, vcb_json_number(event->json, "mappings", NAN));
        vcb_html_close(html);
    }
    vcb_page_end_table(html);
}

static void write_mappings(VcbHtml *html, const VcbCallAnalysis *call)
{
    static const char *const COLUMNS[] = {"NAT", "mapping", "", "", NULL};
    const GPtrArray *mappings = call->network->mappings;

    if (!mappings->len)
        return;
    vcb_page_begin_table(html, COLUMNS);
    for (guint i = 0; i < mappings->len && i < MOST_MAPPINGS; i++) {
        const cJSON *json = ((const VcbEvent *)mappings->pdata[i])->json;
        const char *peer;
        g_autofree char *name =
            vcb_network_data_name(call->data, vcb_json_string(json, "router", "?"), &peer);

        vcb_html_open(html, "tr", NULL);
        vcb_html_element(html, "th", NULL, name);
        vcb_html_element(html, "td", NULL, vcb_json_string(json, "protocol", ""));
        vcb_html_element(html, "td", NULL, vcb_json_string(json, "internal", ""));
        vcb_html_open(html, "td", NULL);
        vcb_html_printf(html, "→ %s", vcb_json_string(json, "external", ""));
        vcb_html_close(html);
        vcb_html_close(html);
    }
    vcb_page_end_table(html);
    if (mappings->len > MOST_MAPPINGS) {
        vcb_html_open(html, "p", "class", "inside soft", NULL);
        vcb_html_printf(html, "%u more mappings are in events.jsonl.", mappings->len - MOST_MAPPINGS);
        vcb_html_close(html);
    }
}

static void write_call(VcbHtml *html, const VcbAnalysis *analysis, const VcbCallAnalysis *call,
                       gboolean is_open)
{
    const char *variant = vcb_run_data_variant_name(analysis->data, call->data->variant);

    vcb_html_open(html, "details", "class", "network", is_open ? "open" : "class", is_open ? "open" : "",
                  NULL);
    vcb_html_open(html, "summary", NULL);
    vcb_html_printf(html, "call %s%s%s: links and truth", call->data->id, *variant ? ", " : "", variant);
    vcb_html_close(html);
    write_truth(html, call);
    write_links(html, call->network);
    write_routers(html, call);
    write_mappings(html, call);
    vcb_html_close(html);
}

void vcb_page_network(VcbHtml *html, const VcbAnalysis *analysis, const char *directory,
                      const GPtrArray *graphs)
{
    guint n = 0;

    if (!analysis->audit.is_used)
        return;
    vcb_html_element(html, "h2", NULL, "Network");
    write_audit(html, &analysis->audit);
    vcb_page_graphs(html, NULL, directory, graphs, "link-");
    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];

        if (call->network && ++n <= MOST_CALLS)
            write_call(html, analysis, call, n == 1);
    }
    if (n > MOST_CALLS) {
        vcb_html_open(html, "p", "class", "soft", NULL);
        vcb_html_printf(html, "%u more calls are in run.json and links.csv.", n - MOST_CALLS);
        vcb_html_close(html);
    }
}
