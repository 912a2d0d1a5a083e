#include "harness/scenario/trace.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE (VCB_TRACE_MOST * 11) /* bytes: ten digits and a newline each */

static gboolean fail(const char *path, const char *why, GError **error)
{
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: %s; name a file in Mahimahi's format", path, why);
    return FALSE;
}

/* All of a regular file: a scenario may come from elsewhere, and name a device or a pipe. */
static gboolean read_file(const char *path, GString *text, GError **error)
{
    char chunk[16384];
    struct stat status;
    ssize_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return fail(path, g_strerror(errno), error);
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return fail(path, "is no file of text", error);
    }
    while (text->len <= LARGEST_FILE &&
           ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0)
            g_string_append_len(text, chunk, n);
    n = n < 0 ? errno : 0;
    close(fd);
    return n == 0 || fail(path, g_strerror((int)n), error);
}

static gboolean parse_line(const char *path, guint line, const char *text, gsize length, GArray *trace,
                           GError **error)
{
    g_autofree char *shown = g_strndup(text, MIN(length, 40));
    g_autofree char *valid = g_utf8_make_valid(shown, -1);
    guint64 number = 0;
    guint32 before = trace->len ? g_array_index(trace, guint32, trace->len - 1) : 0, value;

    if (length > 10 || !g_ascii_string_to_unsigned(shown, 10, 0, G_MAXUINT32, &number, NULL)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "%s:%u: `%s` is no whole number of milliseconds; write one a line, e.g. 12", path, line,
                    valid);
        return FALSE;
    }
    if (number < before) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "%s:%u: %s lies before %u, the line above; sort the lines by time", path, line, valid,
                    before);
        return FALSE;
    }
    value = (guint32)number;
    g_array_append_val(trace, value);
    return TRUE;
}

GArray *vcb_trace_read(const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GArray) trace = g_array_new(FALSE, FALSE, sizeof(guint32));
    const char *p;

    if (!read_file(path, text, error))
        return NULL;
    p = text->str;
    for (guint line = 1; p < text->str + text->len; line++) {
        gsize length = strcspn(p, "\n");

        if (line > VCB_TRACE_MOST) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s:%u: a trace has at most %d lines; cut it",
                        path, line, VCB_TRACE_MOST);
            return NULL;
        }
        if (!parse_line(path, line, p, length - (length && p[length - 1] == '\r'), trace, error))
            return NULL;
        p += length + 1;
    }
    if (!trace->len || !g_array_index(trace, guint32, trace->len - 1)) {
        g_set_error(
            error, VCB_ERROR, VCB_ERROR_USAGE,
            "%s:%u: the trace ends at no time, so nothing could repeat; end it with a millisecond above "
            "0",
            path, MAX(trace->len, 1));
        return NULL;
    }
    return g_steal_pointer(&trace);
}

char *vcb_trace_find(const char *name, const char *scenario_path)
{
    g_autofree char *folder = g_path_get_dirname(scenario_path);
    g_autofree char *beside = g_build_filename(folder, name, NULL);

    if (!g_path_is_absolute(name) && g_file_test(beside, G_FILE_TEST_EXISTS))
        return g_steal_pointer(&beside);
    return g_file_test(name, G_FILE_TEST_EXISTS) ? g_strdup(name) : NULL;
}
