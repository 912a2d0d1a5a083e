/* Streams over time: what each pair of consecutive stats samples tells, for graphs and samples.csv. */
#pragma once

#include "harness/metric/metric_table.h"
#include "harness/measure/run_data.h"
#include "harness/measure/setup.h"

typedef enum {
    VCB_SERIES_BITRATE,
    VCB_SERIES_LOSS,
    VCB_SERIES_JITTER,
    VCB_SERIES_RTT,
    VCB_SERIES_FPS,
    VCB_SERIES_PACKETS,
    VCB_SERIES_DROPPED,
    VCB_SERIES_FREEZES,
    VCB_N_SERIES,
} VcbSeriesValue;

/* Column names of the values, with their units. */
extern const char *const VCB_SERIES_NAMES[VCB_N_SERIES];

typedef struct {
    gint64 t_us;                /* end of the interval, since connected */
    gint64 interval_us;         /* its length */
    double value[VCB_N_SERIES]; /* NAN where not told */
} VcbPoint;

typedef struct {
    char *peer;
    VcbKind kind;
    VcbDirection direction;
    GArray *points; /* VcbPoint, owned */
} VcbSeries;

/* Every stream of a call that connected; empty otherwise. An interval under a quarter of stats_interval_us
 * joins the next one: rates over a few milliseconds are noise. GPtrArray of VcbSeries, owned. */
GPtrArray *vcb_series_of(const VcbCallData *call, const VcbSetup *setup, gint64 stats_interval_us);
