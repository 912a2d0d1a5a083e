/* Two subjects in a room, for tests of what becomes of a call. */
#pragma once

#include "tests/peer/room.h"
#include "tests/peer/subject.h"

typedef struct {
    VcbTestRoom *room;
    VcbSubject *alice, *bob; /* alice initiates */
} VcbTestCall;

/* Start both, configure them with these changes (see vcb_subject_configure), join a room with this filter. */
void vcb_test_call_begin(VcbTestCall *call, const char *for_alice, const char *for_bob,
                         VcbTestRoomFilter filter, gpointer user_data);

/* Wait until both say `connected`. */
void vcb_test_call_wait_connected(VcbTestCall *call);

/* Wait until this peer has decoded a frame of this kind. */
void vcb_test_wait_frame(VcbSubject *peer, const char *kind);

/* Both quit with status 0. */
void vcb_test_call_end(VcbTestCall *call);
