/* What the server does with its rooms: who joins and leaves, what is relayed to whom, when a call starts, and
 * what vcbench is told. It knows no sockets: clients are handles that the output functions take.
 *
 *                    +--------------------- hub ----------------------+
 *   join, leave ---> | rooms ---> user-count, start-call -------------|--> output.send
 *   receive -------> | codec ---> scheduler (where a room has rules) -|--> output.send
 *                    |   `---> error                                  |
 *                    +--------------------- events -------------------+--> control channel
 */
#pragma once

#include "signaling/events.h"
#include "signaling/room.h"

typedef struct VcbHub VcbHub;

/* None may call back into the hub, but for vcb_hub_refuse. */
typedef struct {
    /* Queue a frame for this client; it takes a reference, and owns the note (which may be NULL). */
    void (*send)(gpointer client, VcbFrame *frame, VcbNote *note);
    /* Close after what is queued: `status` of RFC 6455 section 7.4. The client's member is gone already. */
    void (*close)(gpointer client, int status, const char *reason);
    /* vcb_hub_advance is to be called at this time; G_MAXINT64: not at all. */
    void (*wake)(gint64 at_us, gpointer user_data);
} VcbHubOutput;

/* room_size: of rooms that vcbench does not announce. events may be NULL and must outlive the hub. */
VcbHub *vcb_hub_new(guint room_size, const VcbHubOutput *output, gpointer user_data, VcbChannel *events);
void vcb_hub_free(VcbHub *hub); /* all members must have left */

/* A client enters a room, which is made where there is none. NULL: it is full; the client was told so and
 * closed. */
VcbMember *vcb_hub_join(VcbHub *hub, const char *room, const char *wanted_name, gpointer client);

/* The member left, for this reason in the log; it is freed. */
void vcb_hub_leave(VcbHub *hub, VcbMember *member, const char *reason);

/* A whole message came from this member. */
void vcb_hub_receive(VcbHub *hub, VcbMember *member, const char *text, gsize length, gint64 now_us);

/* Tell the member, and the log, that something is refused. */
void vcb_hub_refuse(VcbHub *hub, VcbMember *member, VcbRefusal code, const char *message);

/* Let go what the schedulers kept until now. */
void vcb_hub_advance(VcbHub *hub, gint64 now_us);

/* Commands of the control channel: `room` and `close-room`. */
gboolean vcb_hub_announce_room(VcbHub *hub, const cJSON *message, GError **error);
void vcb_hub_close_room(VcbHub *hub, const char *room);

guint vcb_hub_count_rooms(const VcbHub *hub);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbHub, vcb_hub_free)
