#include "harness/report/graphs.h"

#include "harness/report/network_graph.h"
#include "harness/report/time_graph.h"

#define MOST_ROWS 60 /* of the waterfall: the slowest calls where there are more */

static gint compare_slowest(gconstpointer a, gconstpointer b)
{
    const VcbCallAnalysis *left = *(VcbCallAnalysis *const *)a, *right = *(VcbCallAnalysis *const *)b;
    gint64 left_us = left->setup.connected_us - left->setup.start_call_us;
    gint64 right_us = right->setup.connected_us - right->setup.start_call_us;

    return left_us > right_us ? -1 : left_us < right_us;
}

/* The calls that the waterfall shows; no-ref. */
static GPtrArray *waterfall_calls(const VcbAnalysis *analysis)
{
    GPtrArray *calls = g_ptr_array_new();

    for (guint i = 0; i < analysis->calls->len; i++) {
        VcbCallAnalysis *call = analysis->calls->pdata[i];

        if (call->is_valid)
            g_ptr_array_add(calls, call);
    }
    if (calls->len > MOST_ROWS) {
        g_ptr_array_sort(calls, compare_slowest);
        g_ptr_array_set_size(calls, MOST_ROWS);
    }
    return calls;
}

static char *row_label(const VcbAnalysis *analysis, const VcbCallAnalysis *call)
{
    g_autofree char *id = vcb_graph_label(call->data->id);
    g_autofree char *variant =
        vcb_graph_label(vcb_run_data_variant_name(analysis->data, call->data->variant));

    return *variant ? g_strdup_printf("%s  %s", variant, id) : g_steal_pointer(&id);
}

/* Where the scheduler did something, as points on the bars. Returns how many. */
static guint write_decisions(GString *script, const GPtrArray *calls)
{
    guint n = 0;

    g_string_append(script, "$decisions << EOD\n");
    for (guint row = 0; row < calls->len; row++) {
        const VcbCallAnalysis *call = calls->pdata[row];

        for (guint i = 0; i < call->data->events->len && call->setup.start_call_us >= 0; i++) {
            const VcbEvent *event = call->data->events->pdata[i];

            if (!vcb_event_matches(event, "signald", "decision", NULL, NULL))
                continue;
            g_string_append_printf(script, "%.3f %u\n",
                                   (double)MAX(event->t_us - call->setup.start_call_us, 0) / 1000, row);
            n++;
        }
    }
    g_string_append(script, n ? "EOD\n" : "0 NaN\nEOD\n");
    return n;
}

static void add_waterfall(const VcbAnalysis *analysis, GString *script, GPtrArray *graphs)
{
    static const char *const TITLES[VCB_N_PHASES] = {"offer", "answer",       "ICE",
                                                     "DTLS",  "first packet", "first frame"};
    /* Neighbours differ in lightness too. */
    static const int COLOURS[VCB_N_PHASES] = {0, 4, 2, 5, 1, 3};
    g_autoptr(GPtrArray) calls = waterfall_calls(analysis);
    g_autoptr(GString) body = g_string_new(NULL);
    gboolean has_bars = FALSE;
    guint n_decisions;
    int height = 150 + 24 * MAX((int)calls->len, 3);

    for (guint phase = 0; phase < VCB_N_PHASES; phase++) {
        g_string_append_printf(script, "$phase%u << EOD\n0 0 NaN\n", phase);
        for (guint row = 0; row < calls->len; row++) {
            gint64 boundaries_us[VCB_N_PHASES + 1];
            const VcbCallAnalysis *call = calls->pdata[row];
            guint n_phases;

            if (!vcb_setup_boundaries(&call->setup, boundaries_us, &n_phases) || phase >= n_phases)
                continue;
            has_bars = TRUE;
            g_string_append_printf(script, "%.3f %.3f %u\n", (double)boundaries_us[phase] / 1000,
                                   (double)boundaries_us[phase + 1] / 1000, row);
        }
        g_string_append(script, "EOD\n");
    }
    n_decisions = write_decisions(script, calls);
    if (!has_bars)
        return;
    vcb_graph_begin(body, analysis->n_valid > MOST_ROWS ? "Setting up the call, by phase (the slowest calls)"
                                                        : "Setting up the call, by phase");
    g_string_append_printf(body,
                           "set xlabel 'since start-call (ms)'\nset xrange [0:*]\nset yrange [%.1f:-0.5]\n"
                           "set key at graph 1, graph 1.01 right bottom horizontal samplen 1 width -2 "
                           "maxrows 1\n"
                           "set tmargin 4.2\nset grid noytics\nset ytics scale 0\nset ytics (",
                           calls->len - 0.5);
    for (guint row = 0; row < calls->len; row++) {
        g_autofree char *label = row_label(analysis, calls->pdata[row]);
        g_auto(GStrv) parts = g_strsplit(label, "%", -1);
        g_autofree char *format = g_strjoinv("%%", parts); /* a tic's label is a format: loss=5% */

        g_string_append_printf(body, "%s'%s' %u", row ? ", " : "", format, row);
    }
    g_string_append(body, ")\n");
    for (guint row = 0; row < calls->len; row++) {
        if (!((const VcbCallAnalysis *)calls->pdata[row])->is_connected)
            g_string_append_printf(body, "set label %u '× did not connect' at 0, %u offset 1,0 left\n",
                                   200 + row, row);
    }
    g_string_append(body, "plot ");
    for (guint phase = 0; phase < VCB_N_PHASES; phase++)
        g_string_append_printf(
            body,
            "%s$phase%u using 1:3:1:2:($3-0.36):($3+0.36) with boxxyerror fs solid noborder lc rgb "
            "'%s' title '%s'",
            phase ? ", \\\n  " : "", phase, VCB_GRAPH_COLOURS[COLOURS[phase]], TITLES[phase]);
    if (n_decisions)
        g_string_append(
            body, ", \\\n  $decisions using 1:2 with points pt 13 ps 0.9 lc rgb 'black' title 'injected'");
    g_string_append_c(body, '\n');
    vcb_graph_add(script, graphs, "connect-phases",
                  "How long each call took to connect, by phase, in milliseconds", height, body->str);
}

static gint compare_doubles(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static void add_ecdf(const VcbAnalysis *analysis, GString *script, GPtrArray *graphs)
{
    g_autoptr(GString) body = g_string_new(NULL), plots = g_string_new(NULL);
    guint n_colours = g_strv_length((char **)VCB_GRAPH_COLOURS), n_lines = 0;

    for (guint v = 0; v < analysis->variants->len; v++) {
        const VcbVariantAnalysis *variant = analysis->variants->pdata[v];
        const VcbMetricSummary *summary = vcb_summary_find(variant->metrics, "connect_time_ms");
        g_autoptr(GArray) sorted = NULL;
        g_autofree char *label = vcb_graph_label(*variant->name ? variant->name : "all calls");

        if (!summary)
            continue;
        sorted = g_array_copy(summary->values);
        g_array_sort(sorted, compare_doubles);
        g_string_append_printf(script, "$ecdf%u << EOD\n%.3f 0\n", v, g_array_index(sorted, double, 0));
        for (guint i = 0; i < sorted->len; i++)
            g_string_append_printf(script, "%.3f %.4f\n", g_array_index(sorted, double, i),
                                   100.0 * (i + 1) / sorted->len);
        g_string_append(script, "EOD\n");
        g_string_append_printf(plots, "%s$ecdf%u using 1:2 with steps lw 2 dt %u lc rgb '%s' title '%s (%u)'",
                               n_lines++ ? ", \\\n  " : "", v, 1 + v / n_colours % 5,
                               VCB_GRAPH_COLOURS[v % n_colours], label, sorted->len);
    }
    if (!n_lines)
        return;
    vcb_graph_begin(body, "Connect time: share of calls that had connected");
    g_string_append(
        body,
        "set xlabel 'connect time (ms)'\nset ylabel 'calls (%)'\nset yrange [0:103]\nset offsets graph 0.04, "
        "graph 0.04, 0, 0\nset arrow 1 from graph 0, first 95 to graph 1, first 95 nohead dt 2 lw 0.8 lc "
        "rgb '" VCB_GRAPH_GRID "' back\nset label 1 '95 %' at graph 0.01, first 95 offset 0,-0.7 left "
        "font ',11'\n"
        "set ytics 25\nset tmargin 3\nset key bottom right Right\n");
    g_string_append_printf(body, "plot %s\n", plots->str);
    vcb_graph_add(script, graphs, "connect-time",
                  "Empirical distribution of the connect time in milliseconds", 300, body->str);
}

char *vcb_graphs_script(const VcbAnalysis *analysis, GPtrArray **ret_graphs)
{
    GString *script = g_string_new("# Drawn by vcbench. To draw again: gnuplot graphs.gnuplot\n"
                                   "if (!exists('part')) part = ''\nset encoding utf8\n\n");

    *ret_graphs = g_ptr_array_new_with_free_func(vcb_graph_free);
    add_waterfall(analysis, script, *ret_graphs);
    add_ecdf(analysis, script, *ret_graphs);
    vcb_time_graphs_add(analysis, script, *ret_graphs);
    vcb_network_graphs_add(analysis, script, *ret_graphs);
    return g_string_free(script, FALSE);
}
