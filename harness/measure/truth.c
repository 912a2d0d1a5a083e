#include "harness/measure/truth.h"

#include <math.h>
#include <string.h>

static void truth_free(gpointer data)
{
    VcbStreamTruth *truth = data;

    g_free(truth->drops);
    g_free(truth);
}

static VcbKind kind_of(const cJSON *object)
{
    const char *kind = vcb_json_string(object, "kind", vcb_json_string(object, "mediaType", ""));

    return strcmp(kind, "video") == 0   ? VCB_KIND_VIDEO
           : strcmp(kind, "audio") == 0 ? VCB_KIND_AUDIO
                                        : VCB_KIND_NONE;
}

static VcbStreamTruth *stream_of(GPtrArray *all, guint32 ssrc)
{
    VcbStreamTruth *truth;

    for (guint i = 0; i < all->len; i++) {
        truth = all->pdata[i];
        if (truth->ssrc == ssrc)
            return truth;
    }
    truth = g_new0(VcbStreamTruth, 1);
    truth->ssrc = ssrc;
    truth->payload_type = -1;
    truth->packets_sent = truth->packets_received = truth->packets_lost = truth->bytes_received = NAN;
    truth->link_sent = truth->link_dropped = truth->link_delivered = truth->link_bytes = NAN;
    truth->drops = g_strdup("");
    g_ptr_array_add(all, truth);
    return truth;
}

static const char *other_peer(const VcbCallData *call, const char *peer)
{
    for (char **other = call->peers; *other; other++) {
        if (strcmp(*other, peer) != 0)
            return *other;
    }
    return "";
}

/* A stream's owner is who sends it: of an SSRC that both report, each says its own side. */
static void take_report(const VcbCallData *call, GPtrArray *all, const char *peer, const cJSON *report)
{
    const cJSON *object;

    cJSON_ArrayForEach (object, report) {
        const char *type = vcb_json_string(object, "type", "");
        gint64 ssrc = vcb_json_int(object, "ssrc", -1);
        gboolean is_in = strcmp(type, "inbound-rtp") == 0;
        VcbStreamTruth *truth;

        if (ssrc < 0 || ssrc > G_MAXUINT32 || (!is_in && strcmp(type, "outbound-rtp") != 0))
            continue;
        truth = stream_of(all, (guint32)ssrc);
        truth->kind = kind_of(object);
        truth->receiver = is_in ? peer : other_peer(call, peer);
        truth->sender = is_in ? other_peer(call, peer) : peer;
        if (is_in) {
            truth->packets_received = vcb_json_number(object, "packetsReceived", NAN);
            truth->packets_lost = vcb_json_number(object, "packetsLost", NAN);
            truth->bytes_received = vcb_json_number(object, "bytesReceived", NAN);
        } else {
            truth->packets_sent = vcb_json_number(object, "packetsSent", NAN);
        }
    }
}

static void take_reports(const VcbCallData *call, GPtrArray *all)
{
    for (char **peer = call->peers; *peer; peer++) {
        for (guint i = call->events->len; i-- > 0;) {
            const VcbEvent *event = call->events->pdata[i];

            if (!vcb_event_matches(event, *peer, "stats", NULL, NULL))
                continue;
            take_report(call, all, *peer, vcb_json_array(event->json, "report"));
            break; /* the last one has the final counts */
        }
    }
}

/* Streams that only the links know: what came up a peer's line is that peer's. */
static void take_unreported(const VcbCallData *call, const VcbNetworkData *network, GPtrArray *all)
{
    for (guint i = 0; i < network->links->len; i++) {
        const VcbLinkData *link = network->links->pdata[i];
        const cJSON *flow;

        if (!link->is_line || link->direction != VCB_LINK_UP)
            continue;
        cJSON_ArrayForEach (flow, vcb_json_array(vcb_link_data_last(link)->json, "flows")) {
            gint64 ssrc = vcb_json_int(flow, "ssrc", -1);
            VcbStreamTruth *truth;

            if (ssrc < 0 || ssrc > G_MAXUINT32)
                continue;
            truth = stream_of(all, (guint32)ssrc);
            if (truth->sender)
                continue;
            truth->sender = link->peer;
            truth->receiver = other_peer(call, link->peer);
        }
    }
}

static double plus(double sum, double value)
{
    return isnan(sum) ? value : sum + value;
}

static void take_links(const VcbNetworkData *network, VcbStreamTruth *truth)
{
    g_autoptr(GString) drops = g_string_new(NULL);

    for (guint i = 0; i < network->links->len; i++) {
        const VcbLinkData *link = network->links->pdata[i];
        VcbFlow flow = vcb_link_data_flow(vcb_link_data_last(link), truth->ssrc);

        if (!flow.is_seen)
            continue;
        truth->payload_type = flow.payload_type;
        truth->link_dropped = plus(truth->link_dropped, flow.dropped);
        if (flow.dropped > 0)
            g_string_append_printf(drops, "%s%s %s %.0f", drops->len ? ", " : "", link->name,
                                   vcb_link_direction_name(link->direction), flow.dropped);
        if (link->is_line && link->direction == VCB_LINK_UP && g_strcmp0(link->peer, truth->sender) == 0)
            truth->link_sent = plus(truth->link_sent, flow.sent);
        if (link->is_line && link->direction == VCB_LINK_DOWN &&
            g_strcmp0(link->peer, truth->receiver) == 0) {
            truth->link_delivered = plus(truth->link_delivered, flow.delivered);
            truth->link_bytes = plus(truth->link_bytes, flow.payload_bytes);
        }
    }
    g_free(truth->drops);
    truth->drops = g_string_free(g_steal_pointer(&drops), FALSE);
}

static guint index_of(const VcbCallData *call, const char *peer)
{
    guint i = 0;

    while (call->peers[i] && g_strcmp0(call->peers[i], peer) != 0)
        i++;
    return i;
}

/* By sender, then video, audio, what the peers do not report, then SSRC. */
static gint compare_streams(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const VcbStreamTruth *left = *(VcbStreamTruth *const *)a, *right = *(VcbStreamTruth *const *)b;
    int by_sender = (int)index_of(user_data, left->sender) - (int)index_of(user_data, right->sender);
    int left_kind = (int)(left->kind ? left->kind : VCB_KIND_BOTH);
    int right_kind = (int)(right->kind ? right->kind : VCB_KIND_BOTH);

    if (by_sender || left_kind != right_kind)
        return by_sender ? by_sender : left_kind - right_kind;
    return left->ssrc < right->ssrc ? -1 : left->ssrc > right->ssrc;
}

GPtrArray *vcb_truth_of(const VcbCallData *call, const VcbNetworkData *network)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(truth_free);

    take_reports(call, all);
    take_unreported(call, network, all);
    g_ptr_array_sort_with_data(all, compare_streams, (gpointer)call);
    for (guint i = 0; i < all->len; i++)
        take_links(network, all->pdata[i]);
    return all;
}

gboolean vcb_truth_loss(const VcbCallData *call, const VcbNetworkData *network, const char *receiver,
                        VcbKind kind, gint64 from_us, gint64 until_us, double *ret_dropped, double *ret_sent)
{
    g_autoptr(GPtrArray) streams = g_ptr_array_new_with_free_func(truth_free);
    double dropped = 0, sent = 0;

    take_reports(call, streams);
    for (guint s = 0; s < streams->len; s++) {
        const VcbStreamTruth *stream = streams->pdata[s];

        if (stream->kind != kind || g_strcmp0(stream->receiver, receiver) != 0)
            continue;
        for (guint i = 0; i < network->links->len; i++) {
            const VcbLinkData *link = network->links->pdata[i];
            guint first, last;
            VcbFlow from, to;

            if (!vcb_link_data_window(link, from_us, until_us, &first, &last))
                continue;
            from = vcb_link_data_flow(&g_array_index(link->lines, VcbLinkLine, first), stream->ssrc);
            to = vcb_link_data_flow(&g_array_index(link->lines, VcbLinkLine, last), stream->ssrc);
            dropped += fmax(to.dropped - from.dropped, 0);
            if (link->is_line && link->direction == VCB_LINK_UP && g_strcmp0(link->peer, stream->sender) == 0)
                sent += fmax(to.sent - from.sent, 0);
        }
    }
    if (!(sent > 0))
        return FALSE;
    *ret_dropped = fmin(dropped, sent); /* some may have come to the line before the window began */
    *ret_sent = sent;
    return TRUE;
}
