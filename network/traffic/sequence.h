/* Which datagrams of a flow have come, by sequence number. Pure. */
#pragma once

#include <glib.h>

#define VCB_SEQUENCE_WINDOW                                                                                  \
    65536 /* a duplicate is told from a late one as long as it is so near the highest */

typedef struct {
    gboolean begun;
    guint64 highest;
    guint64 received; /* each counted once */
    guint64 duplicated, reordered;
    guint64 seen[VCB_SEQUENCE_WINDOW / 64];
} VcbSequence;

void vcb_sequence_add(VcbSequence *sequence, guint64 number);

/* Numbers below the highest, from 0, that have not come. */
guint64 vcb_sequence_lost(const VcbSequence *sequence);
