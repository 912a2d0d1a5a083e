/* The signaling server of a run, as a child process: started, watched, started anew when it dies. Main thread
 * only. */
#pragma once

#include "common/child.h"
#include "harness/run/run_log.h"
#include "harness/scenario/scenario.h"

#include <sys/types.h>

typedef struct VcbSignald VcbSignald;

typedef struct {
    /* It listens. Also after a new start. */
    void (*ready)(int port, gpointer user_data);
    /* It cannot be started, or died too often. */
    void (*failed)(const GError *error, gpointer user_data);
    /* It died, and is being started anew: calls that are not connected yet cannot become so. */
    void (*died)(const char *reason, gpointer user_data);
} VcbSignaldEvents;

typedef struct {
    const VcbSignalingSettings *settings; /* must outlive it */
    const char *name;                     /* of the process: "signald" */
    const char *host;                     /* to listen on; must outlive it */
    int port;                             /* 0: any free one */
    const VcbChildNamespaces *namespaces; /* of the host it stands on; NULL: ours. Must outlive it */
} VcbSignaldParams;

/* Starts it; its log goes to DIRECTORY/logs/. directory and log must outlive it. */
VcbSignald *vcb_signald_new(const VcbSignaldParams *params, const char *directory, VcbRunLog *log,
                            const VcbSignaldEvents *events, gpointer user_data, GError **error);

/* Ends it, then frees. NULL is fine. */
void vcb_signald_free(VcbSignald *signald);

/* `room` and `close-room` messages (docs/signaling.md). The message stays the caller's. */
void vcb_signald_send(VcbSignald *signald, const cJSON *message);

/* 0 while it is not running. */
pid_t vcb_signald_pid(const VcbSignald *signald);
