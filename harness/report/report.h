/* The report: everything in a run's directory that is made from its log.
 *
 *   events.jsonl -> measure -> run.json, samples.csv, junit.xml, report.html, *.svg, *.png -> a summary on
 * stdout */
#pragma once

#include "common/json.h"
#include "harness/measure/verdict.h"

typedef enum {
    VCB_FORMAT_TEXT,
    VCB_FORMAT_JSON,
    VCB_FORMAT_GITHUB,
} VcbFormat;

typedef struct {
    VcbVerdict verdict;
    char *reason;    /* one sentence; never NULL */
    char *directory; /* the run's */
    cJSON *run;      /* what run.json holds */
} VcbReport;

/* Read DIRECTORY/events.jsonl, compute, and write the report's files. Where one file cannot be made (no
 * gnuplot), the others still are, and the run's JSON holds a note. NULL: there is no log to read
 * (VCB_ERROR_USAGE), or nothing can be written (VCB_ERROR_INVALID). */
VcbReport *vcb_report_make(const char *directory, GError **error);
void vcb_report_free(VcbReport *report);

/* Print for a person, a program, or GitHub's log (annotations; the step summary goes to
 * $GITHUB_STEP_SUMMARY). New string. */
char *vcb_report_format(const VcbReport *report, VcbFormat format, gboolean colour);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbReport, vcb_report_free)
