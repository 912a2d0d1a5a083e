/* One direction of a link: what a packet meets between two routers. Pure: time is handed in, nothing waits.
 *
 *   send -> up? -> MTU -> draws -> queue (drop-tail, CoDel) -> capacity -> doomed? -> delay, jitter -> deliver
 *                          |                                        |                   (+ copy, held back)
 *                          v one draw a packet of each stage        v
 *                       is_doomed, copy, corrupt, hold back      dropped: loss
 *
 * Ideal times: a packet leaves at due_ns, computed from came_ns by the settings alone. The caller may be late in calling
 * vcb_link_advance; the link still works with ideal times, so that lateness never adds up: capacity is that of the
 * settings, and `deliver` gets due_ns beside the present. Times are rounded down to the ns where they are told, but not inside.
 *
 * What is meant where two readings are possible:
 * - Draws: every packet that comes takes one from each stage's stream, also where the link is down or the packet too long.
 * - Queue: the limit is one of packets that wait; the one in transmission does not count, nor in queue_bytes. A packet is
 *   dropped where it would not fit. TIME: bytes that wait / current rate (of a trace: its mean).
 * - Doomed packets take capacity and are dropped when they leave the queue; so they are neither copied nor damaged.
 * - Going down drops what waits and what is in transmission; what is under way behind the queue still arrives.
 * - A copy is made behind the queue, is the same in everything (held back, damaged), and leaves right behind at the same due_ns.
 *   `reordered` and `corrupted` count packets that came, not their copies.
 * - Jitter is added behind the queue, to the delay that is set then; due_ns is never before the end of transmission. Without
 *   jitter_reorders no packet leaves before one that came earlier, also where the delay was made shorter; packets held back are
 *   overtaken, and hold nobody up.
 * - Damage: one bit behind the IPv4 header (with its options) or the 40 bytes of IPv6; a packet with nothing there stays whole.
 * - Pareto jitter has its mean at jitter_ns, and so its least value at jitter_ns * (shape - 1) / shape; shape is above 1 (else 3). */
#pragma once

#include "network/link/packet.h"

typedef enum {
    VCB_QUEUE_PACKETS,
    VCB_QUEUE_BYTES,
    VCB_QUEUE_TIME, /* ns at the current rate */
} VcbQueueUnit;
typedef enum { VCB_DISCIPLINE_DROP_TAIL, VCB_DISCIPLINE_CODEL } VcbDiscipline;
typedef enum {
    VCB_JITTER_NONE,
    VCB_JITTER_UNIFORM,
    VCB_JITTER_NORMAL,
    VCB_JITTER_PARETO
} VcbJitterDistribution;

typedef struct {
    gint64 at_ns;    /* from the origin */
    double rate_bps; /* 0: no limit */
} VcbRateStep;

/* Everything that a direction can be told; zeros are "nothing of the kind" but for the fields set by
 * vcb_link_settings_init. Meanings: docs/network-emulator.md, the table of a direction. */
typedef struct {
    double rate_bps;
    VcbRateStep *rate_steps; /* owned; sorted by at_ns */
    guint n_rate_steps;
    guint32 *trace_ms; /* owned; not decreasing, the last one above 0 */
    guint n_trace;
    VcbQueueUnit queue_unit;
    gint64 queue_limit;
    VcbDiscipline discipline;
    gint64 codel_target_ns, codel_interval_ns;
    gint64 delay_ns;
    VcbJitterDistribution jitter;
    gint64 jitter_ns, jitter_limit_ns; /* limit 0: three times jitter_ns (normal), ten times (Pareto) */
    double jitter_shape;
    gboolean jitter_reorders;
    double loss_p, loss_r, loss_h, loss_k; /* Gilbert-Elliott: lost with 1-k in good, 1-h in bad */
    gboolean loss_by_time;
    gint64 loss_slot_ns;
    double reorder_rate;
    gint64 reorder_delay_ns;
    double duplicate_rate, corrupt_rate;
    guint mtu; /* 0: none */
    gboolean mtu_icmp;
    gboolean up;
} VcbLinkSettings;

void vcb_link_settings_init(VcbLinkSettings *settings); /* the defaults: up, 1000 packets, no impairment */
/* Into uninitialised memory; clear it in the end. */
void vcb_link_settings_copy(VcbLinkSettings *target, const VcbLinkSettings *source);
void vcb_link_settings_clear(VcbLinkSettings *settings);

typedef struct {
    guint64 sent, sent_bytes, duplicated, delivered, delivered_bytes, corrupted, reordered;
    guint64 dropped[VCB_N_FATES];
    guint64 queued;      /* packets on the link now: waiting, or under way */
    guint64 queue_bytes; /* waiting for capacity now */
} VcbLinkCounters;

typedef struct VcbLink VcbLink;

typedef struct {
    /* It leaves the link; the packet is handed over. packet->due_ns is the ideal moment (at most now_ns). */
    void (*deliver)(VcbLink *link, VcbPacket *packet, gint64 now_ns, void *user_data);
    /* It was dropped, ideally at packet->due_ns; look only, the link frees it. fate: LOSS, QUEUE_FULL, CODEL, MTU,
     * LINK_DOWN, REMOVED. With MTU the packet is whole, so that an ICMP message can be made of it. */
    void (*dropped)(VcbLink *link, const VcbPacket *packet, VcbFate fate, gint64 now_ns, void *user_data);
} VcbLinkEvents;

/* `purpose` names the link's random streams, e.g. "alice/up"; the stages' streams are vcb_random_stream(seed,
 * "link/<purpose>/<stage>"). The settings are copied. events and user_data stay the caller's. */
VcbLink *vcb_link_new(const VcbLinkSettings *settings, guint64 seed, const char *purpose, gint64 origin_ns,
                      const VcbLinkEvents *events, void *user_data);

/* Every packet on it is dropped as REMOVED first. NULL is fine. */
void vcb_link_free(VcbLink *link, gint64 now_ns);

/* A packet comes to the link, which takes it over, at packet->came_ns (set by the caller: the ideal moment at which it
 * left what was before; never after now_ns). May call `dropped`, or `deliver` at once where nothing delays it. */
void vcb_link_send(VcbLink *link, VcbPacket *packet, gint64 now_ns);

/* When vcb_link_advance has something to do next; VCB_NEVER_NS. */
gint64 vcb_link_next_ns(const VcbLink *link);

/* Do all that is due at now_ns, in the order of ideal times. */
void vcb_link_advance(VcbLink *link, gint64 now_ns);

/* New settings from now on. Packets that wait keep their fate and place; going down drops what waits. Draws go on
 * where they were. */
void vcb_link_change(VcbLink *link, const VcbLinkSettings *settings, gint64 now_ns);

/* The moment zero of steps, traces and losses by time; VCB_NEVER_NS: not known yet. Until then steps and slots stand at
 * their beginning, and a trace is its mean rate. Slots begin anew. */
void vcb_link_set_origin(VcbLink *link, gint64 origin_ns);

const VcbLinkSettings *vcb_link_settings(const VcbLink *link);
const VcbLinkCounters *vcb_link_counters(const VcbLink *link);
double vcb_link_rate_bps(const VcbLink *link, gint64 now_ns); /* 0: no limit. Of a trace: its mean */
