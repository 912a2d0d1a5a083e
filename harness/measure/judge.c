#include "harness/measure/judge.h"

#include "harness/metric/metric_table.h"
#include "harness/measure/reason.h"

#include <math.h>
#include <string.h>

static const char *const *peers_of(const VcbAnalysis *analysis, guint variant)
{
    static const char *const NONE[] = {NULL};

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallData *call = ((const VcbCallAnalysis *)analysis->calls->pdata[i])->data;

        if (call->variant == variant)
            return (const char *const *)call->peers;
    }
    return NONE;
}

/* Were all calls of the variant skipped? An example of the reason goes to *ret_reason (no-ref). */
static gboolean is_all_skipped(const VcbAnalysis *analysis, guint variant, const char **ret_reason)
{
    guint n = 0;

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];

        if (call->data->variant != variant)
            continue;
        if (strcmp(call->data->outcome, "skipped") != 0)
            return FALSE;
        *ret_reason = call->reason;
        n++;
    }
    return n > 0;
}

static void set_result(VcbExpected *expected, VcbVerdict verdict, const char *reason)
{
    g_free(expected->reason);
    expected->verdict = verdict;
    expected->reason = g_strdup(reason);
}

static void judge_expectations(VcbAnalysis *analysis)
{
    for (guint i = 0; i < analysis->expectations->len; i++) {
        VcbExpected *expected = analysis->expectations->pdata[i];
        const VcbVariantAnalysis *variant = analysis->variants->pdata[expected->variant];
        const VcbMetricSummary *summary = vcb_summary_find(variant->metrics, expected->metric);
        VcbStatistics none = vcb_statistics_of(NULL, 0, FALSE);
        const char *reason = "";

        if (!summary) { /* one of the run's own */
            double value;

            if (vcb_metric_set_get(analysis->run_metrics, expected->metric, &value))
                summary = vcb_summary_find(analysis->metrics, expected->metric);
        }
        if (variant->n_valid == 0 && is_all_skipped(analysis, expected->variant, &reason))
            set_result(expected, VCB_VERDICT_SKIPPED, reason);
        else if (variant->n_valid == 0)
            set_result(expected, VCB_VERDICT_INVALID, "no valid call");
        else
            vcb_expected_judge(expected, summary ? &summary->statistics : &none,
                               peers_of(analysis, expected->variant));
    }
}

/* Do the variant's expectations on `connected` hold for a call that does not connect? One that counts calls
 * cannot tell. */
static gboolean is_failing_expected(const VcbAnalysis *analysis, guint variant)
{
    guint n = 0;

    for (guint i = 0; i < analysis->expectations->len; i++) {
        const VcbExpected *expected = analysis->expectations->pdata[i];

        if (expected->variant != variant || strcmp(expected->metric, "connected") != 0 ||
            strcmp(expected->statistic, "n") == 0)
            continue;
        if (!vcb_expected_holds_for(expected, 0))
            return FALSE;
        n++;
    }
    return n > 0;
}

/* Did all the variant's expectations on `connected` hold, with this call in it? */
static gboolean is_failing_tolerated(const VcbAnalysis *analysis, guint variant)
{
    for (guint i = 0; i < analysis->expectations->len; i++) {
        const VcbExpected *expected = analysis->expectations->pdata[i];

        if (expected->variant == variant && strcmp(expected->metric, "connected") == 0 &&
            expected->verdict != VCB_VERDICT_PASS)
            return FALSE;
    }
    return TRUE;
}

static void judge_call(const VcbAnalysis *analysis, VcbCallAnalysis *call)
{
    const char *outcome = call->data->outcome;
    g_autofree char *why = NULL;
    gboolean process_died = FALSE;

    if (strcmp(outcome, "completed") == 0) {
        call->verdict = VCB_VERDICT_PASS;
        return;
    }
    why = vcb_reason_of(analysis->data, call->data, &call->setup, call->network, &process_died);
    g_free(call->reason);
    call->reason = g_strdup(why);
    if (strcmp(outcome, "skipped") == 0) {
        call->verdict = VCB_VERDICT_SKIPPED;
    } else if (strcmp(outcome, "invalid") == 0 || strcmp(outcome, "interrupted") == 0) {
        call->verdict = VCB_VERDICT_INVALID;
    } else if (strcmp(outcome, "failed") != 0) {
        call->verdict = VCB_VERDICT_ERROR;
    } else if (!call->is_connected && !process_died && is_failing_expected(analysis, call->data->variant)) {
        call->verdict = VCB_VERDICT_PASS;
        g_free(call->reason);
        call->reason = g_strdup_printf("did not connect, as expected: %s", why);
    } else {
        call->verdict = VCB_VERDICT_FAIL;
        call->is_tolerated = !call->is_connected && !process_died;
    }
}

static guint count_expectations(const VcbAnalysis *analysis, VcbVerdict verdict,
                                const VcbExpected **ret_first)
{
    guint n = 0;

    for (guint i = 0; i < analysis->expectations->len; i++) {
        const VcbExpected *expected = analysis->expectations->pdata[i];

        if (expected->verdict != verdict)
            continue;
        if (n++ == 0 && ret_first)
            *ret_first = expected;
    }
    return n;
}

static guint count_calls(const VcbAnalysis *analysis, VcbVerdict verdict, const VcbCallAnalysis **ret_first)
{
    guint n = 0;

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];

        if (call->verdict != verdict || (verdict == VCB_VERDICT_FAIL && call->is_tolerated))
            continue;
        if (n++ == 0 && ret_first)
            *ret_first = call;
    }
    return n;
}

static const char *of_variant(const VcbAnalysis *analysis, guint variant, char **ret_owned)
{
    const char *name = vcb_run_data_variant_name(analysis->data, variant);

    *ret_owned = *name ? g_strdup_printf(" (%s)", name) : g_strdup("");
    return *ret_owned;
}

/* "connect_time_ms.p95 < 1500, but it was 1612 ms (codec=vp9)" */
static char *failure_text(const VcbAnalysis *analysis, const VcbExpected *expected)
{
    const char *unit = vcb_metric_unit(expected->metric);
    g_autofree char *variant = NULL;

    of_variant(analysis, expected->variant, &variant);
    if (!expected->has_observed)
        return g_strdup_printf("%s%s: %s", expected->expression, variant, expected->reason);
    return g_strdup_printf("expected %s, observed %.6g%s%s%s", expected->expression, expected->observed,
                           *unit ? " " : "", unit, variant);
}

/* The reason that explains a failed expectation on `connected`: what broke in its first call. */
static char *fail_reason(const VcbAnalysis *analysis, guint n_expectations, const VcbExpected *expected)
{
    const VcbCallAnalysis *call = NULL;
    guint n_calls = 0;
    g_autofree char *failure = n_expectations ? failure_text(analysis, expected) : NULL;
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *candidate = analysis->calls->pdata[i];

        if (candidate->verdict != VCB_VERDICT_FAIL || candidate->is_tolerated)
            continue;
        if (n_calls++ == 0)
            call = candidate;
    }
    if (call)
        g_string_append_printf(text, "%u of %u calls %s (call %s: %s)", n_calls, analysis->n_valid,
                               call->is_connected ? "broke" : "did not connect", call->data->id,
                               call->reason);
    if (failure && !(call && n_expectations == 1 && strcmp(expected->metric, "connected") == 0))
        g_string_append_printf(text, "%s%u of %u expectations failed: %s", call ? "; " : "", n_expectations,
                               analysis->expectations->len, failure);
    g_string_append_c(text, '.');
    return g_string_free(text, FALSE);
}

static char *no_valid_call_reason(const VcbAnalysis *analysis)
{
    const VcbCallAnalysis *first = NULL;

    if (count_calls(analysis, VCB_VERDICT_INVALID, &first) ||
        count_calls(analysis, VCB_VERDICT_SKIPPED, &first))
        return g_strdup_printf("No call could be measured: call %s was %s: %s.", first->data->id,
                               first->data->outcome, first->reason);
    return g_strdup("No call took place.");
}

static char *interrupted_reason(const VcbAnalysis *analysis)
{
    const char *said = vcb_json_string(analysis->data->end, "reason", "");
    guint n_failed = count_expectations(analysis, VCB_VERDICT_FAIL, NULL);
    GString *text = g_string_new(NULL);

    g_string_append_printf(text, "The run was interrupted%s%s: %u of %u planned calls came to an end",
                           *said ? " by " : (analysis->data->end ? "" : " without a last word"), said,
                           analysis->n_valid, analysis->n_planned);
    if (n_failed)
        g_string_append_printf(text, "; %u expectation%s did not hold by then", n_failed,
                               n_failed == 1 ? "" : "s");
    g_string_append_c(text, '.');
    return g_string_free(text, FALSE);
}

static void conclude(VcbAnalysis *analysis, VcbVerdict verdict, char *reason)
{
    analysis->verdict = verdict;
    g_free(analysis->reason);
    analysis->reason = reason;
}

/* "All expectations held over 4 calls.", and whether some could not be judged, as an engine cannot do what they ask. */
static char *pass_reason(const VcbAnalysis *analysis)
{
    guint n_skipped = count_expectations(analysis, VCB_VERDICT_SKIPPED, NULL);
    g_autofree char *held =
        n_skipped
            ? g_strdup_printf("%u of %u expectations held, and the others were skipped,",
                              analysis->expectations->len - n_skipped, analysis->expectations->len)
            : g_strdup(analysis->expectations->len == 1 ? "The expectation held" : "All expectations held");

    return g_strdup_printf("%s over %u call%s.", held, analysis->n_valid, analysis->n_valid == 1 ? "" : "s");
}

static void judge_run(VcbAnalysis *analysis)
{
    const char *outcome = vcb_json_string(analysis->data->end, "outcome", "interrupted");
    const VcbExpected *failed = NULL, *unjudged = NULL;
    const VcbCallAnalysis *error = NULL;
    guint n_failed = count_expectations(analysis, VCB_VERDICT_FAIL, &failed);
    guint n_failed_calls = count_calls(analysis, VCB_VERDICT_FAIL, NULL);
    g_autofree char *variant = NULL;

    analysis->is_interrupted =
        strcmp(outcome, "completed") != 0 && strcmp(outcome, "invalid") != 0 && strcmp(outcome, "error") != 0;
    if (strcmp(outcome, "invalid") == 0)
        conclude(analysis, VCB_VERDICT_INVALID,
                 g_strdup(vcb_json_string(analysis->data->end, "reason", "The run could not be made.")));
    else if (strcmp(outcome, "error") == 0)
        conclude(analysis, VCB_VERDICT_ERROR,
                 g_strdup(vcb_json_string(analysis->data->end, "reason", "The run ended by an error.")));
    else if (count_calls(analysis, VCB_VERDICT_ERROR, &error))
        conclude(analysis, VCB_VERDICT_ERROR,
                 g_strdup_printf("Call %s ended by an internal error: %s.", error->data->id, error->reason));
    else if (analysis->audit.verdict == VCB_VERDICT_ERROR)
        conclude(analysis, VCB_VERDICT_ERROR, g_strdup(analysis->audit.reason));
    else if (analysis->data->events->len == 0)
        conclude(analysis, VCB_VERDICT_INVALID, g_strdup("The log holds nothing."));
    else if (analysis->is_interrupted)
        conclude(analysis, VCB_VERDICT_INVALID, interrupted_reason(analysis));
    else if (analysis->audit.verdict == VCB_VERDICT_INVALID) /* what failed may have failed by it */
        conclude(analysis, VCB_VERDICT_INVALID, g_strdup(analysis->audit.reason));
    else if (n_failed || n_failed_calls)
        conclude(analysis, VCB_VERDICT_FAIL, fail_reason(analysis, n_failed, failed));
    else if (analysis->n_valid == 0)
        conclude(analysis, VCB_VERDICT_INVALID, no_valid_call_reason(analysis));
    else if (count_expectations(analysis, VCB_VERDICT_INVALID, &unjudged))
        conclude(analysis, VCB_VERDICT_INVALID,
                 g_strdup_printf("No valid call of a variant%s: its expectations cannot be judged.",
                                 of_variant(analysis, unjudged->variant, &variant)));
    else
        conclude(analysis, VCB_VERDICT_PASS, pass_reason(analysis));
}

void vcb_analysis_judge(VcbAnalysis *analysis)
{
    guint n_skipped;

    for (guint i = 0; i < analysis->calls->len; i++)
        judge_call(analysis, analysis->calls->pdata[i]);
    judge_expectations(analysis);
    for (guint i = 0; i < analysis->calls->len; i++) {
        VcbCallAnalysis *call = analysis->calls->pdata[i];

        call->is_tolerated = call->is_tolerated && is_failing_tolerated(analysis, call->data->variant);
    }
    judge_run(analysis);
    n_skipped = count_calls(analysis, VCB_VERDICT_SKIPPED, NULL);
    if (n_skipped && analysis->n_valid)
        g_ptr_array_add(analysis->notes,
                        g_strdup_printf("%u call%s skipped.", n_skipped, n_skipped == 1 ? " was" : "s were"));
}
