#include "tests/peer/call.h"

void vcb_test_call_begin(VcbTestCall *call, const char *for_alice, const char *for_bob,
                         VcbTestRoomFilter filter, gpointer user_data)
{
    call->room = vcb_test_room_new(2, filter, user_data);
    call->alice = vcb_subject_new(NULL);
    call->bob = vcb_subject_new(NULL);
    vcb_subject_configure(call->alice, "alice", for_alice);
    vcb_subject_configure(call->bob, "bob", for_bob);
    vcb_subject_join(call->alice, call->room);
    vcb_subject_join(call->bob, call->room);
}

void vcb_test_call_wait_connected(VcbTestCall *call)
{
    static const char pattern[] = "{'type': 'state', 'name': 'connectionState', 'value': 'connected'}";

    vcb_subject_wait(call->alice, pattern);
    vcb_subject_wait(call->bob, pattern);
}

void vcb_test_wait_frame(VcbSubject *peer, const char *kind)
{
    g_autofree char *pattern =
        g_strdup_printf("{'type': 'frame', 'kind': '%s', 'direction': 'in', 'event': 'first-frame'}", kind);

    vcb_subject_wait(peer, pattern);
}

void vcb_test_call_end(VcbTestCall *call)
{
    vcb_subject_quit(call->alice);
    vcb_subject_quit(call->bob);
    vcb_subject_free(call->alice);
    vcb_subject_free(call->bob);
    vcb_test_room_free(call->room);
}
