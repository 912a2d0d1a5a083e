/* An expectation, and whether it held: `metric.statistic comparison value`, over the valid calls of one
 * variant. */
#pragma once

#include "common/json.h"
#include "harness/measure/statistics.h"
#include "harness/measure/verdict.h"

typedef struct {
    char *expression; /* as written: "connect_time_ms.p95 < 1500" */
    char *metric, *statistic, *comparison;
    double value, high; /* in the metric's unit; `high` of ".." */
    guint variant;
    int line; /* in the scenario's file; 0: nobody wrote it */

    gboolean has_observed; /* from here on: the result */
    double observed;
    guint n; /* values that it was judged by */
    VcbVerdict verdict;
    char *reason; /* owned; "" where there is nothing to say */
} VcbExpected;

/* From a line of run-start's `expectations`. A value written with % (`percent`) belongs to a metric in %; for
 * a ratio such as `connected` it is divided by 100. New; free with vcb_expected_free. */
VcbExpected *vcb_expected_new(const cJSON *json);

/* `connected.min == 1`, which holds for a variant that says nothing about `connected`. */
VcbExpected *vcb_expected_connected(guint variant);
void vcb_expected_free(VcbExpected *expected);

/* Judge by these statistics. With no value at all it fails: what was not measured did not hold. `peers`:
 * names, for telling an unknown metric from one that has no data; NULL-terminated. */
void vcb_expected_judge(VcbExpected *expected, const VcbStatistics *statistics, const char *const *peers);

/* Would it hold if the metric had this one value? */
gboolean vcb_expected_holds_for(const VcbExpected *expected, double value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbExpected, vcb_expected_free)
