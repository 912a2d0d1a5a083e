/* `vcbench validate`: check scenarios without running them.
 *
 *   FILE... -> ok lines, --show: the scenario with its defaults (stdout); every problem (stderr) */
#include "harness/cli/command.h"

#include "common/error.h"
#include "harness/scenario/scenario.h"

#include <stdio.h>

static void print_ok(const VcbScenario *scenario)
{
    gint64 calls = 0;

    for (guint i = 0; i < scenario->n_variants; i++)
        calls += (gint64)scenario->variants[i].settings.pairs * scenario->variants[i].settings.repeat;
    g_print("%s: ok: %s, %u %s, %" G_GINT64_FORMAT " %s, %u %s\n", scenario->path, scenario->name,
            scenario->n_variants, scenario->n_variants == 1 ? "variant" : "variants", calls,
            calls == 1 ? "call" : "calls", scenario->n_expectations,
            scenario->n_expectations == 1 ? "expectation" : "expectations");
}

static gboolean check_file(const char *word, const char *const *sets, gboolean show)
{
    g_autofree char *path = vcb_cli_scenario_path(word);
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbScenario) scenario = vcb_scenario_load(path, sets, &error);

    if (!scenario) {
        g_printerr("%s\n", error->message);
        return FALSE;
    }
    if (show) {
        g_autofree char *text = vcb_scenario_show(scenario);

        g_print("%s", text);
    } else {
        print_ok(scenario);
    }
    return TRUE;
}

int vcb_cmd_validate(int argc, char **argv)
{
    gboolean show = FALSE, schema = FALSE;
    g_auto(GStrv) sets = NULL, files = NULL;
    const GOptionEntry entries[] = {
        {"show", 0, 0, G_OPTION_ARG_NONE, &show, "print each scenario as YAML with every default filled in",
         NULL},
        {"schema", 0, 0, G_OPTION_ARG_NONE, &schema, "print the language's JSON Schema, for editors", NULL},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &sets, "replace a setting, e.g. --set peer.video.codec=vp9",
         "PATH=VALUE"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE..."},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    int status = 0;

    g_set_prgname("vcbench validate");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, "Check scenarios without running them.");
    g_option_context_set_description(
        context, "Exit status: 0 every file is a scenario; 2 one is not: each problem is on stderr as\n"
                 "FILE:LINE:COLUMN: what is wrong; what was meant. The language: docs/scenario.md.\n");
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("vcbench validate: %s; `vcbench validate --help` lists the options\n", error->message);
        return VCB_ERROR_USAGE;
    }
    if (schema) {
        g_autofree char *text = vcb_scenario_json_schema();

        g_print("%s", text);
    }
    if (!files && !schema) {
        g_printerr("vcbench validate: no file is named; e.g. `vcbench validate scenarios/lan.yaml`\n");
        return VCB_ERROR_USAGE;
    }
    for (guint i = 0; files && files[i]; i++)
        if (!check_file(files[i], (const char *const *)sets, show))
            status = VCB_ERROR_USAGE;
    return status;
}
