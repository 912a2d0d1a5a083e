/* A peer: the commands of vcbench on one side, the signaling server on the other, a connection between.
 *
 *   vcbench <-- control channel --> VcbPeer <-- VcbSignalingClient --> vcbench-signald
 *                                      |
 *                                VcbConnection (webrtcbin)
 *
 * No globals: several peers can live in one process. Everything on the default context's thread. */
#pragma once

#include <glib.h>

typedef struct VcbPeer VcbPeer;

/* Takes the control descriptor over. `ended` is called when the peer is done: told to quit, or vcbench is
 * gone. */
VcbPeer *vcb_peer_new(int control_fd, GMainLoop *loop, void (*ended)(gpointer user_data), gpointer user_data);
void vcb_peer_free(VcbPeer *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbPeer, vcb_peer_free)
