/* The files of a run's directory, each as text made from an analysis: pure functions, compared byte by byte
 * in tests. */
#pragma once

#include "harness/measure/analysis.h"

/* What run.json holds (schema vcbench.run/1, docs/run-directory.md). New object. */
cJSON *vcb_run_json(const VcbAnalysis *analysis);

/* One row for each stream of each call and each interval between stats samples. New string. */
char *vcb_samples_csv(const VcbAnalysis *analysis);

/* JUnit's XML: a testcase for each expectation and each call. New string. */
char *vcb_junit_xml(const VcbAnalysis *analysis);
