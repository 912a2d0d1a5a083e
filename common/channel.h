/* JSON lines in both directions over one descriptor, on a GMainContext: the control channel between vcbench
 * and its children (docs/peer-protocol.md), and between a child and vcbench.
 *
 *   bytes -> lines -> cJSON -> callbacks.message       vcb_channel_send -> line -> out buffer -> bytes
 *
 * A message may carry descriptors (SCM_RIGHTS), where the channel is a Unix socket: it then has the field `fds`, their number.
 *
 * All calls and callbacks are on the context's thread. */
#pragma once

#include "common/json.h"

typedef struct VcbChannel VcbChannel;

#define VCB_CHANNEL_LONGEST_LINE ((gsize)4 << 20) /* bytes */

typedef struct {
    /* A message came. It is freed after the callback, which may add fields to it. */
    void (*message)(VcbChannel *channel, cJSON *message, gpointer user_data);
    /* A line came that is not a JSON object, or is longer than VCB_CHANNEL_LONGEST_LINE (then its beginning). May be NULL. */
    void (*malformed)(VcbChannel *channel, const char *line, gpointer user_data);
    /* The other side closed, or the descriptor failed. Called once, never from within vcb_channel_send. */
    void (*closed)(VcbChannel *channel, gpointer user_data);
} VcbChannelCallbacks;

/* Takes the descriptor over (closes it), makes it non-blocking. context NULL: the default one. */
VcbChannel *vcb_channel_new(int fd, GMainContext *context, const VcbChannelCallbacks *callbacks,
                            gpointer user_data);

/* Queue one message; what the socket does not take at once is sent as it drains. Dropped silently once the
 * other side is gone: `closed` tells that. The message stays the caller's. */
void vcb_channel_send(VcbChannel *channel, const cJSON *message);

/* The same with n_fds descriptors (1 to VCB_CHANNEL_MAX_FDS) and the field `fds`, set in what is sent. The descriptors stay the caller's, who may
 * close them at once. */
#define VCB_CHANNEL_MAX_FDS 1024
void vcb_channel_send_with_fds(VcbChannel *channel, const cJSON *message, const int *fds, guint n_fds);

/* Within the message callback: the next of the message's descriptors in order, close-on-exec, the caller's from now on; -1: there is no other.
 * Those not taken are closed after the callback, as are those that came without a message to say so. */
int vcb_channel_take_fd(VcbChannel *channel);

/* Send all that is queued, waiting at most deadline_us of CLOCK_MONOTONIC: for the last words before an exit.
 */
void vcb_channel_flush(VcbChannel *channel, gint64 deadline_us);

/* Close and free; no callback afterwards. NULL is fine, also from within a callback of this channel. */
void vcb_channel_free(VcbChannel *channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbChannel, vcb_channel_free)
