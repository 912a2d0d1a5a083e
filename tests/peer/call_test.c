/* What becomes of a call: every codec, source and policy, and the races that a peer must answer as the W3C
 * says. */
#include "tests/peer/call.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define CONNECTED "{'type': 'state', 'name': 'connectionState', 'value': 'connected'}"
#define STEP(value) "{'type': 'state', 'name': 'step', 'value': '" value "'}"

/* ---- media ---- */

static double decoded(const cJSON *stats)
{
    return vcb_json_number(vcb_stats_object(stats, "inbound-rtp", "video"), "framesDecoded", -1);
}

static void both_ways(const char *more, const char *mime_type)
{
    VcbTestCall call;

    vcb_test_call_begin(&call, more, more, NULL, NULL);
    vcb_test_call_wait_connected(&call);
    VcbSubject *peers[] = {call.alice, call.bob};
    for (gsize i = 0; i < G_N_ELEMENTS(peers); i++) {
        vcb_test_wait_frame(peers[i], "video");
        vcb_test_wait_frame(peers[i], "audio");
    }
    for (gsize i = 0; i < G_N_ELEMENTS(peers); i++) {
        const cJSON *stats = vcb_subject_hang_up(peers[i]), *object;
        gboolean found = FALSE;

        CU_ASSERT_TRUE(decoded(stats) >= 1);
        cJSON_ArrayForEach (object, vcb_json_array(stats, "report"))
            found |= g_str_equal(vcb_json_string(object, "mimeType", ""), mime_type);
        CU_ASSERT_TRUE(found);
        CU_ASSERT_EQUAL(vcb_subject_count(peers[i], "{'type': 'error'}"), 0);
    }
    vcb_test_call_end(&call);
}

static void vp9_flows_both_ways(void)
{
    both_ways("{'video': {'codec': 'vp9', 'width': 320, 'height': 180, 'bitrate_bps': 400000}}", "video/VP9");
}

static void h264_flows_both_ways(void)
{
    both_ways("{'video': {'codec': 'h264', 'width': 320, 'height': 180, 'bitrate_bps': 400000}}",
              "video/H264");
}

static void every_bundle_policy_connects(void)
{
    both_ways("{'ice': {'local_addresses': ['127.0.0.1'], 'bundle_policy': 'max-bundle'}}", "video/VP8");
    both_ways("{'ice': {'local_addresses': ['127.0.0.1'], 'bundle_policy': 'balanced'}}", "video/VP8");
    both_ways("{'ice': {'local_addresses': ['127.0.0.1'], 'bundle_policy': 'max-compat'}}", "video/VP8");
}

static void who_sends_nothing_receives_all_the_same(void)
{
    static const struct {
        const char *alice, *bob;
        const char *at_alice, *at_bob; /* kinds that come there; "": none */
    } cases[] = {
        {"{'video': null, 'receive': {'video': 'vp8'}}", NULL, "audio video", "audio"},
        {NULL, "{'video': null, 'receive': {'video': 'vp8'}}", "audio", "audio video"},
        {"{'audio': null, 'receive': {'audio': 'opus'}}", NULL, "audio video", "video"},
        {NULL, "{'audio': null}", "video", "audio video"},
        {"{'audio': null, 'video': null, 'receive': {'audio': 'opus', 'video': 'vp8'}}", NULL, "audio video",
         ""},
        {"{'data_channel': false}", "{'data_channel': false}", "audio video", "audio video"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        VcbTestCall call;
        const char *expected[] = {cases[i].at_alice, cases[i].at_bob};

        vcb_test_call_begin(&call, cases[i].alice, cases[i].bob, NULL, NULL);
        vcb_test_call_wait_connected(&call);
        VcbSubject *peers[] = {call.alice, call.bob};
        for (gsize j = 0; j < G_N_ELEMENTS(peers); j++) {
            if (strstr(expected[j], "video"))
                vcb_test_wait_frame(peers[j], "video");
            if (strstr(expected[j], "audio"))
                vcb_test_wait_frame(peers[j], "audio");
        }
        for (gsize j = 0; j < G_N_ELEMENTS(peers); j++) {
            CU_ASSERT_EQUAL(!strstr(expected[j], "video"),
                            !vcb_subject_find(peers[j], NULL, "{'type': 'frame', 'kind': 'video'}"));
            CU_ASSERT_EQUAL(!strstr(expected[j], "audio"),
                            !vcb_subject_find(peers[j], NULL, "{'type': 'frame', 'kind': 'audio'}"));
            CU_ASSERT_EQUAL(vcb_subject_count(peers[j], "{'type': 'error'}"), 0);
            if (i == G_N_ELEMENTS(cases) - 1)
                CU_ASSERT_EQUAL(vcb_subject_count(peers[j], "{'type': 'state', 'name': 'dataChannelState'}"),
                                0);
        }
        vcb_test_call_end(&call);
    }
}

static void tracks_attached_late_were_not_lost(void)
{
    VcbTestCall call;
    VcbSubject *peers[2];

    vcb_test_call_begin(&call, "{'attach_tracks': 'late'}", "{'attach_tracks': 'late'}", NULL, NULL);
    peers[0] = call.alice;
    peers[1] = call.bob;
    for (int i = 0; i < 2; i++) {
        gint64 connected_us, attached_us;

        vcb_subject_wait(peers[i], CONNECTED);
        vcb_test_wait_frame(peers[i], "video");
        vcb_test_wait_frame(peers[i], "audio");
        connected_us = vcb_subject_stamp(peers[i], CONNECTED);
        attached_us = vcb_subject_stamp(peers[i], STEP("track-attached"));
        CU_ASSERT_TRUE(attached_us >= connected_us);
        CU_ASSERT_EQUAL(vcb_subject_count(peers[i], STEP("track-received")), 2);
        CU_ASSERT_EQUAL(vcb_subject_count(peers[i], STEP("track-attached")), 2);
    }
    vcb_test_call_end(&call);
}

/* The one whose channel opens first may speak at once: the other one listens already. */
static void the_first_chat_is_not_lost(void)
{
    VcbTestCall call;

    vcb_test_call_begin(&call, NULL, NULL, NULL, NULL);
    vcb_subject_wait(call.alice, "{'type': 'state', 'name': 'dataChannelState', 'value': 'open'}");
    vcb_subject_send(call.alice, "{'type': 'send-chat', 'text': 'first'}");
    vcb_subject_wait(call.bob, "{'type': 'chat', 'text': 'first'}");
    CU_ASSERT_EQUAL(
        vcb_subject_count(call.alice, "{'type': 'state', 'name': 'dataChannelState', 'value': 'open'}"), 1);
    CU_ASSERT_EQUAL(
        vcb_subject_count(call.bob, "{'type': 'state', 'name': 'dataChannelState', 'value': 'open'}"), 1);
    vcb_test_call_end(&call);
}

/* ---- a file ---- */

/* 12 frames of 64x48 at 25 per second, each of another grey: YUV4MPEG2, which needs no encoder. */
static char *write_y4m(void)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    static const char header[] = "YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n";
    char *path = NULL;
    int fd = g_file_open_tmp("vcb-XXXXXX.y4m", &path, NULL);

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    g_byte_array_append(bytes, (const guint8 *)header, sizeof header - 1);
    for (int i = 0; i < 12; i++) {
        guint8 luma[64 * 48], chroma[64 * 48 / 2];

        memset(luma, 40 + 15 * i, sizeof luma);
        memset(chroma, 128, sizeof chroma);
        g_byte_array_append(bytes, (const guint8 *)"FRAME\n", 6);
        g_byte_array_append(bytes, luma, sizeof luma);
        g_byte_array_append(bytes, chroma, sizeof chroma);
    }
    CU_ASSERT_EQUAL(write(fd, bytes->data, bytes->len), (ssize_t)bytes->len);
    close(fd);
    return path;
}

typedef struct {
    VcbSubject *peer;
    int at_least;
} Decoded;

static gboolean has_decoded(gpointer user_data)
{
    const Decoded *wanted = user_data;
    const cJSON *last = NULL;

    for (const cJSON *stats = NULL; (stats = vcb_subject_find(wanted->peer, stats, "{'type': 'stats'}"));)
        last = stats;
    return last && decoded(last) >= wanted->at_least;
}

static void a_file_is_played_again_when_it_ends(void)
{
    g_autofree char *path = write_y4m();
    g_autofree char *alice =
        g_strdup_printf("{'video': {'source': 'file', 'file': '%s', 'width': 320, 'height': 180, 'fps': 25},"
                        " 'stats_interval_ms': 100}",
                        path);
    VcbTestCall call;
    Decoded wanted;
    double fps;

    vcb_test_call_begin(&call, alice, "{'stats_interval_ms': 100}", NULL, NULL);
    vcb_test_call_wait_connected(&call);
    wanted = (Decoded){call.bob, 50}; /* the file has 12 */
    CU_ASSERT_TRUE(vcb_run_until(has_decoded, &wanted));
    const cJSON *stats = vcb_subject_hang_up(call.bob);
    const cJSON *video = vcb_stats_object(stats, "inbound-rtp", "video");
    CU_ASSERT_EQUAL(vcb_json_int(video, "frameWidth", 0), 320);
    fps = vcb_json_number(video, "framesPerSecond", 0);
    CU_ASSERT_TRUE(fps >= 12 && fps <= 28); /* 25, less what a busy machine takes */
    vcb_test_call_end(&call);
    g_unlink(path);
}

/* ---- races ---- */

typedef struct {
    VcbTestRoom *room;
    cJSON *held_offer;
    guint candidates;
} EarlyIce;

/* Hold the offer until a candidate has overtaken it. */
static gboolean candidates_first(const char *from, cJSON *message, gpointer user_data)
{
    EarlyIce *early = user_data;
    const char *type = vcb_json_string(message, "type", "");

    if (g_str_equal(from, "alice") && g_str_equal(type, "offer")) {
        early->held_offer = cJSON_Duplicate(message, TRUE);
        return FALSE;
    }
    early->candidates += g_str_equal(from, "alice") && g_str_equal(type, "ice-candidate");
    return TRUE;
}

static void let_the_offer_go(VcbTestCall *call, EarlyIce *early)
{
    vcb_test_room_send(call->room, "bob", early->held_offer);
    cJSON_Delete(early->held_offer);
}

static void early_candidates_are_queued_then_added(void)
{
    EarlyIce early = {0};
    VcbTestCall call;

    vcb_test_call_begin(&call, NULL, NULL, candidates_first, &early);
    vcb_subject_wait(call.bob, STEP("candidate-queued"));
    CU_ASSERT_PTR_NULL(vcb_subject_find(call.bob, NULL, STEP("candidate-added")));
    let_the_offer_go(&call, &early);
    vcb_test_call_wait_connected(&call);
    CU_ASSERT_TRUE(vcb_subject_stamp(call.bob, STEP("candidate-queued")) <
                   vcb_subject_stamp(call.bob, STEP("remote-description-set")));
    CU_ASSERT_TRUE(vcb_subject_stamp(call.bob, STEP("candidate-added")) >=
                   vcb_subject_stamp(call.bob, STEP("remote-description-set")));
    CU_ASSERT_EQUAL(vcb_subject_count(call.bob, STEP("candidate-added")),
                    vcb_subject_count(call.bob, STEP("candidate-received")));
    CU_ASSERT_EQUAL(vcb_subject_count(call.bob, STEP("candidate-rejected")), 0);
    vcb_test_call_end(&call);
}

static void without_a_queue_early_candidates_are_rejected(void)
{
    EarlyIce early = {0};
    VcbTestCall call;
    const cJSON *rejected;

    vcb_test_call_begin(&call, NULL, "{'candidate_queue': false}", candidates_first, &early);
    rejected = vcb_subject_wait(call.bob, STEP("candidate-rejected"));
    CU_ASSERT_TRUE(g_str_has_prefix(vcb_json_string(rejected, "reason", ""), "InvalidStateError"));
    vcb_subject_wait(call.bob, "{'type': 'error', 'name': 'InvalidStateError', 'fatal': false}");
    CU_ASSERT_EQUAL(vcb_subject_count(call.bob, STEP("candidate-queued")), 0);
    let_the_offer_go(&call, &early);
    vcb_subject_wait(call.bob, STEP("answer-sent"));
    vcb_test_call_end(&call);
}

/* In order, nothing is rejected, queue or none: a candidate on the heels of its offer waits in the operations
 * chain. */
static void without_a_queue_candidates_in_order_are_added(void)
{
    VcbTestCall call;

    vcb_test_call_begin(&call, "{'candidate_queue': false}", "{'candidate_queue': false}", NULL, NULL);
    vcb_test_call_wait_connected(&call);
    CU_ASSERT_EQUAL(vcb_subject_count(call.bob, STEP("candidate-rejected")), 0);
    CU_ASSERT_EQUAL(vcb_subject_count(call.alice, STEP("candidate-rejected")), 0);
    CU_ASSERT_TRUE(vcb_subject_count(call.bob, STEP("candidate-added")) >= 1);
    vcb_test_call_end(&call);
}

/* ---- one peer, and the test in place of the other ---- */

static void send_description(VcbTestRoom *room, const char *type, const char *sdp)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();
    cJSON *description;

    cJSON_AddStringToObject(message, "type", type);
    description = cJSON_AddObjectToObject(message, type);
    cJSON_AddStringToObject(description, "type", type);
    cJSON_AddStringToObject(description, "sdp", sdp);
    vcb_test_room_send(room, "alice", message);
}

static void start(VcbTestRoom *room, gboolean initiator, const char *first)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();
    cJSON *peers;

    cJSON_AddStringToObject(message, "type", "start-call");
    cJSON_AddBoolToObject(message, "initiator", initiator);
    cJSON_AddStringToObject(message, "you", "alice");
    peers = cJSON_AddArrayToObject(message, "peers");
    cJSON_AddItemToArray(peers, cJSON_CreateString(first));
    vcb_test_room_send(room, "alice", message);
}

static VcbSubject *alone(VcbTestRoom *room, const char *more)
{
    VcbSubject *alice = vcb_subject_new(NULL);

    vcb_subject_configure(alice, "alice", more);
    vcb_subject_join(alice, room);
    return alice;
}

static void an_offer_in_have_local_offer_is_a_state_error(void)
{
    g_autoptr(VcbTestRoom) room = vcb_test_room_new(0, NULL, NULL);
    VcbSubject *alice = alone(room, "{'report_sdp': true}");
    const cJSON *sent;

    start(room, TRUE, "alice");
    sent = vcb_subject_wait(alice, STEP("offer-sent"));
    vcb_subject_wait(alice, "{'type': 'state', 'name': 'signalingState', 'value': 'have-local-offer'}");
    send_description(room, "offer", vcb_json_string(sent, "sdp", "")); /* as good as any other */
    vcb_subject_wait(alice, "{'type': 'error', 'name': 'InvalidStateError', 'fatal': true}");
    CU_ASSERT_EQUAL(vcb_subject_count(alice, STEP("remote-description-set")), 0);
    vcb_subject_quit(alice);
    vcb_subject_free(alice);
}

static void an_answer_in_stable_is_a_state_error(void)
{
    g_autoptr(VcbTestRoom) room = vcb_test_room_new(0, NULL, NULL);
    VcbSubject *alice = alone(room, NULL);

    send_description(room, "answer",
                     "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
                     "a=rtpmap:111 OPUS/48000/2\r\n");
    vcb_subject_wait(alice, "{'type': 'error', 'name': 'InvalidStateError', 'fatal': true}");
    vcb_subject_quit(alice);
    vcb_subject_free(alice);
}

static void garbage_for_a_description_is_an_operation_error(void)
{
    static const char *const garbage[] = {
        "",
        "this is no description",
        "v=0\r\n",
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio\r\n",
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(garbage); i++) {
        g_autoptr(VcbTestRoom) room = vcb_test_room_new(0, NULL, NULL);
        VcbSubject *alice = alone(room, NULL);

        send_description(room, "offer", garbage[i]);
        vcb_subject_wait(alice, "{'type': 'error', 'name': 'OperationError', 'fatal': true}");
        CU_ASSERT_EQUAL(vcb_subject_count(alice, STEP("answer-sent")), 0);
        vcb_subject_quit(alice);
        vcb_subject_free(alice);
    }
}

static void only_the_designated_peer_offers(void)
{
    g_autoptr(VcbTestRoom) room = vcb_test_room_new(0, NULL, NULL);
    VcbSubject *alice = alone(room, "{'glare': 'designated'}");
    const cJSON *told;

    start(room, TRUE, "bob");
    told = vcb_subject_wait(alice, STEP("start-call"));
    CU_ASSERT_TRUE(vcb_json_bool(told, "initiator", FALSE)); /* what it was told, not what it did */
    start(room, TRUE, "alice");
    vcb_subject_wait(alice, STEP("offer-sent"));
    CU_ASSERT_EQUAL(vcb_subject_count(alice, STEP("offer-created")), 1);
    vcb_subject_quit(alice);
    vcb_subject_free(alice);
}

static void a_server_that_goes_before_the_call_is_fatal(void)
{
    VcbTestRoom *room = vcb_test_room_new(0, NULL, NULL);
    VcbSubject *alice = alone(room, NULL);

    vcb_test_room_free(room);
    vcb_subject_wait(alice, STEP("signaling-closed"));
    vcb_subject_wait(alice, "{'type': 'error', 'name': 'signaling-error', 'fatal': true}");
    vcb_subject_quit(alice);
    vcb_subject_free(alice);
}

static void a_server_that_goes_during_the_call_does_not_end_it(void)
{
    VcbTestCall call;

    vcb_test_call_begin(&call, NULL, NULL, NULL, NULL);
    vcb_test_call_wait_connected(&call);
    vcb_test_room_free(call.room);
    call.room = NULL;
    vcb_subject_wait(call.alice, STEP("signaling-closed"));
    vcb_test_wait_frame(call.alice, "video");
    vcb_subject_wait(call.alice, "{'type': 'state', 'name': 'dataChannelState', 'value': 'open'}");
    vcb_subject_send(call.alice, "{'type': 'send-chat', 'text': 'still here'}");
    vcb_subject_wait(call.bob, "{'type': 'chat', 'text': 'still here'}");
    CU_ASSERT_EQUAL(vcb_subject_count(call.alice, "{'type': 'error'}"), 0);
    vcb_test_call_end(&call);
}

/* Whatever its point, a call that loses vcbench leaves nothing behind. */
static void a_closed_control_channel_ends_a_peer_in_a_call(void)
{
    VcbTestCall call;
    gint64 took_us = 0;

    vcb_test_call_begin(&call, NULL, NULL, NULL, NULL);
    vcb_test_call_wait_connected(&call);
    vcb_subject_close_control(call.bob);
    CU_ASSERT_EQUAL(vcb_subject_wait_end(call.bob, &took_us), 0);
    CU_ASSERT_TRUE(took_us < G_USEC_PER_SEC);
    vcb_subject_quit(call.alice);
    vcb_subject_free(call.alice);
    vcb_subject_free(call.bob);
    vcb_test_room_free(call.room);
}

VCB_TEST_MAIN(
    "call", {"VP9 flows both ways", vp9_flows_both_ways}, {"H.264 flows both ways", h264_flows_both_ways},
    {"every bundle policy connects", every_bundle_policy_connects},
    {"who sends nothing receives all the same", who_sends_nothing_receives_all_the_same},
    {"tracks attached late were not lost", tracks_attached_late_were_not_lost},
    {"the first chat is not lost", the_first_chat_is_not_lost},
    {"a file is played again when it ends", a_file_is_played_again_when_it_ends},
    {"early candidates are queued, then added", early_candidates_are_queued_then_added},
    {"without a queue early candidates are rejected", without_a_queue_early_candidates_are_rejected},
    {"without a queue candidates in order are added", without_a_queue_candidates_in_order_are_added},
    {"an offer in have-local-offer is a state error", an_offer_in_have_local_offer_is_a_state_error},
    {"an answer in stable is a state error", an_answer_in_stable_is_a_state_error},
    {"garbage for a description is an operation error", garbage_for_a_description_is_an_operation_error},
    {"only the designated peer offers", only_the_designated_peer_offers},
    {"a server that goes before the call is fatal", a_server_that_goes_before_the_call_is_fatal},
    {"a server that goes during the call does not end it",
     a_server_that_goes_during_the_call_does_not_end_it},
    {"a closed control channel ends a peer in a call", a_closed_control_channel_ends_a_peer_in_a_call})
