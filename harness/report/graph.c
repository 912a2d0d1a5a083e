#include "harness/report/graph.h"

#include <string.h>

#define WIDTH 760

const char *const VCB_GRAPH_COLOURS[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                         "#56b4e9", "#e69f00", NULL};

void vcb_graph_free(gpointer data)
{
    VcbGraph *graph = data;

    g_free(graph->name);
    g_free(graph->title);
    g_free(graph);
}

char *vcb_graph_label(const char *text)
{
    GString *out = g_string_new(NULL);
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    guint n = 0;

    /* Inside gnuplot's single quotes only the quote itself has a meaning; the rest goes for good measure. */
    for (const char *at = valid; *at && n < 48; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        if (!g_unichar_isprint(c) || strchr("'`\"\\@", c < 128 ? (int)c : 'x'))
            continue;
        g_string_append_unichar(out, c);
        n++;
    }
    return g_string_free(out, FALSE);
}

void vcb_graph_add(GString *script, GPtrArray *graphs, const char *name, const char *title, int height,
                   const char *body)
{
    VcbGraph *graph = g_new0(VcbGraph, 1);

    graph->name = g_strdup(name);
    graph->title = g_strdup(title);
    g_ptr_array_add(graphs, graph);
    g_string_append_printf(
        script,
        "set terminal svg size %d,%d dynamic noenhanced font 'sans,13' linewidth 1.2 background '#ffffff'\n"
        "set output '%s.svg'.part\n%sset output\n",
        WIDTH, height, name, body);
    g_string_append_printf(
        script,
        "set terminal pngcairo size %d,%d noenhanced font 'sans,11' fontscale 1.6 linewidth 2 "
        "pointscale 1.6\nset output '%s.png'.part\n%sset output\n\n",
        2 * WIDTH, 2 * height, name, body);
}

void vcb_graph_begin(GString *body, const char *title)
{
    g_string_append_printf(body,
                           "reset\n"
                           "set border 3 lc rgb 'black' lw 0.8\n"
                           "set tics nomirror out scale 0.5\n"
                           "set grid lc rgb '" VCB_GRAPH_GRID "' lw 0.5 dt 3\n"
                           "set label 100 '%s' at screen 0.012, screen 1 offset 0,-1 left font ',14'\n",
                           title);
}
