/* The proof that a peer's statistics are what went over the socket: two real peers in a call whose every
 * datagram passes a relay of this test, which counts, loses and delays; at the end its log and the peers'
 * last `stats` must agree. Sub-cases: clean, loss, delay. */
#include "common/clock.h"
#include "common/test.h"
#include "tests/peer/subject.h"
#include "tests/peer/udp_relay.h"

#include <math.h>
#include <string.h>

#define MS ((gint64)1000)
/* Between a peer's tap and the relay lie SRTP and two threads: how far apart a packet's place in the two
 * counts may be when both go on counting. */
#define SKEW_US (30 * MS)
#define QUIET_US (300 * MS)

typedef struct Call Call;

struct Call {
    VcbTestRoom *room;
    VcbUdpRelay *relay;
    VcbSubject *peers[2];
    int video, rtx, audio; /* payload types, as negotiated */
    int descriptions, candidates_in_descriptions;
    gint64 connected_us[2];
    /* of the sub-case */
    gboolean losing;
    guint primary_video; /* of peer 0, since losing began */
    guint audio_packets[2];
};

static const char *const NAMES[2] = {"alice", "bob"};

static int side_of(const char *name)
{
    return g_str_equal(name, NAMES[1]);
}

/* ---- the call ---- */

static void learn_payload_types(Call *call, const char *sdp)
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
    Call *call = user_data;
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

static void begin(Call *call, VcbRelayDecision decide, const char *more)
{
    call->room = vcb_test_room_new(2, on_signal, call);
    call->relay = vcb_udp_relay_new(decide, call);
    for (int i = 0; i < 2; i++) {
        call->peers[i] = vcb_subject_new(NULL);
        vcb_subject_configure(call->peers[i], NAMES[i], more);
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

static void end(Call *call)
{
    for (int i = 0; i < 2; i++) {
        vcb_subject_quit(call->peers[i]);
        vcb_subject_free(call->peers[i]);
    }
    vcb_udp_relay_free(call->relay);
    vcb_test_room_free(call->room);
}

/* ---- questions to the relay's log ---- */

static gint64 last_video_us(const Call *call, int from)
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
    const Call *call = user_data;

    return vcb_clock_now_us() - MAX(last_video_us(call, 0), last_video_us(call, 1)) > QUIET_US;
}

static void stop_video_of_both(Call *call)
{
    for (int i = 0; i < 2; i++)
        vcb_subject_send(call->peers[i], "{'type': 'stop-video'}");
    for (int i = 0; i < 2; i++)
        vcb_subject_wait(call->peers[i], "{'type': 'state', 'value': 'video-stopped'}");
    CU_ASSERT_TRUE_FATAL(vcb_run_until(video_is_quiet, call));
}

typedef struct {
    guint packets; /* of this stream, came to the relay */
    guint delivered, dropped;
    guint frames, markers; /* distinct RTP time stamps; marker bits, of which each frame has one */
    guint early, late;     /* packets stamped before the time asked for, less and plus the skew */
    guint unread;          /* delivered before the receiver said that it is connected */
    gsize header_bytes, payload_bytes;
} Wire;

/* One stream up to a time: sums over its first `n_summed` packets that count (sent: all; delivered: those
 * that went on). */
static Wire wire_of(const Call *call, int from, int payload_type, gint64 until_us, gboolean delivered,
                    guint skipped, guint n_summed)
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

/* Streams that still flow may differ by what is between the two counters; those that stopped may not. */
static void compare_out(const Call *call, int from, const char *kind, const cJSON *stats, gboolean stopped)
{
    const cJSON *object = vcb_stats_object(stats, "outbound-rtp", kind);
    guint sent = (guint)vcb_json_int(object, "packetsSent", 0);
    int payload_type = g_str_equal(kind, "video") ? call->video : call->audio;
    Wire wire = wire_of(call, from, payload_type, vcb_json_int(stats, "t_us", 0), FALSE, 0, sent);

    CU_ASSERT_TRUE(sent > 10);
    if (stopped)
        CU_ASSERT_EQUAL(sent, wire.packets);
    if (!(wire.early <= sent && sent <= wire.late))
        g_printerr("%s %s: sent %u, wire %u to %u\n", NAMES[from], kind, sent, wire.early, wire.late);
    CU_ASSERT_TRUE(wire.early <= sent && sent <= wire.late);
    CU_ASSERT_EQUAL((gsize)vcb_json_int(object, "bytesSent", 0), wire.payload_bytes);
    CU_ASSERT_EQUAL((gsize)vcb_json_int(object, "headerBytesSent", 0), wire.header_bytes);
}

/* One side has its SRTP keys a little before the other one: what it sends in between can be read, and
 * counted, by nobody. So the first few may be missing, but only of those that came before the receiver was
 * connected. Returns how many. */
static guint compare_in(const Call *call, int to, const char *kind, const cJSON *stats, gboolean stopped)
{
    const cJSON *object = vcb_stats_object(stats, "inbound-rtp", kind);
    guint received = (guint)vcb_json_int(object, "packetsReceived", 0), missing = 0;
    gsize payload_bytes = (gsize)vcb_json_int(object, "bytesReceived", 0);
    int payload_type = g_str_equal(kind, "video") ? call->video : call->audio;
    gint64 t_us = vcb_json_int(stats, "t_us", 0);
    Wire wire = wire_of(call, !to, payload_type, t_us, TRUE, 0, received);

    CU_ASSERT_TRUE(received > 10);
    while (missing < wire.unread &&
           (stopped ? received + missing < wire.delivered : payload_bytes != wire.payload_bytes))
        wire = wire_of(call, !to, payload_type, t_us, TRUE, ++missing, received);
    if (missing)
        g_print("(%u of the %s that %s got before it had keys) ", missing, kind, NAMES[to]);
    if (stopped) {
        CU_ASSERT_EQUAL(received + missing, wire.delivered);
        CU_ASSERT_EQUAL(vcb_json_int(object, "packetsLost", -1), wire.dropped);
    } else {
        CU_ASSERT_EQUAL(vcb_json_int(object, "packetsLost", -1), 0);
    }
    if (!(wire.early <= received + missing && received + missing <= wire.late))
        g_printerr("%s %s: received %u, wire %u to %u\n", NAMES[to], kind, received, wire.early, wire.late);
    CU_ASSERT_TRUE(wire.early <= received + missing && received + missing <= wire.late);
    CU_ASSERT_EQUAL(payload_bytes, wire.payload_bytes);
    CU_ASSERT_EQUAL((gsize)vcb_json_int(object, "headerBytesReceived", 0), wire.header_bytes);
    return missing;
}

static void compare_retransmissions(const Call *call, int from, const cJSON *sender, const cJSON *receiver)
{
    Wire wire = wire_of(call, from, call->rtx, 0, FALSE, 0, 0);

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
static guint late_frames(const Call *call, int from)
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

/* Every frame that came over the wire was taken apart, decoded and counted, and each is counted once. */
static void compare_frames(const Call *call, int to, const cJSON *stats)
{
    const cJSON *object = vcb_stats_object(stats, "inbound-rtp", "video");
    Wire wire = wire_of(call, !to, call->video, 0, FALSE, 0, 0);
    guint received = (guint)vcb_json_int(object, "framesReceived", 0), late = late_frames(call, !to);

    CU_ASSERT_TRUE(wire.frames > 20);
    CU_ASSERT_EQUAL(wire.markers, wire.frames);
    if (received != wire.frames)
        g_print("(%s decoded %u of %u frames, %u were late) ", NAMES[to], received, wire.frames, late);
    CU_ASSERT_TRUE(received <= wire.frames && received + late >= wire.frames);
    CU_ASSERT_EQUAL(vcb_json_int(object, "framesDecoded", -1), received);
    CU_ASSERT_EQUAL(vcb_json_int(object, "framesDropped", -1), 0);
    CU_ASSERT_EQUAL(vcb_json_int(object, "frameWidth", -1), 320);
    CU_ASSERT_EQUAL(vcb_json_int(object, "frameHeight", -1), 180);
}

/* RFC 3550 A.8 over the times at which the relay let packets go. */
static double jitter_on_the_wire(const Call *call, int from, int payload_type, double clock_rate, guint n)
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

/* A busy machine wakes the relay and the peer at different moments, which is jitter of its own. So not each
 * of the reports must agree with the wire to the millisecond, but a good part of them; a wrong formula never
 * would. Returns the wire's jitter at the end, in seconds. */
static double compare_jitter(const Call *call, int to)
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
        g_printerr("%s: %u of %u agree on the jitter\n", NAMES[to], agree, n);
    CU_ASSERT_TRUE(n >= 5);
    CU_ASSERT_TRUE(agree * 4 >= n);
    return wire;
}

/* Nothing but STUN, DTLS and encrypted RTP and RTCP; of the first payload byte, which VP8 in the clear would
 * hold to a few values (RFC 7741 section 4.2), every value comes about equally often. */
static void nothing_is_in_the_clear(const Call *call)
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

/* ---- clean ---- */

static void chat_both_ways(Call *call)
{
    for (int i = 0; i < 2; i++) {
        const cJSON *chat;
        gint64 sent_us, round_trip_us;

        vcb_subject_send(call->peers[i], "{'type': 'send-chat', 'text': 'from %s, \\u00e4\\n2'}", NAMES[i]);
        chat = vcb_subject_wait(call->peers[!i], "{'type': 'chat'}");
        VCB_ASSERT_STRING(vcb_json_string(chat, "text", NULL),
                          i ? "from bob, \xc3\xa4\n2" : "from alice, \xc3\xa4\n2");
        sent_us = vcb_json_int(chat, "sent_us", -1);
        CU_ASSERT_TRUE(sent_us > 0 && sent_us < vcb_json_int(chat, "t_us", 0));
        vcb_subject_wait(call->peers[i], "{'type': 'state', 'value': 'chat-sent'}");
        round_trip_us = vcb_json_int(
            vcb_subject_wait(call->peers[i], "{'type': 'state', 'value': 'datachannel-rtt'}"), "rtt_us", -1);
        CU_ASSERT_TRUE(round_trip_us > 0 && round_trip_us < 200 * MS);
    }
}

static guint video_packets_between(const Call *call, int from, gint64 from_us, gint64 to_us)
{
    const GArray *log = vcb_udp_relay_log(call->relay);
    guint n = 0;

    for (guint i = 0; i < log->len; i++) {
        const VcbRelayed *datagram = &g_array_index(log, VcbRelayed, i);

        n += datagram->class == VCB_DATAGRAM_RTP && datagram->from == from &&
             datagram->payload_type != call->audio && datagram->in_us > from_us && datagram->in_us < to_us;
    }
    return n;
}

static double silence_in(const cJSON *stats)
{
    return vcb_json_number(vcb_stats_object(stats, "inbound-rtp", "audio"), "vcbSilenceDuration", -1);
}

static double level_in(const cJSON *stats)
{
    return vcb_json_number(vcb_stats_object(stats, "inbound-rtp", "audio"), "audioLevel", -1);
}

static const cJSON *next_stats(VcbSubject *peer, const cJSON *after)
{
    return vcb_subject_wait_after(peer, after, "{'type': 'stats', 'reason': 'interval'}");
}

/* Alice is silent for a second while Bob shows nothing; each must see just that of the other. */
static void mute_and_stop_for_a_second(Call *call)
{
    VcbSubject *alice = call->peers[0], *bob = call->peers[1];
    const cJSON *muted, *unmuted, *stopped, *started, *stats;
    double silence_before, muted_s;
    gint64 stopped_us, started_us;

    stats = next_stats(bob, vcb_subject_wait(bob, "{'type': 'chat'}"));
    silence_before = silence_in(stats);
    VCB_ASSERT_NEAR(level_in(stats), 0.5 / sqrt(2), 0.03); /* a sine of amplitude 0.5 */
    vcb_subject_send(alice, "{'type': 'mute'}");
    vcb_subject_send(bob, "{'type': 'stop-video'}");
    muted = vcb_subject_wait(alice, "{'type': 'state', 'value': 'muted'}");
    stopped = vcb_subject_wait(bob, "{'type': 'state', 'value': 'video-stopped'}");
    vcb_run_for(1000 * MS);
    stats = next_stats(bob, vcb_subject_find(bob, stopped, "{'type': 'stats'}"));
    VCB_ASSERT_NEAR(level_in(stats), 0, 0.001);
    vcb_subject_send(alice, "{'type': 'unmute'}");
    vcb_subject_send(bob, "{'type': 'start-video'}");
    unmuted = vcb_subject_wait(alice, "{'type': 'state', 'value': 'unmuted'}");
    started = vcb_subject_wait(bob, "{'type': 'state', 'value': 'video-started'}");
    muted_s = (double)(vcb_json_int(unmuted, "t_us", 0) - vcb_json_int(muted, "t_us", 0)) / 1e6;
    stopped_us = vcb_json_int(stopped, "t_us", 0);
    started_us = vcb_json_int(started, "t_us", 0);

    vcb_run_for(700 * MS); /* sound and picture again */
    stats = next_stats(bob, vcb_subject_find(bob, NULL, "{'type': 'stats', 'reason': 'interval'}"));
    for (const cJSON *newer; (newer = vcb_subject_find(bob, stats, "{'type': 'stats'}"));)
        stats = newer;
    VCB_ASSERT_NEAR(silence_in(stats) - silence_before, muted_s, 0.150);
    VCB_ASSERT_NEAR(level_in(stats), 0.5 / sqrt(2), 0.03);
    /* What was in the encoder when it stopped may still come. */
    CU_ASSERT_EQUAL(video_packets_between(call, 1, stopped_us + 100 * MS, started_us), 0);
    CU_ASSERT_TRUE(video_packets_between(call, 1, started_us, started_us + 500 * MS) >= 10);
    CU_ASSERT_TRUE(video_packets_between(call, 0, stopped_us, started_us) >= 20);
    CU_ASSERT_TRUE(vcb_json_number(vcb_stats_object(stats, "inbound-rtp", "video"), "framesPerSecond", 0) >=
                   20);
}

static void on_a_clean_path_every_number_is_the_wires(void)
{
    Call call = {0};
    const cJSON *last[2];

    begin(&call, NULL, "{'stats_interval_ms': 200}");
    chat_both_ways(&call);
    mute_and_stop_for_a_second(&call);
    stop_video_of_both(&call);
    for (int i = 0; i < 2; i++)
        last[i] = vcb_subject_hang_up(call.peers[i]);
    for (int i = 0; i < 2; i++) {
        const cJSON *video = vcb_stats_object(last[i], "inbound-rtp", "video");

        compare_out(&call, i, "video", last[i], TRUE);
        compare_out(&call, i, "audio", last[i], FALSE);
        if (compare_in(&call, i, "video", last[i], TRUE) == 0)
            compare_frames(&call, i, last[i]); /* else the first key frame is not whole */
        compare_in(&call, i, "audio", last[i], FALSE);
        compare_retransmissions(&call, i, last[i], last[!i]);
        compare_jitter(&call, i);
        CU_ASSERT_EQUAL(vcb_json_int(video, "nackCount", -1), 0);
        CU_ASSERT_EQUAL(vcb_json_int(video, "pliCount", -1),
                        vcb_json_int(vcb_stats_object(last[!i], "outbound-rtp", "video"), "pliCount", -2));
        VCB_ASSERT_STRING(
            vcb_json_string(vcb_stats_object(last[i], "local-candidate", NULL), "candidateType", NULL),
            "prflx");
    }
    /* The stop of bob's video was a freeze for alice, and none for him. */
    CU_ASSERT_EQUAL(vcb_json_int(vcb_stats_object(last[0], "inbound-rtp", "video"), "freezeCount", -1), 1);
    VCB_ASSERT_NEAR(
        vcb_json_number(vcb_stats_object(last[0], "inbound-rtp", "video"), "totalFreezesDuration", -1), 1.1,
        0.3);
    nothing_is_in_the_clear(&call);
    end(&call);
}

/* ---- loss ---- */

/* Every 10th video packet of alice, once losing; retransmissions and audio pass. */
static gint64 lose_some_video(const VcbRelayed *datagram, gpointer user_data)
{
    Call *call = user_data;

    if (!call->losing || datagram->class != VCB_DATAGRAM_RTP || datagram->from != 0 ||
        datagram->payload_type != call->video)
        return 0;
    return ++call->primary_video % 10 == 0 ? -1 : 0;
}

static gboolean has_lost_10(gpointer user_data)
{
    return ((Call *)user_data)->primary_video >= 105;
}

static gboolean has_gone_on(gpointer user_data)
{
    const Call *call = user_data;

    return wire_of(call, 0, call->video, 0, FALSE, 0, 0).packets >= call->primary_video + 60;
}

static void losses_are_those_of_the_wire_and_are_asked_for_again(void)
{
    Call call = {0};
    const cJSON *last[2], *received, *sent;
    guint frames, decoded, missing = 0;

    begin(&call, lose_some_video, "{'stats_interval_ms': 200}");
    vcb_run_for(700 * MS); /* the path is known, the jitter buffer has settled */
    call.losing = TRUE;
    CU_ASSERT_TRUE(vcb_run_until(has_lost_10, &call));
    call.losing = FALSE; /* so that the last ones are not among the lost, of which nobody could know */
    CU_ASSERT_TRUE(vcb_run_until(has_gone_on, &call));
    stop_video_of_both(&call);
    for (int i = 0; i < 2; i++)
        last[i] = vcb_subject_hang_up(call.peers[i]);
    for (int i = 0; i < 2; i++) {
        compare_out(&call, i, "video", last[i], TRUE);
        missing += compare_in(&call, i, "video", last[i], TRUE);
        compare_out(&call, i, "audio", last[i], FALSE);
        compare_in(&call, i, "audio", last[i], FALSE);
        compare_retransmissions(&call, i, last[i], last[!i]);
    }
    received = vcb_stats_object(last[1], "inbound-rtp", "video");
    sent = vcb_stats_object(last[0], "outbound-rtp", "video");
    CU_ASSERT_EQUAL(vcb_json_int(received, "packetsLost", -1), 10);
    CU_ASSERT_TRUE(vcb_json_int(received, "retransmittedPacketsReceived", -1) >= 7);
    CU_ASSERT_TRUE(vcb_json_int(received, "nackCount", -1) > 0);
    CU_ASSERT_EQUAL(vcb_json_int(received, "nackCount", -1), vcb_json_int(sent, "nackCount", -2));
    CU_ASSERT_EQUAL(vcb_json_int(vcb_stats_object(last[0], "inbound-rtp", "video"), "packetsLost", -1), 0);
    CU_ASSERT_EQUAL(vcb_json_int(vcb_stats_object(last[0], "inbound-rtp", "video"), "nackCount", -1), 0);
    /* Retransmission mends nearly all: a packet here is a frame, so that its loss shows with the next frame,
     * 33 ms on, of the 50 ms that the jitter buffer waits. */
    frames = wire_of(&call, 0, call.video, 0, FALSE, 0, 0).frames;
    decoded = (guint)vcb_json_int(received, "framesDecoded", 0);
    g_print("(%u of %u frames decoded) ", decoded, frames);
    CU_ASSERT_TRUE(decoded <= frames && (decoded + 5 >= frames || missing > 0));
    end(&call);
}

/* ---- delay ---- */

#define ONE_WAY_US (30 * MS)
#define EXTRA_US (10 * MS)

/* 30 ms each way; every second audio packet 10 ms more, so that the jitter is known: |D| is always 10 ms. */
static gint64 hold_all(const VcbRelayed *datagram, gpointer user_data)
{
    Call *call = user_data;
    gboolean audio = datagram->class == VCB_DATAGRAM_RTP && datagram->payload_type == call->audio;

    return ONE_WAY_US + (audio && call->audio_packets[datagram->from]++ % 2 ? EXTRA_US : 0);
}

/* The machine can only add to a round trip: the smallest one is the path's, 60 ms and a little. */
static double smallest(const GArray *values)
{
    double least = G_MAXDOUBLE;

    for (guint i = 0; i < values->len; i++)
        least = MIN(least, g_array_index(values, double, i));
    return least;
}

/* The round trip time of each kind, once for each measurement. */
static double round_trip(const VcbSubject *peer, guint *ret_n)
{
    static const char *const kinds[] = {"audio", "video"};
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        gint64 measured = 0;

        for (const cJSON *stats = NULL; (stats = vcb_subject_find(peer, stats, "{'type': 'stats'}"));) {
            const cJSON *remote = vcb_stats_object(stats, "remote-inbound-rtp", kinds[i]);
            gint64 measurements = vcb_json_int(remote, "roundTripTimeMeasurements", 0);
            double value = vcb_json_number(remote, "roundTripTime", -1);

            if (measurements > measured)
                g_array_append_val(values, value);
            measured = measurements;
        }
    }
    *ret_n = values->len;
    return smallest(values);
}

static double channel_round_trip(const VcbSubject *peer)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));

    for (const cJSON *step = NULL;
         (step = vcb_subject_find(peer, step, "{'type': 'state', 'value': 'datachannel-rtt'}"));) {
        double value = (double)vcb_json_int(step, "rtt_us", -1) / 1e6;

        g_array_append_val(values, value);
    }
    return smallest(values);
}

static gboolean both_measured_round_trips(gpointer user_data)
{
    Call *call = user_data;
    guint n[2];

    if (call->audio_packets[0] < 150 || call->audio_packets[1] < 150)
        return FALSE;

    for (int i = 0; i < 2; i++)
        round_trip(call->peers[i], &n[i]);
    return n[0] >= 2 && n[1] >= 2;
}

static void delay_shows_as_round_trip_and_jitter(void)
{
    /* Sanitizers make a peer slow to answer, by its whole processing: such a build looks for faults, not for
     * times. */
    double tolerance_s = g_strcmp0(g_getenv("VCBENCH_SANITIZED"), "1") == 0 ? 0.5 : 0.005;
    Call call = {0};
    const cJSON *last[2];

    begin(&call, hold_all, "{'stats_interval_ms': 100}");
    CU_ASSERT_TRUE(vcb_run_until(both_measured_round_trips, &call));
    stop_video_of_both(&call);
    for (int i = 0; i < 2; i++)
        last[i] = vcb_subject_hang_up(call.peers[i]);
    for (int i = 0; i < 2; i++) {
        double jitter_s;
        guint n;

        VCB_ASSERT_NEAR(round_trip(call.peers[i], &n), 0.065, tolerance_s);
        VCB_ASSERT_NEAR(channel_round_trip(call.peers[i]), 0.065, tolerance_s);
        compare_out(&call, i, "video", last[i], TRUE);
        if (compare_in(&call, i, "video", last[i], TRUE) == 0)
            compare_frames(&call, i, last[i]);
        jitter_s = compare_jitter(&call, i);
        CU_ASSERT_TRUE(jitter_s > 0.007 &&
                       jitter_s < 0.030); /* 10 ms are made, and the machine adds its own */
    }
    end(&call);
}

VCB_TEST_MAIN("meters",
              {"on a clean path every number is the wire's", on_a_clean_path_every_number_is_the_wires},
              {"losses are those of the wire and are asked for again",
               losses_are_those_of_the_wire_and_are_asked_for_again},
              {"delay shows as round trip and jitter", delay_shows_as_round_trip_and_jitter})
