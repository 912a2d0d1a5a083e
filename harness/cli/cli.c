#include "harness/cli/command.h"

#include "common/error.h"
#include "common/suggest.h"
#include "harness/report/report.h"

#include <stdio.h>
#include <unistd.h>

gboolean vcb_cli_colour(int fd)
{
    const char *no_colour = g_getenv("NO_COLOR"), *term = g_getenv("TERM");

    return isatty(fd) && !(no_colour && *no_colour) && g_strcmp0(term, "dumb") != 0;
}

gboolean vcb_cli_parse_format(const char *text, int *ret_format, GError **error)
{
    static const char *const names[] = {
        [VCB_FORMAT_TEXT] = "text", [VCB_FORMAT_JSON] = "json", [VCB_FORMAT_GITHUB] = "github", NULL};
    const char *nearest;

    for (int i = 0; names[i]; i++) {
        if (g_strcmp0(text, names[i]) == 0) {
            *ret_format = i;
            return TRUE;
        }
    }
    nearest = vcb_suggest(text, names);
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "--format %s: expected text, json or github%s%s%s", text,
                nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
    return FALSE;
}

int vcb_cli_fail(const char *command, const GError *error)
{
    int status = error->domain == G_OPTION_ERROR ? VCB_ERROR_USAGE : vcb_error_exit_status(error);

    fprintf(stderr, "vcbench: %s\n", error->message);
    if (error->domain == G_OPTION_ERROR)
        fprintf(stderr, "vcbench %s --help lists the options.\n", command);
    return status;
}
