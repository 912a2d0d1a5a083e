#include "network/internet/firewall.h"

#include "network/internet/fragments.h"

#include <string.h>

#define SECOND_NS G_GINT64_CONSTANT(1000000000)
#define LIFETIME_NS (120 * SECOND_NS)
#define TCP_LIFETIME_NS (7440 * SECOND_NS)
#define FLOWS_MAX 262144 /* of a kind; beyond, the one that was silent longest gives way */

typedef struct {
    guint8 inner[16], remote[16];
    guint16 inner_port, remote_port;
    guint8 protocol, is_v6, zeros[2];
} FlowKey;

G_STATIC_ASSERT(sizeof(FlowKey) == 40);

typedef struct {
    FlowKey key; /* first: the table points at it */
    gint64 until_ns;
    GList link;
} Flow;

typedef enum { KIND_TCP, KIND_OTHER, N_KINDS } Kind;

struct VcbFirewall {
    VcbFirewallSettings settings; /* the ports are ours */
    gboolean keeps_flows;
    GHashTable *flows;       /* owns */
    GQueue ages[N_KINDS];    /* by until_ns */
    VcbFragments *fragments; /* of each direction's own packets; NULL until the first one comes */
};

static guint hash_flow(gconstpointer key)
{
    guint64 words[5], x = 0;

    memcpy(words, key, sizeof words);
    for (int i = 0; i < 5; i++)
        x = (x ^ words[i]) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15) + (x >> 29);
    return (guint)(x ^ (x >> 32));
}

static gboolean equal_flow(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(FlowKey)) == 0;
}

VcbFirewall *vcb_firewall_new(const VcbFirewallSettings *settings)
{
    VcbFirewall *firewall = g_new0(VcbFirewall, 1);

    firewall->settings = *settings;
    firewall->settings.udp_ports = g_memdup2(settings->udp_ports, settings->n_udp_ports * sizeof(guint16));
    firewall->settings.tcp_ports = g_memdup2(settings->tcp_ports, settings->n_tcp_ports * sizeof(guint16));
    firewall->keeps_flows = settings->is_stateful || settings->blocks_udp || settings->limits_tcp;
    firewall->flows = g_hash_table_new_full(hash_flow, equal_flow, g_free, NULL);
    for (int kind = 0; kind < N_KINDS; kind++)
        g_queue_init(&firewall->ages[kind]);
    return firewall;
}

void vcb_firewall_free(VcbFirewall *firewall)
{
    if (!firewall)
        return;
    g_hash_table_unref(firewall->flows);
    vcb_fragments_free(firewall->fragments);
    g_free(firewall->settings.udp_ports);
    g_free(firewall->settings.tcp_ports);
    g_free(firewall);
}

static FlowKey flow_key(const VcbIp *ip, gboolean is_outward)
{
    FlowKey key = {.protocol = ip->protocol, .is_v6 = ip->is_v6 != 0};

    memcpy(key.inner, is_outward ? ip->source : ip->destination, sizeof key.inner);
    memcpy(key.remote, is_outward ? ip->destination : ip->source, sizeof key.remote);
    key.inner_port = is_outward ? ip->source_port : ip->destination_port;
    key.remote_port = is_outward ? ip->destination_port : ip->source_port;
    return key;
}

static Kind kind_of(const FlowKey *key)
{
    return key->protocol == VCB_IP_TCP ? KIND_TCP : KIND_OTHER;
}

static void remove_flow(VcbFirewall *firewall, Flow *flow)
{
    g_queue_unlink(&firewall->ages[kind_of(&flow->key)], &flow->link);
    g_hash_table_remove(firewall->flows, &flow->key);
}

static void expire(VcbFirewall *firewall, gint64 now_ns)
{
    for (Kind kind = 0; kind < N_KINDS; kind++) {
        Flow *flow;

        while ((flow = g_queue_peek_head(&firewall->ages[kind])) && flow->until_ns <= now_ns)
            remove_flow(firewall, flow);
    }
}

static Flow *find_flow(const VcbFirewall *firewall, const FlowKey *key)
{
    return g_hash_table_lookup(firewall->flows, key);
}

static void keep_flow(VcbFirewall *firewall, const FlowKey *key, Flow *flow, gint64 now_ns)
{
    Kind kind = kind_of(key);
    GQueue *ages = &firewall->ages[kind];

    if (flow) {
        g_queue_unlink(ages, &flow->link);
    } else {
        if (ages->length >= FLOWS_MAX)
            remove_flow(firewall, ages->head->data);
        flow = g_new0(Flow, 1);
        flow->key = *key;
        flow->link.data = flow;
        g_hash_table_add(firewall->flows, flow);
    }
    flow->until_ns = now_ns + (kind == KIND_TCP ? TCP_LIFETIME_NS : LIFETIME_NS);
    g_queue_push_tail_link(ages, &flow->link);
}

static gboolean lists(const guint16 *ports, guint n, guint16 port)
{
    for (guint i = 0; i < n; i++) {
        if (ports[i] == port)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_udp_blocked(const VcbFirewallSettings *settings, guint16 port)
{
    return settings->blocks_udp && !lists(settings->udp_ports, settings->n_udp_ports, port);
}

/* May it begin a flow? */
static gboolean may_go_out(const VcbFirewallSettings *settings, const VcbIp *ip)
{
    switch (ip->protocol) {
    case VCB_IP_UDP:
        return !is_udp_blocked(settings, ip->destination_port);
    case VCB_IP_TCP:
        return !settings->limits_tcp ||
               lists(settings->tcp_ports, settings->n_tcp_ports, ip->destination_port);
    default:
        return TRUE;
    }
}

static gboolean may_come_in(const VcbFirewallSettings *settings, const VcbIp *ip)
{
    return !settings->is_stateful && !(ip->protocol == VCB_IP_UDP && settings->blocks_udp);
}

/* Does an error that comes in quote what went out? */
static gboolean is_related(const VcbFirewall *firewall, const VcbPacket *packet, const VcbIp *ip)
{
    VcbIp quoted;
    FlowKey key;

    if (!vcb_ip_parse_quoted(packet, ip, &quoted))
        return FALSE;
    key = flow_key(&quoted, TRUE);
    return find_flow(firewall, &key) != NULL;
}

/* A later fragment follows its first. */
static VcbFate follow_fragment(const VcbFirewall *firewall, const VcbIp *ip, gint64 now_ns)
{
    return firewall->fragments && vcb_fragments_find(firewall->fragments, ip, now_ns) ? VCB_FATE_DELIVERED
                                                                                      : VCB_FATE_FRAGMENT;
}

static VcbFate pass(VcbFirewall *firewall, const VcbIp *ip, gint64 now_ns)
{
    if (ip->is_fragment) {
        VcbFragmentPath path = {0};

        if (!firewall->fragments)
            firewall->fragments = vcb_fragments_new();
        vcb_fragments_add(firewall->fragments, ip, &path, now_ns);
    }
    return VCB_FATE_DELIVERED;
}

VcbFate vcb_firewall_outward(VcbFirewall *firewall, const VcbPacket *packet, const VcbIp *ip, gint64 now_ns)
{
    FlowKey key;
    Flow *flow;

    if (ip->is_v6 && firewall->settings.blocks_ipv6)
        return VCB_FATE_FIREWALL;
    if (!firewall->keeps_flows)
        return VCB_FATE_DELIVERED;
    expire(firewall, now_ns);
    if (ip->is_later)
        return follow_fragment(firewall, ip, now_ns);
    if (ip->is_icmp_error)
        return VCB_FATE_DELIVERED;
    key = flow_key(ip, TRUE);
    flow = find_flow(firewall, &key);
    if (!flow && !may_go_out(&firewall->settings, ip))
        return VCB_FATE_FIREWALL;
    keep_flow(firewall, &key, flow, now_ns);
    return pass(firewall, ip, now_ns);
}

VcbFate vcb_firewall_inward(VcbFirewall *firewall, const VcbPacket *packet, const VcbIp *ip, gint64 now_ns)
{
    FlowKey key;
    Flow *flow;

    if (ip->is_v6 && firewall->settings.blocks_ipv6)
        return VCB_FATE_FIREWALL;
    if (!firewall->keeps_flows)
        return VCB_FATE_DELIVERED;
    expire(firewall, now_ns);
    if (ip->is_later)
        return follow_fragment(firewall, ip, now_ns);
    if (ip->is_icmp_error)
        return !firewall->settings.is_stateful || is_related(firewall, packet, ip) ? VCB_FATE_DELIVERED
                                                                                   : VCB_FATE_FIREWALL;
    key = flow_key(ip, FALSE);
    flow = find_flow(firewall, &key);
    if (!flow && !may_come_in(&firewall->settings, ip))
        return VCB_FATE_FIREWALL;
    keep_flow(firewall, &key, flow, now_ns);
    return pass(firewall, ip, now_ns);
}
