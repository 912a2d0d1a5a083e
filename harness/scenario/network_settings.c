/* VcbNetworkSettings as a value: freed, compared, and a direction of it as the emulator reads it. */
#include "harness/scenario/network_settings.h"

#include "harness/scenario/trace.h"

#include <string.h>

/* ---- clear ---- */

static void clear_direction(VcbDirectionSettings *line)
{
    g_free(line->rate_steps);
    g_free(line->trace);
    g_free(line->queue_unit);
    g_free(line->discipline);
    g_free(line->jitter_distribution);
    g_free(line->loss_by);
    g_free(line->state);
}

static void clear_nat(VcbNatChoice *nat)
{
    g_free(nat->mapping);
    g_free(nat->filtering);
    g_free(nat->ports);
}

static void clear_interface(VcbInterfaceSettings *interface)
{
    g_free(interface->name);
    g_free(interface->ip);
    clear_direction(&interface->line_up);
    clear_direction(&interface->line_down);
    for (guint i = 0; i < interface->n_nats; i++)
        clear_nat(&interface->nats[i]);
    g_free(interface->nats);
    g_free(interface->firewall.udp);
    g_free(interface->firewall.inbound);
    g_free(interface->firewall.ipv6);
    g_free(interface->firewall.udp_ports);
    g_free(interface->firewall.tcp_ports);
}

void vcb_network_settings_clear(VcbNetworkSettings *net)
{
    for (guint i = 0; i < G_N_ELEMENTS(net->hosts); i++) {
        for (guint k = 0; k < net->hosts[i].n_interfaces; k++)
            clear_interface(&net->hosts[i].interfaces[k]);
        g_free(net->hosts[i].interfaces);
    }
    for (guint i = 0; i < net->n_pairs; i++) {
        for (guint host = 0; host < G_N_ELEMENTS(net->hosts); host++) {
            clear_direction(&net->pairs[i].line_up[host]);
            clear_direction(&net->pairs[i].line_down[host]);
        }
    }
    g_free(net->pairs);
    if (net->carrier_nat)
        clear_nat(net->carrier_nat);
    g_free(net->carrier_nat);
    g_free(net->bottleneck_behind);
    clear_direction(&net->bottleneck_up);
    clear_direction(&net->bottleneck_down);
    for (guint i = 0; i < net->n_cross_traffic; i++) {
        g_free(net->cross_traffic[i].kind);
        g_free(net->cross_traffic[i].behind);
        g_free(net->cross_traffic[i].direction);
        g_free(net->cross_traffic[i].congestion);
    }
    g_free(net->cross_traffic);
    for (guint i = 0; i < net->n_timeline; i++) {
        g_free(net->timeline[i].host);
        g_free(net->timeline[i].direction);
        g_free(net->timeline[i].action);
        g_free(net->timeline[i].interface);
        g_free(net->timeline[i].to);
        g_free(net->timeline[i].set);
    }
    g_free(net->timeline);
    memset(net, 0, sizeof *net);
}

/* ---- what a pair has ---- */

const VcbPairLines *vcb_network_pair_lines(const VcbNetworkSettings *net, int pair)
{
    for (guint i = 0; i < net->n_pairs; i++)
        if (net->pairs[i].pair == pair)
            return &net->pairs[i];
    return NULL;
}

/* ---- a direction for the emulator ---- */

static void add_steps(cJSON *json, const VcbDirectionSettings *line)
{
    cJSON *steps = cJSON_AddArrayToObject(json, "rate_steps");

    for (guint i = 0; i < line->n_rate_steps; i++) {
        cJSON *step = cJSON_CreateObject();

        vcb_json_add_int(step, "at_us", line->rate_steps[i].at_us);
        cJSON_AddNumberToObject(step, "rate_bps", line->rate_steps[i].rate_bps);
        cJSON_AddItemToArray(steps, step);
    }
}

static gboolean add_trace(cJSON *json, const VcbDirectionSettings *line, GError **error)
{
    g_autoptr(GArray) trace = vcb_trace_read(line->trace, error);
    cJSON *list;

    if (!trace)
        return FALSE;
    list = cJSON_AddArrayToObject(json, "rate_trace_ms");
    for (guint i = 0; i < trace->len; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(g_array_index(trace, guint32, i)));
    return TRUE;
}

static void add_jitter(cJSON *json, const VcbDirectionSettings *line)
{
    cJSON *jitter = cJSON_AddObjectToObject(json, "jitter");

    cJSON_AddStringToObject(jitter, "distribution", line->jitter_distribution);
    vcb_json_add_int(jitter, "us", line->jitter_us);
    if (line->jitter_limit_us)
        vcb_json_add_int(jitter, "limit_us", line->jitter_limit_us);
    if (g_str_equal(line->jitter_distribution, "pareto"))
        cJSON_AddNumberToObject(jitter, "shape", line->jitter_shape);
    if (line->jitter_reorder)
        cJSON_AddTrueToObject(jitter, "reorder");
}

static void add_loss(cJSON *json, const VcbDirectionSettings *line)
{
    cJSON *loss = cJSON_AddObjectToObject(json, "loss");

    cJSON_AddNumberToObject(loss, "p", line->loss_p);
    cJSON_AddNumberToObject(loss, "r", line->loss_r);
    cJSON_AddNumberToObject(loss, "h", line->loss_h);
    cJSON_AddNumberToObject(loss, "k", line->loss_k);
    if (g_str_equal(line->loss_by, "time")) {
        cJSON_AddStringToObject(loss, "by", "time");
        vcb_json_add_int(loss, "slot_us", line->loss_slot_us);
    }
}

static void add_reorder(cJSON *json, const VcbDirectionSettings *line)
{
    cJSON *reorder = cJSON_AddObjectToObject(json, "reorder");

    cJSON_AddNumberToObject(reorder, "rate", line->reorder_rate);
    vcb_json_add_int(reorder, "delay_us", line->reorder_delay_us);
}

cJSON *vcb_network_direction_json(const VcbDirectionSettings *line, const char *const *keys, GError **error)
{
    g_autoptr(cJSON) json = cJSON_CreateObject();
    gboolean codel = g_strcmp0(line->discipline, "codel") == 0;

    /* Told, where keys are given; else where it differs from nothing. */
#define SAYS(key, differs) (keys ? g_strv_contains(keys, key) : (differs))
    if (SAYS("rate", line->rate_bps > 0 && !line->trace))
        cJSON_AddNumberToObject(json, "rate_bps", line->rate_bps);
    if (SAYS("rate_steps", line->n_rate_steps > 0))
        add_steps(json, line);
    if (SAYS("trace", line->trace != NULL) && !add_trace(json, line, error))
        return NULL;
    if (SAYS("queue", TRUE))
        vcb_json_add_int(cJSON_AddObjectToObject(json, "queue"), line->queue_unit, line->queue_limit);
    if (SAYS("discipline", codel))
        cJSON_AddStringToObject(json, "discipline", line->discipline);
    if (SAYS("codel_target", codel))
        vcb_json_add_int(json, "codel_target_us", line->codel_target_us);
    if (SAYS("codel_interval", codel))
        vcb_json_add_int(json, "codel_interval_us", line->codel_interval_us);
    if (SAYS("delay", line->delay_us > 0))
        vcb_json_add_int(json, "delay_us", line->delay_us);
    if (SAYS("jitter", line->jitter_us > 0))
        add_jitter(json, line);
    if (SAYS("loss", line->loss_p > 0 || line->loss_k < 1))
        add_loss(json, line);
    if (SAYS("reorder", line->reorder_rate > 0))
        add_reorder(json, line);
    if (SAYS("duplicate", line->duplicate_rate > 0))
        cJSON_AddNumberToObject(json, "duplicate", line->duplicate_rate);
    if (SAYS("corrupt", line->corrupt_rate > 0))
        cJSON_AddNumberToObject(json, "corrupt", line->corrupt_rate);
    if (SAYS("mtu", line->mtu > 0))
        vcb_json_add_int(json, "mtu", line->mtu);
    if (SAYS("mtu_icmp", line->mtu > 0))
        cJSON_AddBoolToObject(json, "mtu_icmp", line->mtu_icmp);
    if (SAYS("state", g_strcmp0(line->state, "down") == 0))
        cJSON_AddBoolToObject(json, "up", !g_str_equal(line->state, "down"));
#undef SAYS
    return g_steal_pointer(&json);
}

/* ---- equal ---- */

static gboolean ports_equal(const int *a, guint n_a, const int *b, guint n_b)
{
    return n_a == n_b && (!n_a || memcmp(a, b, n_a * sizeof *a) == 0);
}

static gboolean directions_equal(const VcbDirectionSettings *a, const VcbDirectionSettings *b)
{
    if (a->n_rate_steps != b->n_rate_steps)
        return FALSE;
    for (guint i = 0; i < a->n_rate_steps; i++)
        if (a->rate_steps[i].at_us != b->rate_steps[i].at_us ||
            a->rate_steps[i].rate_bps != b->rate_steps[i].rate_bps)
            return FALSE;
    return a->rate_bps == b->rate_bps && !g_strcmp0(a->trace, b->trace) &&
           !g_strcmp0(a->queue_unit, b->queue_unit) && a->queue_limit == b->queue_limit &&
           !g_strcmp0(a->discipline, b->discipline) && a->codel_target_us == b->codel_target_us &&
           a->codel_interval_us == b->codel_interval_us && a->delay_us == b->delay_us &&
           !g_strcmp0(a->jitter_distribution, b->jitter_distribution) && a->jitter_us == b->jitter_us &&
           a->jitter_limit_us == b->jitter_limit_us && a->jitter_shape == b->jitter_shape &&
           a->jitter_reorder == b->jitter_reorder && a->loss_p == b->loss_p && a->loss_r == b->loss_r &&
           a->loss_h == b->loss_h && a->loss_k == b->loss_k && !g_strcmp0(a->loss_by, b->loss_by) &&
           a->loss_slot_us == b->loss_slot_us && a->reorder_rate == b->reorder_rate &&
           a->reorder_delay_us == b->reorder_delay_us && a->duplicate_rate == b->duplicate_rate &&
           a->corrupt_rate == b->corrupt_rate && a->mtu == b->mtu && a->mtu_icmp == b->mtu_icmp &&
           !g_strcmp0(a->state, b->state);
}

static gboolean nats_equal(const VcbNatChoice *a, const VcbNatChoice *b)
{
    return !g_strcmp0(a->mapping, b->mapping) && !g_strcmp0(a->filtering, b->filtering) &&
           a->hairpin == b->hairpin && !g_strcmp0(a->ports, b->ports) && a->lifetime_us == b->lifetime_us;
}

static gboolean firewalls_equal(const VcbFirewallChoice *a, const VcbFirewallChoice *b)
{
    return a->enabled == b->enabled && !g_strcmp0(a->udp, b->udp) && !g_strcmp0(a->inbound, b->inbound) &&
           !g_strcmp0(a->ipv6, b->ipv6) && a->limits_tcp == b->limits_tcp &&
           ports_equal(a->udp_ports, a->n_udp_ports, b->udp_ports, b->n_udp_ports) &&
           ports_equal(a->tcp_ports, a->n_tcp_ports, b->tcp_ports, b->n_tcp_ports);
}

static gboolean interfaces_equal(const VcbInterfaceSettings *a, const VcbInterfaceSettings *b)
{
    if (a->n_nats != b->n_nats)
        return FALSE;
    for (guint i = 0; i < a->n_nats; i++)
        if (!nats_equal(&a->nats[i], &b->nats[i]))
            return FALSE;
    return !g_strcmp0(a->name, b->name) && !g_strcmp0(a->ip, b->ip) && a->mtu == b->mtu && a->up == b->up &&
           directions_equal(&a->line_up, &b->line_up) && directions_equal(&a->line_down, &b->line_down) &&
           firewalls_equal(&a->firewall, &b->firewall);
}

static gboolean pairs_equal(const VcbPairLines *a, const VcbPairLines *b)
{
    for (guint host = 0; host < G_N_ELEMENTS(a->line_up); host++)
        if (!directions_equal(&a->line_up[host], &b->line_up[host]) ||
            !directions_equal(&a->line_down[host], &b->line_down[host]))
            return FALSE;
    return a->pair == b->pair;
}

static gboolean traffic_equal(const VcbCrossTraffic *a, const VcbCrossTraffic *b)
{
    return !g_strcmp0(a->kind, b->kind) && !g_strcmp0(a->behind, b->behind) &&
           !g_strcmp0(a->direction, b->direction) && a->flows == b->flows && a->start_us == b->start_us &&
           a->stop_us == b->stop_us && a->rate_bps == b->rate_bps && a->min_bytes == b->min_bytes &&
           a->max_bytes == b->max_bytes && a->idle_us == b->idle_us &&
           !g_strcmp0(a->congestion, b->congestion);
}

static gboolean entries_equal(const VcbNetworkTimelineEntry *a, const VcbNetworkTimelineEntry *b)
{
    g_autoptr(cJSON) x = a->set ? cJSON_Parse(a->set) : NULL, y = b->set ? cJSON_Parse(b->set) : NULL;

    return a->at_us == b->at_us && !g_strcmp0(a->host, b->host) && !g_strcmp0(a->direction, b->direction) &&
           !g_strcmp0(a->action, b->action) && !g_strcmp0(a->interface, b->interface) &&
           !g_strcmp0(a->to, b->to) && !x == !y && (!x || vcb_json_equal(x, y));
}

gboolean vcb_network_settings_equal(const VcbNetworkSettings *a, const VcbNetworkSettings *b)
{
    if (a->enabled != b->enabled || a->shared != b->shared || a->max_lateness_us != b->max_lateness_us ||
        g_strcmp0(a->bottleneck_behind, b->bottleneck_behind) || !a->carrier_nat != !b->carrier_nat ||
        (a->carrier_nat && !nats_equal(a->carrier_nat, b->carrier_nat)) || a->n_pairs != b->n_pairs ||
        a->n_cross_traffic != b->n_cross_traffic || a->n_timeline != b->n_timeline ||
        !directions_equal(&a->bottleneck_up, &b->bottleneck_up) ||
        !directions_equal(&a->bottleneck_down, &b->bottleneck_down))
        return FALSE;
    for (guint i = 0; i < G_N_ELEMENTS(a->hosts); i++) {
        if (a->hosts[i].n_interfaces != b->hosts[i].n_interfaces)
            return FALSE;
        for (guint k = 0; k < a->hosts[i].n_interfaces; k++)
            if (!interfaces_equal(&a->hosts[i].interfaces[k], &b->hosts[i].interfaces[k]))
                return FALSE;
    }
    for (guint i = 0; i < a->n_pairs; i++)
        if (!pairs_equal(&a->pairs[i], &b->pairs[i]))
            return FALSE;
    for (guint i = 0; i < a->n_cross_traffic; i++)
        if (!traffic_equal(&a->cross_traffic[i], &b->cross_traffic[i]))
            return FALSE;
    for (guint i = 0; i < a->n_timeline; i++)
        if (!entries_equal(&a->timeline[i], &b->timeline[i]))
            return FALSE;
    return TRUE;
}
