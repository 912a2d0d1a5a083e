/* The emulated networks of a run: vcbench-net as a child process, and what it builds (docs/network-emulator.md).
 *
 *   vcb_emulator_new -> ready -> vcb_emulated_network_new -> created -> start -> remove -> removed
 *                                vcb_emulator_finish -> (last counters, last audit) -> ended
 *
 * Everything that it says is logged with source "network"; what is about a call's own network, as the call's.
 * Main thread only. */
#pragma once

#include "common/child.h"
#include "harness/run/network_plan.h"
#include "harness/run/run_log.h"

typedef struct VcbEmulator VcbEmulator;
typedef struct VcbEmulatedNetwork VcbEmulatedNetwork;

typedef struct {
    void (*ready)(gpointer user_data);
    /* It cannot emulate on this machine; the error says what is closed and what opens it. */
    void (*failed)(const GError *error, gpointer user_data);
    /* It is gone, and every network with it: nothing that was in one can be believed any more. */
    void (*died)(const char *reason, gpointer user_data);
    /* After vcb_emulator_finish: it said its last. */
    void (*ended)(gpointer user_data);
} VcbEmulatorEvents;

/* Start it. with_capture: DIRECTORY/capture.pcapng. The environment may choose its back end: VCBENCH_NET_BACKEND (tun,
 * veth), VCBENCH_NET_NAMESPACES (root, user). directory and log must outlive it. NULL and an error where the program
 * cannot be started. */
VcbEmulator *vcb_emulator_new(const char *directory, gboolean with_capture, VcbRunLog *log,
                              const VcbEmulatorEvents *events, gpointer user_data, GError **error);

/* Its networks must have been freed. Kills what still runs; NULL is fine. */
void vcb_emulator_free(VcbEmulator *emulator);

/* No network will be asked for any more: it counts for the last time and ends. FALSE: it has ended already, `ended`
 * will not come. */
gboolean vcb_emulator_finish(VcbEmulator *emulator);

/* What was asked for cannot be emulated: `failed` comes from within, unless it came before. */
void vcb_emulator_fail(VcbEmulator *emulator, const GError *error);

pid_t vcb_emulator_pid(const VcbEmulator *emulator); /* 0 while it does not run; NULL is fine */

typedef struct {
    /* Its hosts exist. `problem` NULL, or why they do not. */
    void (*created)(VcbEmulatedNetwork *network, const char *problem, gpointer user_data);
    void (*removed)(VcbEmulatedNetwork *network, gpointer user_data);
} VcbEmulatedNetworkEvents;

/* Ask for a network; takes the plan over. `call`: to whom its lines belong; NULL: to the run. */
VcbEmulatedNetwork *vcb_emulated_network_new(VcbEmulator *emulator, VcbNetworkPlan *plan, const char *call,
                                             const VcbEmulatedNetworkEvents *events, gpointer user_data);

/* Closes our descriptors of its hosts; no event afterwards. NULL is fine. */
void vcb_emulated_network_free(VcbEmulatedNetwork *network);

/* The moment zero of its timeline, us of CLOCK_MONOTONIC. */
void vcb_emulated_network_start(VcbEmulatedNetwork *network, gint64 origin_us);

/* Its processes should be gone. FALSE: there is nothing to remove, `removed` will not come. */
gboolean vcb_emulated_network_remove(VcbEmulatedNetwork *network);

/* Where to start a process of a host. The descriptors stay the network's. FALSE: there is no such host (yet). */
gboolean vcb_emulated_network_host(const VcbEmulatedNetwork *network, const char *host,
                                   VcbChildNamespaces *ret_namespaces);

/* The host's addresses; NULL where it has none. Owned by the network. */
const VcbPlannedHost *vcb_emulated_network_plan_of(const VcbEmulatedNetwork *network, const char *host);
