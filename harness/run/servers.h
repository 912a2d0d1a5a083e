/* The servers that the calls of a run need: signaling, STUN and TURN, on loopback and on hosts of an emulated network. All are
 * started before the first call.
 *
 *   new -> every one of them up -> ready      signaling died -> signaling_died -> up again -> ready
 *          finish -> finished
 *
 *   loopback:  signald  coturn            for calls without `network:`
 *   emulated:  vcbench-net -> network "servers" -> signald on host "signaling", coturn on host "turn"
 *
 * Main thread only. */
#pragma once

#include "harness/run/network.h"
#include "harness/run/plan.h"
#include "harness/run/run_log.h"

typedef struct VcbServers VcbServers;

typedef struct {
    /* All are up. */
    void (*ready)(gpointer user_data);
    /* One cannot be started, or is gone for good: no further call can begin. */
    void (*failed)(const GError *error, gpointer user_data);
    /* A signaling server died and is being started anew: connected calls go on without it, the others cannot
     * become connected any more. */
    void (*signaling_died)(const char *reason, gpointer user_data);
    /* The emulator died, and with it every network: what its calls measure from now on is not to be believed. */
    void (*network_died)(const char *reason, gpointer user_data);
    /* After vcb_servers_finish. */
    void (*finished)(gpointer user_data);
} VcbServersEvents;

/* Start what the plan's calls need. scenario, plan, directory and log must outlive it. NULL and an error (with what to
 * install) where one cannot be started. */
VcbServers *vcb_servers_new(const VcbScenario *scenario, const VcbPlan *plan, const char *directory,
                            VcbRunLog *log, const VcbServersEvents *events, gpointer user_data,
                            GError **error);
void vcb_servers_free(VcbServers *servers); /* kills what still runs; NULL is fine */

gboolean vcb_servers_are_ready(const VcbServers *servers);

/* No call is left: the emulator counts for the last time. FALSE: there is nothing to wait for, `finished` will not
 * come. */
gboolean vcb_servers_finish(VcbServers *servers);

/* The emulator of the networks; NULL where no call needs one. */
VcbEmulator *vcb_servers_emulator(const VcbServers *servers);

/* The room of a call at its signaling server, with the rules of its message scheduler. */
void vcb_servers_open_room(VcbServers *servers, const VcbPlannedCall *call);
void vcb_servers_close_room(VcbServers *servers, const VcbPlannedCall *call);

/* "ws://127.0.0.1:4711" as a peer (0 or 1) of a call reaches it. New string. */
char *vcb_servers_signaling_url(const VcbServers *servers, const VcbPlannedCall *call, int peer);

/* Append the run's own servers to the `ice.servers` of a peer's `configure`. */
void vcb_servers_add_ice(const VcbServers *servers, const VcbPlannedCall *call, int peer, cJSON *list);

/* Process-usage lines of those whose cost is a metric. */
void vcb_servers_log_usage(const VcbServers *servers, gboolean with_memory);
