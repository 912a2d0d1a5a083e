/* The tree as a whole: ways, times, ICMP, changes, and that no packet goes missing. */
#include "network/internet/fixture.h"

#include <string.h>

#define HOST(name, router, addresses)                                                                        \
    "{'name': '" name "', 'interfaces': [{'name': 'eth0', 'router': '" router "', 'addresses': [" addresses  \
    "]}]}"

/* Two lines without NAT: 10 ms and 5 ms up, 20 ms and 7 ms down, alice's at 1 Mbit/s. */
#define TWO_LINES                                                                                            \
    "{'network': 'n', 'call': '0001', 'seed': 3, 'routers': ["                                               \
    "{'name': 'a', 'parent': 'internet', 'up': {'delay_us': 10000, 'rate_bps': 1000000}, 'down': "           \
    "{'delay_us': 20000}},"                                                                                  \
    "{'name': 'b', 'parent': 'internet', 'up': {'delay_us': 5000}, 'down': {'delay_us': 7000}}],"            \
    "'hosts': [" HOST("alice", "a", "'198.18.1.2/24', '2001:db8:1::2/64'") "," HOST(                         \
        "anna", "a", "'198.18.1.3/24'") "," HOST("bob", "b", "'198.18.2.2/24', '2001:db8:2::2/64'") "]"

static void ideal_times_chain_however_late_the_caller_is(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");

    lab_send(lab, network, "alice", lab_udp("198.18.1.2", 1, "198.18.2.2", 2, 972, 1), 5 * MS_NS);
    CU_ASSERT_EQUAL(vcb_internet_next_ns(lab->internet), 13 * MS_NS); /* 1000 bytes at 1 Mbit/s */
    vcb_internet_advance(lab->internet, 30 * MS_NS - 1);
    CU_ASSERT_EQUAL(lab_count(lab, "bob"), 0);
    CU_ASSERT_EQUAL(vcb_internet_next_ns(lab->internet), 30 * MS_NS);
    vcb_internet_advance(lab->internet, 99 * MS_NS);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "bob"), 1);
    CU_ASSERT_EQUAL(lab_last(lab, "bob")->packet->due_ns, 30 * MS_NS);
    CU_ASSERT_EQUAL(lab_last(lab, "bob")->now_ns, 99 * MS_NS);
    CU_ASSERT_EQUAL(lab_last(lab, "bob")->ip.ttl, 61); /* a, the internet, b */
    CU_ASSERT_TRUE(lab_is_sealed(lab_last(lab, "bob")->packet));
    CU_ASSERT_EQUAL(vcb_internet_next_ns(lab->internet), VCB_NEVER_NS);
    lab_free(lab);
}

/* What two lines feed into a third comes there in the order of ideal times, though the caller looks once a second. */
static void packets_of_two_lines_meet_in_ideal_order(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(
        lab, "{'network': 'n', 'routers': [{'name': 'a', 'parent': 'internet', 'up': {'delay_us': 10000}},"
             "{'name': 'b', 'parent': 'internet', 'up': {'delay_us': 10500}},"
             "{'name': 'c', 'parent': 'internet', 'down': {'rate_bps': 100000000}}],"
             "'hosts': [" HOST("alice", "a", "'198.18.1.2/24'") "," HOST(
                 "bob", "b", "'198.18.2.2/24'") "," HOST("carol", "c", "'198.18.3.2/24'") "]}");

    for (guint32 i = 0; i < 20; i++) {
        gboolean is_alice = i % 2 == 0;

        lab_send(lab, network, is_alice ? "alice" : "bob",
                 lab_udp(is_alice ? "198.18.1.2" : "198.18.2.2", 1, "198.18.3.2", 2, 100, i), i / 2 * MS_NS);
    }
    vcb_internet_advance(lab->internet, SECOND_NS);
    CU_ASSERT_EQUAL_FATAL(lab->deliveries->len, 20);
    for (guint32 i = 0; i < 20; i++)
        CU_ASSERT_EQUAL(lab_mark(g_array_index(lab->deliveries, Delivery, i).packet), i);
    lab_free(lab);
}

static void neighbours_talk_without_the_line(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");

    lab_send(lab, network, "alice", lab_udp("198.18.1.2", 1, "198.18.1.3", 2, 100, 1), 5);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "anna"), 1);
    CU_ASSERT_EQUAL(lab_last(lab, "anna")->packet->due_ns, 5);
    CU_ASSERT_EQUAL(lab->link_fates[VCB_FATE_DELIVERED], 0);
    lab_free(lab);
}

static void ipv6_takes_the_same_way(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");

    lab_send(lab, network, "alice", lab_udp("2001:db8:1::2", 1, "2001:db8:2::2", 2, 100, 1), 0);
    vcb_internet_advance(lab->internet, SECOND_NS);
    VCB_ASSERT_STRING(lab_source(lab_last(lab, "bob")), "2001:db8:1::2:1");
    CU_ASSERT_EQUAL(lab_last(lab, "bob")->ip.ttl, 61);
    CU_ASSERT_EQUAL(lab_last(lab, "bob")->packet->due_ns, 17 * MS_NS + 148 * 8000);
    lab_free(lab);
}

static void two_networks_share_the_internet(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");
    VcbNetwork *servers =
        lab_add(lab, "{'network': 'servers', 'hosts': [" HOST("s", "internet", "'198.18.0.10/15'") "]}");

    lab_send(lab, servers, "s", lab_udp("198.18.0.10", 443, "198.18.2.2", 2, 100, 1), 0);
    lab_send(lab, network, "bob", lab_udp("198.18.2.2", 2, "198.18.0.10", 443, 100, 1), 1);
    vcb_internet_advance(lab->internet, SECOND_NS);
    CU_ASSERT_EQUAL(lab_count(lab, "bob"), 1);
    CU_ASSERT_EQUAL(lab_count(lab, "s"), 1);
    CU_ASSERT_PTR_EQUAL(vcb_internet_find(lab->internet, "servers"), servers);
    VCB_ASSERT_STRING(vcb_network_name(network), "n");
    VCB_ASSERT_STRING(vcb_network_call(network), "0001");
    CU_ASSERT_PTR_NULL(vcb_network_call(servers));
    lab_free(lab);
}

static void says_what_cannot_be_built_and_leaves_nothing(void)
{
    static const struct {
        const char *json, *message;
    } CASES[] = {
        {"{'network': 'n'}", "network \"n\": the name is taken"},
        {"{'network': 'm', 'routers': [{'name': 'x', 'parent': 'y'}]}",
         "router \"x\": its parent \"y\" is no router before it"},
        {"{'network': 'm', 'routers': [{'name': 'x', 'parent': 'internet'}, {'name': 'x', 'parent': "
         "'internet'}]}",
         "router \"x\": the name is given twice"},
        {"{'network': 'm', 'routers': [{'name': 'x', 'parent': 'internet', 'nat': {'external': "
         "['198.18.1.2']}}]}",
         "router \"x\": the address 198.18.1.2 is taken by host \"alice\""},
        {"{'network': 'm', 'hosts': [" HOST("h", "internet", "'198.18.9.9/24'") "," HOST(
             "h", "internet", "'198.18.9.8/24'") "]}",
         "host \"h\": the name is given twice"},
        {"{'network': 'm', 'hosts': [" HOST("h", "z", "'198.18.9.9/24'") "]}",
         "host \"h\": the router \"z\" of its interface eth0 does not exist"},
        {"{'network': 'm', 'hosts': [" HOST("h", "internet", "'2001:db8:1::2/64'") "]}",
         "host \"h\": the address 2001:db8:1::2 is taken by host \"alice\""},
        {"{'network': 'm', 'timeline': [{'at_us': 0, 'router': 'q', 'set': {}}]}",
         "router \"q\": the timeline names it, but it does not exist"},
        {"{'network': 'm', 'hosts': [" HOST("h", "internet",
                                            "'198.18.9.9/24'") "], 'timeline': [{'at_us': 0, 'host': 'h', "
                                                               "'down': 'wlan0'}]}",
         "host \"h\": the timeline names its interface wlan0, which does not exist"},
    };
    Lab *lab = lab_new();

    lab_add(lab, TWO_LINES "}");
    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *message = lab_add_failing(lab, CASES[i].json);

        VCB_ASSERT_STRING(message, CASES[i].message);
    }
    CU_ASSERT_EQUAL(lab->n_links, 4);
    /* Nothing of them holds an address. */
    lab_add(lab, "{'network': 'm', 'hosts': [" HOST("h", "internet", "'198.18.9.9/24'") "]}");
    lab_free(lab);
}

static void homes_behind_different_nats_may_have_the_same_addresses(void)
{
    Lab *lab = lab_new();

    lab_add(lab, "{'network': 'n', 'routers': [{'name': 'a', 'parent': 'internet', 'nat': {'external': "
                 "['198.18.1.1']}},"
                 "{'name': 'b', 'parent': 'internet', 'nat': {'external': ['198.18.1.2']}}], 'hosts': [" HOST(
                     "alice", "a", "'192.168.1.2/24'") "," HOST("bob", "b", "'192.168.1.2/24'") "]}");
    lab_free(lab);
}

/* Hosts' noise goes nowhere and counts nowhere; lies and damage are counted. */
static void noise_is_not_counted_and_lies_are(void)
{
    static const struct {
        const char *from, *to;
        gboolean is_noise;
    } CASES[] = {
        {"198.18.1.2", "224.0.0.251", TRUE},       {"198.18.1.2", "255.255.255.255", TRUE},
        {"0.0.0.0", "255.255.255.255", TRUE},      {"198.18.1.2", "198.18.1.255", TRUE},
        {"2001:db8:1::2", "ff02::2", TRUE},        {"fe80::1", "ff02::16", TRUE},
        {"fe80::1", "2001:db8:2::2", TRUE},        {"2001:db8:1::2", "fe80::7", TRUE},
        {"198.18.1.3", "198.18.2.2", FALSE},       {"198.18.2.2", "198.18.2.2", FALSE},
        {"2001:db8:1::3", "2001:db8:2::2", FALSE}, {"127.0.0.1", "198.18.2.2", FALSE},
    };
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");
    VcbPacket *packet;
    guint64 lies = 0;

    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        lab_send(lab, network, "alice", lab_udp(CASES[i].from, 5353, CASES[i].to, 5353, 50, i), i);
        lies += !CASES[i].is_noise;
        CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_MALFORMED], lies);
    }
    packet = lab_udp("198.18.1.2", 1, "198.18.2.2", 2, 50, 0);
    packet->data[8] ^= 1; /* the header's checksum is wrong now */
    lab_send(lab, network, "alice", packet, 20);
    packet = vcb_packet_new();
    lab_send(lab, network, "alice", packet, 21);
    vcb_internet_advance(lab->internet, SECOND_NS);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_MALFORMED], lies + 2);
    CU_ASSERT_EQUAL(lab->link_fates[VCB_FATE_DELIVERED], 0);
    CU_ASSERT_EQUAL(lab->deliveries->len, 0);
    lab_free(lab);
}

typedef struct {
    guint64 dropped[VCB_N_FATES];
    const char *router;
} Wanted;

static void add_dropped(VcbNetwork *network, const char *router, const guint64 *dropped, guint mappings,
                        void *user_data)
{
    Wanted *wanted = user_data;

    if (wanted->router && strcmp(router, wanted->router) != 0)
        return;
    for (int fate = 0; fate < VCB_N_FATES; fate++)
        wanted->dropped[fate] += dropped[fate];
}

static void check_error(const Delivery *delivery, const char *source, guint8 type, guint8 code)
{
    CU_ASSERT_PTR_NOT_NULL_FATAL(delivery);
    VCB_ASSERT_STRING(lab_source(delivery), source);
    CU_ASSERT_TRUE(delivery->ip.is_icmp_error);
    CU_ASSERT_EQUAL(delivery->ip.icmp_type, type);
    CU_ASSERT_EQUAL(delivery->ip.icmp_code, code);
    CU_ASSERT_TRUE(lab_is_sealed(delivery->packet));
}

static void where_there_is_no_way_icmp_says_so(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");
    Wanted root = {.router = "internet"};

    lab_send(lab, network, "alice", lab_udp("198.18.1.2", 1, "192.168.7.7", 2, 100, 1), 0);
    vcb_internet_advance(lab->internet, SECOND_NS);
    check_error(lab_last(lab, "alice"), "198.18.255.254:0", 3, 0);
    lab_send(lab, network, "alice", lab_udp("2001:db8:1::2", 1, "2001:db8:77::2", 2, 100, 1), SECOND_NS);
    vcb_internet_advance(lab->internet, 2 * SECOND_NS);
    check_error(lab_last(lab, "alice"), "2001:db8::ffff:0", 1, 0);
    vcb_network_foreach_router(network, add_dropped, &root);
    CU_ASSERT_EQUAL(root.dropped[VCB_FATE_NO_ROUTE], 2);
    lab_free(lab);
}

static void ttl_ends_on_the_way_and_icmp_comes_back(void)
{
    static const char *const ROUTERS[] = {"a", "internet", "b"};

    for (guint8 ttl = 1; ttl <= 4; ttl++) {
        Lab *lab = lab_new();
        VcbNetwork *network = lab_add(lab, TWO_LINES "}");
        VcbPacket *packet = lab_udp("198.18.1.2", 1, "198.18.2.2", 2, 700, 1);
        Wanted wanted = {.router = ttl <= 3 ? ROUTERS[ttl - 1] : "b"};

        packet->data[8] = ttl;
        lab_seal(packet);
        lab_send(lab, network, "alice", packet, 0);
        vcb_internet_advance(lab->internet, SECOND_NS);
        vcb_network_foreach_router(network, add_dropped, &wanted);
        CU_ASSERT_EQUAL(wanted.dropped[VCB_FATE_TTL], ttl <= 3);
        CU_ASSERT_EQUAL(lab_count(lab, "bob"), ttl == 4);
        CU_ASSERT_EQUAL(lab_count(lab, "alice"), ttl <= 3);
        if (ttl <= 3) {
            check_error(lab_last(lab, "alice"), "198.18.255.254:0", 11, 0);
            CU_ASSERT_EQUAL(lab_last(lab, "alice")->packet->length, 576); /* RFC 1812: as much as fits */
        } else {
            CU_ASSERT_EQUAL(lab_last(lab, "bob")->ip.ttl, 1);
        }
        lab_free(lab);
    }
}

/* A home behind two NATs, whose outer line takes 1300 bytes; a server. */
#define NARROW                                                                                               \
    "{'network': 'n', 'routers': ["                                                                          \
    "{'name': 'carrier', 'parent': 'internet', 'up': {'mtu': 1300}, 'down': {'mtu': 1300}, 'nat': "          \
    "{'external': "                                                                                          \
    "['198.18.1.1'], 'ports': 'random'}},"                                                                   \
    "{'name': 'home', 'parent': 'carrier', 'nat': {'external': ['100.64.0.9'], 'ports': 'sequential'}}], "   \
    "'hosts': [" HOST("alice", "home", "'192.168.1.2/24', '2001:db8:1::2/64'") "," HOST(                     \
        "s", "internet", "'198.18.0.10/15', '2001:db8::a/64'") "]}"

static VcbPacket *no_fragments(VcbPacket *packet)
{
    packet->data[6] |= 0x40;
    lab_seal(packet);
    return packet;
}

/* RFC 1191 through RFC 5508: alice finds her own packet in it. */
static void too_big_comes_back_through_nats_as_the_sender_knows_it(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, NARROW);
    const Delivery *error;
    VcbIp quoted;

    lab_send(lab, network, "alice", no_fragments(lab_udp("192.168.1.2", 4000, "198.18.0.10", 9, 1400, 7)), 0);
    CU_ASSERT_EQUAL(lab_count(lab, "s"), 0);
    CU_ASSERT_EQUAL(lab->link_fates[VCB_FATE_MTU], 1);
    error = lab_last(lab, "alice");
    check_error(error, "198.18.1.1:0", 3, 4);
    VCB_ASSERT_STRING(lab_destination(error), "192.168.1.2:0");
    CU_ASSERT_EQUAL(vcb_ip_read16(error->packet->data + 26), 1300);
    CU_ASSERT_TRUE_FATAL(vcb_ip_parse_quoted(error->packet, &error->ip, &quoted));
    CU_ASSERT_EQUAL(memcmp(quoted.source, "\xc0\xa8\x01\x02", 4), 0);
    CU_ASSERT_EQUAL(quoted.source_port, 4000);
    CU_ASSERT_EQUAL(memcmp(quoted.destination, "\xc6\x12\x00\x0a", 4), 0);
    CU_ASSERT_EQUAL(quoted.destination_port, 9);
    /* The quoted packet's checksum is the one that alice sent. */
    {
        VcbPacket *sent = no_fragments(lab_udp("192.168.1.2", 4000, "198.18.0.10", 9, 1400, 7));

        CU_ASSERT_EQUAL(memcmp(error->packet->data + quoted.transport, sent->data + 20, 300), 0);
        vcb_packet_free(sent);
    }
    lab_free(lab);
}

/* The other way: the router above the link tells the server, in the server's terms. */
static void too_big_inward_shows_the_outer_end(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(
        lab, "{'network': 'n', 'routers': [{'name': 'carrier', 'parent': 'internet', 'nat': {'external': "
             "['198.18.1.1'], 'ports': "
             "'random'}},"
             "{'name': 'home', 'parent': 'carrier', 'down': {'mtu': 1300}}], 'hosts': [" HOST(
                 "alice", "home", "'192.168.1.2/24'") "," HOST("s", "internet", "'198.18.0.10/15'") "]}");
    const Delivery *error;
    VcbIp quoted;
    guint16 port;

    lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.0.10", 9, 100, 7), 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(lab_last(lab, "s"));
    port = lab_last(lab, "s")->ip.source_port;
    lab_forget(lab);
    lab_send(lab, network, "s", no_fragments(lab_udp("198.18.0.10", 9, "198.18.1.1", port, 1400, 7)), 1);
    error = lab_last(lab, "s");
    check_error(error, "198.18.1.1:0", 3, 4);
    CU_ASSERT_TRUE_FATAL(vcb_ip_parse_quoted(error->packet, &error->ip, &quoted));
    CU_ASSERT_EQUAL(memcmp(quoted.destination, "\xc6\x12\x01\x01", 4), 0);
    CU_ASSERT_EQUAL(quoted.destination_port, port);
    lab_free(lab);
}

static void ipv6_is_told_packet_too_big(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, NARROW);

    lab_send(lab, network, "alice", lab_udp("2001:db8:1::2", 4000, "2001:db8::a", 9, 1400, 7), 0);
    check_error(lab_last(lab, "alice"), "2001:db8::ffff:0", 2, 0);
    CU_ASSERT_EQUAL(vcb_ip_read16(lab_last(lab, "alice")->packet->data + 46), 1300);
    CU_ASSERT_EQUAL(lab_last(lab, "alice")->packet->length, 1280);
    lab_free(lab);
}

static void what_may_be_cut_is_cut(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, NARROW);
    guint bytes = 0;

    lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.0.10", 9, 3000, 7), 0);
    CU_ASSERT_EQUAL(lab_count(lab, "s"), 3);
    for (guint i = 0; i < lab->deliveries->len; i++) {
        const Delivery *delivery = &g_array_index(lab->deliveries, Delivery, i);

        CU_ASSERT_TRUE(delivery->ip.is_fragment && delivery->packet->length <= 1300);
        CU_ASSERT_EQUAL((vcb_ip_read16(delivery->packet->data + 6) & 0x1fff) * 8u, bytes);
        bytes += delivery->packet->length - 20u;
    }
    CU_ASSERT_EQUAL(bytes, 3008);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 0);
    lab_free(lab);
}

static void a_black_hole_says_nothing(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");
    g_autoptr(cJSON) set = cJSON_Parse("{\"mtu\": 1000, \"mtu_icmp\": false}");

    CU_ASSERT_TRUE(vcb_network_change(network, "a", "up", set, 0, NULL));
    lab_send(lab, network, "alice", no_fragments(lab_udp("198.18.1.2", 1, "198.18.2.2", 2, 1200, 7)), 0);
    vcb_internet_advance(lab->internet, SECOND_NS);
    CU_ASSERT_EQUAL(lab->link_fates[VCB_FATE_MTU], 1);
    CU_ASSERT_EQUAL(lab->deliveries->len, 0);
    lab_free(lab);
}

/* The port unreachable of a host reaches the sender through the sender's NAT and its own. */
static void errors_of_hosts_pass_nats(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, NARROW);
    const Delivery *error;
    VcbPacket *packet;
    VcbIp quoted;
    guint16 port;

    lab_send(lab, network, "alice", lab_udp("192.168.1.2", 4000, "198.18.0.10", 9, 100, 7), 0);
    port = lab_last(lab, "s")->ip.source_port;
    lab_send(lab, network, "s", lab_udp("198.18.0.10", 9, "198.18.1.1", port, 100, 7), 1);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "alice"), 1);
    /* alice's kernel quotes what it got */
    packet = lab_echo("192.168.1.2", "198.18.0.10", 3, 0);
    packet->data[21] = 3;
    memset(packet->data + 24, 0, 4);
    memcpy(packet->data + 28, lab_last(lab, "alice")->packet->data, 128);
    packet->length = 28 + 128;
    vcb_ip_write16(packet->data + 2, packet->length);
    lab_seal(packet);
    lab_forget(lab);
    lab_send(lab, network, "alice", packet, 2);
    error = lab_last(lab, "s");
    check_error(error, "198.18.1.1:0", 3, 3);
    CU_ASSERT_TRUE_FATAL(vcb_ip_parse_quoted(error->packet, &error->ip, &quoted));
    CU_ASSERT_EQUAL(quoted.destination_port, port);
    CU_ASSERT_EQUAL(memcmp(quoted.destination, "\xc6\x12\x01\x01", 4), 0);
    lab_free(lab);
}

static void a_direct_host_is_reached_without_links(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(
        lab,
        "{'network': 'n', 'routers': [{'name': 'a', 'parent': 'internet', 'nat': {'external': "
        "['198.18.1.1']}, 'up': "
        "{'delay_us': 50000, 'loss': {'k': 0}}, 'down': {'up': false}},"
        "{'name': 'signaling', 'parent': 'internet', 'direct': true, 'up': {'delay_us': 1000}}], 'hosts': "
        "[" HOST("alice", "a", "'192.168.1.2/24'") "," HOST("s", "signaling", "'198.18.0.10/15'") "]}");

    lab_send(lab, network, "alice", lab_tcp("192.168.1.2", 4000, "198.18.0.10", 443), 7);
    CU_ASSERT_EQUAL_FATAL(lab_count(lab, "s"), 1);
    CU_ASSERT_EQUAL(lab_last(lab, "s")->packet->due_ns, 7);
    lab_send(lab, network, "s", lab_tcp("198.18.0.10", 443, "198.18.1.1", 4000), 8);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 1);
    lab_send(lab, network, "s", lab_tcp("198.18.0.10", 443, "198.18.1.1", 4001),
             9); /* the NAT still stands there */
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 1);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NAT_FILTERED], 1);
    CU_ASSERT_EQUAL(lab->link_fates[VCB_FATE_DELIVERED], 0);
    lab_free(lab);
}

/* The settings change at the ideal moment, though the caller comes a second late. */
static void the_timeline_happens_at_its_exact_moments(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(
        lab, TWO_LINES
        ", 'timeline': [{'at_us': 100000, 'router': 'b', 'direction': 'down', 'set': {'delay_us': 1000}},"
        "{'at_us': 200000, 'host': 'bob', 'down': 'eth0'}]}");

    for (guint32 i = 0; i < 30; i++) /* anna: 10 ms and little more on the way to b's line */
        lab_send(lab, network, "anna", lab_udp("198.18.1.3", 1, "198.18.2.2", 2, 97, i), i * 10 * MS_NS);
    vcb_internet_advance(lab->internet, 290 * MS_NS);
    CU_ASSERT_EQUAL(lab->n_changes, 0); /* not started */
    vcb_network_start(network, 300 * MS_NS);
    lab_forget(lab);
    for (guint32 i = 30; i < 60; i++)
        lab_send(lab, network, "anna", lab_udp("198.18.1.3", 1, "198.18.2.2", 2, 97, i), i * 10 * MS_NS);
    vcb_internet_advance(lab->internet, 2 * SECOND_NS);
    CU_ASSERT_EQUAL(lab->n_changes, 2);
    for (guint i = 0; i < lab->deliveries->len; i++) {
        const VcbPacket *packet = g_array_index(lab->deliveries, Delivery, i).packet;
        gint64 at_b_ns = lab_mark(packet) * 10 * MS_NS + 11 * MS_NS; /* 1 ms at 1 Mbit/s, 10 ms */

        CU_ASSERT_EQUAL(packet->due_ns, MAX(at_b_ns + (at_b_ns < 400 * MS_NS ? 7 : 1) * MS_NS, 0));
        CU_ASSERT_TRUE(packet->due_ns < 500 * MS_NS);
    }
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NO_ROUTE] + lab->deliveries->len, 32);
    lab_free(lab);
}

static void a_change_that_cannot_be_is_refused(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");
    g_autoptr(cJSON) good = cJSON_Parse("{\"delay_us\": 1}");
    static const struct {
        const char *router, *direction, *set, *message;
    } CASES[] = {
        {"z", "up", "{}", "router \"z\": there is none in \"n\""},
        {"a", "sideways", "{}", "direction: \"sideways\" is none of up, down, both"},
        {"a", "both", "{\"loss\": 1}", "set.loss: 1 is no object"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(cJSON) bad = cJSON_Parse(CASES[i].set);

        CU_ASSERT_FALSE(vcb_network_change(network, CASES[i].router, CASES[i].direction, bad, 0, &error));
        VCB_ASSERT_STRING(error ? error->message : NULL, CASES[i].message);
    }
    CU_ASSERT_TRUE(vcb_network_change(network, "a", "both", good, 0, NULL));
    lab_send(lab, network, "anna", lab_udp("198.18.1.3", 1, "198.18.2.2", 2, 97, 1), 0);
    vcb_internet_advance(lab->internet, SECOND_NS);
    CU_ASSERT_EQUAL(lab_last(lab, "bob")->packet->due_ns, 8 * MS_NS + 1000);
    lab_free(lab);
}

static void a_network_goes_while_packets_are_under_way(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");
    VcbNetwork *servers =
        lab_add(lab, "{'network': 'servers', 'routers': [{'name': 'line', 'parent': 'internet', 'up': "
                     "{'delay_us': 30000}}], 'hosts': [" HOST("s", "line", "'198.18.0.10/15'") "]}");

    for (int i = 0; i < 5; i++) {
        lab_send(lab, network, "alice", lab_udp("198.18.1.2", 1, "198.18.2.2", 2, 972, 1), 0);
        lab_send(lab, servers, "s", lab_udp("198.18.0.10", 1, "198.18.2.2", 2, 972, 1), 0);
    }
    vcb_internet_remove(lab->internet, network, 20 * MS_NS);
    CU_ASSERT_PTR_NULL(vcb_internet_find(lab->internet, "n"));
    /* One of alice's was at b's line already, one on the way there, three waited or were under way. */
    CU_ASSERT_EQUAL(lab->link_fates[VCB_FATE_REMOVED], 5);
    vcb_internet_advance(lab->internet, SECOND_NS);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NO_ROUTE], 5); /* the server's find nobody */
    CU_ASSERT_EQUAL(lab_count(lab, "bob"), 0);
    lab_add(lab, TWO_LINES "}"); /* the name and the addresses are free again */
    lab_free(lab);
}

static void an_interface_that_is_down_takes_nothing(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = lab_add(lab, TWO_LINES "}");
    VcbInterface *bob = vcb_network_interface(network, "bob", "eth0");

    vcb_interface_set_up(bob, FALSE);
    lab_send(lab, network, "alice", lab_udp("198.18.1.2", 1, "198.18.2.2", 2, 9, 1), 0);
    vcb_internet_advance(lab->internet, SECOND_NS);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_NO_ROUTE], 1);
    vcb_interface_set_up(bob, TRUE);
    lab->is_host_full = TRUE;
    lab_send(lab, network, "alice", lab_udp("198.18.1.2", 1, "198.18.2.2", 2, 9, 1), SECOND_NS);
    vcb_internet_advance(lab->internet, 2 * SECOND_NS);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_HOST_FULL], 1);
    CU_ASSERT_PTR_NULL(vcb_network_interface(network, "bob", "wlan0"));
    vcb_interface_set_user_data(bob, lab);
    CU_ASSERT_PTR_EQUAL(vcb_interface_user_data(bob), lab);
    lab_free(lab);
}

VCB_TEST_MAIN("internet",
              {"ideal times chain however late the caller is", ideal_times_chain_however_late_the_caller_is},
              {"packets of two lines meet in ideal order", packets_of_two_lines_meet_in_ideal_order},
              {"neighbours talk without the line", neighbours_talk_without_the_line},
              {"IPv6 takes the same way", ipv6_takes_the_same_way},
              {"two networks share the internet", two_networks_share_the_internet},
              {"says what cannot be built and leaves nothing", says_what_cannot_be_built_and_leaves_nothing},
              {"homes behind different NATs may have the same addresses",
               homes_behind_different_nats_may_have_the_same_addresses},
              {"noise is not counted and lies are", noise_is_not_counted_and_lies_are},
              {"where there is no way ICMP says so", where_there_is_no_way_icmp_says_so},
              {"TTL ends on the way and ICMP comes back", ttl_ends_on_the_way_and_icmp_comes_back},
              {"too big comes back through NATs as the sender knows it",
               too_big_comes_back_through_nats_as_the_sender_knows_it},
              {"too big inward shows the outer end", too_big_inward_shows_the_outer_end},
              {"IPv6 is told packet too big", ipv6_is_told_packet_too_big},
              {"what may be cut is cut", what_may_be_cut_is_cut},
              {"a black hole says nothing", a_black_hole_says_nothing},
              {"errors of hosts pass NATs", errors_of_hosts_pass_nats},
              {"a direct host is reached without links", a_direct_host_is_reached_without_links},
              {"the timeline happens at its exact moments", the_timeline_happens_at_its_exact_moments},
              {"a change that cannot be is refused", a_change_that_cannot_be_is_refused},
              {"a network goes while packets are under way", a_network_goes_while_packets_are_under_way},
              {"an interface that is down takes nothing", an_interface_that_is_down_takes_nothing})
