/* No packet goes missing: over random networks, every packet that a host sent comes to its end exactly once (and each copy that a
 * link made, too): at a host, dropped by a router or a link with a reason, or on a link when its network is removed.
 *
 *   conservation_test [SEED]     one seed is drawn and printed where none is given */
#include "network/internet/fixture.h"

#include "network/internet/tree.h"

#include <stdio.h>
#include <string.h>

#define NETWORKS 40
#define PACKETS 1500
#define HOSTS_MAX 12

static guint32 seed;

typedef struct {
    guint ends[PACKETS], copies[PACKETS]; /* by mark */
    guint64 n_delivered, n_removed, n_router_dropped;
} Ledger;

/* The packet's number; FALSE: an ICMP error that a router made. */
static gboolean number_of(const VcbPacket *packet, guint32 *ret_number)
{
    VcbPacket *copy = vcb_packet_copy(packet);
    VcbIp ip;
    gboolean is_ours = vcb_ip_parse(copy, &ip) && ip.protocol == VCB_IP_UDP;

    vcb_packet_free(copy);
    *ret_number = is_ours ? lab_mark(packet) : 0;
    g_assert(*ret_number < PACKETS);
    return is_ours;
}

static void note_end(Ledger *ledger, const VcbPacket *packet)
{
    guint32 number;

    if (number_of(packet, &number))
        ledger->ends[number]++;
}

static gboolean on_output(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data)
{
    Ledger *ledger = user_data;
    guint32 number;

    if (number_of(packet, &number) && number % 50 == 7)
        return FALSE; /* the host is full */
    note_end(ledger, packet);
    ledger->n_delivered++;
    return TRUE;
}

static void on_fate(VcbLinkPlace *place, const VcbPacket *packet, VcbFate fate, gint64 now_ns,
                    void *user_data)
{
    Ledger *ledger = user_data;
    guint32 number;

    if (packet->is_copy && number_of(packet, &number))
        ledger->copies[number]++;
    if (fate != VCB_FATE_DELIVERED)
        note_end(ledger, packet);
    ledger->n_removed += fate == VCB_FATE_REMOVED;
}

static void on_router_dropped(VcbNetwork *network, const char *router, const VcbPacket *packet, VcbFate fate,
                              gint64 now_ns, void *user_data)
{
    Ledger *ledger = user_data;

    note_end(ledger, packet);
    ledger->n_router_dropped++;
}

/* sent + duplicated = delivered + dropped + queued */
static void check_link(VcbLinkPlace *place, void *user_data)
{
    const VcbLinkCounters *counters = vcb_link_counters(place->link);
    guint64 dropped = 0;

    for (int fate = 0; fate < VCB_N_FATES; fate++)
        dropped += counters->dropped[fate];
    CU_ASSERT_EQUAL(counters->sent + counters->duplicated, counters->delivered + dropped + counters->queued);
}

static const char *pick(GRand *random, const char *const *words, int n)
{
    return words[g_rand_int_range(random, 0, n)];
}

static char *random_direction(GRand *random)
{
    static const char *const FIELDS[] = {
        "'rate_bps': 300000, 'queue': {'packets': 5}",
        "'rate_bps': 2000000, 'discipline': 'codel', 'queue': {'us': 200000}",
        "'loss': {'k': 0.8}",
        "'duplicate': 0.2",
        "'reorder': {'rate': 0.1, 'delay_us': 30000}",
        "'mtu': 600",
        "'jitter': {'us': 5000, 'distribution': 'normal', 'reorder': true}",
        "'up': false",
    };
    g_autofree char *more = g_rand_int_range(random, 0, 8) == 0
                                ? g_strdup("'up': false")
                                : g_strdup(pick(random, FIELDS, G_N_ELEMENTS(FIELDS) - 1));

    return g_strdup_printf("{'delay_us': %d, %s}", g_rand_int_range(random, 0, 3) * 7000, more);
}

/* Routers r0, r1, ... anywhere below each other; hosts h0, h1, ... on them. */
static char *random_network(GRand *random, int n_routers, int n_hosts)
{
    static const char *const NATS[] = {
        "'mapping': 'endpoint-independent'",
        "'mapping': 'address-and-port-dependent', 'filtering': 'address-and-port-dependent', 'ports': "
        "'random'",
        "'filtering': 'address-dependent', 'hairpin': false",
        "'lifetime_us': 50000, 'ports': 'sequential'",
    };
    static const char *const FIREWALLS[] = {"'inbound': 'stateful'",
                                            "'udp': 'block', 'udp_ports': [1030, 1031]", "'ipv6': 'block'"};
    GString *json = g_string_new("{'network': 'n', 'seed': 5, 'routers': [");

    for (int i = 0; i < n_routers; i++) {
        int parent = g_rand_int_range(random, -1, i);
        g_autofree char *parent_name = parent < 0 ? g_strdup("internet") : g_strdup_printf("r%d", parent);
        g_autofree char *up = random_direction(random), *down = random_direction(random);

        g_string_append_printf(json, "%s{'name': 'r%d', 'parent': '%s', 'up': %s, 'down': %s", i ? ", " : "",
                               i, parent_name, up, down);
        if (g_rand_int_range(random, 0, 2))
            g_string_append_printf(json, ", 'nat': {%s, 'external': ['198.18.9.%d']}",
                                   pick(random, NATS, G_N_ELEMENTS(NATS)), i + 1);
        if (g_rand_int_range(random, 0, 4) == 0)
            g_string_append_printf(json, ", 'firewall': {%s}",
                                   pick(random, FIREWALLS, G_N_ELEMENTS(FIREWALLS)));
        g_string_append_printf(json, ", 'direct': %s}", g_rand_int_range(random, 0, 6) ? "false" : "true");
    }
    g_string_append(json, "], 'hosts': [");
    for (int i = 0; i < n_hosts; i++) {
        int router = g_rand_int_range(random, -1, n_routers);
        g_autofree char *name = router < 0 ? g_strdup("internet") : g_strdup_printf("r%d", router);

        g_string_append_printf(
            json,
            "%s{'name': 'h%d', 'interfaces': [{'name': 'eth0', 'router': '%s', 'addresses': "
            "['10.0.0.%d/24', '2001:db8::%d/64']}]}",
            i ? ", " : "", i, name, i + 1, i + 1);
    }
    g_string_append(json, "]}");
    return g_string_free(json, FALSE);
}

static VcbPacket *random_packet(GRand *random, int host, int n_hosts, int n_routers, guint32 number)
{
    gboolean is_v6 = g_rand_int_range(random, 0, 4) == 0;
    int target = g_rand_int_range(random, 0, n_hosts + 1) + 1; /* one more than there are */
    g_autofree char *from = g_strdup_printf(is_v6 ? "2001:db8::%d" : "10.0.0.%d", host + 1);
    g_autofree char *to = is_v6 ? g_strdup_printf("2001:db8::%d", target)
                          : g_rand_int_range(random, 0, 2)
                              ? g_strdup_printf("10.0.0.%d", target)
                              : g_strdup_printf("198.18.9.%d", g_rand_int_range(random, 1, n_routers + 1));
    VcbPacket *packet = lab_udp(from, (guint16)g_rand_int_range(random, 1024, 1040), to,
                                (guint16)g_rand_int_range(random, 1024, 1040),
                                (guint)g_rand_int_range(random, 4, 1000), number);

    if (g_rand_int_range(random, 0, 10) == 0)
        packet->data[is_v6 ? 7 : 8] = (guint8)g_rand_int_range(random, 0, 6); /* few hops */
    if (!is_v6)
        packet->data[6] = 0x40; /* never cut: fragments would share their number */
    lab_seal(packet);
    return packet;
}

static void run_one(GRand *random, guint64 *totals)
{
    static const VcbInternetEvents EVENTS = {
        .output = on_output, .fate = on_fate, .router_dropped = on_router_dropped};
    int n_routers = g_rand_int_range(random, 1, 8), n_hosts = g_rand_int_range(random, 2, HOSTS_MAX + 1);
    g_autofree char *text = random_network(random, n_routers, n_hosts);
    g_autofree Ledger *ledger = g_new0(Ledger, 1);
    VcbInternet *internet = vcb_internet_new(&EVENTS, ledger);
    g_autoptr(VcbNetworkDescription) description = NULL;
    g_autoptr(cJSON) json = NULL;
    g_autoptr(GError) error = NULL;
    VcbNetwork *network;
    gint64 now_ns = 0;
    guint wrong = 0;

    json = cJSON_Parse(g_strdelimit(text, "'", '"'));
    description = vcb_network_description_parse(json, &error);
    if (!description || !(network = vcb_internet_add(internet, description, 0, &error)))
        g_error("%s: %s", text, error->message);
    vcb_network_start(network, 0);
    for (guint32 i = 0; i < PACKETS; i++) {
        int host = g_rand_int_range(random, 0, n_hosts);
        g_autofree char *name = g_strdup_printf("h%d", host);

        now_ns += g_rand_int_range(random, 0, 4000000);
        if (i % 3 == 0)
            vcb_internet_advance(internet, now_ns);
        vcb_internet_input(internet, vcb_network_interface(network, name, "eth0"),
                           random_packet(random, host, n_hosts, n_routers, i), now_ns);
        if (i % 500 == 0)
            vcb_network_foreach_link(network, check_link, NULL);
    }
    vcb_network_foreach_link(network, check_link, NULL);
    vcb_internet_remove(internet, network, now_ns);
    for (guint32 i = 0; i < PACKETS; i++)
        wrong += ledger->ends[i] != 1 + ledger->copies[i];
    if (wrong)
        g_printerr("seed %u: %u packets without their end in %s\n", seed, wrong, text);
    CU_ASSERT_EQUAL(wrong, 0);
    totals[0] += ledger->n_delivered;
    totals[1] += ledger->n_router_dropped;
    totals[2] += ledger->n_removed;
    vcb_internet_free(internet, now_ns);
}

static void every_packet_comes_to_its_end_once(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    guint64 totals[3] = {0};

    for (int i = 0; i < NETWORKS; i++)
        run_one(random, totals);
    printf("seed %u: %" G_GUINT64_FORMAT " delivered, %" G_GUINT64_FORMAT
           " dropped by routers, %" G_GUINT64_FORMAT " under way at the end ",
           seed, totals[0], totals[1], totals[2]);
    /* All kinds of ends were met. */
    CU_ASSERT_TRUE(totals[0] > 0 && totals[1] > 0 && totals[2] > 0);
    vcb_packet_pool_clear();
}

int main(int argc, char **argv)
{
    static const VcbTest TESTS[] = {
        {"every packet comes to its end once", every_packet_comes_to_its_end_once}};

    seed = argc > 1 ? (guint32)g_ascii_strtoull(argv[1], NULL, 10) : g_random_int();
    return vcb_test_run("conservation", TESTS, G_N_ELEMENTS(TESTS));
}
