/* How a call came about: the moments between `start-call` and the first frame.
 *
 *   start-call   offer        answer set     ICE          connectionState   first    first
 *   sent         received     as remote      connected    connected         packet   frame
 *      |-- offer --|-- answer ---|--- ICE -----|--- DTLS -----|---------------|--------|
 *
 * Of moments that every peer has, the later peer's counts: a call is connected when the last side is. */
#pragma once

#include "harness/measure/metric_set.h"
#include "harness/measure/run_data.h"

#define VCB_UNKNOWN_US ((gint64)-1)

/* CLOCK_MONOTONIC microseconds; VCB_UNKNOWN_US where it did not happen at every peer that it should have. */
typedef struct {
    gint64 start_call_us;
    gint64 offer_received_us;
    gint64 answer_set_us;
    gint64 ice_connected_us;
    gint64 connected_us;
    gint64 first_packet_us;
    gint64 first_frame_us;
    gint64 datachannel_us;
} VcbSetup;

VcbSetup vcb_setup_of(const VcbCallData *call);

/* The phases between them, in the table's order: offer, answer, ICE, DTLS, first packet, first frame. */
#define VCB_N_PHASES 6
extern const char *const VCB_PHASE_METRICS[VCB_N_PHASES];

/* Where the phases begin and end, in us since start-call. Each boundary is clamped between the one before it
 * and connected, so that the first four add up to the connect time exactly. FALSE where the first four are
 * not all known. */
gboolean vcb_setup_boundaries(const VcbSetup *setup, gint64 ret_boundaries_us[VCB_N_PHASES + 1],
                              guint *ret_n_phases);

/* connected, connect_time_ms, phase_*_ms, time_to_first_frame_ms, datachannel_open_ms. */
void vcb_setup_measure(const VcbSetup *setup, VcbMetricSet *metrics);
