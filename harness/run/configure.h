/* The `configure` and `join` messages of the peer protocol, made from a scenario's settings. */
#pragma once

#include "harness/run/call_context.h"

/* New message for peer `index` (0 or 1) of a call. */
cJSON *vcb_configure_message(const VcbCallContext *context, const VcbPlannedCall *call, int index);

/* New message; NULL and an error where a token is needed and cannot be made. */
cJSON *vcb_join_message(const VcbCallContext *context, const VcbPlannedCall *call, int index, GError **error);
