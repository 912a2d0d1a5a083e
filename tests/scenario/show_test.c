/* The property of --show: what it prints is a scenario, and the same one.
 *
 *   show_test SCENARIO... */
#include "common/test.h"
#include "harness/scenario/fields.h"
#include "tests/scenario/random_scenario.h"

#include <string.h>

static char **files;

static gboolean expectations_equal(const VcbExpectation *a, const VcbExpectation *b)
{
    return g_str_equal(a->expression, b->expression) && g_str_equal(a->metric, b->metric) &&
           g_str_equal(a->statistic, b->statistic) && g_str_equal(a->comparison, b->comparison) &&
           a->value == b->value && a->high == b->high && a->percent == b->percent && a->variant == b->variant;
}

/* What differs, or NULL. */
static const char *difference(const VcbScenario *a, const VcbScenario *b)
{
    if (!g_str_equal(a->name, b->name))
        return "name";
    if (a->n_variants != b->n_variants)
        return "number of variants";
    for (guint i = 0; i < a->n_variants; i++) {
        if (!g_str_equal(a->variants[i].name, b->variants[i].name))
            return "a variant's name";
        if (!vcb_json_equal(a->variants[i].matrix, b->variants[i].matrix))
            return "a variant's matrix";
        if (!vcb_settings_equal(&a->variants[i].settings, &b->variants[i].settings))
            return "a variant's settings";
    }
    if (a->n_expectations != b->n_expectations)
        return "number of expectations";
    for (guint i = 0; i < a->n_expectations; i++)
        if (!expectations_equal(&a->expectations[i], &b->expectations[i]))
            return "an expectation";
    return NULL;
}

static void assert_shown_is_the_same(const VcbScenario *scenario, const char *what)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *shown = vcb_scenario_show(scenario);
    /* In the same folder, as a trace lies beside its scenario. */
    g_autofree char *folder = g_path_get_dirname(scenario->path);
    g_autofree char *path = g_build_filename(folder, "shown.yaml", NULL);
    g_autofree char *again = NULL;
    g_autoptr(VcbScenario) back = vcb_scenario_load_text(path, shown, strlen(shown), NULL, &error);
    const char *different = back ? difference(scenario, back) : error->message;

    if (different)
        g_printerr("%s: %s\n%s\n", what, different, shown);
    CU_ASSERT_PTR_NULL_FATAL(different);
    again = vcb_scenario_show(back);
    VCB_ASSERT_STRING(again, shown);
}

static void every_scenario_of_the_folder_shows_itself(void)
{
    CU_ASSERT_TRUE(g_strv_length(files) >= 8);
    for (guint i = 0; files[i]; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbScenario) scenario = vcb_scenario_load(files[i], NULL, &error);

        if (!scenario)
            g_printerr("%s\n", error->message);
        CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
        CU_ASSERT_TRUE(scenario->variants[0].settings.description != NULL);
        assert_shown_is_the_same(scenario, files[i]);
    }
}

static void every_random_scenario_shows_itself(void)
{
    const char *given = g_getenv("VCB_TEST_SEED");
    guint32 seed = given ? (guint32)g_ascii_strtoull(given, NULL, 10) : 1;
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    guint loaded = 0;

    for (int i = 0; i < 400; i++) {
        g_autofree char *text = random_scenario(random);
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbScenario) scenario =
            vcb_scenario_load_text("random.yaml", text, strlen(text), NULL, &error);
        g_autofree char *what = g_strdup_printf("seed %u, number %d", seed, i);

        if (scenario) {
            loaded++;
            assert_shown_is_the_same(scenario, what);
        } else {
            g_printerr("%s: %s\n%s\n", what, error->message, text);
            CU_FAIL("a random scenario was refused");
        }
    }
    CU_ASSERT_EQUAL(loaded, 400);
}

int main(int argc, char **argv)
{
    static const VcbTest TESTS[] = {
        {"every scenario of the folder shows itself", every_scenario_of_the_folder_shows_itself},
        {"every random scenario shows itself", every_random_scenario_shows_itself},
    };

    files = argv + 1;
    return vcb_test_run("show", TESTS, G_N_ELEMENTS(TESTS));
}
