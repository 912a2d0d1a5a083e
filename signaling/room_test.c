#include "signaling/room.h"

#include "common/test.h"

#include <string.h>

static void assert_names(const char **names, const char *expected)
{
    g_autofree char *joined = g_strjoinv(" ", (char **)(gpointer)names);

    VCB_ASSERT_STRING(joined, expected);
    g_free(names);
}

static void a_call_starts_when_the_last_one_is_ready(void)
{
    g_autoptr(VcbRoom) room = vcb_room_new("r", 2);
    VcbMember *alice = vcb_room_join(room, "alice", NULL), *bob;

    CU_ASSERT_FALSE(vcb_room_ready(room, alice));
    bob = vcb_room_join(room, "bob", NULL);
    CU_ASSERT_TRUE(vcb_room_ready(room, bob));
    CU_ASSERT_PTR_EQUAL(vcb_room_initiator(room), alice);
}

static void ready_said_twice_changes_nothing(void)
{
    g_autoptr(VcbRoom) room = vcb_room_new("r", 2);
    VcbMember *alice = vcb_room_join(room, "alice", NULL), *bob = vcb_room_join(room, "bob", NULL);

    CU_ASSERT_FALSE(vcb_room_ready(room, alice));
    CU_ASSERT_FALSE(vcb_room_ready(room, alice));
    CU_ASSERT_TRUE(vcb_room_ready(room, bob));
    CU_ASSERT_FALSE(vcb_room_ready(room, bob));
    CU_ASSERT_FALSE(vcb_room_ready(room, alice));
}

static void who_comes_back_and_is_ready_starts_a_new_call(void)
{
    g_autoptr(VcbRoom) room = vcb_room_new("r", 2);
    VcbMember *alice = vcb_room_join(room, "alice", NULL), *bob = vcb_room_join(room, "bob", NULL);

    vcb_room_ready(room, alice);
    CU_ASSERT_TRUE(vcb_room_ready(room, bob));
    vcb_room_leave(room, alice);
    CU_ASSERT_FALSE(vcb_room_ready(room, bob));
    alice = vcb_room_join(room, "alice", NULL);
    CU_ASSERT_FALSE(vcb_room_ready(room, bob));
    CU_ASSERT_TRUE(vcb_room_ready(room, alice));
    CU_ASSERT_PTR_EQUAL(vcb_room_initiator(room), bob); /* who came first, of those that are here */
}

static void a_full_room_refuses(void)
{
    static const guint sizes[] = {1, 2, 3, 7};

    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(VcbRoom) room = vcb_room_new("r", sizes[i]);

        for (guint n = 0; n < sizes[i]; n++)
            CU_ASSERT_PTR_NOT_NULL(vcb_room_join(room, NULL, NULL));
        CU_ASSERT_PTR_NULL(vcb_room_join(room, NULL, NULL));
        vcb_room_leave(room, vcb_room_member(room, 0));
        CU_ASSERT_PTR_NOT_NULL(vcb_room_join(room, NULL, NULL));
    }
}

static void names_are_unique(void)
{
    g_autofree char *longest = g_strnfill(64, 'n');
    g_autoptr(VcbRoom) room = vcb_room_new("r", 8);

    vcb_room_join(room, NULL, NULL);
    vcb_room_join(room, "alice", NULL);
    vcb_room_join(room, "alice", NULL);
    vcb_room_join(room, "peer-2", NULL);
    vcb_room_join(room, NULL, NULL);
    vcb_room_join(room, "alice", NULL);
    assert_names(vcb_room_names(room), "peer-1 alice alice-2 peer-2 peer-3 alice-3");
    vcb_room_join(room, longest, NULL);
    CU_ASSERT_TRUE(strlen(vcb_room_join(room, longest, NULL)->name) <= 64);
}

static void the_first_expected_peer_initiates_whoever_comes_first(void)
{
    static const char *const expected[] = {"alice", "bob", NULL};
    g_autoptr(VcbRoom) room = vcb_room_new("r", 2);
    VcbMember *alice, *bob;

    vcb_room_expect(room, expected, 0);
    bob = vcb_room_join(room, "bob", NULL);
    CU_ASSERT_FALSE(vcb_room_ready(room, bob));
    alice = vcb_room_join(room, "alice", NULL);
    CU_ASSERT_TRUE(vcb_room_ready(room, alice));
    CU_ASSERT_PTR_EQUAL(vcb_room_initiator(room), alice);
    assert_names(vcb_room_names(room), "bob alice");
    assert_names(vcb_room_names_for_call(room), "alice bob");
}

static void places_are_kept_for_expected_peers(void)
{
    static const char *const expected[] = {"alice", "bob", NULL};
    g_autoptr(VcbRoom) room = vcb_room_new("r", 2);

    vcb_room_expect(room, expected, 3);
    CU_ASSERT_EQUAL(vcb_room_size(room), 3);
    CU_ASSERT_PTR_NOT_NULL(vcb_room_join(room, "mallory", NULL));
    CU_ASSERT_PTR_NULL(vcb_room_join(room, "trent", NULL));
    CU_ASSERT_PTR_NOT_NULL(vcb_room_join(room, "bob", NULL));
    CU_ASSERT_PTR_NOT_NULL(vcb_room_join(room, "alice", NULL));
    CU_ASSERT_PTR_NULL(vcb_room_join(room, "alice", NULL));
}

static void a_call_of_expected_peers_waits_for_no_other(void)
{
    static const char *const expected[] = {"alice", "bob", NULL};
    g_autoptr(VcbRoom) room = vcb_room_new("r", 2);
    VcbMember *watcher;

    vcb_room_expect(room, expected, 3);
    watcher = vcb_room_join(room, "watcher", NULL);
    CU_ASSERT_FALSE(vcb_room_ready(room, watcher));
    CU_ASSERT_FALSE(vcb_room_ready(room, vcb_room_join(room, "alice", NULL)));
    CU_ASSERT_TRUE(vcb_room_ready(room, vcb_room_join(room, "bob", NULL)));
    assert_names(vcb_room_names_for_call(room), "alice bob watcher");
}

VCB_TEST_MAIN("room", {"a call starts when the last one is ready", a_call_starts_when_the_last_one_is_ready},
              {"ready said twice changes nothing", ready_said_twice_changes_nothing},
              {"who comes back and is ready starts a new call",
               who_comes_back_and_is_ready_starts_a_new_call},
              {"a full room refuses", a_full_room_refuses}, {"names are unique", names_are_unique},
              {"the first expected peer initiates, whoever comes first",
               the_first_expected_peer_initiates_whoever_comes_first},
              {"places are kept for expected peers", places_are_kept_for_expected_peers},
              {"a call of expected peers waits for no other", a_call_of_expected_peers_waits_for_no_other})
