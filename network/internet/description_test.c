#include "network/internet/description.h"

#include "common/error.h"
#include "common/test.h"

#include <string.h>

static VcbNetworkDescription *parse(const char *json, GError **error)
{
    g_autofree char *text = g_strdelimit(g_strdup(json), "'", '"');
    g_autoptr(cJSON) message = cJSON_Parse(text);

    if (!message)
        g_error("no JSON: %s", json);
    return vcb_network_description_parse(message, error);
}

static void reads_every_field(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbNetworkDescription) d =
        parse("{'type': 'create', 'network': '0001', 'call': '0001', 'seed': 77, 'routers': [{'name': "
              "'alice', 'parent': 'internet',"
              "'up': {'rate_bps': 1e6, 'queue': {'us': 300000}, 'discipline': 'codel', 'codel_target_us': "
              "6000, 'codel_interval_us': "
              "90000,"
              "'delay_us': 50000, 'jitter': {'distribution': 'pareto', 'us': 1000, 'limit_us': 5000, "
              "'shape': 2.5, 'reorder': true},"
              "'loss': {'p': 0.1, 'r': 0.2, 'h': 0.3, 'k': 0.9, 'by': 'time', 'slot_us': 5000}, 'reorder': "
              "{'rate': 0.01, "
              "'delay_us': 7},"
              "'duplicate': 0.02, 'corrupt': 0.03, 'mtu': 1280, 'mtu_icmp': false, 'up': false},"
              "'down': {'rate_steps': [{'at_us': 0, 'rate_bps': 1000}, {'at_us': 1000000, 'rate_bps': 0}]},"
              "'nat': {'mapping': 'address-dependent', 'filtering': 'address-and-port-dependent', 'hairpin': "
              "false, 'ports': 'parity',"
              "'lifetime_us': 30000000, 'external': ['198.18.1.1', '198.18.1.2']},"
              "'firewall': {'udp': 'block', 'udp_ports': [3478], 'tcp_ports': [443, 80], 'inbound': "
              "'stateful', 'ipv6': 'block'},"
              "'direct': true}],"
              "'hosts': [{'name': 'alice', 'interfaces': [{'name': 'eth0', 'router': 'alice', 'addresses': "
              "['192.168.1.2/24', "
              "'2001:db8:1::2/64'],"
              "'metric': 5, 'mtu': 1400, 'up': false}]}],"
              "'timeline': [{'at_us': 9, 'router': 'alice', 'set': {'up': true}}, {'at_us': 4, 'host': "
              "'alice', 'up': 'eth0'}]}",
              &error);
    const VcbRouterDescription *router;
    const VcbInterfaceDescription *interface;

    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    VCB_ASSERT_STRING(d->call, "0001");
    CU_ASSERT_EQUAL(d->seed, 77);
    router = &d->routers[0];
    VCB_ASSERT_NEAR(router->up.rate_bps, 1e6, 0);
    CU_ASSERT_EQUAL(router->up.queue_unit, VCB_QUEUE_TIME);
    CU_ASSERT_EQUAL(router->up.queue_limit, 300000000);
    CU_ASSERT_EQUAL(router->up.discipline, VCB_DISCIPLINE_CODEL);
    CU_ASSERT_EQUAL(router->up.codel_target_ns, 6000000);
    CU_ASSERT_EQUAL(router->up.codel_interval_ns, 90000000);
    CU_ASSERT_EQUAL(router->up.delay_ns, 50000000);
    CU_ASSERT_EQUAL(router->up.jitter, VCB_JITTER_PARETO);
    CU_ASSERT_EQUAL(router->up.jitter_ns, 1000000);
    CU_ASSERT_EQUAL(router->up.jitter_limit_ns, 5000000);
    VCB_ASSERT_NEAR(router->up.jitter_shape, 2.5, 0);
    CU_ASSERT_TRUE(router->up.jitter_reorders);
    VCB_ASSERT_NEAR(router->up.loss_p, 0.1, 0);
    VCB_ASSERT_NEAR(router->up.loss_k, 0.9, 0);
    CU_ASSERT_TRUE(router->up.loss_by_time);
    CU_ASSERT_EQUAL(router->up.loss_slot_ns, 5000000);
    CU_ASSERT_EQUAL(router->up.reorder_delay_ns, 7000);
    VCB_ASSERT_NEAR(router->up.corrupt_rate, 0.03, 0);
    CU_ASSERT_EQUAL(router->up.mtu, 1280);
    CU_ASSERT_FALSE(router->up.mtu_icmp);
    CU_ASSERT_FALSE(router->up.up);
    CU_ASSERT_EQUAL(router->down.n_rate_steps, 2);
    CU_ASSERT_EQUAL(router->down.rate_steps[1].at_ns, 1000000000);
    CU_ASSERT_TRUE(router->down.up);
    CU_ASSERT_EQUAL(router->nat->mapping, VCB_NAT_ADDRESS_DEPENDENT);
    CU_ASSERT_EQUAL(router->nat->filtering, VCB_NAT_ADDRESS_AND_PORT_DEPENDENT);
    CU_ASSERT_FALSE(router->nat->hairpin);
    CU_ASSERT_EQUAL(router->nat->ports, VCB_NAT_PORTS_PARITY);
    CU_ASSERT_EQUAL(router->nat->lifetime_ns, 30000000000);
    CU_ASSERT_EQUAL(router->nat->n_external, 2);
    CU_ASSERT_EQUAL(router->nat->external[1].bytes[3], 2);
    CU_ASSERT_TRUE(router->firewall->blocks_udp && router->firewall->is_stateful &&
                   router->firewall->blocks_ipv6);
    CU_ASSERT_TRUE(router->firewall->limits_tcp);
    CU_ASSERT_EQUAL(router->firewall->tcp_ports[1], 80);
    CU_ASSERT_TRUE(router->is_direct);
    interface = &d->hosts[0].interfaces[0];
    CU_ASSERT_EQUAL(interface->addresses[1].prefix_length, 64);
    CU_ASSERT_TRUE(interface->addresses[1].address.is_v6);
    CU_ASSERT_EQUAL(interface->metric, 5);
    CU_ASSERT_EQUAL(interface->mtu, 1400);
    CU_ASSERT_FALSE(interface->up);
    CU_ASSERT_EQUAL(d->n_timeline, 2);
    VCB_ASSERT_STRING(d->timeline[0].host, "alice"); /* sorted */
    VCB_ASSERT_STRING(d->timeline[1].direction, "both");
}

static void absent_fields_are_the_defaults(void)
{
    g_autoptr(VcbNetworkDescription) d = parse("{'network': 'n', 'routers': [{'name': 'a', 'parent': "
                                               "'internet', 'nat': {'external': ['1.2.3.4']}}]}",
                                               NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_PTR_NULL(d->call);
    CU_ASSERT_TRUE(d->routers[0].up.up);
    CU_ASSERT_EQUAL(d->routers[0].up.queue_limit, 1000);
    CU_ASSERT_TRUE(d->routers[0].nat->hairpin);
    CU_ASSERT_EQUAL(d->routers[0].nat->lifetime_ns, 120000000000);
    CU_ASSERT_PTR_NULL(d->routers[0].firewall);
    CU_ASSERT_FALSE(d->routers[0].is_direct);
}

#define UP(fields) "{'network': 'n', 'routers': [{'name': 'a', 'parent': 'internet', 'up': {" fields "}}]}"
#define NAT(fields) "{'network': 'n', 'routers': [{'name': 'a', 'parent': 'internet', 'nat': {" fields "}}]}"
#define EDGE(fields) "{'network': 'n', 'hosts': [{'name': 'h', 'interfaces': [{" fields "}]}]}"
#define CHANGE(fields) "{'network': 'n', 'timeline': [{" fields "}]}"

static void says_where_and_what(void)
{
    static const struct {
        const char *json, *message;
    } CASES[] = {
        {"[]", "message: [] is no object"},
        {"{}", "network: is missing"},
        {"{'network': 5}", "network: 5 is no string"},
        {"{'network': ''}", "network: a name has 1 to 200 bytes of UTF-8"},
        {"{'network': 'n', 'seed': -1}", "seed: -1 is no whole number from 0 to 9007199254740991"},
        {"{'network': 'n', 'router': []}", "router: unknown field; did you mean \"routers\"?"},
        {"{'network': 'n', 'network': 'm'}", "network: given twice"},
        {"{'network': 'n', 'routers': {}}", "routers: {} is no array"},
        {"{'network': 'n', 'routers': [7]}", "routers[0]: 7 is no object"},
        {"{'network': 'n', 'routers': [{'name': 'a'}]}", "routers[0].parent: is missing"},
        {"{'network': 'n', 'routers': [{'name': 'internet', 'parent': 'internet'}]}",
         "routers[0].name: \"internet\" is the root of every network"},
        {UP("'loss': {'p': 1.5}"), "routers[0].up.loss.p: 1.5 is no fraction from 0 to 1"},
        {UP("'loss': {'p': 1e999}"), "routers[0].up.loss.p: null is no fraction from 0 to 1"},
        {UP("'loss': {'by': 'time', 'slot_us': 999}"),
         "routers[0].up.loss.slot_us: 999 is no number from 1000 to 3600000000"},
        {UP("'loss': {'by': 'hour'}"), "routers[0].up.loss.by: \"hour\" is none of packet, time"},
        {UP("'delay_us': -1"), "routers[0].up.delay_us: -1 is no number from 0 to 3600000000"},
        {UP("'rate_bps': 'fast'"), "routers[0].up.rate_bps: \"fast\" is no number from 0 to 1000000000000"},
        {UP("'queue': {}"), "routers[0].up.queue: takes exactly one of packets, bytes, us"},
        {UP("'queue': {'packets': 1, 'us': 5}"),
         "routers[0].up.queue: takes exactly one of packets, bytes, us"},
        {UP("'queue': {'packets': 0.5}"),
         "routers[0].up.queue.packets: 0.5 is no whole number from 1 to 1000000"},
        {UP("'rate_steps': [{'at_us': 5, 'rate_bps': 1}, {'at_us': 5, 'rate_bps': 2}]"),
         "routers[0].up.rate_steps[1].at_us: is not later than the step before"},
        {UP("'rate_trace_ms': [3, 2]"), "routers[0].up.rate_trace_ms: [1] is earlier than the one before"},
        {UP("'rate_trace_ms': [0, 0]"), "routers[0].up.rate_trace_ms: the last moment must be above 0"},
        {UP("'jitter': {'us': 5, 'shape': 1}"),
         "routers[0].up.jitter.shape: 1 is no number from 1.01 to 1000"},
        {UP("'jitter': {}"), "routers[0].up.jitter.us: is missing"},
        {UP("'mtu': 60"), "routers[0].up.mtu: 60 is below 68, the least of IPv4"},
        {UP("'up': 1"), "routers[0].up.up: 1 is neither true nor false"},
        {UP("'delay': 1"), "routers[0].up.delay: unknown field; did you mean \"delay_us\"?"},
        {NAT("'mapping': 'endpoint-independent'"), "routers[0].nat.external: is missing"},
        {NAT("'external': []"), "routers[0].nat.external: takes 1 to 32 addresses"},
        {NAT("'external': ['2001:db8::1']"), "routers[0].nat.external: [0] is no IPv4 address"},
        {NAT("'external': ['1.2.3.4'], 'ports': 'odd'"),
         "routers[0].nat.ports: \"odd\" is none of preserve, parity, random, sequential"},
        {EDGE("'name': 'eth0', 'router': 'a', 'addresses': ['1.2.3.4']"),
         "hosts[0].interfaces[0].addresses: [0] is no address with the length of its prefix, as "
         "192.168.1.2/24"},
        {EDGE("'name': 'eth0', 'router': 'a', 'addresses': ['1.2.3.4/33']"),
         "hosts[0].interfaces[0].addresses: [0] is no address with the length of its prefix, as "
         "192.168.1.2/24"},
        {EDGE("'name': 'an-interface-0', 'router': 'a', 'addresses': ['2001:db8::1/64'], 'mtu': 1000"),
         "hosts[0].interfaces[0].mtu: 1000 is below 1280, the least of IPv6"},
        {EDGE("'name': 'a/b', 'router': 'a', 'addresses': ['1.2.3.4/8']"),
         "hosts[0].interfaces[0].name: \"a/b\" cannot be an interface's name"},
        {CHANGE("'at_us': 1, 'router': 'a', 'set': {'loss': {'p': 2}}"),
         "timeline[0].set.loss.p: 2 is no fraction from 0 to 1"},
        {CHANGE("'at_us': 1, 'host': 'a'"), "timeline[0]: neither down nor up is given"},
        {CHANGE("'router': 'a', 'set': {}"), "timeline[0].at_us: is missing"},
        {CHANGE("'at_us': 1, 'router': 'a', 'direction': 'left', 'set': {}"),
         "timeline[0].direction: \"left\" is none of up, down, both"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbNetworkDescription) d = parse(CASES[i].json, &error);

        CU_ASSERT_PTR_NULL(d);
        VCB_ASSERT_STRING(error ? error->message : NULL, CASES[i].message);
        CU_ASSERT_EQUAL(vcb_error_exit_status(error), 2);
    }
}

static char *list_of(const char *key, guint n)
{
    GString *text = g_string_new("{'network': 'n', '");

    g_string_append_printf(text, "%s': [", key);
    for (guint i = 0; i < n; i++)
        g_string_append_printf(
            text,
            strcmp(key, "hosts") == 0
                ? "%s{'name': 'h%u', 'interfaces': [{'name': 'eth0', 'router': 'internet', 'addresses': "
                  "['10.0.0.1/8']}]}"
                : "%s{'name': 'r%u', 'parent': 'internet'}",
            i ? "," : "", i);
    g_string_append(text, "]}");
    return g_string_free(text, FALSE);
}

static void takes_200_hosts_and_1000_routers_and_no_more(void)
{
    static const struct {
        const char *key;
        guint max;
        const char *message;
    } CASES[] = {{"hosts", 200, "hosts: 201 are more than 200"},
                 {"routers", 1000, "routers: 1001 are more than 1000"}};

    for (guint i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *most = list_of(CASES[i].key, CASES[i].max);
        g_autofree char *more = list_of(CASES[i].key, CASES[i].max + 1);
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbNetworkDescription) good = parse(most, NULL);
        g_autoptr(VcbNetworkDescription) bad = parse(more, &error);

        CU_ASSERT_PTR_NOT_NULL(good);
        CU_ASSERT_PTR_NULL(bad);
        VCB_ASSERT_STRING(error ? error->message : NULL, CASES[i].message);
    }
}

static gboolean apply(VcbLinkSettings *settings, const char *json, GError **error)
{
    g_autofree char *text = g_strdelimit(g_strdup(json), "'", '"');
    g_autoptr(cJSON) set = cJSON_Parse(text);

    return vcb_link_settings_apply(settings, set, "set", error);
}

static void a_change_that_fails_leaves_the_settings_as_they_were(void)
{
    g_autoptr(GError) error = NULL;
    VcbLinkSettings settings;

    vcb_link_settings_init(&settings);
    CU_ASSERT_TRUE(apply(&settings, "{'rate_steps': [{'at_us': 1, 'rate_bps': 5}], 'delay_us': 3}", NULL));
    CU_ASSERT_FALSE(apply(&settings, "{'delay_us': 4, 'rate_steps': [], 'corrupt': 7}", &error));
    VCB_ASSERT_STRING(error->message, "set.corrupt: 7 is no fraction from 0 to 1");
    CU_ASSERT_EQUAL(settings.delay_ns, 3000);
    CU_ASSERT_EQUAL(settings.n_rate_steps, 1);
    vcb_link_settings_clear(&settings);
}

static void a_change_touches_only_what_it_names(void)
{
    VcbLinkSettings settings;

    vcb_link_settings_init(&settings);
    CU_ASSERT_TRUE(
        apply(&settings, "{'delay_us': 3, 'mtu': 1400, 'rate_trace_ms': [1, 2], 'loss': {'p': 0.5}}", NULL));
    CU_ASSERT_TRUE(apply(&settings, "{'delay_us': 4}", NULL));
    CU_ASSERT_EQUAL(settings.delay_ns, 4000);
    CU_ASSERT_EQUAL(settings.mtu, 1400);
    CU_ASSERT_EQUAL(settings.n_trace, 2);
    VCB_ASSERT_NEAR(settings.loss_p, 0.5, 0);
    /* One way of saying a rate puts the others away; an object is replaced as a whole. */
    CU_ASSERT_TRUE(apply(&settings, "{'rate_bps': 1000, 'loss': {'k': 0.9}}", NULL));
    CU_ASSERT_EQUAL(settings.n_trace, 0);
    VCB_ASSERT_NEAR(settings.rate_bps, 1000, 0);
    VCB_ASSERT_NEAR(settings.loss_p, 0, 0);
    vcb_link_settings_clear(&settings);
}

static void addresses_are_told_apart(void)
{
    VcbAddress address;

    CU_ASSERT_TRUE(vcb_address_parse("192.168.1.2", &address));
    CU_ASSERT_FALSE(address.is_v6);
    CU_ASSERT_EQUAL(address.bytes[3], 2);
    CU_ASSERT_TRUE(vcb_address_parse("2001:db8::2", &address));
    CU_ASSERT_TRUE(address.is_v6);
    CU_ASSERT_EQUAL(address.bytes[15], 2);
    CU_ASSERT_FALSE(vcb_address_parse("192.168.1", &address));
    CU_ASSERT_FALSE(vcb_address_parse("", &address));
    CU_ASSERT_FALSE(vcb_address_parse("localhost", &address));
}

VCB_TEST_MAIN("network description", {"reads every field", reads_every_field},
              {"absent fields are the defaults", absent_fields_are_the_defaults},
              {"says where and what", says_where_and_what},
              {"takes 200 hosts and 1000 routers and no more", takes_200_hosts_and_1000_routers_and_no_more},
              {"a change that fails leaves the settings as they were",
               a_change_that_fails_leaves_the_settings_as_they_were},
              {"a change touches only what it names", a_change_touches_only_what_it_names},
              {"addresses are told apart", addresses_are_told_apart})
