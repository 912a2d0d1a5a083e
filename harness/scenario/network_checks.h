/* What is wrong between the network's settings, and between them and the others. */
#pragma once

#include "harness/scenario/binding.h"

/* The peers' names are known. Adds problems; sorts the timeline by time. */
void vcb_network_check(VcbBinding *binding);
