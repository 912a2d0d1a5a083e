/* The WebSocket to the signaling server (docs/signaling.md), on the GLib main loop. JSON objects in, JSON
 * objects out; what they mean is the caller's business. All calls and callbacks are on the default context's
 * thread. */
#pragma once

#include "common/json.h"

typedef struct VcbSignalingClient VcbSignalingClient;

typedef struct {
    void (*opened)(gpointer user_data);
    void (*message)(const cJSON *message, gpointer user_data);
    /* The connection was lost or never came up; called once. */
    void (*closed)(const char *reason, gpointer user_data);
} VcbSignalingEvents;

/* Connect to ws://host:port/room?name=... or wss:// (a certificate that the lab made itself is accepted).
 * `token`: a JWT for servers that ask for one, or NULL. `loop`: the default context's loop. NULL and an error
 * where the URL is bad. */
VcbSignalingClient *vcb_signaling_client_new(const char *url, const char *token, GMainLoop *loop,
                                             const VcbSignalingEvents *events, gpointer user_data,
                                             GError **error);

/* Queue a message. The message stays the caller's. */
void vcb_signaling_client_send(VcbSignalingClient *client, const cJSON *message);

/* Close and free; no callback afterwards. From within the main loop the connection itself is closed as soon
 * as the loop is idle. NULL is fine; not from within a callback of this client. */
void vcb_signaling_client_free(VcbSignalingClient *client);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbSignalingClient, vcb_signaling_client_free)
