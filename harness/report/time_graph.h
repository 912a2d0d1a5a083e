/* Graphs over the time since connected: bitrate, loss, RTT, jitter, frame rate. A line for each peer (and
 * variant): the median over its calls; a band from the least to the most. Timeline actions and injected
 * decisions are marked. */
#pragma once

#include "harness/report/graphs.h"

void vcb_time_graphs_add(const VcbAnalysis *analysis, GString *script, GPtrArray *graphs);

/* Shared with graphs.c: text that may stand in gnuplot's single quotes (new string); the common beginning of
 * a graph; and a graph's two drawings, `height` in pixels. */
char *vcb_graph_label(const char *text);
void vcb_graph_begin(GString *body, const char *title);
void vcb_graph_add(GString *script, GPtrArray *graphs, const char *name, const char *title, int height,
                   const char *body);
