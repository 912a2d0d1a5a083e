/* The graphs of a run: one gnuplot script, one gnuplot process, each graph as SVG and PNG.
 *
 *   analysis -> datablocks and plot commands -> graphs.gnuplot -> gnuplot -> NAME.svg, NAME.png
 *
 * The script stays in the run's directory, so that a person can change a graph and draw it again. */
#pragma once

#include "harness/measure/analysis.h"

typedef struct {
    char *name;  /* of the files, without extension: "connect-time" */
    char *title; /* for people who cannot see it, and the page's caption */
} VcbGraph;

/* The script and, in *ret_graphs, what it draws (VcbGraph, owned). Pure. New string. Graphs without data are
 * left out. */
char *vcb_graphs_script(const VcbAnalysis *analysis, GPtrArray **ret_graphs);

/* Draw all into `directory`. FALSE: gnuplot is missing (the message names the package), failed, or took
 * longer than 10 s; *ret_graphs is then untouched. Iterates the default main context while gnuplot runs. */
gboolean vcb_graphs_draw(const VcbAnalysis *analysis, const char *directory, GPtrArray **ret_graphs,
                         GError **error);

/* Colours of series and of setup phases (Okabe and Ito's palette, told apart by colour-blind people);
 * NULL-terminated. */
extern const char *const VCB_GRAPH_COLOURS[];

/* The neutral colour of grids and bands. */
#define VCB_GRAPH_GRID "#9aa4ae"
