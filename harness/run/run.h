/* A run: every call of a plan, a few at a time, with the servers that they need; everything observed goes to
 * the run log.
 *
 *   servers up (servers.h) -> a wave of calls (wave.h) -> the next wave -> ...
 *
 * Owns no verdict: that is read from the log afterwards. Main thread, default context. */
#pragma once

#include "harness/run/plan.h"

typedef struct {
    const char *out;            /* results folder: the run's directory is made in it */
    const char *const *command; /* argv of vcbench, for "how to run it again" */
    const char *const *filters; /* see vcb_plan_new; NULL: none */
    gboolean progress;          /* tell on stderr how it goes */
    gboolean colour;
    gint64 started_us; /* when the program started */
} VcbRunOptions;

/* Run the scenario to its end. Returns the run's directory (new string) as soon as there is one to report on,
 * also where the run was cut short: then *ret_signal is the signal's number, or an error is set beside it
 * (disk full, a server that cannot be started). NULL and an error where nothing was begun. */
char *vcb_run(const VcbScenario *scenario, const VcbRunOptions *options, int *ret_signal, GError **error);
