/* When the datagrams of a flow at a constant rate are due. Pure: time is handed in (nanoseconds of CLOCK_MONOTONIC).
 *
 *   datagram n is due at start + n * gap. Asked at each tick, the pacer allows what is due, but no more than a tick's worth
 *   and one: after a late tick the flow catches up by one datagram a tick, never by a burst. What is more than
 *   GIVE_UP behind is skipped. */
#pragma once

#include <glib.h>

#define VCB_PACER_TICK_NS ((gint64)1000000)
#define VCB_PACER_GIVE_UP_NS ((gint64)100000000)

typedef struct {
    double start_ns, gap_ns;
    guint64 slot;    /* of the next datagram */
    guint64 skipped; /* slots that were given up */
} VcbPacer;

/* rate_bps counts `size` bytes a datagram, headers included. */
void vcb_pacer_init(VcbPacer *pacer, gint64 start_ns, double rate_bps, guint size);

/* How many datagrams to send now. */
guint vcb_pacer_take(VcbPacer *pacer, gint64 now_ns);

/* When the next one is due. */
gint64 vcb_pacer_next_ns(const VcbPacer *pacer);
