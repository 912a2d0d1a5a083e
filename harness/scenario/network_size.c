/* An upper bound, without making the message: what can be long is printed and counted (directions, traces, changes), the rest has
 * names and addresses of bounded length and gets a fixed allowance.
 *
 *   pairs x (interfaces of both hosts + what the timeline does to them) + bottleneck + carrier + cross traffic */
#include "harness/scenario/network_size.h"

#include "harness/scenario/trace.h"

#include <string.h>

#define MESSAGE_BYTES 1024 /* its own fields */
#define INTERFACE_BYTES                                                                                      \
    1024                /* of a host, with its router and firewall: a peer's name has at most 32 letters */
#define NAT_BYTES 512   /* with a router of its own */
#define PORT_BYTES 6    /* of a firewall's list: "65535," */
#define ENTRY_BYTES 256 /* of the timeline, without what it sets */

typedef struct {
    const VcbNetworkSettings *net;
    GHashTable *traces; /* path, no-ref -> bytes of its list */
} Sizes;

static gsize trace_bytes(Sizes *sizes, const char *path)
{
    gpointer known;
    g_autoptr(GArray) trace = NULL;
    gsize bytes = 0;

    if (g_hash_table_lookup_extended(sizes->traces, path, NULL, &known))
        return GPOINTER_TO_SIZE(known);
    trace = vcb_trace_read(path, NULL);
    for (guint i = 0; trace && i < trace->len; i++) {
        bytes += 2; /* a digit, a comma */
        for (guint32 rest = g_array_index(trace, guint32, i) / 10; rest; rest /= 10)
            bytes++;
    }
    g_hash_table_insert(sizes->traces, (gpointer)path, GSIZE_TO_POINTER(bytes));
    return bytes;
}

static gsize direction_bytes(Sizes *sizes, const VcbDirectionSettings *direction)
{
    VcbDirectionSettings without = *direction;
    gsize bytes =
        direction->trace ? trace_bytes(sizes, direction->trace) + strlen("\"rate_trace_ms\":[],") : 0;
    g_autoptr(cJSON) json = NULL;
    g_autofree char *text = NULL;

    without.trace = NULL;
    json = vcb_network_direction_json(&without, NULL, NULL);
    text = vcb_json_print(json);
    return bytes + strlen(text);
}

static gsize interface_bytes(Sizes *sizes, const VcbInterfaceSettings *interface,
                             const VcbDirectionSettings *up, const VcbDirectionSettings *down)
{
    return INTERFACE_BYTES + interface->n_nats * NAT_BYTES +
           (interface->firewall.n_udp_ports + interface->firewall.n_tcp_ports) * PORT_BYTES +
           direction_bytes(sizes, up) + direction_bytes(sizes, down);
}

/* A peer's hosts of all pairs. */
static gsize peer_bytes(Sizes *sizes, guint peer, guint n_pairs)
{
    const VcbHostSettings *host = &sizes->net->hosts[peer];
    const VcbInterfaceSettings *first = &host->interfaces[0];
    guint n_own = MIN(sizes->net->n_pairs, n_pairs); /* pairs with lines of their own */
    gsize bytes = 0;

    for (guint i = 0; i < host->n_interfaces; i++) {
        const VcbInterfaceSettings *interface = &host->interfaces[i];

        bytes += interface_bytes(sizes, interface, &interface->line_up, &interface->line_down) *
                 (i ? n_pairs : n_pairs - n_own);
    }
    for (guint i = 0; i < n_own; i++)
        bytes += interface_bytes(sizes, first, &sizes->net->pairs[i].line_up[peer],
                                 &sizes->net->pairs[i].line_down[peer]);
    return bytes;
}

static gsize timeline_bytes(const VcbNetworkSettings *net, guint n_pairs)
{
    gsize bytes = 0;

    for (guint i = 0; i < net->n_timeline; i++) {
        const VcbNetworkTimelineEntry *entry = &net->timeline[i];
        guint n = g_str_equal(entry->host, "bottleneck") ? 1
                  : g_str_equal(entry->host, "all")      ? 2 * n_pairs
                                                         : n_pairs;

        bytes += n * (ENTRY_BYTES + (entry->set ? strlen(entry->set) : 0));
    }
    return bytes;
}

gsize vcb_network_most_bytes(const VcbSettings *settings)
{
    const VcbNetworkSettings *net = &settings->net;
    g_autoptr(GHashTable) traces = g_hash_table_new(g_str_hash, g_str_equal);
    Sizes sizes = {net, traces};
    guint n_pairs = net->shared ? (guint)settings->pairs : 1;
    gsize bytes = MESSAGE_BYTES + timeline_bytes(net, n_pairs);

    for (guint i = 0; i < G_N_ELEMENTS(net->hosts); i++)
        bytes += peer_bytes(&sizes, i, n_pairs);
    if (net->bottleneck_behind)
        bytes += INTERFACE_BYTES + direction_bytes(&sizes, &net->bottleneck_up) +
                 direction_bytes(&sizes, &net->bottleneck_down);
    if (net->carrier_nat)
        bytes += INTERFACE_BYTES + NAT_BYTES;
    return bytes + 2 * (gsize)net->n_cross_traffic * INTERFACE_BYTES;
}
