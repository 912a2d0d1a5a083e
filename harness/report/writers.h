/* The files of a run's directory, each as text made from an analysis: pure functions, compared byte by byte
 * in tests. */
#pragma once

#include "harness/measure/analysis.h"

/* What run.json holds (schema vcbench.run/1, docs/run-directory.md). New object. */
cJSON *vcb_run_json(const VcbAnalysis *analysis);

/* One row for each stream of each call and each interval between stats samples. New string. */
char *vcb_samples_csv(const VcbAnalysis *analysis);

/* One row for each link direction of each call (of each network, where it is shared) and each interval between two
 * of its lines. New string; NULL where no call had an emulated network. */
char *vcb_links_csv(const VcbAnalysis *analysis);

/* Parts of run.json: calls[].network, and the run's `network`. New objects. */
cJSON *vcb_network_call_json(const VcbCallAnalysis *call);
cJSON *vcb_network_run_json(const VcbNetworkAudit *audit);

/* JUnit's XML: a testcase for each expectation and each call. New string. */
char *vcb_junit_xml(const VcbAnalysis *analysis);
