/* JUnit's XML as CI systems read it (the schema of the Jenkins xUnit plugin): testsuites > testsuite >
 * testcase, with `failure`, `error` or `skipped` inside.
 *
 *   expectation   fail -> failure    invalid -> error    skipped -> skipped
 *   call          fail -> failure (skipped where the expectations tolerate it)    invalid, error -> error */
#include "harness/report/writers.h"

#include "harness/report/markup.h"
#include "harness/report/quantity.h"

#include <math.h>
#include <string.h>

typedef struct {
    GString *cases;
    guint tests, failures, errors, skipped;
    double seconds;
} Suite;

static void attribute(GString *out, const char *name, const char *value)
{
    g_string_append_printf(out, " %s=\"", name);
    vcb_markup_append(out, value);
    g_string_append_c(out, '"');
}

static void add_case(Suite *suite, const char *classname, const char *name, double seconds,
                     VcbVerdict verdict, const char *message)
{
    static const char *const ELEMENTS[] = {[VCB_VERDICT_PASS] = NULL,
                                           [VCB_VERDICT_FAIL] = "failure",
                                           [VCB_VERDICT_INVALID] = "error",
                                           [VCB_VERDICT_ERROR] = "error",
                                           [VCB_VERDICT_SKIPPED] = "skipped"};
    const char *element = ELEMENTS[verdict];
    g_autofree char *time = vcb_number(isfinite(seconds) ? round(seconds * 1000) / 1000 : 0);

    suite->tests++;
    suite->failures += verdict == VCB_VERDICT_FAIL;
    suite->errors += verdict == VCB_VERDICT_INVALID || verdict == VCB_VERDICT_ERROR;
    suite->skipped += verdict == VCB_VERDICT_SKIPPED;
    suite->seconds += isfinite(seconds) ? seconds : 0;
    g_string_append(suite->cases, "    <testcase");
    attribute(suite->cases, "classname", classname);
    attribute(suite->cases, "name", name);
    attribute(suite->cases, "time", time);
    if (!element) {
        g_string_append(suite->cases, "/>\n");
        return;
    }
    g_string_append_printf(suite->cases, ">\n      <%s", element);
    attribute(suite->cases, "message", message);
    if (verdict != VCB_VERDICT_SKIPPED)
        attribute(suite->cases, "type", vcb_verdict_name(verdict));
    g_string_append(suite->cases, "/>\n    </testcase>\n");
}

static void write_suite(GString *out, const Suite *suite, const char *name, const char *timestamp)
{
    g_autofree char *time = vcb_number(round(suite->seconds * 1000) / 1000);

    g_string_append(out, "  <testsuite");
    attribute(out, "name", name);
    g_string_append_printf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"%u\" time=\"%s\"",
                           suite->tests, suite->failures, suite->errors, suite->skipped, time);
    if (*timestamp)
        attribute(out, "timestamp", timestamp);
    g_string_append(out, ">\n");
    g_string_append(out, suite->cases->str);
    g_string_append(out, "  </testsuite>\n");
}

/* "scenario", or "scenario.variant": dots make folders in most viewers. */
static char *class_of(const char *scenario, const char *variant)
{
    return *variant ? g_strdup_printf("%s.%s", scenario, variant) : g_strdup(scenario);
}

static void add_expectations(Suite *suite, const VcbAnalysis *analysis, const char *scenario)
{
    for (guint i = 0; i < analysis->expectations->len; i++) {
        const VcbExpected *expected = analysis->expectations->pdata[i];
        g_autofree char *class =
            class_of(scenario, vcb_run_data_variant_name(analysis->data, expected->variant));
        g_autofree char *number = expected->has_observed ? vcb_number(expected->observed) : NULL;
        g_autofree char *message = number
                                       ? g_strdup_printf("observed %s, from %u values", number, expected->n)
                                       : g_strdup(expected->reason);

        add_case(suite, class, expected->expression, 0, expected->verdict, message);
    }
}

static void add_calls(Suite *suite, const VcbAnalysis *analysis, const char *scenario)
{
    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];
        const VcbCallData *data = call->data;
        g_autofree char *class = class_of(scenario, vcb_run_data_variant_name(analysis->data, data->variant));
        g_autofree char *name = g_strdup_printf("call %s", data->id);
        g_autofree char *message = call->is_tolerated
                                       ? g_strdup_printf("tolerated by the expectations: %s", call->reason)
                                       : g_strdup(call->reason);
        double seconds = data->start_us >= 0 && data->end_us >= data->start_us
                             ? (double)(data->end_us - data->start_us) / G_USEC_PER_SEC
                             : NAN;

        add_case(suite, class, name, seconds, call->is_tolerated ? VCB_VERDICT_SKIPPED : call->verdict,
                 message);
    }
}

char *vcb_junit_xml(const VcbAnalysis *analysis)
{
    const char *scenario = vcb_json_string(analysis->data->start, "scenario", "unknown");
    g_autofree char *timestamp = g_strdup(vcb_json_string(analysis->data->start, "utc", ""));
    Suite expectations = {.cases = g_string_new(NULL)}, calls = {.cases = g_string_new(NULL)};
    GString *out = g_string_new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    g_autofree char *expectations_name = g_strdup_printf("%s: expectations", scenario);
    g_autofree char *calls_name = g_strdup_printf("%s: calls", scenario);
    g_autofree char *time = NULL;

    if (g_str_has_suffix(timestamp, "Z")) /* the schema's pattern knows no zone */
        timestamp[strlen(timestamp) - 1] = '\0';
    add_expectations(&expectations, analysis, scenario);
    add_calls(&calls, analysis, scenario);
    if (analysis->verdict == VCB_VERDICT_INVALID || analysis->verdict == VCB_VERDICT_ERROR)
        add_case(&expectations, scenario, "the run", 0, analysis->verdict, analysis->reason);
    time = vcb_number(round((expectations.seconds + calls.seconds) * 1000) / 1000);
    attribute(out, "name", "vcbench");
    g_string_append_printf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" time=\"%s\">\n",
                           expectations.tests + calls.tests, expectations.failures + calls.failures,
                           expectations.errors + calls.errors, time);
    write_suite(out, &expectations, expectations_name, timestamp);
    write_suite(out, &calls, calls_name, timestamp);
    g_string_append(out, "</testsuites>\n");
    g_string_free(expectations.cases, TRUE);
    g_string_free(calls.cases, TRUE);
    return g_string_free(out, FALSE);
}
