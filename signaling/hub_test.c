/* The hub with clients that are lists of what they were sent. */
#include "signaling/hub.h"

#include "common/test.h"

#include <string.h>

typedef struct {
    GPtrArray *texts; /* what it was sent */
    int closed;       /* status; 0: open */
    VcbMember *member;
} Fake;

static gint64 wake_us;

static void fake_send(gpointer client, VcbFrame *frame, VcbNote *note)
{
    g_ptr_array_add(((Fake *)client)->texts, g_strdup((const char *)vcb_frame_text(frame)));
    vcb_note_free(note);
}

static void fake_close(gpointer client, int status, const char *reason)
{
    ((Fake *)client)->closed = status;
    ((Fake *)client)->member = NULL;
}

static void fake_wake(gint64 at_us, gpointer user_data)
{
    wake_us = at_us;
}

static VcbHub *hub_new(guint room_size)
{
    static const VcbHubOutput output = {fake_send, fake_close, fake_wake};

    wake_us = G_MAXINT64;
    return vcb_hub_new(room_size, &output, NULL, NULL);
}

static void join(VcbHub *hub, Fake *fake, const char *room, const char *name)
{
    if (!fake->texts)
        fake->texts = g_ptr_array_new_with_free_func(g_free);
    fake->member = vcb_hub_join(hub, room, name, fake);
}

static void leave(VcbHub *hub, Fake *fake)
{
    if (fake->member)
        vcb_hub_leave(hub, fake->member, "closed");
    fake->member = NULL;
    g_ptr_array_unref(fake->texts);
    fake->texts = NULL;
}

static void say(VcbHub *hub, Fake *fake, const char *text, gint64 now_us)
{
    vcb_hub_receive(hub, fake->member, text, strlen(text), now_us);
}

/* The `type`s (and an error's code, a start-call's initiator) that it was sent since the last time, as one
 * text. */
static char *types(Fake *fake)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < fake->texts->len; i++) {
        g_autoptr(cJSON) json = cJSON_Parse(fake->texts->pdata[i]);

        g_string_append_printf(all, "%s%s", i ? " " : "", vcb_json_string(json, "type", "?"));
        if (vcb_json_has(json, "code"))
            g_string_append_printf(all, "(%s)", vcb_json_string(json, "code", "?"));
        if (vcb_json_has(json, "count"))
            g_string_append_printf(all, "(%d)", (int)vcb_json_int(json, "count", -1));
        if (vcb_json_has(json, "initiator"))
            g_string_append_printf(all, "(%d)", vcb_json_bool(json, "initiator", FALSE));
        if (vcb_json_has(json, "from"))
            g_string_append_printf(all, "<%s", vcb_json_string(json, "from", "?"));
    }
    g_ptr_array_set_size(fake->texts, 0);
    return g_string_free(all, FALSE);
}

static void assert_types(Fake *fake, const char *expected)
{
    g_autofree char *got = types(fake);

    VCB_ASSERT_STRING(got, expected);
}

#define OFFER "{\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}"
#define CANDIDATE                                                                                            \
    "{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMid\":\"0\","             \
    "\"sdpMLineIndex\":0}}"

static void a_call_goes_from_join_to_candidates(void)
{
    g_autoptr(VcbHub) hub = hub_new(2);
    Fake alice = {0}, bob = {0};

    join(hub, &alice, "r", "alice");
    join(hub, &bob, "r", "bob");
    assert_types(&alice, "user-count(1) user-count(2)");
    assert_types(&bob, "user-count(2)");
    say(hub, &bob, "{\"type\":\"ready\"}", 0);
    say(hub, &alice, "{\"type\":\"ready\"}", 0);
    assert_types(&alice, "start-call(1)");
    assert_types(&bob, "start-call(0)");
    say(hub, &alice, OFFER, 0);
    say(hub, &alice, CANDIDATE, 0);
    assert_types(&alice, "");
    assert_types(&bob, "offer<alice ice-candidate<alice");
    leave(hub, &alice);
    assert_types(&bob, "user-count(1)");
    leave(hub, &bob);
}

static void a_room_is_there_while_somebody_is_in_it(void)
{
    g_autoptr(VcbHub) hub = hub_new(2);
    Fake alice = {0}, bob = {0};

    CU_ASSERT_EQUAL(vcb_hub_count_rooms(hub), 0);
    join(hub, &alice, "r", NULL);
    join(hub, &bob, "other", NULL);
    CU_ASSERT_EQUAL(vcb_hub_count_rooms(hub), 2);
    say(hub, &alice, OFFER, 0);
    assert_types(&bob, "user-count(1)");
    leave(hub, &alice);
    CU_ASSERT_EQUAL(vcb_hub_count_rooms(hub), 1);
    leave(hub, &bob);
    CU_ASSERT_EQUAL(vcb_hub_count_rooms(hub), 0);
}

static void to_names_one_receiver(void)
{
    g_autoptr(VcbHub) hub = hub_new(3);
    Fake a = {0}, b = {0}, c = {0};

    join(hub, &a, "r", "a");
    join(hub, &b, "r", "b");
    join(hub, &c, "r", "c");
    g_free(types(&a));
    g_free(types(&b));
    g_free(types(&c));
    say(hub, &a, "{\"type\":\"offer\",\"to\":\"c\",\"offer\":{\"type\":\"offer\",\"sdp\":\"\"}}", 0);
    say(hub, &b, OFFER, 0);
    say(hub, &a, "{\"type\":\"offer\",\"to\":\"d\",\"offer\":{\"type\":\"offer\",\"sdp\":\"\"}}", 0);
    say(hub, &a, "{\"type\":\"offer\",\"to\":\"a\",\"offer\":{\"type\":\"offer\",\"sdp\":\"\"}}", 0);
    assert_types(&a, "offer<b error(no-such-peer) error(no-such-peer)");
    assert_types(&b, "");
    assert_types(&c, "offer<a offer<b");
    leave(hub, &a);
    leave(hub, &b);
    leave(hub, &c);
}

static void the_third_is_told_that_the_room_is_full(void)
{
    g_autoptr(VcbHub) hub = hub_new(2);
    Fake a = {0}, b = {0}, c = {0};

    join(hub, &a, "r", NULL);
    join(hub, &b, "r", NULL);
    g_free(types(&a));
    join(hub, &c, "r", NULL);
    CU_ASSERT_PTR_NULL(c.member);
    CU_ASSERT_EQUAL(c.closed, 1013);
    assert_types(&c, "error(room-full)");
    assert_types(&a, "");
    leave(hub, &a);
    leave(hub, &b);
    leave(hub, &c);
}

static void rules_apply_to_the_announced_room_only(void)
{
    g_autoptr(VcbHub) hub = hub_new(2);
    g_autoptr(cJSON) room =
        cJSON_Parse("{\"room\":\"/r\",\"call\":\"0001\",\"peers\":[\"alice\",\"bob\"],\"rules\":["
                    "{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\",\"time_ms\":5},{"
                    "\"action\":\"both-initiate\"}]}");
    g_autoptr(GError) error = NULL;
    Fake alice = {0}, bob = {0}, c = {0}, d = {0};

    CU_ASSERT_TRUE(vcb_hub_announce_room(hub, room, &error));
    join(hub, &bob, "r", "bob");
    join(hub, &alice, "r", "alice");
    join(hub, &c, "s", NULL);
    join(hub, &d, "s", NULL);
    g_free(types(&alice));
    g_free(types(&bob));
    g_free(types(&d));
    say(hub, &bob, "{\"type\":\"ready\"}", 0);
    say(hub, &alice, "{\"type\":\"ready\"}", 0);
    assert_types(&alice, "start-call(1)");
    assert_types(&bob, "start-call(1)");

    say(hub, &alice, OFFER, 1000);
    say(hub, &c, OFFER, 1000);
    assert_types(&bob, "");
    assert_types(&d, "offer<peer-1");
    CU_ASSERT_EQUAL(wake_us, 6000);
    say(hub, &alice, CANDIDATE, 2000);
    assert_types(&bob, "ice-candidate<alice offer<alice");
    CU_ASSERT_EQUAL(wake_us, G_MAXINT64);

    say(hub, &alice, OFFER, 3000);
    CU_ASSERT_EQUAL(wake_us, 8000);
    vcb_hub_advance(hub, 8000);
    assert_types(&bob, "offer<alice");

    /* A held message does not wait for one that leaves, nor reach the one that comes back under its name. */
    say(hub, &alice, OFFER, 9000);
    leave(hub, &bob);
    CU_ASSERT_EQUAL(wake_us, G_MAXINT64);
    join(hub, &bob, "r", "bob");
    vcb_hub_advance(hub, 20000);
    assert_types(&bob, "user-count(2)");

    vcb_hub_close_room(hub, "r");
    CU_ASSERT_EQUAL(alice.closed, 1000);
    CU_ASSERT_EQUAL(bob.closed, 1000);
    CU_ASSERT_EQUAL(vcb_hub_count_rooms(hub), 1);
    leave(hub, &alice);
    leave(hub, &bob);
    leave(hub, &c);
    leave(hub, &d);
}

static void bad_announcements_change_nothing(void)
{
    static const char *const texts[] = {
        "{\"room\":\"a b\"}",
        "{\"room\":\"r\",\"size\":-1}",
        "{\"room\":\"r\",\"peers\":[\"alice\",\"alice\"]}",
        "{\"room\":\"r\",\"peers\":[3]}",
        "{\"room\":\"r\",\"peers\":[\"\"]}",
        "{\"room\":\"r\",\"rules\":[{\"action\":\"explode\"}]}",
    };
    g_autoptr(VcbHub) hub = hub_new(2);

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(cJSON) message = cJSON_Parse(texts[i]);
        g_autoptr(GError) error = NULL;

        CU_ASSERT_FALSE(vcb_hub_announce_room(hub, message, &error));
        CU_ASSERT_PTR_NOT_NULL(error);
        CU_ASSERT_EQUAL(vcb_hub_count_rooms(hub), 0);
    }
}

VCB_TEST_MAIN("hub", {"a call goes from join to candidates", a_call_goes_from_join_to_candidates},
              {"a room is there while somebody is in it", a_room_is_there_while_somebody_is_in_it},
              {"to names one receiver", to_names_one_receiver},
              {"the third is told that the room is full", the_third_is_told_that_the_room_is_full},
              {"rules apply to the announced room only", rules_apply_to_the_announced_room_only},
              {"bad announcements change nothing", bad_announcements_change_nothing})
