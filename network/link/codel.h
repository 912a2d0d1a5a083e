/* CoDel (RFC 8289): drops from the head of a queue in which every packet has waited longer than the target for a whole
 * interval, first one, then ever more often until the queue has no standing part. */
#pragma once

#include "network/link/queue.h"

typedef struct {
    gint64 target_ns, interval_ns;
    gint64
        first_above_ns; /* when a wait above the target will have lasted an interval; VCB_NEVER_NS: it is not above */
    gint64 drop_next_ns; /* while it is dropping; later: when the next one would have been */
    guint count;         /* dropped since it began to */
    guint last_count;    /* count when it began to */
    guint largest;       /* longest packet so far: less than it is no standing queue */
    gboolean is_dropping;
} VcbCodel;

/* Forget everything: an empty queue, nothing dropped yet. */
void vcb_codel_init(VcbCodel *codel, gint64 target_ns, gint64 interval_ns);

/* The packet to send at now_ns, which has waited since its came_ns; handed over. NULL: none is left. What had to be dropped
 * before it is handed over in *ret_dropped, chained by next in the order of dropping. */
VcbPacket *vcb_codel_dequeue(VcbCodel *codel, VcbQueue *queue, gint64 now_ns, VcbPacket **ret_dropped);
