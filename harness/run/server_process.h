/* A server of a run as a child process: what the signaling server, coturn and the network's emulator have in common.
 *
 *   new -> (deadline: late) -> vcb_server_process_ready -> vcb_server_process_finish -> ended
 *    |                                                                                   ^
 *    +---- its process and its channel are gone -----------------------------------------+
 *
 * Logs that it started and ended; what it says in between is the owner's to log. Main thread only. */
#pragma once

#include "common/channel.h"
#include "common/child.h"
#include "harness/run/run_log.h"

typedef struct VcbServerProcess VcbServerProcess;

typedef struct {
    const char *name;                             /* in the log: "signald" */
    const char *call;                             /* whose it is alone; NULL: the run's */
    const char *file;                             /* its output goes to logs/FILE.log; NULL: the name */
    const char *title;                            /* in sentences: "the signaling server" */
    const char *const *argv, *const *environment; /* see VcbChildParams */
    const VcbChildNamespaces *namespaces;         /* of the host that it stands on; NULL: ours */
    gboolean with_control;
    guint start_timeout_ms;
    const char *goal; /* what it must do by then: "begin to listen" */
} VcbServerProcessParams;

/* In each of them the process may be freed. */
typedef struct {
    /* A message on its control channel. NULL where it has none. */
    void (*message)(VcbServerProcess *process, cJSON *message, gpointer user_data);
    /* It runs, but did not reach its goal in time. */
    void (*late)(VcbServerProcess *process, const char *reason, gpointer user_data);
    /* Nothing is left of it, and what it said last has been told. */
    void (*ended)(VcbServerProcess *process, const char *reason, gpointer user_data);
} VcbServerProcessEvents;

/* Start it, its output in DIRECTORY/logs/. `log` must outlive it, the strings need not. NULL and an error
 * ("TITLE cannot be started: ...") where it cannot be started. */
VcbServerProcess *vcb_server_process_new(const VcbServerProcessParams *params, const char *directory,
                                         VcbRunLog *log, const VcbServerProcessEvents *events,
                                         gpointer user_data, GError **error);

/* Kills what still runs; no event afterwards. NULL is fine. */
void vcb_server_process_free(VcbServerProcess *process);

/* It reached its goal: the deadline is off. */
void vcb_server_process_ready(VcbServerProcess *process);

/* From now on its end is expected; after grace_us it is killed. It was told to end by a message, or is now `by_signal`:
 * SIGTERM to itself alone, so that what it has started goes as it sees fit. What it still says is read. */
void vcb_server_process_finish(VcbServerProcess *process, gboolean by_signal, gint64 grace_us);

/* For descriptors that came with a message, within the callback. */
VcbChannel *vcb_server_process_channel(VcbServerProcess *process);

/* Dropped where its channel has closed. The message stays the caller's. */
void vcb_server_process_send(VcbServerProcess *process, const cJSON *message);

/* 0 where it is NULL or has ended. */
pid_t vcb_server_process_pid(const VcbServerProcess *process);
