/* vcbench bench: run one of the benchmarks, which are programs of their own: vcbench-bench-NAME. */
#include "harness/cli/command.h"

#include "common/error.h"
#include "common/suggest.h"
#include "harness/run/programs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *summary;
    VcbProgram program;
    /* What it measures lies beside us, so that the benchmark need not look for it: told by this variable. */
    VcbProgram subject;
    const char *variable;
} BENCHES[] = {
    {"network",
     "the emulated network: delay, lateness and capacity, packets a second, beside what the kernel has",
     VCB_PROGRAM_BENCH_NETWORK, VCB_PROGRAM_NET, "VCB_NET"},
    {"signaling", "the signaling server: processor time of a message, round trip, memory of a connection",
     VCB_PROGRAM_BENCH_SIGNALING, VCB_PROGRAM_SIGNALD, "VCB_SIGNALD"},
};

static void print_help(FILE *out)
{
    fputs("Usage:\n  vcbench bench NAME [ARGUMENT...]\n\n"
          "Measures what a part of vcbench costs on this machine. ARGUMENTs go to the benchmark.\n\n"
          "Benchmarks that are here:\n",
          out);
    for (gsize i = 0; i < G_N_ELEMENTS(BENCHES); i++) {
        g_autofree char *program = vcb_program_find(BENCHES[i].program, NULL);

        if (program)
            fprintf(out, "  %-10s %s\n", BENCHES[i].name, BENCHES[i].summary);
    }
    fputs("\nOptions:\n  -h, --help   show this help\n\n"
          "Exit status: the benchmark's; 2 bad usage; 3 the benchmark is not installed.\n",
          out);
}

static int unknown(const char *name)
{
    const char *names[G_N_ELEMENTS(BENCHES) + 1] = {NULL};
    const char *nearest;

    for (gsize i = 0; i < G_N_ELEMENTS(BENCHES); i++)
        names[i] = BENCHES[i].name;
    nearest = vcb_suggest(name, names);
    fprintf(stderr, "vcbench: bench: there is no benchmark \"%s\"%s%s%s; `vcbench bench --help` lists them\n",
            name, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return VCB_ERROR_USAGE;
}

/* Returns only where it cannot become the benchmark. argv[0] is its name. */
static int become(gsize bench, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = vcb_program_find(BENCHES[bench].program, &error), *subject = NULL;

    if (path)
        subject = vcb_program_find(BENCHES[bench].subject, &error);
    if (!subject)
        return vcb_cli_fail("bench", error);
    g_setenv(BENCHES[bench].variable, subject, FALSE);
    execv(path, argv);
    g_set_error(&error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", path, g_strerror(errno));
    return vcb_cli_fail("bench", error);
}

int vcb_cmd_bench(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        print_help(stdout);
        return 0;
    }
    if (argc < 2) {
        print_help(stderr);
        return VCB_ERROR_USAGE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(BENCHES); i++)
        if (strcmp(argv[1], BENCHES[i].name) == 0)
            return become(i, argv + 1);
    return unknown(argv[1]);
}
