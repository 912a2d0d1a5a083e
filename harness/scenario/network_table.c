/* The rows of `network`, but for those of a link. */
#include "harness/scenario/network_table.h"

#include "harness/scenario/network_profiles.h"
#include "harness/scenario/rows.h"

#define INTERFACE_NAME "^[a-z][a-z0-9]{0,14}$"
#define MOST_PAIRS 1000 /* as `pairs` and `pair` elsewhere */

const VcbSetting VCB_NAT_TABLE[] = {
    {.key = "type",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbNatText, type),
     .choices = WORDS("none", "full-cone", "restricted", "port-restricted", "symmetric"),
     .description = "the word for a mapping and a filtering; what stands beside it goes before it"},
    {.key = "mapping",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbNatText, nat.mapping),
     .choices = WORDS("endpoint-independent", "address-dependent", "address-and-port-dependent"),
     .description = "when an internal address keeps its external one (RFC 4787 section 4.1)"},
    {.key = "filtering",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbNatText, nat.filtering),
     .choices = WORDS("endpoint-independent", "address-dependent", "address-and-port-dependent"),
     .description = "who may send in (RFC 4787 section 5)"},
    {.key = "hairpin",
     .type = VCB_TYPE_BOOL,
     .offset = offsetof(VcbNatText, nat.hairpin),
     .fallback = "true",
     .description = "two hosts behind it reach each other by their external addresses"},
    {.key = "ports",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbNatText, nat.ports),
     .choices = WORDS("preserve", "parity", "random", "sequential"),
     .description = "external ports; default: `preserve`, where mapping depends on the destination `random`"},
    {.key = "lifetime",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = offsetof(VcbNatText, nat.lifetime_us),
     .fallback = "2m",
     .low = 1 * S,
     .high = 86400 * S,
     .description = "a mapping without outbound packets lives so long"},
    {0},
};

const VcbSetting VCB_FIREWALL_TABLE[] = {
    {.key = "type",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbFirewallText, type),
     .choices = WORDS("none", "stateful", "udp-blocked", "udp-blocked-except", "tcp-443-only"),
     .description = "the word for a common one; what stands beside it goes before it"},
    {.key = "udp",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbFirewallText, firewall.udp),
     .choices = WORDS("allow", "block"),
     .description = "UDP outward"},
    {.key = "udp_ports",
     .type = VCB_TYPE_INTS,
     .offset = offsetof(VcbFirewallText, firewall.udp_ports),
     .count_offset = offsetof(VcbFirewallText, firewall.n_udp_ports),
     .low = 1,
     .high = 65535,
     .description = "destination ports to which UDP is let out nevertheless"},
    {.key = "tcp_ports",
     .type = VCB_TYPE_INTS,
     .offset = offsetof(VcbFirewallText, firewall.tcp_ports),
     .count_offset = offsetof(VcbFirewallText, firewall.n_tcp_ports),
     .low = 1,
     .high = 65535,
     .description = "the only destination ports to which TCP is let out; default: all"},
    {.key = "inbound",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbFirewallText, firewall.inbound),
     .choices = WORDS("open", "stateful"),
     .description = "`stateful`: only what answers something that went out"},
    {.key = "ipv6",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbFirewallText, firewall.ipv6),
     .choices = WORDS("allow", "block"),
     .description = "`block`: all of IPv6, silently"},
    {0},
};

#define LINK(KEY, ELSEWHERE, TEXT)                                                                           \
    {                                                                                                        \
        .key = KEY, .type = VCB_TYPE_LINK, .children = VCB_NETWORK_LINK_TABLE, .elsewhere = ELSEWHERE,       \
        .description = TEXT                                                                                  \
    }

static const VcbSetting INTERFACES[] = {
    {.key = "name",
     .type = VCB_TYPE_STRING,
     .offset = offsetof(VcbInterfaceText, name),
     .pattern = INTERFACE_NAME,
     .form = "an interface's name such as wwan0",
     .required_where = "*",
     .description = "its name"},
    {.key = "profile",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbInterfaceText, profile),
     .fallback = "lan",
     .choices = VCB_PROFILE_NAMES,
     .description = "its line"},
    LINK("link", "network.link", "changes to it, in both directions"),
    LINK("up", "network.link", "changes to what the host sends"),
    LINK("down", "network.link", "changes to what it receives"),
    {.key = "nat",
     .type = VCB_TYPE_SHORTS,
     .offset = offsetof(VcbInterfaceText, nats),
     .count_offset = offsetof(VcbInterfaceText, n_nats),
     .item_size = sizeof(VcbNatText),
     .fallback = "none",
     .children = VCB_NAT_TABLE,
     .short_key = "type",
     .elsewhere = "network.nat",
     .description = "what translates there"},
    {.key = "firewall",
     .type = VCB_TYPE_SHORT,
     .offset = offsetof(VcbInterfaceText, firewall),
     .fallback = "none",
     .children = VCB_FIREWALL_TABLE,
     .short_key = "type",
     .elsewhere = "network.firewall",
     .description = "what filters there"},
    {.key = "ip",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbInterfaceText, ip),
     .choices = WORDS("ipv4", "ipv6", "dual"),
     .description = "its addresses; default: as the host's first interface"},
    {.key = "mtu",
     .type = VCB_TYPE_INT,
     .offset = offsetof(VcbInterfaceText, mtu),
     .fallback = "1500",
     .low = 576,
     .high = 9000,
     .description = "the longest packet that it takes"},
    {.key = "state",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbInterfaceText, state),
     .fallback = "up",
     .choices = WORDS("up", "down"),
     .description = "at the beginning"},
    {0},
};

/* What can be said of all hosts and of one; DEFAULT as in network_line_table.c. */
#define HOST_ROWS(DEFAULT, PROFILES, ELSEWHERE)                                                              \
    {.key = "profile",                                                                                       \
     .type = VCB_TYPE_CHOICE,                                                                                \
     .offset = offsetof(VcbHostText, profile),                                                               \
     .fallback = DEFAULT("lan"),                                                                             \
     .choices = PROFILES,                                                                                    \
     .description = "the line of every peer"},                                                               \
        LINK("link", ELSEWHERE, "changes to the profile, in both directions"),                               \
        LINK("up", "network.link", "changes to what the peer sends"),                                        \
        LINK("down", "network.link", "changes to what the peer receives"),                                   \
        {.key = "ip",                                                                                        \
         .type = VCB_TYPE_CHOICE,                                                                            \
         .offset = offsetof(VcbHostText, ip),                                                                \
         .fallback = DEFAULT("ipv4"),                                                                        \
         .choices = WORDS("ipv4", "ipv6", "dual"),                                                           \
         .description = "the hosts' addresses"},                                                             \
        {.key = "nat",                                                                                       \
         .type = VCB_TYPE_SHORTS,                                                                            \
         .offset = offsetof(VcbHostText, nats),                                                              \
         .count_offset = offsetof(VcbHostText, n_nats),                                                      \
         .item_size = sizeof(VcbNatText),                                                                    \
         .fallback = DEFAULT("none"),                                                                        \
         .children = VCB_NAT_TABLE,                                                                          \
         .short_key = "type",                                                                                \
         .description = "what translates between a peer's host and its line; a list: the peer's own first"}, \
        {.key = "firewall",                                                                                  \
         .type = VCB_TYPE_SHORT,                                                                             \
         .offset = offsetof(VcbHostText, firewall),                                                          \
         .fallback = DEFAULT("none"),                                                                        \
         .children = VCB_FIREWALL_TABLE,                                                                     \
         .short_key = "type",                                                                                \
         .description = "what filters there"},                                                               \
        {.key = "interface",                                                                                 \
         .type = VCB_TYPE_STRING,                                                                            \
         .offset = offsetof(VcbHostText, interface),                                                         \
         .fallback = DEFAULT("eth0"),                                                                        \
         .pattern = INTERFACE_NAME,                                                                          \
         .form = "an interface's name such as wlan0",                                                        \
         .description = "name of a host's first interface; engines go by names: wlan0, wwan0, tun0"},        \
        {.key = "interfaces",                                                                                \
         .type = VCB_TYPE_LIST,                                                                              \
         .offset = offsetof(VcbHostText, interfaces),                                                        \
         .count_offset = offsetof(VcbHostText, n_interfaces),                                                \
         .item_size = sizeof(VcbInterfaceText),                                                              \
         .children = INTERFACES,                                                                             \
         .description = "further interfaces, each behind a line of its own, with a higher metric"},          \
    {                                                                                                        \
        .key = "mtu", .type = VCB_TYPE_INT, .offset = offsetof(VcbHostText, mtu),                            \
        .fallback = DEFAULT("1500"), .low = 576, .high = 9000,                                               \
        .description = "the longest packet that the first interface takes"                                   \
    }

#define ITSELF(text) text
#define NOTHING(text) NULL

const VcbSetting VCB_NETWORK_HOST_TABLE[] = {
    HOST_ROWS(NOTHING, VCB_PROFILE_NAMES, "network.link"),
    {0},
};

const VcbSetting VCB_NETWORK_PAIR_HOST_TABLE[] = {
    {.key = "profile",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbPairHostText, profile),
     .choices = VCB_PROFILE_NAMES,
     .description = "the line of that host"},
    LINK("link", "network.link", "changes to it, in both directions"),
    LINK("up", "network.link", "changes to what the peer sends"),
    LINK("down", "network.link", "changes to what the peer receives"),
    {0},
};

const VcbSetting VCB_NETWORK_PAIR_TABLE[] = {
    {.key = "pair",
     .type = VCB_TYPE_INT,
     .offset = offsetof(VcbPairText, pair),
     .low = 1,
     .high = MOST_PAIRS,
     .required_where = "*",
     .description = "its number, from 1"},
    {.key = "hosts",
     .type = VCB_TYPE_HOSTS,
     .children = VCB_NETWORK_PAIR_HOST_TABLE,
     .short_key = "profile",
     .elsewhere = "network",
     .required_where = "*",
     .description =
         "a peer's name -> `profile`, `link`, `up`, `down`, or a profile: the line of that pair's host"},
    {0},
};

static const VcbSetting BOTTLENECK[] = {
    {.key = "behind",
     .type = VCB_TYPE_PEER_NAME,
     .offset = offsetof(VcbNetworkText, bottleneck_behind),
     .form = "a peer's name, `none`",
     .description = "whose side it is on; required in a mapping"},
    LINK("link", "network.link", "the link, in both directions"),
    LINK("up", "network.link", "away from that peer"),
    LINK("down", "network.link", "towards it"),
    {0},
};

static const VcbSetting SIZE[] = {
    {.key = "min",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_BYTES,
     .offset = offsetof(VcbCrossTraffic, min_bytes),
     .fallback = "30kB",
     .low = 1,
     .high = 1e9,
     .description = "the shortest"},
    {.key = "max",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_BYTES,
     .offset = offsetof(VcbCrossTraffic, max_bytes),
     .fallback = "50kB",
     .low = 1,
     .high = 1e9,
     .description = "the longest"},
    {0},
};

static const VcbSetting CROSS_TRAFFIC[] = {
    {.key = "kind",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbCrossTraffic, kind),
     .choices = WORDS("tcp-long", "tcp-short", "udp"),
     .required_where = "*",
     .description =
         "`tcp-long`: a transfer without end; `tcp-short`: one after the other, with pauses; `udp`: "
         "datagrams at a constant rate"},
    {.key = "behind",
     .type = VCB_TYPE_PEER_NAME,
     .offset = offsetof(VcbCrossTraffic, behind),
     .form = "a peer's name, `bottleneck`",
     .description = "whose line it shares; default: the bottleneck"},
    {.key = "direction",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbCrossTraffic, direction),
     .fallback = "up",
     .choices = WORDS("up", "down"),
     .description = "`up`: with what the peer sends"},
    {.key = "flows",
     .type = VCB_TYPE_INT,
     .offset = offsetof(VcbCrossTraffic, flows),
     .fallback = "1",
     .low = 1,
     .high = 100,
     .description = "so many of them"},
    {.key = "start",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = offsetof(VcbCrossTraffic, start_us),
     .fallback = "0s",
     .low = 0,
     .high = 86400 * S,
     .description = "counted as in `network.timeline`"},
    {.key = "stop",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = offsetof(VcbCrossTraffic, stop_us),
     .fallback = "end",
     .low = 1 * MS,
     .high = 86400 * S,
     .zero = "end",
     .description = "`end`: with the call"},
    {.key = "rate",
     .type = VCB_TYPE_NUMBER,
     .unit = VCB_UNIT_RATE,
     .offset = offsetof(VcbCrossTraffic, rate_bps),
     .fallback = "1Mbps",
     .low = 1 * KBPS,
     .high = 1000 * MBPS,
     .selector = "kind",
     .applies = WORDS("udp"),
     .description = "of each flow"},
    {.key = "size",
     .type = VCB_TYPE_GROUP,
     .children = SIZE,
     .selector = "kind",
     .applies = WORDS("tcp-short"),
     .description = "of a transfer, drawn between the two"},
    {.key = "idle",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = offsetof(VcbCrossTraffic, idle_us),
     .fallback = "10s",
     .low = 0,
     .high = 3600 * S,
     .selector = "kind",
     .applies = WORDS("tcp-short"),
     .description = "mean of the pauses, which are exponentially distributed"},
    {.key = "congestion",
     .type = VCB_TYPE_CHOICE,
     .offset = offsetof(VcbCrossTraffic, congestion),
     .fallback = "reno",
     .choices = WORDS("reno", "cubic", "bbr"),
     .selector = "kind",
     .applies = WORDS("tcp-long", "tcp-short"),
     .description = "TCP's congestion control, of those that the kernel offers"},
    {0},
};

const VcbSetting VCB_NETWORK_TABLE[] = {
    HOST_ROWS(ITSELF, VCB_NETWORK_WORDS, NULL),
    {.key = "hosts",
     .type = VCB_TYPE_HOSTS,
     .children = VCB_NETWORK_HOST_TABLE,
     .short_key = "profile",
     .elsewhere = "network",
     .description =
         "a peer's name -> any of the keys above, or a profile: for that peer; goes before the general ones"},
    {.key = "carrier_nat",
     .type = VCB_TYPE_SHORT,
     .offset = offsetof(VcbNetworkText, carrier_nat),
     .fallback = "none",
     .children = VCB_NAT_TABLE,
     .short_key = "type",
     .elsewhere = "network.nat",
     .description = "one NAT that all peers stand behind (carrier-grade, 100.64.0.0/10)"},
    {.key = "bottleneck",
     .type = VCB_TYPE_SHORT,
     .fallback = "none",
     .children = BOTTLENECK,
     .short_key = "behind",
     .description = "a link between that peer's side and the rest, which many share; `none`: there is none"},
    {.key = "shared",
     .type = VCB_TYPE_BOOL,
     .offset = offsetof(VcbNetworkText, shared),
     .fallback = "false",
     .description = "all pairs of a variant call at the same time, in one network"},
    {.key = "pairs",
     .type = VCB_TYPE_LIST,
     .offset = offsetof(VcbNetworkText, pairs),
     .count_offset = offsetof(VcbNetworkText, n_pairs),
     .item_size = sizeof(VcbPairText),
     .children = VCB_NETWORK_PAIR_TABLE,
     .description = "of `shared`: lines of single pairs; they go before those of `hosts`"},
    {.key = "cross_traffic",
     .type = VCB_TYPE_LIST,
     .offset = offsetof(VcbNetworkText, cross_traffic),
     .count_offset = offsetof(VcbNetworkText, n_cross_traffic),
     .item_size = sizeof(VcbCrossTraffic),
     .children = CROSS_TRAFFIC,
     .description = "what else is on a line"},
    {.key = "timeline",
     .type = VCB_TYPE_LIST,
     .offset = offsetof(VcbNetworkText, timeline),
     .count_offset = offsetof(VcbNetworkText, n_timeline),
     .item_size = sizeof(VcbNetworkTimelineText),
     .children = VCB_NETWORK_TIMELINE_TABLE,
     .description = "what happens to the network during the call"},
    {.key = "max_lateness",
     .type = VCB_TYPE_WHOLE,
     .unit = VCB_UNIT_TIME,
     .offset = offsetof(VcbNetworkText, max_lateness_us),
     .fallback = "5ms",
     .low = 10,
     .high = 10 * S,
     .description =
         "the run is invalid where the emulator's 99th percentile of lateness is above: the machine was too "
         "busy"},
    {0},
};
