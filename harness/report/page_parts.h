/* What the sections of the page are built of: headings, badges, tables, graphs. */
#pragma once

#include "harness/measure/verdict.h"
#include "harness/report/graph.h"
#include "harness/report/html.h"

void vcb_page_badge(VcbHtml *html, VcbVerdict verdict);
void vcb_page_heading(VcbHtml *html, const char *text);

/* A table in a box that scrolls. Columns: NULL-terminated; a leading '>' marks one of numbers. */
void vcb_page_begin_table(VcbHtml *html, const char *const *columns);
void vcb_page_end_table(VcbHtml *html);
void vcb_page_quantity(VcbHtml *html, double value, const char *unit); /* a cell */

/* A graph, whose SVG file stands in `directory`; nothing where it cannot be read. */
void vcb_page_graph(VcbHtml *html, const char *directory, const VcbGraph *graph);

/* The graphs whose names begin with `prefix`, under a heading where `title` is not NULL. */
void vcb_page_graphs(VcbHtml *html, const char *title, const char *directory, const GPtrArray *graphs,
                     const char *prefix);
