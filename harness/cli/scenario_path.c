#include "harness/cli/command.h"

char *vcb_cli_scenario_path(const char *word)
{
    const char *folder = g_getenv("VCBENCH_DATA_DIR");
    g_autofree char *shipped = NULL;

    if (g_file_test(word, G_FILE_TEST_EXISTS) || g_path_is_absolute(word))
        return g_strdup(word);
    if (!folder)
        folder = VCB_DATA_DIR;
    /* Both ways to say it: as in a checkout, and by the bare name. */
    shipped = g_build_filename(folder, word, NULL);
    if (!g_file_test(shipped, G_FILE_TEST_IS_REGULAR)) {
        g_free(shipped);
        shipped = g_build_filename(folder, "scenarios", word, NULL);
    }
    return g_file_test(shipped, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer(&shipped) : g_strdup(word);
}
