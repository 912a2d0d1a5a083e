/* The tree of routers and hosts (docs/network-emulator.md): where a packet goes, what NATs and firewalls on its way do
 * with it, and when the next thing happens. Pure like the links: packets and time are handed in.
 *
 *   vcb_internet_input(interface) -> up the tree: firewall, NAT, link -> ... -> down: link, NAT, firewall -> events.output
 */
#pragma once

#include "network/internet/description.h"
#include "network/link/link.h"

typedef struct VcbInternet VcbInternet;
typedef struct VcbNetwork VcbNetwork;     /* what one `create` made */
typedef struct VcbInterface VcbInterface; /* of a host */

/* A router's link direction, as observers see it. */
typedef struct {
    VcbNetwork *network;
    const char *router;    /* name; no-ref */
    const char *direction; /* "up", "down" */
    VcbLink *link;
    void *observer; /* free for whoever observes; set in link_added */
} VcbLinkPlace;

typedef struct {
    /* A packet reaches a host: write it to its interface, now; the internet frees it afterwards. FALSE: the interface took
     * no more, counted as host-full. packet->due_ns is the ideal moment. */
    gboolean (*output)(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data);
    /* For truth: capture, counters, flows. `came`: a packet came to the link, nothing has happened to it yet (set
     * packet->flow if you like). `fate`: delivered or dropped. Any of them may be NULL. */
    void (*link_added)(VcbLinkPlace *place, void *user_data);
    void (*link_removed)(VcbLinkPlace *place, void *user_data); /* its last packets' fates have been told */
    void (*came)(VcbLinkPlace *place, VcbPacket *packet, gint64 now_ns, void *user_data);
    void (*fate)(VcbLinkPlace *place, const VcbPacket *packet, VcbFate fate, gint64 now_ns, void *user_data);
    void (*router_dropped)(VcbNetwork *network, const char *router, const VcbPacket *packet, VcbFate fate,
                           gint64 now_ns, void *user_data);
    void (*mapping_made)(VcbNetwork *network, const char *router, const char *protocol, const char *internal,
                         const char *external, void *user_data); /* "192.168.1.2:4000", "198.18.0.5:4000" */
    /* The timeline's change was carried out here, at planned_ns ideally: a link's settings, or which interfaces of a
     * host are up. The host's own side is the caller's. */
    void (*changed)(VcbNetwork *network, const VcbNetworkChange *change, gint64 planned_ns, gint64 now_ns,
                    void *user_data);
} VcbInternetEvents;

VcbInternet *vcb_internet_new(const VcbInternetEvents *events, void *user_data);
void vcb_internet_free(VcbInternet *internet, gint64 now_ns);

/* Build what a description says. NULL and an error that names the router or host and what is wrong with it (parent
 * unknown, address taken, name twice); nothing is left then. */
VcbNetwork *vcb_internet_add(VcbInternet *internet, const VcbNetworkDescription *description, gint64 now_ns,
                             GError **error);
void vcb_internet_remove(VcbInternet *internet, VcbNetwork *network, gint64 now_ns);

VcbNetwork *vcb_internet_find(VcbInternet *internet, const char *name);
const char *vcb_network_name(const VcbNetwork *network);
const char *vcb_network_call(const VcbNetwork *network); /* NULL: none */
void vcb_network_start(VcbNetwork *network, gint64 origin_ns);

/* Interfaces of the network's hosts, by place in the description; user_data of each is free for the caller. */
VcbInterface *vcb_network_interface(VcbNetwork *network, const char *host, const char *interface);
void vcb_interface_set_user_data(VcbInterface *interface, void *user_data);
void *vcb_interface_user_data(const VcbInterface *interface);
/* Down: what reaches it is dropped as no-route. */
void vcb_interface_set_up(VcbInterface *interface, gboolean up);

/* A direction's settings change; `change` is applied on top of the present ones. direction: "up", "down", "both". */
gboolean vcb_network_change(VcbNetwork *network, const char *router, const char *direction, const cJSON *set,
                            gint64 now_ns, GError **error);

/* For each link direction of a network, in the order of the description. */
void vcb_network_foreach_link(VcbNetwork *network, void (*visit)(VcbLinkPlace *place, void *user_data),
                              void *user_data);
/* For each router: what it dropped, by fate (VCB_N_FATES numbers), and its NAT's living mappings. Last comes "internet", with what the
 * root dropped of this network's packets. */
void vcb_network_foreach_router(VcbNetwork *network,
                                void (*visit)(VcbNetwork *network, const char *router, const guint64 *dropped,
                                              guint mappings, void *user_data),
                                void *user_data);

/* A host has sent this packet; it is taken over. Multicast and broadcast go nowhere and are not counted: they are the
 * hosts' noise, and must not move the links' draws. */
void vcb_internet_input(VcbInternet *internet, VcbInterface *interface, VcbPacket *packet, gint64 now_ns);

gint64 vcb_internet_next_ns(const VcbInternet *internet);
void vcb_internet_advance(VcbInternet *internet, gint64 now_ns);
