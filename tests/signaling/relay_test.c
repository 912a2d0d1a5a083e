/* The real server, what it is for: relay, start of calls, rules, and what it tells vcbench. */
#include "common/clock.h"
#include "common/test.h"
#include "tests/signaling/signald.h"
#include "tests/signaling/ws_client.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define READY "{\"type\":\"ready\"}"
#define OFFER "{\"type\":\"offer\",\"from\":\"mallory\",\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}"
#define ANSWER "{\"type\":\"answer\",\"answer\":{\"type\":\"answer\",\"sdp\":\"v=0\"}}"
#define CANDIDATE                                                                                            \
    "{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMid\":\"0\","             \
    "\"sdpMLineIndex\":0}}"

/* Connect, and read up to the user-count that this brings. */
static WsClient *join(Signald *signald, const char *path)
{
    WsClient *client = ws_client_new(signald->port, path, NULL, NULL);

    CU_ASSERT_EQUAL_FATAL(client->status, 101);
    ws_client_skip(client, "user-count");
    return client;
}

static void messages_reach_everyone_but_the_sender(void)
{
    Signald *signald = signald_start((const char *const[]){"--room-size=3", NULL});
    g_autoptr(WsClient) a = join(signald, "/room-1?name=a");
    g_autoptr(WsClient) b = join(signald, "/room-1?name=b");
    g_autoptr(WsClient) c = join(signald, "/room-1?name=c");
    g_autoptr(WsClient) other = join(signald, "/room-2?name=d");
    WsClient *receivers[] = {b, c};

    ws_client_skip(a, "user-count");
    ws_client_skip(a, "user-count");
    ws_client_skip(b, "user-count");
    ws_client_send(a, OFFER);
    for (gsize i = 0; i < G_N_ELEMENTS(receivers); i++) {
        g_autoptr(cJSON) offer = ws_client_expect(receivers[i], "offer");

        VCB_ASSERT_STRING(vcb_json_string(offer, "from", NULL), "a");
        VCB_ASSERT_STRING(vcb_json_string(vcb_json_object(offer, "offer"), "sdp", NULL), "v=0");
    }
    /* The next thing that a and the other room see is not the offer. */
    ws_client_send(b, CANDIDATE);
    ws_client_skip(a, "ice-candidate");
    ws_client_send(other, "x");
    ws_client_skip(other, "error");
    signald_stop(signald);
}

static void the_call_starts_when_both_are_ready_and_the_first_expected_initiates(void)
{
    Signald *signald = signald_start(NULL);
    const cJSON *received;
    int initiators = 0;

    signald_command(signald, "{\"type\":\"room\",\"room\":\"r\",\"call\":\"0007\",\"seed\":5,\"size\":2,"
                             "\"peers\":[\"alice\",\"bob\"],"
                             "\"rules\":[]}");
    g_autoptr(WsClient) bob = join(signald, "/r?name=bob");
    g_autoptr(WsClient) alice = join(signald, "/r?name=alice");

    ws_client_send(bob, READY);
    ws_client_send(bob, READY);
    ws_client_send(alice, READY);
    g_autoptr(cJSON) first = ws_client_expect(alice, "start-call");
    ws_client_skip(bob, "user-count");
    g_autoptr(cJSON) second = ws_client_expect(bob, "start-call");
    g_autofree char *peers = vcb_json_print(vcb_json_array(second, "peers"));

    CU_ASSERT_TRUE(vcb_json_bool(first, "initiator", FALSE));
    CU_ASSERT_FALSE(vcb_json_bool(second, "initiator", TRUE));
    VCB_ASSERT_STRING(vcb_json_string(first, "you", NULL), "alice");
    VCB_ASSERT_STRING(peers, "[\"alice\",\"bob\"]");

    signald_expect(signald, "joined", "call", "0007", "peer", "bob", NULL);
    received =
        signald_expect(signald, "signal", "message", "ready", "from", "alice", "action", "received", NULL);
    /* Which of the two is written first is up to their sockets. */
    for (int i = 0; i < 2; i++) {
        const cJSON *sent =
            signald_expect(signald, "signal", "message", "start-call", "action", "sent", NULL);
        gboolean is_alice = strcmp(vcb_json_string(sent, "to", ""), "alice") == 0;

        CU_ASSERT_EQUAL(vcb_json_bool(sent, "initiator", !is_alice), is_alice);
        CU_ASSERT_TRUE(vcb_json_int(received, "t_us", 0) <= vcb_json_int(sent, "t_us", 0));
        CU_ASSERT_EQUAL(vcb_json_int(sent, "id", 0), vcb_json_int(received, "id", 0) + 1);
        initiators += is_alice;
    }
    CU_ASSERT_EQUAL(initiators, 1);

    /* One that comes back and is ready again starts a new call. */
    ws_client_send_close(bob, 1000);
    CU_ASSERT_EQUAL(ws_client_expect_close(bob), 1000);
    signald_expect(signald, "left", "peer", "bob", "reason", "closed", "call", "0007", NULL);
    ws_client_skip(alice, "user-count");
    g_autoptr(WsClient) again = join(signald, "/r?name=bob");
    ws_client_skip(alice, "user-count");
    ws_client_send(again, READY);
    ws_client_skip(alice, "start-call");
    ws_client_skip(again, "start-call");
    signald_stop(signald);
}

static void every_copy_is_told_with_its_times(void)
{
    Signald *signald = signald_start((const char *const[]){"--room-size=3", NULL});
    gint64 before_us, t_us;

    signald_command(signald, "{\"type\":\"room\",\"room\":\"r\",\"call\":\"1\",\"size\":3}");
    g_autoptr(WsClient) a = join(signald, "/r?name=a");
    g_autoptr(WsClient) b = join(signald, "/r?name=b");
    g_autoptr(WsClient) c = join(signald, "/r?name=c");

    before_us = vcb_clock_now_us();
    ws_client_send(a, CANDIDATE);
    ws_client_skip(b, "user-count");
    ws_client_skip(b, "ice-candidate");
    ws_client_skip(c, "ice-candidate");
    const cJSON *received = signald_expect(signald, "signal", "message", "ice-candidate", "action",
                                           "received", "from", "a", NULL);
    t_us = vcb_json_int(received, "t_us", 0);
    CU_ASSERT_TRUE(t_us >= before_us);
    CU_ASSERT_EQUAL(vcb_json_int(received, "bytes", 0), (gint64)strlen(CANDIDATE));
    const cJSON *first = signald_expect(signald, "signal", "action", "sent", "from", "a", NULL);
    const cJSON *second = signald_expect(signald, "signal", "action", "sent", "from", "a", NULL);
    CU_ASSERT_TRUE(t_us <= vcb_json_int(first, "t_us", 0));
    CU_ASSERT_EQUAL(vcb_json_int(first, "id", -1), vcb_json_int(received, "id", -2));
    CU_ASSERT_EQUAL(vcb_json_int(second, "id", -1), vcb_json_int(received, "id", -2));
    CU_ASSERT_STRING_NOT_EQUAL(vcb_json_string(first, "to", ""), vcb_json_string(second, "to", ""));
    signald_stop(signald);
}

static void a_held_offer_comes_after_the_candidates(void)
{
    Signald *signald = signald_start(NULL);
    const char *const expected[] = {"ice-candidate", "ice-candidate", "offer", "ice-candidate"};

    signald_command(
        signald, "{\"type\":\"room\",\"room\":\"r\",\"call\":\"1\",\"peers\":[\"alice\",\"bob\"],\"rules\":["
                 "{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\",\"count\":2,"
                 "\"time_ms\":60000}]}");
    g_autoptr(WsClient) alice = join(signald, "/r?name=alice");
    g_autoptr(WsClient) bob = join(signald, "/r?name=bob");

    ws_client_send(alice, OFFER);
    for (int i = 0; i < 3; i++)
        ws_client_send(alice, CANDIDATE);
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
        ws_client_skip(bob, expected[i]);
    signald_expect(signald, "decision", "action", "held", "message", "offer", "from", "alice", "to", "bob",
                   "rule", "0", "call", "1", NULL);
    signald_expect(signald, "decision", "action", "released", "message", "offer", "reason",
                   "2 ice-candidate sent on", NULL);
    CU_ASSERT_EQUAL(signald_count(signald, "decision", NULL), 2);
    signald_stop(signald);
}

static void a_delay_ends_by_the_clock(void)
{
    Signald *signald = signald_start(NULL);
    gint64 delay_us;

    signald_command(
        signald, "{\"type\":\"room\",\"room\":\"r\",\"call\":\"1\",\"peers\":[\"alice\",\"bob\"],\"rules\":["
                 "{\"action\":\"delay\",\"message\":\"answer\",\"time_ms\":50}]}");
    g_autoptr(WsClient) alice = join(signald, "/r?name=alice");
    g_autoptr(WsClient) bob = join(signald, "/r?name=bob");

    ws_client_skip(alice, "user-count");
    ws_client_send(bob, ANSWER);
    ws_client_send(bob, CANDIDATE);
    ws_client_skip(alice, "ice-candidate"); /* overtakes */
    ws_client_skip(alice, "answer");
    const cJSON *received =
        signald_expect(signald, "signal", "action", "received", "message", "answer", NULL);
    signald_expect(signald, "decision", "action", "delayed", "reason", "by 50 ms", NULL);
    const cJSON *sent = signald_expect(signald, "signal", "action", "sent", "message", "answer", NULL);
    delay_us = vcb_json_int(sent, "t_us", 0) - vcb_json_int(received, "t_us", 0);
    CU_ASSERT_TRUE(delay_us >= 50 * 1000);
    signald_stop(signald);
}

static void both_initiate_by_rule(void)
{
    Signald *signald = signald_start(NULL);

    signald_command(signald, "{\"type\":\"room\",\"room\":\"r\",\"call\":\"1\",\"peers\":[\"alice\",\"bob\"],"
                             "\"rules\":[{\"action\":\"both-initiate\"}]}");
    g_autoptr(WsClient) alice = join(signald, "/r?name=alice");
    g_autoptr(WsClient) bob = join(signald, "/r?name=bob");

    ws_client_skip(alice, "user-count");
    ws_client_send(alice, READY);
    ws_client_send(bob, READY);
    g_autoptr(cJSON) first = ws_client_expect(alice, "start-call");
    g_autoptr(cJSON) second = ws_client_expect(bob, "start-call");
    CU_ASSERT_TRUE(vcb_json_bool(first, "initiator", FALSE));
    CU_ASSERT_TRUE(vcb_json_bool(second, "initiator", FALSE));
    signald_expect(signald, "decision", "action", "both-initiate", "message", "start-call", "to", "bob",
                   NULL);
    CU_ASSERT_EQUAL(signald_count(signald, "decision", NULL), 1);
    signald_stop(signald);
}

static void a_closed_room_sends_its_peers_away(void)
{
    Signald *signald = signald_start(NULL);

    signald_command(signald,
                    "{\"type\":\"room\",\"room\":\"r\",\"call\":\"1\",\"peers\":[\"alice\",\"bob\"]}");
    g_autoptr(WsClient) alice = join(signald, "/r?name=alice");
    g_autoptr(WsClient) other = join(signald, "/s");

    signald_command(signald, "{\"type\":\"close-room\",\"room\":\"r\"}");
    CU_ASSERT_EQUAL(ws_client_expect_close(alice), 1000);
    signald_expect(signald, "left", "peer", "alice", "reason", "room-closed", NULL);
    ws_client_send(other, "x");
    ws_client_skip(other, "error");
    signald_stop(signald);
}

static void unknown_commands_are_answered(void)
{
    Signald *signald = signald_start(NULL);

    signald_command(signald, "{\"type\":\"dance\"}");
    signald_expect(signald, "error", NULL);
    signald_command(signald, "{\"type\":\"room\",\"room\":\"r\",\"rules\":[{\"action\":\"hodl\"}]}");
    const cJSON *error = signald_expect(signald, "error", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(error, "message", ""), "\"hold\" was perhaps meant"));
    signald_stop(signald);
}

static void sigterm_says_goodbye_within_a_second(void)
{
    Signald *signald = signald_start(NULL);
    g_autoptr(WsClient) polite = join(signald, "/r?name=a");
    WsClient *deaf = join(signald, "/r?name=b"); /* reads nothing, and answers no close */
    gint64 asked_us = vcb_clock_now_us();

    kill(vcb_child_pid(signald->child), SIGTERM);
    CU_ASSERT_EQUAL(ws_client_expect_close(polite), 1001);
    CU_ASSERT_EQUAL(signald_wait_exit(signald), 0);
    CU_ASSERT_TRUE(vcb_clock_now_us() - asked_us < G_USEC_PER_SEC);
    signald_expect(signald, "left", "peer", "a", "reason", "server-stopping", NULL);
    ws_client_free(deaf);
    signald_free(signald);
}

static void the_end_of_the_channel_ends_it(void)
{
    Signald *signald = signald_start(NULL);
    g_autoptr(WsClient) client = join(signald, "/r");

    g_clear_pointer(&signald->channel, vcb_channel_free);
    CU_ASSERT_EQUAL(ws_client_expect_close(client), 1001);
    CU_ASSERT_EQUAL(signald_wait_exit(signald), 0);
    signald_free(signald);
}

VCB_TEST_MAIN("signald: relay",
              {"messages reach everyone but the sender", messages_reach_everyone_but_the_sender},
              {"the call starts when both are ready, and the first expected initiates",
               the_call_starts_when_both_are_ready_and_the_first_expected_initiates},
              {"every copy is told with its times", every_copy_is_told_with_its_times},
              {"a held offer comes after the candidates", a_held_offer_comes_after_the_candidates},
              {"a delay ends by the clock", a_delay_ends_by_the_clock},
              {"both initiate by rule", both_initiate_by_rule},
              {"a closed room sends its peers away", a_closed_room_sends_its_peers_away},
              {"unknown commands are answered", unknown_commands_are_answered},
              {"SIGTERM says goodbye within a second", sigterm_says_goodbye_within_a_second},
              {"the end of the channel ends it", the_end_of_the_channel_ends_it})
