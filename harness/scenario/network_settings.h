/* `network:` of a scenario, checked, units resolved, profiles and words resolved: docs/network.md. */
#pragma once

#include "common/json.h"

typedef struct {
    gint64 at_us;
    double rate_bps; /* 0: no limit */
} VcbRateStepSettings;

/* One direction of a line: profile, `link`, `up` or `down` already merged. */
typedef struct {
    double rate_bps; /* 0: no limit */
    VcbRateStepSettings *rate_steps;
    guint n_rate_steps;
    char *trace;        /* path of a file that exists and was checked; NULL: none */
    char *queue_unit;   /* "packets", "bytes", "us" */
    gint64 queue_limit; /* in that unit */
    char *discipline;   /* "drop-tail", "codel" */
    gint64 codel_target_us, codel_interval_us;
    gint64 delay_us;
    char *jitter_distribution;         /* "uniform", "normal", "pareto" */
    gint64 jitter_us, jitter_limit_us; /* limit 0: the emulator's default */
    double jitter_shape;
    gboolean jitter_reorder;
    double loss_p, loss_r, loss_h, loss_k;
    char *loss_by; /* "packet", "time" */
    gint64 loss_slot_us;
    double reorder_rate; /* 0 to 1, as all rates here */
    gint64 reorder_delay_us;
    double duplicate_rate, corrupt_rate;
    int mtu; /* 0: none */
    gboolean mtu_icmp;
    char *state; /* "up", "down" */
} VcbDirectionSettings;

typedef struct {
    char *mapping, *filtering; /* "endpoint-independent", "address-dependent", "address-and-port-dependent" */
    gboolean hairpin;
    char *ports; /* "preserve", "parity", "random", "sequential" */
    gint64 lifetime_us;
} VcbNatChoice;

typedef struct {
    gboolean enabled;
    char *udp, *inbound, *ipv6; /* "allow"/"block", "open"/"stateful", "allow"/"block" */
    int *udp_ports, *tcp_ports;
    guint n_udp_ports, n_tcp_ports;
    gboolean limits_tcp; /* tcp_ports was said */
} VcbFirewallChoice;

/* An interface of a peer's host, with the line, NATs and firewall that it stands behind. */
typedef struct {
    char *name; /* "eth0" */
    char *ip;   /* "ipv4", "ipv6", "dual" */
    int mtu;
    gboolean up;
    VcbDirectionSettings line_up, line_down;
    VcbNatChoice *nats; /* the peer's own first */
    guint n_nats;
    VcbFirewallChoice firewall;
} VcbInterfaceSettings;

typedef struct {
    VcbInterfaceSettings *interfaces; /* at least one; the first has the best metric */
    guint n_interfaces;
} VcbHostSettings;

/* The lines of the first interfaces of one pair's hosts, which take the place of those in `hosts`. */
typedef struct {
    int pair;                                      /* from 1 */
    VcbDirectionSettings line_up[2], line_down[2]; /* of the scenario's two peers */
} VcbPairLines;

typedef struct {
    char *kind;      /* "tcp-long", "tcp-short", "udp" */
    char *behind;    /* a peer's name, or "bottleneck" */
    char *direction; /* "up", "down" */
    int flows;
    gint64 start_us, stop_us; /* stop 0: the end */
    double rate_bps;
    gint64 min_bytes, max_bytes;
    gint64 idle_us;
    char *congestion;
} VcbCrossTraffic;

typedef struct {
    gint64 at_us;
    char *host;      /* a peer's name, "all", "bottleneck" */
    char *direction; /* "up", "down", "both" */
    char *action;    /* "change", "down", "up", "handover" */
    char *interface; /* a name; NULL: the first */
    char *to;        /* of "handover" */
    char *set;       /* of "change": the direction object of docs/network-emulator.md, as JSON text */
} VcbNetworkTimelineEntry;

typedef struct {
    gboolean enabled;          /* FALSE: loopback, and the rest means nothing */
    VcbHostSettings hosts[2];  /* of the scenario's two peers */
    VcbNatChoice *carrier_nat; /* NULL: none */
    char *bottleneck_behind;   /* a peer's name; NULL: no bottleneck */
    VcbDirectionSettings bottleneck_up, bottleneck_down;
    gboolean shared;
    VcbPairLines *pairs; /* of `shared`: the pairs that have lines of their own, no pair twice */
    guint n_pairs;
    VcbCrossTraffic *cross_traffic;
    guint n_cross_traffic;
    VcbNetworkTimelineEntry *timeline; /* sorted by at_us */
    guint n_timeline;
    gint64 max_lateness_us;
} VcbNetworkSettings;

void vcb_network_settings_clear(VcbNetworkSettings *net);
gboolean vcb_network_settings_equal(const VcbNetworkSettings *a, const VcbNetworkSettings *b);

/* A pair's own lines; NULL: it has those in `hosts`. */
const VcbPairLines *vcb_network_pair_lines(const VcbNetworkSettings *net, int pair);

/* A direction object of docs/network-emulator.md. keys: only what these keys of a link say (NULL-terminated, as in a scenario:
 * "rate", "loss"); NULL: all that differs from a link without impairments. NULL where the trace cannot be read. */
cJSON *vcb_network_direction_json(const VcbDirectionSettings *direction, const char *const *keys,
                                  GError **error);
