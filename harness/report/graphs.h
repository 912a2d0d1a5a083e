/* The graphs of a run: one gnuplot script, one gnuplot process, each graph as SVG and PNG.
 *
 *   analysis -> datablocks and plot commands -> graphs.gnuplot -> gnuplot -> NAME.svg, NAME.png
 *
 * The script stays in the run's directory, so that a person can change a graph and draw it again. */
#pragma once

#include "harness/measure/analysis.h"
#include "harness/report/graph.h"

/* The script and, in *ret_graphs, what it draws (VcbGraph, owned). Pure. New string. Graphs without data are
 * left out. */
char *vcb_graphs_script(const VcbAnalysis *analysis, GPtrArray **ret_graphs);

/* Draw all into `directory`. FALSE: gnuplot is missing (the message names the package), failed, or took
 * longer than 10 s; *ret_graphs is then untouched. Iterates the default main context while gnuplot runs. */
gboolean vcb_graphs_draw(const VcbAnalysis *analysis, const char *directory, GPtrArray **ret_graphs,
                         GError **error);
