/* The distributions of jitter against their theory. */
#include "common/random.h"
#include "common/test.h"
#include "network/link/jitter.h"

#include <math.h>

#define N 200000
#define MS 1e6

typedef struct {
    double mean, deviation, least, most;
} Moments;

static Moments moments(VcbJitterDistribution distribution, gint64 jitter_ns, gint64 limit_ns, double shape)
{
    g_autoptr(GRand) random = vcb_random_stream(1, "jitter");
    VcbLinkSettings settings = {
        .jitter = distribution, .jitter_ns = jitter_ns, .jitter_limit_ns = limit_ns, .jitter_shape = shape};
    Moments result = {.least = INFINITY, .most = -INFINITY};
    double sum = 0, squares = 0;

    for (int i = 0; i < N; i++) {
        double value = (double)vcb_jitter_ns(&settings, g_rand_int(random));

        sum += value;
        squares += value * value;
        result.least = MIN(result.least, value);
        result.most = MAX(result.most, value);
    }
    result.mean = sum / N;
    result.deviation = sqrt(squares / N - result.mean * result.mean);
    return result;
}

/* 4 standard errors of a mean. */
#define ASSERT_MEAN(m, expected) VCB_ASSERT_NEAR((m).mean, expected, 4 * (m).deviation / sqrt(N))

static void uniform_goes_to_both_sides(void)
{
    Moments m = moments(VCB_JITTER_UNIFORM, 10000000, 0, 0);

    ASSERT_MEAN(m, 0);
    VCB_ASSERT_NEAR(m.deviation, 10 * MS / sqrt(3), 0.02 * MS);
    CU_ASSERT_TRUE(m.least >= -10 * MS && m.least < -9.99 * MS && m.most <= 10 * MS && m.most > 9.99 * MS);
}

/* The variance of a normal distribution cut at ±a deviations is 1 - 2 a φ(a) / (2 Φ(a) - 1). */
static double deviation_cut_at(double a)
{
    return sqrt(1 - 2 * a * exp(-a * a / 2) / sqrt(2 * G_PI) / erf(a / G_SQRT2));
}

static void normal_is_drawn_again_beyond_its_limit(void)
{
    static const double limits[] = {0.01, 0.5, 0.999, 1.0, 1.5, 2, 3};

    for (guint i = 0; i < G_N_ELEMENTS(limits); i++) {
        double limit = limits[i] * 10 * MS;
        Moments m = moments(VCB_JITTER_NORMAL, 10000000, (gint64)limit, 0);

        ASSERT_MEAN(m, 0);
        VCB_ASSERT_NEAR(m.deviation / (10 * MS * deviation_cut_at(limits[i])), 1, 0.008);
        CU_ASSERT_TRUE(m.least >= -limit && m.most <= limit);
        CU_ASSERT_TRUE(m.most > 0.85 * limit && m.least < -0.85 * limit); /* not clipped, but it goes there */
    }
}

static void normal_is_cut_at_three_deviations_by_default(void)
{
    Moments m = moments(VCB_JITTER_NORMAL, 10000000, 0, 0);

    CU_ASSERT_TRUE(m.most <= 30 * MS && m.most > 29 * MS && m.least >= -30 * MS && m.least < -29 * MS);
}

static void pareto_has_its_mean_and_is_only_later(void)
{
    Moments m = moments(VCB_JITTER_PARETO, 10000000, G_GINT64_CONSTANT(100000000000), 3);

    /* The third moment does not exist, so the mean comes slowly: 1 %. */
    VCB_ASSERT_NEAR(m.mean, 10 * MS, 0.1 * MS);
    VCB_ASSERT_NEAR(m.least, 10 * MS * 2 / 3, 0.001 * MS);
    m = moments(VCB_JITTER_PARETO, 10000000, 0, 0); /* shape 3, at most ten times the mean */
    VCB_ASSERT_NEAR(m.least, 10 * MS * 2 / 3, 0.001 * MS);
    VCB_ASSERT_NEAR(m.most, 100 * MS, 1);
    m = moments(VCB_JITTER_PARETO, 10000000, 12000000, 3);
    VCB_ASSERT_NEAR(m.most, 12 * MS, 1);
}

/* P(X > 2 x least) = 2^-shape. */
static void pareto_has_its_tail(void)
{
    g_autoptr(GRand) random = vcb_random_stream(1, "tail");
    VcbLinkSettings settings = {.jitter = VCB_JITTER_PARETO, .jitter_ns = 10000000, .jitter_shape = 2.5};
    int beyond = 0;

    for (int i = 0; i < N; i++)
        beyond += (double)vcb_jitter_ns(&settings, g_rand_int(random)) > 2 * 10 * MS * 1.5 / 2.5;
    VCB_ASSERT_NEAR((double)beyond / N, pow(2, -2.5), 0.004);
}

static void no_distribution_is_no_jitter(void)
{
    VcbLinkSettings settings = {.jitter_ns = 10000000, .jitter_shape = 3};

    CU_ASSERT_EQUAL(vcb_jitter_ns(&settings, 12345), 0);
    settings = (VcbLinkSettings){.jitter = VCB_JITTER_NORMAL, .jitter_limit_ns = 5};
    CU_ASSERT_EQUAL(vcb_jitter_ns(&settings, 12345), 0);
}

VCB_TEST_MAIN("jitter", {"uniform goes to both sides", uniform_goes_to_both_sides},
              {"normal is drawn again beyond its limit", normal_is_drawn_again_beyond_its_limit},
              {"normal is cut at three deviations by default", normal_is_cut_at_three_deviations_by_default},
              {"pareto has its mean and is only later", pareto_has_its_mean_and_is_only_later},
              {"pareto has its tail", pareto_has_its_tail},
              {"no distribution is no jitter", no_distribution_is_no_jitter})
