/* The `configure` and `join` messages of the peer protocol, made from a scenario's settings. */
#pragma once

#include "harness/run/call.h"

/* New message for peer `index` (0 or 1) of a call. */
cJSON *vcb_configure_message(const VcbCallContext *context, const VcbPlannedCall *call, int index);

/* New message; NULL and an error where a token is needed and cannot be made. */
cJSON *vcb_join_message(const VcbCallContext *context, const VcbPlannedCall *call, int index, GError **error);

/* New `room` message for the signaling server. */
cJSON *vcb_room_message(const VcbSettings *settings, const VcbPlannedCall *call);
