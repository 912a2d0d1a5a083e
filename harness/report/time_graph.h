/* Graphs over the time since connected: bitrate, loss, RTT, jitter, frame rate. A line for each peer (and
 * variant): the median over its calls; a band from the least to the most. Timeline actions and injected
 * decisions are marked. */
#pragma once

#include "harness/measure/analysis.h"

void vcb_time_graphs_add(const VcbAnalysis *analysis, GString *script, GPtrArray *graphs);

/* Where a call's time begins: when it connected; of calls that share a network, when the last of them did. */
gint64 vcb_time_graph_zero_us(const VcbAnalysis *analysis, const VcbCallAnalysis *call);

/* Marks of the timeline and the warm-up's shade, behind the lines of the panels that follow. link: only those of calls
 * that have such a link; NULL: of all. */
void vcb_time_graph_marks(const VcbAnalysis *analysis, const char *link, GString *body, gboolean with_words);
