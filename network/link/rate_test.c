/* Capacity by itself: fixed, in steps, by a trace. */
#include "common/test.h"
#include "network/link/link_fixture.h"
#include "network/link/rate.h"

/* When `bytes` that begin to be sent at begin_ns are sent. */
static gint64 sent_ns(VcbRate *rate, gint64 begin_ns, guint bytes)
{
    double bits = bytes * 8.0;

    vcb_rate_idle(rate, begin_ns);
    return vcb_rate_send(rate, &bits, VCB_NEVER_NS) ? rate->at_ns : VCB_NEVER_NS;
}

static void remainders_below_a_nanosecond_are_kept(void)
{
    VcbLinkSettings settings = {.rate_bps = 3e9};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, 0);
    for (int i = 1; i <= 3000000; i++) { /* 1 byte: 2.667 ns */
        gint64 end_ns = sent_ns(&rate, 0, 1);

        if (i % 1000000 == 0)
            VCB_ASSERT_NEAR((double)end_ns, i * 8.0 / 3.0, 1);
    }
}

static void steps_count_from_the_origin(void)
{
    VcbRateStep steps[] = {{0, 1e6}, {10 * MS_NS, 2e6}, {20 * MS_NS, 0}, {30 * MS_NS, 1e3}};
    VcbLinkSettings settings = {.rate_bps = 5e5, .rate_steps = steps, .n_rate_steps = 4};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, S_NS);
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, S_NS, 0), 1e6, 0); /* stands at the beginning */
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, S_NS, S_NS + 10 * MS_NS - 1), 1e6, 0);
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, S_NS, S_NS + 10 * MS_NS), 2e6, 0);
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, S_NS, S_NS + 25 * MS_NS), 0, 0);
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, S_NS, 2 * S_NS), 1e3, 0);
    CU_ASSERT_EQUAL(sent_ns(&rate, S_NS - 4 * MS_NS, 1000), S_NS + 4 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1000), S_NS + 11 * MS_NS); /* 6 ms at 1, 1 ms at 2 Mbit/s */
    CU_ASSERT_EQUAL(sent_ns(&rate, S_NS + 18 * MS_NS, 1500), S_NS + 20 * MS_NS); /* the rest at no limit */
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 9000), S_NS + 20 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, S_NS + 30 * MS_NS, 1), S_NS + 38 * MS_NS);
}

static void before_the_first_step_it_is_the_fixed_rate(void)
{
    VcbRateStep steps[] = {{5 * MS_NS, 1e6}, {5 * MS_NS, 2e6}};
    VcbLinkSettings settings = {.rate_bps = 8e6, .rate_steps = steps, .n_rate_steps = 2};

    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, 0, 4 * MS_NS), 8e6, 0);
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, 0, 5 * MS_NS), 2e6, 0); /* of equal moments the last */
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, VCB_NEVER_NS, S_NS), 8e6, 0);
}

static void a_trace_carries_1500_bytes_a_stamp(void)
{
    guint32 trace[] = {2, 5, 5, 10};
    VcbLinkSettings settings = {.trace_ms = trace, .n_trace = 4, .rate_bps = 1};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, 0);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1500), 2 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1500), 5 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1500), 5 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1500), 10 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1500), 12 * MS_NS); /* begins anew */
    CU_ASSERT_EQUAL(sent_ns(&rate, 15 * MS_NS + 1, 1500), 20 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 20 * MS_NS, 1500), 22 * MS_NS); /* 20 is used already */
    CU_ASSERT_EQUAL(sent_ns(&rate, 40 * MS_NS, 1500), 40 * MS_NS); /* at the very moment */
    CU_ASSERT_EQUAL(sent_ns(&rate, S_NS * 3600 * 24 * 30, 1500), S_NS * 3600 * 24 * 30);
    VCB_ASSERT_NEAR(vcb_rate_bps(&settings, 0, 0), 4 * 12000 / 0.010, 1e-6);
}

static void small_packets_share_an_opportunity(void)
{
    guint32 trace[] = {1, 2, 3};
    VcbLinkSettings settings = {.trace_ms = trace, .n_trace = 3};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, 0);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 700), MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 700), MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 700), 2 * MS_NS); /* 100 of 1, 600 of 2 */
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 900), 2 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1), 3 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 9000), 9 * MS_NS); /* 1499 + 5 * 1500 + 1 */
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1499), 9 * MS_NS);
}

static void what_an_opportunity_does_not_carry_is_lost(void)
{
    guint32 trace[] = {1, 2, 3};
    VcbLinkSettings settings = {.trace_ms = trace, .n_trace = 3};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, 0);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 100), MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, MS_NS + 1, 1500), 2 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 2 * MS_NS, 1500), 3 * MS_NS);
}

static void equal_stamps_and_zero_are_chances_each(void)
{
    guint32 trace[] = {0, 0, 4, 4};
    VcbLinkSettings settings = {.trace_ms = trace, .n_trace = 4};
    gint64 expected[] = {0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, 0);
    for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
        CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1500), expected[i] * MS_NS);
}

static void a_trace_of_one_stamp_is_a_clock(void)
{
    guint32 trace[] = {3};
    VcbLinkSettings settings = {.trace_ms = trace, .n_trace = 1};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, 7);
    for (gint64 i = 1; i <= 1000; i++)
        CU_ASSERT_EQUAL(sent_ns(&rate, 7, 1500), 7 + i * 3 * MS_NS);
}

static void before_its_origin_a_trace_is_its_mean(void)
{
    guint32 trace[] = {1, 1, 2}; /* 18 Mbit/s */
    VcbLinkSettings settings = {.trace_ms = trace, .n_trace = 3};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, VCB_NEVER_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 9000), 4 * MS_NS);
    vcb_rate_reset(&rate, 5 * MS_NS); /* 2250 bytes until then, 750 of the stamp at 6 ms */
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 3000), 6 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 2250), 6 * MS_NS);
    CU_ASSERT_EQUAL(sent_ns(&rate, 0, 1), 7 * MS_NS);
}

static void sending_stops_where_it_is_told(void)
{
    guint32 trace[] = {1};
    VcbLinkSettings fixed = {.rate_bps = 1e6}, traced = {.trace_ms = trace, .n_trace = 1};
    double bits = 8000;
    VcbRate rate;

    vcb_rate_init(&rate, &fixed, 0);
    vcb_rate_idle(&rate, 0);
    CU_ASSERT_FALSE(vcb_rate_send(&rate, &bits, 5 * MS_NS));
    VCB_ASSERT_NEAR(bits, 3000, 1e-6);
    CU_ASSERT_EQUAL(rate.at_ns, 5 * MS_NS);
    CU_ASSERT_FALSE(vcb_rate_send(&rate, &bits, 5 * MS_NS));
    VCB_ASSERT_NEAR(bits, 3000, 1e-6);
    CU_ASSERT_TRUE(vcb_rate_send(&rate, &bits, 8 * MS_NS));

    bits = 9000 * 8;
    vcb_rate_init(&rate, &traced, 0);
    vcb_rate_idle(&rate, 0);
    CU_ASSERT_FALSE(vcb_rate_send(&rate, &bits, 2 * MS_NS + 1));
    VCB_ASSERT_NEAR(bits, 6000 * 8, 1e-6);
    CU_ASSERT_TRUE(vcb_rate_send(&rate, &bits, VCB_NEVER_NS));
    CU_ASSERT_EQUAL(rate.at_ns, 6 * MS_NS);
}

/* A rate so low that a packet would take longer than time lasts. */
static void a_rate_of_almost_nothing_never_ends(void)
{
    VcbLinkSettings settings = {.rate_bps = 1e-9};
    VcbRate rate;

    vcb_rate_init(&rate, &settings, 0);
    CU_ASSERT_EQUAL(sent_ns(&rate, S_NS, 1500), VCB_NEVER_NS);
}

VCB_TEST_MAIN("rate", {"remainders below a nanosecond are kept", remainders_below_a_nanosecond_are_kept},
              {"steps count from the origin", steps_count_from_the_origin},
              {"before the first step it is the fixed rate", before_the_first_step_it_is_the_fixed_rate},
              {"a trace carries 1500 bytes a stamp", a_trace_carries_1500_bytes_a_stamp},
              {"small packets share an opportunity", small_packets_share_an_opportunity},
              {"what an opportunity does not carry is lost", what_an_opportunity_does_not_carry_is_lost},
              {"equal stamps and zero are chances each", equal_stamps_and_zero_are_chances_each},
              {"a trace of one stamp is a clock", a_trace_of_one_stamp_is_a_clock},
              {"before its origin a trace is its mean", before_its_origin_a_trace_is_its_mean},
              {"sending stops where it is told", sending_stops_where_it_is_told},
              {"a rate of almost nothing never ends", a_rate_of_almost_nothing_never_ends})
