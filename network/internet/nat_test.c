/* NATs where they stand: on the tree, seen by hosts inside and outside. */
#include "network/internet/fixture.h"
#include "network/internet/nat.h"

#include <string.h>

static const char *const BEHAVIOURS[] = {"endpoint-independent", "address-dependent",
                                         "address-and-port-dependent"};

/* alice and anna behind one NAT; a STUN server outside with two addresses, as RFC 5780 wants. */
static VcbNetwork *add_home(Lab *lab, const char *nat)
{
    g_autofree char *json = g_strdup_printf("{'network': 'n', 'seed': 1, 'routers': [{'name': 'home', "
                                            "'parent': 'internet', 'nat': {%s%s'external': ['198.18.1.1']}}],"
                                            "'hosts': [{'name': 'alice', 'interfaces': [{'name': 'eth0', "
                                            "'router': 'home', 'addresses': ['192.168.1.2/24']}]},"
                                            "{'name': 'anna', 'interfaces': [{'name': 'eth0', 'router': "
                                            "'home', 'addresses': ['192.168.1.3/24']}]},"
                                            "{'name': 'stun', 'interfaces': [{'name': 'eth0', 'router': "
                                            "'internet', 'addresses': ['198.18.0.20/15', "
                                            "'198.18.0.21/15']}]}]}",
                                            nat, *nat ? ", " : "");

    return lab_add(lab, json);
}

static VcbNetwork *add_kind(Lab *lab, int mapping, int filtering, const char *more)
{
    g_autofree char *nat = g_strdup_printf("'mapping': '%s', 'filtering': '%s'%s", BEHAVIOURS[mapping],
                                           BEHAVIOURS[filtering], more);

    return add_home(lab, nat);
}

/* alice sends from port 4000; the outer port that the server sees, 0: nothing came. */
static guint16 probe(Lab *lab, VcbNetwork *network, const char *to, guint16 port, gint64 now_ns)
{
    const Delivery *delivery;

    lab_forget(lab);
    lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, to, port, 20, 1), now_ns);
    delivery = lab_last(lab, "stun");
    CU_ASSERT_TRUE(delivery && lab_is_sealed(delivery->packet));
    return delivery ? delivery->ip.source_port : 0;
}

/* The server answers to that outer port: does it come in? */
static gboolean answer(Lab *lab, VcbNetwork *network, const char *from, guint16 port, guint16 to_port,
                       gint64 now_ns)
{
    lab_forget(lab);
    lab_send(lab, network, "stun", lab_udp(from, port, "198.18.1.1", to_port, 20, 2), now_ns);
    if (lab_count(lab, "alice") == 0)
        return FALSE;
    VCB_ASSERT_STRING(lab_destination(lab_last(lab, "alice")), "192.168.1.2:4000");
    CU_ASSERT_TRUE(lab_is_sealed(lab_last(lab, "alice")->packet));
    return TRUE;
}

/* RFC 5780 section 4.3. */
static void rfc_5780_tells_all_nine_pairs(void)
{
    for (int mapping = 0; mapping < 3; mapping++) {
        for (int filtering = 0; filtering < 3; filtering++) {
            Lab *lab = lab_new();
            VcbNetwork *network = add_kind(lab, mapping, filtering, "");
            guint16 first = probe(lab, network, "198.18.0.20", 3478, 1), other_address, other_port;

            CU_ASSERT_TRUE(answer(lab, network, "198.18.0.20", 3478, first, 2));
            CU_ASSERT_EQUAL(answer(lab, network, "198.18.0.21", 3479, first, 3), filtering == 0);
            CU_ASSERT_EQUAL(answer(lab, network, "198.18.0.20", 3479, first, 4), filtering <= 1);
            other_address = probe(lab, network, "198.18.0.21", 3478, 5);
            other_port = probe(lab, network, "198.18.0.21", 3479, 6);
            CU_ASSERT_EQUAL(first == other_address, mapping == 0);
            CU_ASSERT_EQUAL(other_address == other_port, mapping <= 1);
            CU_ASSERT_EQUAL(lab->n_mappings, (guint)mapping + 1);
            CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NAT_FILTERED], (guint64)filtering);
            lab_free(lab);
        }
    }
}

static void who_knows_no_mapping_gets_nothing_in(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 0, 0, "");

    CU_ASSERT_FALSE(answer(lab, network, "198.18.0.20", 3478, 4000, 1));
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NAT_FILTERED], 1);
    lab_free(lab);
}

static void a_mapping_is_told_once(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 0, 0, "");

    probe(lab, network, "198.18.0.20", 3478, 1);
    probe(lab, network, "198.18.0.20", 3478, 2);
    CU_ASSERT_EQUAL(lab->n_mappings, 1);
    VCB_ASSERT_STRING(lab->last_mapping, "home udp 192.168.1.2:4000 198.18.1.1:4000");
    lab_free(lab);
}

/* RFC 4787 REQ-5, REQ-6. */
static void only_what_goes_out_keeps_a_mapping(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 0, 2, ", 'lifetime_us': 10000000");
    guint16 port = probe(lab, network, "198.18.0.20", 3478, 0);

    CU_ASSERT_TRUE(answer(lab, network, "198.18.0.20", 3478, port, 9 * SECOND_NS));
    CU_ASSERT_FALSE(
        answer(lab, network, "198.18.0.20", 3478, port, 10 * SECOND_NS)); /* the answer kept nothing */
    port = probe(lab, network, "198.18.0.20", 3478, 11 * SECOND_NS);
    probe(lab, network, "198.18.0.20", 3478, 20 * SECOND_NS);
    CU_ASSERT_TRUE(answer(lab, network, "198.18.0.20", 3478, port, 30 * SECOND_NS - 1));
    CU_ASSERT_FALSE(answer(lab, network, "198.18.0.20", 3478, port, 30 * SECOND_NS));
    CU_ASSERT_EQUAL(lab->n_mappings, 2);
    lab_free(lab);
}

/* A permission ends by itself, though the mapping lives on by other traffic. */
static void a_filter_closes_for_who_is_no_longer_sent_to(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 0, 1, ", 'lifetime_us': 10000000");
    guint16 port = probe(lab, network, "198.18.0.20", 3478, 0);

    probe(lab, network, "198.18.0.21", 3478, 8 * SECOND_NS);
    CU_ASSERT_TRUE(answer(lab, network, "198.18.0.21", 3478, port, 12 * SECOND_NS));
    CU_ASSERT_FALSE(answer(lab, network, "198.18.0.20", 3478, port, 12 * SECOND_NS));
    lab_free(lab);
}

/* RFC 5382 REQ-5: an idle WebSocket outlives a NAT's lifetime of UDP. */
static void tcp_is_kept_for_two_hours(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 2, 2, ", 'lifetime_us': 10000000");
    guint16 port;

    lab_send(lab, network, "alice", lab_tcp("192.168.1.2", 4000, "198.18.0.20", 443), 0);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "stun"), 1);
    CU_ASSERT_TRUE(lab_is_sealed(lab_last(lab, "stun")->packet));
    port = lab_last(lab, "stun")->ip.source_port;
    lab_send(lab, network, "stun", lab_tcp("198.18.0.20", 443, "198.18.1.1", port), 7439 * SECOND_NS);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 1);
    lab_send(lab, network, "stun", lab_tcp("198.18.0.20", 443, "198.18.1.1", port), 7440 * SECOND_NS);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 1);
    lab_free(lab);
}

/* Sends from many ports; what the server sees lies in ports[]. */
static void collect_ports(const char *kind, guint16 first, guint n, guint16 *ports)
{
    g_autofree char *nat = g_strdup_printf("'ports': '%s'", kind);
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, nat);

    for (guint i = 0; i < n; i++) {
        lab_send(lab, network, i % 2 ? "anna" : "alice",
                 lab_udp(i % 2 ? "192.168.1.3" : "192.168.1.2", (guint16)(first + i / 2), "198.18.0.20", 3478,
                         4, i),
                 i);
        ports[i] = lab_last(lab, "stun")->ip.source_port;
    }
    lab_free(lab);
}

static void ports_are_allocated_as_asked(void)
{
    guint16 ports[40], again[40];
    guint same = 0, rising = 0;

    collect_ports("preserve", 4000, 2, ports);
    CU_ASSERT_EQUAL(ports[0], 4000);
    CU_ASSERT_EQUAL(ports[1], 4001); /* anna's 4000 is taken by alice */
    collect_ports("preserve", 500, 2, ports);
    CU_ASSERT_EQUAL(ports[0], 500);
    CU_ASSERT_TRUE(ports[1] < 1024); /* REQ-3a */
    collect_ports("preserve", 65535, 2, ports);
    CU_ASSERT_EQUAL(ports[1], 1024);

    collect_ports("parity", 4000, 40, ports);
    for (guint i = 0; i < 40; i++) {
        CU_ASSERT_EQUAL(ports[i] % 2, (4000 + i / 2) % 2);
        CU_ASSERT_NOT_EQUAL(ports[i], 4000 + i / 2);
        CU_ASSERT_TRUE(ports[i] >= 1024);
    }
    collect_ports("random", 4000, 40, ports);
    collect_ports("random", 4000, 40, again);
    for (guint i = 0; i < 40; i++) {
        CU_ASSERT_TRUE(ports[i] >= 1024);
        CU_ASSERT_EQUAL(ports[i], again[i]); /* by the seed */
        same += ports[i] == 4000 + i / 2;
        rising += i > 0 && ports[i] > ports[i - 1];
    }
    CU_ASSERT_TRUE(same < 3 && rising > 5 && rising < 35);
    collect_ports("sequential", 4000, 40, ports);
    for (guint i = 0; i < 40; i++)
        CU_ASSERT_EQUAL(ports[i], 1024 + i);
}

static void no_two_mappings_share_a_port_and_a_full_range_drops(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'mapping': 'address-and-port-dependent', 'ports': 'random'");
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint got = 0;

    /* 64512 ports above 1023; one inner port, ever other remote ports. */
    for (guint i = 1; i <= 65535; i++) {
        lab_forget(lab);
        lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.0.20", (guint16)i, 4, i), i);
        if (lab_last(lab, "stun")) {
            got++;
            CU_ASSERT_TRUE(g_hash_table_add(seen, GUINT_TO_POINTER(lab_last(lab, "stun")->ip.source_port)));
        }
    }
    CU_ASSERT_EQUAL(got, 64512);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NAT_FILTERED], 65535 - 64512);
    lab_free(lab);
}

/* REQ-2. */
static void an_inner_address_keeps_its_outer_one(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, "{'network': 'n', 'routers': [{'name': 'home', 'parent': 'internet', "
                                       "'nat': {'external': ['198.18.1.1', '198.18.1.2']}}],"
                                       "'hosts': [{'name': 'alice', 'interfaces': [{'name': 'eth0', "
                                       "'router': 'home', 'addresses': ['192.168.1.2/24']}]},"
                                       "{'name': 'anna', 'interfaces': [{'name': 'eth0', 'router': 'home', "
                                       "'addresses': ['192.168.1.3/24']}]},"
                                       "{'name': 's', 'interfaces': [{'name': 'eth0', 'router': 'internet', "
                                       "'addresses': ['198.18.0.20/15']}]}]}");

    for (guint16 port = 4000; port < 4010; port++) {
        g_autofree char *alice = g_strdup_printf("198.18.1.1:%u", port),
                        *anna = g_strdup_printf("198.18.1.2:%u", port);

        lab_send(lab, network, "alice", lab_udp("192.168.1.2", port, "198.18.0.20", 9, 4, 0), port);
        VCB_ASSERT_STRING(lab_source(lab_last(lab, "s")), alice);
        lab_send(lab, network, "anna", lab_udp("192.168.1.3", port, "198.18.0.20", 9, 4, 0), port);
        VCB_ASSERT_STRING(lab_source(lab_last(lab, "s")), anna);
    }
    lab_free(lab);
}

/* REQ-9, by all filters: anna has a mapping, alice sends to it. */
static void hairpinning_shows_outer_ends_and_obeys_the_filter(void)
{
    for (int filtering = 0; filtering < 3; filtering++) {
        for (int invited = 0; invited < 3;
             invited++) { /* anna sent before: nowhere near, to the address, to the endpoint */
            Lab *lab = lab_new();
            VcbNetwork *network = add_kind(lab, 0, filtering, "");

            lab_send(lab, network, "anna", lab_udp("192.168.1.3", 5000, "198.18.0.20", 3478, 4, 0), 1);
            if (invited > 0) /* dropped there: alice has no mapping yet, or has not sent to anna */
                lab_send(lab, network, "anna",
                         lab_udp("192.168.1.3", 5000, "198.18.1.1", invited == 1 ? 7 : 4000, 4, 0), 2);
            lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.1.1", 5000, 30, 0), 3);
            CU_ASSERT_EQUAL(lab_count(lab, "anna"), invited >= filtering);
            if (lab_last(lab, "anna")) {
                VCB_ASSERT_STRING(lab_source(lab_last(lab, "anna")), "198.18.1.1:4000");
                VCB_ASSERT_STRING(lab_destination(lab_last(lab, "anna")), "192.168.1.3:5000");
                CU_ASSERT_TRUE(lab_is_sealed(lab_last(lab, "anna")->packet));
            }
            lab_free(lab);
        }
    }
}

static void without_hairpinning_it_is_dropped(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 0, 0, ", 'hairpin': false");

    lab_send(lab, network, "anna", lab_udp("192.168.1.3", 5000, "198.18.0.20", 3478, 4, 0), 1);
    lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.1.1", 5000, 4, 0), 2);
    CU_ASSERT_EQUAL(lab_count(lab, "anna"), 0);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NAT_HAIRPIN], 1);
    lab_free(lab);
}

/* Two homes behind the carrier's NAT. */
static VcbNetwork *add_carrier(Lab *lab, const char *hairpin)
{
    g_autofree char *json = g_strdup_printf(
        "{'network': 'n', 'routers': [{'name': 'carrier', 'parent': 'internet', 'nat': {'hairpin': %s, "
        "'external': "
        "['198.18.1.1']}},"
        "{'name': 'a', 'parent': 'carrier', 'nat': {'filtering': 'address-and-port-dependent', 'external': "
        "['100.64.0.1']}},"
        "{'name': 'b', 'parent': 'carrier', 'nat': {'filtering': 'address-and-port-dependent', 'external': "
        "['100.64.0.2']}}],"
        "'hosts': [{'name': 'alice', 'interfaces': [{'name': 'eth0', 'router': 'a', 'addresses': "
        "['192.168.1.2/24']}]},"
        "{'name': 'bob', 'interfaces': [{'name': 'eth0', 'router': 'b', 'addresses': ['192.168.1.2/24']}]},"
        "{'name': 'stun', 'interfaces': [{'name': 'eth0', 'router': 'internet', 'addresses': "
        "['198.18.0.20/15']}]}]}",
        hairpin);

    return lab_add(lab, json);
}

static void nested_nats_hide_the_same_address_twice(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_carrier(lab, "true");

    lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.0.20", 3478, 4, 0), 1);
    VCB_ASSERT_STRING(lab_source(lab_last(lab, "stun")), "198.18.1.1:4000");
    lab_send(lab, network, "bob", lab_udp("192.168.1.2", 4000, "198.18.0.20", 3478, 4, 0), 2);
    VCB_ASSERT_STRING(lab_source(lab_last(lab, "stun")), "198.18.1.1:4001");
    lab_send(lab, network, "stun", lab_udp("198.18.0.20", 3478, "198.18.1.1", 4001, 4, 0), 3);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 0);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "bob"), 1);
    VCB_ASSERT_STRING(lab_destination(lab_last(lab, "bob")), "192.168.1.2:4000");
    CU_ASSERT_TRUE(lab_is_sealed(lab_last(lab, "bob")->packet));
    lab_free(lab);
}

/* Hole punching by the addresses that the STUN server told: only the carrier can turn it round. */
static void under_one_carrier_calls_need_its_hairpinning(void)
{
    for (int hairpin = 0; hairpin < 2; hairpin++) {
        Lab *lab = lab_new();
        VcbNetwork *network = add_carrier(lab, hairpin ? "true" : "false");

        lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.0.20", 3478, 4, 0), 1);
        lab_send(lab, network, "bob", lab_udp("192.168.1.2", 4000, "198.18.0.20", 3478, 4, 0), 2);
        lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.1.1", 4001, 4, 0),
                 3); /* b's filter */
        lab_send(lab, network, "bob", lab_udp("192.168.1.2", 4000, "198.18.1.1", 4000, 4, 0), 4);
        lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.1.1", 4001, 4, 0), 5);
        CU_ASSERT_EQUAL(lab_count(lab, "alice"), hairpin ? 1 : 0);
        CU_ASSERT_EQUAL(lab_count(lab, "bob"), hairpin ? 1 : 0);
        CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NAT_HAIRPIN], hairpin ? 0 : 3);
        if (hairpin)
            VCB_ASSERT_STRING(lab_source(lab_last(lab, "bob")), "198.18.1.1:4000");
        lab_free(lab);
    }
}

static void echo_goes_by_its_identifier(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 2, 2, "");

    lab_send(lab, network, "alice", lab_echo("192.168.1.2", "198.18.0.20", 8, 77), 1);
    lab_send(lab, network, "anna", lab_echo("192.168.1.3", "198.18.0.20", 8, 77), 2);
    CU_ASSERT_EQUAL(lab_count(lab, "stun"), 2);
    VCB_ASSERT_STRING(lab_source(lab_last(lab, "stun")), "198.18.1.1:78");
    CU_ASSERT_TRUE(lab_is_sealed(lab_last(lab, "stun")->packet));
    lab_send(lab, network, "stun", lab_echo("198.18.0.20", "198.18.1.1", 0, 78), 3);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "anna"), 1);
    CU_ASSERT_EQUAL(lab_last(lab, "anna")->ip.source_port, 77);
    CU_ASSERT_TRUE(lab_is_sealed(lab_last(lab, "anna")->packet));
    lab_send(lab, network, "stun", lab_echo("198.18.0.20", "198.18.1.1", 8, 78),
             4); /* a request finds nobody */
    lab_send(lab, network, "stun", lab_echo("198.18.0.21", "198.18.1.1", 0, 78),
             5); /* not the one it was sent to */
    CU_ASSERT_EQUAL(lab_count(lab, "alice") + lab_count(lab, "anna"), 1);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NAT_FILTERED], 2);
    lab_free(lab);
}

/* REQ-14: fragments in order go where the first one went; others are dropped. */
static void fragments_follow_their_first(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_kind(lab, 2, 2, "");
    VcbPacket *parts, *second, *packet = lab_udp("192.168.1.2", 4000, "198.18.0.20", 9, 2000, 5), *whole;

    vcb_ip_write16(packet->data + 4, 1234);
    lab_seal(packet);
    parts = vcb_ip_fragment(packet, 1500);
    second = parts->next;
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_PTR_NULL(second->next);
    parts->next = NULL;
    lab_send(lab, network, "alice", vcb_packet_copy(second), 1);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_FRAGMENT], 1);
    lab_send(lab, network, "alice", parts, 2);
    lab_send(lab, network, "alice", second, 3);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "stun"), 2);
    CU_ASSERT_TRUE(lab_last(lab, "stun")->ip.is_later);
    VCB_ASSERT_STRING(lab_source(lab_last(lab, "stun")), "198.18.1.1:0");
    /* Put together again they are a packet with a right checksum. */
    whole = vcb_packet_copy(g_array_index(lab->deliveries, Delivery, 0).packet);
    packet = lab_last(lab, "stun")->packet;
    memcpy(whole->data + whole->length, packet->data + 20, packet->length - 20u);
    whole->length = (guint16)(whole->length + packet->length - 20);
    vcb_ip_write16(whole->data + 2, whole->length);
    vcb_ip_write16(whole->data + 6, 0);
    vcb_ip_write16(whole->data + 10, 0);
    vcb_ip_write16(whole->data + 10, vcb_ip_finish_sum(vcb_ip_sum(whole->data, 20, 0)));
    CU_ASSERT_EQUAL(whole->length, 2028);
    CU_ASSERT_TRUE(lab_is_sealed(whole));
    vcb_packet_free(whole);
    lab_free(lab);
}

/* Every translation keeps every checksum right, a wrong one wrong, and absent ones absent. */
static void random_packets_keep_their_checksums(void)
{
    const char *wanted = g_getenv("VCBENCH_SEED");
    guint32 seed = wanted ? (guint32)g_ascii_strtoull(wanted, NULL, 10) : g_random_int();
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    VcbAddress external = {.bytes = {198, 18, 1, 1}};
    VcbNatSettings settings = {
        .ports = VCB_NAT_PORTS_RANDOM, .lifetime_ns = SECOND_NS, .external = &external, .n_external = 1};
    VcbNat *nat = vcb_nat_new(&settings, seed, "home", NULL, NULL);
    guint wrong = 0;

    for (guint i = 0; i < 20000 && wrong == 0; i++) {
        g_autofree char *from =
            g_strdup_printf("10.%d.%d.%d", g_rand_int_range(random, 0, 256), g_rand_int_range(random, 0, 256),
                            g_rand_int_range(random, 0, 256));
        g_autofree char *to =
            g_strdup_printf("%d.%d.%d.%d", g_rand_int_range(random, 1, 224), g_rand_int_range(random, 0, 256),
                            g_rand_int_range(random, 0, 256), g_rand_int_range(random, 0, 256));
        guint16 a = (guint16)g_rand_int_range(random, 0, 65536),
                b = (guint16)g_rand_int_range(random, 0, 65536);
        int kind = g_rand_int_range(random, 0, 5);
        VcbPacket *packet = kind < 3    ? lab_udp(from, a, to, b, (guint)g_rand_int_range(random, 0, 1400), i)
                            : kind == 3 ? lab_tcp(from, a, to, b)
                                        : lab_echo(from, to, 8, a);
        VcbPacket *back;
        VcbIp ip;

        if (kind == 0)
            vcb_ip_write16(packet->data + 26, 0); /* UDP without checksum */
        if (kind == 1)
            packet->data[26] ^=
                vcb_ip_read16(packet->data + 26) == 0x0100 ? 2 : 1; /* damaged; 0 would be none */
        CU_ASSERT_TRUE_FATAL(vcb_ip_parse(packet, &ip));
        if (vcb_nat_outward(nat, packet, &ip, i) != VCB_FATE_DELIVERED) {
            wrong++;
        } else {
            wrong += lab_is_sealed(packet) != (kind != 1);
            wrong += kind == 0 && vcb_ip_read16(packet->data + 26) != 0;
            /* And the answer. */
            back = kind < 3    ? lab_udp(to, b, "198.18.1.1", ip.source_port, 9, i)
                   : kind == 3 ? lab_tcp(to, b, "198.18.1.1", ip.source_port)
                               : lab_echo(to, "198.18.1.1", 0, ip.source_port);
            CU_ASSERT_TRUE_FATAL(vcb_ip_parse(back, &ip));
            wrong += vcb_nat_inward(nat, back, &ip, i) != VCB_FATE_DELIVERED || !lab_is_sealed(back) ||
                     ip.destination_port != a;
            vcb_packet_free(back);
        }
        vcb_packet_free(packet);
    }
    if (wrong)
        g_printerr("seed %u\n", seed);
    CU_ASSERT_EQUAL(wrong, 0);
    vcb_nat_free(nat);
    vcb_packet_pool_clear();
}

VCB_TEST_MAIN("nat", {"RFC 5780 tells all nine pairs", rfc_5780_tells_all_nine_pairs},
              {"who knows no mapping gets nothing in", who_knows_no_mapping_gets_nothing_in},
              {"a mapping is told once", a_mapping_is_told_once},
              {"only what goes out keeps a mapping", only_what_goes_out_keeps_a_mapping},
              {"a filter closes for who is no longer sent to", a_filter_closes_for_who_is_no_longer_sent_to},
              {"TCP is kept for two hours", tcp_is_kept_for_two_hours},
              {"ports are allocated as asked", ports_are_allocated_as_asked},
              {"no two mappings share a port, and a full range drops",
               no_two_mappings_share_a_port_and_a_full_range_drops},
              {"an inner address keeps its outer one", an_inner_address_keeps_its_outer_one},
              {"hairpinning shows outer ends and obeys the filter",
               hairpinning_shows_outer_ends_and_obeys_the_filter},
              {"without hairpinning it is dropped", without_hairpinning_it_is_dropped},
              {"nested NATs hide the same address twice", nested_nats_hide_the_same_address_twice},
              {"under one carrier calls need its hairpinning", under_one_carrier_calls_need_its_hairpinning},
              {"echo goes by its identifier", echo_goes_by_its_identifier},
              {"fragments follow their first", fragments_follow_their_first},
              {"random packets keep their checksums", random_packets_keep_their_checksums})
