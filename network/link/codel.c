#include "network/link/codel.h"

#include <math.h>

/* The "MTU" of RFC 8289 section 4.2: a queue of at most so many bytes is what a sender's window needs, and drops would starve
 * the link. Larger where larger packets are seen. */
#define LEAST_MTU 1500

/* Drops that began so shortly after the last ones (in intervals) go on at their rate: section 5.5 of the RFC. */
#define MEMORY_INTERVALS 16

void vcb_codel_init(VcbCodel *codel, gint64 target_ns, gint64 interval_ns)
{
    *codel = (VcbCodel){
        .target_ns = target_ns,
        .interval_ns = interval_ns,
        .first_above_ns = VCB_NEVER_NS,
        .largest = LEAST_MTU,
    };
}

/* RFC 8289 section 5.3: the time between drops falls with the square root of their number, which makes the rate of a TCP
 * sender fall linearly. */
static gint64 control_law(const VcbCodel *codel, gint64 from_ns, guint count)
{
    return from_ns + (gint64)((double)codel->interval_ns / sqrt(MAX(count, 1u)));
}

/* Section 5.6: take the head, and tell whether the queue has stood above the target for an interval. */
static VcbPacket *take(VcbCodel *codel, VcbQueue *queue, gint64 now_ns, gboolean *ret_may_drop)
{
    VcbPacket *packet = vcb_queue_pop(queue);

    *ret_may_drop = FALSE;
    if (!packet) {
        codel->first_above_ns = VCB_NEVER_NS;
        return NULL;
    }
    codel->largest = MAX(codel->largest, packet->length);
    if (now_ns - packet->came_ns < codel->target_ns || queue->n_bytes <= codel->largest)
        codel->first_above_ns = VCB_NEVER_NS;
    else if (codel->first_above_ns == VCB_NEVER_NS)
        codel->first_above_ns = now_ns + codel->interval_ns;
    else
        *ret_may_drop = now_ns >= codel->first_above_ns;
    return packet;
}

VcbPacket *vcb_codel_dequeue(VcbCodel *codel, VcbQueue *queue, gint64 now_ns, VcbPacket **ret_dropped)
{
    VcbQueue dropped = {0};
    gboolean may_drop;
    VcbPacket *packet = take(codel, queue, now_ns, &may_drop);

    if (codel->is_dropping) {
        codel->is_dropping = may_drop;
        /* The link may have been busy with one packet for longer than the next drop was away: make up for it. */
        while (codel->is_dropping && now_ns >= codel->drop_next_ns) {
            vcb_queue_push(&dropped, packet);
            codel->count++;
            packet = take(codel, queue, now_ns, &may_drop);
            codel->is_dropping = may_drop;
            if (may_drop)
                codel->drop_next_ns = control_law(codel, codel->drop_next_ns, codel->count);
        }
    } else if (may_drop) {
        guint recent = codel->count - codel->last_count;

        vcb_queue_push(&dropped, packet);
        packet = take(codel, queue, now_ns, &may_drop);
        codel->is_dropping = TRUE;
        codel->count =
            recent > 1 && now_ns - codel->drop_next_ns < MEMORY_INTERVALS * codel->interval_ns ? recent : 1;
        codel->drop_next_ns = control_law(codel, now_ns, codel->count);
        codel->last_count = codel->count;
    }
    *ret_dropped = dropped.head;
    return packet;
}
