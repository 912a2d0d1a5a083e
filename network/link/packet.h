/* A packet on its way through the emulator: one IP packet, what is known about it, and a pool of them, so that
 * forwarding allocates nothing.
 *
 * Times inside network/ are int64_t nanoseconds of CLOCK_MONOTONIC (`_ns`): at 1 Gbit/s a packet takes 12 us, and
 * rounding that to microseconds would bend capacities by several percent. At the edge (JSON) they are microseconds.
 */
#pragma once

#include <glib.h>

#define VCB_PACKET_MAX 9216 /* bytes of IP; a longer one cannot come, the hosts' MTU is at most this */
#define VCB_NEVER_NS G_MAXINT64

/* What became of a packet; the names (vcb_fate_name) are those of docs/network-emulator.md. */
typedef enum {
    VCB_FATE_DELIVERED,
    /* on a link */
    VCB_FATE_LOSS,
    VCB_FATE_QUEUE_FULL,
    VCB_FATE_CODEL,
    VCB_FATE_MTU,
    VCB_FATE_LINK_DOWN,
    VCB_FATE_REMOVED,
    /* at a router */
    VCB_FATE_NAT_FILTERED,
    VCB_FATE_NAT_HAIRPIN,
    VCB_FATE_FIREWALL,
    VCB_FATE_NO_ROUTE,
    VCB_FATE_TTL,
    VCB_FATE_MALFORMED,
    VCB_FATE_HOST_FULL,
    VCB_FATE_FRAGMENT,
    VCB_N_FATES,
} VcbFate;

const char *vcb_fate_name(VcbFate fate);

typedef struct VcbPacket VcbPacket;

struct VcbPacket {
    VcbPacket *next; /* whoever owns the packet may chain it */
    gint64 came_ns;  /* when it came to the link or router that holds it now */
    gint64 due_ns;   /* when it ideally leaves there, or is dropped */
    gint64 lag_ns;   /* how much later than ideal everything before has handed it on; see link.h */
    guint64 flow;    /* free for the observer: set when it comes to a link, still there when it leaves */
    guint32 ordinal; /* of the link that holds it: the n-th that came, from 0 */
    gboolean is_copy, is_corrupted, is_held_back, is_doomed;
    gboolean skips_links; /* to or from a host whose path is direct */
    gint64 queued_ns;     /* how long it waited for capacity there, until its transmission began */
    struct {              /* the link's own: drawn when it came, carried out when it leaves the queue */
        gint64 jitter_ns, hold_back_ns;
        guint32 corrupt_position; /* as a part of 2^32 of the payload's bits */
        gboolean duplicate, corrupt;
    } drawn;
    guint16 length; /* of data, bytes */
    guint8 data[VCB_PACKET_MAX];
};

/* A packet from the pool with length 0 and every field zero but the data; returned by vcb_packet_free. The pool
 * grows as needed, is this process's only one, and is emptied by vcb_packet_pool_clear (for leak checks at the end). */
VcbPacket *vcb_packet_new(void);
VcbPacket *vcb_packet_copy(const VcbPacket *packet);
void vcb_packet_free(VcbPacket *packet); /* NULL is fine */
void vcb_packet_pool_clear(void);
