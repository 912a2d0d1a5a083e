/* The `room` message for the signaling server (docs/signaling.md), made from a scenario's settings. */
#pragma once

#include "common/json.h"
#include "harness/run/plan.h"

/* New message: who may join the call's room, and the rules of its message scheduler. */
cJSON *vcb_room_message(const VcbSettings *settings, const VcbPlannedCall *call);
