/* A signaling server inside the test, for one room (docs/signaling.md): what passes through it can be looked
 * at, changed, withheld and made up. On the default GLib loop; all calls and callbacks on its thread. */
#pragma once

#include "common/json.h"

typedef struct VcbTestRoom VcbTestRoom;

/* Look at, or change, what `from` sends. FALSE: it is not relayed. */
typedef gboolean (*VcbTestRoomFilter)(const char *from, cJSON *message, gpointer user_data);

/* `size` peers make the room full: once they all are ready the first that came is told to initiate. 0: nobody
 * is told anything, the test speaks itself. `filter` may be NULL. Listens on 127.0.0.1, port 0. */
VcbTestRoom *vcb_test_room_new(guint size, VcbTestRoomFilter filter, gpointer user_data);

/* For a peer's `join`. New string. */
char *vcb_test_room_url(const VcbTestRoom *room, const char *name);

/* How many of those who are here have said `ready`. */
guint vcb_test_room_n_ready(const VcbTestRoom *room);

/* To the member of this name; the message stays the caller's. */
void vcb_test_room_send(VcbTestRoom *room, const char *to, const cJSON *message);

void vcb_test_room_free(VcbTestRoom *room);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbTestRoom, vcb_test_room_free)
