/* What happens next: a binary heap of moments, each inside what it belongs to. Changing one costs O(log n). Moments
 * at the same time come in the order of their ranks, so that a run can be repeated. */
#pragma once

#include <glib.h>

typedef struct {
    gint64 at_ns; /* VCB_NEVER_NS: not in the heap */
    guint64 rank; /* unique */
    guint place;  /* in the heap, + 1; 0: not there */
    void *owner;  /* free for the caller */
    int kind;     /* the same */
} VcbMoment;

typedef struct {
    VcbMoment **moments; /* owned; what it points at is not */
    guint n, size;
} VcbHeap;

void vcb_heap_clear(VcbHeap *heap);

/* Put it in, move it, or take it out (VCB_NEVER_NS). */
void vcb_heap_set(VcbHeap *heap, VcbMoment *moment, gint64 at_ns);

/* The earliest, NULL: none. */
static inline VcbMoment *vcb_heap_first(const VcbHeap *heap)
{
    return heap->n ? heap->moments[0] : NULL;
}
