/* What a person sees while a run goes on, on stderr: one line that is redrawn on a terminal, a line for each
 * call elsewhere. */
#pragma once

#include "harness/run/call.h"

typedef struct VcbProgress VcbProgress;

typedef enum {
    VCB_PROGRESS_AUTO, /* a bar on a terminal, lines elsewhere */
    VCB_PROGRESS_NONE,
} VcbProgressMode;

VcbProgress *vcb_progress_new(VcbProgressMode mode, const char *scenario, guint n_calls, gboolean colour);
void vcb_progress_free(VcbProgress *progress); /* leaves the terminal's line clean */

/* A call ended. */
void vcb_progress_call_ended(VcbProgress *progress, const VcbCall *call);

/* Redraw with the calls that are under way, for the time left. */
void vcb_progress_tick(VcbProgress *progress, guint under_way);

/* A line above the bar. */
void vcb_progress_note(VcbProgress *progress, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbProgress, vcb_progress_free)
