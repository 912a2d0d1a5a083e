/* report.html: one file that opens without a network, reads in light and dark, on a phone and on paper,
 * without scripts.
 *
 *   verdict -> expectations -> key figures -> setting up -> variants -> over time -> network -> calls ->
 * processes -> environment */
#pragma once

#include "harness/measure/analysis.h"
#include "harness/report/graphs.h"
#include "harness/report/html.h"

/* `graphs`: VcbGraph, whose SVG files stand in `directory`; NULL: none. New string. */
char *vcb_page_html(const VcbAnalysis *analysis, const char *directory, const GPtrArray *graphs);

/* The parts that stand in files of their own. */
void vcb_page_calls(VcbHtml *html, const VcbAnalysis *analysis);
void vcb_page_network(VcbHtml *html, const VcbAnalysis *analysis, const char *directory,
                      const GPtrArray *graphs);
void vcb_page_badge(VcbHtml *html, VcbVerdict verdict);
extern const char VCB_PAGE_STYLE[];

/* A table in a box that scrolls. Columns: NULL-terminated; a leading '>' marks one of numbers. */
void vcb_page_begin_table(VcbHtml *html, const char *const *columns);
void vcb_page_end_table(VcbHtml *html);
void vcb_page_quantity(VcbHtml *html, double value, const char *unit); /* a cell */

/* The graphs whose names begin with `prefix`, under a heading where `title` is not NULL. */
void vcb_page_graphs(VcbHtml *html, const char *title, const char *directory, const GPtrArray *graphs,
                     const char *prefix);

/* gnuplot's SVG made part of a page: no prolog, its colours from the page's style, so that it reads in light
 * and dark. New string. */
char *vcb_svg_for_page(const char *svg, const char *title);
