#include "harness/report/text.h"

#include "common/test.h"
#include "harness/report/quantity.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

static const char RUN[] =
    "{\"scenario\":\"lan\\u001b[31m\",\"file\":\"a,b:c.yaml\",\"verdict\":\"fail\",\"reason\":\"100% "
    "lost\\n::error::no\","
    "\"expectations\":[{\"expression\":\"connect_time_ms.p95 < "
    "1500\",\"observed\":1612.5,\"unit\":\"ms\",\"verdict\":"
    "\"fail\",\"reason\":\"\",\"variant\":\"q=true\",\"line\":7},{\"expression\":\"video.in.fps.mean > "
    "1\",\"observed\":null,"
    "\"unit\":\"frames/s\",\"verdict\":\"skipped\",\"reason\":\"no | codec\",\"variant\":\"\",\"line\":0}],"
    "\"metrics\":{\"connect_time_ms\":{\"unit\":\"ms\",\"median\":900,\"p95\":12345}},\"calls\":[{\"id\":"
    "\"0001\",\"verdict\":"
    "\"fail\",\"reason\":\"bob: x\"}],\"notes\":[\"a note\"],\"calls_connected\":3,\"calls_valid\":4}";

static void quantities_read_well(void)
{
    static const struct {
        double value;
        const char *unit, *text;
    } CASES[] = {{812.4, "ms", "812 ms"},
                 {12345, "ms", "12.3 s"},
                 {1234567, "bit/s", "1.23 Mbit/s"},
                 {999, "bit/s", "999 bit/s"},
                 {42000000, "B", "40.1 MiB"},
                 {0.523, "%", "0.52 %"},
                 {29.94, "frames/s", "29.9 frames/s"},
                 {4, "", "4"},
                 {0, "%", "0 %"},
                 {NAN, "ms", "–"},
                 {-3.25, "ms", "-3.25 ms"}};

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *text = vcb_quantity(CASES[i].value, CASES[i].unit);

        VCB_ASSERT_STRING(text, CASES[i].text);
    }
}

static void numbers_are_short_and_exact(void)
{
    static const struct {
        double value;
        const char *text;
    } CASES[] = {{0.25, "0.25"}, {812, "812"}, {-0.0, "0"},
                 {1e-9, "0"},    {100, "100"}, {12345678.5, "12345678.5"}};

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *text = vcb_number(CASES[i].value);

        VCB_ASSERT_STRING(text, CASES[i].text);
    }
}

static void the_verdict_comes_first_and_nothing_moves_the_cursor(void)
{
    g_autoptr(cJSON) run = cJSON_Parse(RUN);
    g_autofree char *plain = vcb_text_summary(run, "results/x", FALSE),
                    *colour = vcb_text_summary(run, "results/x", TRUE);

    CU_ASSERT_TRUE(g_str_has_prefix(plain, "FAIL  lan"));
    CU_ASSERT_PTR_NULL(strchr(plain, '\033'));
    CU_ASSERT_PTR_NULL(strstr(colour, "\033[31m  100"));
    CU_ASSERT_PTR_NOT_NULL(strstr(plain, "connect time"));
    CU_ASSERT_PTR_NOT_NULL(strstr(plain, "12.3 s"));
    CU_ASSERT_PTR_NOT_NULL(strstr(plain, "call 0001: bob: x"));
    CU_ASSERT_PTR_NOT_NULL(strstr(plain, "results/x/report.html"));
    CU_ASSERT_PTR_NULL(strstr(plain, "\n::error"));
}

static void annotations_point_at_the_line(void)
{
    g_autoptr(cJSON) run = cJSON_Parse(RUN);
    g_autofree char *text = vcb_github_annotations(run);

    CU_ASSERT_PTR_NOT_NULL(strstr(text,
                                  "::error file=a%2Cb%3Ac.yaml,line=7,title=vcbench%3A lan[31m::expected "
                                  "connect_time_ms.p95 < 1500, observed 1612 ms (q=true)\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "::warning file=a%2Cb%3Ac.yaml,title="));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "::fail: 100%25 lost%0A::error::no\n"));
    CU_ASSERT_PTR_NULL(strstr(text, "\n::error::no"));
}

static void the_step_summary_is_appended(void)
{
    g_autoptr(cJSON) run = cJSON_Parse(RUN);
    g_autofree char *summary = vcb_github_summary(run), *directory = g_dir_make_tmp("vcb-text-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "summary.md", NULL), *written = NULL;
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NOT_NULL(strstr(summary, "no \\| codec"));
    g_unsetenv("GITHUB_STEP_SUMMARY");
    CU_ASSERT_TRUE(vcb_github_append_summary(summary, NULL));
    g_setenv("GITHUB_STEP_SUMMARY", path, TRUE);
    CU_ASSERT_TRUE(vcb_github_append_summary("a\n", NULL));
    CU_ASSERT_TRUE(vcb_github_append_summary("b\n", NULL));
    CU_ASSERT_TRUE(g_file_get_contents(path, &written, NULL, NULL));
    VCB_ASSERT_STRING(written, "a\nb\n");
    g_setenv("GITHUB_STEP_SUMMARY", "/nonexistent/summary.md", TRUE);
    CU_ASSERT_FALSE(vcb_github_append_summary("a\n", &error));
    CU_ASSERT_PTR_NOT_NULL(error);
    g_unlink(path);
    g_rmdir(directory);
}

VCB_TEST_MAIN("text", {"quantities read well", quantities_read_well},
              {"numbers are short and exact", numbers_are_short_and_exact},
              {"the verdict comes first, and nothing moves the cursor",
               the_verdict_comes_first_and_nothing_moves_the_cursor},
              {"annotations point at the line", annotations_point_at_the_line},
              {"the step summary is appended", the_step_summary_is_appended})
