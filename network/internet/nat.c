#include "network/internet/nat.h"

#include "common/random.h"
#include "network/internet/fragments.h"

#include <string.h>

#define TCP_LIFETIME_NS (G_GINT64_CONSTANT(7440) * 1000000000) /* RFC 5382 REQ-5 */
#define FILTERS_MAX 262144 /* beyond, the oldest gives way: a host that scans must not fill memory */
#define PORT_DRAWS 64      /* then a search in order, so that a full range costs a bounded time */

typedef enum { KIND_UDP, KIND_TCP, KIND_ICMP, N_KINDS } Kind;

typedef struct {
    guint32 internal,
        remote; /* addresses as in the packet; remote 0 where the mapping does not depend on it */
    guint16 internal_port, remote_port;
    guint32 kind;
} InnerKey;

typedef struct {
    guint32 external;
    guint16 port;
    guint16 kind;
} OuterKey;

typedef struct {
    InnerKey inner; /* first, as are the keys of the others: the hash tables point at them */
    OuterKey outer;
    guint64 serial; /* names it in filters */
    gint64 until_ns;
    GList link; /* in nat->mappings of its kind, by until_ns */
} Mapping;

typedef struct {
    guint64 serial;
    guint32 remote;
    guint16 port, zero;
} FilterKey;

typedef struct {
    FilterKey key;
    gint64 until_ns;
    GList link;
} Filter;

struct VcbNat {
    VcbNatSettings settings; /* external is ours */
    GRand *random;
    VcbNatMappingMade made;
    void *user_data;
    GHashTable *by_inner, *by_outer; /* Mapping; by_inner owns */
    GHashTable *filters;             /* owns */
    GHashTable *paired;              /* inner address -> place in external + 1 */
    GQueue mappings[N_KINDS], filter_ages[N_KINDS];
    guint64 n_made;
    guint16 *next_port[N_KINDS]; /* sequential: of each outer address */
    guint *n_used[N_KINDS]
                 [2]; /* ports of each outer address, below 1024 and above: a full range is known at once */
    VcbFragments *fragments; /* NULL until the first one comes */
};

/* Keys hold no padding: hashed and compared as words. */
static guint mix(guint64 a, guint64 b)
{
    guint64 x = (a ^ (b * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15))) * G_GUINT64_CONSTANT(0xff51afd7ed558ccd);

    return (guint)(x ^ (x >> 32));
}

G_STATIC_ASSERT(sizeof(InnerKey) == 16 && sizeof(OuterKey) == 8 && sizeof(FilterKey) == 16);

static guint hash16(gconstpointer key)
{
    guint64 words[2];

    memcpy(words, key, sizeof words);
    return mix(words[0], words[1]);
}

static gboolean equal16(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 16) == 0;
}

static guint hash_outer(gconstpointer key)
{
    guint64 word;

    memcpy(&word, key, sizeof word);
    return mix(word, 0);
}

static gboolean equal_outer(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(OuterKey)) == 0;
}

static guint32 word(const guint8 *address)
{
    guint32 value;

    memcpy(&value, address, sizeof value);
    return value;
}

static gboolean classify(guint8 protocol, Kind *ret_class)
{
    switch (protocol) {
    case VCB_IP_UDP:
        *ret_class = KIND_UDP;
        return TRUE;
    case VCB_IP_TCP:
        *ret_class = KIND_TCP;
        return TRUE;
    case VCB_IP_ICMP:
        *ret_class = KIND_ICMP;
        return TRUE;
    default:
        return FALSE;
    }
}

static gint64 lifetime(const VcbNat *nat, Kind kind)
{
    return kind == KIND_TCP ? MAX(nat->settings.lifetime_ns, TCP_LIFETIME_NS) : nat->settings.lifetime_ns;
}

VcbNat *vcb_nat_new(const VcbNatSettings *settings, guint64 seed, const char *router, VcbNatMappingMade made,
                    void *user_data)
{
    g_autofree char *purpose = g_strdup_printf("nat/%s", router);
    VcbNat *nat = g_new0(VcbNat, 1);

    g_assert(settings->n_external > 0);
    nat->settings = *settings;
    nat->settings.external = g_memdup2(settings->external, settings->n_external * sizeof *settings->external);
    nat->random = vcb_random_stream(seed, purpose);
    nat->made = made;
    nat->user_data = user_data;
    nat->by_inner = g_hash_table_new_full(hash16, equal16, g_free, NULL);
    nat->by_outer = g_hash_table_new(hash_outer, equal_outer);
    nat->filters = g_hash_table_new_full(hash16, equal16, g_free, NULL);
    nat->paired = g_hash_table_new(NULL, NULL);
    for (int kind = 0; kind < N_KINDS; kind++) {
        g_queue_init(&nat->mappings[kind]);
        g_queue_init(&nat->filter_ages[kind]);
        nat->next_port[kind] = g_new0(guint16, settings->n_external);
        for (int range = 0; range < 2; range++)
            nat->n_used[kind][range] = g_new0(guint, settings->n_external);
    }
    return nat;
}

void vcb_nat_free(VcbNat *nat)
{
    if (!nat)
        return;
    /* The queues' links lie in what the tables own. */
    g_hash_table_unref(nat->by_outer);
    g_hash_table_unref(nat->by_inner);
    g_hash_table_unref(nat->filters);
    g_hash_table_unref(nat->paired);
    for (int kind = 0; kind < N_KINDS; kind++) {
        g_free(nat->next_port[kind]);
        g_free(nat->n_used[kind][0]);
        g_free(nat->n_used[kind][1]);
    }
    vcb_fragments_free(nat->fragments);
    g_rand_free(nat->random);
    g_free(nat->settings.external);
    g_free(nat);
}

gboolean vcb_nat_owns(const VcbNat *nat, const guint8 *address)
{
    for (guint i = 0; i < nat->settings.n_external; i++) {
        if (memcmp(nat->settings.external[i].bytes, address, 4) == 0)
            return TRUE;
    }
    return FALSE;
}

const guint8 *vcb_nat_address(const VcbNat *nat)
{
    return nat->settings.external[0].bytes;
}

const VcbAddress *vcb_nat_addresses(const VcbNat *nat, guint *ret_n)
{
    *ret_n = nat->settings.n_external;
    return nat->settings.external;
}

static void remove_filter(VcbNat *nat, Filter *filter, Kind kind)
{
    g_queue_unlink(&nat->filter_ages[kind], &filter->link);
    g_hash_table_remove(nat->filters, &filter->key);
}

/* RFC 4787 REQ-2: the inner address keeps its outer one; new ones take turns. */
static guint paired_place(VcbNat *nat, guint32 internal)
{
    guint place = GPOINTER_TO_UINT(g_hash_table_lookup(nat->paired, GUINT_TO_POINTER(internal)));

    if (place == 0) {
        place = g_hash_table_size(nat->paired) % nat->settings.n_external + 1;
        g_hash_table_insert(nat->paired, GUINT_TO_POINTER(internal), GUINT_TO_POINTER(place));
    }
    return place - 1;
}

/* How many ports of a port's range are in use. A mapping's two ports lie in the same range. */
static guint *count_of(VcbNat *nat, Kind kind, guint place, guint16 port)
{
    return &nat->n_used[kind][kind != KIND_ICMP && port >= 1024][place];
}

/* Lifetimes of a kind are all the same, so the queues are in the order of their ends. A mapping's filters end no later than it. */
static void expire(VcbNat *nat, gint64 now_ns)
{
    for (Kind kind = 0; kind < N_KINDS; kind++) {
        const Mapping *mapping;
        Filter *filter;

        while ((filter = g_queue_peek_head(&nat->filter_ages[kind])) && filter->until_ns <= now_ns)
            remove_filter(nat, filter, kind);
        while ((mapping = g_queue_peek_head(&nat->mappings[kind])) && mapping->until_ns <= now_ns) {
            g_queue_unlink(&nat->mappings[kind], (GList *)&mapping->link);
            g_hash_table_remove(nat->by_outer, &mapping->outer);
            --*count_of(nat, kind, paired_place(nat, mapping->inner.internal), mapping->outer.port);
            g_hash_table_remove(nat->by_inner, &mapping->inner);
        }
    }
}

static void touch(GQueue *queue, GList *link)
{
    if (queue->tail != link) {
        g_queue_unlink(queue, link);
        g_queue_push_tail_link(queue, link);
    }
}

static FilterKey filter_key(const VcbNat *nat, const Mapping *mapping, guint32 remote, guint16 port)
{
    gboolean with_port = nat->settings.filtering == VCB_NAT_ADDRESS_AND_PORT_DEPENDENT &&
                         mapping->inner.kind != KIND_ICMP; /* an echo's remote end has no port */

    return (FilterKey){.serial = mapping->serial, .remote = remote, .port = with_port ? port : 0};
}

/* An outbound packet opens the filter of its mapping for where it goes. */
static void open_filter(VcbNat *nat, const Mapping *mapping, guint32 remote, guint16 port, gint64 now_ns)
{
    Kind kind = mapping->inner.kind;
    FilterKey key = filter_key(nat, mapping, remote, port);
    Filter *filter;

    if (nat->settings.filtering == VCB_NAT_ENDPOINT_INDEPENDENT)
        return;
    filter = g_hash_table_lookup(nat->filters, &key);
    if (filter) {
        filter->until_ns = now_ns + lifetime(nat, kind);
        touch(&nat->filter_ages[kind], &filter->link);
        return;
    }
    if (g_hash_table_size(nat->filters) >= FILTERS_MAX && nat->filter_ages[kind].head)
        remove_filter(nat, nat->filter_ages[kind].head->data, kind);
    filter = g_new0(Filter, 1);
    filter->key = key;
    filter->until_ns = now_ns + lifetime(nat, kind);
    filter->link.data = filter;
    g_hash_table_add(nat->filters, filter);
    g_queue_push_tail_link(&nat->filter_ages[kind], &filter->link);
}

static gboolean passes_filter(const VcbNat *nat, const Mapping *mapping, guint32 remote, guint16 port)
{
    FilterKey key = filter_key(nat, mapping, remote, port);

    return nat->settings.filtering == VCB_NAT_ENDPOINT_INDEPENDENT ||
           g_hash_table_contains(nat->filters, &key);
}

static gboolean is_free(const VcbNat *nat, guint32 external, Kind kind, guint port)
{
    OuterKey key = {.external = external, .port = (guint16)port, .kind = (guint16)kind};

    return !g_hash_table_contains(nat->by_outer, &key);
}

/* The next free port above `from` with the same remainder by `step`, beginning anew at the range's start. */
static gboolean search_port(const VcbNat *nat, guint32 external, Kind kind, guint from, guint low, guint high,
                            guint step, guint16 *ret_port)
{
    guint start = low + ((from - low) % step + step) % step, port = from;

    for (guint i = 0; i <= (high - low) / step; i++) {
        port += step;
        if (port > high || port < low)
            port = start;
        if (is_free(nat, external, kind, port)) {
            *ret_port = (guint16)port;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean draw_port(VcbNat *nat, guint32 external, Kind kind, guint low, guint high, guint step,
                          guint rest, guint avoided, guint16 *ret_port)
{
    guint port = low;

    for (int i = 0; i < PORT_DRAWS; i++) {
        port = (guint)g_rand_int_range(nat->random, (gint32)low, (gint32)high + 1);
        port = port - port % step + rest;
        if (port >= low && port <= high && port != avoided && is_free(nat, external, kind, port)) {
            *ret_port = (guint16)port;
            return TRUE;
        }
    }
    /* Back into the range, with the rest kept. */
    port = port < low ? port + step : port > high ? port - step : port;
    return search_port(nat, external, kind, port, low, high, step, ret_port);
}

/* RFC 4787 section 4.2. Identifiers of echoes are of one range from 0. */
static gboolean choose_port(VcbNat *nat, guint place, Kind kind, guint16 internal, guint16 *ret_port)
{
    guint32 external = word(nat->settings.external[place].bytes);
    guint low = kind == KIND_ICMP ? 0 : internal < 1024 ? 1 : 1024;
    guint high = kind != KIND_ICMP && internal < 1024 ? 1023 : G_MAXUINT16;
    guint16 *next = &nat->next_port[kind][place];

    if (*count_of(nat, kind, place, internal) > high - low)
        return FALSE;
    switch (nat->settings.ports) {
    case VCB_NAT_PORTS_PRESERVE:
        if (internal >= low && is_free(nat, external, kind, internal)) {
            *ret_port = internal;
            return TRUE;
        }
        return search_port(nat, external, kind, MAX(internal, low), low, high, 1, ret_port);
    case VCB_NAT_PORTS_PARITY:
        return draw_port(nat, external, kind, low, high, 2, internal % 2, internal, ret_port);
    case VCB_NAT_PORTS_RANDOM:
        return draw_port(nat, external, kind, low, high, 1, 0, G_MAXUINT, ret_port);
    case VCB_NAT_PORTS_SEQUENTIAL:
        if (!search_port(nat, external, kind, *next >= low && *next <= high ? *next : high, low, high, 1,
                         ret_port))
            return FALSE;
        *next = *ret_port;
        return TRUE;
    }
    g_assert_not_reached();
}

static InnerKey inner_key(const VcbNat *nat, Kind kind, guint32 internal, guint16 internal_port,
                          guint32 remote, guint16 remote_port)
{
    InnerKey key = {.internal = internal, .internal_port = internal_port, .kind = kind};

    if (nat->settings.mapping != VCB_NAT_ENDPOINT_INDEPENDENT)
        key.remote = remote;
    if (nat->settings.mapping == VCB_NAT_ADDRESS_AND_PORT_DEPENDENT && kind != KIND_ICMP)
        key.remote_port = remote_port;
    return key;
}

static Mapping *make_mapping(VcbNat *nat, const InnerKey *key)
{
    guint place = paired_place(nat, key->internal);
    const guint8 *external = nat->settings.external[place].bytes;
    static const guint8 PROTOCOLS[] = {
        [KIND_UDP] = VCB_IP_UDP, [KIND_TCP] = VCB_IP_TCP, [KIND_ICMP] = VCB_IP_ICMP};
    Mapping *mapping;
    guint16 port;

    if (!choose_port(nat, place, key->kind, key->internal_port, &port))
        return NULL;
    mapping = g_new0(Mapping, 1);
    mapping->inner = *key;
    mapping->outer = (OuterKey){.external = word(external), .port = port, .kind = (guint16)key->kind};
    mapping->serial = nat->n_made++;
    mapping->link.data = mapping;
    ++*count_of(nat, key->kind, place, port);
    g_hash_table_add(nat->by_inner, mapping);
    g_hash_table_insert(nat->by_outer, &mapping->outer, mapping);
    g_queue_push_tail_link(&nat->mappings[key->kind], &mapping->link);
    if (nat->made)
        nat->made(PROTOCOLS[key->kind], (const guint8 *)&key->internal, key->internal_port, external, port,
                  nat->user_data);
    return mapping;
}

static void remember_fragment(VcbNat *nat, const VcbIp *came, const VcbIp *left, gint64 now_ns)
{
    VcbFragmentPath path;

    if (!came->is_fragment || came->is_later)
        return;
    memcpy(path.source, left->source, sizeof path.source);
    memcpy(path.destination, left->destination, sizeof path.destination);
    if (!nat->fragments)
        nat->fragments = vcb_fragments_new();
    vcb_fragments_add(nat->fragments, came, &path, now_ns);
}

static VcbFate follow_fragment(VcbNat *nat, VcbPacket *packet, VcbIp *ip, gint64 now_ns)
{
    const VcbFragmentPath *path = nat->fragments ? vcb_fragments_find(nat->fragments, ip, now_ns) : NULL;

    if (!path)
        return VCB_FATE_FRAGMENT;
    if (word(path->source) != word(ip->source))
        vcb_ip_set_source(packet, ip, path->source, 0);
    if (word(path->destination) != word(ip->destination))
        vcb_ip_set_destination(packet, ip, path->destination, 0);
    return VCB_FATE_DELIVERED;
}

/* The quoted packet of an ICMP error that may be looked at and changed. */
static VcbFate open_error(const VcbPacket *packet, const VcbIp *ip, VcbIp *ret_quoted, Kind *ret_class)
{
    if (ip->is_fragment || !vcb_ip_icmp_is_intact(packet, ip) || !vcb_ip_parse_quoted(packet, ip, ret_quoted))
        return VCB_FATE_MALFORMED;
    if (!ret_quoted->has_ports || !classify(ret_quoted->protocol, ret_class))
        return VCB_FATE_NAT_FILTERED;
    return VCB_FATE_DELIVERED;
}

/* An inner host, or a router inside, reports on a packet that came in: what it quotes went to an inner endpoint, and is
 * shown as it was outside (RFC 5508 REQ-4, REQ-5). */
static VcbFate error_outward(VcbNat *nat, VcbPacket *packet, VcbIp *ip)
{
    const Mapping *mapping;
    InnerKey key;
    VcbIp quoted;
    Kind kind;
    VcbFate fate = open_error(packet, ip, &quoted, &kind);

    if (fate != VCB_FATE_DELIVERED)
        return fate;
    key = inner_key(nat, kind, word(quoted.destination), quoted.destination_port, word(quoted.source),
                    quoted.source_port);
    mapping = g_hash_table_lookup(nat->by_inner, &key);
    if (!mapping)
        return VCB_FATE_NAT_FILTERED;
    vcb_ip_set_quoted_destination(packet, ip, &quoted, (const guint8 *)&mapping->outer.external,
                                  mapping->outer.port);
    if (!vcb_nat_owns(nat, ip->source))
        vcb_ip_set_source(packet, ip, (const guint8 *)&mapping->outer.external, 0);
    return VCB_FATE_DELIVERED;
}

/* Somebody outside reports on a packet that went out: what it quotes comes from an outer endpoint, and is shown as it
 * was inside. Refreshes nothing (RFC 5508 REQ-6). */
static VcbFate error_inward(VcbNat *nat, VcbPacket *packet, VcbIp *ip)
{
    const Mapping *mapping;
    OuterKey key = {0};
    VcbIp quoted;
    Kind kind;
    VcbFate fate = open_error(packet, ip, &quoted, &kind);

    if (fate != VCB_FATE_DELIVERED)
        return fate;
    key = (OuterKey){.external = word(quoted.source), .port = quoted.source_port, .kind = (guint16)kind};
    mapping = g_hash_table_lookup(nat->by_outer, &key);
    if (!mapping)
        return VCB_FATE_NAT_FILTERED;
    vcb_ip_set_quoted_source(packet, ip, &quoted, (const guint8 *)&mapping->inner.internal,
                             mapping->inner.internal_port);
    vcb_ip_set_destination(packet, ip, (const guint8 *)&mapping->inner.internal, 0);
    return VCB_FATE_DELIVERED;
}

VcbFate vcb_nat_outward(VcbNat *nat, VcbPacket *packet, VcbIp *ip, gint64 now_ns)
{
    const VcbIp came = *ip;
    Mapping *mapping;
    InnerKey key;
    Kind kind;

    expire(nat, now_ns);
    if (ip->is_later)
        return follow_fragment(nat, packet, ip, now_ns);
    if (ip->is_icmp_error)
        return error_outward(nat, packet, ip);
    if (!ip->has_ports || !classify(ip->protocol, &kind))
        return VCB_FATE_NAT_FILTERED;
    key =
        inner_key(nat, kind, word(ip->source), ip->source_port, word(ip->destination), ip->destination_port);
    mapping = g_hash_table_lookup(nat->by_inner, &key);
    if (!mapping)
        mapping = make_mapping(nat, &key);
    if (!mapping)
        return VCB_FATE_NAT_FILTERED;
    mapping->until_ns = now_ns + lifetime(nat, kind);
    touch(&nat->mappings[kind], &mapping->link);
    open_filter(nat, mapping, word(ip->destination), ip->destination_port, now_ns);
    vcb_ip_set_source(packet, ip, (const guint8 *)&mapping->outer.external, mapping->outer.port);
    remember_fragment(nat, &came, ip, now_ns);
    return VCB_FATE_DELIVERED;
}

VcbFate vcb_nat_inward(VcbNat *nat, VcbPacket *packet, VcbIp *ip, gint64 now_ns)
{
    const VcbIp came = *ip;
    const Mapping *mapping;
    OuterKey key = {0};
    Kind kind;

    expire(nat, now_ns);
    if (ip->is_later)
        return follow_fragment(nat, packet, ip, now_ns);
    if (ip->is_icmp_error)
        return error_inward(nat, packet, ip);
    if (!ip->has_ports || !classify(ip->protocol, &kind) || (kind == KIND_ICMP && ip->icmp_type != 0))
        return VCB_FATE_NAT_FILTERED;
    key = (OuterKey){.external = word(ip->destination), .port = ip->destination_port, .kind = (guint16)kind};
    mapping = g_hash_table_lookup(nat->by_outer, &key);
    if (!mapping || !passes_filter(nat, mapping, word(ip->source), ip->source_port))
        return VCB_FATE_NAT_FILTERED;
    vcb_ip_set_destination(packet, ip, (const guint8 *)&mapping->inner.internal,
                           mapping->inner.internal_port);
    remember_fragment(nat, &came, ip, now_ns);
    return VCB_FATE_DELIVERED;
}

/* RFC 4787 REQ-9: the receiver sees the sender's outer endpoint. */
VcbFate vcb_nat_hairpin(VcbNat *nat, VcbPacket *packet, VcbIp *ip, gint64 now_ns)
{
    VcbFate fate;

    /* Errors are no new traffic: they answer what passed already. */
    if (!nat->settings.hairpin && !ip->is_icmp_error)
        return VCB_FATE_NAT_HAIRPIN;
    fate = vcb_nat_outward(nat, packet, ip, now_ns);
    return fate == VCB_FATE_DELIVERED ? vcb_nat_inward(nat, packet, ip, now_ns) : fate;
}

guint vcb_nat_mappings(VcbNat *nat, gint64 now_ns)
{
    expire(nat, now_ns);
    return g_hash_table_size(nat->by_inner);
}
