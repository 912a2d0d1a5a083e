/* What the files of a connection share: its members. Of no use to anybody else.
 *
 *   connection_post.c  how its threads meet
 *   candidates.c       ICE candidates in both directions
 *   connection.c       life, states, tracks, data channel, controls
 *   negotiation.c      offer and answer
 *
 * Each takes from those above it alone. */
#pragma once

#include "peers/gst/chat.h"
#include "peers/gst/connection_events.h"
#include "peers/gst/ice.h"
#include "peers/gst/meters.h"
#include "peers/gst/sender.h"

struct VcbConnection {
    const VcbPeerConfig *config; /* no-ref */
    VcbConnectionEvents events;
    gpointer user_data;
    gboolean closed; /* main thread: events stop */

    GstElement *pipeline; /* owned */
    GstElement *webrtc;   /* owned reference */
    VcbIce *ice;
    VcbMeters *meters;
    VcbSender *audio, *video; /* NULL where none is sent */
    guint bus_watch;

    GMutex receivers_lock;
    GPtrArray *receivers; /* of VcbReceiver; streaming threads add */
    gboolean attach_now;  /* under the lock */

    VcbChat *chat;         /* NULL until there is a channel */
    GPtrArray *transports; /* of GstWebRTCDTLSTransport that we watch; main thread */

    const char *to_create; /* "offer", "answer": waits until webrtcbin knows the caps of our tracks; NULL:
                              nothing does */
    gboolean has_remote_description;
    guint n_remote_sections;
    GQueue early_candidates;   /* of cJSON: remote ones that came before the remote description */
    guint setting_remote;      /* setRemoteDescription calls that are under way */
    GQueue chained_candidates; /* of cJSON: addIceCandidate calls behind them in the operations chain */
    gboolean local_sent;       /* the local description is on its way: its candidates may follow */
    GQueue late_candidates;    /* of cJSON: local ones that wait for that */
    char **mids;               /* of the local description's sections */
    gboolean connected;
};

/* connection.c, for negotiation.c */

/* DTLS transports that came into being; main thread. */
void vcb_connection_watch_transports(VcbConnection *connection);

/* The chat on a new data channel, its events reported from now on. Any thread; the caller owns it. */
VcbChat *vcb_connection_listen(VcbConnection *connection, GObject *channel);
