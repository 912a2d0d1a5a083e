/* The proof that a peer's statistics are what went over the socket: two real peers in a call whose every
 * datagram passes a relay of this test, which counts, loses and delays; at the end its log and the peers'
 * last `stats` must agree. Sub-cases: clean, loss, delay. */
#include "common/clock.h"
#include "common/test.h"
#include "tests/peer/relayed_call.h"

#include <math.h>
#include <string.h>

#define MS ((gint64)1000)

/* ---- clean ---- */

static void chat_both_ways(RelayedCall *call)
{
    for (int i = 0; i < 2; i++) {
        const cJSON *chat;
        gint64 sent_us, round_trip_us;

        vcb_subject_send(call->peers[i], "{'type': 'send-chat', 'text': 'from %s, \\u00e4\\n2'}",
                         RELAYED_CALL_NAMES[i]);
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

static guint video_packets_between(const RelayedCall *call, int from, gint64 from_us, gint64 to_us)
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
static void mute_and_stop_for_a_second(RelayedCall *call)
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
    RelayedCall call = {0};
    const cJSON *last[2];

    relayed_call_begin(&call, NULL, "{'stats_interval_ms': 200}");
    chat_both_ways(&call);
    mute_and_stop_for_a_second(&call);
    relayed_call_stop_video(&call);
    for (int i = 0; i < 2; i++)
        last[i] = vcb_subject_hang_up(call.peers[i]);
    for (int i = 0; i < 2; i++) {
        const cJSON *video = vcb_stats_object(last[i], "inbound-rtp", "video");

        relayed_call_compare_out(&call, i, "video", last[i], TRUE);
        relayed_call_compare_out(&call, i, "audio", last[i], FALSE);
        if (relayed_call_compare_in(&call, i, "video", last[i], TRUE) == 0)
            relayed_call_compare_frames(&call, i, last[i]); /* else the first key frame is not whole */
        relayed_call_compare_in(&call, i, "audio", last[i], FALSE);
        relayed_call_compare_retransmissions(&call, i, last[i], last[!i]);
        relayed_call_compare_jitter(&call, i);
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
    relayed_call_nothing_is_in_the_clear(&call);
    relayed_call_end(&call);
}

/* ---- loss ---- */

/* Every 10th video packet of alice, once losing; retransmissions and audio pass. */
static gint64 lose_some_video(const VcbRelayed *datagram, gpointer user_data)
{
    RelayedCall *call = user_data;

    if (!call->losing || datagram->class != VCB_DATAGRAM_RTP || datagram->from != 0 ||
        datagram->payload_type != call->video)
        return 0;
    return ++call->primary_video % 10 == 0 ? -1 : 0;
}

static gboolean has_lost_10(gpointer user_data)
{
    return ((RelayedCall *)user_data)->primary_video >= 105;
}

static gboolean has_gone_on(gpointer user_data)
{
    const RelayedCall *call = user_data;

    return relayed_call_wire(call, 0, call->video, 0, FALSE, 0, 0).packets >= call->primary_video + 60;
}

static void losses_are_those_of_the_wire_and_are_asked_for_again(void)
{
    RelayedCall call = {0};
    const cJSON *last[2], *received, *sent;
    guint frames, decoded, missing = 0;

    relayed_call_begin(&call, lose_some_video, "{'stats_interval_ms': 200}");
    vcb_run_for(700 * MS); /* the path is known, the jitter buffer has settled */
    call.losing = TRUE;
    CU_ASSERT_TRUE(vcb_run_until(has_lost_10, &call));
    call.losing = FALSE; /* so that the last ones are not among the lost, of which nobody could know */
    CU_ASSERT_TRUE(vcb_run_until(has_gone_on, &call));
    relayed_call_stop_video(&call);
    for (int i = 0; i < 2; i++)
        last[i] = vcb_subject_hang_up(call.peers[i]);
    for (int i = 0; i < 2; i++) {
        relayed_call_compare_out(&call, i, "video", last[i], TRUE);
        missing += relayed_call_compare_in(&call, i, "video", last[i], TRUE);
        relayed_call_compare_out(&call, i, "audio", last[i], FALSE);
        relayed_call_compare_in(&call, i, "audio", last[i], FALSE);
        relayed_call_compare_retransmissions(&call, i, last[i], last[!i]);
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
    frames = relayed_call_wire(&call, 0, call.video, 0, FALSE, 0, 0).frames;
    decoded = (guint)vcb_json_int(received, "framesDecoded", 0);
    g_print("(%u of %u frames decoded) ", decoded, frames);
    CU_ASSERT_TRUE(decoded <= frames && (decoded + 5 >= frames || missing > 0));
    relayed_call_end(&call);
}

/* ---- delay ---- */

#define ONE_WAY_US (30 * MS)
#define EXTRA_US (10 * MS)

/* 30 ms each way; every second audio packet 10 ms more, so that the jitter is known: |D| is always 10 ms. */
static gint64 hold_all(const VcbRelayed *datagram, gpointer user_data)
{
    RelayedCall *call = user_data;
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
    RelayedCall *call = user_data;
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
    RelayedCall call = {0};
    const cJSON *last[2];

    relayed_call_begin(&call, hold_all, "{'stats_interval_ms': 100}");
    CU_ASSERT_TRUE(vcb_run_until(both_measured_round_trips, &call));
    relayed_call_stop_video(&call);
    for (int i = 0; i < 2; i++)
        last[i] = vcb_subject_hang_up(call.peers[i]);
    for (int i = 0; i < 2; i++) {
        double jitter_s;
        guint n;

        VCB_ASSERT_NEAR(round_trip(call.peers[i], &n), 0.065, tolerance_s);
        VCB_ASSERT_NEAR(channel_round_trip(call.peers[i]), 0.065, tolerance_s);
        relayed_call_compare_out(&call, i, "video", last[i], TRUE);
        if (relayed_call_compare_in(&call, i, "video", last[i], TRUE) == 0)
            relayed_call_compare_frames(&call, i, last[i]);
        jitter_s = relayed_call_compare_jitter(&call, i);
        CU_ASSERT_TRUE(jitter_s > 0.007 &&
                       jitter_s < 0.030); /* 10 ms are made, and the machine adds its own */
    }
    relayed_call_end(&call);
}

VCB_TEST_MAIN("meters",
              {"on a clean path every number is the wire's", on_a_clean_path_every_number_is_the_wires},
              {"losses are those of the wire and are asked for again",
               losses_are_those_of_the_wire_and_are_asked_for_again},
              {"delay shows as round trip and jitter", delay_shows_as_round_trip_and_jitter})
