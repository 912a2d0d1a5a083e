/* Packets that wait for capacity: first in, first out. The packet in transmission has left it. */
#pragma once

#include "network/link/packet.h"

typedef struct {
    VcbPacket *head, *tail; /* owned, chained by next */
    guint n_packets;
    guint64 n_bytes;
} VcbQueue;

void vcb_queue_push(VcbQueue *queue, VcbPacket *packet); /* takes it over */
VcbPacket *vcb_queue_pop(VcbQueue *queue);               /* handed over; NULL: empty */
