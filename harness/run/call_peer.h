/* One peer of a call, as vcbench sees it: a process, its control channel, its lines in the run log.
 *
 *   vcb_call_peer_start --> messages (logged, then told) --> quit --> gone: neither process nor channel is
 * left
 *
 * Knows nothing of calls and their phases. Main thread only. */
#pragma once

#include "common/child.h"
#include "harness/run/run_log.h"
#include "harness/scenario/scenario.h"

typedef struct VcbCallPeer VcbCallPeer;

typedef struct {
    /* The peer said something; it is in the log already. */
    void (*message)(VcbCallPeer *peer, const char *type, const cJSON *message, gpointer user_data);
    /* Its process ended, or lives on without its channel, and nobody had asked for that. `reason` in words.
     */
    void (*lost)(VcbCallPeer *peer, const char *reason, gpointer user_data);
    /* Nothing of it is left. */
    void (*gone)(VcbCallPeer *peer, gpointer user_data);
} VcbCallPeerEvents;

/* settings, directory, log and events must outlive it. */
VcbCallPeer *vcb_call_peer_new(const VcbPeerSettings *settings, const char *call_id, const char *directory,
                               VcbRunLog *log, const VcbCallPeerEvents *events, gpointer user_data);
void vcb_call_peer_free(VcbCallPeer *peer); /* kills what still runs; no event afterwards; NULL is fine */

/* Start its process (the scenario's own, or `program`), on a host of the emulated network or (`namespaces` NULL) on ours, and
 * send `configure`. */
gboolean vcb_call_peer_start(VcbCallPeer *peer, const char *program, const VcbChildNamespaces *namespaces,
                             const cJSON *configure, GError **error);

/* Send a message, or a command that has a type and perhaps a text. To nobody where the channel has closed. */
void vcb_call_peer_send(VcbCallPeer *peer, const cJSON *message);
void vcb_call_peer_command(VcbCallPeer *peer, const char *type, const char *text);

/* Tell it to quit: from now on its end is expected. */
void vcb_call_peer_quit(VcbCallPeer *peer);

/* It had its time: SIGTERM, then SIGKILL. `note` goes to the log. */
void vcb_call_peer_end(VcbCallPeer *peer, const char *note);
void vcb_call_peer_kill(VcbCallPeer *peer);

const char *vcb_call_peer_name(const VcbCallPeer *peer);
gboolean vcb_call_peer_is_gone(const VcbCallPeer *peer);

/* Log its processor time, and its memory if asked for. */
void vcb_call_peer_sample_usage(VcbCallPeer *peer, gboolean with_memory);
