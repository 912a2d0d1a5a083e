/* Capacity: when a transmission ends, by a fixed rate, a rate in steps, or a Mahimahi trace. Time is kept below the
 * nanosecond, so that no rounding adds up from packet to packet.
 *
 *   fixed   ------------------------------   bits / rate
 *   steps   ------____------------________   what a step leaves is finished at the next step's rate
 *   trace   |   || |    |  |   || |    |     each stamp carries 1500 bytes of what waits then: several packets, or a part
 *                          ^ begins anew     of one; what it does not use is lost
 *
 * Before the origin steps stand at their beginning (the rate of moment zero), and a trace, which cannot stand, is a link
 * of its mean rate. Before the first step it is rate_bps. */
#pragma once

#include "network/link/link.h"

#define VCB_TRACE_BITS (1500 * 8.0)

/* A moment in the link's capacity. A plain value: a copy can run ahead. */
typedef struct {
    const VcbLinkSettings *settings; /* no-ref */
    gint64 origin_ns;
    gint64 at_ns;    /* everything before is used up, or was not used */
    double fraction; /* of a nanosecond beyond at_ns */
    gint64
        opportunity;  /* of a trace: the one in use or the next, counted from the origin; -1: not known yet */
    double left_bits; /* what it still carries */
} VcbRate;

void vcb_rate_init(VcbRate *rate, const VcbLinkSettings *settings, gint64 origin_ns);

/* The settings that it looks at, or the origin, are others now; at_ns stays. */
void vcb_rate_reset(VcbRate *rate, gint64 origin_ns);

/* Nothing was sent until begin_ns. Moments in the past change nothing. */
void vcb_rate_idle(VcbRate *rate, gint64 begin_ns);

/* Send *bits from at_ns on, at most until until_ns. TRUE: all of them, and at_ns is when the last one was. FALSE: *bits is what
 * is left at until_ns. */
gboolean vcb_rate_send(VcbRate *rate, double *bits, gint64 until_ns);

/* bit/s at now_ns; 0: no limit. Of a trace: its mean. */
double vcb_rate_bps(const VcbLinkSettings *settings, gint64 origin_ns, gint64 now_ns);
