/* Running gnuplot: one process, with a deadline, dying with us (common/child.h). It draws into NAME.part
 * files, which are renamed once all are there, so that a graph is never half there. */
#include "harness/report/graphs.h"

#include "common/child.h"
#include "common/error.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/wait.h>

#define DEADLINE_MS 10000
#define PACKAGE "gnuplot is missing: apt-get install gnuplot-nox"

typedef struct {
    gboolean ended, late;
    int wait_status;
} Progress;

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    Progress *progress = user_data;

    progress->ended = TRUE;
    progress->wait_status = wait_status;
}

static gboolean on_deadline(gpointer user_data)
{
    ((Progress *)user_data)->late = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean run_gnuplot(const char *program, const char *directory, GError **error)
{
    const char *const argv[] = {program, "-d", "-e", "part='.part'", "graphs.gnuplot", NULL};
    g_autofree char *log_path = g_build_filename(directory, "logs", "gnuplot.log", NULL);
    g_autofree char *log_directory = g_path_get_dirname(log_path), *status = NULL;
    VcbChildParams params = {.argv = argv, .directory = directory, .log_path = log_path};
    Progress progress = {0};
    GStatBuf log_status;
    VcbChild *child;
    guint timer;

    if (g_mkdir_with_parents(log_directory, 0777) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", log_directory, g_strerror(errno));
        return FALSE;
    }
    child = vcb_child_spawn(&params, on_exited, &progress, error);
    if (!child)
        return FALSE;
    timer = g_timeout_add(DEADLINE_MS, on_deadline, &progress);
    while (!progress.ended && !progress.late)
        g_main_context_iteration(NULL, TRUE);
    if (!progress.late)
        g_source_remove(timer);
    vcb_child_free(child);
    if (g_stat(log_path, &log_status) == 0 && log_status.st_size == 0)
        g_unlink(log_path); /* nothing to complain about */
    if (progress.late) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "gnuplot took longer than %d s", DEADLINE_MS / 1000);
        return FALSE;
    }
    if (!WIFEXITED(progress.wait_status) || WEXITSTATUS(progress.wait_status) != 0) {
        status = vcb_child_describe_status(progress.wait_status);
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "gnuplot: %s; see logs/gnuplot.log", status);
        return FALSE;
    }
    return TRUE;
}

/* With `keep`, NAME.EXT.part becomes NAME.EXT; else it goes away. */
static gboolean finish_files(const GPtrArray *graphs, const char *directory, gboolean keep, GError **error)
{
    static const char *const EXTENSIONS[] = {"svg", "png"};

    for (guint i = 0; i < graphs->len; i++) {
        const VcbGraph *graph = graphs->pdata[i];

        for (gsize e = 0; e < G_N_ELEMENTS(EXTENSIONS); e++) {
            g_autofree char *name = g_strdup_printf("%s.%s", graph->name, EXTENSIONS[e]);
            g_autofree char *path = g_build_filename(directory, name, NULL);
            g_autofree char *part = g_strconcat(path, ".part", NULL);

            if (!keep) {
                g_unlink(part);
            } else if (rename(part, path) != 0) {
                g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", path, g_strerror(errno));
                return FALSE;
            }
        }
    }
    return TRUE;
}

gboolean vcb_graphs_draw(const VcbAnalysis *analysis, const char *directory, GPtrArray **ret_graphs,
                         GError **error)
{
    g_autofree char *program = g_find_program_in_path("gnuplot"), *script = NULL;
    g_autofree char *path = g_build_filename(directory, "graphs.gnuplot", NULL);
    g_autoptr(GPtrArray) graphs = NULL;

    if (!program) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, PACKAGE);
        return FALSE;
    }
    script = vcb_graphs_script(analysis, &graphs);
    if (!g_file_set_contents(path, script, -1, error))
        return FALSE;
    if (graphs->len && !run_gnuplot(program, directory, error)) {
        finish_files(graphs, directory, FALSE, NULL);
        return FALSE;
    }
    if (!finish_files(graphs, directory, TRUE, error))
        return FALSE;
    *ret_graphs = g_steal_pointer(&graphs);
    return TRUE;
}
