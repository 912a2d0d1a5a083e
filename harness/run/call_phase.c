#include "harness/run/call_phase.h"

#include <assert.h>

static const char *const PHASE_NAMES[] = {
    [VCB_CALL_STARTING] = "starting", [VCB_CALL_READY] = "ready",         [VCB_CALL_JOINING] = "joining",
    [VCB_CALL_JOINED] = "joined",     [VCB_CALL_CONNECTED] = "connected", [VCB_CALL_STOPPING] = "stopping",
    [VCB_CALL_ENDED] = "ended",
};
static_assert(G_N_ELEMENTS(PHASE_NAMES) == VCB_CALL_ENDED + 1, "every phase has its name");

static const char *const OUTCOME_NAMES[] = {
    [VCB_OUTCOME_COMPLETED] = "completed",
    [VCB_OUTCOME_FAILED] = "failed",
    [VCB_OUTCOME_SKIPPED] = "skipped",
    [VCB_OUTCOME_INTERRUPTED] = "interrupted",
};
static_assert(G_N_ELEMENTS(OUTCOME_NAMES) == VCB_OUTCOME_INTERRUPTED + 1, "every outcome has its name");

const char *vcb_call_phase_name(VcbCallPhase phase)
{
    return PHASE_NAMES[phase];
}

const char *vcb_outcome_name(VcbOutcome outcome)
{
    return OUTCOME_NAMES[outcome];
}
