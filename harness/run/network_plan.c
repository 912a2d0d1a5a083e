/* One network's `create`: for each pair and peer a host, for each of its interfaces a chain of routers.
 *
 *   host alice -- eth0 -- router alice -------- alice-nat-2 ... --+
 *              \           nats[0], firewall,    nats[1]          +-- [bottleneck] -- [carrier] -- internet
 *               \          line                                   |
 *                wwan0 -- router alice-wwan0 ---------------------+
 *
 * Addresses are counted from the network's number, so that networks that stand at the same time never share one. */
#include "harness/run/network_plan.h"

#include "common/error.h"

#include <string.h>

#define PUBLIC_FIRST 0xc6120100u /* 198.18.1.0; what lies below is the servers' (RFC 2544: 198.18.0.0/15) */
#define PUBLIC_COUNT (0x20000u - 0x100u)
#define LEAST_BLOCK 64u /* public addresses of a network */

typedef struct {
    const VcbSettings *settings;
    VcbNetworkPlan *plan;
    GArray *planned; /* VcbPlannedHost */
    cJSON *routers, *hosts, *timeline;
    guint n_pairs;
    guint32 next_public;
    guint next_carrier; /* within 100.64.0.0/10 */
    guint n_homes;      /* interfaces so far: their networks' number */
    guint number;
    GError *error; /* the first one; what is built after it is of no use */
} Builder;

/* ---- addresses ---- */

static char *dotted(guint32 address)
{
    return g_strdup_printf("%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
                           address & 255);
}

static char *public_ipv4(Builder *builder)
{
    return dotted(PUBLIC_FIRST + builder->next_public++ % PUBLIC_COUNT);
}

/* The next address on the outer side of a peer's line: the carrier's where there is one. */
static char *outer_ipv4(Builder *builder)
{
    guint n;

    if (!builder->settings->net.carrier_nat)
        return public_ipv4(builder);
    n = builder->next_carrier++;
    return g_strdup_printf("100.%u.%u.2", 64 + n / 256 % 64, n % 256);
}

static char *public_ipv6(const Builder *builder, guint home, guint host)
{
    return g_strdup_printf("2001:db8:%x:%x::%x", (builder->number - 1) % 0xffff + 1, home & 0xffff, host);
}

static gboolean has(const char *ip, const char *family)
{
    return g_str_equal(ip, "dual") || g_str_equal(ip, family);
}

/* ---- parts of the message ---- */

static void add_direction(Builder *builder, cJSON *router, const char *key, const VcbDirectionSettings *line)
{
    cJSON *direction;

    if (builder->error)
        return;
    direction = vcb_network_plan_direction(line, &builder->error);
    if (direction)
        cJSON_AddItemToObject(router, key, direction);
}

static cJSON *add_router(Builder *builder, const char *name, const char *parent)
{
    cJSON *router = cJSON_CreateObject();

    cJSON_AddStringToObject(router, "name", name);
    cJSON_AddStringToObject(router, "parent", parent);
    cJSON_AddItemToArray(builder->routers, router);
    return router;
}

static void add_nat(cJSON *router, const VcbNatChoice *nat, const char *external)
{
    cJSON *object = cJSON_AddObjectToObject(router, "nat"), *list;

    cJSON_AddStringToObject(object, "mapping", nat->mapping);
    cJSON_AddStringToObject(object, "filtering", nat->filtering);
    cJSON_AddBoolToObject(object, "hairpin", nat->hairpin);
    cJSON_AddStringToObject(object, "ports", nat->ports);
    vcb_json_add_int(object, "lifetime_us", nat->lifetime_us);
    list = cJSON_AddArrayToObject(object, "external");
    cJSON_AddItemToArray(list, cJSON_CreateString(external));
}

static void add_ports(cJSON *object, const char *key, const int *ports, guint n)
{
    cJSON *list = cJSON_AddArrayToObject(object, key);

    for (guint i = 0; i < n; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(ports[i]));
}

static void add_firewall(cJSON *router, const VcbFirewallChoice *firewall)
{
    cJSON *object;

    if (!firewall->enabled)
        return;
    object = cJSON_AddObjectToObject(router, "firewall");
    cJSON_AddStringToObject(object, "udp", firewall->udp);
    if (firewall->n_udp_ports)
        add_ports(object, "udp_ports", firewall->udp_ports, firewall->n_udp_ports);
    if (firewall->limits_tcp)
        add_ports(object, "tcp_ports", firewall->tcp_ports, firewall->n_tcp_ports);
    cJSON_AddStringToObject(object, "inbound", firewall->inbound);
    cJSON_AddStringToObject(object, "ipv6", firewall->ipv6);
}

/* A host without interfaces yet; ipv4 and ipv6 (NULL: none) are those of its first. */
static cJSON *add_host(Builder *builder, const char *name, const char *ipv4, const char *ipv6)
{
    cJSON *host = cJSON_CreateObject();
    VcbPlannedHost planned = {g_strdup(name), g_strdup(ipv4), g_strdup(ipv6)};

    g_array_append_val(builder->planned, planned);
    cJSON_AddStringToObject(host, "name", name);
    cJSON_AddItemToArray(builder->hosts, host);
    return cJSON_AddArrayToObject(host, "interfaces");
}

/* Addresses with their prefixes; NULL: none. */
static void add_interface(cJSON *interfaces, const char *name, const char *router, const char *ipv4,
                          guint prefix, const char *ipv6, int mtu, gboolean up)
{
    cJSON *interface = cJSON_CreateObject(), *addresses;

    cJSON_AddStringToObject(interface, "name", name);
    cJSON_AddStringToObject(interface, "router", router);
    addresses = cJSON_AddArrayToObject(interface, "addresses");
    if (ipv4) {
        g_autofree char *text = g_strdup_printf("%s/%u", ipv4, prefix);

        cJSON_AddItemToArray(addresses, cJSON_CreateString(text));
    }
    if (ipv6) {
        g_autofree char *text = g_strconcat(ipv6, "/64", NULL);

        cJSON_AddItemToArray(addresses, cJSON_CreateString(text));
    }
    vcb_json_add_int(interface, "metric", 100 * (1 + cJSON_GetArraySize(interfaces)));
    vcb_json_add_int(interface, "mtu", mtu);
    cJSON_AddBoolToObject(interface, "up", up);
    cJSON_AddItemToArray(interfaces, interface);
}

/* ---- peers ---- */

static char *line_name(const Builder *builder, int peer, guint pair, guint interface)
{
    const VcbHostSettings *host = &builder->settings->net.hosts[peer];
    g_autofree char *name = vcb_network_plan_host_name(builder->settings, peer, (int)pair);

    return interface ? g_strconcat(name, "-", host->interfaces[interface].name, NULL)
                     : g_steal_pointer(&name);
}

/* What the outermost router of a peer's lines hangs on. */
static const char *uplink(const VcbNetworkSettings *net, const char *peer)
{
    if (net->bottleneck_behind && g_str_equal(net->bottleneck_behind, peer))
        return "bottleneck";
    return net->carrier_nat ? "carrier" : "internet";
}

/* The routers of one interface, the outermost first as parents come before their children. Of the addresses between them
 * home 7 has 10.7.1.2 outside its first NAT, 10.7.2.2 outside its second. Returns whether there is a NAT. */
static gboolean add_line(Builder *builder, const VcbInterfaceSettings *interface, const char *line,
                         const char *parent, guint home)
{
    guint n = has(interface->ip, "ipv4") ? interface->n_nats : 0;
    g_autofree char *external = n ? outer_ipv4(builder) : NULL;
    g_autofree char *above = g_strdup(parent);
    cJSON *router;

    for (guint i = n; i-- > 1;) {
        g_autofree char *name = g_strdup_printf("%s-nat-%u", line, i + 1);

        router = add_router(builder, name, above);
        add_nat(router, &interface->nats[i], external);
        g_free(above);
        above = g_steal_pointer(&name);
        g_free(external);
        external = g_strdup_printf("10.%u.%u.2", home % 256, i);
    }
    router = add_router(builder, line, above);
    add_direction(builder, router, "up", &interface->line_up);
    add_direction(builder, router, "down", &interface->line_down);
    if (n)
        add_nat(router, &interface->nats[0], external);
    add_firewall(router, &interface->firewall);
    return n > 0;
}

/* Numbers of the peers' first homes: cross traffic moves in there. */
typedef struct {
    guint home;
    char *router; /* owned */
    gboolean is_private;
} Home;

/* A peer's interface in that pair, borrowed: the first may have lines of the pair's own. */
static VcbInterfaceSettings interface_of(const VcbNetworkSettings *net, int peer, guint pair, guint number)
{
    VcbInterfaceSettings interface = net->hosts[peer].interfaces[number];
    const VcbPairLines *lines = number ? NULL : vcb_network_pair_lines(net, (int)pair);

    if (lines) {
        interface.line_up = lines->line_up[peer];
        interface.line_down = lines->line_down[peer];
    }
    return interface;
}

static Home add_peer(Builder *builder, int peer, guint pair)
{
    const VcbSettings *settings = builder->settings;
    const VcbHostSettings *host = &settings->net.hosts[peer];
    const char *parent = uplink(&settings->net, settings->peers[peer].name);
    g_autofree char *name = vcb_network_plan_host_name(settings, peer, (int)pair);
    cJSON *interfaces = NULL;
    Home first = {0};

    for (guint i = 0; i < host->n_interfaces; i++) {
        VcbInterfaceSettings interface = interface_of(&settings->net, peer, pair, i);
        guint home = ++builder->n_homes;
        g_autofree char *line = line_name(builder, peer, pair, i);
        gboolean is_private = add_line(builder, &interface, line, parent, home);
        g_autofree char *ipv4 = NULL, *ipv6 = NULL;

        if (has(interface.ip, "ipv4"))
            ipv4 = is_private ? g_strdup_printf("192.168.%u.2", home % 256) : outer_ipv4(builder);
        if (has(interface.ip, "ipv6"))
            ipv6 = public_ipv6(builder, home, 2);
        if (!interfaces) {
            interfaces = add_host(builder, name, ipv4, ipv6);
            first = (Home){home, g_strdup(line), is_private};
        }
        add_interface(interfaces, interface.name, line, ipv4, is_private ? 24 : 32, ipv6, interface.mtu,
                      interface.up);
    }
    return first;
}

/* ---- cross traffic ---- */

/* Two hosts for each entry: one beside the peer it is behind (of the first pair), or where the bottleneck's side begins;
 * the other out on the internet. */
static void add_cross_traffic(Builder *builder, guint number, const Home homes[2])
{
    const VcbSettings *settings = builder->settings;
    const VcbCrossTraffic *traffic = &settings->net.cross_traffic[number];
    g_autofree char *near_name = g_strdup_printf("traffic-%u-near", number + 1);
    g_autofree char *far_name = g_strdup_printf("traffic-%u-far", number + 1);
    gboolean at_bottleneck = g_str_equal(traffic->behind, "bottleneck");
    const char *peer_name = at_bottleneck ? settings->net.bottleneck_behind : traffic->behind;
    int peer = g_str_equal(settings->peers[1].name, peer_name);
    const VcbInterfaceSettings *interface = &settings->net.hosts[peer].interfaces[0];
    gboolean is_private = !at_bottleneck && homes[peer].is_private;
    guint home = at_bottleneck ? ++builder->n_homes : homes[peer].home;
    guint far_home = ++builder->n_homes;
    g_autofree char *near_ipv4 = NULL, *near_ipv6 = NULL, *far_ipv4 = NULL, *far_ipv6 = NULL;

    if (has(interface->ip, "ipv4")) {
        near_ipv4 = is_private ? g_strdup_printf("192.168.%u.%u", home % 256, 10 + number % 240)
                               : outer_ipv4(builder);
        far_ipv4 = public_ipv4(builder);
    }
    if (has(interface->ip, "ipv6")) {
        near_ipv6 = public_ipv6(builder, home, 16 + number);
        far_ipv6 = public_ipv6(builder, far_home, 2);
    }
    add_interface(add_host(builder, near_name, near_ipv4, near_ipv6), "eth0",
                  at_bottleneck ? "bottleneck" : homes[peer].router, near_ipv4, is_private ? 24 : 32,
                  near_ipv6, 1500, TRUE);
    add_interface(add_host(builder, far_name, far_ipv4, far_ipv6), "eth0", "internet", far_ipv4, 32, far_ipv6,
                  1500, TRUE);
}

/* ---- timeline ---- */

static cJSON *add_entry(Builder *builder, gint64 at_us)
{
    cJSON *entry = cJSON_CreateObject();

    vcb_json_add_int(entry, "at_us", at_us);
    cJSON_AddItemToArray(builder->timeline, entry);
    return entry;
}

static void add_change(Builder *builder, const VcbNetworkTimelineEntry *entry, const char *router)
{
    cJSON *change = add_entry(builder, entry->at_us), *set = cJSON_Parse(entry->set);

    g_assert(set); /* as the scenario made it */
    cJSON_AddStringToObject(change, "router", router);
    cJSON_AddStringToObject(change, "direction", entry->direction);
    cJSON_AddItemToObject(change, "set", set);
}

static guint find_interface(const VcbHostSettings *host, const char *name)
{
    for (guint i = 0; name && i < host->n_interfaces; i++)
        if (g_str_equal(host->interfaces[i].name, name))
            return i;
    return 0;
}

static void add_peer_entry(Builder *builder, const VcbNetworkTimelineEntry *entry, int peer, guint pair)
{
    const VcbHostSettings *host = &builder->settings->net.hosts[peer];
    guint number = find_interface(host, entry->interface);
    g_autofree char *name = vcb_network_plan_host_name(builder->settings, peer, (int)pair);
    const char *interface = host->interfaces[number].name;
    cJSON *change;

    if (g_str_equal(entry->action, "change")) {
        g_autofree char *router = line_name(builder, peer, pair, number);

        add_change(builder, entry, router);
        return;
    }
    change = add_entry(builder, entry->at_us);
    cJSON_AddStringToObject(change, "host", name);
    if (!g_str_equal(entry->action, "up"))
        cJSON_AddStringToObject(change, "down", interface);
    if (!g_str_equal(entry->action, "down"))
        cJSON_AddStringToObject(change, "up", entry->to ? entry->to : interface);
}

static void add_timeline(Builder *builder)
{
    const VcbSettings *settings = builder->settings;

    for (guint i = 0; i < settings->net.n_timeline; i++) {
        const VcbNetworkTimelineEntry *entry = &settings->net.timeline[i];

        if (g_str_equal(entry->host, "bottleneck"))
            add_change(builder, entry, "bottleneck");
        for (guint pair = 1; pair <= builder->n_pairs; pair++)
            for (int peer = 0; peer < 2; peer++)
                if (g_str_equal(entry->host, "all") || g_str_equal(entry->host, settings->peers[peer].name))
                    add_peer_entry(builder, entry, peer, pair);
    }
}

/* ---- networks ---- */

static void begin(Builder *builder, const char *name, const char *call, guint64 seed)
{
    VcbNetworkPlan *plan = g_new0(VcbNetworkPlan, 1);
    cJSON *create = cJSON_CreateObject();

    cJSON_AddStringToObject(create, "type", "create");
    cJSON_AddStringToObject(create, "network", name);
    vcb_json_add_string(create, "call", call);
    vcb_json_add_int(create, "seed", (gint64)seed);
    builder->routers = cJSON_AddArrayToObject(create, "routers");
    builder->hosts = cJSON_AddArrayToObject(create, "hosts");
    builder->timeline = cJSON_AddArrayToObject(create, "timeline");
    builder->planned = g_array_new(FALSE, FALSE, sizeof(VcbPlannedHost));
    plan->name = g_strdup(name);
    plan->create = create;
    builder->plan = plan;
}

static VcbNetworkPlan *end(Builder *builder)
{
    builder->plan->n_hosts = builder->planned->len;
    builder->plan->hosts = (VcbPlannedHost *)(gpointer)g_array_free(builder->planned, FALSE);
    return builder->plan;
}

VcbNetworkPlan *vcb_network_plan_servers(guint64 seed, gboolean with_turn, gboolean signaling_direct)
{
    Builder builder = {0};
    cJSON *interfaces;

    begin(&builder, "servers", NULL, seed);
    if (signaling_direct)
        cJSON_AddTrueToObject(add_router(&builder, "signaling", "internet"), "direct");
    else
        add_router(&builder, "signaling", "internet");
    interfaces = add_host(&builder, "signaling", VCB_NETWORK_SIGNALING_IPV4, VCB_NETWORK_SIGNALING_IPV6);
    add_interface(interfaces, "eth0", "signaling", VCB_NETWORK_SIGNALING_IPV4, 32, VCB_NETWORK_SIGNALING_IPV6,
                  1500, TRUE);
    if (with_turn) {
        cJSON *interface, *addresses;

        add_router(&builder, "turn", "internet");
        interfaces = add_host(&builder, "turn", VCB_NETWORK_TURN_IPV4, VCB_NETWORK_TURN_IPV6);
        add_interface(interfaces, "eth0", "turn", VCB_NETWORK_TURN_IPV4, 32, VCB_NETWORK_TURN_IPV6, 1500,
                      TRUE);
        /* Second addresses, by which a STUN server tells a NAT's behaviour (RFC 5780). */
        interface = cJSON_GetArrayItem(interfaces, 0);
        addresses = cJSON_GetObjectItemCaseSensitive(interface, "addresses");
        cJSON_AddItemToArray(addresses, cJSON_CreateString(VCB_NETWORK_TURN_IPV4_OTHER "/32"));
        cJSON_AddItemToArray(addresses, cJSON_CreateString(VCB_NETWORK_TURN_IPV6_OTHER "/64"));
    }
    return end(&builder);
}

/* Public addresses that a network may need, as a power of two. */
static guint32 block_size(const VcbNetworkSettings *net, guint n_pairs)
{
    guint32 need = 1 + 2 * net->n_cross_traffic, block = LEAST_BLOCK;

    for (guint i = 0; i < 2; i++)
        need += n_pairs * net->hosts[i].n_interfaces;
    while (block < need)
        block *= 2;
    return block;
}

VcbNetworkPlan *vcb_network_plan_call(const VcbSettings *settings, const char *name, const char *call,
                                      guint64 seed, guint number, guint n_pairs, GError **error)
{
    const VcbNetworkSettings *net = &settings->net;
    guint32 block = block_size(net, n_pairs);
    Builder builder = {.settings = settings, .n_pairs = n_pairs, .number = number};
    Home first[2] = {{0}, {0}};
    VcbNetworkPlan *plan;

    builder.next_public = (number - 1) % (PUBLIC_COUNT / block) * block;
    begin(&builder, name, call, seed);
    if (net->carrier_nat) {
        g_autofree char *external = public_ipv4(&builder);

        add_nat(add_router(&builder, "carrier", "internet"), net->carrier_nat, external);
    }
    if (net->bottleneck_behind) {
        cJSON *router = add_router(&builder, "bottleneck", net->carrier_nat ? "carrier" : "internet");

        add_direction(&builder, router, "up", &net->bottleneck_up);
        add_direction(&builder, router, "down", &net->bottleneck_down);
    }
    for (guint pair = 1; pair <= n_pairs; pair++) {
        for (int peer = 0; peer < 2; peer++) {
            Home home = add_peer(&builder, peer, pair);

            if (pair == 1)
                first[peer] = home;
            else
                g_free(home.router);
        }
    }
    for (guint i = 0; i < net->n_cross_traffic; i++)
        add_cross_traffic(&builder, i, first);
    add_timeline(&builder);
    for (int peer = 0; peer < 2; peer++)
        g_free(first[peer].router);
    plan = end(&builder);
    if (builder.error) { /* the scenario's check had found everything there */
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "the network cannot be made any more: %s",
                    builder.error->message);
        g_clear_error(&builder.error);
        g_clear_pointer(&plan, vcb_network_plan_free);
    }
    return plan;
}

void vcb_network_plan_free(VcbNetworkPlan *plan)
{
    if (!plan)
        return;
    for (guint i = 0; i < plan->n_hosts; i++) {
        g_free(plan->hosts[i].name);
        g_free(plan->hosts[i].ipv4);
        g_free(plan->hosts[i].ipv6);
    }
    g_free(plan->hosts);
    cJSON_Delete(plan->create);
    g_free(plan->name);
    g_free(plan);
}

char *vcb_network_plan_host_name(const VcbSettings *settings, int peer, int pair)
{
    const char *name = settings->peers[peer].name;

    return settings->net.shared ? g_strdup_printf("%s-%d", name, pair) : g_strdup(name);
}

cJSON *vcb_network_plan_direction(const VcbDirectionSettings *direction, GError **error)
{
    return vcb_network_direction_json(direction, NULL, error);
}
