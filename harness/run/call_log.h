/* What a call says of itself in the run log (docs/run-log.md), and the descriptions that it keeps beside it. */
#pragma once

#include "harness/run/call_context.h"
#include "harness/run/call_phase.h"

/* network: the name of the one that it stands in; told only where the call's settings ask for one. */
void vcb_call_log_start(const VcbCallContext *context, const VcbPlannedCall *call, const char *network);
void vcb_call_log_phase(const VcbCallContext *context, const VcbPlannedCall *call, VcbCallPhase phase);
void vcb_call_log_timeline(const VcbCallContext *context, const VcbPlannedCall *call,
                           const VcbTimelineEntry *entry);
void vcb_call_log_note(const VcbCallContext *context, const VcbPlannedCall *call, const char *text);
void vcb_call_log_end(const VcbCallContext *context, const VcbPlannedCall *call, VcbOutcome outcome,
                      const char *reason);

/* Keep a description as a file of its own, for diff and for other tools. step: "offer-sent". */
void vcb_call_log_sdp(const VcbCallContext *context, const VcbPlannedCall *call, const char *peer,
                      const char *step, const char *sdp);
