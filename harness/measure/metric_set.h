/* Named numbers in the order in which they were set: what a call, or the run, was measured to be. */
#pragma once

#include "common/json.h"

typedef struct {
    char *name;
    double value;
} VcbMetric;

typedef struct VcbMetricSet VcbMetricSet;

VcbMetricSet *vcb_metric_set_new(void);
void vcb_metric_set_free(VcbMetricSet *set);

/* Set, or replace. A number that is not finite was not measured: it is left out. Kept to six decimals, so
 * that what run.json shows is what expectations were judged by. */
void vcb_metric_set_put(VcbMetricSet *set, const char *name, double value);

/* FALSE where it was not measured; *ret_value is untouched then. */
gboolean vcb_metric_set_get(const VcbMetricSet *set, const char *name, double *ret_value);

guint vcb_metric_set_size(const VcbMetricSet *set);
const VcbMetric *vcb_metric_set_at(const VcbMetricSet *set, guint index);

/* {name: number}. New object. */
cJSON *vcb_metric_set_to_json(const VcbMetricSet *set);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbMetricSet, vcb_metric_set_free)
