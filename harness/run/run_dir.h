/* The directory of a run (docs/run-directory.md): made before anything starts, and findable under `latest` at
 * once. */
#pragma once

#include <glib.h>

/* Make OUT/<scenario>/<UTC>-<seed>/ with logs/ in it, point OUT/<scenario>/latest at it, set room aside for
 * the report. New string; NULL and an error (VCB_ERROR_INVALID: says which folder and why) where it cannot be
 * made or written. */
char *vcb_run_dir_new(const char *out, const char *scenario, guint64 seed, GError **error);

/* Give the room that was set aside back, so that a report fits onto a disk that has filled up. */
void vcb_run_dir_release_reserve(const char *directory);
