/* The phases of a call (call.h draws how they follow each other), how it can end, and what the run log calls these. */
#pragma once

#include <glib.h>

typedef enum {
    VCB_CALL_STARTING,  /* its network is made, then processes run, `configure` was sent */
    VCB_CALL_READY,     /* both said `ready`; may be told to join */
    VCB_CALL_JOINING,   /* `join` was sent */
    VCB_CALL_JOINED,    /* both are connected; it waits for the others that share its network */
    VCB_CALL_CONNECTED, /* both are connected: the call is measured, its timeline runs */
    VCB_CALL_STOPPING,  /* `hang-up` was sent; the outcome is known */
    VCB_CALL_ENDED,     /* no process is left */
} VcbCallPhase;

typedef enum {
    VCB_OUTCOME_COMPLETED,
    VCB_OUTCOME_FAILED,
    VCB_OUTCOME_SKIPPED,
    VCB_OUTCOME_INTERRUPTED,
} VcbOutcome;

const char *vcb_call_phase_name(VcbCallPhase phase); /* "starting" */
const char *vcb_outcome_name(VcbOutcome outcome);    /* "completed" */
