/* The metrics of a call and of the run: pure functions of the log. Names and definitions: metric_table.c,
 * docs/metrics.md. */
#pragma once

#include "harness/measure/network_audit.h"
#include "harness/measure/metric_set.h"
#include "harness/measure/network_data.h"
#include "harness/measure/run_data.h"
#include "harness/measure/setup.h"

/* All that one call gives. warmup_us: streams and processes are measured from the first sample at or after
 * connected + warmup_us to the last one; with fewer than two samples in between they have no metrics, rather
 * than zeros. network: NULL where none was emulated. */
VcbMetricSet *vcb_metrics_of_call(const VcbCallData *call, const VcbNetworkData *network,
                                  const VcbSetup *setup, gint64 warmup_us);

/* vcbench.cpu_pct, signald.cpu_pct, network.cpu_pct, their pss_bytes, harness_cpu_share_pct, network_*. */
VcbMetricSet *vcb_metrics_of_run(const VcbRunData *data, const VcbNetworkAudit *audit);

/* The types of the selected candidates, {peer: {local, remote}}: "host", "srflx", "prflx", "relay". New
 * object; empty where no peer tells. */
cJSON *vcb_candidate_types(const VcbCallData *call);
