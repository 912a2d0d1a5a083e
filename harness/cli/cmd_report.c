/* vcbench report: the report of a run again, from its log alone. */
#include "harness/cli/command.h"

#include "common/error.h"
#include "harness/report/report.h"

#include <stdio.h>
#include <unistd.h>

int vcb_cmd_report(int argc, char **argv)
{
    g_auto(GStrv) directories = NULL;
    g_autofree char *format_text = NULL;
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &format_text, "what stdout gets: text, json, github", "FORMAT"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &directories, NULL, "RUN_DIR..."},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    int format = VCB_FORMAT_TEXT, status = 0;

    g_set_prgname("vcbench report");
    g_option_context_set_description(
        context, "Exit status: the verdict's: 0 every expectation held; 1 one failed; 3 the run "
                 "is invalid (also one that\nwas interrupted); 4 internal error.\n");
    g_option_context_set_summary(
        context, "Make run.json, report.html, graphs, junit.xml and samples.csv again from events.jsonl.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        return vcb_cli_fail("report", error);
    if (format_text && !vcb_cli_parse_format(format_text, &format, &error))
        return vcb_cli_fail("report", error);
    if (!directories || !directories[0]) {
        g_set_error_literal(&error, VCB_ERROR, VCB_ERROR_USAGE,
                            "report: no run's directory given, e.g. vcbench report results/lan/latest");
        return vcb_cli_fail("report", error);
    }
    for (char **directory = directories; *directory; directory++) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(VcbReport) report = vcb_report_make(*directory, &problem);
        g_autofree char *text = NULL;

        if (!report) {
            int failed = vcb_cli_fail("report", problem);

            status = MAX(status, failed);
            continue;
        }
        text = vcb_report_format(report, format, vcb_cli_colour(STDOUT_FILENO));
        fputs(text, stdout);
        if (!g_str_has_suffix(text, "\n"))
            putchar('\n');
        status = MAX(status, vcb_verdict_exit_status(report->verdict));
    }
    return status;
}
