/* What a run ran on: versions and machine, for run.json and the report. */
#pragma once

#include "common/json.h"

/* New object of strings and numbers: vcbench, gstreamer, libwebsockets, os, kernel, cpu, cores, memory_bytes.
 * What cannot be found out is left out. */
cJSON *vcb_environment_describe(const char *peer_program);
