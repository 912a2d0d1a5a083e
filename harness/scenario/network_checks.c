/* What is wrong between the settings of a network, and between them and the others: each is right by itself. */
#include "harness/scenario/network_checks.h"

#include "common/channel.h"
#include "common/suggest.h"
#include "harness/scenario/network_size.h"

#include <string.h>

#define IPV6_LEAST_MTU 1280 /* RFC 8200 section 5 */

/* The place of a host's key: its own one, or the general one. */
static const VcbNode *host_where(const VcbBinding *binding, guint host, const char *key)
{
    return vcb_binding_has(binding, "network.hosts.%u.%s", host, key)
               ? vcb_binding_where(binding, "network.hosts.%u.%s", host, key)
               : vcb_binding_where(binding, "network.%s", key);
}

/* -1 where no peer is called so. */
static int find_host(const VcbSettings *settings, const char *name)
{
    for (int i = 0; i < 2; i++)
        if (g_str_equal(settings->peers[i].name, name))
            return i;
    return -1;
}

/* `name` is a peer's, or one of two words (NULL: no further word). */
static gboolean check_name(VcbBinding *binding, const char *name, const char *word, const char *other,
                           const VcbNode *where)
{
    const VcbPeerSettings *peers = binding->settings->peers;
    const char *known[] = {peers[0].name, peers[1].name, word, other, NULL};
    const char *nearest;

    if (g_strv_contains(known, name))
        return TRUE;
    nearest = vcb_suggest(name, known);
    if (nearest)
        vcb_problems_add(binding->problems, where, "there is no peer `%s`; did you mean `%s`?", name,
                         nearest);
    else
        vcb_problems_add(binding->problems, where, "there is no peer `%s`; the peers are %s and %s%s%s", name,
                         known[0], known[1], word ? ", or write " : "", word ? word : "");
    return FALSE;
}

static gboolean has_ip(const VcbInterfaceSettings *interface, const char *ip)
{
    return g_str_equal(interface->ip, "dual") || g_str_equal(interface->ip, ip);
}

static void check_interface(VcbBinding *binding, guint host, guint number)
{
    const VcbHostSettings *settings = &binding->settings->net.hosts[host];
    const VcbInterfaceSettings *interface = &settings->interfaces[number];
    const char *list = vcb_binding_has(binding, "network.hosts.%u.interfaces", host) ? "own" : "general";
    g_autofree char *prefix = g_str_equal(list, "own") ? g_strdup_printf("network.hosts.%u.interfaces", host)
                                                       : g_strdup("network.interfaces");

#define WHERE(key)                                                                                           \
    (number ? vcb_binding_where(binding, "%s.%u.%s", prefix, number - 1, key)                                \
            : host_where(binding, host, key))
    if (interface->n_nats && !has_ip(interface, "ipv4"))
        vcb_problems_add_unused(
            binding->problems, WHERE("nat"),
            "`nat` says nothing with `ip: ipv6`, which nobody translates; leave it out, or set "
            "`ip: dual`");
    if (has_ip(interface, "ipv6") && interface->mtu < IPV6_LEAST_MTU)
        vcb_problems_add(
            binding->problems, WHERE("mtu"),
            "`mtu` cannot be %d with IPv6: every link carries %d bytes (RFC 8200); make it that, or set "
            "`ip: ipv4`",
            interface->mtu, IPV6_LEAST_MTU);
    for (guint i = 0; i < number; i++)
        if (g_str_equal(settings->interfaces[i].name, interface->name))
            vcb_problems_add(binding->problems, WHERE("name"),
                             "%s has an interface `%s` already; give this one another name",
                             binding->settings->peers[host].name, interface->name);
#undef WHERE
}

static void check_hosts(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;

    for (guint i = 0; i < 2; i++) {
        const char *name = settings->peers[i].name;
        g_autofree char *prefix = g_strconcat(name, "-", NULL);

        for (guint k = 0; k < settings->net.hosts[i].n_interfaces; k++)
            check_interface(binding, i, k);
        if (g_str_has_prefix(settings->peers[1 - i].name, prefix) || g_str_has_prefix(name, "traffic-"))
            vcb_problems_add(
                binding->problems, vcb_binding_where(binding, "peers"),
                "in an emulated network no peer's name begins with `%s`, as other hosts and links are "
                "called so; choose another name",
                g_str_has_prefix(name, "traffic-") ? "traffic-" : prefix);
    }
    if (!(has_ip(&settings->net.hosts[0].interfaces[0], "ipv4") &&
          has_ip(&settings->net.hosts[1].interfaces[0], "ipv4")) &&
        !(has_ip(&settings->net.hosts[0].interfaces[0], "ipv6") &&
          has_ip(&settings->net.hosts[1].interfaces[0], "ipv6")) &&
        g_str_equal(settings->turn_server, "none"))
        vcb_problems_add(
            binding->problems, host_where(binding, 1, "ip"),
            "%s has only IPv4 and the other peer only IPv6, so that they meet nowhere; give one of them "
            "both (`ip: dual`), or add `turn_server: coturn`",
            settings->peers[has_ip(&settings->net.hosts[0].interfaces[0], "ipv4") ? 0 : 1].name);
}

static void check_pairs(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;
    const VcbNetworkSettings *net = &settings->net;

    if (net->n_pairs && !net->shared) {
        vcb_problems_add_unused(binding->problems, vcb_binding_where(binding, "network.pairs"),
                                "`pairs` says nothing where each pair has a network of its own; add `shared: "
                                "true`, or leave it out");
        return;
    }
    for (guint i = 0; i < net->n_pairs; i++) {
        int pair = net->pairs[i].pair;
        const VcbNode *where = vcb_binding_where(binding, "network.pairs.%u.pair", i);

        if (pair > settings->pairs)
            vcb_problems_add(binding->problems, where,
                             "there is no pair %d: there are %d; choose one of them, or set `pairs`", pair,
                             settings->pairs);
        if (vcb_network_pair_lines(net, pair) != &net->pairs[i])
            vcb_problems_add(
                binding->problems, where,
                "pair %d has lines of its own already; put all that is said of it into one entry", pair);
    }
}

static void check_bottleneck(VcbBinding *binding)
{
    const VcbNetworkSettings *net = &binding->settings->net;

    if (net->bottleneck_behind)
        check_name(binding, net->bottleneck_behind, NULL, NULL,
                   vcb_binding_where(binding, "network.bottleneck.behind"));
}

static void check_end(VcbBinding *binding, gint64 at_us, const VcbNode *where)
{
    g_autofree char *at = vcb_units_format(VCB_UNIT_TIME, (double)at_us);
    g_autofree char *duration = vcb_units_format(VCB_UNIT_TIME, (double)binding->settings->duration_us);

    if (at_us >= binding->settings->duration_us)
        vcb_problems_add(
            binding->problems, where,
            "at %s the call is over: it lasts %s; choose an earlier time, or a longer `duration`", at,
            duration);
}

static void check_cross_traffic(VcbBinding *binding)
{
    const VcbNetworkSettings *net = &binding->settings->net;

    for (guint i = 0; i < net->n_cross_traffic; i++) {
        const VcbCrossTraffic *traffic = &net->cross_traffic[i];
        const VcbNode *where = vcb_binding_where(binding, "network.cross_traffic.%u.behind", i);

        if (!traffic->behind)
            vcb_problems_add(binding->problems, where,
                             "whose line does this traffic share? There is no bottleneck; add `behind: %s`",
                             binding->settings->peers[0].name);
        else if (g_str_equal(traffic->behind, "bottleneck") && !net->bottleneck_behind)
            vcb_problems_add(
                binding->problems, where,
                "there is no bottleneck; add one (`bottleneck`), or name a peer, e.g. `behind: %s`",
                binding->settings->peers[0].name);
        else
            check_name(binding, traffic->behind, "bottleneck", NULL, where);
        if (traffic->stop_us && traffic->stop_us <= traffic->start_us)
            vcb_problems_add(binding->problems,
                             vcb_binding_where(binding, "network.cross_traffic.%u.stop", i),
                             "this traffic stops before it starts; make `stop` later than `start`");
        if (g_str_equal(traffic->kind, "tcp-short") && traffic->min_bytes > traffic->max_bytes)
            vcb_problems_add(binding->problems,
                             vcb_binding_where(binding, "network.cross_traffic.%u.size", i),
                             "`min` of `size` is above `max`; exchange them");
        check_end(binding, traffic->start_us,
                  vcb_binding_where(binding, "network.cross_traffic.%u.start", i));
    }
}

static gboolean has_interface(const VcbHostSettings *host, const char *name)
{
    for (guint i = 0; i < host->n_interfaces; i++)
        if (g_str_equal(host->interfaces[i].name, name))
            return TRUE;
    return FALSE;
}

/* An interface that an entry names must be at every host that the entry is about. */
static void check_entry_interface(VcbBinding *binding, const VcbNetworkTimelineEntry *entry, const char *name,
                                  const VcbNode *where)
{
    for (guint i = 0; name && i < 2; i++) {
        const VcbHostSettings *host = &binding->settings->net.hosts[i];
        const char *peer = binding->settings->peers[i].name;
        g_autoptr(GPtrArray) known = g_ptr_array_new();
        g_autofree char *all = NULL;

        if ((!g_str_equal(entry->host, "all") && !g_str_equal(entry->host, peer)) ||
            has_interface(host, name))
            continue;
        for (guint k = 0; k < host->n_interfaces; k++)
            g_ptr_array_add(known, host->interfaces[k].name);
        g_ptr_array_add(known, NULL);
        all = g_strjoinv(", ", (char **)known->pdata);
        vcb_problems_add(binding->problems, where,
                         "%s has no interface `%s`; it has %s: name one of them, or add it to `interfaces`",
                         peer, name, all);
    }
}

static void check_entry(VcbBinding *binding, guint number, const VcbNetworkTimelineEntry *entry)
{
    const VcbNetworkSettings *net = &binding->settings->net;
    const VcbNode *host = vcb_binding_where(binding, "network.timeline.%u.host", number);
    const VcbNode *interface = vcb_binding_where(binding, "network.timeline.%u.interface", number);

    check_end(binding, entry->at_us, vcb_binding_where(binding, "network.timeline.%u.at", number));
    if (g_str_equal(entry->host, "bottleneck")) {
        if (!net->bottleneck_behind)
            vcb_problems_add(binding->problems, host,
                             "there is no bottleneck; add one (`bottleneck`), or name a peer or `all`");
        else if (!g_str_equal(entry->action, "change") || entry->interface)
            vcb_problems_add(
                binding->problems, host,
                "a bottleneck has no interfaces; name a peer, or change the link (`state: down`)");
        return;
    }
    if (!check_name(binding, entry->host, "all", "bottleneck", host))
        return;
    check_entry_interface(binding, entry, entry->interface, interface);
    check_entry_interface(binding, entry, entry->to,
                          vcb_binding_where(binding, "network.timeline.%u.to", number));
    for (guint i = 0; entry->to && i < 2; i++)
        if (find_host(binding->settings, entry->host) != 1 - (int)i &&
            g_str_equal(entry->to, entry->interface ? entry->interface : net->hosts[i].interfaces[0].name)) {
            vcb_problems_add(binding->problems, vcb_binding_where(binding, "network.timeline.%u.to", number),
                             "this handover goes from `%s` to itself; name two interfaces", entry->to);
            break;
        }
}

static gint compare_entries(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const VcbNetworkTimelineEntry *x = a, *y = b;

    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

/* What the emulator takes in one network; the hosts' descriptors travel in one message. */
#define MOST_HOSTS 200
#define MOST_INTERFACES 16

static void check_size(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;
    guint n = 2 * (settings->net.shared ? (guint)settings->pairs : 1) + 2 * settings->net.n_cross_traffic;

    if (n > MOST_HOSTS)
        vcb_problems_add(
            binding->problems,
            vcb_binding_where(binding, settings->net.shared ? "pairs" : "network.cross_traffic"),
            "pairs and cross traffic make %u hosts in one network, and it takes %d; ask for less", n,
            MOST_HOSTS);
    for (guint i = 0; i < 2; i++)
        if (settings->net.hosts[i].n_interfaces > MOST_INTERFACES)
            vcb_problems_add(binding->problems, host_where(binding, i, "interfaces"),
                             "a host has at most %d interfaces; leave some out", MOST_INTERFACES);
}

/* It is told what to build in one line. */
static void check_bytes(VcbBinding *binding)
{
    gsize bytes = vcb_network_most_bytes(binding->settings);

    if (bytes > VCB_CHANNEL_LONGEST_LINE)
        vcb_problems_add(
            binding->problems, vcb_binding_where(binding, "network"),
            "the description of this network takes %.1f MiB, most of all its traces and timeline, once for "
            "each host that has them, and the emulator takes %u; shorten them, or ask for fewer pairs",
            (double)bytes / (1 << 20), (guint)(VCB_CHANNEL_LONGEST_LINE >> 20));
}

static void check_shared(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;

    if (settings->net.shared && settings->jobs && settings->jobs != settings->pairs)
        vcb_problems_add(binding->problems, vcb_binding_where(binding, "jobs"),
                         "with `shared` all %d pairs call at the same time, not %d; leave `jobs` out",
                         settings->pairs, settings->jobs);
}

/* Settings of servers that mean something only with an emulated network, or only without. */
static void check_servers(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;
    gboolean emulated = settings->net.enabled;

    if (emulated && !g_str_equal(settings->signaling.host, "127.0.0.1"))
        vcb_problems_add_unused(
            binding->problems, vcb_binding_where(binding, "signaling.host"),
            "`signaling.host` says nothing with an emulated network, where the server has a host of "
            "its own; leave it out");
    if (emulated && settings->signaling.port)
        vcb_problems_add_unused(
            binding->problems, vcb_binding_where(binding, "signaling.port"),
            "`signaling.port` says nothing with an emulated network, where it is always 443; leave "
            "it out");
    for (guint i = 0; emulated && i < settings->ice.n_servers; i++)
        vcb_problems_add_unused(
            binding->problems, vcb_binding_where(binding, "ice.servers.%u.urls", i),
            "no server outside can be reached from an emulated network; leave it out, and write "
            "`turn_server: stun` or `turn_server: coturn`, which stand in the network");
    if (!emulated && settings->signaling_direct)
        vcb_problems_add_unused(
            binding->problems, vcb_binding_where(binding, "signaling.path"),
            "`path: direct` says nothing on loopback, where every path is; leave it out, or add "
            "a `network`");
    if (!emulated && settings->record_capture)
        vcb_problems_add_unused(
            binding->problems, vcb_binding_where(binding, "record.capture"),
            "there is no capture on loopback; leave it out, or add a `network`, e.g. `network: lan`");
}

static void check_turn(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;
    gboolean coturn = g_str_equal(settings->turn_server, "coturn");

    if (!coturn && !g_str_equal(settings->turn_transport, "udp"))
        vcb_problems_add_unused(
            binding->problems, vcb_binding_where(binding, "turn.transport"),
            "`transport` says nothing without `turn_server: coturn`; add that, or leave it out");
    if (!coturn && !g_str_equal(settings->turn_credentials, "static"))
        vcb_problems_add_unused(
            binding->problems, vcb_binding_where(binding, "turn.credentials"),
            "`credentials` says nothing without `turn_server: coturn`; add that, or leave it "
            "out");
}

void vcb_network_check(VcbBinding *binding)
{
    VcbNetworkSettings *net = &binding->settings->net;

    check_servers(binding);
    check_turn(binding);
    if (!net->enabled)
        return;
    check_hosts(binding);
    check_pairs(binding);
    check_bottleneck(binding);
    check_cross_traffic(binding);
    check_shared(binding);
    check_size(binding);
    check_bytes(binding);
    for (guint i = 0; i < net->n_timeline; i++)
        check_entry(binding, i, &net->timeline[i]);
    if (net->n_timeline) /* stable; last, as the checks find entries by their place in the file */
        g_qsort_with_data(net->timeline, (gint)net->n_timeline, sizeof *net->timeline, compare_entries, NULL);
}
