/* The truth about one link direction, and about routers, as messages: docs/network-emulator.md, `link` and `router`.
 *
 *   came -> flows        fate -> flows, delays of this interval        message <- the link's own counters, flows, delays
 */
#pragma once

#include "network/emulator/flows.h"
#include "network/emulator/histogram.h"
#include "network/internet/internet.h"

typedef struct {
    VcbLinkPlace *place;       /* no-ref */
    VcbHistogram delay, queue; /* of what was delivered in this interval: on the link; waiting for capacity */
    VcbRtpFlows *flows;
    guint capture_interface;
    gboolean is_detached;     /* the link is going: what follows stands for it */
    VcbLinkCounters counters; /* kept up to date by the fates that are still told */
    double rate_bps;
} VcbLinkObserver;

VcbLinkObserver *vcb_link_observer_new(VcbLinkPlace *place);
void vcb_link_observer_free(VcbLinkObserver *observer);

void vcb_link_observer_came(VcbLinkObserver *observer, VcbPacket *packet);
void vcb_link_observer_fate(VcbLinkObserver *observer, const VcbPacket *packet, VcbFate fate);

/* The link is about to be removed: from now on this observer counts by itself, so that it can report when the link is gone. */
void vcb_link_observer_detach(VcbLinkObserver *observer, gint64 now_ns);

/* Whether a packet ever came. */
gboolean vcb_link_observer_is_in_use(const VcbLinkObserver *observer);

/* Add the message's fields, those of the counters' state at now_ns; a new interval begins. */
void vcb_link_observer_report(VcbLinkObserver *observer, cJSON *message, gint64 now_ns);

/* {reason: n} of VCB_N_FATES numbers, those that are not 0. */
cJSON *vcb_counters_dropped_json(const guint64 *dropped);
