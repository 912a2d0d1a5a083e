/* links.csv: what each link direction did, interval by interval. */
#include "harness/report/writers.h"

#include "harness/report/csv.h"

#include <math.h>
#include <string.h>

/* A shared network's links stand there once, with the first of its calls. */
static gboolean is_first_of_network(const VcbAnalysis *analysis, guint index)
{
    const VcbCallAnalysis *call = analysis->calls->pdata[index];

    for (guint i = 0; i < index; i++) {
        const VcbCallAnalysis *before = analysis->calls->pdata[i];

        if (strcmp(before->data->network, call->data->network) == 0)
            return FALSE;
    }
    return TRUE;
}

static void append_line(GString *out, const char *columns, const VcbCallAnalysis *call,
                        const VcbLinkLine *from, const VcbLinkLine *to)
{
    double seconds = (double)(to->t_us - from->t_us) / G_USEC_PER_SEC;
    gint64 zero_us = call->is_connected ? call->setup.connected_us : call->data->start_us;

    g_string_append(out, columns);
    vcb_csv_number(out, (double)(to->t_us - zero_us) / G_USEC_PER_SEC);
    vcb_csv_number(out, seconds);
    vcb_csv_number(out, to->rate_bps);
    vcb_csv_number(out, seconds > 0 ? 8 * (to->delivered_bytes - from->delivered_bytes) / seconds : NAN);
    vcb_csv_number(out, to->sent - from->sent);
    vcb_csv_number(out, to->delivered - from->delivered);
    vcb_csv_number(out, to->dropped - from->dropped);
    vcb_csv_number(out, to->dropped_queue - from->dropped_queue);
    vcb_csv_number(out, to->delay_p50_us / 1000);
    vcb_csv_number(out, to->delay_p95_us / 1000);
    vcb_csv_number(out, to->delay_max_us / 1000);
    vcb_csv_number(out, to->queue_max_us / 1000);
    vcb_csv_number(out, to->queue_bytes);
    g_string_append_c(out, '\n');
}

static void append_link(GString *out, const VcbAnalysis *analysis, const VcbCallAnalysis *call,
                        const VcbLinkData *link)
{
    g_autoptr(GString) columns = g_string_new(NULL);
    VcbLinkLine none = {0};

    if (!link->is_shared)
        vcb_csv_text(columns, call->data->id);
    g_string_append_c(columns, ',');
    vcb_csv_text(columns, vcb_run_data_variant_name(analysis->data, call->data->variant));
    g_string_append_c(columns, ',');
    vcb_csv_text(columns, call->data->network);
    g_string_append_c(columns, ',');
    vcb_csv_text(columns, link->name);
    g_string_append_printf(columns, ",%s", vcb_link_direction_name(link->direction));
    none.t_us = call->data->start_us;
    for (guint i = 0; i < link->lines->len; i++) {
        const VcbLinkLine *line = &g_array_index(link->lines, VcbLinkLine, i);

        append_line(out, columns->str, call, i ? line - 1 : &none, line);
    }
}

char *vcb_links_csv(const VcbAnalysis *analysis)
{
    GString *out =
        g_string_new("call,variant,network,link,direction,t_s,interval_s,capacity_bps,rate_bps,sent,"
                     "delivered,lost,dropped_queue,delay_p50_ms,delay_p95_ms,delay_max_ms,queue_ms,"
                     "queue_bytes\n");
    gboolean has_network = FALSE;

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];

        has_network = has_network || call->network;
        for (guint l = 0; call->network && l < call->network->links->len; l++) {
            const VcbLinkData *link = call->network->links->pdata[l];

            if (!link->is_shared || is_first_of_network(analysis, i))
                append_link(out, analysis, call, link);
        }
    }
    return g_string_free(out, !has_network);
}
