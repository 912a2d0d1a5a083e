/* vcbench-peer: a headless peer on webrtcbin.
 *
 *   main.c          this process: one peer, until it is told to quit
 *   peer.c          commands, signaling messages
 *   connection.c    a connection on webrtcbin: life, states, tracks, data channel
 *   negotiation.c   offer and answer
 *   candidates.c    ICE candidates, early and late
 *   sender.c        outgoing tracks; playout.c: a file as a source
 *   receiver.c      incoming tracks
 *   codecs.c        the elements of each codec; capabilities.c: what cannot be done here, and why
 *   chat.c          the data channel
 *   ice.c           servers, addresses, selected pairs
 *   key_log.c       the DTLS secrets, for captures
 *   meters.c        what really flowed (../rtp_meter.c, ../frame_meter.c)
 *   sdp.c           reading descriptions
 */
#include "common/child.h"
#include "peers/gst/peer.h"

#include <glib-unix.h>
#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

static void on_ended(gpointer user_data)
{
    g_main_loop_quit(user_data);
}

static gboolean on_signal(gpointer user_data)
{
    g_main_loop_quit(user_data);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
    g_autoptr(GMainLoop) loop = NULL;
    VcbPeer *peer;
    int control_fd;

    if (argc > 1 && g_str_equal(argv[1], "--version")) {
        g_autofree char *version = gst_version_string();

        g_print("vcbench-peer %s (%s)\n", VCB_VERSION, version);
        return EXIT_SUCCESS;
    }
    control_fd = vcb_child_control_fd_of_this_process();
    if (argc > 1 || control_fd < 0) {
        g_printerr("vcbench-peer is started by vcbench: it takes its commands over the descriptor that "
                   "VCBENCH_CONTROL_FD "
                   "names (docs/peer-protocol.md). By hand: vcbench run FILE.\n");
        return 2;
    }
    gst_init(NULL, NULL);
    loop = g_main_loop_new(NULL, FALSE);
    g_unix_signal_add(SIGTERM, on_signal, loop);
    g_unix_signal_add(SIGINT, on_signal, loop);
    peer = vcb_peer_new(control_fd, loop, on_ended, loop);
    g_main_loop_run(loop);
    vcb_peer_free(peer);
    gst_deinit();
    return EXIT_SUCCESS;
}
