/* A peer's W3C stats, read as samples of its four streams: video and audio, in and out.
 *
 *   `stats` event -> report[] -> inbound-rtp, or outbound-rtp and remote-inbound-rtp, of one kind ->
 * VcbSample
 *
 * Where a kind has several streams (simulcast), counters are added up and gauges averaged. */
#pragma once

#include "harness/metric/metric_table.h"
#include "harness/measure/run_data.h"

typedef struct {
    gint64 t_us;
    double value[VCB_N_FIELDS]; /* NAN where the engine does not tell; units as in W3C stats (s, bytes) */
} VcbSample;

/* The samples of one stream of a call, in order; one without the stream is left out. Free with g_array_unref.
 */
GArray *vcb_samples_of(const VcbCallData *call, const char *peer, VcbKind kind, VcbDirection direction);

/* Did this peer send packets of this kind, as its last sample tells? */
gboolean vcb_samples_has_sent(const VcbCallData *call, const char *peer, VcbKind kind);

/* last - first of a counter; NAN where either is not told; never below 0 (a counter that went back began
 * anew). */
double vcb_sample_increase(const VcbSample *first, const VcbSample *last, VcbField field);

/* Percent lost between two samples, 0 to 100. *ret_lost and *ret_sent (may be NULL): the counts behind it. */
double vcb_sample_loss_pct(const VcbSample *first, const VcbSample *last, VcbDirection direction,
                           double *ret_lost, double *ret_sent);
