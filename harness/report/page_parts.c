#include "harness/report/page_parts.h"

#include "harness/report/quantity.h"
#include "harness/report/svg.h"

void vcb_page_badge(VcbHtml *html, VcbVerdict verdict)
{
    static const char *const SIGNS[] = {[VCB_VERDICT_PASS] = "✓",
                                        [VCB_VERDICT_FAIL] = "✗",
                                        [VCB_VERDICT_INVALID] = "?",
                                        [VCB_VERDICT_ERROR] = "!",
                                        [VCB_VERDICT_SKIPPED] = "–"};
    g_autofree char *class = g_strdup_printf("badge %s", vcb_verdict_name(verdict));
    g_autofree char *text = g_strdup_printf("%s %s", SIGNS[verdict], vcb_verdict_name(verdict));

    vcb_html_element(html, "span", class, text);
}

void vcb_page_heading(VcbHtml *html, const char *text)
{
    vcb_html_element(html, "h2", NULL, text);
}

/* A row of <th>; a leading '>' marks a column of numbers. */
static void table_head(VcbHtml *html, const char *const *columns)
{
    vcb_html_open(html, "thead", NULL);
    vcb_html_open(html, "tr", NULL);
    for (; *columns; columns++)
        vcb_html_element(html, "th", **columns == '>' ? "n" : NULL,
                         **columns == '>' ? *columns + 1 : *columns);
    vcb_html_close(html);
    vcb_html_close(html);
}

void vcb_page_begin_table(VcbHtml *html, const char *const *columns)
{
    vcb_html_open(html, "div", "class", "scroll", NULL);
    vcb_html_open(html, "table", NULL);
    table_head(html, columns);
    vcb_html_open(html, "tbody", NULL);
}

void vcb_page_end_table(VcbHtml *html)
{
    for (int i = 0; i < 3; i++)
        vcb_html_close(html);
}

void vcb_page_quantity(VcbHtml *html, double value, const char *unit)
{
    g_autofree char *text = vcb_quantity(value, unit);

    vcb_html_element(html, "td", "n", text);
}

void vcb_page_graph(VcbHtml *html, const char *directory, const VcbGraph *graph)
{
    g_autofree char *name = g_strconcat(graph->name, ".svg", NULL);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *svg = NULL, *inlined = NULL;

    if (!g_file_get_contents(path, &svg, NULL, NULL))
        return;
    inlined = vcb_svg_for_page(svg, graph->title);
    vcb_html_open(html, "figure", NULL);
    vcb_html_raw(html, inlined);
    vcb_html_close(html);
}

void vcb_page_graphs(VcbHtml *html, const char *title, const char *directory, const GPtrArray *graphs,
                     const char *prefix)
{
    gboolean has_heading = title == NULL;

    for (guint i = 0; graphs && i < graphs->len; i++) {
        const VcbGraph *graph = graphs->pdata[i];

        if (!g_str_has_prefix(graph->name, prefix))
            continue;
        if (!has_heading)
            vcb_page_heading(html, title);
        has_heading = TRUE;
        vcb_page_graph(html, directory, graph);
    }
}
