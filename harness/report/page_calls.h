/* The section about the calls. */
#pragma once

#include "harness/measure/analysis.h"
#include "harness/report/html.h"

void vcb_page_calls(VcbHtml *html, const VcbAnalysis *analysis);
