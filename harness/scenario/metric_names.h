/* Which metric an expectation is about: its full name against the table of metrics (harness/metric), so that
 * an expectation about what no report will ever have is refused before the run, in words. */
#pragma once

#include "harness/metric/metric_table.h"

typedef struct {
    const VcbMetricInfo *base;
    int peer;              /* index into the peers' names; -1: none was said */
    const char *kind;      /* "audio", "video", or NULL */
    const char *direction; /* "in", "out"; of a link's "up", "down"; or NULL */
} VcbExpectTarget;

/* Split a metric's full name, statistic already taken off. peers: the scenario's two. The error's message is
 * "what is wrong; what was meant". */
gboolean vcb_expect_target_parse(const char *name, const char *const peers[2], VcbExpectTarget *ret_ref,
                                 GError **error);
