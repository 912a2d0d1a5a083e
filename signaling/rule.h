/* A rule of the message scheduler, and reading it from the control channel's JSON (docs/signaling.md). */
#pragma once

#include "common/json.h"

typedef struct VcbAction VcbAction; /* scheduler.c has the table */

typedef struct {
    const VcbAction *action;
    char *message; /* a message type, "end-of-candidates", or NULL: any */
    char *from;    /* peer names; NULL: any */
    char *to;
    guint nth;      /* 1: the first that the fields above match, for each sender and receiver; 0: all */
    char *until;    /* of "hold": the kind of message that lets it go; NULL: time alone */
    guint count;    /* of "hold": so many of `until` */
    gint64 time_us; /* "delay": how long; "hold": at most so long (0: without end) */
} VcbRule;

/* Read an array of rules, or NULL for none. New array of VcbRule (g_array_unref), or NULL and an error that
 * names the rule and what is wrong with it. */
GArray *vcb_rules_from_json(const cJSON *rules, GError **error);
