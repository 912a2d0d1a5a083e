/* vcbench run: load, run, report; one scenario after the other. */
#include "harness/cli/command.h"

#include "common/clock.h"
#include "common/error.h"
#include "harness/report/report.h"
#include "harness/run/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *out, *format, *repeat, *seed, *jobs;
    char **sets, **filters, **files;
    gboolean no_progress;
    int parsed_format;
} Arguments;

static void arguments_clear(Arguments *arguments)
{
    g_free(arguments->out);
    g_free(arguments->format);
    g_free(arguments->repeat);
    g_free(arguments->seed);
    g_free(arguments->jobs);
    g_strfreev(arguments->sets);
    g_strfreev(arguments->filters);
    g_strfreev(arguments->files);
}

static gboolean parse(Arguments *arguments, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &arguments->out, "results folder (default: results)", "DIR"},
        {"repeat", 0, 0, G_OPTION_ARG_STRING, &arguments->repeat, "repeats of each call", "N"},
        {"seed", 0, 0, G_OPTION_ARG_STRING, &arguments->seed, "seed of all decisions", "S"},
        {"jobs", 'j', 0, G_OPTION_ARG_STRING, &arguments->jobs,
         "calls at once (default: what the machine bears)", "N"},
        {"set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->sets,
         "override a setting, e.g. peer.video.codec=h264", "PATH=VALUE"},
        {"filter", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments->filters,
         "only these calls, by matrix value, pair or repeat", "K=V"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &arguments->format, "what stdout gets: text, json, github",
         "FORMAT"},
        {"no-progress", 0, 0, G_OPTION_ARG_NONE, &arguments->no_progress, "say nothing until the verdict",
         NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments->files, NULL, "FILE..."},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_auto(GStrv) copy = NULL;
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    /* GLib takes the words apart in place: give it a copy, and keep argv for the report. */
    for (int i = 0; i < argc; i++)
        g_ptr_array_add(words, g_strdup(argv[i]));
    g_ptr_array_add(words, NULL);
    copy = (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
    g_set_prgname("vcbench run");
    g_option_context_set_summary(context, "Run scenarios and judge them.");
    g_option_context_set_description(
        context,
        "Exit status: 0 every expectation held; 1 one failed; 2 bad usage or scenario; 3 the run is\n"
        "invalid or the machine lacks something; 4 internal error; 128+N ended by signal N.\n");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse_strv(context, &copy, error))
        return FALSE;
    if (!arguments->files || !arguments->files[0]) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_USAGE,
                            "run: no scenario given, e.g. vcbench scenarios/lan.yaml");
        return FALSE;
    }
    if (!arguments->out)
        arguments->out = g_strdup("results");
    if (!*arguments->out) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_USAGE, "--out: no folder given, e.g. --out results");
        return FALSE;
    }
    return !arguments->format || vcb_cli_parse_format(arguments->format, &arguments->parsed_format, error);
}

/* --repeat, --seed and --jobs are --set under a shorter name. */
static char **all_sets(const Arguments *arguments)
{
    g_autoptr(GPtrArray) sets = g_ptr_array_new();

    for (char **set = arguments->sets; set && *set; set++)
        g_ptr_array_add(sets, g_strdup(*set));
    if (arguments->repeat)
        g_ptr_array_add(sets, g_strdup_printf("repeat=%s", arguments->repeat));
    if (arguments->seed)
        g_ptr_array_add(sets, g_strdup_printf("seed=%s", arguments->seed));
    if (arguments->jobs)
        g_ptr_array_add(sets, g_strdup_printf("jobs=%s", arguments->jobs));
    g_ptr_array_add(sets, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&sets), FALSE);
}

/* One scenario from its file to its verdict on stdout. Returns the exit status. */
static int run_one(const Arguments *arguments, const VcbScenario *scenario, const char *const *command)
{
    VcbRunOptions options = {
        .out = arguments->out,
        .command = command,
        .filters = (const char *const *)arguments->filters,
        .progress = !arguments->no_progress,
        .colour = vcb_cli_colour(STDERR_FILENO),
        .started_us = vcb_clock_now_us(),
    };
    g_autoptr(GError) error = NULL, report_error = NULL;
    g_autoptr(VcbReport) report = NULL;
    g_autofree char *directory = NULL, *text = NULL;
    int number = 0, status;

    directory = vcb_run(scenario, &options, &number, &error);
    if (!directory)
        return vcb_cli_fail("run", error);
    report = vcb_report_make(directory, &report_error);
    if (report) {
        text = vcb_report_format(report, arguments->parsed_format, vcb_cli_colour(STDOUT_FILENO));
        fputs(text, stdout);
        if (!g_str_has_suffix(text, "\n"))
            putchar('\n');
        fflush(stdout);
    } else {
        vcb_cli_fail("run", report_error);
    }
    if (number)
        return 128 + number;
    if (error)
        return vcb_cli_fail("run", error);
    status = report ? vcb_verdict_exit_status(report->verdict) : vcb_error_exit_status(report_error);
    return status;
}

/* The status of several scenarios together: an interruption, then what is worst. */
static int worse(int a, int b)
{
    static const int order[] = {0, 3, 1, 2, 4}; /* from good to bad */
    gsize rank_a = 0, rank_b = 0;

    if (a > 128 || b > 128)
        return MAX(a, b);
    for (gsize i = 0; i < G_N_ELEMENTS(order); i++) {
        if (order[i] == a)
            rank_a = i;
        if (order[i] == b)
            rank_b = i;
    }
    return rank_a >= rank_b ? a : b;
}

static void free_scenario(gpointer scenario)
{
    vcb_scenario_free(scenario);
}

int vcb_cmd_run(int argc, char **argv)
{
    Arguments arguments = {.parsed_format = VCB_FORMAT_TEXT};
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) scenarios = g_ptr_array_new_with_free_func(free_scenario);
    g_auto(GStrv) sets = NULL;
    g_autoptr(GPtrArray) command = g_ptr_array_new();
    int status = 0;

    if (!parse(&arguments, argc, argv, &error)) {
        status = vcb_cli_fail("run", error);
        arguments_clear(&arguments);
        return status;
    }
    sets = all_sets(&arguments);
    /* All files are checked before the first one runs. */
    for (char **file = arguments.files; *file; file++) {
        g_autoptr(GError) problem = NULL;
        g_autofree char *path = vcb_cli_scenario_path(*file);
        VcbScenario *scenario = vcb_scenario_load(path, (const char *const *)sets, &problem);

        if (scenario) {
            g_ptr_array_add(scenarios, scenario);
        } else {
            fprintf(stderr, "%s\n", problem->message);
            status = worse(status, vcb_error_exit_status(problem));
        }
    }
    if (status != 0)
        g_ptr_array_set_size(scenarios, 0);
    /* As a person would type it again. */
    g_ptr_array_add(command, (gpointer) "vcbench");
    g_ptr_array_add(command, (gpointer) "run");
    for (int i = 1; i < argc; i++)
        g_ptr_array_add(command, argv[i]);
    g_ptr_array_add(command, NULL);
    for (guint i = 0; i < scenarios->len; i++) {
        int one;

        if (scenarios->len > 1 && !arguments.no_progress)
            fprintf(stderr, "%s (%u of %u)\n", arguments.files[i], i + 1, scenarios->len);
        one = run_one(&arguments, scenarios->pdata[i], (const char *const *)command->pdata);
        status = worse(status, one);
        if (one > 128)
            break;
    }
    arguments_clear(&arguments);
    return status;
}
