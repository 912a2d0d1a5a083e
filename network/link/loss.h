/* Loss by the Gilbert-Elliott model: two states, each with a loss of its own.
 *
 *             p                       k, h: what gets through in good, in bad
 *     good -------> bad               by packet: a state for the packets, which moves before each packet that comes
 *          <-------                   by time: a state for the slots, which moves from slot to slot
 *             r
 *
 * Both states begin good. Slot 0 begins at the origin; before it, it is slot 0. Whether packets come does not move the
 * slots: the state of slot n is the same for a seed and p and r. */
#pragma once

#include "network/link/link.h"

typedef struct {
    guint64 seed;
    char *purpose;                                     /* owned */
    GRand *packet_stream, *state_stream, *slot_stream; /* owned */
    gboolean is_bad;                                   /* the packets' state */
    gboolean slot_is_bad;                              /* the state of `slot` */
    gint64 slot;
    gint64 origin_ns;
} VcbLoss;

void vcb_loss_init(VcbLoss *loss, guint64 seed, const char *purpose, gint64 origin_ns);
void vcb_loss_clear(VcbLoss *loss);

/* Begin anew with slot 0 at origin_ns. */
void vcb_loss_set_origin(VcbLoss *loss, gint64 origin_ns);

/* Whether the packet that comes at came_ns is lost. One draw a packet from each of two streams, whatever the settings.
 * A packet that comes later with an earlier stamp is judged by the slot that was reached. */
gboolean vcb_loss_draw(VcbLoss *loss, const VcbLinkSettings *settings, gint64 came_ns);

/* The slots up to now_ns move by the old settings, those that begin later by the new ones. */
void vcb_loss_change(VcbLoss *loss, const VcbLinkSettings *old, const VcbLinkSettings *settings,
                     gint64 now_ns);
