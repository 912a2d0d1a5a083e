/* What broke, in words: the first thing in a call's events that explains why it did not go as planned. */
#pragma once

#include "harness/measure/network_data.h"
#include "harness/measure/run_data.h"
#include "harness/measure/setup.h"

/* For a call that did not complete. New string, never empty: "bob: InvalidStateError: ...", "alice: the
 * process ended: killed by signal 9 (SIGKILL)", or the harness's own words with the states that the peers had
 * reached; where it never connected, also what its NATs and firewalls held back: "...; no candidate pair worked: bob's
 * NAT filtered 34 packets; STUN was offered, TURN was not". *ret_process_died: a process of the call ended that should not have.
 * network: NULL where none was emulated. */
char *vcb_reason_of(const VcbRunData *data, const VcbCallData *call, const VcbSetup *setup,
                    const VcbNetworkData *network, gboolean *ret_process_died);
