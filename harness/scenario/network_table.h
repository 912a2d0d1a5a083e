/* What the rows of `network` are read into, before it is resolved: a person writes a profile and changes to it,
 * generally, for a direction, for a peer; network_bind.c lays these over each other in that order.
 *
 *   tree -> (this) -> VcbNetworkSettings */
#pragma once

#include "harness/scenario/settings_table.h"

/* One direction of a line, under construction. */
typedef struct {
    VcbDirectionSettings line;
    double loss_rate, loss_burst; /* as written; line.loss_* follow from them */
} VcbLineText;

typedef struct {
    char *type; /* the word; NULL: not said */
    VcbNatChoice nat;
} VcbNatText;

typedef struct {
    char *type;
    VcbFirewallChoice firewall;
} VcbFirewallText;

typedef struct {
    char *name, *profile, *ip, *state;
    int mtu;
    VcbNatText *nats;
    guint n_nats;
    VcbFirewallText firewall;
} VcbInterfaceText;

/* What can be said of all hosts, and of one. */
typedef struct {
    char *profile, *ip, *interface;
    int mtu;
    VcbNatText *nats;
    guint n_nats;
    VcbFirewallText firewall;
    VcbInterfaceText *interfaces;
    guint n_interfaces;
} VcbHostText;

typedef struct {
    VcbNetworkTimelineEntry entry; /* without `set` */
    VcbLineText change;
} VcbNetworkTimelineText;

/* What can be said of one pair's host. */
typedef struct {
    char *profile;
} VcbPairHostText;

typedef struct {
    int pair;
} VcbPairText;

typedef struct {
    VcbHostText host; /* first: the general keys */
    VcbNatText carrier_nat;
    char *bottleneck_behind;
    gboolean shared;
    VcbPairText *pairs;
    guint n_pairs;
    VcbCrossTraffic *cross_traffic;
    guint n_cross_traffic;
    VcbNetworkTimelineText *timeline;
    guint n_timeline;
    gint64 max_lateness_us;
} VcbNetworkText;

extern const VcbSetting VCB_NETWORK_TABLE[];           /* into VcbNetworkText */
extern const VcbSetting VCB_NETWORK_HOST_TABLE[];      /* into VcbHostText: `hosts.NAME`; without defaults */
extern const VcbSetting VCB_NETWORK_PAIR_TABLE[];      /* into VcbPairText: `pairs[]` */
extern const VcbSetting VCB_NETWORK_PAIR_HOST_TABLE[]; /* into VcbPairHostText: `pairs[].hosts.NAME` */
extern const VcbSetting VCB_NETWORK_LINK_TABLE[];      /* into VcbLineText */
extern const VcbSetting VCB_NETWORK_TIMELINE_TABLE[];  /* into VcbNetworkTimelineText */
extern const VcbSetting VCB_NAT_TABLE[];               /* into VcbNatText */
extern const VcbSetting VCB_FIREWALL_TABLE[];          /* into VcbFirewallText */
