#include "common/random.h"
#include "common/test.h"

static void the_same_name_gives_the_same_draws(void)
{
    g_autoptr(GRand) a = vcb_random_stream(7, "call/1/loss");
    g_autoptr(GRand) b = vcb_random_stream(7, "call/1/loss");

    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(g_rand_int(a), g_rand_int(b));
}

static void another_purpose_gives_other_draws(void)
{
    g_autoptr(GRand) a = vcb_random_stream(7, "call/1/loss");
    g_autoptr(GRand) b = vcb_random_stream(7, "call/1/jitter");
    int same = 0;

    for (int i = 0; i < 1000; i++)
        same += g_rand_int(a) == g_rand_int(b);
    CU_ASSERT_TRUE(same < 5);
}

/* The numbers are a promise to everybody who wrote a seed down: they may never change. */
static void derived_seeds_are_the_same_for_ever(void)
{
    g_autoptr(GRand) stream = vcb_random_stream(1, "x");

    CU_ASSERT_EQUAL(vcb_seed_derive(1, "call/0001"), G_GUINT64_CONSTANT(7093265779114731));
    CU_ASSERT_EQUAL(g_rand_int(stream), 3939049452u);
    CU_ASSERT_TRUE(vcb_seed_derive(VCB_SEED_MAX, "") <= VCB_SEED_MAX);
}

VCB_TEST_MAIN("random", {"the same name gives the same draws", the_same_name_gives_the_same_draws},
              {"another purpose gives other draws", another_purpose_gives_other_draws},
              {"derived seeds are the same for ever", derived_seeds_are_the_same_for_ever})
