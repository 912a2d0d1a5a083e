/* The result of a run in words: for a terminal (text.c), for GitHub's log (github.c). Made from run.json's
 * content. */
#pragma once

#include "common/json.h"

/* Verdict first. `colour`: ANSI colours. New string. */
char *vcb_text_summary(const cJSON *run, const char *directory, gboolean colour);

/* Workflow commands, one a line: `::error file=...,line=...::...` for each failed expectation, `::warning`
 * for what could not be judged, `::notice` for the verdict. New string. */
char *vcb_github_annotations(const cJSON *run);

/* The step summary in GitHub's Markdown. New string. */
char *vcb_github_summary(const cJSON *run);

/* Append text to the file named by $GITHUB_STEP_SUMMARY, if that is set. FALSE where it is set and cannot be
 * written. */
gboolean vcb_github_append_summary(const char *markdown, GError **error);
