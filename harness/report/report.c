#include "harness/report/report.h"

#include "common/clock.h"
#include "common/error.h"
#include "harness/report/graphs.h"
#include "harness/report/page.h"
#include "harness/report/text.h"
#include "harness/report/writers.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* Where one file fails the others are still made; the first failure is kept, in case all of them do. */
typedef struct {
    const char *directory;
    VcbAnalysis *analysis;
    guint n_written;
    GError *first_failure;
} Writing;

/* g_file_set_contents writes beside the file and renames. */
static gboolean write_file(Writing *writing, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(writing->directory, name, NULL);
    g_autoptr(GError) cause = NULL;

    if (g_file_set_contents(path, text, -1, &cause)) {
        writing->n_written++;
        return TRUE;
    }
    g_ptr_array_add(writing->analysis->notes,
                    g_strdup_printf("%s could not be written: %s", name, cause->message));
    if (!writing->first_failure)
        g_set_error(&writing->first_failure, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", name, cause->message);
    return FALSE;
}

static GPtrArray *draw(Writing *writing)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *graphs = NULL;

    if (!vcb_graphs_draw(writing->analysis, writing->directory, &graphs, &error))
        g_ptr_array_add(writing->analysis->notes, g_strdup_printf("No graphs: %s", error->message));
    return graphs;
}

static char *print_json(const cJSON *run)
{
    char *text = cJSON_Print(run), *line = g_strconcat(text, "\n", NULL);

    cJSON_free(text);
    return line;
}

/* A run that was killed left the room that it had set aside. */
static void drop_reserve(const char *directory)
{
    g_autofree char *path = g_build_filename(directory, ".reserve", NULL);

    g_unlink(path);
}

VcbReport *vcb_report_make(const char *directory, GError **error)
{
    gint64 began_us = vcb_clock_now_us();
    g_autofree char *log_path = g_build_filename(directory, "events.jsonl", NULL);
    g_autoptr(VcbRunData) data = vcb_run_data_load(log_path, error);
    g_autoptr(VcbAnalysis) analysis = NULL;
    g_autoptr(GPtrArray) graphs = NULL;
    g_autofree char *csv = NULL, *links = NULL, *junit = NULL, *page = NULL, *json = NULL;
    Writing writing = {.directory = directory};
    VcbReport *report;
    cJSON *run;

    if (!data)
        return NULL;
    drop_reserve(directory);
    analysis = vcb_analysis_new(data);
    writing.analysis = analysis;
    graphs = draw(&writing);
    csv = vcb_samples_csv(analysis);
    write_file(&writing, "samples.csv", csv);
    links = vcb_links_csv(analysis);
    if (links)
        write_file(&writing, "links.csv", links);
    junit = vcb_junit_xml(analysis);
    write_file(&writing, "junit.xml", junit);
    vcb_analysis_set_report_time(analysis, vcb_clock_now_us() - began_us);
    page = vcb_page_html(analysis, directory, graphs);
    write_file(&writing, "report.html", page);
    vcb_analysis_set_report_time(analysis, vcb_clock_now_us() - began_us);
    run = vcb_run_json(analysis);
    json = print_json(run);
    /* run.json is last: where it stands, the report is whole. */
    if (!write_file(&writing, "run.json", json)) {
        cJSON_Delete(run);
        g_propagate_prefixed_error(error, writing.first_failure, "%s: ", directory);
        return NULL;
    }
    g_clear_error(&writing.first_failure);
    report = g_new0(VcbReport, 1);
    report->verdict = analysis->verdict;
    report->reason = g_strdup(analysis->reason);
    report->directory = g_strdup(directory);
    report->run = run;
    return report;
}

void vcb_report_free(VcbReport *report)
{
    if (!report)
        return;
    g_free(report->reason);
    g_free(report->directory);
    cJSON_Delete(report->run);
    g_free(report);
}

static char *format_github(const VcbReport *report)
{
    g_autofree char *summary = vcb_github_summary(report->run);
    g_autofree char *annotations = vcb_github_annotations(report->run);
    g_autofree char *text = vcb_text_summary(report->run, report->directory, FALSE);
    g_autoptr(GError) error = NULL;
    g_autofree char *problem = NULL;

    if (!vcb_github_append_summary(summary, &error))
        problem = g_strdup_printf("::warning title=vcbench::%s\n", error->message);
    return g_strconcat(annotations, problem ? problem : "", text, NULL);
}

char *vcb_report_format(const VcbReport *report, VcbFormat format, gboolean colour)
{
    switch (format) {
    case VCB_FORMAT_JSON:
        return print_json(report->run);
    case VCB_FORMAT_GITHUB:
        return format_github(report);
    case VCB_FORMAT_TEXT:
        break;
    }
    return vcb_text_summary(report->run, report->directory, colour);
}
