/* The server: libwebsockets on the default GMainContext, its connections, and the hub that they speak to.
 *
 *   listener -> connection --- request ---> page, or refusal
 *                          `-- upgrade ---> token? room? place? -> client <-> hub
 */
#pragma once

#include "signaling/control.h"
#include "signaling/options.h"

typedef struct VcbServer VcbServer;

/* Listen. Options, control (may be NULL) and loop (which runs the default context) must outlive the server.
 * The error (VCB_ERROR_INVALID) is for a person: port in use, bad certificate. */
VcbServer *vcb_server_new(const VcbOptions *options, VcbControl *control, GMainLoop *loop, GError **error);
void vcb_server_free(VcbServer *server);

guint vcb_server_port(const VcbServer *server);

/* Take no more connections, close the clients with status 1001, and quit the loop when all are gone or half a
 * second has passed. */
void vcb_server_stop(VcbServer *server);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbServer, vcb_server_free)
