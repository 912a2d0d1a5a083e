/* Traces of a link's capacity in Mahimahi's format: one whole millisecond a line, not decreasing, at each of which 1500
 * bytes may leave; after the last line it begins anew, so that the last one is also the period. */
#pragma once

#include <glib.h>

#define VCB_TRACE_MOST 100000 /* lines */

/* The milliseconds, as guint32. The error (VCB_ERROR_USAGE) is "PATH:LINE: what is wrong; what was meant". */
GArray *vcb_trace_read(const char *path, GError **error);

/* The file that `name` means in the scenario `scenario_path`: beside it, else from the present folder. NULL where neither is
 * there. New string. */
char *vcb_trace_find(const char *name, const char *scenario_path);
