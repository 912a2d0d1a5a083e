/* Goldens: tests/golden/NAME.jsonl -> NAME.run.json, NAME.samples.csv, NAME.links.csv, NAME.junit.xml, compared to the byte.
 *
 *   golden_test GOLDEN_DIRECTORY [--update]      --update writes what the code gives now; look at the
 * difference, then commit */
#include "common/json.h"
#include "harness/report/writers.h"

#include <stdio.h>
#include <string.h>

static const char *const NAMES[] = {"clean", "glare", "killed", "matrix", "relay-skipped", "network", "late"};

/* In place of the time that making the report takes, which is no two times the same. */
#define REPORT_US 250000

static char *run_json_text(const VcbAnalysis *analysis)
{
    g_autoptr(cJSON) run = vcb_run_json(analysis);
    char *text = cJSON_Print(run), *line = g_strconcat(text, "\n", NULL);

    cJSON_free(text);
    return line;
}

static guint first_difference(const char *a, const char *b)
{
    guint line = 1;

    for (; *a && *a == *b; a++, b++)
        line += *a == '\n';
    return line;
}

static gboolean check(const char *directory, const char *name, const char *suffix, const char *text,
                      gboolean update)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL), *path = g_build_filename(directory, file, NULL);
    g_autofree char *expected = NULL;
    g_autoptr(GError) error = NULL;

    if (update) {
        if (!g_file_set_contents(path, text, -1, &error))
            g_printerr("%s\n", error->message);
        return error == NULL;
    }
    if (!g_file_get_contents(path, &expected, NULL, &error)) {
        g_printerr("%s\n", error->message);
        return FALSE;
    }
    if (strcmp(text, expected) != 0) {
        g_printerr("%s: differs from line %u on; with --update it is written anew\n", path,
                   first_difference(text, expected));
        return FALSE;
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    gboolean update = argc == 3 && strcmp(argv[2], "--update") == 0, good = TRUE;

    if (argc < 2) {
        g_printerr("usage: golden_test GOLDEN_DIRECTORY [--update]\n");
        return 2;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        g_autofree char *file = g_strconcat(NAMES[i], ".jsonl", NULL);
        g_autofree char *path = g_build_filename(argv[1], file, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbRunData) data = vcb_run_data_load(path, &error);
        g_autoptr(VcbAnalysis) analysis = NULL;
        g_autofree char *json = NULL, *csv = NULL, *links = NULL, *junit = NULL;

        if (!data) {
            g_printerr("%s\n", error->message);
            return 1;
        }
        analysis = vcb_analysis_new(data);
        vcb_analysis_set_report_time(analysis, REPORT_US);
        json = run_json_text(analysis);
        csv = vcb_samples_csv(analysis);
        links = vcb_links_csv(analysis);
        junit = vcb_junit_xml(analysis);
        good = check(argv[1], NAMES[i], ".run.json", json, update) && good;
        good = check(argv[1], NAMES[i], ".samples.csv", csv, update) && good;
        good = (!links || check(argv[1], NAMES[i], ".links.csv", links, update)) && good;
        good = check(argv[1], NAMES[i], ".junit.xml", junit, update) && good;
    }
    return good ? 0 : 1;
}
