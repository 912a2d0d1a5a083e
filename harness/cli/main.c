/* vcbench: a lab for WebRTC calls on one machine.
 *
 *   cli/       this folder: one file a command
 *   scenario/  YAML -> checked settings
 *   run/       settings -> processes -> events.jsonl
 *   measure/   events.jsonl -> metrics, statistics, verdict
 *   report/    metrics -> run.json, report.html, graphs, junit.xml
 *
 * Data flows down this list and never back.
 */
#include "harness/cli/command.h"

#include "common/error.h"
#include "common/suggest.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *arguments, *summary;
} COMMANDS[] = {
    {"run", vcb_cmd_run, "FILE...", "run scenarios (the word `run` may be left out)"},
    {"validate", vcb_cmd_validate, "FILE...", "check scenarios without running them"},
    {"report", vcb_cmd_report, "RUN_DIR...", "make the report again from the run's log"},
    {"doctor", vcb_cmd_doctor, "", "what this machine can do, what is missing, what mends it"},
    {"bench", vcb_cmd_bench, "NAME", "measure what a part of vcbench costs on this machine"},
};

static void print_help(FILE *out)
{
    fputs("vcbench: a lab for WebRTC calls on one machine\n\n"
          "Usage:\n  vcbench [COMMAND] [OPTION...] [FILE...]\n\nCommands:\n",
          out);
    for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
        fprintf(out, "  %-9s %-11s %s\n", COMMANDS[i].name, COMMANDS[i].arguments, COMMANDS[i].summary);
    fputs("\n`vcbench COMMAND --help` lists a command's options; `vcbench --version` the version.\n"
          "First steps: vcbench scenarios/lan.yaml\n\n"
          "Exit status: 0 every expectation held; 1 one failed; 2 bad usage or scenario; 3 the run is "
          "invalid or the\n"
          "machine lacks something; 4 internal error; 128+N ended by signal N.\n",
          out);
}

static int unknown(const char *word)
{
    const char *names[G_N_ELEMENTS(COMMANDS) + 1] = {NULL};
    const char *nearest;

    for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
        names[i] = COMMANDS[i].name;
    nearest = vcb_suggest(word, names);
    fprintf(stderr, "vcbench: %s is neither a command nor a file", word);
    if (nearest)
        fprintf(stderr, "; did you mean `vcbench %s`?\n", nearest);
    else
        fputs("; `vcbench --help` lists the commands\n", stderr);
    return VCB_ERROR_USAGE;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    setlocale(LC_CTYPE, ""); /* not LC_NUMERIC: numbers are written the same way everywhere */
    signal(SIGPIPE, SIG_IGN);
    if (!word) {
        print_help(stderr);
        return VCB_ERROR_USAGE;
    }
    if (g_str_equal(word, "--help") || g_str_equal(word, "-h") || g_str_equal(word, "help")) {
        print_help(stdout);
        return 0;
    }
    if (g_str_equal(word, "--version")) {
        printf("vcbench %s\n", VCB_VERSION);
        return 0;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
        if (g_str_equal(word, COMMANDS[i].name))
            return COMMANDS[i].run(argc - 1, argv + 1);
    /* No command: scenarios or options of `run`. A word that looks like neither is more likely a slip. */
    if (*word != '-' && !strchr(word, '.') && !strchr(word, '/') && !g_file_test(word, G_FILE_TEST_EXISTS))
        return unknown(word);
    return vcb_cmd_run(argc, argv);
}
