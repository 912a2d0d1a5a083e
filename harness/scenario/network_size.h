/* How long the description of a network is that its emulator gets in one line (harness/run/network_plan.h makes it). */
#pragma once

#include "harness/scenario/scenario.h"

/* At most so many bytes has the message `create` of a call with these settings; net.enabled. */
gsize vcb_network_most_bytes(const VcbSettings *settings);
