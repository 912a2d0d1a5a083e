#include "harness/report/text.h"

#include "common/error.h"
#include "harness/report/quantity.h"
#include "harness/report/summary.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Workflow commands end at the line's end and know % as escape; properties also end at : and , */
static void append_escaped(GString *out, const char *text, gboolean is_property)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *at = valid; *at; at++) {
        guchar c = (guchar)*at;

        if (c == '%' || c == '\r' || c == '\n' || (is_property && (c == ':' || c == ',')))
            g_string_append_printf(out, "%%%02X", c);
        else if (c >= 0x20 && c != 0x7f)
            g_string_append_c(out, (char)c);
    }
}

static void annotate(GString *out, const char *level, const char *file, int line, const char *title,
                     const char *message)
{
    g_string_append_printf(out, "::%s ", level);
    if (*file) {
        g_string_append(out, "file=");
        append_escaped(out, file, TRUE);
        if (line > 0)
            g_string_append_printf(out, ",line=%d", line);
        g_string_append_c(out, ',');
    }
    g_string_append(out, "title=");
    append_escaped(out, title, TRUE);
    g_string_append(out, "::");
    append_escaped(out, message, FALSE);
    g_string_append_c(out, '\n');
}

static char *observed_text(const cJSON *expectation)
{
    const cJSON *observed = cJSON_GetObjectItemCaseSensitive(expectation, "observed");

    if (!cJSON_IsNumber(observed))
        return g_strdup(vcb_json_string(expectation, "reason", ""));
    return vcb_quantity(observed->valuedouble, vcb_json_string(expectation, "unit", ""));
}

char *vcb_github_annotations(const cJSON *run)
{
    GString *out = g_string_new(NULL);
    const char *file = vcb_json_string(run, "file", ""), *verdict = vcb_json_string(run, "verdict", "error");
    g_autofree char *title = g_strdup_printf("vcbench: %s", vcb_json_string(run, "scenario", ""));
    g_autofree char *sentence = g_strdup_printf("%s: %s", verdict, vcb_json_string(run, "reason", ""));
    const cJSON *item;

    cJSON_ArrayForEach (item, vcb_json_array(run, "expectations")) {
        const char *its_verdict = vcb_json_string(item, "verdict", "");
        const char *variant = vcb_json_string(item, "variant", "");
        g_autofree char *observed = observed_text(item);
        g_autofree char *message =
            g_strdup_printf("expected %s, observed %s%s%s%s", vcb_json_string(item, "expression", ""),
                            observed, *variant ? " (" : "", variant, *variant ? ")" : "");

        if (strcmp(its_verdict, "pass") != 0)
            annotate(out, strcmp(its_verdict, "fail") == 0 ? "error" : "warning", file,
                     (int)vcb_json_int(item, "line", 0), title, message);
    }
    annotate(out,
             strcmp(verdict, "pass") == 0      ? "notice"
             : strcmp(verdict, "invalid") == 0 ? "warning"
                                               : "error",
             file, 0, title, sentence);
    return g_string_free(out, FALSE);
}

/* Text in a Markdown table's cell: no markup, no cell borders, no HTML. */
static void append_cell(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    g_string_append(out, "| ");
    for (const char *at = valid; *at; at++) {
        if (*at == '<')
            g_string_append(out, "&lt;");
        else if (*at == '&')
            g_string_append(out, "&amp;");
        else if (strchr("\\`*_{}[]#|~", *at))
            g_string_append_printf(out, "\\%c", *at);
        else if ((guchar)*at >= 0x20)
            g_string_append_c(out, *at);
        else
            g_string_append_c(out, ' ');
    }
    g_string_append_c(out, ' ');
}

static void append_verdict(GString *out, const char *verdict)
{
    const char *sign = strcmp(verdict, "pass") == 0 ? "✅" : strcmp(verdict, "fail") == 0 ? "❌" : "⚠️";

    g_string_append_printf(out, "| %s %s ", sign, verdict);
}

char *vcb_github_summary(const cJSON *run)
{
    GString *out = g_string_new("### vcbench\n\n| scenario | verdict | |\n|---|---|---|\n");
    const cJSON *item, *metrics = vcb_json_object(run, "metrics");

    append_cell(out, vcb_json_string(run, "scenario", ""));
    append_verdict(out, vcb_json_string(run, "verdict", "error"));
    append_cell(out, vcb_json_string(run, "reason", ""));
    g_string_append(out, "|\n\n| expectation | observed | variant | |\n|---|---:|---|---|\n");
    cJSON_ArrayForEach (item, vcb_json_array(run, "expectations")) {
        g_autofree char *observed = observed_text(item);

        append_cell(out, vcb_json_string(item, "expression", ""));
        append_cell(out, observed);
        append_cell(out, vcb_json_string(item, "variant", ""));
        append_verdict(out, vcb_json_string(item, "verdict", ""));
        g_string_append(out, "|\n");
    }
    g_string_append(out, "\n| | median | p95 |\n|---|---:|---:|\n");
    for (gsize i = 0; i < VCB_N_KEY_FIGURES; i++) {
        const cJSON *metric = vcb_json_object(metrics, VCB_KEY_FIGURES[i].metric);
        const char *unit = vcb_json_string(metric, "unit", "");
        g_autofree char *median = vcb_quantity(vcb_json_number(metric, "median", NAN), unit);
        g_autofree char *p95 = vcb_quantity(vcb_json_number(metric, "p95", NAN), unit);

        if (metric)
            g_string_append_printf(out, "| %s | %s | %s |\n", VCB_KEY_FIGURES[i].label, median, p95);
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

gboolean vcb_github_append_summary(const char *markdown, GError **error)
{
    const char *path = g_getenv("GITHUB_STEP_SUMMARY");
    FILE *file;
    gboolean is_written;

    if (!path || !*path)
        return TRUE;
    file = fopen(path, "ae");
    is_written = file && fputs(markdown, file) >= 0;
    if (file && fclose(file) != 0)
        is_written = FALSE;
    if (!is_written)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "step summary %s: %s", path, g_strerror(errno));
    return is_written;
}
