/* report.html: one file that opens without a network, reads in light and dark, on a phone and on paper,
 * without scripts.
 *
 *   verdict -> expectations -> key figures -> setting up -> variants -> over time -> network -> calls ->
 * processes -> environment */
#pragma once

#include "harness/measure/analysis.h"

/* `graphs`: VcbGraph, whose SVG files stand in `directory`; NULL: none. New string. */
char *vcb_page_html(const VcbAnalysis *analysis, const char *directory, const GPtrArray *graphs);
