/* What vcbench asks for in `create`, read from JSON and checked: docs/network-emulator.md. */
#pragma once

#include "common/json.h"
#include "network/link/link.h"

typedef enum {
    VCB_NAT_ENDPOINT_INDEPENDENT,
    VCB_NAT_ADDRESS_DEPENDENT,
    VCB_NAT_ADDRESS_AND_PORT_DEPENDENT,
} VcbNatBehaviour;
typedef enum {
    VCB_NAT_PORTS_PRESERVE,
    VCB_NAT_PORTS_PARITY,
    VCB_NAT_PORTS_RANDOM,
    VCB_NAT_PORTS_SEQUENTIAL
} VcbNatPorts;

typedef struct {
    gboolean is_v6;
    guint8 bytes[16]; /* network order; the first 4 of IPv4 */
} VcbAddress;

typedef struct {
    VcbNatBehaviour mapping, filtering;
    gboolean hairpin;
    VcbNatPorts ports;
    gint64 lifetime_ns;
    VcbAddress *external; /* owned */
    guint n_external;
} VcbNatSettings;

typedef struct {
    gboolean blocks_udp, blocks_ipv6, is_stateful;
    guint16 *udp_ports, *tcp_ports; /* owned */
    guint n_udp_ports, n_tcp_ports;
    gboolean limits_tcp; /* only tcp_ports outward */
} VcbFirewallSettings;

typedef struct {
    char *name, *parent; /* owned; parent "internet": the root */
    VcbLinkSettings up, down;
    VcbNatSettings *nat;           /* owned; NULL: none */
    VcbFirewallSettings *firewall; /* owned; NULL: none */
    gboolean is_direct;
} VcbRouterDescription;

typedef struct {
    VcbAddress address;
    guint prefix_length;
} VcbInterfaceAddress;

typedef struct {
    char *name, *router;            /* owned */
    VcbInterfaceAddress *addresses; /* owned */
    guint n_addresses;
    int metric, mtu;
    gboolean up;
} VcbInterfaceDescription;

typedef struct {
    char *name;                          /* owned */
    VcbInterfaceDescription *interfaces; /* owned */
    guint n_interfaces;
} VcbHostDescription;

typedef struct {
    gint64 at_ns;
    char *router, *direction; /* owned; NULL where it is about a host */
    cJSON *set;               /* owned */
    char *host, *down, *up;   /* owned; down, up: interface names or NULL */
} VcbNetworkChange;

typedef struct {
    char *name, *call; /* owned; call may be NULL */
    guint64 seed;
    VcbRouterDescription *routers; /* owned, like all below */
    guint n_routers;
    VcbHostDescription *hosts;
    guint n_hosts;
    VcbNetworkChange *timeline; /* sorted by at_ns */
    guint n_timeline;
} VcbNetworkDescription;

/* NULL and an error (VCB_ERROR_USAGE) that says where and what: "routers[2].up.loss.p: 1.5 is no fraction from 0 to 1". At most 200
 * hosts (their descriptors travel in one message) and 1000 routers. */
VcbNetworkDescription *vcb_network_description_parse(const cJSON *message, GError **error);
void vcb_network_description_free(VcbNetworkDescription *description);

/* Apply the fields of a direction's object on top of `settings`; unchanged where it fails. `where` prefixes messages. */
gboolean vcb_link_settings_apply(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                                 GError **error);

/* "192.168.1.2", "2001:db8::2"; FALSE: neither. */
gboolean vcb_address_parse(const char *text, VcbAddress *ret_address);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbNetworkDescription, vcb_network_description_free)
