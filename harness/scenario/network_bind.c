#include "harness/scenario/network_bind.h"

#include "common/suggest.h"
#include "harness/scenario/bind.h"
#include "harness/scenario/fields.h"
#include "harness/scenario/network_profiles.h"
#include "harness/scenario/network_table.h"
#include "harness/scenario/trace.h"

#include <math.h>
#include <string.h>

static const char *const CAPACITIES[] = {"rate", "rate_steps"};

/* ---- lines ---- */

/* Gilbert-Elliott from a long-run loss rate and a mean burst (0: every packet by itself). */
static void set_loss(VcbDirectionSettings *line, double rate, double burst)
{
    line->loss_p = burst > 0 && rate < 1 ? MIN(rate / ((1 - rate) * burst), 1) : 0;
    line->loss_r = burst > 0 && rate < 1 ? 1 / burst : 1;
    line->loss_h = 0;
    line->loss_k = burst > 0 && rate < 1 ? 1 : 1 - rate;
}

static void begin_line(VcbLineText *text, const char *profile_name, gboolean up)
{
    const VcbNetworkProfile *profile = profile_name ? vcb_network_profile_find(profile_name) : NULL;
    VcbDirectionSettings *line = &text->line;

    memset(text, 0, sizeof *text);
    vcb_fields_fill(VCB_NETWORK_LINK_TABLE, text);
    set_loss(line, 0, 0);
    if (!profile)
        return;
    line->rate_bps = (up ? profile->up_kbps : profile->down_kbps) * 1e3;
    line->delay_us = (gint64)llround(profile->rtt_ms * 1e3 / 2);
    line->jitter_us = (gint64)llround(profile->jitter_ms * 1e3);
    g_free(line->jitter_distribution);
    line->jitter_distribution = g_strdup(profile->distribution);
    set_loss(line, profile->loss_pct / 100, profile->loss_burst);
    if (profile->queue_ms > 0) {
        g_free(line->queue_unit);
        line->queue_unit = g_strdup("us");
        line->queue_limit = (gint64)llround(profile->queue_ms * 1e3);
    }
}

static void finish_loss(VcbBinding *binding, const VcbNode *node, VcbLineText *text)
{
    static const char *const STATES[] = {"p", "r", "h", "k", NULL};
    VcbDirectionSettings *line = &text->line;
    double rate = text->loss_rate, burst = text->loss_burst, h = line->loss_h,
           k = vcb_node_get(node, "k") ? line->loss_k : 1;
    const VcbNode *by_state = NULL, *by_rate = NULL;

    if (node->kind == VCB_NODE_MAPPING) {
        for (guint i = 0; STATES[i]; i++)
            by_state = by_state ? by_state : vcb_node_get_key(node, STATES[i]);
        by_rate = vcb_node_get_key(node, "burst");
        by_rate = by_rate ? by_rate : vcb_node_get_key(node, "rate");
        if (by_state && by_rate)
            vcb_problems_add(binding->problems, by_rate,
                             "`loss` is told by `%s`, and by `%s`; keep rate and burst, or p, r, h and k",
                             by_rate->text, by_state->text);
        else if (by_state && (!vcb_node_get(node, "p") || !vcb_node_get(node, "r")))
            vcb_problems_add(binding->problems, node,
                             "`loss` lacks `%s`; p, r, h and k need at least p and r",
                             vcb_node_get(node, "p") ? "r" : "p");
        else if (by_state && vcb_node_get(node, "r") && line->loss_r == 0 && line->loss_p > 0)
            vcb_problems_add(binding->problems, vcb_node_get(node, "r"),
                             "`r` cannot be 0%%: what is bad would stay bad for ever; write e.g. 30%%, or "
                             "`loss: 100%%`");
        else if (!by_state && !vcb_node_get(node, "rate"))
            vcb_problems_add(binding->problems, node, "`loss` lacks `rate`; add it, e.g. `rate: 2%%`");
    }
    if (by_state) {
        line->loss_h = h;
        line->loss_k = k;
        return;
    }
    /* From good to bad at most with each packet. */
    if (burst > 0 && rate < 1 && rate / ((1 - rate) * burst) > 1 + 1e-12)
        vcb_problems_add(
            binding->problems, vcb_node_get(node, "rate"),
            "a loss of %g%% in bursts of %g cannot be: between two bursts there is at least one packet; "
            "make `rate` at most %g%%, or `burst` longer",
            rate * 100, burst, floor(burst / (1 + burst) * 1000) / 10);
    set_loss(line, rate, burst);
}

static void finish_trace(VcbBinding *binding, const VcbNode *node, VcbDirectionSettings *line)
{
    g_autofree char *name = g_steal_pointer(&line->trace);
    g_autoptr(GArray) trace = NULL;
    g_autoptr(GError) error = NULL;

    if (!name)
        return;
    line->trace = vcb_trace_find(name, vcb_problems_file(binding->problems));
    if (!line->trace) {
        vcb_problems_add(binding->problems, node,
                         "there is no trace `%s`; name a file in Mahimahi's format beside the scenario",
                         name);
        return;
    }
    trace = vcb_trace_read(line->trace, &error);
    if (!trace)
        vcb_problems_add(binding->problems, node, "`trace`: %s", error->message);
}

static gint compare_steps(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const VcbRateStepSettings *x = a, *y = b;

    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static void check_required(VcbBinding *binding, const VcbNode *node, const char *key, const char *required,
                           const char *example)
{
    const VcbNode *value = vcb_node_get(node, key);

    if (value && value->kind == VCB_NODE_MAPPING && !vcb_node_get(value, required))
        vcb_problems_add(binding->problems, value, "`%s` lacks `%s`; add it, e.g. `%s: %s`", key, required,
                         required, example);
}

/* What follows from what a mapping said of a line, beyond the fields themselves. */
static void finish_line(VcbBinding *binding, const VcbNode *node, VcbLineText *text)
{
    VcbDirectionSettings *line = &text->line;
    const VcbNode *loss = vcb_node_get(node, "loss"), *trace = vcb_node_get(node, "trace");
    gboolean rate = vcb_node_get(node, "rate") != NULL, steps = vcb_node_get(node, "rate_steps") != NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(CAPACITIES) && trace; i++) {
        const VcbNode *key = vcb_node_get_key(node, CAPACITIES[i]);

        if (key)
            vcb_problems_add(binding->problems, key,
                             "`%s` and `trace` both say the capacity; keep one of them", key->text);
    }
    /* Of what was laid over each other the last counts, whichever way it says the capacity. */
    if ((rate || trace) && !steps) {
        g_clear_pointer(&line->rate_steps, g_free);
        line->n_rate_steps = 0;
    }
    if ((rate || steps) && !trace)
        g_clear_pointer(&line->trace, g_free);
    if (line->n_rate_steps)
        g_qsort_with_data(line->rate_steps, (gint)line->n_rate_steps, sizeof *line->rate_steps, compare_steps,
                          NULL);
    if (trace && !trace->broken)
        finish_trace(binding, trace, line);
    if (loss && !loss->broken)
        finish_loss(binding, loss, text);
    check_required(binding, node, "jitter", "amount", "10ms");
    check_required(binding, node, "reorder", "rate", "1%");
}

/* Lay `key` of a mapping, which changes a line, over it. */
static void lay_over(VcbBinding *binding, const VcbNode *parent, const char *path, const char *key,
                     VcbLineText *text)
{
    const VcbNode *node = vcb_node_get(parent, key);
    g_autofree char *place = g_strdup_printf("%s.%s", path, key);

    if (!node || node->broken || !vcb_bind_expect_mapping(binding, node, key, ""))
        return;
    vcb_bind_table(binding, VCB_NETWORK_LINK_TABLE, node, text, (VcbPlace){place, place}, FALSE);
    finish_line(binding, node, text);
}

static VcbDirectionSettings end_line(VcbLineText *text)
{
    VcbDirectionSettings line = text->line;

    memset(text, 0, sizeof *text);
    return line;
}

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
    if (where->kind == VCB_NODE_MAPPING && (!nat.mapping || !nat.filtering))
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

static void first_interface(VcbBinding *binding, VcbHostText *text, const VcbNode *general,
                            const VcbNode *own, guint host, VcbInterfaceSettings *interface)
{
    static const char *const DIRECTIONS[] = {"up", "down"};
    g_autofree char *own_path = g_strdup_printf("network.hosts.%u", host);
    g_autofree char *nats = host_path(binding, host, "nat");
    g_autofree char *firewall = host_path(binding, host, "firewall");

    for (guint i = 0; i < 2; i++) {
        VcbLineText line;

        begin_line(&line, text->profile, i == 0);
        lay_over(binding, general, "network", "link", &line);
        lay_over(binding, general, "network", DIRECTIONS[i], &line);
        lay_over(binding, own, own_path, "link", &line);
        lay_over(binding, own, own_path, DIRECTIONS[i], &line);
        *(i == 0 ? &interface->line_up : &interface->line_down) = end_line(&line);
    }
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
    static const char *const DIRECTIONS[] = {"up", "down"};
    g_autofree char *nats = g_strconcat(path, ".nat", NULL);

    for (guint i = 0; i < 2; i++) {
        VcbLineText line;

        begin_line(&line, text->profile, i == 0);
        lay_over(binding, node, path, "link", &line);
        lay_over(binding, node, path, DIRECTIONS[i], &line);
        *(i == 0 ? &interface->line_up : &interface->line_down) = end_line(&line);
    }
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
    static const char *const DIRECTIONS[] = {"up", "down"};
    const VcbNode *node = vcb_node_get(network, "bottleneck");
    VcbNetworkSettings *net = &binding->settings->net;

    for (guint i = 0; i < 2; i++) {
        VcbLineText line;

        begin_line(&line, NULL, i == 0);
        lay_over(binding, node, "network.bottleneck", "link", &line);
        lay_over(binding, node, "network.bottleneck", DIRECTIONS[i], &line);
        *(i == 0 ? &net->bottleneck_up : &net->bottleneck_down) = end_line(&line);
    }
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
            finish_line(binding, node, &text->timeline[i].change);
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
    g_autofree char *label = g_strdup_printf("network.hosts.%s", binding->settings->peers[host].name);

    memset(text, 0, sizeof *text);
    vcb_fields_fill(VCB_NETWORK_TABLE, text);
    vcb_bind_table(binding, VCB_NETWORK_TABLE, network, text, (VcbPlace){"network", "network"}, FALSE);
    if (!own)
        return;
    vcb_bind_note(binding, path, own);
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

/* `hosts` to a mapping for each peer, NULL where nothing is said of it; new references. */
static void find_hosts(VcbBinding *binding, const VcbNode *network, VcbNode *own[2])
{
    const VcbPeerSettings *peers = binding->settings->peers;
    const char *known[] = {peers[0].name, peers[1].name, NULL};
    const VcbSetting *setting = vcb_setting_find(VCB_NETWORK_TABLE, "hosts");
    VcbNode *hosts = vcb_node_get(network, "hosts");

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
    find_hosts(binding, network, own);
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
        if (i == 1)
            resolve(binding, &text, network,
                    !binding->broken && vcb_problems_added(binding->problems) == before);
        vcb_fields_clear(VCB_NETWORK_TABLE, &text);
    }
    for (guint i = 0; i < 2; i++)
        vcb_node_unref(own[i]);
}
