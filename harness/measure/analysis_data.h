/* What an analysis has found, as data: filled in by analysis.c, its verdicts by judge.c, read by the report. */
#pragma once

#include "harness/measure/expectation.h"
#include "harness/measure/metric_set.h"
#include "harness/measure/metric_summary.h"
#include "harness/measure/network_audit.h"
#include "harness/measure/network_data.h"
#include "harness/measure/run_data.h"
#include "harness/measure/setup.h"

typedef struct {
    const VcbCallData *data; /* no-ref */
    VcbSetup setup;
    VcbMetricSet *metrics;
    cJSON *candidate_types;  /* {peer: {local, remote}} */
    GPtrArray *series;       /* VcbSeries */
    VcbNetworkData *network; /* owned; NULL: none was emulated */
    GPtrArray *truth;        /* VcbStreamTruth; empty without a network */
    gboolean is_valid;       /* counted in statistics: it ran to an end of its own, well or badly */
    gboolean is_connected;
    gboolean is_tolerated; /* it did not connect, but the variant's expectations on `connected` hold all the
                              same */
    VcbVerdict verdict;
    char *reason; /* "" where it passed as a matter of course */
} VcbCallAnalysis;

typedef struct {
    const char *name;    /* "" where there is no matrix */
    const cJSON *matrix; /* no-ref; may be NULL */
    guint n_calls, n_valid, n_connected;
    GPtrArray *metrics; /* VcbMetricSummary, in the table's order */
} VcbVariantAnalysis;

/* Milliseconds; NAN where the log does not tell. */
typedef struct {
    double start_ms;      /* from the program's start to the first call */
    double stop_ms;       /* from the last call's end to the end of the processes */
    double report_ms;     /* making this report */
    double overhead_ms;   /* the sum: time to verdict beyond the calls themselves */
    double call_start_ms; /* mean of a call's start: processes begun until join was sent */
    double call_stop_ms;  /* mean of a call's end: hang-up was sent until all had ended */
    double total_ms;      /* program start to the end of the run and its report */
} VcbTiming;

typedef struct {
    const VcbRunData *data; /* no-ref */
    GPtrArray *calls;       /* VcbCallAnalysis */
    GPtrArray *variants;    /* VcbVariantAnalysis */
    VcbMetricSet *run_metrics;
    GPtrArray *metrics;      /* VcbMetricSummary: over all valid calls, and the run's own */
    GPtrArray *expectations; /* VcbExpected */
    GPtrArray *notes;        /* char* */
    VcbNetworkAudit audit;   /* of the emulated network */
    VcbTiming timing;
    guint n_planned, n_valid, n_connected;
    gboolean is_interrupted;
    VcbVerdict verdict;
    char *reason; /* one sentence */
} VcbAnalysis;
