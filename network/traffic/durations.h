/* Durations of transfers: of this interval, and of the whole time. */
#pragma once

#include "common/json.h"

typedef struct {
    GArray *interval, *overall; /* of gint64 us */
} VcbDurations;

void vcb_durations_init(VcbDurations *durations);
void vcb_durations_clear(VcbDurations *durations);
void vcb_durations_add(VcbDurations *durations, gint64 duration_us);

/* Add {n, p50, p95, max} in us under `key`, or nothing where n is 0; a percentile p is the least value that p percent of all do not
 * exceed (nearest rank). The next interval begins. */
void vcb_durations_report(VcbDurations *durations, gboolean overall, cJSON *message, const char *key);
