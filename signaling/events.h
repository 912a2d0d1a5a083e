/* What the server tells vcbench over the control channel (docs/signaling.md), each event stamped. Every
 * function takes a NULL channel, and then does nothing: a server that a person started has none. */
#pragma once

#include "common/channel.h"
#include "signaling/codec.h"
#include "signaling/frame.h"
#include "signaling/scheduler.h"

/* Which room, and which call of vcbench's, an event is of. */
typedef struct {
    const char *room;
    const char *call; /* NULL: vcbench did not announce the room */
} VcbPlace;

void vcb_events_ready(VcbChannel *channel, const char *host, int port, gboolean tls);
void vcb_events_failed(VcbChannel *channel, const char *message);
/* A command of vcbench's that could not be carried out. */
void vcb_events_error(VcbChannel *channel, const char *message);
void vcb_events_joined(VcbChannel *channel, VcbPlace place, const char *peer);
void vcb_events_left(VcbChannel *channel, VcbPlace place, const char *peer, const char *reason);
/* to may be NULL: everyone else. */
void vcb_events_received(VcbChannel *channel, VcbPlace place, gint64 id, const char *type, const char *from,
                         const char *to, gsize bytes, gint64 t_us);
void vcb_events_sent(VcbChannel *channel, const VcbNote *note, gsize bytes, gint64 t_us);
/* type: the message's type, of the copy that was decided about. */
void vcb_events_decision(VcbChannel *channel, VcbPlace place, const VcbDecision *decision, const char *type);
/* peer NULL: it had no name yet. */
void vcb_events_refused(VcbChannel *channel, VcbPlace place, const char *peer, VcbRefusal code,
                        const char *message);
