#include "tests/peer/relayed_call.h"

#include "common/clock.h"

#include <CUnit/CUnit.h>
#include <math.h>
#include <string.h>

#define MS ((gint64)1000)
/* Between a peer's tap and the relay lie SRTP and two threads: how far apart a packet's place in the two
 * counts may be when both go on counting. */
#define SKEW_US (30 * MS)
#define QUIET_US (300 * MS)

const char *const RELAYED_CALL_NAMES[2] = {"alice", "bob"};

static int side_of(const char *name)
{
    return g_str_equal(name, RELAYED_CALL_NAMES[1]);
}

/* ---- the call ---- */

static void learn_payload_types(RelayedCall *call, const char *sdp)
{
    g_auto(GStrv) lines = g_strsplit(sdp, "\r\n", -1);

    for (char **line = lines; *line; line++) {
        int payload_type = 0;
        char encoding[32] = "";

        call->candidates_in_descriptions += g_str_has_prefix(*line, "a=candidate");
        if (sscanf(*line, "a=rtpmap:%d %31[^/]", &payload_type, encoding) != 2)
            continue;
        if (g_ascii_strcasecmp(encoding, "VP8") == 0)
            call->video = payload_type;
        else if (g_ascii_strcasecmp(encoding, "rtx") == 0)
            call->rtx = payload_type;
        else if (g_ascii_strcasecmp(encoding, "OPUS") == 0)
            call->audio = payload_type;
    }
    call->descriptions++;
}

static gboolean on_signal(const char *from, cJSON *message, gpointer user_data)
{
    RelayedCall *call = user_data;
    const char *type = vcb_json_string(message, "type", "");
    const cJSON *description = vcb_json_object(message, type);
    cJSON *candidate = cJSON_GetObjectItemCaseSensitive(message, "candidate");

    if (description)
        learn_payload_types(call, vcb_json_string(description, "sdp", ""));
    if (g_str_equal(type, "ice-candidate")) {
        g_autofree char *rewritten =
            vcb_udp_relay_candidate(call->relay, side_of(from), vcb_json_string(candidate, "candidate", ""));

        cJSON_ReplaceItemInObjectCaseSensitive(candidate, "candidate", cJSON_CreateString(rewritten));
    }
    return TRUE;
}

void relayed_call_begin(RelayedCall *call, VcbRelayDecision decide, const char *more)
{
    call->room = vcb_test_room_new(2, on_signal, call);
    call->relay = vcb_udp_relay_new(decide, call);
    for (int i = 0; i < 2; i++) {
        call->peers[i] = vcb_subject_new(NULL);
        vcb_subject_configure(call->peers[i], RELAYED_CALL_NAMES[i], more);
    }
    for (int i = 0; i < 2; i++)
        vcb_subject_join(call->peers[i], call->room);
    for (int i = 0; i < 2; i++) {
        call->connected_us[i] = vcb_json_int(
            vcb_subject_wait(call->peers[i],
                             "{'type': 'state', 'name': 'connectionState', 'value': 'connected'}"),
            "t_us", 0);
        vcb_subject_wait(call->peers[i], "{'type': 'frame', 'kind': 'video', 'event': 'first-frame'}");
        vcb_subject_wait(call->peers[i], "{'type': 'frame', 'kind': 'audio', 'event': 'first-frame'}");
        vcb_subject_wait(call->peers[i], "{'type': 'state', 'name': 'dataChannelState', 'value': 'open'}");
    }
    CU_ASSERT_EQUAL(call->descriptions, 2);
    CU_ASSERT_EQUAL(call->candidates_in_descriptions, 0); /* else one might pass us by */
    CU_ASSERT_EQUAL(vcb_udp_relay_srtp_profile(call->relay), VCB_SRTP_PROFILE_SHA1_80);
}

void relayed_call_end(RelayedCall *call)
{
    for (int i = 0; i < 2; i++) {
        vcb_subject_quit(call->peers[i]);
        vcb_subject_free(call->peers[i]);
    }
    vcb_udp_relay_free(call->relay);
    vcb_test_room_free(call->room);
}

/* ---- questions to the relay's log ---- */

static gint64 last_video_us(const RelayedCall *call, int from)
{
    const GArray *log = vcb_udp_relay_log(call->relay);

    for (guint i = log->len; i-- > 0;) {
        const VcbRelayed *datagram = &g_array_index(log, VcbRelayed, i);

        if (datagram->class == VCB_DATAGRAM_RTP && datagram->from == from &&
            datagram->payload_type != call->audio)
            return MAX(datagram->in_us, datagram->out_us);
    }
    return 0;
}

/* No video and no retransmission for so long that none can be anywhere between encoder and decoder. */
static gboolean video_is_quiet(gpointer user_data)
{
    const RelayedCall *call = user_data;

    return vcb_clock_now_us() - MAX(last_video_us(call, 0), last_video_us(call, 1)) > QUIET_US;
}

void relayed_call_stop_video(RelayedCall *call)
{
    for (int i = 0; i < 2; i++)
        vcb_subject_send(call->peers[i], "{'type': 'stop-video'}");
    for (int i = 0; i < 2; i++)
        vcb_subject_wait(call->peers[i], "{'type': 'state', 'value': 'video-stopped'}");
    CU_ASSERT_TRUE_FATAL(vcb_run_until(video_is_quiet, call));
}

Wire relayed_call_wire(const RelayedCall *call, int from, int payload_type, gint64 until_us,
                       gboolean delivered, guint skipped, guint n_summed)
{
    const GArray *log = vcb_udp_relay_log(call->relay);
    g_autoptr(GHashTable) times = g_hash_table_new(NULL, NULL);
    Wire wire = {0};
    guint n = 0;

    for (guint i = 0; i < log->len; i++) {
        const VcbRelayed *datagram = &g_array_index(log, VcbRelayed, i);
        gint64 t_us = delivered ? datagram->out_us : datagram->in_us;

        if (datagram->class != VCB_DATAGRAM_RTP || datagram->from != from ||
            datagram->payload_type != payload_type)
            continue;
        wire.packets++;
        if (datagram->out_us < 0)
            wire.dropped++;
        if (delivered && datagram->out_us < 0)
            continue;
        wire.delivered += datagram->out_us >= 0;
        wire.markers += datagram->marker;
        g_hash_table_add(times, GUINT_TO_POINTER(datagram->rtp_time));
        wire.early += t_us <= until_us - SKEW_US;
        wire.late += t_us <= until_us + SKEW_US;
        wire.unread += datagram->out_us < call->connected_us[!from];
        if (n >= skipped && n < skipped + n_summed) {
            wire.header_bytes += datagram->header_bytes;
            wire.payload_bytes += datagram->payload_bytes;
        }
        n++;
    }
    wire.frames = g_hash_table_size(times);
    return wire;
}

/* ---- the comparison ---- */

void relayed_call_compare_out(const RelayedCall *call, int from, const char *kind, const cJSON *stats,
                              gboolean stopped)
{
    const cJSON *object = vcb_stats_object(stats, "outbound-rtp", kind);
    guint sent = (guint)vcb_json_int(object, "packetsSent", 0);
    int payload_type = g_str_equal(kind, "video") ? call->video : call->audio;
    Wire wire = relayed_call_wire(call, from, payload_type, vcb_json_int(stats, "t_us", 0), FALSE, 0, sent);

    CU_ASSERT_TRUE(sent > 10);
    if (stopped)
        CU_ASSERT_EQUAL(sent, wire.packets);
    if (!(wire.early <= sent && sent <= wire.late))
        g_printerr("%s %s: sent %u, wire %u to %u\n", RELAYED_CALL_NAMES[from], kind, sent, wire.early,
                   wire.late);
    CU_ASSERT_TRUE(wire.early <= sent && sent <= wire.late);
    CU_ASSERT_EQUAL((gsize)vcb_json_int(object, "bytesSent", 0), wire.payload_bytes);
    CU_ASSERT_EQUAL((gsize)vcb_json_int(object, "headerBytesSent", 0), wire.header_bytes);
}

guint relayed_call_compare_in(const RelayedCall *call, int to, const char *kind, const cJSON *stats,
                              gboolean stopped)
{
    const cJSON *object = vcb_stats_object(stats, "inbound-rtp", kind);
    guint received = (guint)vcb_json_int(object, "packetsReceived", 0), missing = 0;
    gsize payload_bytes = (gsize)vcb_json_int(object, "bytesReceived", 0);
    int payload_type = g_str_equal(kind, "video") ? call->video : call->audio;
    gint64 t_us = vcb_json_int(stats, "t_us", 0);
    Wire wire = relayed_call_wire(call, !to, payload_type, t_us, TRUE, 0, received);

    CU_ASSERT_TRUE(received > 10);
    while (missing < wire.unread &&
           (stopped ? received + missing < wire.delivered : payload_bytes != wire.payload_bytes))
        wire = relayed_call_wire(call, !to, payload_type, t_us, TRUE, ++missing, received);
    if (missing)
        g_print("(%u of the %s that %s got before it had keys) ", missing, kind, RELAYED_CALL_NAMES[to]);
    if (stopped) {
        CU_ASSERT_EQUAL(received + missing, wire.delivered);
        CU_ASSERT_EQUAL(vcb_json_int(object, "packetsLost", -1), wire.dropped);
    } else {
        CU_ASSERT_EQUAL(vcb_json_int(object, "packetsLost", -1), 0);
    }
    if (!(wire.early <= received + missing && received + missing <= wire.late))
        g_printerr("%s %s: received %u, wire %u to %u\n", RELAYED_CALL_NAMES[to], kind, received, wire.early,
                   wire.late);
    CU_ASSERT_TRUE(wire.early <= received + missing && received + missing <= wire.late);
    CU_ASSERT_EQUAL(payload_bytes, wire.payload_bytes);
    CU_ASSERT_EQUAL((gsize)vcb_json_int(object, "headerBytesReceived", 0), wire.header_bytes);
    return missing;
}

void relayed_call_compare_retransmissions(const RelayedCall *call, int from, const cJSON *sender,
                                          const cJSON *receiver)
{
    Wire wire = relayed_call_wire(call, from, call->rtx, 0, FALSE, 0, 0);

    CU_ASSERT_EQUAL(
        vcb_json_int(vcb_stats_object(sender, "outbound-rtp", "video"), "retransmittedPacketsSent", -1),
        wire.packets);
    CU_ASSERT_EQUAL(
        vcb_json_int(vcb_stats_object(receiver, "inbound-rtp", "video"), "retransmittedPacketsReceived", -1),
        wire.delivered);
    CU_ASSERT_EQUAL(
        vcb_json_int(vcb_stats_object(sender, "outbound-rtp", "audio"), "retransmittedPacketsSent", -1), 0);
}

/* Frames of this sender whose last packet left the relay more than half the jitter buffer later than the
 * quickest did: on a busy machine the buffer may have given them up. */
static guint late_frames(const RelayedCall *call, int from)
{
    const GArray *log = vcb_udp_relay_log(call->relay);
    gint64 quickest_us = G_MAXINT64;
    guint n = 0;

    for (int pass = 0; pass < 2; pass++) {
        gboolean begun = FALSE;
        guint32 first = 0;

        for (guint i = 0; i < log->len; i++) {
            const VcbRelayed *datagram = &g_array_index(log, VcbRelayed, i);
            gint64 transit_us;

            if (datagram->class != VCB_DATAGRAM_RTP || datagram->from != from || !datagram->marker ||
                datagram->payload_type != call->video || datagram->out_us < 0)
                continue;
            first = begun ? first : datagram->rtp_time;
            begun = TRUE;
            transit_us = datagram->out_us - (gint64)(datagram->rtp_time - first) * 100 / 9;
            if (pass == 0)
                quickest_us = MIN(quickest_us, transit_us);
            else
                n += transit_us > quickest_us + 25 * MS;
        }
    }
    return n;
}

void relayed_call_compare_frames(const RelayedCall *call, int to, const cJSON *stats)
{
    const cJSON *object = vcb_stats_object(stats, "inbound-rtp", "video");
    Wire wire = relayed_call_wire(call, !to, call->video, 0, FALSE, 0, 0);
    guint received = (guint)vcb_json_int(object, "framesReceived", 0), late = late_frames(call, !to);

    CU_ASSERT_TRUE(wire.frames > 20);
    CU_ASSERT_EQUAL(wire.markers, wire.frames);
    if (received != wire.frames)
        g_print("(%s decoded %u of %u frames, %u were late) ", RELAYED_CALL_NAMES[to], received, wire.frames,
                late);
    CU_ASSERT_TRUE(received <= wire.frames && received + late >= wire.frames);
    CU_ASSERT_EQUAL(vcb_json_int(object, "framesDecoded", -1), received);
    CU_ASSERT_EQUAL(vcb_json_int(object, "framesDropped", -1), 0);
    CU_ASSERT_EQUAL(vcb_json_int(object, "frameWidth", -1), 320);
    CU_ASSERT_EQUAL(vcb_json_int(object, "frameHeight", -1), 180);
}

/* RFC 3550 A.8 over the times at which the relay let packets go. */
static double jitter_on_the_wire(const RelayedCall *call, int from, int payload_type, double clock_rate,
                                 guint n)
{
    const GArray *log = vcb_udp_relay_log(call->relay);
    g_autoptr(GPtrArray) packets = g_ptr_array_new();
    double jitter = 0;

    for (guint i = 0; i < log->len && packets->len < n; i++) {
        VcbRelayed *datagram = &g_array_index(log, VcbRelayed, i);

        if (datagram->class == VCB_DATAGRAM_RTP && datagram->from == from &&
            datagram->payload_type == payload_type && datagram->out_us >= 0)
            g_ptr_array_add(packets, datagram);
    }
    for (guint i = 1; i < packets->len; i++) {
        const VcbRelayed *before = packets->pdata[i - 1], *now = packets->pdata[i];
        double difference = (double)(now->out_us - before->out_us) / 1e6 -
                            (double)(gint32)(now->rtp_time - before->rtp_time) / clock_rate;

        jitter += (fabs(difference) - jitter) / 16;
    }
    return jitter;
}

double relayed_call_compare_jitter(const RelayedCall *call, int to)
{
    guint n = 0, agree = 0;
    double wire = -1;

    for (const cJSON *stats = NULL;
         (stats = vcb_subject_find(call->peers[to], stats, "{'type': 'stats'}"));) {
        const cJSON *object = vcb_stats_object(stats, "inbound-rtp", "audio");
        double jitter = vcb_json_number(object, "jitter", -1);

        if (vcb_json_int(object, "packetsReceived", 0) < 50)
            continue;
        wire = jitter_on_the_wire(call, !to, call->audio, 48000,
                                  (guint)vcb_json_int(object, "packetsReceived", 0));
        agree += fabs(jitter - wire) < 0.001;
        n++;
    }
    if (agree * 4 < n)
        g_printerr("%s: %u of %u agree on the jitter\n", RELAYED_CALL_NAMES[to], agree, n);
    CU_ASSERT_TRUE(n >= 5);
    CU_ASSERT_TRUE(agree * 4 >= n);
    return wire;
}

void relayed_call_nothing_is_in_the_clear(const RelayedCall *call)
{
    const GArray *log = vcb_udp_relay_log(call->relay);
    guint classes[VCB_N_DATAGRAM_CLASSES] = {0}, firsts[256] = {0}, n_rtp = 0, distinct = 0;

    for (guint i = 0; i < log->len; i++) {
        const VcbRelayed *datagram = &g_array_index(log, VcbRelayed, i);

        classes[datagram->class]++;
        CU_ASSERT_FALSE(datagram->padding);
        if (datagram->class == VCB_DATAGRAM_RTP) {
            firsts[datagram->first_payload_byte]++;
            n_rtp++;
        }
    }
    for (int i = 0; i < 256; i++)
        distinct += firsts[i] > 0;
    CU_ASSERT_EQUAL(classes[VCB_DATAGRAM_OTHER], 0);
    CU_ASSERT_TRUE(classes[VCB_DATAGRAM_STUN] >= 4);
    CU_ASSERT_TRUE(classes[VCB_DATAGRAM_DTLS] >= 6);
    CU_ASSERT_TRUE(classes[VCB_DATAGRAM_RTCP] >= 2);
    CU_ASSERT_TRUE(n_rtp > 300);
    CU_ASSERT_TRUE(distinct > 120); /* of 256: 300 even draws give 177, and 120 all but never */
}
