#include "network/internet/heap.h"

#include "network/link/packet.h"

void vcb_heap_clear(VcbHeap *heap)
{
    g_free(heap->moments);
    *heap = (VcbHeap){0};
}

static gboolean is_before(const VcbMoment *a, const VcbMoment *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->rank < b->rank;
}

static void put(VcbHeap *heap, guint at, VcbMoment *moment)
{
    heap->moments[at] = moment;
    moment->place = at + 1;
}

static void sift_up(VcbHeap *heap, guint at, VcbMoment *moment)
{
    while (at > 0 && is_before(moment, heap->moments[(at - 1) / 2])) {
        put(heap, at, heap->moments[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(heap, at, moment);
}

static void sift_down(VcbHeap *heap, guint at, VcbMoment *moment)
{
    for (;;) {
        guint child = 2 * at + 1;

        if (child >= heap->n)
            break;
        if (child + 1 < heap->n && is_before(heap->moments[child + 1], heap->moments[child]))
            child++;
        if (!is_before(heap->moments[child], moment))
            break;
        put(heap, at, heap->moments[child]);
        at = child;
    }
    put(heap, at, moment);
}

/* Into the place `at`, which is free, and from there to where it belongs. */
static void settle(VcbHeap *heap, guint at, VcbMoment *moment)
{
    if (at > 0 && is_before(moment, heap->moments[(at - 1) / 2]))
        sift_up(heap, at, moment);
    else
        sift_down(heap, at, moment);
}

void vcb_heap_set(VcbHeap *heap, VcbMoment *moment, gint64 at_ns)
{
    if (moment->place && moment->at_ns == at_ns)
        return;
    moment->at_ns = at_ns;
    if (at_ns == VCB_NEVER_NS) {
        guint at = moment->place - 1;
        VcbMoment *last;

        if (!moment->place)
            return;
        moment->place = 0;
        last = heap->moments[--heap->n];
        if (at < heap->n)
            settle(heap, at, last);
        return;
    }
    if (moment->place) {
        settle(heap, moment->place - 1, moment);
        return;
    }
    if (heap->n == heap->size) {
        heap->size = MAX(64, 2 * heap->size);
        heap->moments = g_renew(VcbMoment *, heap->moments, heap->size);
    }
    heap->n++;
    settle(heap, heap->n - 1, moment);
}
