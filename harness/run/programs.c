#include "harness/run/programs.h"

#include "common/error.h"

static const struct {
    const char *folder; /* in the build tree */
    const char *name;
} PROGRAMS[] = {
    [VCB_PROGRAM_SIGNALD] = {"signaling", "vcbench-signald"},
    [VCB_PROGRAM_PEER] = {"peers/gst", "vcbench-peer"},
    [VCB_PROGRAM_NET] = {"network/emulator", "vcbench-net"},
    [VCB_PROGRAM_TRAFFIC] = {"network/traffic", "vcbench-traffic"},
    [VCB_PROGRAM_BENCH_NETWORK] = {"bench", "vcbench-bench-network"},
    [VCB_PROGRAM_BENCH_SIGNALING] = {"bench", "vcbench-bench-signaling"},
};

char *vcb_program_find(VcbProgram program, GError **error)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *here = self ? g_path_get_dirname(self) : g_strdup(".");
    const char *override = g_getenv("VCBENCH_LIBEXEC");
    /* The executable of a build tree lies in harness/cli/. */
    char *candidates[] = {
        override ? g_build_filename(override, PROGRAMS[program].name, NULL) : NULL,
        g_build_filename(here, "..", "..", PROGRAMS[program].folder, PROGRAMS[program].name, NULL),
        g_build_filename(here, "..", "libexec", "vcbench", PROGRAMS[program].name, NULL),
        g_build_filename(VCB_LIBEXEC, PROGRAMS[program].name, NULL),
    };
    char *found = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(candidates); i++) {
        if (!found && candidates[i] && g_file_test(candidates[i], G_FILE_TEST_IS_EXECUTABLE))
            found = g_canonicalize_filename(candidates[i], NULL);
        g_free(candidates[i]);
    }
    if (!found)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                    "%s is missing: neither beside %s nor in " VCB_LIBEXEC "; build or install vcbench again",
                    PROGRAMS[program].name, here);
    return found;
}
