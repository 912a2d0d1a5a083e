/* What a connection tells whoever made it. */
#pragma once

#include "peers/protocol.h"

typedef struct VcbConnection VcbConnection;

typedef struct {
    /* A message for vcbench: a state, frame, chat or error. Owned by the callee. */
    void (*report)(cJSON *message, gpointer user_data);
    /* A message for the other peer: offer, answer or ice-candidate. Owned by the callee. */
    void (*signal)(cJSON *message, gpointer user_data);
    /* connectionState became `connected`, for the first time. */
    void (*connected)(gpointer user_data);
} VcbConnectionEvents;
