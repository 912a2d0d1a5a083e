#include "harness/run/run_dir.h"

#include "common/clock.h"
#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define RESERVE_BYTES (2 << 20)

static gboolean make(const char *path, GError **error)
{
    if (g_mkdir_with_parents(path, 0755) == 0)
        return TRUE;
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                "the results folder %s cannot be made: %s; choose another one with --out DIR", path,
                g_strerror(errno));
    return FALSE;
}

/* Blocks that exist, not a hole: a full disk must not surprise us at the end. */
static gboolean reserve(const char *directory, GError **error)
{
    g_autofree char *path = g_build_filename(directory, ".reserve", NULL);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    int problem;

    if (fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                    "the results folder %s cannot be written: %s; choose another one with --out DIR",
                    directory, g_strerror(errno));
        return FALSE;
    }
    problem = posix_fallocate(fd, 0, RESERVE_BYTES);
    close(fd);
    if (problem == 0)
        return TRUE;
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                "the results folder %s: %s; free some room or choose another one with --out DIR", directory,
                g_strerror(problem));
    return FALSE;
}

/* A relative link, replaced in one step, so that `latest` always points at a run. */
static void point_latest_at(const char *parent, const char *name)
{
    g_autofree char *link = g_build_filename(parent, "latest", NULL);
    g_autofree char *fresh = g_strdup_printf("%s/.latest-%d", parent, (int)getpid());

    unlink(fresh);
    if (symlink(name, fresh) == 0 && rename(fresh, link) != 0)
        unlink(fresh);
}

char *vcb_run_dir_new(const char *out, const char *scenario, guint64 seed, GError **error)
{
    g_autofree char *parent = g_build_filename(out, scenario, NULL);
    g_autofree char *utc = vcb_clock_utc_compact();
    g_autofree char *directory = NULL, *logs = NULL;

    if (!make(parent, error))
        return NULL;
    /* Two runs within one second get a suffix. */
    for (int attempt = 1; attempt <= 100; attempt++) {
        g_autofree char *name = attempt == 1
                                    ? g_strdup_printf("%s-%" G_GUINT64_FORMAT, utc, seed)
                                    : g_strdup_printf("%s-%" G_GUINT64_FORMAT ".%d", utc, seed, attempt);

        g_free(directory);
        directory = g_build_filename(parent, name, NULL);
        if (g_mkdir(directory, 0755) == 0) {
            logs = g_build_filename(directory, "logs", NULL);
            if (!make(logs, error) || !reserve(directory, error))
                return NULL;
            point_latest_at(parent, name);
            return g_steal_pointer(&directory);
        }
        if (errno != EEXIST)
            break;
    }
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                "the results folder %s cannot be made: %s; choose another one with --out DIR", directory,
                g_strerror(errno));
    return NULL;
}

void vcb_run_dir_release_reserve(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, ".reserve", NULL);

    unlink(path);
}
