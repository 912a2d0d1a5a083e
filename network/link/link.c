#include "network/link/link.h"

#include "network/link/codel.h"
#include "network/link/draw.h"
#include "network/link/jitter.h"
#include "network/link/loss.h"
#include "network/link/queue.h"
#include "network/link/rate.h"
#include "network/link/transit.h"

#include <string.h>

struct VcbLink {
    VcbLinkSettings settings;
    VcbLinkCounters counters;
    const VcbLinkEvents *events; /* no-ref */
    void *user_data;
    gint64 origin_ns;
    guint32 next_ordinal;

    VcbLoss loss;
    GRand *reorder_stream, *duplicate_stream, *corrupt_stream, *position_stream, *jitter_stream; /* owned */

    VcbQueue queue;
    VcbCodel codel;
    VcbRate rate;        /* where the packet in transmission began, or the one before it ended */
    VcbPacket *sending;  /* owned; in transmission */
    double sending_bits; /* of it, from rate on */
    VcbRate sent_rate;   /* where it ends */
    gint64 sent_ns;      /* and when; VCB_NEVER_NS: never at this rate */

    VcbTransit transit;
    gint64 last_due_ns; /* of the packets that may not be overtaken */
};

VcbLink *vcb_link_new(const VcbLinkSettings *settings, guint64 seed, const char *purpose, gint64 origin_ns,
                      const VcbLinkEvents *events, void *user_data)
{
    VcbLink *link = g_new0(VcbLink, 1);

    vcb_link_settings_copy(&link->settings, settings);
    link->events = events;
    link->user_data = user_data;
    link->origin_ns = origin_ns;
    vcb_loss_init(&link->loss, seed, purpose, origin_ns);
    link->reorder_stream = vcb_draw_stream(seed, purpose, "reorder");
    link->duplicate_stream = vcb_draw_stream(seed, purpose, "duplicate");
    link->corrupt_stream = vcb_draw_stream(seed, purpose, "corrupt");
    link->position_stream = vcb_draw_stream(seed, purpose, "corrupt-position");
    link->jitter_stream = vcb_draw_stream(seed, purpose, "jitter");
    vcb_codel_init(&link->codel, settings->codel_target_ns, settings->codel_interval_ns);
    vcb_rate_init(&link->rate, &link->settings, origin_ns);
    link->sent_ns = VCB_NEVER_NS;
    link->last_due_ns = G_MININT64;
    return link;
}

/* Leaving, one way or the other. The counters are right before the callback, which may look at them. */

static void drop(VcbLink *link, VcbPacket *packet, VcbFate fate, gint64 due_ns, gint64 now_ns)
{
    packet->due_ns = due_ns;
    link->counters.queued--;
    link->counters.dropped[fate]++;
    if (link->events->dropped)
        link->events->dropped(link, packet, fate, now_ns, link->user_data);
    vcb_packet_free(packet);
}

static void deliver(VcbLink *link, VcbPacket *packet, gint64 now_ns)
{
    link->counters.queued--;
    link->counters.delivered++;
    link->counters.delivered_bytes += packet->length;
    if (link->events->deliver)
        link->events->deliver(link, packet, now_ns, link->user_data);
    else
        vcb_packet_free(packet);
}

/* Behind the queue: delay, copies, damage. */

/* Flip one bit behind the IP header, IPv6 extension headers included. FALSE: there is nothing behind it. */
static gboolean corrupt(VcbPacket *packet)
{
    guint header = packet->length == 0 ? 0 : packet->data[0] >> 4 == 4 ? (packet->data[0] & 15) * 4 : 40;
    guint64 bit;

    if (packet->length <= header)
        return FALSE;
    bit = ((guint64)(packet->length - header) * 8 * packet->drawn.corrupt_position) >> 32;
    packet->data[header + bit / 8] ^= (guint8)(0x80 >> bit % 8);
    return TRUE;
}

/* A packet's transmission has ended at left_ns. It goes under way, or, being doomed, nowhere. */
static void leave_queue(VcbLink *link, VcbPacket *packet, gint64 left_ns, gint64 now_ns)
{
    const VcbLinkSettings *settings = &link->settings;

    if (packet->is_doomed) {
        drop(link, packet, VCB_FATE_LOSS, left_ns, now_ns);
        return;
    }
    packet->due_ns = MAX(left_ns, left_ns + settings->delay_ns + packet->drawn.jitter_ns);
    if (!settings->jitter_reorders)
        packet->due_ns = MAX(packet->due_ns, link->last_due_ns);
    link->last_due_ns = MAX(packet->due_ns, link->last_due_ns);
    if (packet->is_held_back) {
        packet->due_ns += packet->drawn.hold_back_ns;
        link->counters.reordered++;
    }
    if (packet->drawn.corrupt && corrupt(packet)) {
        packet->is_corrupted = TRUE;
        link->counters.corrupted++;
    }
    vcb_transit_push(&link->transit, packet);
    if (packet->drawn.duplicate) { /* the same in everything, right behind it */
        VcbPacket *copy = vcb_packet_copy(packet);

        copy->is_copy = TRUE;
        link->counters.duplicated++;
        link->counters.queued++;
        vcb_transit_push(&link->transit, copy);
    }
}

/* The queue's end: one packet in transmission. */

static void plan_end(VcbLink *link)
{
    double bits = link->sending_bits;

    link->sent_rate = link->rate;
    link->sent_ns =
        vcb_rate_send(&link->sent_rate, &bits, VCB_NEVER_NS) ? link->sent_rate.at_ns : VCB_NEVER_NS;
}

/* The line is free at free_ns: the next packet's transmission begins. What CoDel drops before it is handed back, since callbacks
 * wait until the link is whole again. */
static VcbPacket *begin_transmission(VcbLink *link, gint64 free_ns)
{
    VcbPacket *dropped = NULL;
    VcbPacket *packet = link->settings.discipline == VCB_DISCIPLINE_CODEL
                            ? vcb_codel_dequeue(&link->codel, &link->queue, free_ns, &dropped)
                            : vcb_queue_pop(&link->queue);

    link->counters.queue_bytes = link->queue.n_bytes;
    link->sending = packet;
    link->sent_ns = VCB_NEVER_NS;
    if (packet) {
        vcb_rate_idle(&link->rate, MAX(packet->came_ns, free_ns));
        packet->queued_ns = link->rate.at_ns - packet->came_ns;
        link->sending_bits = packet->length * 8.0;
        plan_end(link);
    }
    return dropped;
}

static void drop_chain(VcbLink *link, VcbPacket *chain, VcbFate fate, gint64 due_ns, gint64 now_ns)
{
    while (chain) {
        VcbPacket *packet = chain;

        chain = packet->next;
        packet->next = NULL;
        drop(link, packet, fate, due_ns, now_ns);
    }
}

static void end_transmission(VcbLink *link, gint64 now_ns)
{
    VcbPacket *packet = link->sending, *dropped;
    gint64 end_ns = link->sent_ns;

    link->rate = link->sent_rate;
    dropped = begin_transmission(link, end_ns);
    leave_queue(link, packet, end_ns, now_ns);
    drop_chain(link, dropped, VCB_FATE_CODEL, end_ns, now_ns);
}

/* What the line did until until_ns. Nothing is delivered. */
static void run_line(VcbLink *link, gint64 until_ns, gint64 now_ns)
{
    while (link->sent_ns <= until_ns && link->sending)
        end_transmission(link, now_ns);
}

/* The queue's entrance. */

/* The limit is one of the packets that wait, this one included; the one in transmission does not count. */
static gboolean fits(const VcbLink *link, const VcbPacket *packet)
{
    double bytes = (double)(link->queue.n_bytes + packet->length), limit = (double)link->settings.queue_limit;
    double bps;

    switch (link->settings.queue_unit) {
    case VCB_QUEUE_PACKETS:
        return link->queue.n_packets < limit;
    case VCB_QUEUE_BYTES:
        return bytes <= limit;
    case VCB_QUEUE_TIME:
        bps = vcb_link_rate_bps(link, packet->came_ns);
        return bps <= 0 || bytes * 8e9 <= limit * bps;
    }
    g_assert_not_reached();
}

/* One draw of each stage, whatever is switched on and whatever becomes of the packet. */
static void draw_fate(VcbLink *link, VcbPacket *packet)
{
    const VcbLinkSettings *settings = &link->settings;
    guint32 jitter = g_rand_int(link->jitter_stream);

    packet->ordinal = link->next_ordinal++;
    packet->is_doomed = vcb_loss_draw(&link->loss, settings, packet->came_ns);
    packet->is_held_back = vcb_draw_unit(link->reorder_stream) < settings->reorder_rate;
    packet->drawn.hold_back_ns = settings->reorder_delay_ns;
    packet->drawn.duplicate = vcb_draw_unit(link->duplicate_stream) < settings->duplicate_rate;
    packet->drawn.corrupt = vcb_draw_unit(link->corrupt_stream) < settings->corrupt_rate;
    packet->drawn.corrupt_position = g_rand_int(link->position_stream);
    packet->drawn.jitter_ns = vcb_jitter_ns(settings, jitter);
    packet->is_copy = packet->is_corrupted = FALSE; /* on a link before, perhaps; not on this one */
    packet->queued_ns = 0;
}

void vcb_link_send(VcbLink *link, VcbPacket *packet, gint64 now_ns)
{
    gint64 came_ns = packet->came_ns;

    g_assert(came_ns <= now_ns);
    run_line(link, came_ns, now_ns); /* so that the queue is what it was when the packet came */
    draw_fate(link, packet);
    link->counters.sent++;
    link->counters.sent_bytes += packet->length;
    link->counters.queued++;
    if (!link->settings.up) {
        drop(link, packet, VCB_FATE_LINK_DOWN, came_ns, now_ns);
    } else if (link->settings.mtu > 0 && packet->length > link->settings.mtu) {
        drop(link, packet, VCB_FATE_MTU, came_ns, now_ns);
    } else if (link->sending && !fits(link, packet)) {
        drop(link, packet, VCB_FATE_QUEUE_FULL, came_ns, now_ns);
    } else {
        vcb_queue_push(&link->queue, packet);
        link->counters.queue_bytes = link->queue.n_bytes;
        if (link->sending)
            return;
        drop_chain(link, begin_transmission(link, came_ns), VCB_FATE_CODEL, came_ns, now_ns);
        run_line(link, came_ns, now_ns);
        /* Nothing delays it: it leaves at once, behind what should have left before. */
        while (vcb_transit_next_ns(&link->transit) <= came_ns)
            deliver(link, vcb_transit_pop(&link->transit), now_ns);
    }
}

gint64 vcb_link_next_ns(const VcbLink *link)
{
    return MIN(link->sent_ns, vcb_transit_next_ns(&link->transit));
}

void vcb_link_advance(VcbLink *link, gint64 now_ns)
{
    for (;;) {
        gint64 next_ns = vcb_link_next_ns(link);

        if (next_ns > now_ns || next_ns == VCB_NEVER_NS)
            return;
        if (link->sent_ns == next_ns)
            end_transmission(link, now_ns);
        else
            deliver(link, vcb_transit_pop(&link->transit), now_ns);
    }
}

/* Changes. */

/* Everything that waits for capacity, the packet in transmission first. */
static void drop_waiting(VcbLink *link, VcbFate fate, gint64 now_ns)
{
    VcbPacket *sending = g_steal_pointer(&link->sending), *waiting = link->queue.head;

    link->queue = (VcbQueue){0};
    link->counters.queue_bytes = 0;
    link->sent_ns = VCB_NEVER_NS;
    if (sending)
        drop(link, sending, fate, now_ns, now_ns);
    drop_chain(link, waiting, fate, now_ns, now_ns);
}

static gboolean is_same_trace(const VcbLinkSettings *a, const VcbLinkSettings *b)
{
    return a->n_trace == b->n_trace &&
           (a->n_trace == 0 || memcmp(a->trace_ms, b->trace_ms, a->n_trace * sizeof *a->trace_ms) == 0);
}

void vcb_link_change(VcbLink *link, const VcbLinkSettings *settings, gint64 now_ns)
{
    VcbLinkSettings old = link->settings;

    run_line(link, now_ns, now_ns);
    if (link->sending) /* what is left of it now is sent by the new settings */
        vcb_rate_send(&link->rate, &link->sending_bits, now_ns);
    vcb_loss_change(&link->loss, &old, settings, now_ns);
    vcb_link_settings_copy(&link->settings, settings);
    if (old.discipline != settings->discipline)
        vcb_codel_init(&link->codel, settings->codel_target_ns, settings->codel_interval_ns);
    link->codel.target_ns = settings->codel_target_ns;
    link->codel.interval_ns = settings->codel_interval_ns;
    if (!is_same_trace(&old, settings)) /* else an opportunity that is used up stays so */
        vcb_rate_reset(&link->rate, link->origin_ns);
    if (link->sending)
        plan_end(link);
    vcb_link_settings_clear(&old);
    if (!link->settings.up)
        drop_waiting(link, VCB_FATE_LINK_DOWN, now_ns);
}

void vcb_link_set_origin(VcbLink *link, gint64 origin_ns)
{
    link->origin_ns = origin_ns;
    vcb_loss_set_origin(&link->loss, origin_ns);
    vcb_rate_reset(&link->rate, origin_ns);
    if (link->sending)
        plan_end(link);
}

void vcb_link_free(VcbLink *link, gint64 now_ns)
{
    VcbPacket *packet;

    if (!link)
        return;
    while ((packet = vcb_transit_pop(&link->transit)))
        drop(link, packet, VCB_FATE_REMOVED, now_ns, now_ns);
    drop_waiting(link, VCB_FATE_REMOVED, now_ns);
    vcb_transit_clear(&link->transit);
    vcb_loss_clear(&link->loss);
    g_rand_free(link->reorder_stream);
    g_rand_free(link->duplicate_stream);
    g_rand_free(link->corrupt_stream);
    g_rand_free(link->position_stream);
    g_rand_free(link->jitter_stream);
    vcb_link_settings_clear(&link->settings);
    g_free(link);
}

const VcbLinkSettings *vcb_link_settings(const VcbLink *link)
{
    return &link->settings;
}

const VcbLinkCounters *vcb_link_counters(const VcbLink *link)
{
    return &link->counters;
}

double vcb_link_rate_bps(const VcbLink *link, gint64 now_ns)
{
    return vcb_rate_bps(&link->settings, link->origin_ns, now_ns);
}
