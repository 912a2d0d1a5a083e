/* JSON lines in both directions over one descriptor, on a GMainContext: the control channel between vcbench
 * and its children (docs/peer-protocol.md), and between a child and vcbench.
 *
 *   bytes -> lines -> cJSON -> callbacks.message       vcb_channel_send -> line -> out buffer -> bytes
 *
 * All calls and callbacks are on the context's thread. */
#pragma once

#include "common/json.h"

typedef struct VcbChannel VcbChannel;

typedef struct {
    /* A message came. It is freed after the callback, which may add fields to it. */
    void (*message)(VcbChannel *channel, cJSON *message, gpointer user_data);
    /* A line came that is not a JSON object, or is longer than 4 MiB (then its beginning). May be NULL. */
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

/* Send all that is queued, waiting at most deadline_us of CLOCK_MONOTONIC: for the last words before an exit.
 */
void vcb_channel_flush(VcbChannel *channel, gint64 deadline_us);

/* Close and free; no callback afterwards. NULL is fine, also from within a callback of this channel. */
void vcb_channel_free(VcbChannel *channel);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbChannel, vcb_channel_free)
