/* Everything that a log says, worked out: the calls with their metrics and verdicts, the statistics of each
 * variant and of all, the expectations, the run's verdict and the reason for it. The report writes down what
 * stands here.
 *
 *   VcbRunData -> calls: setup, metrics, series, verdict
 *              -> statistics (all; each variant)  -> expectations -> verdict */
#pragma once

#include "harness/measure/analysis_data.h"

/* `data` must outlive the analysis. */
VcbAnalysis *vcb_analysis_new(const VcbRunData *data);
void vcb_analysis_free(VcbAnalysis *analysis);

/* Fill in what only the report knows, and the sums that need it. */
void vcb_analysis_set_report_time(VcbAnalysis *analysis, gint64 report_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbAnalysis, vcb_analysis_free)
