/* The first line of the run log: what is going to be run, on what. Everything that the report needs and that
 * no process will tell later stands in it (docs/run-log.md, "run-start"). */
#pragma once

#include "harness/run/plan.h"

typedef struct {
    const VcbScenario *scenario;
    const VcbPlan *plan;
    const char *peer_program;
    const char *const *command; /* argv, as a person would type it again */
    gint64 started_us;          /* when the program started */
    int jobs;
} VcbRunDescription;

/* New run-start event. */
cJSON *vcb_run_start_event(const VcbRunDescription *run);
