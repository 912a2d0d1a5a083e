/* Metrics of the emulated network: of each link direction, and of the call over all its links. Definitions:
 * harness/metric/metric_table.c, docs/metrics.md.
 *
 *   alice --up--> [bottleneck] --down--> bob      one way: the sum of these; a call's is the mean of both ways */
#pragma once

#include "harness/measure/metric_set.h"
#include "harness/measure/network_data.h"
#include "harness/measure/setup.h"

/* What was measured of a call's network: from the first `link` line at or after from_us to the last one before the
 * call was hung up. from_us VCB_UNKNOWN_US: it never connected, nothing is measured. */
void vcb_network_measure(const VcbCallData *call, const VcbNetworkData *network, gint64 from_us,
                         VcbMetricSet *metrics);

/* When the call was hung up; G_MAXINT64 where the log does not tell. */
gint64 vcb_network_until_us(const VcbCallData *call);

/* vcb_weighted values of a link's delays, in ms, between two of its lines; of all lines with first 0 and last
 * lines->len - 1. GArray of VcbWeighted, owned by the caller. */
GArray *vcb_link_delays_ms(const VcbLinkData *link, guint first, guint last);
