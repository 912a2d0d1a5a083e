#include "harness/report/writers.h"

#include "common/test.h"
#include "harness/report/markup.h"

#include <stdlib.h>
#include <string.h>

/* Names and reasons that would break XML that is not escaped. */
static const char LOG[] =
    "{\"t_us\":0,\"source\":\"vcbench\",\"type\":\"run-start\",\"scenario\":\"<a & \\\"b\\\">\",\"utc\":"
    "\"2026-11-23T04:05:06Z\",\"variants\":[{\"name\":\"x='1' & ]]>\"}],\"expectations\":[{\"expression\":"
    "\"errors.max < "
    "1\",\"metric\":\"errors\",\"statistic\":\"max\",\"comparison\":\"<\",\"value\":1,\"variant\":0}]}\n"
    "{\"t_us\":1000,\"call\":\"1\",\"source\":\"vcbench\",\"type\":\"call-start\",\"peers\":[\"a\",\"b\"]}\n"
    "{\"t_us\":2000,\"call\":\"1\",\"source\":\"b\",\"type\":\"error\",\"name\":\"E\\u0001\\u001b[2J\","
    "\"message\":"
    "\"<script>alert(1)</script>\\n&amp;\\ufffe\",\"fatal\":true}\n"
    "{\"t_us\":3000000,\"call\":\"1\",\"source\":\"vcbench\",\"type\":\"call-end\",\"outcome\":\"failed\"}\n"
    "{\"t_us\":3000001,\"call\":\"2\",\"source\":\"vcbench\",\"type\":\"call-start\",\"peers\":[\"a\",\"b\"]}"
    "\n"
    "{\"t_us\":3000002,\"call\":\"2\",\"source\":\"vcbench\",\"type\":\"call-end\",\"outcome\":\"skipped\","
    "\"reason\":"
    "\"no \\\"TURN\\\"\"}\n"
    "{\"t_us\":3000003,\"source\":\"vcbench\",\"type\":\"run-end\",\"outcome\":\"completed\"}\n";

typedef struct {
    guint suites, cases, failures, skipped, errors;
    guint said_tests, said_failures;
} Seen;

static void on_element(GMarkupParseContext *context, const char *element, const char **names,
                       const char **values, gpointer user_data, GError **error)
{
    Seen *seen = user_data;

    seen->suites += strcmp(element, "testsuite") == 0;
    seen->cases += strcmp(element, "testcase") == 0;
    seen->failures += strcmp(element, "failure") == 0;
    seen->skipped += strcmp(element, "skipped") == 0;
    seen->errors += strcmp(element, "error") == 0;
    for (gsize i = 0; strcmp(element, "testsuite") == 0 && names[i]; i++) {
        if (strcmp(names[i], "tests") == 0)
            seen->said_tests += (guint)atoi(values[i]);
        if (strcmp(names[i], "failures") == 0)
            seen->said_failures += (guint)atoi(values[i]);
    }
}

static char *junit_of(const char *log)
{
    g_autoptr(VcbRunData) data = vcb_run_data_parse(log, strlen(log));
    g_autoptr(VcbAnalysis) analysis = vcb_analysis_new(data);

    return vcb_junit_xml(analysis);
}

static void hostile_text_stays_text(void)
{
    static const GMarkupParser PARSER = {.start_element = on_element};
    g_autofree char *xml = junit_of(LOG);
    Seen seen = {0};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&PARSER, (GMarkupParseFlags)0, &seen, NULL);

    CU_ASSERT_TRUE(g_markup_parse_context_parse(context, xml, -1, NULL));
    CU_ASSERT_TRUE(g_markup_parse_context_end_parse(context, NULL));
    CU_ASSERT_EQUAL(seen.suites, 2);
    CU_ASSERT_EQUAL(seen.cases, 4); /* the expectation, `connected`, two calls */
    CU_ASSERT_EQUAL(seen.failures, 3);
    CU_ASSERT_EQUAL(seen.skipped, 1);
    CU_ASSERT_EQUAL(seen.errors, 0);
    CU_ASSERT_EQUAL(seen.said_tests, seen.cases);
    CU_ASSERT_EQUAL(seen.said_failures, seen.failures);
    CU_ASSERT_PTR_NULL(strstr(xml, "<script"));
    for (const char *at = xml; *at; at++)
        CU_ASSERT_TRUE((guchar)*at >= 0x20 || *at == '\n');
}

/* A log that tells nothing must not look like success to a CI system. */
static void an_invalid_run_is_an_error(void)
{
    g_autofree char *xml = junit_of("");

    CU_ASSERT_PTR_NOT_NULL(strstr(xml, "<error "));
}

static void markup_is_escaped(void)
{
    g_autofree char *escaped = vcb_markup_escape("a<b>&\"'\x01\x1b\x7f\t\xff");
    g_autofree char *nothing = vcb_markup_escape(NULL);

    VCB_ASSERT_STRING(escaped, "a&lt;b&gt;&amp;&quot;&#39;\t\xef\xbf\xbd");
    VCB_ASSERT_STRING(nothing, "");
}

VCB_TEST_MAIN("junit", {"hostile text stays text", hostile_text_stays_text},
              {"an invalid run is an error", an_invalid_run_is_an_error},
              {"markup is escaped", markup_is_escaped})
