/* Packets under way behind the queue, by the moment at which they arrive: a binary heap, because jitter that reorders and
 * packets that are held back leave in another order than they came. Equal moments: first in, first out. */
#pragma once

#include "network/link/packet.h"

typedef struct {
    gint64 due_ns; /* the packet's, here beside its neighbours */
    guint64 number;
    VcbPacket *packet; /* owned */
} VcbTransitEntry;

typedef struct {
    VcbTransitEntry *entries; /* owned */
    guint n, size;
    guint64 next_number;
} VcbTransit;

void vcb_transit_clear(VcbTransit *transit);                   /* it must be empty */
void vcb_transit_push(VcbTransit *transit, VcbPacket *packet); /* takes it over; by packet->due_ns */
VcbPacket *vcb_transit_pop(VcbTransit *transit);               /* handed over; NULL: empty */

static inline gint64 vcb_transit_next_ns(const VcbTransit *transit)
{
    return transit->n ? transit->entries[0].due_ns : VCB_NEVER_NS;
}
