/* report.html: one file that opens without a network, reads in light and dark, on a phone and on paper,
 * without scripts.
 *
 *   verdict -> expectations -> key figures -> setting up -> variants -> over time -> calls -> processes ->
 * environment */
#pragma once

#include "harness/measure/analysis.h"
#include "harness/report/html.h"

/* `graphs`: VcbGraph, whose SVG files stand in `directory`; NULL: none. New string. */
char *vcb_page_html(const VcbAnalysis *analysis, const char *directory, const GPtrArray *graphs);

/* The parts that stand in files of their own. */
void vcb_page_calls(VcbHtml *html, const VcbAnalysis *analysis);
void vcb_page_badge(VcbHtml *html, VcbVerdict verdict);
extern const char VCB_PAGE_STYLE[];

/* gnuplot's SVG made part of a page: no prolog, its colours from the page's style, so that it reads in light
 * and dark. New string. */
char *vcb_svg_for_page(const char *svg, const char *title);
