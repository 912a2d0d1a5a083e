#include "network/emulator/histogram.h"

#include "common/random.h"
#include "common/test.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

static void percentiles_are_those_of_the_sorted_values_to_within_a_percent(void)
{
    enum { N = 20000 };
    g_autofree gint64 *values = g_new(gint64, N);
    g_autoptr(GRand) random = vcb_random_stream(7, "histogram");
    VcbHistogram histogram = {0};

    for (guint i = 0; i < N; i++) { /* from 1 ns to 1000 s, evenly in the logarithm */
        values[i] = (gint64)pow(10, g_rand_double_range(random, 0, 12));
        vcb_histogram_add(&histogram, values[i]);
    }
    qsort(values, N, sizeof *values, compare);
    for (double p = 0.01; p < 1; p += 0.01) {
        double exact = (double)values[(guint)ceil(p * N) - 1];

        VCB_ASSERT_NEAR((double)vcb_histogram_percentile_ns(&histogram, p), exact, MAX(exact * 0.0079, 0.5));
    }
    CU_ASSERT_EQUAL(vcb_histogram_percentile_ns(&histogram, 1), values[N - 1]);
    CU_ASSERT_EQUAL(histogram.max_ns, values[N - 1]);
    vcb_histogram_clear(&histogram);
}

static void every_value_falls_into_a_bucket_near_it(void)
{
    for (gint64 value = 0; value < ((gint64)1 << 39); value += 1 + value / 300) {
        VcbHistogram histogram = {0};

        vcb_histogram_add(&histogram, value);
        vcb_histogram_add(&histogram, G_MAXINT64); /* so that the first is no maximum, which is exact */
        VCB_ASSERT_NEAR((double)vcb_histogram_percentile_ns(&histogram, 0.5), (double)value,
                        (double)value / 127);
        vcb_histogram_clear(&histogram);
    }
}

static void negative_counts_as_zero_and_the_empty_has_zero(void)
{
    VcbHistogram histogram = {0};

    CU_ASSERT_EQUAL(vcb_histogram_percentile_ns(&histogram, 0.5), 0);
    vcb_histogram_add(&histogram, -5);
    CU_ASSERT_EQUAL(histogram.n, 1);
    CU_ASSERT_EQUAL(vcb_histogram_percentile_ns(&histogram, 0.5), 0);
    vcb_histogram_clear(&histogram);
}

static void reset_empties_all_of_it(void)
{
    VcbHistogram histogram = {0};

    for (gint64 value = 1; value < G_GINT64_CONSTANT(1000000000000); value *= 3)
        vcb_histogram_add(&histogram, value);
    vcb_histogram_reset(&histogram);
    CU_ASSERT_EQUAL(histogram.n, 0);
    vcb_histogram_add(&histogram, 50);
    CU_ASSERT_EQUAL(vcb_histogram_percentile_ns(&histogram, 0), 50);
    CU_ASSERT_EQUAL(vcb_histogram_percentile_ns(&histogram, 1), 50);
    vcb_histogram_clear(&histogram);
}

static void merging_is_as_if_all_had_been_added_to_one(void)
{
    VcbHistogram a = {0}, b = {0}, both = {0};

    for (gint64 i = 0; i < 1000; i++) {
        vcb_histogram_add(i % 2 ? &a : &b, i * i * 7);
        vcb_histogram_add(&both, i * i * 7);
    }
    vcb_histogram_merge(&a, &b);
    CU_ASSERT_EQUAL(a.n, both.n);
    CU_ASSERT_EQUAL(a.max_ns, both.max_ns);
    for (double p = 0; p <= 1; p += 0.05)
        CU_ASSERT_EQUAL(vcb_histogram_percentile_ns(&a, p), vcb_histogram_percentile_ns(&both, p));
    vcb_histogram_clear(&a);
    vcb_histogram_clear(&b);
    vcb_histogram_clear(&both);
}

VCB_TEST_MAIN("histogram",
              {"percentiles are those of the sorted values to within a percent",
               percentiles_are_those_of_the_sorted_values_to_within_a_percent},
              {"every value falls into a bucket near it", every_value_falls_into_a_bucket_near_it},
              {"a negative duration counts as zero, and the empty histogram's percentiles are zero",
               negative_counts_as_zero_and_the_empty_has_zero},
              {"reset empties all of it", reset_empties_all_of_it},
              {"merging is as if all had been added to one", merging_is_as_if_all_had_been_added_to_one})
