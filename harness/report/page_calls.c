/* The table of calls, and for each one that broke a ladder of what happened: a column for each peer, the
 * server between them, time going down. */
#include "harness/report/page_calls.h"

#include "harness/metric/metric_table.h"
#include "harness/report/page_parts.h"
#include "harness/report/quantity.h"

#include <math.h>
#include <string.h>

#define MOST_LADDERS 12
#define MOST_RUNGS 150

static void metric_cell(VcbHtml *html, const VcbCallAnalysis *call, const char *name)
{
    double value = NAN;
    g_autofree char *text = NULL;

    vcb_metric_set_get(call->metrics, name, &value);
    text = vcb_quantity(value, vcb_metric_unit(name));
    vcb_html_element(html, "td", "n", text);
}

/* "host – host", as the first peer that tells says. */
static char *candidate_text(const VcbCallAnalysis *call)
{
    const cJSON *types = call->candidate_types->child;

    return types ? g_strdup_printf("%s – %s", vcb_json_string(types, "local", "?"),
                                   vcb_json_string(types, "remote", "?"))
                 : g_strdup("–");
}

static void write_row(VcbHtml *html, const VcbAnalysis *analysis, const VcbCallAnalysis *call)
{
    static const char *const METRICS[] = {
        "connect_time_ms",          "time_to_first_frame_ms", "video.in.bitrate_bps",  "video.in.fps",
        "video.in.packet_loss_pct", "video.out.rtt_ms",       "video.in.freeze_count", NULL};
    g_autofree char *candidates = candidate_text(call);

    vcb_html_open(html, "tr", NULL);
    vcb_html_element(html, "th", NULL, call->data->id);
    vcb_html_open(html, "td", "class", "t", NULL);
    vcb_page_badge(html, call->verdict);
    vcb_html_close(html);
    if (analysis->variants->len > 1)
        vcb_html_element(html, "td", "t", vcb_run_data_variant_name(analysis->data, call->data->variant));
    vcb_html_open(html, "td", "class", "n", NULL);
    vcb_html_printf(html, "%d · %d", call->data->pair, call->data->repeat);
    vcb_html_close(html);
    for (gsize i = 0; METRICS[i]; i++)
        metric_cell(html, call, METRICS[i]);
    vcb_html_element(html, "td", "t", candidates);
    vcb_html_close(html);
    if (!*call->reason)
        return;
    vcb_html_open(html, "tr", "class", "why", NULL);
    vcb_html_element(html, "td", NULL, "");
    vcb_html_open(html, "td", "colspan", analysis->variants->len > 1 ? "11" : "10", NULL);
    vcb_html_element(html, "span", NULL, call->reason);
    vcb_html_close(html);
    vcb_html_close(html);
}

static void write_table(VcbHtml *html, const VcbAnalysis *analysis)
{
    static const char *const COLUMNS[] = {
        "call",  "",     "variant",  ">pair · repeat", ">connect", ">first frame", ">video in", ">frames",
        ">lost", ">RTT", ">freezes", "candidates",     NULL};

    vcb_html_open(html, "div", "class", "scroll", NULL);
    vcb_html_open(html, "table", NULL);
    vcb_html_open(html, "thead", NULL);
    vcb_html_open(html, "tr", NULL);
    for (gsize i = 0; COLUMNS[i]; i++) {
        if (i == 2 && analysis->variants->len < 2)
            continue;
        vcb_html_element(html, "th", *COLUMNS[i] == '>' ? "n" : NULL, COLUMNS[i] + (*COLUMNS[i] == '>'));
    }
    vcb_html_close(html);
    vcb_html_close(html);
    vcb_html_open(html, "tbody", NULL);
    for (guint i = 0; i < analysis->calls->len; i++)
        write_row(html, analysis, analysis->calls->pdata[i]);
    for (int i = 0; i < 3; i++)
        vcb_html_close(html);
}

static char *peer_text(const VcbEvent *event)
{
    const cJSON *json = event->json;

    if (strcmp(event->type, "error") == 0)
        return g_strdup_printf("%s: %s", vcb_json_string(json, "name", "error"),
                               vcb_json_string(json, "message", ""));
    if (strcmp(event->type, "frame") == 0)
        return g_strdup_printf("%s %s", vcb_json_string(json, "kind", ""),
                               vcb_json_string(json, "event", ""));
    if (strcmp(event->type, "chat") == 0)
        return g_strdup("chat received");
    if (vcb_event_matches(event, NULL, "state", "name", "step")) {
        const char *description = vcb_json_string(json, "description", NULL);

        if (description)
            return g_strdup_printf("%s: %s", vcb_json_string(json, "value", ""), description);
        return g_strdup(vcb_json_string(json, "value", ""));
    }
    if (strcmp(event->type, "state") == 0)
        return g_strdup_printf("%s → %s", vcb_json_string(json, "name", ""),
                               vcb_json_string(json, "value", ""));
    return strcmp(event->type, "bye") == 0 ? g_strdup("bye") : NULL;
}

static char *server_text(const VcbEvent *event)
{
    const cJSON *json = event->json;
    const char *message = vcb_json_string(json, "message", ""), *from = vcb_json_string(json, "from", NULL);
    const char *to = vcb_json_string(json, "to", NULL), *action = vcb_json_string(json, "action", "");

    if (strcmp(event->type, "signal") == 0 && strcmp(action, "sent") == 0)
        return g_strdup_printf("%s%s%s → %s", from ? from : "", from ? ": " : "", message, to ? to : "all");
    if (strcmp(event->type, "decision") == 0)
        return g_strdup_printf("%s %s (%s)", message, action, vcb_json_string(json, "reason", ""));
    if (strcmp(event->type, "refused") == 0)
        return g_strdup_printf("refused %s: %s", vcb_json_string(json, "peer", ""), message);
    return NULL;
}

static char *harness_text(const VcbEvent *event)
{
    const cJSON *json = event->json;

    if (strcmp(event->type, "process-exit") == 0 && !vcb_json_bool(json, "expected", TRUE))
        return g_strdup_printf("%s ended: %s", vcb_json_string(json, "process", ""),
                               vcb_json_string(json, "status", ""));
    if (strcmp(event->type, "timeline") == 0)
        return g_strdup_printf("timeline: %s %s", vcb_json_string(json, "action", ""),
                               vcb_json_string(json, "peer", ""));
    if (strcmp(event->type, "call-phase") == 0)
        return g_strdup(vcb_json_string(json, "phase", ""));
    return NULL;
}

/* What one rung says; NULL where the event is not part of the story. */
static char *rung_text(const VcbEvent *event, gboolean *ret_is_bad, gboolean *ret_is_peer)
{
    *ret_is_peer = FALSE;
    *ret_is_bad = strcmp(event->type, "error") == 0 || strcmp(event->type, "process-exit") == 0 ||
                  strcmp(event->type, "refused") == 0 ||
                  vcb_event_matches(event, NULL, "state", "value", "failed") ||
                  vcb_event_matches(event, NULL, "state", "value", "candidate-rejected");
    if (strcmp(event->source, "signald") == 0)
        return server_text(event);
    if (strcmp(event->source, "vcbench") == 0)
        return harness_text(event);
    *ret_is_peer = TRUE;
    return peer_text(event);
}

static gint64 zero_of(const VcbCallData *call, const VcbSetup *setup)
{
    return setup->start_call_us != VCB_UNKNOWN_US ? setup->start_call_us : call->start_us;
}

/* Columns: the first peer, the server and vcbench, the other peers. */
static gboolean stands_in(const VcbCallData *call, const VcbEvent *event, gboolean is_peer, guint column,
                          guint n_peers)
{
    guint peer = column ? column - 1 : 0;

    if (column == 1)
        return !is_peer;
    return is_peer && peer < n_peers && strcmp(event->source, call->peers[peer]) == 0;
}

static void write_ladder(VcbHtml *html, const VcbCallAnalysis *call)
{
    const VcbCallData *data = call->data;
    guint n_peers = g_strv_length(data->peers), n_rungs = 0, n_left_out = 0;
    gint64 zero_us = zero_of(data, &call->setup);

    vcb_html_open(html, "div", "class", "scroll", NULL);
    vcb_html_open(html, "table", "class", "ladder", NULL);
    vcb_html_open(html, "thead", NULL);
    vcb_html_open(html, "tr", NULL);
    vcb_html_element(html, "th", "n", "ms");
    vcb_html_element(html, "th", NULL, n_peers ? data->peers[0] : "");
    vcb_html_element(html, "th", NULL, "server and harness");
    for (guint p = 1; p < n_peers; p++)
        vcb_html_element(html, "th", NULL, data->peers[p]);
    vcb_html_close(html);
    vcb_html_close(html);
    vcb_html_open(html, "tbody", NULL);
    for (guint i = 0; i < data->events->len; i++) {
        const VcbEvent *event = data->events->pdata[i];
        gboolean is_bad, is_peer;
        g_autofree char *text = rung_text(event, &is_bad, &is_peer);

        if (!text)
            continue;
        if (n_rungs >= MOST_RUNGS && !is_bad) {
            n_left_out++;
            continue;
        }
        n_rungs++;
        vcb_html_open(html, "tr", NULL);
        vcb_html_open(html, "td", "class", "n", NULL);
        vcb_html_printf(html, "%.1f", (double)(event->t_us - zero_us) / 1000);
        vcb_html_close(html);
        for (guint column = 0; column <= MAX(n_peers, 1); column++) {
            gboolean is_here = stands_in(data, event, is_peer, column, n_peers);

            vcb_html_element(html, "td", is_here && is_bad ? "bad" : NULL, is_here ? text : "");
        }
        vcb_html_close(html);
    }
    for (int i = 0; i < 3; i++)
        vcb_html_close(html);
    if (n_left_out) {
        vcb_html_open(html, "p", "class", "inside soft", NULL);
        vcb_html_printf(html, "%u later events are left out here; all are in events.jsonl.", n_left_out);
        vcb_html_close(html);
    }
}

static void write_details(VcbHtml *html, const VcbAnalysis *analysis)
{
    guint n = 0;

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];

        if (strcmp(call->data->outcome, "completed") == 0 || call->verdict == VCB_VERDICT_SKIPPED ||
            ++n > MOST_LADDERS)
            continue;
        vcb_html_open(html, "details", n == 1 ? "open" : "class", n == 1 ? "open" : "", NULL);
        vcb_html_open(html, "summary", NULL);
        vcb_page_badge(html, call->verdict);
        vcb_html_printf(html, "call %s: %s", call->data->id, call->reason);
        vcb_html_close(html);
        write_ladder(html, call);
        vcb_html_close(html);
    }
    if (n > MOST_LADDERS) {
        vcb_html_open(html, "p", "class", "soft", NULL);
        vcb_html_printf(html, "%u more calls did not complete; theirs are left out here.", n - MOST_LADDERS);
        vcb_html_close(html);
    }
}

void vcb_page_calls(VcbHtml *html, const VcbAnalysis *analysis)
{
    vcb_html_element(html, "h2", NULL, "Calls");
    if (!analysis->calls->len) {
        vcb_html_element(html, "p", "soft", "No call took place.");
        return;
    }
    write_table(html, analysis);
    write_details(html, analysis);
}
