#include "network/traffic/sequence.h"

#include "common/random.h"
#include "common/test.h"

static void counts_nothing_before_the_first(void)
{
    g_autofree VcbSequence *sequence = g_new0(VcbSequence, 1);

    CU_ASSERT_EQUAL(vcb_sequence_lost(sequence), 0);
    vcb_sequence_add(sequence, 3);
    CU_ASSERT_EQUAL(vcb_sequence_lost(sequence), 3);
    CU_ASSERT_EQUAL(sequence->received, 1);
}

static void tells_a_late_one_from_a_duplicate(void)
{
    g_autofree VcbSequence *sequence = g_new0(VcbSequence, 1);
    static const guint64 numbers[] = {0, 2, 1, 1, 2, 70000, 69999, 70000, 69999};

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        vcb_sequence_add(sequence, numbers[i]);
    CU_ASSERT_EQUAL(sequence->received, 5);
    CU_ASSERT_EQUAL(sequence->duplicated, 4);
    CU_ASSERT_EQUAL(sequence->reordered, 2);
    CU_ASSERT_EQUAL(vcb_sequence_lost(sequence), 70001 - 5);
}

/* A random network that loses, doubles and holds back; the counters must tell what it did. */
static void tells_what_a_random_network_did(void)
{
    for (guint64 seed = 1; seed <= 20; seed++) {
        g_autofree VcbSequence *sequence = g_new0(VcbSequence, 1);
        g_autoptr(GRand) draws = vcb_random_stream(seed, "sequence-test");
        const guint64 n = 200000;
        guint64 lost = 0, duplicated = 0, reordered = 0, held = G_MAXUINT64;

        for (guint64 i = 0; i < n; i++) {
            double draw = g_rand_double(draws);

            if (i + 1 < n && draw < 0.1) {
                lost++;
            } else if (i + 1 < n && draw < 0.15 && held == G_MAXUINT64) {
                held = i;
            } else {
                vcb_sequence_add(sequence, i);
                if (draw > 0.95) {
                    vcb_sequence_add(sequence, i);
                    duplicated++;
                }
                if (held != G_MAXUINT64) {
                    vcb_sequence_add(sequence, held);
                    reordered++;
                    held = G_MAXUINT64;
                }
            }
        }
        if (vcb_sequence_lost(sequence) != lost || sequence->duplicated != duplicated ||
            sequence->reordered != reordered)
            g_printerr("seed %" G_GUINT64_FORMAT "\n", seed);
        CU_ASSERT_EQUAL(vcb_sequence_lost(sequence), lost);
        CU_ASSERT_EQUAL(sequence->duplicated, duplicated);
        CU_ASSERT_EQUAL(sequence->reordered, reordered);
        CU_ASSERT_EQUAL(sequence->received, n - lost);
    }
}

VCB_TEST_MAIN("sequence", {"counts nothing before the first", counts_nothing_before_the_first},
              {"tells a late one from a duplicate", tells_a_late_one_from_a_duplicate},
              {"tells what a random network did", tells_what_a_random_network_did})
