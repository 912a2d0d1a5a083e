#include "harness/run/network_plan.h"

#include "common/error.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <string.h>

static VcbScenario *load(const char *text)
{
    g_autoptr(GError) error = NULL;
    VcbScenario *scenario = vcb_scenario_load_text("plan.yaml", text, strlen(text), NULL, &error);

    if (!scenario)
        g_printerr("%s\n", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static VcbNetworkPlan *plan(const VcbScenario *scenario, guint number, guint n_pairs)
{
    g_autofree char *name = g_strdup_printf("%04u", number);
    g_autoptr(GError) error = NULL;
    VcbNetworkPlan *plan =
        vcb_network_plan_call(&scenario->variants[0].settings, name, name, number, number, n_pairs, &error);

    if (!plan)
        g_printerr("%s\n", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static const cJSON *named(const cJSON *list, const char *name)
{
    const cJSON *item;

    cJSON_ArrayForEach (item, list)
        if (g_str_equal(vcb_json_string(item, "name", ""), name))
            return item;
    return NULL;
}

static const cJSON *router(const VcbNetworkPlan *plan, const char *name)
{
    return named(vcb_json_array(plan->create, "routers"), name);
}

/* Every address of a plan that stands on the internet itself: of hosts without NAT, and of the outermost NATs. */
static void collect_public(const VcbNetworkPlan *plan, GHashTable *seen)
{
    g_autofree char *text = vcb_json_print(plan->create);
    g_autoptr(GRegex) pattern = g_regex_new("\"((?:198\\.1[89]|2001:db8)[^\"/]*)", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;

    for (g_regex_match(pattern, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        char *address = g_match_info_fetch(match, 1);

        if (g_hash_table_contains(seen, address))
            g_printerr("%s: %s comes twice\n", plan->name, address);
        CU_ASSERT_FALSE_FATAL(g_hash_table_contains(seen, address));
        g_hash_table_add(seen, address);
    }
}

static void networks_at_the_same_time_share_no_public_address(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(VcbScenario) scenario = load(
        "network: {ip: dual, nat: symmetric, hosts: {bob: {nat: none}}, cross_traffic: [{kind: udp, behind: "
        "bob}]}");
    g_autoptr(VcbNetworkPlan) servers = vcb_network_plan_servers(1, TRUE, FALSE);

    collect_public(servers, seen);
    for (guint i = 1; i <= 2000; i++) {
        g_autoptr(VcbNetworkPlan) network = plan(scenario, 70000 + i, 1);

        collect_public(network, seen);
    }
}

static void a_wave_of_many_pairs_shares_no_public_address(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(VcbScenario) scenario = load("network: {shared: true, ip: dual}\npairs: 90");
    g_autoptr(VcbNetworkPlan) one = plan(scenario, 1, 90), other = plan(scenario, 2, 90);

    CU_ASSERT_EQUAL(one->n_hosts, 180);
    collect_public(one, seen);
    collect_public(other, seen);
}

static void a_host_behind_a_nat_has_a_private_address(void)
{
    g_autoptr(VcbScenario) scenario = load("network: {nat: symmetric, hosts: {bob: {nat: none}}}");
    g_autoptr(VcbNetworkPlan) network = plan(scenario, 1, 1);

    VCB_ASSERT_STRING(network->hosts[0].name, "alice");
    VCB_ASSERT_STRING(network->hosts[0].ipv4, "192.168.1.2");
    CU_ASSERT_PTR_NULL(network->hosts[0].ipv6);
    VCB_ASSERT_STRING(network->hosts[1].ipv4, "198.18.1.1");
    CU_ASSERT_PTR_NOT_NULL(vcb_json_object(router(network, "alice"), "nat"));
    CU_ASSERT_PTR_NULL(vcb_json_object(router(network, "bob"), "nat"));
}

static void nobody_translates_ipv6(void)
{
    g_autoptr(VcbScenario) scenario =
        load("network: {nat: symmetric, hosts: {bob: {ip: ipv6, nat: none}, alice: {ip: dual}}}");
    g_autoptr(VcbNetworkPlan) network = plan(scenario, 3, 1);

    VCB_ASSERT_STRING(network->hosts[0].ipv6, "2001:db8:3:1::2");
    VCB_ASSERT_STRING(network->hosts[1].ipv6, "2001:db8:3:2::2");
    CU_ASSERT_PTR_NULL(network->hosts[1].ipv4);
    CU_ASSERT_PTR_NULL(vcb_json_object(router(network, "bob"), "nat"));
}

static void parents_come_before_their_children(void)
{
    g_autoptr(VcbScenario) scenario =
        load("network: {shared: true, carrier_nat: symmetric, nat: [full-cone, restricted, symmetric], "
             "bottleneck: "
             "{behind: bob}, interfaces: [{name: wwan0, nat: symmetric}]}\npairs: 2");
    g_autoptr(VcbNetworkPlan) network = plan(scenario, 1, 2);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    const cJSON *item, *interface;

    g_hash_table_add(seen, (gpointer) "internet");
    cJSON_ArrayForEach (item, vcb_json_array(network->create, "routers")) {
        CU_ASSERT_TRUE(g_hash_table_contains(seen, vcb_json_string(item, "parent", "")));
        CU_ASSERT_FALSE(g_hash_table_contains(seen, vcb_json_string(item, "name", "")));
        g_hash_table_add(seen, (gpointer)vcb_json_string(item, "name", ""));
    }
    cJSON_ArrayForEach (item, vcb_json_array(network->create, "hosts"))
        cJSON_ArrayForEach (interface, vcb_json_array(item, "interfaces"))
            CU_ASSERT_TRUE(g_hash_table_contains(seen, vcb_json_string(interface, "router", "")));
    VCB_ASSERT_STRING(vcb_json_string(router(network, "bob-2-nat-3"), "parent", ""), "bottleneck");
    VCB_ASSERT_STRING(vcb_json_string(router(network, "bob-2-wwan0"), "parent", ""), "bottleneck");
    VCB_ASSERT_STRING(vcb_json_string(router(network, "alice-1-nat-3"), "parent", ""), "carrier");
    VCB_ASSERT_STRING(vcb_json_string(router(network, "bottleneck"), "parent", ""), "carrier");
}

static void hosts_are_called_by_pair_only_where_pairs_share_a_network(void)
{
    g_autoptr(VcbScenario) own = load("network: lan\npairs: 2"),
                           shared = load("network: {shared: true}\npairs: 2");
    g_autofree char *alone = vcb_network_plan_host_name(&own->variants[0].settings, 1, 2);
    g_autofree char *together = vcb_network_plan_host_name(&shared->variants[0].settings, 1, 2);

    VCB_ASSERT_STRING(alone, "bob");
    VCB_ASSERT_STRING(together, "bob-2");
}

static void a_pair_has_lines_of_its_own(void)
{
    g_autoptr(VcbScenario) scenario =
        load("pairs: 3\n"
             "network:\n"
             "  shared: true\n"
             "  hosts: {alice: {link: {delay: 20ms}}}\n"
             "  interfaces: [{name: wwan0, link: {delay: 70ms}}]\n"
             "  pairs: [{pair: 2, hosts: {alice: {up: {delay: 30ms}}}}, {pair: 3, hosts: {bob: wpt-dsl}}]\n");
    g_autoptr(VcbNetworkPlan) network = plan(scenario, 1, 3);
    const struct {
        const char *router;
        gint64 up_us, down_us;
    } ROUTERS[] = {
        {"alice-1", 20000, 20000},
        {"alice-2", 30000, 20000},
        {"alice-3", 20000, 20000},
        {"bob-1", 200, 200},
        {"bob-2", 200, 200},
        {"bob-3", 25000, 25000},
        {"alice-2-wwan0", 70000, 70000},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(ROUTERS); i++) {
        const cJSON *line = router(network, ROUTERS[i].router);

        CU_ASSERT_EQUAL(vcb_json_int(vcb_json_object(line, "up"), "delay_us", -1), ROUTERS[i].up_us);
        CU_ASSERT_EQUAL(vcb_json_int(vcb_json_object(line, "down"), "delay_us", -1), ROUTERS[i].down_us);
    }
}

static void a_trace_that_is_gone_is_an_error(void)
{
    g_autofree char *folder = g_dir_make_tmp("vcb-plan-XXXXXX", NULL),
                    *path = g_build_filename(folder, "gone.trace", NULL),
                    *text = g_strdup_printf("network: {hosts: {bob: {down: {trace: %s}}}}", path);
    g_autoptr(VcbScenario) scenario = NULL;
    g_autoptr(VcbNetworkPlan) network = NULL;
    g_autoptr(GError) error = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, "5\n10\n", -1, NULL));
    scenario = load(text);
    CU_ASSERT_EQUAL(g_remove(path), 0);
    network = vcb_network_plan_call(&scenario->variants[0].settings, "0001", "0001", 1, 1, 1, &error);
    CU_ASSERT_PTR_NULL(network);
    CU_ASSERT_TRUE(g_error_matches(error, VCB_ERROR, VCB_ERROR_INVALID));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, path));
    g_rmdir(folder);
}

VCB_TEST_MAIN(
    "network plan", {"a host behind a NAT has a private address", a_host_behind_a_nat_has_a_private_address},
    {"nobody translates IPv6", nobody_translates_ipv6},
    {"parents come before their children", parents_come_before_their_children},
    {"networks at the same time share no public address", networks_at_the_same_time_share_no_public_address},
    {"a pair has lines of its own", a_pair_has_lines_of_its_own},
    {"a trace that is gone is an error", a_trace_that_is_gone_is_an_error},
    {"a wave of many pairs shares no public address", a_wave_of_many_pairs_shares_no_public_address},
    {"hosts are called by pair only where pairs share a network",
     hosts_are_called_by_pair_only_where_pairs_share_a_network})
