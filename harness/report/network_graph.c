/* A graph for each link direction: capacity and delivered rate, delay and the longest wait in the queue, drops. A
 * line for each variant, the median of its calls; changes of the timeline are marked. */
#include "harness/report/network_graph.h"

#include "harness/measure/statistics.h"
#include "harness/report/graph.h"
#include "harness/report/time_graph.h"

#include <math.h>
#include <string.h>

#define MOST_GRAPHS 8
#define MOST_BINS 5000
#define MOST_KEYS 8

typedef enum {
    VALUE_RATE,
    VALUE_CAPACITY,
    VALUE_DELAY,
    VALUE_WAIT,
    VALUE_DROPPED,
    N_VALUES,
} Value;

/* One second of one variant: the values of its calls. */
typedef struct {
    GArray *values[N_VALUES]; /* double */
} Bin;

typedef struct {
    guint variant;
    GPtrArray *bins; /* Bin, owned; NULL where empty */
} Curve;

static void bin_free(gpointer data)
{
    Bin *bin = data;

    for (int v = 0; bin && v < N_VALUES; v++)
        g_array_unref(bin->values[v]);
    g_free(bin);
}

static void curve_free(gpointer data)
{
    Curve *curve = data;

    g_ptr_array_unref(curve->bins);
    g_free(curve);
}

static Curve *curve_for(GPtrArray *curves, guint variant)
{
    Curve *curve;

    for (guint i = 0; i < curves->len; i++) {
        curve = curves->pdata[i];
        if (curve->variant == variant)
            return curve;
    }
    curve = g_new0(Curve, 1);
    curve->variant = variant;
    curve->bins = g_ptr_array_new_with_free_func(bin_free);
    g_ptr_array_add(curves, curve);
    return curve;
}

static void add_interval(Curve *curve, const VcbLinkLine *from, const VcbLinkLine *to, gint64 zero_us)
{
    gint64 second = (to->t_us - zero_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
    double seconds = (double)(to->t_us - from->t_us) / G_USEC_PER_SEC;
    const double VALUES[N_VALUES] = {
        [VALUE_RATE] = 8e-3 * (to->delivered_bytes - from->delivered_bytes) / seconds,
        [VALUE_CAPACITY] = to->rate_bps > 0 ? to->rate_bps / 1000 : NAN,
        [VALUE_DELAY] = to->delay_p95_us / 1000,
        [VALUE_WAIT] = to->queue_max_us / 1000,
        [VALUE_DROPPED] = (to->dropped - from->dropped) / seconds,
    };
    Bin *bin;

    /* The last line comes when the network goes: its interval is no second. */
    if (to->t_us < zero_us || second >= MOST_BINS || seconds < 0.25)
        return;
    if (curve->bins->len <= (guint)second)
        g_ptr_array_set_size(curve->bins, (gint)second + 1);
    bin = curve->bins->pdata[second];
    if (!bin) {
        curve->bins->pdata[second] = bin = g_new0(Bin, 1);
        for (int v = 0; v < N_VALUES; v++)
            bin->values[v] = g_array_new(FALSE, FALSE, sizeof(double));
    }
    for (int v = 0; v < N_VALUES; v++) {
        if (isfinite(VALUES[v]))
            g_array_append_val(bin->values[v], VALUES[v]);
    }
}

static GPtrArray *curves_of(const VcbAnalysis *analysis, const char *name, VcbLinkDirection direction)
{
    GPtrArray *curves = g_ptr_array_new_with_free_func(curve_free);

    for (guint c = 0; c < analysis->calls->len; c++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[c];
        const VcbLinkData *link = call->network && call->is_valid && call->is_connected
                                      ? vcb_network_data_link(call->network, name, direction)
                                      : NULL;
        gint64 zero_us = vcb_time_graph_zero_us(analysis, call);

        for (guint i = 1; link && i < link->lines->len; i++) {
            const VcbLinkLine *line = &g_array_index(link->lines, VcbLinkLine, i);

            add_interval(curve_for(curves, call->data->variant), line - 1, line, zero_us);
        }
    }
    return curves;
}

static gint compare_doubles(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

static void append_median(GString *script, GArray *values)
{
    if (!values->len) {
        g_string_append(script, " NaN");
        return;
    }
    g_array_sort(values, compare_doubles);
    g_string_append_printf(script, " %.6g",
                           vcb_quantile((const double *)(const void *)values->data, values->len, 0.5));
}

static void write_data(GString *script, const char *block, const Curve *curve)
{
    g_string_append_printf(script, "%s << EOD\n", block);
    for (guint second = 0; second < curve->bins->len; second++) {
        Bin *bin = curve->bins->pdata[second];

        if (!bin)
            continue;
        g_string_append_printf(script, "%u", second);
        for (int v = 0; v < N_VALUES; v++)
            append_median(script, bin->values[v]);
        g_string_append_c(script, '\n');
    }
    g_string_append(script, "EOD\n");
}

static gboolean has_value(const GPtrArray *curves, Value value)
{
    for (guint i = 0; i < curves->len; i++) {
        const Curve *curve = curves->pdata[i];

        for (guint second = 0; second < curve->bins->len; second++) {
            const Bin *bin = curve->bins->pdata[second];

            if (bin && bin->values[value]->len)
                return TRUE;
        }
    }
    return FALSE;
}

/* The largest or the smallest value of all bins; 0 where there is none. */
static double extreme(const GPtrArray *curves, Value value, gboolean smallest)
{
    double found = NAN;

    for (guint i = 0; i < curves->len; i++) {
        const Curve *curve = curves->pdata[i];

        for (guint second = 0; second < curve->bins->len; second++) {
            const Bin *bin = curve->bins->pdata[second];

            for (guint n = 0; bin && n < bin->values[value]->len; n++)
                found = smallest ? fmin(found, g_array_index(bin->values[value], double, n))
                                 : fmax(found, g_array_index(bin->values[value], double, n));
        }
    }
    return isnan(found) ? 0 : found;
}

/* A range from 0 and some four tics at round numbers. */
static void write_range(GString *body, double top)
{
    double power, step;

    if (!(top > 0) || !isfinite(top)) {
        g_string_append(body, "set yrange [0:1]\nset ytics 1\n");
        return;
    }
    power = pow(10, floor(log10(top / 4)));
    step = top / 4 <= power       ? power
           : top / 4 <= 2 * power ? 2 * power
           : top / 4 <= 5 * power ? 5 * power
                                  : 10 * power;
    g_string_append_printf(body, "set yrange [0:%.6g]\nset ytics %.6g\n", top * 1.08, step);
}

/* A capacity far above what ever went over the link would flatten everything else: it may be left out, or end above
 * the panel. */
static double top_of(const GPtrArray *curves, Value solid, Value dashed)
{
    double most = extreme(curves, solid, FALSE),
           beside = dashed == N_VALUES ? 0 : extreme(curves, dashed, FALSE);

    if (dashed != VALUE_CAPACITY || !(most > 0))
        return fmax(most, beside);
    return extreme(curves, dashed, TRUE) > 3 * most ? most : fmax(most, fmin(beside, 3 * most));
}

/* One of the three panels. `dashed` (N_VALUES: none) is drawn beside `solid` where any variant has it. */
typedef struct {
    const char *what, *beside, *unit; /* "rate" and "capacity" of "rate (dashed: capacity)" */
    Value solid, dashed;
    double origin, height; /* of the whole graph */
    const char *margins;
} Panel;

static const Panel PANELS[] = {
    {"delivered", "capacity, where it is near", "kbit/s", VALUE_RATE, VALUE_CAPACITY, 0.56, 0.44,
     "set tmargin 4.2\nset bmargin 0.8\n"},
    {"delay, 95th percentile", "longest wait in the queue", "ms", VALUE_DELAY, VALUE_WAIT, 0.31, 0.25,
     "set tmargin 1.8\nset bmargin 0.8\n"},
    {"dropped", "", "packets/s", VALUE_DROPPED, N_VALUES, 0, 0.31, "set tmargin 1.8\nset bmargin 3.2\n"},
};

/* Variants have the colours; what is solid and what is dashed stands above each panel. */
static void write_panel(const VcbAnalysis *analysis, GString *body, const char *prefix,
                        const GPtrArray *curves, const Panel *panel)
{
    guint n_colours = g_strv_length((char **)VCB_GRAPH_COLOURS);
    gboolean has_dashed = panel->dashed != N_VALUES && has_value(curves, panel->dashed);
    gboolean has_key = panel == PANELS && curves->len > 1 && curves->len <= MOST_KEYS;
    const char *separator = "";

    write_range(body, top_of(curves, panel->solid, has_dashed ? panel->dashed : N_VALUES));
    g_string_append_printf(body,
                           "set origin 0,%g\nset size 1,%g\n%sset ylabel '%s'\n"
                           "set label 98 '%s%s%s%s' at graph 0, graph 1 offset 0,0.7 left font ',11'\nplot ",
                           panel->origin, panel->height, panel->margins, panel->unit, panel->what,
                           has_dashed ? " (dashed: " : "", has_dashed ? panel->beside : "",
                           has_dashed ? ")" : "");
    if (!has_dashed && !has_value(curves, panel->solid)) { /* gnuplot gives up on what is nowhere */
        g_string_append(body, "0 with lines lw 0.1 lc rgb '" VCB_GRAPH_GRID "' notitle\n");
        return;
    }
    for (guint i = 0; i < curves->len; i++) {
        const Curve *curve = curves->pdata[i];
        const char *colour = VCB_GRAPH_COLOURS[i % n_colours];
        g_autofree char *variant = vcb_graph_label(vcb_run_data_variant_name(analysis->data, curve->variant));

        if (has_dashed)
            g_string_append_printf(body, "%s%s_%u using 1:%d with lines lw 1.4 dt 2 lc rgb '%s' notitle",
                                   separator, prefix, i, 2 + (int)panel->dashed, colour);
        g_string_append_printf(body, "%s%s_%u using 1:%d with linespoints lw 1.8 pt %u ps 0.4 lc rgb '%s' ",
                               has_dashed || *separator ? ", \\\n  " : "", prefix, i, 2 + (int)panel->solid,
                               5 + 2 * (i % 4), colour);
        if (has_key)
            g_string_append_printf(body, "title '%s'", variant);
        else
            g_string_append(body, "notitle");
        separator = ", \\\n  ";
    }
    g_string_append_c(body, '\n');
}

/* What may stand in a file's name, on any system. */
static char *file_name(const char *name, VcbLinkDirection direction)
{
    g_autofree char *safe = g_strndup(name, 40);

    g_strcanon(safe, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_", '_');
    return g_strdup_printf("link-%s-%s", safe, vcb_link_direction_name(direction));
}

static void add_graph(const VcbAnalysis *analysis, const char *name, VcbLinkDirection direction, guint number,
                      GString *script, GPtrArray *graphs)
{
    g_autoptr(GPtrArray) curves = curves_of(analysis, name, direction);
    g_autoptr(GString) body = g_string_new(NULL);
    g_autofree char *label = vcb_graph_label(name), *file = file_name(name, direction);
    g_autofree char *heading = g_strdup_printf("Link %s, %s", label, vcb_link_direction_name(direction));
    g_autofree char *title =
        g_strdup_printf("Capacity and rate, delay, and drops of link %s, direction %s, over time", label,
                        vcb_link_direction_name(direction));
    g_autofree char *prefix = g_strdup_printf("$link%u", number);

    if (!has_value(curves, VALUE_RATE))
        return;
    for (guint i = 0; i < curves->len; i++) {
        g_autofree char *block = g_strdup_printf("%s_%u", prefix, i);

        write_data(script, block, curves->pdata[i]);
    }
    vcb_graph_begin(body, heading);
    g_string_append(body,
                    "set key at graph 1, graph 1.01 right bottom horizontal samplen 2\n"
                    "set xrange [0:*]\nset lmargin 10\nset rmargin 2\nset multiplot\nset format x ''\n");
    vcb_time_graph_marks(analysis, name, body, TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(PANELS); i++) {
        if (i == 1)
            g_string_append(body, "unset label\n"); /* the marks' words stand in the first panel */
        if (i + 1 == G_N_ELEMENTS(PANELS))
            g_string_append(body, "set format x\nset xlabel 'since connected (s)'\n");
        write_panel(analysis, body, prefix, curves, &PANELS[i]);
    }
    g_string_append(body, "unset multiplot\n");
    vcb_graph_add(script, graphs, file, title, 540, body->str);
}

static gboolean is_new(GPtrArray *seen, const VcbLinkData *link)
{
    for (guint i = 0; i < seen->len; i++) {
        const VcbLinkData *before = seen->pdata[i];

        if (before->direction == link->direction && strcmp(before->name, link->name) == 0)
            return FALSE;
    }
    g_ptr_array_add(seen, (gpointer)link);
    return TRUE;
}

/* A link that many share is what most is asked of. */
void vcb_network_graphs_add(const VcbAnalysis *analysis, GString *script, GPtrArray *graphs)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();

    for (int pass = 0; pass < 2; pass++) {
        for (guint c = 0; c < analysis->calls->len; c++) {
            const VcbCallAnalysis *call = analysis->calls->pdata[c];

            for (guint i = 0; call->network && i < call->network->links->len; i++) {
                const VcbLinkData *link = call->network->links->pdata[i];

                if (link->is_counted && (link->peer != NULL) == pass && seen->len < MOST_GRAPHS &&
                    is_new(seen, link))
                    add_graph(analysis, link->name, link->direction, seen->len, script, graphs);
            }
        }
    }
}
