/* One call: two peer processes, and the network that they stand in, led through a call by the peer protocol.
 *
 *   starting -- both ready --> ready -- join --> joining -- both connected --> (joined -- begin -->) connected
 *      |                         |                  |                            |                      |
 *      +-------------------------+-- failure, deadline, interruption ------------+----------------------+ duration
 *                                                                                                       v
 *                                 ended <-- both gone, the call's own network removed -- stopping <-----+
 *
 * Every arrow is an event or a deadline; whatever happens, a call ends. Main thread only. */
#pragma once

#include "harness/run/call_context.h"
#include "harness/run/call_network.h"
#include "harness/run/call_phase.h"

typedef struct VcbCall VcbCall;

/* Called after each change of phase; the call may be freed within, once it has ended. */
typedef void (*VcbCallChanged)(VcbCall *call, gpointer user_data);

/* Starts the processes, where the settings say so in an emulated network of its own, or in the one that several calls share:
 * `shared`, which is ready and outlives the call; NULL: none. `planned` must outlive the call. */
VcbCall *vcb_call_new(const VcbCallContext *context, const VcbPlannedCall *planned, VcbCallNetwork *shared,
                      VcbCallChanged changed, gpointer user_data);
void vcb_call_free(VcbCall *call);

/* From READY alone. */
void vcb_call_join(VcbCall *call);

/* From JOINED alone, that is only with a shared network: all that will connect have. */
void vcb_call_begin(VcbCall *call);

/* End it early: a failure from outside (the signaling server died), or the run is interrupted. */
void vcb_call_fail(VcbCall *call, const char *reason);
void vcb_call_interrupt(VcbCall *call, const char *reason);

/* No more patience: kill what still runs. */
void vcb_call_kill(VcbCall *call);

VcbCallPhase vcb_call_phase(const VcbCall *call);
VcbOutcome vcb_call_outcome(const VcbCall *call); /* once STOPPING */
const char *vcb_call_reason(const VcbCall *call); /* "" where it completed */
const VcbPlannedCall *vcb_call_planned(const VcbCall *call);
double vcb_call_connect_ms(const VcbCall *call); /* -1 where it did not connect; for the progress line */
double
vcb_call_loss_pct(const VcbCall *call); /* of video and audio as last told; -1 where nothing was told */
