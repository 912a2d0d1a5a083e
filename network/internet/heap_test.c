#include "network/internet/heap.h"

#include "common/test.h"
#include "network/link/packet.h"

#include <stdio.h>

#define N 300

/* Against a search through all of them. */
static void the_first_is_always_the_earliest(void)
{
    guint32 seed = g_random_int();
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    VcbMoment moments[N];
    VcbHeap heap = {0};
    guint wrong = 0;

    for (guint i = 0; i < N; i++)
        moments[i] = (VcbMoment){.at_ns = VCB_NEVER_NS, .rank = i};
    for (int step = 0; step < 20000; step++) {
        VcbMoment *moment = &moments[g_rand_int_range(random, 0, N)];
        const VcbMoment *first = NULL;

        vcb_heap_set(&heap, moment,
                     g_rand_int_range(random, 0, 3) == 0 ? VCB_NEVER_NS : g_rand_int_range(random, 0, 500));
        for (guint i = 0; i < N; i++) {
            if (moments[i].at_ns != VCB_NEVER_NS && (!first || moments[i].at_ns < first->at_ns))
                first = &moments[i]; /* the lowest rank of the earliest */
        }
        wrong += vcb_heap_first(&heap) != first;
    }
    if (wrong)
        g_printerr("seed %u\n", seed);
    CU_ASSERT_EQUAL(wrong, 0);
    for (guint i = 0; i < N; i++)
        vcb_heap_set(&heap, &moments[i], VCB_NEVER_NS);
    CU_ASSERT_PTR_NULL(vcb_heap_first(&heap));
    vcb_heap_clear(&heap);
}

VCB_TEST_MAIN("heap", {"the first is always the earliest", the_first_is_always_the_earliest})
