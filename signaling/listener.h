/* The listening socket. It is ours rather than the WebSocket library's, so that a port in use is a clear
 * error at once, port 0 tells which port it became, and a full process pauses rather than spins. */
#pragma once

#include <glib.h>

typedef struct VcbListener VcbListener;

/* A connection came; the descriptor (non-blocking, close-on-exec) is the callee's. */
typedef void (*VcbAccepted)(int fd, gpointer user_data);

/* Listen on a numeric address or a name of this machine; port 0: any free one. Accepts on the default
 * GMainContext. The error (VCB_ERROR_INVALID) says what to do about it. */
VcbListener *vcb_listener_new(const char *host, guint port, VcbAccepted accepted, gpointer user_data,
                              GError **error);
void vcb_listener_free(VcbListener *listener);

guint vcb_listener_port(const VcbListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbListener, vcb_listener_free)
