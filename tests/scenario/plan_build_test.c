/* What is planned can be built: the emulator's own code takes the plan of every variant, of the scenarios that are shipped and of
 * random ones, two at a time beside the servers.
 *
 *   plan_build_test SCENARIO... */
#include "common/test.h"
#include "harness/run/network_plan.h"
#include "harness/scenario/network_size.h"
#include "network/internet/internet.h"
#include "tests/scenario/random_scenario.h"

#include <string.h>

static char **files;

static gboolean refuse(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data)
{
    return FALSE; /* nobody sends here */
}

static VcbNetwork *build(VcbInternet *internet, const VcbNetworkPlan *plan, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbNetworkDescription) description = vcb_network_description_parse(plan->create, &error);
    VcbNetwork *network = description ? vcb_internet_add(internet, description, 0, &error) : NULL;

    if (!network)
        g_printerr("%s: %s\n", what, error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(network);
    return network;
}

/* Returns how many of the variants have a network. */
static guint build_all(const VcbScenario *scenario, const char *what)
{
    static const VcbInternetEvents EVENTS = {.output = refuse};
    VcbInternet *internet = vcb_internet_new(&EVENTS, NULL);
    g_autoptr(VcbNetworkPlan) servers = vcb_network_plan_servers(1, TRUE, FALSE);
    guint n = 0;

    build(internet, servers, "the servers");
    for (guint i = 0; i < scenario->n_variants; i++) {
        const VcbSettings *settings = &scenario->variants[i].settings;
        guint n_pairs = settings->net.shared ? (guint)settings->pairs : 1;
        VcbNetwork *networks[2];
        gsize most_bytes;

        if (!settings->net.enabled)
            continue;
        n++;
        most_bytes = vcb_network_most_bytes(settings);
        for (guint k = 0; k < 2; k++) {
            g_autofree char *name = g_strdup_printf("%04u", k);
            g_autoptr(VcbNetworkPlan) plan =
                vcb_network_plan_call(settings, name, name, 7, 2 * i + k + 1, n_pairs, NULL);
            g_autofree char *create = NULL;

            CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
            create = vcb_json_print(plan->create);
            if (strlen(create) > most_bytes)
                g_printerr("%s: longer than was reckoned with\n", what);
            CU_ASSERT_TRUE(strlen(create) <= most_bytes);
            networks[k] = build(internet, plan, what);
        }
        for (guint k = 0; k < 2; k++)
            vcb_internet_remove(internet, networks[k], 0);
    }
    vcb_internet_free(internet, 0);
    return n;
}

static void every_shipped_network_can_be_built(void)
{
    guint n = 0;

    for (guint i = 0; files[i]; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbScenario) scenario = vcb_scenario_load(files[i], NULL, &error);

        if (!scenario)
            g_printerr("%s\n", error->message);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        n += build_all(scenario, files[i]);
    }
    CU_ASSERT_TRUE(n >= 60);
}

static void every_random_network_can_be_built(void)
{
    const char *given = g_getenv("VCB_TEST_SEED");
    guint32 seed = given ? (guint32)g_ascii_strtoull(given, NULL, 10) : 1;
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    guint n = 0;

    for (int i = 0; i < 200; i++) {
        g_autofree char *text = random_scenario(random);
        g_autofree char *what = g_strdup_printf("seed %u, number %d:\n%s", seed, i, text);
        g_autoptr(VcbScenario) scenario =
            vcb_scenario_load_text("random.yaml", text, strlen(text), NULL, NULL);

        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        n += build_all(scenario, what);
    }
    CU_ASSERT_TRUE(n >= 50);
}

int main(int argc, char **argv)
{
    static const VcbTest TESTS[] = {
        {"every shipped network can be built", every_shipped_network_can_be_built},
        {"every random network can be built", every_random_network_can_be_built},
    };

    files = argv + 1;
    return vcb_test_run("plan, built", TESTS, G_N_ELEMENTS(TESTS));
}
