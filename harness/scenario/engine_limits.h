/* What an engine cannot carry out, as data: a scenario that asks for it is refused before anything starts.
 * Engines of type exec say for themselves what they lack, in `ready` (docs/peer-protocol.md). */
#pragma once

#include "harness/scenario/binding.h"

/* Adds a problem for each setting that an engine of the scenario cannot carry out. */
void vcb_engine_limits_check(const VcbBinding *binding);
