/* What every graph has in common: its name, its colours, how its part of the gnuplot script begins and is drawn. */
#pragma once

#include <glib.h>

typedef struct {
    char *name;  /* of the files, without extension: "connect-time" */
    char *title; /* for people who cannot see it, and the page's caption */
} VcbGraph;

/* A VcbGraph; as a GDestroyNotify. */
void vcb_graph_free(gpointer graph);

/* Text that may stand in gnuplot's single quotes (new string); the common beginning of a graph; and a graph's two
 * drawings, `height` in pixels, with its entry in `graphs`. */
char *vcb_graph_label(const char *text);
void vcb_graph_begin(GString *body, const char *title);
void vcb_graph_add(GString *script, GPtrArray *graphs, const char *name, const char *title, int height,
                   const char *body);

/* Colours of series and of setup phases (Okabe and Ito's palette, told apart by colour-blind people);
 * NULL-terminated. */
extern const char *const VCB_GRAPH_COLOURS[];

/* The neutral colour of grids and bands. */
#define VCB_GRAPH_GRID "#9aa4ae"
