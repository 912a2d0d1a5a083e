/* What the emulator is told for a scenario: plan/NAME.yaml -> plan/NAME.json, the message `create` of its first call (with
 * `shared` of its only wave).
 *
 *   plan_test FOLDER [--update] */
#include "common/test.h"
#include "harness/run/network_plan.h"
#include "tests/scenario/golden.h"

#include <string.h>
#include <unistd.h>

static gboolean updates;

static const char *const NAMES[] = {"carrier", "handover", "pairs", "shared", "wifi"};

static void print_items(GString *out, const cJSON *list)
{
    const cJSON *item;

    g_string_append(out, "[\n");
    cJSON_ArrayForEach (item, list) {
        g_autofree char *line = vcb_json_print(item);

        g_string_append_printf(out, "  %s%s\n", line, item->next ? "," : "");
    }
    g_string_append_c(out, ']');
}

/* One router, host or entry a line. */
static char *print(const cJSON *create)
{
    GString *out = g_string_new("{\n");
    const cJSON *field;

    cJSON_ArrayForEach (field, create) {
        g_autofree char *text = NULL;

        g_string_append_printf(out, "\"%s\": ", field->string);
        if (cJSON_IsArray(field))
            print_items(out, field);
        else
            g_string_append(out, text = vcb_json_print(field));
        g_string_append(out, field->next ? ",\n" : "\n");
    }
    g_string_append(out, "}\n");
    return g_string_free(out, FALSE);
}

static void every_plan_is_as_written_down(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autofree char *file = g_strconcat(NAMES[i], ".yaml", NULL),
                        *golden = g_strconcat(NAMES[i], ".json", NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbScenario) scenario = vcb_scenario_load(file, NULL, &error);
        g_autoptr(VcbNetworkPlan) plan = NULL;
        const VcbSettings *settings;
        g_autofree char *text = NULL;

        if (!scenario)
            g_printerr("%s\n", error->message);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        settings = &scenario->variants[0].settings;
        plan = vcb_network_plan_call(settings, "0001", "0001", 42, 1,
                                     settings->net.shared ? (guint)settings->pairs : 1, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
        text = print(plan->create);
        golden_check(golden, text, updates);
    }
}

static void the_servers_are_as_written_down(void)
{
    g_autoptr(VcbNetworkPlan) plan = vcb_network_plan_servers(42, TRUE, TRUE);
    g_autofree char *text = print(plan->create);

    golden_check("servers.json", text, updates);
}

int main(int argc, char **argv)
{
    static const VcbTest TESTS[] = {
        {"every plan is as written down", every_plan_is_as_written_down},
        {"the servers are as written down", the_servers_are_as_written_down},
    };

    if (argc < 2 || chdir(argv[1]) != 0) {
        g_printerr("usage: plan_test FOLDER [--update]\n");
        return 2;
    }
    updates = argc > 2 && g_str_equal(argv[2], "--update");
    return vcb_test_run("plan", TESTS, G_N_ELEMENTS(TESTS));
}
