/* What will be run: every call of a scenario, pair x repeat x variant, each with its own seed. */
#pragma once

#include "harness/scenario/scenario.h"

typedef struct {
    char *id;         /* "0001", in the order of the plan */
    guint number;     /* from 1 */
    int pair, repeat; /* from 1 */
    guint variant;
    guint64 seed;
} VcbPlannedCall;

typedef struct {
    VcbPlannedCall *calls;
    guint n_calls;
} VcbPlan;

/* `filters`: NULL-terminated "name=value"; a call is kept where each name is the last part or the whole of a
 * matrix path whose value, as written, is equal; "pair" and "repeat" filter by number. NULL: all. An error
 * (VCB_ERROR_USAGE) where a name is unknown or nothing is left. Variants alternate within a repeat, so that a
 * drifting machine treats them alike. */
VcbPlan *vcb_plan_new(const VcbScenario *scenario, const char *const *filters, GError **error);
void vcb_plan_free(VcbPlan *plan);

/* Calls that this machine bears at once without their measurement suffering: by processors and what the dearest call of
 * the plan encodes and decodes; from 1 to the number of calls. */
int vcb_plan_jobs(const VcbScenario *scenario, const VcbPlan *plan, guint cores);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbPlan, vcb_plan_free)
