#include "network/internet/fixture.h"

#include <string.h>

static VcbNetwork *add_home(Lab *lab, const char *firewall)
{
    g_autofree char *json = g_strdup_printf(
        "{'network': 'n', 'routers': [{'name': 'home', 'parent': 'internet', 'firewall': {%s}}], 'hosts': ["
        "{'name': 'alice', 'interfaces': [{'name': 'eth0', 'router': 'home', 'addresses': ['198.18.1.2/24', "
        "'2001:db8:1::2/64']}]},"
        "{'name': 's', 'interfaces': [{'name': 'eth0', 'router': 'internet', 'addresses': ['198.18.0.20/15', "
        "'2001:db8::20/64']}]}]}",
        firewall);

    return lab_add(lab, json);
}

typedef enum { UDP, TCP } Kind;

static VcbPacket *packet_of(Kind kind, const char *from, guint16 from_port, const char *to, guint16 to_port)
{
    return kind == UDP ? lab_udp(from, from_port, to, to_port, 20, 0) : lab_tcp(from, from_port, to, to_port);
}

static gboolean goes_out(Lab *lab, VcbNetwork *network, Kind kind, guint16 from, guint16 to, gint64 now_ns)
{
    lab_forget(lab);
    lab_send(lab, network, "alice", packet_of(kind, "198.18.1.2", from, "198.18.0.20", to), now_ns);
    return lab_count(lab, "s") == 1;
}

static gboolean comes_in(Lab *lab, VcbNetwork *network, Kind kind, guint16 from, guint16 to, gint64 now_ns)
{
    lab_forget(lab);
    lab_send(lab, network, "s", packet_of(kind, "198.18.0.20", from, "198.18.1.2", to), now_ns);
    return lab_count(lab, "alice") == 1;
}

/* What a fresh firewall lets through of the first packet each way. */
static void rules_let_out_and_in_what_they_say(void)
{
    static const struct {
        const char *firewall;
        Kind kind;
        guint16 port; /* of the server */
        gboolean out, in;
    } CASES[] = {
        {"", UDP, 9, TRUE, TRUE},
        {"", TCP, 9, TRUE, TRUE},
        {"'inbound': 'stateful'", UDP, 9, TRUE, FALSE},
        {"'inbound': 'stateful'", TCP, 9, TRUE, FALSE},
        {"'udp': 'block'", UDP, 9, FALSE, FALSE},
        {"'udp': 'block'", TCP, 9, TRUE, TRUE},
        {"'udp': 'block', 'udp_ports': [3478, 53]", UDP, 53, TRUE, FALSE},
        {"'udp': 'block', 'udp_ports': [3478, 53]", UDP, 54, FALSE, FALSE},
        {"'udp_ports': [53]", UDP, 54, TRUE, TRUE},
        {"'tcp_ports': [443]", TCP, 443, TRUE, TRUE},
        {"'tcp_ports': [443]", TCP, 80, FALSE, TRUE},
        {"'tcp_ports': [443]", UDP, 80, TRUE, TRUE},
        {"'tcp_ports': []", TCP, 443, FALSE, TRUE},
        {"'udp': 'block', 'tcp_ports': [443], 'inbound': 'stateful'", TCP, 443, TRUE, FALSE},
    };

    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Lab *lab = lab_new();
        VcbNetwork *network = add_home(lab, CASES[i].firewall);

        if (goes_out(lab, network, CASES[i].kind, 4000, CASES[i].port, 0) != CASES[i].out ||
            comes_in(lab, network, CASES[i].kind, CASES[i].port, 5000, 1) != CASES[i].in)
            CU_FAIL(CASES[i].firewall);
        CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_FIREWALL], !CASES[i].out + !CASES[i].in);
        lab_free(lab);
    }
}

static void answers_come_in_and_strangers_do_not(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'inbound': 'stateful', 'udp': 'block', 'udp_ports': [3478]");

    CU_ASSERT_TRUE(goes_out(lab, network, UDP, 4000, 3478, 0));
    CU_ASSERT_TRUE(comes_in(lab, network, UDP, 3478, 4000, 1));
    CU_ASSERT_FALSE(comes_in(lab, network, UDP, 3479, 4000, 2));
    CU_ASSERT_FALSE(comes_in(lab, network, UDP, 3478, 4001, 3));
    CU_ASSERT_FALSE(comes_in(lab, network, TCP, 3478, 4000, 4));
    lab_free(lab);
}

static void what_was_let_in_may_be_answered(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'tcp_ports': [443]");

    CU_ASSERT_FALSE(goes_out(lab, network, TCP, 22, 5000, 0));
    CU_ASSERT_TRUE(comes_in(lab, network, TCP, 5000, 22, 1));
    CU_ASSERT_TRUE(goes_out(lab, network, TCP, 22, 5000, 2));
    lab_free(lab);
}

static void flows_end_when_nobody_speaks(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'inbound': 'stateful'");

    CU_ASSERT_TRUE(goes_out(lab, network, UDP, 4000, 9, 0));
    CU_ASSERT_TRUE(comes_in(lab, network, UDP, 9, 4000, 119 * SECOND_NS));
    CU_ASSERT_TRUE(comes_in(lab, network, UDP, 9, 4000, 238 * SECOND_NS)); /* both directions keep it */
    CU_ASSERT_FALSE(comes_in(lab, network, UDP, 9, 4000, 358 * SECOND_NS));
    CU_ASSERT_TRUE(goes_out(lab, network, TCP, 4000, 9, 400 * SECOND_NS));
    CU_ASSERT_TRUE(comes_in(lab, network, TCP, 9, 4000, 7800 * SECOND_NS));
    CU_ASSERT_FALSE(comes_in(lab, network, TCP, 9, 4000, 7800 * SECOND_NS + 7440 * SECOND_NS));
    lab_free(lab);
}

static void ipv6_is_blocked_silently(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'ipv6': 'block'");

    lab_send(lab, network, "alice", lab_udp("2001:db8:1::2", 1, "2001:db8::20", 2, 9, 0), 0);
    lab_send(lab, network, "s", lab_udp("2001:db8::20", 1, "2001:db8:1::2", 2, 9, 0), 1);
    CU_ASSERT_EQUAL(lab->deliveries->len, 0);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_FIREWALL], 2);
    CU_ASSERT_TRUE(goes_out(lab, network, UDP, 1, 2, 2));
    lab_free(lab);
}

static void ipv6_flows_are_kept_too(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'inbound': 'stateful'");

    lab_send(lab, network, "s", lab_udp("2001:db8::20", 2, "2001:db8:1::2", 1, 9, 0), 0);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 0);
    lab_send(lab, network, "alice", lab_udp("2001:db8:1::2", 1, "2001:db8::20", 2, 9, 0), 1);
    lab_send(lab, network, "s", lab_udp("2001:db8::20", 2, "2001:db8:1::2", 1, 9, 0), 2);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 1);
    lab_free(lab);
}

static void only_pings_from_inside_are_answered(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'inbound': 'stateful'");

    lab_send(lab, network, "s", lab_echo("198.18.0.20", "198.18.1.2", 8, 5), 0);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 0);
    lab_send(lab, network, "alice", lab_echo("198.18.1.2", "198.18.0.20", 8, 6), 1);
    lab_send(lab, network, "s", lab_echo("198.18.0.20", "198.18.1.2", 0, 6), 2);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 1);
    lab_free(lab);
}

/* An ICMP error of the server about a packet that alice sent from `port`. */
static VcbPacket *unreachable(guint16 port)
{
    VcbPacket *packet = lab_echo("198.18.0.20", "198.18.1.2", 3, 0);
    VcbPacket *about = lab_udp("198.18.1.2", port, "198.18.0.20", 9, 10, 0);

    packet->data[21] = 3;
    memset(packet->data + 24, 0, 4);
    memcpy(packet->data + 28, about->data, about->length);
    packet->length = (guint16)(28 + about->length);
    vcb_ip_write16(packet->data + 2, packet->length);
    lab_seal(packet);
    vcb_packet_free(about);
    return packet;
}

static void errors_about_what_went_out_come_in(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'inbound': 'stateful'");

    CU_ASSERT_TRUE(goes_out(lab, network, UDP, 4000, 9, 0));
    lab_send(lab, network, "s", unreachable(4001), 1);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 0);
    lab_send(lab, network, "s", unreachable(4000), 2);
    CU_ASSERT_EQUAL(lab_count(lab, "alice"), 1);
    lab_free(lab);
}

static void fragments_follow_their_first(void)
{
    Lab *lab = lab_new();
    VcbNetwork *network = add_home(lab, "'udp': 'block', 'udp_ports': [9]");

    for (guint16 port = 9; port <= 10; port++) { /* allowed, blocked */
        VcbPacket *packet = lab_udp("198.18.1.2", 4000, "198.18.0.20", port, 2000, 5), *first, *second;

        vcb_ip_write16(packet->data + 4, port);
        lab_seal(packet);
        first = vcb_ip_fragment(packet, 1500);
        second = first->next;
        first->next = NULL;
        lab_send(lab, network, "alice", first, port);
        lab_send(lab, network, "alice", second, port);
    }
    CU_ASSERT_EQUAL(lab_count(lab, "s"), 2);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_FIREWALL], 1);
    CU_ASSERT_EQUAL(lab->router_dropped[VCB_FATE_FRAGMENT], 1);
    lab_free(lab);
}

VCB_TEST_MAIN("firewall", {"rules let out and in what they say", rules_let_out_and_in_what_they_say},
              {"answers come in and strangers do not", answers_come_in_and_strangers_do_not},
              {"what was let in may be answered", what_was_let_in_may_be_answered},
              {"flows end when nobody speaks", flows_end_when_nobody_speaks},
              {"IPv6 is blocked silently", ipv6_is_blocked_silently},
              {"IPv6 flows are kept too", ipv6_flows_are_kept_too},
              {"only pings from inside are answered", only_pings_from_inside_are_answered},
              {"errors about what went out come in", errors_about_what_went_out_come_in},
              {"fragments follow their first", fragments_follow_their_first})
