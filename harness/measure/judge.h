/* The verdicts: of each expectation, of each call, of the run. */
#pragma once

#include "harness/measure/analysis_data.h"

/* Fill in the expectations' results, the calls' verdicts and reasons, and the run's. Everything else of the
 * analysis is there already.
 *
 * A call that completed passes. One that did not connect passes where the variant's expectations on
 * `connected` hold for the value 0; a process that died never was expected. Calls that were skipped, invalid
 * or interrupted say nothing.
 *
 * The run, in this order:
 *   error    vcbench itself broke, or its emulated network's accounts do not add up
 *   invalid  the run was interrupted: what is missing might have changed any conclusion
 *   invalid  the emulated network was late, lost packets unseen, or the clocks moved (network_audit.h)
 *   fail     an expectation failed, or a call broke after it had connected, or a process died
 *   invalid  no valid call at all, or a variant whose calls are all invalid
 *   pass */
void vcb_analysis_judge(VcbAnalysis *analysis);
