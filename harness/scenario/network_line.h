/* One direction of a line, put together: begun with a profile, then `link`, `up`, `down` laid over it as they are found in the
 * tree.
 *
 *   profile -> link -> up or down -> the host's link -> its up or down -> VcbDirectionSettings */
#pragma once

#include "harness/scenario/bind.h"
#include "harness/scenario/network_table.h"

/* A line of that profile (NULL: without any impairment), in that direction. `text` holds nothing yet. */
void vcb_line_begin(VcbLineText *text, const char *profile, gboolean up);

/* Lay what the mapping `parent` (NULL is fine), which stands at `place`, has under `key` over it. Adds problems. */
void vcb_line_lay_over(VcbBinding *binding, const VcbNode *parent, VcbPlace place, const char *key,
                       VcbLineText *text);

/* What follows from what a mapping said of a line, beyond the fields that were read from it: losses from rate and burst, which word on
 * capacity counts, the trace's file. sound: each field was right by itself. Adds problems. */
void vcb_line_finish(VcbBinding *binding, const VcbNode *node, VcbLineText *text, gboolean sound);

/* The line; `text` holds nothing afterwards. */
VcbDirectionSettings vcb_line_end(VcbLineText *text);
