/* The network that a call stands in, or that the calls of a wave share, with its cross traffic.
 *
 *   new -> hosts made -> cross traffic's processes up -> ready -> start (moment zero) -> remove -> gone
 *
 * Main thread only. */
#pragma once

#include "harness/run/network.h"

typedef struct VcbCallNetwork VcbCallNetwork;

typedef struct {
    const VcbSettings *settings; /* must outlive it; net.enabled */
    VcbEmulator *emulator;       /* must outlive it */
    const char *name;            /* the call's id; shared: "wave-" and the first call's */
    const char *call;            /* to whom its lines in the log belong; NULL: shared */
    guint64 seed;                /* the call's; shared: the first call's */
    guint number;                /* in the run, from 1: of its addresses */
    guint n_pairs;
} VcbCallNetworkParams;

typedef struct {
    void (*ready)(VcbCallNetwork *network, gpointer user_data);
    /* It cannot be made, or its cross traffic broke. */
    void (*failed)(VcbCallNetwork *network, const char *reason, gpointer user_data);
    /* Its last counters are in the log. It may be freed within. */
    void (*gone)(VcbCallNetwork *network, gpointer user_data);
} VcbCallNetworkEvents;

/* directory and log must outlive it. No event comes from within. Where the network cannot be planned (a trace is gone), `failed` comes
 * and then the emulator's, which ends the run. */
VcbCallNetwork *vcb_call_network_new(const VcbCallNetworkParams *params, const char *directory,
                                     VcbRunLog *log, const VcbCallNetworkEvents *events, gpointer user_data);
void vcb_call_network_free(VcbCallNetwork *network); /* no event afterwards; NULL is fine */

gboolean vcb_call_network_is_ready(const VcbCallNetwork *network);
const char *vcb_call_network_name(const VcbCallNetwork *network);

/* Where the process of a peer (0 or 1) of a pair (from 1) is to be started. FALSE and an error (why the network could not
 * be made): there is no such place. */
gboolean vcb_call_network_host(const VcbCallNetwork *network, int peer, int pair,
                               VcbChildNamespaces *ret_namespaces, GError **error);

/* The moment zero of timeline, rate steps and cross traffic is now. */
void vcb_call_network_start(VcbCallNetwork *network);

/* Once the peers' processes are gone. FALSE: nothing is left, `gone` will not come. */
gboolean vcb_call_network_remove(VcbCallNetwork *network);
