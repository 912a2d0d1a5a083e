#include "harness/report/page.h"

#include "harness/metric/metric_table.h"
#include "harness/report/page_calls.h"
#include "harness/report/page_network.h"
#include "harness/report/page_parts.h"
#include "harness/report/page_style.h"
#include "harness/report/quantity.h"
#include "harness/report/summary.h"

#include <math.h>
#include <string.h>

static void write_verdict(VcbHtml *html, const VcbAnalysis *analysis)
{
    const cJSON *start = analysis->data->start;
    const char *description = vcb_json_string(start, "description", "");
    const VcbTiming *timing = &analysis->timing;
    g_autofree char *class = g_strdup_printf("verdict %s", vcb_verdict_name(analysis->verdict));

    vcb_html_open(html, "section", "class", class, NULL);
    vcb_html_open(html, "div", "class", "head", NULL);
    vcb_page_badge(html, analysis->verdict);
    vcb_html_element(html, "h1", NULL, vcb_json_string(start, "scenario", "vcbench"));
    vcb_html_close(html);
    vcb_html_element(html, "p", NULL, analysis->reason);
    if (*description)
        vcb_html_element(html, "p", "soft", description);
    vcb_html_open(html, "p", "class", "soft", NULL);
    vcb_html_printf(html, "%s · seed %" G_GINT64_FORMAT, vcb_json_string(start, "utc", "time unknown"),
                    vcb_json_int(start, "seed", 0));
    if (isfinite(timing->total_ms))
        vcb_html_printf(html, " · took %.1f s, of which %.2f s to the verdict beyond the calls themselves",
                        timing->total_ms / 1000, timing->overhead_ms / 1000);
    vcb_html_close(html);
    vcb_html_close(html);
    if (!analysis->notes->len)
        return;
    vcb_html_open(html, "ul", "class", "notes", NULL);
    for (guint i = 0; i < analysis->notes->len; i++)
        vcb_html_element(html, "li", NULL, analysis->notes->pdata[i]);
    vcb_html_close(html);
}

/* The small print under an expectation: variant, how many values, where it is written, and why there is no
 * data. */
static void write_small_print(VcbHtml *html, const VcbAnalysis *analysis, const VcbExpected *expected)
{
    const char *variant = vcb_run_data_variant_name(analysis->data, expected->variant);

    vcb_html_open(html, "small", "class", "under", NULL);
    if (*variant)
        vcb_html_printf(html, "%s · ", variant);
    if (*expected->reason)
        vcb_html_text(html, expected->reason);
    else
        vcb_html_printf(html, "from %u value%s", expected->n, expected->n == 1 ? "" : "s");
    if (expected->line > 0)
        vcb_html_printf(html, " · line %d", expected->line);
    else
        vcb_html_text(html, " · holds where nothing else is said");
    vcb_html_close(html);
}

static void write_expectations(VcbHtml *html, const VcbAnalysis *analysis)
{
    static const char *const COLUMNS[] = {"", "expected", ">observed", NULL};

    vcb_page_heading(html, "Expectations");
    vcb_page_begin_table(html, COLUMNS);
    for (guint i = 0; i < analysis->expectations->len; i++) {
        const VcbExpected *expected = analysis->expectations->pdata[i];

        vcb_html_open(html, "tr", NULL);
        vcb_html_open(html, "td", "class", "t", NULL);
        vcb_page_badge(html, expected->verdict);
        vcb_html_close(html);
        vcb_html_open(html, "td", "class", "wide", NULL);
        vcb_html_element(html, "code", NULL, expected->expression);
        write_small_print(html, analysis, expected);
        vcb_html_close(html);
        if (expected->has_observed)
            vcb_page_quantity(html, expected->observed, vcb_metric_unit(expected->metric));
        else
            vcb_html_element(html, "td", "n", "no data");
        vcb_html_close(html);
    }
    vcb_page_end_table(html);
}

static void card(VcbHtml *html, const char *label, const char *value, const char *more)
{
    vcb_html_open(html, "div", "class", "card", NULL);
    vcb_html_element(html, "dt", NULL, label);
    vcb_html_open(html, "dd", NULL);
    vcb_html_text(html, value);
    vcb_html_element(html, "small", NULL, more);
    vcb_html_close(html);
    vcb_html_close(html);
}

static void write_key_figures(VcbHtml *html, const VcbAnalysis *analysis)
{
    const VcbMetricSummary *connected = vcb_summary_find(analysis->metrics, "connected");

    if (!connected)
        return;
    vcb_page_heading(html, "Key figures");
    vcb_html_open(html, "dl", "class", "cards", NULL);
    {
        g_autofree char *value = g_strdup_printf("%u of %u", analysis->n_connected, analysis->n_valid);
        g_autofree char *more =
            g_strdup_printf("rate %.0f–%.0f %% (95 %%)", 100 * connected->statistics.ci_low,
                            100 * connected->statistics.ci_high);

        card(html, "calls connected", value, more);
    }
    for (gsize i = 0; i < VCB_N_KEY_FIGURES; i++) {
        const VcbMetricSummary *summary = vcb_summary_find(analysis->metrics, VCB_KEY_FIGURES[i].metric);
        const char *unit = vcb_metric_unit(VCB_KEY_FIGURES[i].metric);
        g_autofree char *median = summary ? vcb_quantity(summary->statistics.median, unit) : NULL;
        g_autofree char *p95 = summary ? vcb_quantity(summary->statistics.p95, unit) : NULL;
        g_autofree char *more = summary ? g_strdup_printf("median · p95 %s", p95) : NULL;

        if (summary)
            card(html, VCB_KEY_FIGURES[i].label, median, more);
    }
    vcb_html_close(html);
}

/* What stands under headings of its own is not among these. */
static void write_time_graphs(VcbHtml *html, const char *directory, const GPtrArray *graphs)
{
    gboolean has_heading = FALSE;

    for (guint i = 0; graphs && i < graphs->len; i++) {
        const VcbGraph *graph = graphs->pdata[i];

        if (g_str_has_prefix(graph->name, "connect") || g_str_has_prefix(graph->name, "link-"))
            continue;
        if (!has_heading)
            vcb_page_heading(html, "Over time");
        has_heading = TRUE;
        vcb_page_graph(html, directory, graph);
    }
}

static gboolean is_of_one_peer(const char *name)
{
    g_auto(VcbMetricName) parsed = {0};

    return vcb_metric_name_parse(name, &parsed) && parsed.owner != NULL;
}

static gboolean is_of_run(const char *name)
{
    g_auto(VcbMetricName) parsed = {0};

    return vcb_metric_name_parse(name, &parsed) && parsed.info->scope == VCB_SCOPE_RUN;
}

/* Metrics as rows, variants as columns: medians. */
static void write_variants(VcbHtml *html, const VcbAnalysis *analysis)
{
    if (analysis->variants->len < 2)
        return;
    vcb_page_heading(html, "Variants");
    vcb_html_open(html, "div", "class", "scroll", NULL);
    vcb_html_open(html, "table", NULL);
    vcb_html_open(html, "thead", NULL);
    vcb_html_open(html, "tr", NULL);
    vcb_html_element(html, "th", NULL, "median of");
    for (guint v = 0; v < analysis->variants->len; v++)
        vcb_html_element(html, "th", "n", ((const VcbVariantAnalysis *)analysis->variants->pdata[v])->name);
    vcb_html_close(html);
    vcb_html_close(html);
    vcb_html_open(html, "tbody", NULL);
    vcb_html_open(html, "tr", NULL);
    vcb_html_element(html, "th", NULL, "calls connected");
    for (guint v = 0; v < analysis->variants->len; v++) {
        const VcbVariantAnalysis *variant = analysis->variants->pdata[v];

        vcb_html_open(html, "td", "class", "n", NULL);
        vcb_html_printf(html, "%u of %u", variant->n_connected, variant->n_valid);
        vcb_html_close(html);
    }
    vcb_html_close(html);
    for (guint i = 0; i < analysis->metrics->len; i++) {
        const VcbMetricSummary *row = analysis->metrics->pdata[i];
        const char *unit = vcb_metric_unit(row->name);

        if (strcmp(row->name, "connected") == 0 || is_of_one_peer(row->name) || is_of_run(row->name))
            continue;
        vcb_html_open(html, "tr", NULL);
        vcb_html_open(html, "th", NULL);
        vcb_html_element(html, "code", NULL, row->name);
        vcb_html_close(html);
        for (guint v = 0; v < analysis->variants->len; v++) {
            const VcbVariantAnalysis *variant = analysis->variants->pdata[v];
            const VcbMetricSummary *summary = vcb_summary_find(variant->metrics, row->name);

            vcb_page_quantity(html, summary ? summary->statistics.median : NAN, unit);
        }
        vcb_html_close(html);
    }
    vcb_page_end_table(html);
}

static void write_all_metrics(VcbHtml *html, const VcbAnalysis *analysis)
{
    static const char *const COLUMNS[] = {"metric", ">n",   ">median", ">95 % interval", ">p95", ">mean",
                                          ">min",   ">max", NULL};

    if (!analysis->metrics->len)
        return;
    vcb_html_open(html, "details", NULL);
    vcb_html_element(html, "summary", NULL, "All metrics");
    vcb_page_begin_table(html, COLUMNS);
    for (guint i = 0; i < analysis->metrics->len; i++) {
        const VcbMetricSummary *summary = analysis->metrics->pdata[i];
        const VcbStatistics *statistics = &summary->statistics;
        const char *unit = vcb_metric_unit(summary->name);
        g_autofree char *low = vcb_quantity(statistics->ci_low, unit),
                        *high = vcb_quantity(statistics->ci_high, unit);

        vcb_html_open(html, "tr", NULL);
        vcb_html_open(html, "td", NULL);
        vcb_html_element(html, "code", NULL, summary->name);
        vcb_html_close(html);
        vcb_html_open(html, "td", "class", "n", NULL);
        vcb_html_printf(html, "%u", statistics->n);
        vcb_html_close(html);
        vcb_page_quantity(html, statistics->median, unit);
        vcb_html_open(html, "td", "class", "n", NULL);
        vcb_html_printf(html, "%s … %s", low, high);
        vcb_html_close(html);
        vcb_page_quantity(html, statistics->p95, unit);
        vcb_page_quantity(html, statistics->mean, unit);
        vcb_page_quantity(html, statistics->min, unit);
        vcb_page_quantity(html, statistics->max, unit);
        vcb_html_close(html);
    }
    vcb_page_end_table(html);
    vcb_html_close(html);
}

static void process_row(VcbHtml *html, const VcbAnalysis *analysis, const char *process)
{
    g_autofree char *cpu_name = g_strconcat(process, ".cpu_pct", NULL);
    g_autofree char *pss_name = g_strconcat(process, ".pss_bytes", NULL);
    const VcbMetricSummary *cpu = vcb_summary_find(analysis->metrics, cpu_name);
    const VcbMetricSummary *pss = vcb_summary_find(analysis->metrics, pss_name);

    if (!cpu && !pss)
        return;
    vcb_html_open(html, "tr", NULL);
    vcb_html_element(html, "th", NULL, process);
    vcb_page_quantity(html, cpu ? cpu->statistics.median : NAN, "%");
    vcb_page_quantity(html, cpu ? cpu->statistics.max : NAN, "%");
    vcb_page_quantity(html, pss ? pss->statistics.median : NAN, "B");
    vcb_page_quantity(html, pss ? pss->statistics.max : NAN, "B");
    vcb_html_close(html);
}

static void write_processes(VcbHtml *html, const VcbAnalysis *analysis)
{
    static const char *const COLUMNS[] = {
        "process", ">CPU, median", ">CPU, most", ">memory (Pss), median", ">memory, most", NULL};
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    double share;

    vcb_page_heading(html, "Processes");
    vcb_page_begin_table(html, COLUMNS);
    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallData *call = ((const VcbCallAnalysis *)analysis->calls->pdata[i])->data;

        for (char **peer = call->peers; *peer; peer++) {
            if (g_hash_table_add(seen, *peer))
                process_row(html, analysis, *peer);
        }
    }
    process_row(html, analysis, "vcbench");
    process_row(html, analysis, "signald");
    process_row(html, analysis, "network");
    vcb_page_end_table(html);
    vcb_html_open(html, "p", "class", "soft", NULL);
    vcb_html_text(html, "100 % is one processor.");
    if (vcb_metric_set_get(analysis->run_metrics, "harness_cpu_share_pct", &share))
        vcb_html_printf(html, " vcbench%s used %.1f %% of the CPU time of the run.",
                        analysis->audit.is_used ? ", its signaling server and its network"
                                                : " and its signaling server",
                        share);
    if (isfinite(analysis->timing.call_start_ms) && isfinite(analysis->timing.call_stop_ms))
        vcb_html_printf(html,
                        " Starting a call's processes took %.0f ms and ending them %.0f ms, on average.",
                        analysis->timing.call_start_ms, analysis->timing.call_stop_ms);
    if (isfinite(analysis->timing.overhead_ms))
        vcb_html_printf(
            html,
            " Beyond the calls: %.0f ms to the first call, %.0f ms from the last to the end, %.0f ms for "
            "this report.",
            analysis->timing.start_ms, analysis->timing.stop_ms, analysis->timing.report_ms);
    vcb_html_close(html);
}

static void write_environment(VcbHtml *html, const VcbAnalysis *analysis)
{
    const cJSON *start = analysis->data->start, *item;
    const char *settings = vcb_json_string(start, "settings", "");
    GString *command = g_string_new(NULL);

    vcb_page_heading(html, "Environment");
    vcb_html_open(html, "div", "class", "scroll", NULL);
    vcb_html_open(html, "table", NULL);
    vcb_html_open(html, "tbody", NULL);
    cJSON_ArrayForEach (item, vcb_json_object(start, "environment")) {
        g_autofree char *value = cJSON_IsString(item)    ? g_strdup(item->valuestring)
                                 : !cJSON_IsNumber(item) ? g_strdup("")
                                 : g_str_has_suffix(item->string, "_bytes")
                                     ? vcb_quantity(item->valuedouble, "B")
                                     : vcb_number(item->valuedouble);

        vcb_html_open(html, "tr", NULL);
        vcb_html_element(html, "th", NULL, item->string);
        vcb_html_element(html, "td", NULL, value);
        vcb_html_close(html);
    }
    vcb_page_end_table(html);
    if (*settings) {
        vcb_html_open(html, "details", NULL);
        vcb_html_element(html, "summary", NULL, "Settings, with every default");
        vcb_html_element(html, "pre", NULL, settings);
        vcb_html_close(html);
    }
    vcb_page_heading(html, "Run it again");
    cJSON_ArrayForEach (item, vcb_json_array(start, "command")) {
        g_autofree char *quoted =
            cJSON_IsString(item) &&
                    strcspn(item->valuestring, " '\"$\\*?&|;<>()`\t\n") != strlen(item->valuestring)
                ? g_shell_quote(item->valuestring)
                : g_strdup(cJSON_IsString(item) ? item->valuestring : "");

        g_string_append_printf(command, "%s%s", command->len ? " " : "", quoted);
    }
    if (command->len && !strstr(command->str, "--seed"))
        g_string_append_printf(command, " --seed %" G_GINT64_FORMAT, vcb_json_int(start, "seed", 0));
    vcb_html_element(html, "pre", NULL, command->str);
    g_string_free(command, TRUE);
}

char *vcb_page_html(const VcbAnalysis *analysis, const char *directory, const GPtrArray *graphs)
{
    VcbHtml *html = vcb_html_new();

    vcb_html_open(html, "html", "lang", "en", NULL);
    vcb_html_open(html, "head", NULL);
    vcb_html_raw(html, "<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    vcb_html_printf(html, "%s: %s", vcb_verdict_name(analysis->verdict),
                    vcb_json_string(analysis->data->start, "scenario", "vcbench"));
    vcb_html_raw(html, "</title>\n<style>\n");
    vcb_html_raw(html, VCB_PAGE_STYLE);
    vcb_html_raw(html, "</style>\n");
    vcb_html_close(html);
    vcb_html_open(html, "body", NULL);
    vcb_html_open(html, "main", NULL);
    write_verdict(html, analysis);
    write_expectations(html, analysis);
    write_key_figures(html, analysis);
    vcb_page_graphs(html, "Setting up the calls", directory, graphs, "connect");
    write_variants(html, analysis);
    write_time_graphs(html, directory, graphs);
    vcb_page_network(html, analysis, directory, graphs);
    vcb_page_calls(html, analysis);
    write_all_metrics(html, analysis);
    write_processes(html, analysis);
    write_environment(html, analysis);
    vcb_html_element(html, "footer", NULL, "Made by vcbench " VCB_VERSION " from events.jsonl.");
    vcb_html_close(html);
    vcb_html_close(html);
    vcb_html_close(html);
    return vcb_html_finish(html);
}
