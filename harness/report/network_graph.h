/* Graphs of the emulated links over the time since connected: rate, delay, queue, drops. */
#pragma once

#include "harness/measure/analysis.h"

/* Their part of the script, and a VcbGraph for each in `graphs`. */
void vcb_network_graphs_add(const VcbAnalysis *analysis, GString *script, GPtrArray *graphs);
