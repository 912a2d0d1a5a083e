/* The tree's inside, shared by what builds it (tree.c), what moves packets in it (forward.c) and what lets time go on
 * (internet.c).
 *
 *   VcbInternet -- root router, IPv6 addresses, heap of moments, packets that wait for their router
 *     VcbNetwork -- what one `create` made
 *       Router -- parent, NAT, firewall, Place up, Place down (its link towards the parent)
 *       VcbInterface -- on a router
 *
 * IPv4 addresses belong to a realm: the routers between which nothing translates. A NAT begins a new one below itself, and
 * its outer addresses stand in the realm above. IPv6 addresses are all of one. */
#pragma once

#include "network/internet/firewall.h"
#include "network/internet/heap.h"
#include "network/internet/internet.h"
#include "network/internet/nat.h"

typedef struct Router Router;
typedef struct Realm Realm;

struct Realm {
    GHashTable *targets; /* IPv4 address as in a packet -> Target, which it owns */
    Realm *outer;        /* NULL: the internet's own */
};

/* Whose an address is. */
typedef struct {
    VcbAddress address;
    Router *router;
    VcbInterface *interface; /* on that router; NULL: the address is an outer one of the router's NAT */
} Target;

typedef enum { UP, DOWN } Direction;

typedef struct {
    VcbLinkPlace place; /* what observers see */
    Router *router;     /* the link is between it and its parent */
    Direction direction;
    VcbMoment moment;
} Place;

struct Router {
    VcbInternet *internet;
    VcbNetwork *network; /* NULL: the root */
    char *name;
    Router *parent;
    Router **path; /* owned: the ancestors from the root on, itself last, at [depth] */
    guint depth;
    Realm *realm; /* of its own side; its own where it has a NAT, else its parent's */
    VcbNat *nat;
    VcbFirewall *firewall;
    gboolean is_direct;
    Place places[2]; /* by Direction; the root has none */
    guint64 dropped[VCB_N_FATES];
    gint64 errors_ns; /* ICMP errors until this moment are used up: their rate is limited */
};

struct VcbInterface {
    VcbNetwork *network;
    Router *router;
    char *host, *name;
    VcbInterfaceAddress *addresses; /* owned */
    guint n_addresses;
    gboolean up;
    void *user_data;
};

struct VcbNetwork {
    VcbInternet *internet;
    char *name, *call;
    guint64 seed;
    GPtrArray *routers, *interfaces; /* own */
    VcbNetworkChange *timeline;      /* owned */
    guint n_timeline, next_change;
    gint64 origin_ns; /* VCB_NEVER_NS: not started */
    VcbMoment moment; /* of the next change */
    guint64 dropped_at_root[VCB_N_FATES];
};

/* From where a packet comes to a router. */
typedef enum {
    FROM_BELOW,   /* a host, or the link of a router below */
    FROM_ABOVE,   /* its own link */
    MADE_INSIDE,  /* an ICMP error of its own, with the addresses of its inner side */
    MADE_OUTSIDE, /* with those of its outer side */
} Side;

typedef struct {
    Router *at;
    VcbNetwork *network; /* whose packet it is, for the root's counters */
    VcbPacket *packet;
    Side side;
} Arrival;

struct VcbInternet {
    VcbInternetEvents events;
    void *user_data;
    Router *root;
    GHashTable *v6;       /* VcbAddress -> Target, which it owns */
    GHashTable *networks; /* name -> VcbNetwork; owns neither */
    guint n_direct;       /* routers */
    VcbHeap heap;
    guint64 next_rank;
    gint64 ideal_ns;   /* where the loop is: what happens now happened then, ideally */
    gint64 now_ns;     /* the caller's clock */
    Arrival *arrivals; /* a ring: packets between a link and a router, so that no call nests in another */
    guint first_arrival, n_arrivals, arrivals_size;
};

/* tree.c */
Router *vcb_tree_root_new(VcbInternet *internet);
void vcb_tree_router_free(Router *router);
VcbNetwork *vcb_tree_build(VcbInternet *internet, const VcbNetworkDescription *description, GError **error);
void vcb_tree_destroy(VcbNetwork *network); /* its links are gone already */
Router *vcb_tree_find_router(const VcbNetwork *network, const char *name);
VcbInterface *vcb_tree_find_interface(const VcbNetwork *network, const char *host, const char *name);
const Target *vcb_tree_lookup_v4(const Realm *realm, const guint8 *address);
const Target *vcb_tree_lookup_v6(const VcbInternet *internet, const guint8 *address);

/* forward.c */
extern const VcbLinkEvents vcb_forward_link_events; /* user_data: the Place */
void vcb_forward_input(VcbInterface *interface, VcbPacket *packet);
void vcb_forward_arrivals(VcbInternet *internet); /* until none is left */
void vcb_forward_replan(Place *place);            /* the link's next moment may have changed */
