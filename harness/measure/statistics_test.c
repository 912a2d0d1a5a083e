#include "harness/measure/statistics.h"

#include "common/random.h"
#include "common/test.h"

#include <math.h>

static void quantiles_are_of_type_7(void)
{
    static const double SORTED[] = {1, 2, 3, 4, 10};

    VCB_ASSERT_NEAR(vcb_quantile(SORTED, 5, 0.5), 3, 0);
    VCB_ASSERT_NEAR(vcb_quantile(SORTED, 5, 0.95), 8.8, 1e-12);
    VCB_ASSERT_NEAR(vcb_quantile(SORTED, 4, 0.5), 2.5, 1e-12);
    VCB_ASSERT_NEAR(vcb_quantile(SORTED, 5, 0), 1, 0);
    VCB_ASSERT_NEAR(vcb_quantile(SORTED, 5, 1), 10, 0);
    VCB_ASSERT_NEAR(vcb_quantile(SORTED, 1, 0.95), 1, 0);
}

/* Ten of ten, and the values of Newcombe, "Two-sided confidence intervals for the single proportion",
 * Statistics in Medicine 17 (1998), table I, method 3. */
static void wilson_intervals_are_the_textbooks(void)
{
    static const struct {
        double successes;
        guint n;
        double low, high;
    } CASES[] = {{81, 263, 0.2553, 0.3662},
                 {15, 148, 0.0624, 0.1605},
                 {0, 20, 0, 0.1611},
                 {1, 29, 0.0061, 0.1718},
                 {10, 10, 0.7225, 1}};

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        double low, high;

        vcb_wilson_interval(CASES[i].successes, CASES[i].n, &low, &high);
        VCB_ASSERT_NEAR(low, CASES[i].low, 0.00006);
        VCB_ASSERT_NEAR(high, CASES[i].high, 0.00006);
    }
}

/* n = 5: P(M* <= x_(1)) = P(Bin(5, 1/5) >= 3) = 0.058 > 0.025, so the interval spans all; n = 15: from the
 * 4th to the 12th. */
static void median_intervals_are_order_statistics(void)
{
    double values[101], low, high;

    for (int i = 0; i < 101; i++)
        values[i] = i + 1;
    vcb_median_interval(values, 1, &low, &high);
    VCB_ASSERT_NEAR(low, 1, 0);
    VCB_ASSERT_NEAR(high, 1, 0);
    vcb_median_interval(values, 5, &low, &high);
    VCB_ASSERT_NEAR(low, 1, 0);
    VCB_ASSERT_NEAR(high, 5, 0);
    vcb_median_interval(values, 15, &low, &high);
    VCB_ASSERT_NEAR(low, 4, 0);
    VCB_ASSERT_NEAR(high, 12, 0);
    vcb_median_interval(values, 101, &low, &high); /* symmetric about 51 */
    VCB_ASSERT_NEAR(low + high, 102, 0);
}

/* The exact interval agrees with what resampling finds, for an odd number of values. */
static void median_intervals_agree_with_resampling(void)
{
    enum { N = 21, RESAMPLES = 20000 };
    double values[N], low, high;
    int at_or_below_low = 0, at_or_below_before = 0;
    g_autoptr(GRand) draws = vcb_random_stream(5, "resample");

    for (int i = 0; i < N; i++)
        values[i] = i;
    vcb_median_interval(values, N, &low, &high);
    for (int r = 0; r < RESAMPLES; r++) {
        double sample[N], median;

        for (int i = 0; i < N; i++)
            sample[i] = values[g_rand_int_range(draws, 0, N)];
        median = vcb_statistics_of(sample, N, FALSE).median;
        at_or_below_low += median <= low;
        at_or_below_before += median <= low - 1;
    }
    CU_ASSERT_TRUE(at_or_below_low >= 0.022 * RESAMPLES);
    CU_ASSERT_TRUE(at_or_below_before <= 0.028 * RESAMPLES);
}

static void statistics_keep_their_order(void)
{
    g_autoptr(GRand) draws = vcb_random_stream(6, "statistics");

    for (int round = 0; round < 300; round++) {
        double values[50];
        guint n = (guint)g_rand_int_range(draws, 1, 51);
        VcbStatistics s;

        for (guint i = 0; i < n; i++)
            values[i] = g_rand_double_range(draws, -1e6, 1e6);
        s = vcb_statistics_of(values, n, FALSE);
        CU_ASSERT_TRUE(s.n == n && s.min <= s.mean && s.mean <= s.max && s.min <= s.median &&
                       s.median <= s.p95 && s.p95 <= s.max && s.ci_low <= s.median && s.median <= s.ci_high);
    }
}

static void no_value_has_no_statistics(void)
{
    VcbStatistics s = vcb_statistics_of(NULL, 0, FALSE);
    double value = -1;

    CU_ASSERT_TRUE(isnan(s.median) && isnan(s.mean) && isnan(s.ci_low));
    CU_ASSERT_TRUE(vcb_statistics_get(&s, "n", &value));
    VCB_ASSERT_NEAR(value, 0, 0);
    CU_ASSERT_FALSE(vcb_statistics_get(&s, "mode", &value));
}

VCB_TEST_MAIN("statistics", {"quantiles are of type 7", quantiles_are_of_type_7},
              {"Wilson intervals are the textbook's", wilson_intervals_are_the_textbooks},
              {"median intervals are order statistics", median_intervals_are_order_statistics},
              {"median intervals agree with resampling", median_intervals_agree_with_resampling},
              {"statistics keep their order", statistics_keep_their_order},
              {"no value has no statistics", no_value_has_no_statistics})
