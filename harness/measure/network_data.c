#include "harness/measure/network_data.h"

#include <math.h>
#include <string.h>

static void link_free(gpointer data)
{
    VcbLinkData *link = data;

    g_free(link->name);
    g_array_unref(link->lines);
    g_free(link);
}

void vcb_network_data_free(VcbNetworkData *network)
{
    if (!network)
        return;
    g_ptr_array_unref(network->links);
    g_ptr_array_unref(network->routers);
    g_ptr_array_unref(network->mappings);
    g_ptr_array_unref(network->changes);
    g_free(network);
}

/* What follows `prefix` and, where there is one, a dash; NULL where `name` is something else. */
static const char *after(const char *name, const char *prefix)
{
    gsize length = strlen(prefix);

    if (!length || strncmp(name, prefix, length) != 0)
        return NULL;
    return !name[length] ? name + length : name[length] == '-' && name[length + 1] ? name + length + 1 : NULL;
}

char *vcb_network_data_name(const VcbCallData *call, const char *raw, const char **ret_peer)
{
    g_autofree char *pair = g_strdup_printf("%d", call->pair);
    const char *rest = NULL, *of_pair;

    *ret_peer = NULL;
    for (char **peer = call->peers; *peer && !*ret_peer; peer++) {
        rest = after(raw, *peer);
        if (rest)
            *ret_peer = *peer;
    }
    if (!*ret_peer || !g_ascii_isdigit(*rest))
        return g_strdup(raw);
    of_pair = after(rest, pair); /* alice-2, alice-2-wwan0 */
    if (!of_pair && call->n_sharing < 2)
        return g_strdup(raw);
    if (!of_pair) {
        *ret_peer = NULL;
        return NULL;
    }
    return *of_pair ? g_strconcat(*ret_peer, "-", of_pair, NULL) : g_strdup(*ret_peer);
}

static double sum_of(const cJSON *object)
{
    const cJSON *item;
    double sum = 0;

    cJSON_ArrayForEach (item, object)
        sum += cJSON_IsNumber(item) && item->valuedouble > 0 ? item->valuedouble : 0;
    return sum;
}

/* Counts are never below 0; what is no number is not known. */
static double count(const cJSON *json, const char *key)
{
    double value = vcb_json_number(json, key, NAN);

    return isfinite(value) && value >= 0 ? value : NAN;
}

static VcbLinkLine read_line(const VcbEvent *event)
{
    const cJSON *json = event->json, *dropped = vcb_json_object(json, "dropped");
    const cJSON *delay = vcb_json_object(json, "delay_us"), *queue = vcb_json_object(json, "queue_us");

    return (VcbLinkLine){
        .t_us = event->t_us,
        .is_final = vcb_json_bool(json, "final", FALSE),
        .sent = count(json, "sent"),
        .sent_bytes = count(json, "sent_bytes"),
        .duplicated = count(json, "duplicated"),
        .delivered = count(json, "delivered"),
        .delivered_bytes = count(json, "delivered_bytes"),
        .queued = count(json, "queued"),
        .dropped = sum_of(dropped),
        .dropped_queue = fmax(vcb_json_number(dropped, "queue-full", 0), 0) +
                         fmax(vcb_json_number(dropped, "codel", 0), 0),
        .delay_n = count(delay, "n"),
        .delay_p50_us = count(delay, "p50"),
        .delay_p95_us = count(delay, "p95"),
        .delay_p99_us = count(delay, "p99"),
        .delay_max_us = count(delay, "max"),
        .queue_bytes = count(json, "queue_bytes"),
        .queue_max_us = count(queue, "max"),
        .rate_bps = count(json, "rate_bps"),
        .json = json,
    };
}

static VcbLinkData *find_link(const VcbNetworkData *network, const char *name, VcbLinkDirection direction)
{
    for (guint i = 0; i < network->links->len; i++) {
        VcbLinkData *link = network->links->pdata[i];

        if (link->direction == direction && strcmp(link->name, name) == 0)
            return link;
    }
    return NULL;
}

const VcbLinkData *vcb_network_data_link(const VcbNetworkData *network, const char *name,
                                         VcbLinkDirection direction)
{
    return find_link(network, name, direction);
}

/* "alice-nat-2" is a NAT further out, not a line of the host's own. */
static gboolean is_line(const char *name, const char *peer)
{
    const char *rest = peer ? after(name, peer) : NULL;

    return rest && !g_str_has_prefix(rest, "nat-");
}

static void take_link(const VcbCallData *call, VcbNetworkData *network, const VcbEvent *event)
{
    const char *raw = vcb_json_string(event->json, "link", ""), *peer;
    VcbLinkDirection direction = vcb_link_direction_from_name(vcb_json_string(event->json, "direction", ""));
    g_autofree char *name = vcb_network_data_name(call, raw, &peer);
    VcbLinkLine line;
    VcbLinkData *link;

    if (!name || !*name || direction == VCB_LINK_NONE)
        return;
    link = find_link(network, name, direction);
    if (!link) {
        link = g_new0(VcbLinkData, 1);
        link->direction = direction;
        link->peer = peer;
        link->is_line = is_line(name, peer);
        link->is_shared = call->n_sharing > 1 && strcmp(raw, name) == 0;
        link->is_counted = vcb_metric_is_link(name, (const char *const *)call->peers);
        link->lines = g_array_new(FALSE, FALSE, sizeof(VcbLinkLine));
        link->name = g_steal_pointer(&name);
        g_ptr_array_add(network->links, link);
    }
    line = read_line(event);
    g_array_append_val(link->lines, line);
}

/* Is this line about a router or host of this call? */
static gboolean is_of_call(const VcbCallData *call, const VcbEvent *event)
{
    const char *raw = vcb_json_string(event->json, "router", vcb_json_string(event->json, "host", "")), *peer;
    g_autofree char *name = vcb_network_data_name(call, raw, &peer);

    return name != NULL;
}

static void take_router(VcbNetworkData *network, VcbEvent *event)
{
    const char *name = vcb_json_string(event->json, "router", "");

    for (guint i = 0; i < network->routers->len; i++) {
        const VcbEvent *before = network->routers->pdata[i];

        if (strcmp(vcb_json_string(before->json, "router", ""), name) == 0) {
            network->routers->pdata[i] = event;
            return;
        }
    }
    g_ptr_array_add(network->routers, event);
}

static guint rank_of(const VcbLinkData *link)
{
    return link->peer ? 0 : link->is_counted ? 1 : 2;
}

static gint compare_links(gconstpointer a, gconstpointer b)
{
    const VcbLinkData *left = *(VcbLinkData *const *)a, *right = *(VcbLinkData *const *)b;
    int by_name = strcmp(left->name, right->name);

    if (rank_of(left) != rank_of(right))
        return rank_of(left) < rank_of(right) ? -1 : 1;
    return by_name ? by_name : (int)left->direction - (int)right->direction;
}

VcbNetworkData *vcb_network_data_of(const VcbCallData *call)
{
    VcbNetworkData *network;

    if (!*call->network)
        return NULL;
    network = g_new0(VcbNetworkData, 1);
    network->name = call->network;
    network->links = g_ptr_array_new_with_free_func(link_free);
    network->routers = g_ptr_array_new();
    network->mappings = g_ptr_array_new();
    network->changes = g_ptr_array_new();
    for (guint i = 0; call->network_events && i < call->network_events->len; i++) {
        VcbEvent *event = call->network_events->pdata[i];

        if (strcmp(event->type, "link") == 0)
            take_link(call, network, event);
        else if (!is_of_call(call, event))
            continue;
        else if (strcmp(event->type, "router") == 0)
            take_router(network, event);
        else if (strcmp(event->type, "nat-mapping") == 0)
            g_ptr_array_add(network->mappings, event);
        else if (strcmp(event->type, "change") == 0)
            g_ptr_array_add(network->changes, event);
    }
    g_ptr_array_sort(network->links, compare_links);
    return network;
}

const VcbLinkLine *vcb_link_data_last(const VcbLinkData *link)
{
    return &g_array_index(link->lines, VcbLinkLine, link->lines->len - 1);
}

gboolean vcb_link_data_window(const VcbLinkData *link, gint64 from_us, gint64 until_us, guint *ret_first,
                              guint *ret_last)
{
    guint first = 0, last;

    while (first < link->lines->len && g_array_index(link->lines, VcbLinkLine, first).t_us < from_us)
        first++;
    last = first;
    while (last + 1 < link->lines->len && g_array_index(link->lines, VcbLinkLine, last + 1).t_us <= until_us)
        last++;
    if (first >= link->lines->len || last == first)
        return FALSE;
    *ret_first = first;
    *ret_last = last;
    return TRUE;
}

VcbFlow vcb_link_data_flow(const VcbLinkLine *line, guint32 ssrc)
{
    const cJSON *flow;

    cJSON_ArrayForEach (flow, vcb_json_array(line->json, "flows")) {
        if (vcb_json_int(flow, "ssrc", -1) == ssrc)
            return (VcbFlow){TRUE,
                             fmax(vcb_json_number(flow, "sent", 0), 0),
                             fmax(vcb_json_number(flow, "dropped", 0), 0),
                             fmax(vcb_json_number(flow, "delivered", 0), 0),
                             fmax(vcb_json_number(flow, "payload_bytes", 0), 0),
                             (int)CLAMP(vcb_json_int(flow, "payload_type", -1), -1, 127)};
    }
    return (VcbFlow){.payload_type = -1};
}

static void append_names(GString *text, const cJSON *names, const char *what)
{
    const cJSON *name;

    if (cJSON_IsString(names))
        g_string_append_printf(text, "%s %s %s", g_str_has_suffix(text->str, ":") ? "" : ",",
                               names->valuestring, what);
    cJSON_ArrayForEach (name, names) {
        if (cJSON_IsString(name))
            g_string_append_printf(text, "%s %s %s", g_str_has_suffix(text->str, ":") ? "" : ",",
                                   name->valuestring, what);
    }
}

/* One setting of a direction, as a person would say it. */
static void append_setting(GString *text, const cJSON *item)
{
    const char *before = g_str_has_suffix(text->str, ":") ? "" : ",";

    if (strcmp(item->string, "rate_bps") == 0 && cJSON_IsNumber(item) && item->valuedouble > 0)
        g_string_append_printf(text, "%s rate %g Mbit/s", before, item->valuedouble / 1e6);
    else if (strcmp(item->string, "rate_bps") == 0)
        g_string_append_printf(text, "%s rate unlimited", before);
    else if (strcmp(item->string, "delay_us") == 0 && cJSON_IsNumber(item))
        g_string_append_printf(text, "%s delay %g ms", before, item->valuedouble / 1000);
    else if (strcmp(item->string, "up") == 0)
        g_string_append_printf(text, "%s %s", before, cJSON_IsTrue(item) ? "link up" : "link down");
    else
        g_string_append_printf(text, "%s %s", before, item->string);
}

char *vcb_network_data_change_text(const VcbCallData *call, const VcbEvent *change)
{
    const cJSON *json = change->json, *item;
    const char *direction = vcb_json_string(json, "direction", "both"), *peer;
    g_autofree char *name = vcb_network_data_name(
        call, vcb_json_string(json, "router", vcb_json_string(json, "host", "network")), &peer);
    GString *text = g_string_new(name ? name : "network");

    if (vcb_link_direction_from_name(direction) != VCB_LINK_NONE && vcb_json_has(json, "router"))
        g_string_append_printf(text, " %s", direction);
    g_string_append_c(text, ':');
    cJSON_ArrayForEach (item, vcb_json_object(json, "set"))
        append_setting(text, item);
    append_names(text, cJSON_GetObjectItemCaseSensitive(json, "down"), "down");
    append_names(text, cJSON_GetObjectItemCaseSensitive(json, "up"), "up");
    if (g_str_has_suffix(text->str, ":"))
        g_string_append(text, " changed");
    return g_string_free(text, FALSE);
}
