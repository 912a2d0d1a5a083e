#include "network/traffic/pacer.h"

#include "common/test.h"

#define MS ((gint64)1000000)

/* Ticks of exactly `tick_ns` for a second: how many datagrams, and the most in one tick. */
static guint64 run(VcbPacer *pacer, gint64 from_ns, gint64 tick_ns, guint *ret_most)
{
    guint64 sum = 0;

    *ret_most = 0;
    for (gint64 now = from_ns; now < from_ns + 1000 * MS; now += tick_ns) {
        guint n = vcb_pacer_take(pacer, now);

        sum += n;
        *ret_most = MAX(*ret_most, n);
    }
    return sum;
}

static void keeps_the_rate_over_hours(void)
{
    static const double rates[] = {9824, 64e3, 1e6, 10e6, 333333, 1e9};

    for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
        VcbPacer pacer;
        guint64 hour = (guint64)(3600 * rates[i] / 8 / 1228);

        vcb_pacer_init(&pacer, 5 * MS, rates[i], 1228);
        pacer.slot = hour;
        VCB_ASSERT_NEAR((double)vcb_pacer_next_ns(&pacer), 5e6 + (double)hour * 1228 * 8e9 / rates[i], 1.0);
    }
}

static void sends_at_the_rate_without_bursts(void)
{
    static const double rates[] = {64e3, 1e6, 10e6, 100e6};

    for (gsize i = 0; i < G_N_ELEMENTS(rates); i++) {
        VcbPacer pacer;
        guint most;
        double expected = rates[i] / 8 / 1228;

        vcb_pacer_init(&pacer, 0, rates[i], 1228);
        /* The last millisecond is not asked for any more. */
        VCB_ASSERT_NEAR((double)run(&pacer, 0, MS, &most), expected, 2 + expected / 1000);
        CU_ASSERT_TRUE(most <= (guint)(expected / 1000) + 2);
        CU_ASSERT_EQUAL(pacer.skipped, 0);
    }
}

static void catches_up_by_one_a_tick_after_a_late_one(void)
{
    VcbPacer pacer;

    vcb_pacer_init(&pacer, 0, 1228 * 8 * 1000.0, 1228); /* one a millisecond */
    CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, 0), 1);
    /* Asked again only after 10 ms: 10 are due, 2 are allowed now and at each further tick. */
    for (gint64 tick = 10; tick < 19; tick++)
        CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, tick * MS), 2);
    CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, 19 * MS), 1);
    CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, 20 * MS), 1);
    CU_ASSERT_EQUAL(pacer.skipped, 0);
}

static void gives_up_what_is_too_far_behind(void)
{
    VcbPacer pacer;
    guint most;
    guint64 sent;

    vcb_pacer_init(&pacer, 0, 1228 * 8 * 1000.0, 1228);
    sent = vcb_pacer_take(&pacer, 500 * MS);
    CU_ASSERT_TRUE(sent <= 2);
    sent += run(&pacer, 501 * MS, MS, &most);
    CU_ASSERT_TRUE(most <= 2);
    VCB_ASSERT_NEAR((double)(sent + pacer.skipped), 1501, 1);
    CU_ASSERT_TRUE(pacer.skipped >= 499);
}

static void sends_nothing_early(void)
{
    VcbPacer pacer;

    vcb_pacer_init(&pacer, 100 * MS, 1e6, 1228);
    CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, 100 * MS - 1), 0);
    CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, 100 * MS), 1);
    CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, vcb_pacer_next_ns(&pacer) - 1), 0);
    CU_ASSERT_EQUAL(vcb_pacer_take(&pacer, vcb_pacer_next_ns(&pacer)), 1);
}

VCB_TEST_MAIN("pacer", {"keeps the rate over hours", keeps_the_rate_over_hours},
              {"sends at the rate, without bursts", sends_at_the_rate_without_bursts},
              {"catches up by one a tick after a late one", catches_up_by_one_a_tick_after_a_late_one},
              {"gives up what is too far behind", gives_up_what_is_too_far_behind},
              {"sends nothing early", sends_nothing_early})
