/* What the files of a call take from their run. */
#pragma once

#include "harness/run/plan.h"
#include "harness/run/run_log.h"
#include "harness/run/servers.h"

/* What all calls of a run share; owned by the run, outlives its calls. */
typedef struct {
    const VcbScenario *scenario;
    const char *directory;
    char *peer_program;
    VcbRunLog *log;
    VcbServers *servers;
} VcbCallContext;
