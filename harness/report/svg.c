#include "harness/report/svg.h"

#include "harness/report/graph.h"
#include "harness/report/markup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void replace_all(GString *text, const char *from, const char *to)
{
    g_string_replace(text, from, to, 0);
}

/* gnuplot writes colours as 'rgb(  0, 114, 178)'; in dark mode the same hue must be lighter, which the page's
 * variables
 * --g0, --g1, ... bring about. */
static void use_variable(GString *svg, const char *hex, const char *variable)
{
    unsigned long rgb = strtoul(hex + 1, NULL, 16);
    g_autofree char *from =
        g_strdup_printf("rgb(%3lu, %3lu, %3lu)", rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255);
    g_autofree char *to = g_strdup_printf("var(%s)", variable);

    replace_all(svg, from, to);
}

char *vcb_svg_for_page(const char *text, const char *title)
{
    const char *start = strstr(text, "<svg"), *canvas = strstr(text, "<g id=\"gnuplot_canvas\"");
    const char *view = start ? strstr(start, "viewBox=\"") : NULL;
    g_autofree char *view_box = NULL, *label = vcb_markup_escape(title);
    GString *svg;

    if (!start || !canvas || !view)
        return g_strdup("");
    view += strlen("viewBox=\"");
    view_box = g_strndup(view, strcspn(view, "\""));
    svg = g_string_new(NULL);
    g_string_append_printf(
        svg,
        "<svg viewBox=\"%s\" role=\"img\" aria-label=\"%s\" xmlns=\"http://www.w3.org/2000/svg\" "
        "xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n%s",
        view_box, label, canvas);
    replace_all(svg, "fill=\"#ffffff\"", "fill=\"none\""); /* the file's own background */
    replace_all(svg, "color=\"black\"", "");
    replace_all(svg, "color=\"white\"", "");
    replace_all(svg, "'black'", "'currentColor'");
    replace_all(svg, "\"black\"", "\"currentColor\"");
    replace_all(svg, "rgb(  0,   0,   0)", "currentColor");
    replace_all(svg, "rgb(0,0,0)", "currentColor");
    replace_all(svg, "font-family=\"sans\"", "");
    replace_all(svg, "<g id=\"gnuplot_canvas\"", "<g class=\"canvas\"");
    for (guint i = 0; VCB_GRAPH_COLOURS[i]; i++) {
        g_autofree char *variable = g_strdup_printf("--g%u", i);

        use_variable(svg, VCB_GRAPH_COLOURS[i], variable);
    }
    use_variable(svg, VCB_GRAPH_GRID, "--grid");
    return g_string_free(svg, FALSE);
}
