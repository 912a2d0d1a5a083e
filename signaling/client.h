/* One WebSocket client: what came from it so far, what is to go to it, how fast it may speak, and how it is
 * closed.
 *
 *   frames -> limits (size, rate) -> whole message -> hub         hub -> queue (bounded) -> WebSocket
 *
 * A client that breaks a limit is told once, leaves its room at once, and is closed when what is queued has
 * gone or CLOSE_TIME has passed; what it sends meanwhile is thrown away. One that does not read, or is
 * silent, is cut off. */
#pragma once

#include "signaling/hub.h"
#include "signaling/options.h"

#include <libwebsockets.h>

typedef struct VcbClient VcbClient;

/* A client whose handshake is done. It is to be freed when the WebSocket is gone. */
VcbClient *vcb_client_new(struct lws *wsi, VcbHub *hub, VcbChannel *events, const VcbOptions *options);
void vcb_client_free(VcbClient *client);

/* Enter a room. Where it is full, the client is being closed on return. */
void vcb_client_join(VcbClient *client, const char *room, const char *wanted_name);

/* Part of a message came: as lws's RECEIVE callback says it. */
void vcb_client_receive(VcbClient *client, const char *data, gsize length);

/* A sign of life that is not a message (a pong). */
void vcb_client_heard(VcbClient *client);

/* The other side began to close, or is gone: leave the room now. */
void vcb_client_gone(VcbClient *client, const char *reason);

/* It can be written to. Nonzero: lws is to close it. */
int vcb_client_write(VcbClient *client);

/* Look at the time: ping it, cut it off when it is dead, or when it does not let itself be closed. */
void vcb_client_tick(VcbClient *client, gint64 now_us);

/* Leave the room, and close with this status once everything queued is written. */
void vcb_client_close(VcbClient *client, int status, const char *reason);

/* For VcbHubOutput. */
void vcb_client_send(gpointer client, VcbFrame *frame, VcbNote *note);
void vcb_client_close_by_hub(gpointer client, int status, const char *reason);
