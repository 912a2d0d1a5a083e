/* What the files of a connection share: its members, and how its threads meet. Of no use to anybody else.
 *
 *   connection.c   life, states, tracks, data channel, controls
 *   negotiation.c  offer and answer
 *   candidates.c   ICE candidates in both directions
 */
#pragma once

#include "peers/gst/chat.h"
#include "peers/gst/connection.h"
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

/* Run on the main thread, in the order of posting; never once the connection is closed. `run` owns the data;
 * `free_data` is for a task that comes too late. Any thread. */
void vcb_connection_post(VcbConnection *connection, void (*run)(VcbConnection *connection, gpointer data),
                         gpointer data, GDestroyNotify free_data);

/* For whoever keeps a connection beyond its life, as a promise does. */
VcbConnection *vcb_connection_ref(VcbConnection *connection);
void vcb_connection_unref(VcbConnection *connection);

/* Tell vcbench. Takes the message over. Any thread. */
void vcb_connection_report(VcbConnection *connection, cJSON *message);
void vcb_connection_report_error(VcbConnection *connection, const char *name, const char *message,
                                 gboolean fatal);

/* DTLS transports that came into being; main thread. */
void vcb_connection_watch_transports(VcbConnection *connection);

/* The chat on a new data channel, its events reported from now on. Any thread; the caller owns it. */
VcbChat *vcb_connection_listen(VcbConnection *connection, GObject *channel);

/* candidates.c, all on the main thread but the first */
void vcb_candidates_watch(VcbConnection *connection);       /* connect webrtcbin's signals */
void vcb_candidates_send_late(VcbConnection *connection);   /* the local description is on its way */
void vcb_candidates_apply_early(VcbConnection *connection); /* the remote description is set */
void vcb_candidates_run_chained(VcbConnection *connection); /* a setRemoteDescription is done, well or not */
void vcb_candidates_clear(VcbConnection *connection);
