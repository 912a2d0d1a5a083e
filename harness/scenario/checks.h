/* What is wrong only between settings: each is right by itself, but they do not fit each other or the engine.
 */
#pragma once

#include "harness/scenario/binding.h"

/* Adds problems; sorts the timeline by time. */
void vcb_checks_run(VcbBinding *binding);
