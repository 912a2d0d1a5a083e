/* Metrics over calls: the values of each, collected by name, and their statistics. */
#pragma once

#include "harness/measure/metric_set.h"
#include "harness/measure/statistics.h"

/* One metric over calls. */
typedef struct {
    char *name;
    GArray *values; /* double, in the order of the calls */
    VcbStatistics statistics;
} VcbMetricSummary;

typedef struct VcbSummaryCollector VcbSummaryCollector;

/* Takes values by name, to be summed up at the end. */
VcbSummaryCollector *vcb_summary_collector_new(void);
void vcb_summary_collector_add(VcbSummaryCollector *collector, const VcbMetricSet *metrics);

/* VcbMetricSummary with their statistics, in the table's order; frees the collector. */
GPtrArray *vcb_summary_collector_finish(VcbSummaryCollector *collector);

/* NULL where no valid call has it. */
const VcbMetricSummary *vcb_summary_find(const GPtrArray *summaries, const char *name);
