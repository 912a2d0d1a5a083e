/* The section about emulated networks; nothing where none was. */
#pragma once

#include "harness/measure/analysis.h"
#include "harness/report/html.h"

/* `graphs`: VcbGraph, whose SVG files stand in `directory`; NULL: none. */
void vcb_page_network(VcbHtml *html, const VcbAnalysis *analysis, const char *directory,
                      const GPtrArray *graphs);
