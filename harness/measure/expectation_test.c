#include "harness/measure/expectation.h"

#include "common/test.h"

#include <math.h>
#include <string.h>

static VcbExpected *expect(const char *metric, const char *statistic, const char *comparison, double value,
                           double high, gboolean percent)
{
    g_autoptr(cJSON) json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "metric", metric);
    cJSON_AddStringToObject(json, "statistic", statistic);
    cJSON_AddStringToObject(json, "comparison", comparison);
    cJSON_AddNumberToObject(json, "value", value);
    cJSON_AddNumberToObject(json, "high", high);
    cJSON_AddBoolToObject(json, "percent", percent);
    return vcb_expected_new(json);
}

static VcbVerdict judge(VcbExpected *expected, const double *values, guint n)
{
    static const char *const PEERS[] = {"alice", "bob", NULL};
    VcbStatistics statistics = vcb_statistics_of(values, n, FALSE);

    vcb_expected_judge(expected, &statistics, PEERS);
    return expected->verdict;
}

static void each_comparison_means_what_it_says(void)
{
    static const struct {
        const char *comparison;
        double value, high;
        gboolean holds; /* for 10 */
    } CASES[] = {
        {"<", 10, 0, FALSE},     {"<", 10.1, 0, TRUE}, {"<=", 10, 0, TRUE},   {">", 10, 0, FALSE},
        {">", 9.9, 0, TRUE},     {">=", 10, 0, TRUE},  {"==", 10, 0, TRUE},   {"==", 10.001, 0, FALSE},
        {"!=", 10, 0, FALSE},    {"!=", 11, 0, TRUE},  {"..", 10, 20, TRUE},  {"..", 0, 10, TRUE},
        {"..", 10.1, 20, FALSE}, {"=~", 10, 0, FALSE}, {"..", 0, NAN, FALSE}, {"<", NAN, 0, FALSE},
    };
    static const double TEN[] = {10};

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(VcbExpected) expected =
            expect("errors", "max", CASES[i].comparison, CASES[i].value, CASES[i].high, FALSE);

        CU_ASSERT_EQUAL(judge(expected, TEN, 1), CASES[i].holds ? VCB_VERDICT_PASS : VCB_VERDICT_FAIL);
        CU_ASSERT_TRUE(expected->has_observed && expected->observed == 10);
    }
}

static void each_statistic_is_its_own(void)
{
    static const double VALUES[] = {1, 2, 3, 10};
    static const struct {
        const char *statistic;
        double observed;
    } CASES[] = {{"median", 2.5}, {"mean", 4},   {"min", 1},   {"max", 10},
                 {"n", 4},        {"p95", 8.95}, {"p99", 9.79}};

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(VcbExpected) expected = expect("errors", CASES[i].statistic, ">", 0, 0, FALSE);

        CU_ASSERT_EQUAL(judge(expected, VALUES, 4), VCB_VERDICT_PASS);
        VCB_ASSERT_NEAR(expected->observed, CASES[i].observed, 1e-9);
    }
}

static void percent_is_of_one_where_the_metric_is_a_ratio(void)
{
    g_autoptr(VcbExpected) rate = expect("connected", "mean", ">=", 95, 0, TRUE);
    g_autoptr(VcbExpected) loss = expect("video.in.packet_loss_pct", "mean", "<", 1.5, 0, TRUE);

    VCB_ASSERT_NEAR(rate->value, 0.95, 1e-12);
    VCB_ASSERT_NEAR(loss->value, 1.5, 1e-12);
}

static void what_was_not_measured_did_not_hold(void)
{
    g_autoptr(VcbExpected) absent = expect("rtt_ms", "mean", "<", 100, 0, FALSE);
    g_autoptr(VcbExpected) misspelt = expect("vidoe.in.fps", "mean", ">", 25, 0, FALSE);
    g_autoptr(VcbExpected) known = expect("video.out.rtt_ms", "mean", "<", 100, 0, FALSE);
    g_autoptr(VcbExpected) statistic = expect("errors", "p42", "<", 1, 0, FALSE);

    CU_ASSERT_EQUAL(judge(absent, NULL, 0), VCB_VERDICT_FAIL);
    CU_ASSERT_FALSE(absent->has_observed);
    CU_ASSERT_EQUAL(judge(misspelt, NULL, 0), VCB_VERDICT_FAIL);
    CU_ASSERT_PTR_NOT_NULL(strstr(misspelt->reason, "did you mean 'video.in.fps'"));
    CU_ASSERT_EQUAL(judge(known, NULL, 0), VCB_VERDICT_FAIL);
    VCB_ASSERT_STRING(known->reason, "no data: no call has this metric");
    CU_ASSERT_EQUAL(judge(statistic, NULL, 0), VCB_VERDICT_FAIL);
}

static void connected_is_expected_where_nobody_says_otherwise(void)
{
    g_autoptr(VcbExpected) expected = vcb_expected_connected(3);

    CU_ASSERT_EQUAL(expected->variant, 3);
    CU_ASSERT_TRUE(vcb_expected_holds_for(expected, 1));
    CU_ASSERT_FALSE(vcb_expected_holds_for(expected, 0));
}

VCB_TEST_MAIN("expectation", {"each comparison means what it says", each_comparison_means_what_it_says},
              {"each statistic is its own", each_statistic_is_its_own},
              {"percent is of one where the metric is a ratio",
               percent_is_of_one_where_the_metric_is_a_ratio},
              {"what was not measured did not hold", what_was_not_measured_did_not_hold},
              {"connected is expected where nobody says otherwise",
               connected_is_expected_where_nobody_says_otherwise})
