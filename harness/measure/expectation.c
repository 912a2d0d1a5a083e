#include "harness/measure/expectation.h"

#include "harness/metric/metric_table.h"

#include <math.h>
#include <string.h>

VcbExpected *vcb_expected_new(const cJSON *json)
{
    VcbExpected *expected = g_new0(VcbExpected, 1);
    gint64 variant = vcb_json_int(json, "variant", 0);

    expected->metric = g_strdup(vcb_json_string(json, "metric", ""));
    expected->statistic = g_strdup(vcb_json_string(json, "statistic", "median"));
    expected->comparison = g_strdup(vcb_json_string(json, "comparison", ""));
    expected->value = vcb_json_number(json, "value", NAN);
    expected->high = vcb_json_number(json, "high", NAN);
    if (vcb_json_bool(json, "percent", FALSE) && strcmp(vcb_metric_unit(expected->metric), "%") != 0) {
        expected->value /= 100;
        expected->high /= 100;
    }
    expected->expression = g_strdup(vcb_json_string(json, "expression", NULL));
    if (!expected->expression)
        expected->expression = g_strdup_printf("%s.%s %s %g", expected->metric, expected->statistic,
                                               expected->comparison, expected->value);
    expected->variant = (guint)CLAMP(variant, 0, G_MAXINT);
    expected->line = (int)CLAMP(vcb_json_int(json, "line", 0), 0, G_MAXINT);
    expected->reason = g_strdup("");
    return expected;
}

VcbExpected *vcb_expected_connected(guint variant)
{
    VcbExpected *expected = g_new0(VcbExpected, 1);

    expected->expression = g_strdup("connected.min == 1");
    expected->metric = g_strdup("connected");
    expected->statistic = g_strdup("min");
    expected->comparison = g_strdup("==");
    expected->value = 1;
    expected->high = NAN;
    expected->variant = variant;
    expected->reason = g_strdup("");
    return expected;
}

void vcb_expected_free(VcbExpected *expected)
{
    if (!expected)
        return;
    g_free(expected->expression);
    g_free(expected->metric);
    g_free(expected->statistic);
    g_free(expected->comparison);
    g_free(expected->reason);
    g_free(expected);
}

/* Equal as people mean it: 0.1 + 0.2 is 0.3. */
static gboolean is_equal(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fmax(1, fmax(fabs(a), fabs(b)));
}

/* FALSE also where the comparison is none that we know. */
static gboolean holds(const char *comparison, double observed, double value, double high)
{
    if (strcmp(comparison, "<") == 0)
        return observed < value && !is_equal(observed, value);
    if (strcmp(comparison, "<=") == 0)
        return observed <= value || is_equal(observed, value);
    if (strcmp(comparison, ">") == 0)
        return observed > value && !is_equal(observed, value);
    if (strcmp(comparison, ">=") == 0)
        return observed >= value || is_equal(observed, value);
    if (strcmp(comparison, "==") == 0)
        return is_equal(observed, value);
    if (strcmp(comparison, "!=") == 0)
        return !is_equal(observed, value);
    if (strcmp(comparison, "..") == 0)
        return holds(">=", observed, value, 0) && holds("<=", observed, high, 0);
    return FALSE;
}

static void say(VcbExpected *expected, VcbVerdict verdict, char *reason)
{
    g_free(expected->reason);
    expected->verdict = verdict;
    expected->reason = reason;
}

void vcb_expected_judge(VcbExpected *expected, const VcbStatistics *statistics, const char *const *peers)
{
    g_autofree char *suggestion = NULL;
    double observed;

    expected->n = statistics->n;
    expected->has_observed = FALSE;
    if (!vcb_statistics_get(statistics, expected->statistic, &observed)) {
        say(expected, VCB_VERDICT_FAIL, g_strdup_printf("no statistic is called '%s'", expected->statistic));
    } else if (statistics->n == 0) {
        if (vcb_metric_is_known(expected->metric, peers, &suggestion))
            say(expected, VCB_VERDICT_FAIL, g_strdup("no data: no call has this metric"));
        else if (suggestion)
            say(expected, VCB_VERDICT_FAIL,
                g_strdup_printf("no data: there is no metric '%s'; did you mean '%s'?", expected->metric,
                                suggestion));
        else
            say(expected, VCB_VERDICT_FAIL,
                g_strdup_printf("no data: there is no metric '%s'", expected->metric));
    } else {
        expected->has_observed = TRUE;
        expected->observed = observed;
        say(expected,
            holds(expected->comparison, observed, expected->value, expected->high) ? VCB_VERDICT_PASS
                                                                                   : VCB_VERDICT_FAIL,
            g_strdup(""));
    }
}

gboolean vcb_expected_holds_for(const VcbExpected *expected, double value)
{
    VcbStatistics statistics = vcb_statistics_of(&value, 1, FALSE);
    double observed;

    return vcb_statistics_get(&statistics, expected->statistic, &observed) &&
           holds(expected->comparison, observed, expected->value, expected->high);
}
