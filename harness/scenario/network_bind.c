#include "harness/scenario/network_bind.h"

#include "common/suggest.h"
#include "harness/scenario/bind.h"
#include "harness/scenario/fields.h"
#include "harness/scenario/network_line.h"

#include <string.h>

/* ---- NAT, firewall ---- */

static gboolean is_nat(const VcbNatText *text)
{
    return g_strcmp0(text->type, "none") != 0;
}

/* Takes the texts out of `text`. */
static VcbNatChoice resolve_nat(VcbBinding *binding, VcbNatText *text, const VcbNode *where)
{
    static const struct {
        const char *type, *mapping, *filtering;
    } WORDS[] = {
        {"full-cone", "endpoint-independent", "endpoint-independent"},
        {"restricted", "endpoint-independent", "address-dependent"},
        {"port-restricted", "endpoint-independent", "address-and-port-dependent"},
        {"symmetric", "address-and-port-dependent", "address-and-port-dependent"},
    };
    VcbNatChoice nat = text->nat;

    memset(&text->nat, 0, sizeof text->nat);
    for (gsize i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        if (g_strcmp0(text->type, WORDS[i].type) != 0)
            continue;
        nat.mapping = nat.mapping ? nat.mapping : g_strdup(WORDS[i].mapping);
        nat.filtering = nat.filtering ? nat.filtering : g_strdup(WORDS[i].filtering);
    }
    /* What is written and is no mapping has been told already. */
    if (where->kind == VCB_NODE_MAPPING && ((!nat.mapping && !vcb_node_get(where, "mapping")) ||
                                            (!nat.filtering && !vcb_node_get(where, "filtering"))))
        vcb_problems_add(binding->problems, where,
                         "this NAT lacks `%s`; add it, or the word for both, e.g. `type: port-restricted`",
                         nat.mapping ? "filtering" : "mapping");
    if (!nat.ports)
        nat.ports = g_strdup(g_strcmp0(nat.mapping, "endpoint-independent") == 0 ? "preserve" : "random");
    return nat;
}

static void resolve_nats(VcbBinding *binding, VcbNatText *texts, guint n, const char *path,
                         VcbInterfaceSettings *interface)
{
    interface->nats = g_new0(VcbNatChoice, MAX(n, 1));
    for (guint i = 0; i < n; i++)
        if (is_nat(&texts[i]))
            interface->nats[interface->n_nats++] =
                resolve_nat(binding, &texts[i], vcb_binding_where(binding, "%s.%u", path, i));
}

static int *one_port(int port, guint *ret_n)
{
    int *ports = g_new(int, 1);

    *ports = port;
    *ret_n = 1;
    return ports;
}

/* Takes the texts out of `text`. */
static VcbFirewallChoice resolve_firewall(VcbBinding *binding, VcbFirewallText *text, const VcbNode *where)
{
    VcbFirewallChoice firewall = text->firewall;
    const char *type = text->type ? text->type : "none";
    gboolean blocked = g_str_has_prefix(type, "udp-blocked") || g_str_equal(type, "tcp-443-only");

    memset(&text->firewall, 0, sizeof text->firewall);
    /* Whoever shuts UDP lets nobody in either. */
    if (!firewall.udp)
        firewall.udp = g_strdup(blocked ? "block" : "allow");
    if (!firewall.inbound)
        firewall.inbound = g_strdup(blocked || g_str_equal(type, "stateful") ? "stateful" : "open");
    if (!firewall.ipv6)
        firewall.ipv6 = g_strdup("allow");
    if (!firewall.tcp_ports && g_str_equal(type, "tcp-443-only"))
        firewall.tcp_ports = one_port(443, &firewall.n_tcp_ports);
    firewall.limits_tcp = firewall.tcp_ports != NULL;
    if (g_str_equal(type, "udp-blocked-except") && !firewall.udp_ports)
        vcb_problems_add(binding->problems, where,
                         "`udp-blocked-except` lacks the ports; write `firewall: {type: udp-blocked-except, "
                         "udp_ports: [3478]}`");
    if (firewall.udp_ports && g_str_equal(firewall.udp, "allow"))
        vcb_problems_add(binding->problems, where,
                         "`udp_ports` says nothing where UDP is let out; add `udp: block`, or leave it out");
    firewall.enabled = firewall.limits_tcp || !g_str_equal(firewall.udp, "allow") ||
                       !g_str_equal(firewall.inbound, "open") || !g_str_equal(firewall.ipv6, "allow");
    return firewall;
}

/* ---- hosts ---- */

/* A host's key: the place of its own one, or of the general one. New string. */
static char *host_path(const VcbBinding *binding, guint host, const char *key)
{
    return vcb_binding_has(binding, "network.hosts.%u.%s", host, key)
               ? g_strdup_printf("network.hosts.%u.%s", host, key)
               : g_strdup_printf("network.%s", key);
}

/* As people call a host's place below `group`. New string. */
static char *host_label(const VcbBinding *binding, const char *group, guint host)
{
    return g_strdup_printf("%s.hosts.%s", group, binding->settings->peers[host].name);
}

/* A mapping that says something of lines; node NULL: nothing. */
typedef struct {
    const VcbNode *node;
    VcbPlace place;
} Layer;

static VcbDirectionSettings resolve_line(VcbBinding *binding, const char *profile, const Layer *layers,
                                         guint n_layers, gboolean up)
{
    VcbLineText line;

    vcb_line_begin(&line, profile, up);
    for (guint i = 0; i < n_layers; i++) {
        vcb_line_lay_over(binding, layers[i].node, layers[i].place, "link", &line);
        vcb_line_lay_over(binding, layers[i].node, layers[i].place, up ? "up" : "down", &line);
    }
    return vcb_line_end(&line);
}

static void first_interface(VcbBinding *binding, VcbHostText *text, const VcbNode *general,
                            const VcbNode *own, guint host, VcbInterfaceSettings *interface)
{
    g_autofree char *own_path = g_strdup_printf("network.hosts.%u", host);
    g_autofree char *own_label = host_label(binding, "network", host);
    const Layer layers[] = {{general, {"network", "network"}}, {own, {own_path, own_label}}};
    g_autofree char *nats = host_path(binding, host, "nat");
    g_autofree char *firewall = host_path(binding, host, "firewall");

    interface->line_up = resolve_line(binding, text->profile, layers, G_N_ELEMENTS(layers), TRUE);
    interface->line_down = resolve_line(binding, text->profile, layers, G_N_ELEMENTS(layers), FALSE);
    interface->name = g_steal_pointer(&text->interface);
    interface->ip = g_strdup(text->ip);
    interface->mtu = text->mtu;
    interface->up = TRUE;
    resolve_nats(binding, text->nats, text->n_nats, nats, interface);
    interface->firewall =
        resolve_firewall(binding, &text->firewall, vcb_binding_where(binding, "%s", firewall));
}

static void further_interface(VcbBinding *binding, const VcbHostText *host, VcbInterfaceText *text,
                              const VcbNode *node, const char *path, VcbInterfaceSettings *interface)
{
    const Layer layer = {node, {path, path}};
    g_autofree char *nats = g_strconcat(path, ".nat", NULL);

    interface->line_up = resolve_line(binding, text->profile, &layer, 1, TRUE);
    interface->line_down = resolve_line(binding, text->profile, &layer, 1, FALSE);
    interface->name = g_steal_pointer(&text->name);
    interface->ip = g_strdup(text->ip ? text->ip : host->ip);
    interface->mtu = text->mtu;
    interface->up = g_strcmp0(text->state, "down") != 0;
    resolve_nats(binding, text->nats, text->n_nats, nats, interface);
    interface->firewall =
        resolve_firewall(binding, &text->firewall, vcb_binding_where(binding, "%s.firewall", path));
}

static void resolve_host(VcbBinding *binding, VcbHostText *text, const VcbNode *general, const VcbNode *own,
                         guint host)
{
    VcbHostSettings *settings = &binding->settings->net.hosts[host];
    g_autofree char *path = host_path(binding, host, "interfaces");
    const VcbNode *list =
        vcb_node_get(g_str_has_prefix(path, "network.hosts.") ? own : general, "interfaces");

    settings->n_interfaces = 1 + text->n_interfaces;
    settings->interfaces = g_new0(VcbInterfaceSettings, settings->n_interfaces);
    first_interface(binding, text, general, own, host, &settings->interfaces[0]);
    for (guint i = 0; i < text->n_interfaces; i++) {
        g_autofree char *entry = g_strdup_printf("%s.%u", path, i);

        further_interface(binding, text, &text->interfaces[i], g_ptr_array_index(list->values, i), entry,
                          &settings->interfaces[1 + i]);
    }
}

/* ---- the rest ---- */

static void resolve_bottleneck(VcbBinding *binding, VcbNetworkText *text, const VcbNode *network)
{
    const VcbNode *node = vcb_node_get(network, "bottleneck");
    const Layer layer = {node, {"network.bottleneck", "network.bottleneck"}};
    VcbNetworkSettings *net = &binding->settings->net;

    net->bottleneck_up = resolve_line(binding, NULL, &layer, 1, TRUE);
    net->bottleneck_down = resolve_line(binding, NULL, &layer, 1, FALSE);
    if (node && node->kind == VCB_NODE_MAPPING && !vcb_node_get(node, "behind"))
        vcb_problems_add(binding->problems, node,
                         "`bottleneck` lacks `behind`; add it: on whose side it is, e.g. `behind: %s`",
                         binding->settings->peers[0].name);
    if (g_strcmp0(text->bottleneck_behind, "none") != 0)
        net->bottleneck_behind = g_steal_pointer(&text->bottleneck_behind);
}

/* What an entry changes, as the emulator reads it. */
static char *resolve_change(VcbBinding *binding, VcbLineText *change, const VcbNode *node)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    g_autoptr(cJSON) set = NULL;

    for (guint i = 0; i < node->keys->len; i++) {
        const char *key = ((const VcbNode *)g_ptr_array_index(node->keys, i))->text;

        if (vcb_setting_find(VCB_NETWORK_LINK_TABLE, key))
            g_ptr_array_add(keys, (gpointer)key);
    }
    if (!keys->len) {
        vcb_problems_add(binding->problems, node,
                         "this entry changes nothing; add what is to change, e.g. `rate: 1Mbps`, or `do`");
        return NULL;
    }
    g_ptr_array_add(keys, NULL);
    set = vcb_network_direction_json(&change->line, (const char *const *)keys->pdata, NULL);
    if (!set)
        return NULL; /* the trace; it has been said */
    return vcb_json_print(set);
}

/* sound: nothing was wrong so far. */
static void resolve_timeline(VcbBinding *binding, VcbNetworkText *text, const VcbNode *list, gboolean sound)
{
    VcbNetworkSettings *net = &binding->settings->net;

    net->timeline = g_new0(VcbNetworkTimelineEntry, MAX(text->n_timeline, 1));
    net->n_timeline = text->n_timeline;
    for (guint i = 0; i < text->n_timeline; i++) {
        const VcbNode *node = g_ptr_array_index(list->values, i);
        guint before = vcb_problems_added(binding->problems);

        if (node->kind == VCB_NODE_MAPPING) {
            vcb_line_finish(binding, node, &text->timeline[i].change, sound);
            if (sound && vcb_problems_added(binding->problems) == before &&
                g_str_equal(text->timeline[i].entry.action, "change"))
                text->timeline[i].entry.set = resolve_change(binding, &text->timeline[i].change, node);
        }
        net->timeline[i] = text->timeline[i].entry;
        memset(&text->timeline[i].entry, 0, sizeof text->timeline[i].entry);
    }
}

/* The network's text for one host: what is said of all, then what is said of it. */
static void read_text(VcbBinding *binding, const VcbNode *network, const VcbNode *own, guint host,
                      VcbNetworkText *text)
{
    g_autofree char *path = g_strdup_printf("network.hosts.%u", host);
    g_autofree char *label = host_label(binding, "network", host);

    memset(text, 0, sizeof *text);
    vcb_fields_fill(VCB_NETWORK_TABLE, text);
    vcb_bind_table(binding, VCB_NETWORK_TABLE, network, text, (VcbPlace){"network", "network"}, FALSE);
    if (!own)
        return;
    vcb_binding_note(binding, path, own);
    vcb_bind_table(binding, VCB_NETWORK_HOST_TABLE, own, &text->host, (VcbPlace){path, label}, FALSE);
}

/* The mapping of a value that may be short for one; a new reference, NULL where it is neither (which is said). */
static VcbNode *as_mapping(VcbBinding *binding, VcbNode *node, const VcbSetting *setting, const char *key)
{
    VcbSetting profile = *vcb_setting_short(setting);
    g_auto(VcbValue) value = {0};
    g_autoptr(GError) error = NULL;
    VcbNode *mapping;

    if (node->kind == VCB_NODE_MAPPING)
        return vcb_node_ref(node);
    if (node->kind == VCB_NODE_SEQUENCE || vcb_node_is_null(node)) {
        vcb_problems_add(
            binding->problems, node,
            "`%s` is a profile's name or a mapping; write e.g. `%s: wifi`, or indent its keys below it", key,
            key);
        return NULL;
    }
    profile.key = key; /* as that is what was written */
    if (!vcb_value_parse(&profile, node->text, &value, &error)) {
        vcb_problems_add(binding->problems, node, "%s", error->message);
        return NULL;
    }
    mapping = vcb_node_new(VCB_NODE_MAPPING, node);
    vcb_node_append(mapping, vcb_node_new_scalar(node, setting->short_key, FALSE), vcb_node_ref(node));
    return mapping;
}

/* `hosts` of the mapping `parent`, whose row is `setting`, to a mapping for each peer, NULL where nothing is said of it; new
 * references. */
static void find_hosts(VcbBinding *binding, const VcbNode *parent, const VcbSetting *setting, VcbNode *own[2])
{
    const VcbPeerSettings *peers = binding->settings->peers;
    const char *known[] = {peers[0].name, peers[1].name, NULL};
    VcbNode *hosts = vcb_node_get(parent, "hosts");

    if (!hosts || hosts->broken || !vcb_bind_expect_mapping(binding, hosts, "hosts", ""))
        return;
    for (guint i = 0; i < hosts->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(hosts->keys, i);
        VcbNode *value = g_ptr_array_index(hosts->values, i);
        guint host = g_str_equal(key->text, known[0]) ? 0 : 1;
        const char *nearest = vcb_suggest(key->text, known);

        binding->broken = binding->broken || value->broken;
        if (!g_strv_contains(known, key->text) && nearest)
            vcb_problems_add(binding->problems, key, "there is no peer `%s`; did you mean `%s`?", key->text,
                             nearest);
        else if (!g_strv_contains(known, key->text))
            vcb_problems_add(binding->problems, key, "there is no peer `%s`; the peers are %s and %s",
                             key->text, known[0], known[1]);
        else if (!value->broken && !vcb_node_is_null(value) && !own[host])
            own[host] = as_mapping(binding, value, setting, key->text);
    }
}

/* Where there is no network, nothing else can be said of it. */
static void check_loopback(VcbBinding *binding, const VcbNode *network)
{
    for (guint i = 0; i < network->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(network->keys, i);

        if (!g_str_equal(key->text, "profile"))
            vcb_problems_add_unused(binding->problems, key,
                                    "`%s` says nothing on loopback; name a profile, e.g. `profile: lan`",
                                    key->text);
    }
}

/* One peer's lines in an entry of `pairs`: what is said of it there is laid over all that is said of its host. */
static void resolve_pair_host(VcbBinding *binding, const char *profile, const Layer layers[3], guint host,
                              VcbPairLines *lines)
{
    VcbPairHostText text = {g_strdup(profile)};

    if (layers[2].node)
        vcb_bind_table(binding, VCB_NETWORK_PAIR_HOST_TABLE, layers[2].node, &text, layers[2].place, FALSE);
    lines->line_up[host] = resolve_line(binding, text.profile, layers, 3, TRUE);
    lines->line_down[host] = resolve_line(binding, text.profile, layers, 3, FALSE);
    vcb_fields_clear(VCB_NETWORK_PAIR_HOST_TABLE, &text);
}

/* The lines of one peer in all pairs that have some of their own. */
static void resolve_pairs(VcbBinding *binding, const VcbNetworkText *text, const VcbNode *network,
                          const VcbNode *own, guint host)
{
    const VcbSetting *setting = vcb_setting_find(VCB_NETWORK_PAIR_TABLE, "hosts");
    const VcbNode *list = vcb_node_get(network, "pairs");
    VcbNetworkSettings *net = &binding->settings->net;
    g_autofree char *own_path = g_strdup_printf("network.hosts.%u", host);
    g_autofree char *own_label = host_label(binding, "network", host);
    g_autofree char *label = host_label(binding, "network.pairs", host);

    if (!net->pairs)
        net->pairs = g_new0(VcbPairLines, MAX(text->n_pairs, 1));
    net->n_pairs = text->n_pairs;
    for (guint i = 0; i < text->n_pairs; i++) {
        const VcbNode *entry = g_ptr_array_index(list->values, i);
        g_autofree char *path = g_strdup_printf("network.pairs.%u.hosts.%u", i, host);
        VcbNode *hosts[2] = {NULL, NULL};

        if (entry->kind == VCB_NODE_MAPPING)
            find_hosts(binding, entry, setting, hosts);
        net->pairs[i].pair = text->pairs[i].pair;
        resolve_pair_host(binding, text->host.profile,
                          (const Layer[]){{network, {"network", "network"}},
                                          {own, {own_path, own_label}},
                                          {hosts[host], {path, label}}},
                          host, &net->pairs[i]);
        for (guint k = 0; k < 2; k++)
            vcb_node_unref(hosts[k]);
    }
}

static void resolve(VcbBinding *binding, VcbNetworkText *text, const VcbNode *network, gboolean sound)
{
    VcbNetworkSettings *net = &binding->settings->net;

    resolve_bottleneck(binding, text, network);
    if (is_nat(&text->carrier_nat)) {
        net->carrier_nat = g_new(VcbNatChoice, 1);
        *net->carrier_nat =
            resolve_nat(binding, &text->carrier_nat, vcb_binding_where(binding, "network.carrier_nat"));
    }
    net->shared = text->shared;
    net->max_lateness_us = text->max_lateness_us;
    net->cross_traffic = g_steal_pointer(&text->cross_traffic);
    net->n_cross_traffic = text->n_cross_traffic;
    text->n_cross_traffic = 0;
    for (guint i = 0; i < net->n_cross_traffic; i++)
        if (!net->cross_traffic[i].behind && net->bottleneck_behind)
            net->cross_traffic[i].behind = g_strdup("bottleneck");
    resolve_timeline(binding, text, vcb_node_get(network, "timeline"), sound);
}

void vcb_network_bind(VcbBinding *binding, const VcbNode *node)
{
    VcbSettings *settings = binding->settings;
    guint before = vcb_problems_added(binding->problems);
    g_autoptr(VcbNode) network =
        node && !node->broken
            ? as_mapping(binding, (VcbNode *)node, vcb_setting_find(VCB_SETTINGS, "network"), "network")
            : NULL;
    VcbNode *own[2] = {NULL, NULL};

    settings->network = g_strdup("loopback");
    if (!network)
        return;
    find_hosts(binding, network, vcb_setting_find(VCB_NETWORK_TABLE, "hosts"), own);
    for (guint i = 0; i < 2; i++) {
        VcbNetworkText text;

        read_text(binding, network, own[i], i, &text);
        if (g_strcmp0(text.host.profile, "loopback") == 0) {
            check_loopback(binding, network);
            vcb_fields_clear(VCB_NETWORK_TABLE, &text);
            break;
        }
        if (i == 0) {
            const VcbNode *profile = vcb_node_get(network, "profile");

            g_free(settings->network);
            settings->network = g_strdup(profile && profile->kind == VCB_NODE_SCALAR ? profile->text : "lan");
        }
        settings->net.enabled = TRUE;
        resolve_host(binding, &text.host, network, own[i], i);
        resolve_pairs(binding, &text, network, own[i], i);
        if (i == 1)
            resolve(binding, &text, network,
                    !binding->broken && vcb_problems_added(binding->problems) == before);
        vcb_fields_clear(VCB_NETWORK_TABLE, &text);
    }
    for (guint i = 0; i < 2; i++)
        vcb_node_unref(own[i]);
}
