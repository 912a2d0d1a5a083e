/* What vcbench-net is to build: from a scenario's network settings to the messages of docs/network-emulator.md. Pure, so that
 * `create` can be tested as a golden.
 *
 *   servers (network "servers"): host "signaling" 198.18.0.10, host "turn" 198.18.0.20 and .21, IPv6 2001:db8::a, ::14, ::15
 *   network n (from 1): routers alice, bob (lines), alice-nat-2 (further NATs outward), alice-wwan0 (further interfaces), carrier, bottleneck;
 *                       hosts alice, bob; with `shared` alice-1, bob-1, alice-2, ... by pair; cross traffic's hosts traffic-<i>-near, -far
 *   public addresses 198.18.0.0/15 counted up from 198.18.1.0 by n, homes 192.168.<k>.0/24, nested 10.<k>.0.0/16, the carrier's 100.64.0.0/10;
 *   IPv6 2001:db8:<n>:<k>::/64 */
#pragma once

#include "harness/scenario/scenario.h"

/* One of the hosts of a network, as the run needs it to start processes there. */
typedef struct {
    char *name;        /* of the host in vcbench-net */
    char *ipv4, *ipv6; /* of its first interface; NULL: none */
} VcbPlannedHost;

typedef struct {
    char *name;    /* of the network: the call's id; with `shared` "wave-<id of its first call>"; "servers" */
    cJSON *create; /* the message */
    VcbPlannedHost *hosts; /* in the order of create.hosts */
    guint n_hosts;
} VcbNetworkPlan;

/* The servers' network. with_turn: a host for coturn, too. direct: signaling skips the links. */
VcbNetworkPlan *vcb_network_plan_servers(guint64 seed, gboolean with_turn, gboolean signaling_direct);

/* A call's network. `number` is unique in the run, from 1; `seed` the call's. With `shared`, n_pairs > 1 pairs stand in one network; else n_pairs
 * is 1. NULL and an error (VCB_ERROR_INVALID) where a trace cannot be read any more. */
VcbNetworkPlan *vcb_network_plan_call(const VcbSettings *settings, const char *name, const char *call,
                                      guint64 seed, guint number, guint n_pairs, GError **error);
void vcb_network_plan_free(VcbNetworkPlan *plan);

/* Name of a peer's host in such a network: "alice", with `shared` "alice-<pair>". New string. */
char *vcb_network_plan_host_name(const VcbSettings *settings, int peer, int pair);

/* A direction object of docs/network-emulator.md. */
cJSON *vcb_network_plan_direction(const VcbDirectionSettings *direction, GError **error);

#define VCB_NETWORK_SIGNALING_IPV4 "198.18.0.10"
#define VCB_NETWORK_SIGNALING_IPV6 "2001:db8::a"
#define VCB_NETWORK_TURN_IPV4 "198.18.0.20"
#define VCB_NETWORK_TURN_IPV4_OTHER "198.18.0.21"
#define VCB_NETWORK_TURN_IPV6 "2001:db8::14"
#define VCB_NETWORK_TURN_IPV6_OTHER "2001:db8::15"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbNetworkPlan, vcb_network_plan_free)
