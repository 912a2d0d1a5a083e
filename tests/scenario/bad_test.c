/* Every way in which a scenario can be wrong: bad/NAME.yaml must be refused with the text of bad/NAME.txt.
 *
 *   bad_test FOLDER [--update] */
#include "common/error.h"
#include "common/test.h"
#include "harness/scenario/scenario.h"
#include "tests/scenario/golden.h"

#include <string.h>
#include <unistd.h>

static gboolean updates;
static GPtrArray *names; /* files of the folder, in order */

static void every_file_is_refused_with_its_text(void)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbScenario) scenario = vcb_scenario_load(name, NULL, &error);
        g_autofree char *base = g_strndup(name, strlen(name) - strlen(".yaml"));
        g_autofree char *golden = g_strconcat(base, ".txt", NULL);
        g_autofree char *text = NULL;

        CU_ASSERT_PTR_NULL(scenario);
        if (!error) {
            g_printerr("%s: was taken\n", name);
            continue;
        }
        CU_ASSERT_TRUE(g_error_matches(error, VCB_ERROR, VCB_ERROR_USAGE));
        text = g_strconcat(error->message, "\n", NULL);
        golden_check(golden, text, updates);
    }
}

/* The form that editors and CI systems read. */
static void every_problem_has_a_place_and_a_remedy(void)
{
    for (guint i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbScenario) scenario = vcb_scenario_load(name, NULL, &error);
        g_auto(GStrv) lines = error ? g_strsplit(error->message, "\n", -1) : NULL;
        g_autofree char *prefix = g_strconcat("^", name, ":[0-9]+:[0-9]+: .+(; |: .+: ).+", NULL);
        g_autofree char *rest = g_strconcat("^", name, ": and [0-9]+ more problems$", NULL);

        CU_ASSERT_PTR_NULL(scenario);
        for (guint k = 0; lines && lines[k]; k++) {
            gboolean fine = lines[k][0] == ' ' || g_regex_match_simple(prefix, lines[k], 0, 0) ||
                            g_regex_match_simple(rest, lines[k], 0, 0);

            if (!fine)
                g_printerr("no place or no remedy: %s\n", lines[k]);
            CU_ASSERT_TRUE(fine);
        }
    }
}

/* Raise it with each new one. */
#define N_KINDS 107

static void no_kind_got_lost(void)
{
    CU_ASSERT_EQUAL(names->len, N_KINDS);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    static const VcbTest TESTS[] = {
        {"no kind got lost", no_kind_got_lost},
        {"every file is refused with its text", every_file_is_refused_with_its_text},
        {"every problem has a place and a remedy", every_problem_has_a_place_and_a_remedy},
    };
    g_autoptr(GDir) folder = argc > 1 ? g_dir_open(argv[1], 0, NULL) : NULL;
    const char *name;
    int status;

    if (!folder || chdir(argv[1]) != 0) {
        g_printerr("usage: bad_test FOLDER [--update]\n");
        return 2;
    }
    g_unsetenv("VCB_TEST_UNSET");
    g_unsetenv("VCB_TEST_PORT");
    updates = argc > 2 && g_str_equal(argv[2], "--update");
    names = g_ptr_array_new_with_free_func(g_free);
    while ((name = g_dir_read_name(folder)))
        if (g_str_has_suffix(name, ".yaml"))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare);
    status = vcb_test_run("bad scenarios", TESTS, G_N_ELEMENTS(TESTS));
    g_ptr_array_unref(names);
    return status;
}
