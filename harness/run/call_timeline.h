/* The timeline of a call: each entry is told when its time has come. Main thread only. */
#pragma once

#include "harness/scenario/scenario.h"

typedef struct VcbCallTimeline VcbCallTimeline;

typedef void (*VcbCallTimelineTold)(const VcbTimelineEntry *entry, gpointer user_data);

/* Its times count from now on. Entries of other pairs than `pair` are left out. `settings` must outlive it. */
VcbCallTimeline *vcb_call_timeline_new(const VcbSettings *settings, int pair, VcbCallTimelineTold told,
                                       gpointer user_data);

/* What has not come yet does not come any more. NULL is fine; from within `told`, too. */
void vcb_call_timeline_free(VcbCallTimeline *timeline);
