/* The real server and clients that break its limits: each is told, closed with the right status, and disturbs
 * nobody. A polite pair in a room of its own calls through the same server all the while. */
#include "common/clock.h"
#include "common/test.h"
#include "tests/signaling/signald.h"
#include "tests/signaling/ws_client.h"

#include <string.h>
#include <sys/socket.h>

#define CANDIDATE                                                                                            \
    "{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMid\":\"0\","             \
    "\"sdpMLineIndex\":0}}"

static WsClient *join(Signald *signald, const char *path)
{
    WsClient *client = ws_client_new(signald->port, path, NULL, NULL);

    CU_ASSERT_EQUAL_FATAL(client->status, 101);
    ws_client_skip(client, "user-count");
    return client;
}

/* A server with an innocent pair, which must get on whatever happens. */
typedef struct {
    Signald *signald;
    WsClient *left, *right;
} Scene;

static Scene scene_new(const char *const *flags)
{
    Scene scene = {.signald = signald_start(flags)};

    scene.left = join(scene.signald, "/innocent?name=left");
    scene.right = join(scene.signald, "/innocent?name=right");
    ws_client_skip(scene.left, "user-count");
    return scene;
}

static void assert_undisturbed(Scene *scene)
{
    ws_client_send(scene->left, CANDIDATE);
    ws_client_skip(scene->right, "ice-candidate");
    ws_client_send(scene->right, CANDIDATE);
    ws_client_skip(scene->left, "ice-candidate");
}

static void scene_end(Scene *scene)
{
    assert_undisturbed(scene);
    ws_client_free(scene->left);
    ws_client_free(scene->right);
    signald_stop(scene->signald);
}

static void assert_error(WsClient *client, const char *code)
{
    g_autoptr(cJSON) error = ws_client_expect(client, "error");

    VCB_ASSERT_STRING(vcb_json_string(error, "code", NULL), code);
}

/* A candidate message of exactly this many bytes. */
static char *message_of(gsize length)
{
    static const char format[] =
        "{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"\"},\"x\":\"%s\"}";
    g_autofree char *filler = g_strnfill(length - (strlen(format) - 2), 'x');

    return g_strdup_printf("{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"\"},\"x\":\"%s\"}",
                           filler);
}

static void the_third_in_a_room_of_two_is_refused(void)
{
    Scene scene = scene_new(NULL);
    g_autoptr(WsClient) third = ws_client_new(scene.signald->port, "/innocent?name=third", NULL, NULL);

    assert_error(third, "room-full");
    CU_ASSERT_EQUAL(ws_client_expect_close(third), 1013);
    signald_expect(scene.signald, "refused", "peer", "third", "code", "room-full", NULL);
    scene_end(&scene);
}

static void the_largest_message_passes_and_one_byte_more_does_not(void)
{
    Scene scene = scene_new((const char *const[]){"--max-message=5000", NULL});
    g_autoptr(WsClient) a = join(scene.signald, "/r?name=a");
    g_autoptr(WsClient) b = join(scene.signald, "/r?name=b");
    g_autofree char *largest = message_of(5000), *too_large = message_of(5001);

    ws_client_skip(a, "user-count");
    ws_client_send(a, largest);
    ws_client_skip(b, "ice-candidate");
    ws_client_send(a, too_large);
    assert_error(a, "too-large");
    CU_ASSERT_EQUAL(ws_client_expect_close(a), 1009);
    ws_client_skip(b, "user-count");
    signald_expect(scene.signald, "refused", "peer", "a", "code", "too-large", NULL);
    signald_expect(scene.signald, "left", "peer", "a", "reason", "too-large", NULL);
    scene_end(&scene);
}

static void fragments_count_as_the_message_that_they_are(void)
{
    Scene scene = scene_new((const char *const[]){"--max-message=5000", NULL});
    g_autoptr(WsClient) a = join(scene.signald, "/r?name=a");
    g_autoptr(WsClient) b = join(scene.signald, "/r?name=b");
    g_autofree char *largest = message_of(5000);
    guint8 byte = ' ';

    ws_client_skip(a, "user-count");
    for (gsize at = 0; at < 5000; at += 1000) {
        ws_client_send_frame(a, at == 4000, at == 0 ? 1 : 0, largest + at, 1000);
        ws_client_send_frame(a, TRUE, 10, "pong", 4); /* control frames may stand between */
    }
    ws_client_skip(b, "ice-candidate");
    ws_client_send_frame(a, FALSE, 1, largest, 2500);
    ws_client_send_frame(a, FALSE, 0, largest, 2500);
    ws_client_send_frame(a, TRUE, 0, &byte, 1);
    assert_error(a, "too-large");
    CU_ASSERT_EQUAL(ws_client_expect_close(a), 1009);
    scene_end(&scene);
}

static void endless_empty_fragments_end(void)
{
    Scene scene = scene_new(NULL);
    g_autoptr(WsClient) a = join(scene.signald, "/r?name=a");

    ws_client_send_frame(a, FALSE, 1, "{", 1);
    for (int i = 0; i < 3000; i++)
        ws_client_send_frame(a, FALSE, 0, "", 0);
    assert_error(a, "too-many");
    CU_ASSERT_EQUAL(ws_client_expect_close(a), 1008);
    scene_end(&scene);
}

static void a_frame_that_announces_gigabytes_is_refused_at_once(void)
{
    static const guint8 head[] = {0x81, 0xff, 0, 0, 0, 0x40, 0, 0, 0, 0, 1, 2, 3, 4, '{'};
    Scene scene = scene_new(NULL);
    g_autoptr(WsClient) a = join(scene.signald, "/r?name=a");
    g_autofree char *block = g_strnfill(4096, 'x');

    ws_client_send_raw(a, head, sizeof head);
    ws_client_send_raw(a, block, 4096);
    assert_error(a, "too-large");
    CU_ASSERT_EQUAL(ws_client_expect_close(a), 1009);
    scene_end(&scene);
}

static void who_talks_too_fast_is_closed(void)
{
    Scene scene = scene_new((const char *const[]){"--max-rate=50", NULL});
    g_autoptr(WsClient) a = join(scene.signald, "/r?name=a");
    guint errors = 0;
    cJSON *json;

    for (int i = 0; i < 500; i++)
        ws_client_send(a, "{}");
    while ((json = ws_client_receive(a))) {
        const char *code = vcb_json_string(json, "code", "");

        errors += strcmp(code, "bad-message") == 0;
        if (strcmp(code, "bad-message") != 0)
            VCB_ASSERT_STRING(code, "too-many");
        cJSON_Delete(json);
    }
    CU_ASSERT_EQUAL(a->close_status, 1008);
    CU_ASSERT_TRUE(errors >= 50 && errors < 500);
    signald_expect(scene.signald, "left", "peer", "a", "reason", "too-many", NULL);
    scene_end(&scene);
}

static void nonsense_is_answered_and_disturbs_nobody(void)
{
    static const char *const texts[] = {
        "hello", "{", "{}", "[]", "{\"type\":\"offer\"}", "{\"type\":\"ready\"}x", ""};
    Scene scene = scene_new(NULL);
    g_autoptr(WsClient) a = join(scene.signald, "/r?name=a");

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        ws_client_send(a, texts[i]);
        assert_error(a, "bad-message");
        assert_undisturbed(&scene);
    }
    ws_client_send_frame(a, TRUE, 2, "{\"type\":\"ready\"}", 16);
    assert_error(a, "bad-message");
    ws_client_send(a, "{\"type\":\"start-call\",\"initiator\":true}");
    assert_error(a, "unknown-type");
    ws_client_send(a, "{\"type\":\"offer\",\"to\":\"left\",\"offer\":{\"type\":\"offer\",\"sdp\":\"\"}}");
    assert_error(a, "no-such-peer");
    scene_end(&scene);
}

static void broken_framing_closes_only_its_sender(void)
{
    static const struct {
        const char *bytes;
        gsize length;
        int status; /* 0: any end will do */
    } cases[] = {
        {"\x81\x82\x00\x00\x00\x00\xc3\x28", 8, 1007},       /* not UTF-8 */
        {"\x83\x80\x00\x00\x00\x00", 6, 1002},               /* a reserved opcode */
        {"\xc1\x80\x00\x00\x00\x00", 6, 1002},               /* a reserved bit */
        {"\x80\x80\x00\x00\x00\x00", 6, 1002},               /* a continuation of nothing */
        {"\x09\x80\x00\x00\x00\x00", 6, 1002},               /* a fragmented ping */
        {"\x89\xfe\x01\x00\x00\x00\x00\x00", 8, 0},          /* a ping that is too long */
        {"GET / HTTP/1.1\r\n\r\n", 18, 0},                   /* not WebSocket at all */
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10, 0}, /* noise */
    };
    Scene scene = scene_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(WsClient) a = join(scene.signald, "/r?name=a");
        int status;

        ws_client_send_raw(a, cases[i].bytes, cases[i].length);
        status = ws_client_expect_close(a);
        CU_ASSERT_TRUE(status >= 0);
        if (cases[i].status && status != cases[i].status)
            g_printerr("case %zu: closed with %d\n", i, status);
        if (cases[i].status)
            CU_ASSERT_EQUAL(status, cases[i].status);
        assert_undisturbed(&scene);
        signald_expect(scene.signald, "left", "peer", "a", NULL);
    }
    scene_end(&scene);
}

static void a_silent_peer_is_pinged_and_a_dead_one_removed(void)
{
    Signald *signald = signald_start((const char *const[]){"--ping-interval=0.1", "--dead-after=0.5", NULL});
    g_autoptr(WsClient) alive = join(signald, "/r?name=alive");
    WsClient *dead = join(signald, "/r?name=dead");
    gint64 since_us = vcb_clock_now_us();

    /* `alive` has said something, and answers its pings while it waits for the news that `dead`, which reads nothing, is gone. */
    ws_client_send(alive, "{\"type\":\"ready\"}");
    ws_client_skip(alive, "user-count");
    g_autoptr(cJSON) count = ws_client_expect(alive, "user-count");
    CU_ASSERT_EQUAL(vcb_json_int(count, "count", 0), 1);
    CU_ASSERT_TRUE(alive->pings >= 2);
    CU_ASSERT_TRUE(vcb_clock_now_us() - since_us >= 400 * 1000);
    signald_expect(signald, "left", "peer", "dead", "reason", "dead", NULL);
    ws_client_send(alive, "x");
    assert_error(alive, "bad-message");
    ws_client_free(dead);
    signald_stop(signald);
}

static void who_does_not_read_is_cut_off(void)
{
    Signald *signald = signald_start((const char *const[]){"--max-rate=100000", NULL});
    g_autoptr(WsClient) sender = join(signald, "/r?name=sender");
    g_autoptr(WsClient) slow = join(signald, "/r?name=slow");
    g_autofree char *large = message_of(60000);
    const cJSON *left;

    ws_client_skip(sender, "user-count");
    for (int i = 0; i < 2000 && !ws_client_is_readable(sender, 0); i++)
        ws_client_send(sender, large);
    g_autoptr(cJSON) count = ws_client_expect(sender, "user-count");
    CU_ASSERT_EQUAL(vcb_json_int(count, "count", 0), 1);
    signald_expect(signald, "refused", "peer", "slow", "code", "too-slow", NULL);
    left = signald_expect(signald, "left", "peer", "slow", NULL);
    VCB_ASSERT_STRING(vcb_json_string(left, "reason", NULL), "too-slow");
    /* It finds out when it reads at last: by the status, or by the end. */
    CU_ASSERT_TRUE(ws_client_expect_close(slow) >= 0);
    signald_stop(signald);
}

static void connections_are_limited_and_come_free_again(void)
{
    Signald *signald = signald_start((const char *const[]){"--max-connections=3", NULL});
    WsClient *residents[] = {join(signald, "/r?name=a"), join(signald, "/r?name=b")};

    for (int i = 0; i < 300; i++) {
        g_autoptr(WsClient) c = join(signald, "/s");
        g_autoptr(WsClient) d = ws_client_new(signald->port, "/s", NULL, NULL);

        CU_ASSERT_EQUAL_FATAL(d->status, 503);
        ws_client_send_close(c, 1000);
        CU_ASSERT_EQUAL(ws_client_expect_close(c), 1000);
        signald_expect(signald, "left", NULL);
    }
    ws_client_free(residents[0]);
    ws_client_free(residents[1]);
    signald_stop(signald);
}

VCB_TEST_MAIN("signald: limits",
              {"the third in a room of two is refused", the_third_in_a_room_of_two_is_refused},
              {"the largest message passes, and one byte more does not",
               the_largest_message_passes_and_one_byte_more_does_not},
              {"fragments count as the message that they are", fragments_count_as_the_message_that_they_are},
              {"endless empty fragments end", endless_empty_fragments_end},
              {"a frame that announces gigabytes is refused at once",
               a_frame_that_announces_gigabytes_is_refused_at_once},
              {"who talks too fast is closed", who_talks_too_fast_is_closed},
              {"nonsense is answered and disturbs nobody", nonsense_is_answered_and_disturbs_nobody},
              {"broken framing closes only its sender", broken_framing_closes_only_its_sender},
              {"a silent peer is pinged, and a dead one removed",
               a_silent_peer_is_pinged_and_a_dead_one_removed},
              {"who does not read is cut off", who_does_not_read_is_cut_off},
              {"connections are limited and come free again", connections_are_limited_and_come_free_again})
