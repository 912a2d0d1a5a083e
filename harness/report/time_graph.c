#include "harness/report/time_graph.h"

#include "harness/measure/series.h"
#include "harness/report/graph.h"

#include <math.h>
#include <string.h>

#define MOST_BINS 5000
#define MOST_BANDS 4 /* more lines than this are drawn without bands */
#define MOST_MARKS 12

typedef struct {
    const char *name, *heading, *title, *label;
    VcbSeriesValue value;
    VcbDirection direction;
    double scale;
    const char *y_range;
} TimeGraph;

static const TimeGraph GRAPHS[] = {
    {"bitrate", "Bitrate received", "Bitrate received over time at each peer, in kilobits a second", "kbit/s",
     VCB_SERIES_BITRATE, VCB_DIRECTION_IN, 1e-3, "[0:*]"},
    {"loss", "Packets lost", "Packets lost over time at each peer, in percent", "lost (%)", VCB_SERIES_LOSS,
     VCB_DIRECTION_IN, 1, "[0:*<100]"},
    {"rtt", "Round-trip time (RTCP)",
     "Round-trip time of RTCP reports over time at each peer, in milliseconds", "ms", VCB_SERIES_RTT,
     VCB_DIRECTION_OUT, 1, "[0:*]"},
    {"jitter", "Interarrival jitter", "Interarrival jitter over time at each peer, in milliseconds", "ms",
     VCB_SERIES_JITTER, VCB_DIRECTION_IN, 1, "[0:*]"},
    {"fps", "Frames decoded", "Frames decoded a second over time at each peer", "frames/s", VCB_SERIES_FPS,
     VCB_DIRECTION_IN, 1, "[0:*]"},
};

/* One line of a panel. */
typedef struct {
    char *label; /* "alice", "codec=vp9 alice", "alice 2" of the second pair in a shared network */
    guint variant;
    int pair; /* 0: of all pairs */
    char *peer;
    GPtrArray *bins; /* GArray of double, owned; NULL where empty */
    gboolean has_band;
    const VcbCallData *last_call; /* no-ref */
    guint n_calls;
} Line;

static void line_free(gpointer data)
{
    Line *line = data;

    g_free(line->label);
    g_free(line->peer);
    g_ptr_array_unref(line->bins);
    g_free(line);
}

static void bin_free(gpointer data)
{
    if (data)
        g_array_unref(data);
}

gint64 vcb_time_graph_zero_us(const VcbAnalysis *analysis, const VcbCallAnalysis *call)
{
    gint64 zero_us = call->setup.connected_us;

    for (guint i = 0; call->data->n_sharing > 1 && i < analysis->calls->len; i++) {
        const VcbCallAnalysis *other = analysis->calls->pdata[i];

        if (strcmp(other->data->network, call->data->network) == 0)
            zero_us = MAX(zero_us, other->setup.connected_us);
    }
    return zero_us;
}

/* Flows that compete in one network are looked at one by one. */
static Line *line_for(const VcbAnalysis *analysis, GPtrArray *lines, const VcbCallData *call,
                      const char *peer)
{
    guint variant = call->variant;
    int pair = call->n_sharing > 1 ? call->pair : 0;
    const char *name = vcb_run_data_variant_name(analysis->data, variant);
    g_autofree char *who = pair ? g_strdup_printf("%s %d", peer, pair) : g_strdup(peer);
    g_autofree char *label = *name ? g_strdup_printf("%s %s", name, who) : g_strdup(who);
    Line *line;

    for (guint i = 0; i < lines->len; i++) {
        line = lines->pdata[i];
        if (line->variant == variant && line->pair == pair && strcmp(line->peer, peer) == 0)
            return line;
    }
    line = g_new0(Line, 1);
    line->variant = variant;
    line->pair = pair;
    line->peer = g_strdup(peer);
    line->label = vcb_graph_label(label);
    line->bins = g_ptr_array_new_with_free_func(bin_free);
    g_ptr_array_add(lines, line);
    return line;
}

static void add_value(Line *line, const VcbCallData *call, gint64 bin, double value)
{
    GArray *values;

    if (bin < 0 || bin >= MOST_BINS || !isfinite(value))
        return;
    line->n_calls += line->last_call != call; /* they come call by call */
    line->last_call = call;
    if (line->bins->len <= (guint)bin)
        g_ptr_array_set_size(line->bins, (gint)bin + 1);
    values = line->bins->pdata[bin];
    if (!values)
        line->bins->pdata[bin] = values = g_array_new(FALSE, FALSE, sizeof(double));
    g_array_append_val(values, value);
    line->has_band = line->has_band || values->len > 1;
}

static gint64 bin_width_us(const VcbAnalysis *analysis)
{
    return MAX(vcb_json_int(analysis->data->start, "stats_interval_us", G_USEC_PER_SEC), 1000);
}

/* The lines of one kind's panel; empty where no call has the value. */
static GPtrArray *lines_of(const VcbAnalysis *analysis, const TimeGraph *graph, VcbKind kind)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(line_free);
    gint64 width_us = bin_width_us(analysis);

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];
        gint64 later_us = vcb_time_graph_zero_us(analysis, call) - call->setup.connected_us;

        for (guint s = 0; call->is_valid && s < call->series->len; s++) {
            const VcbSeries *series = call->series->pdata[s];

            if (series->kind != kind || series->direction != graph->direction)
                continue;
            for (guint p = 0; p < series->points->len; p++) {
                const VcbPoint *point = &g_array_index(series->points, VcbPoint, p);
                double value = point->value[graph->value] * graph->scale;

                if (point->t_us >= later_us && isfinite(value))
                    add_value(line_for(analysis, lines, call->data, series->peer), call->data,
                              (point->t_us - later_us + width_us / 2) / width_us, value);
            }
        }
    }
    return lines;
}

static void write_data(GString *script, const char *block, const Line *line, gint64 width_us)
{
    g_string_append_printf(script, "%s << EOD\n", block);
    for (guint bin = 0; bin < line->bins->len; bin++) {
        const GArray *values = line->bins->pdata[bin];
        VcbStatistics statistics;

        if (!values)
            continue;
        statistics = vcb_statistics_of((const double *)(const void *)values->data, values->len, FALSE);
        g_string_append_printf(script, "%.3f %.6g %.6g %.6g\n", (double)(bin * width_us) / G_USEC_PER_SEC,
                               statistics.median, statistics.min, statistics.max);
    }
    g_string_append(script, "EOD\n");
}

typedef struct {
    char *label;
    GArray *at_s; /* double, one a call */
} Mark;

static void mark_free(gpointer data)
{
    Mark *mark = data;

    g_free(mark->label);
    g_array_unref(mark->at_s);
    g_free(mark);
}

static void add_mark(GPtrArray *marks, const char *label, double at_s)
{
    Mark *mark;

    for (guint i = 0; i < marks->len; i++) {
        mark = marks->pdata[i];
        if (strcmp(mark->label, label) == 0) {
            g_array_append_val(mark->at_s, at_s);
            return;
        }
    }
    if (marks->len >= MOST_MARKS)
        return;
    mark = g_new0(Mark, 1);
    mark->label = g_strdup(label);
    mark->at_s = g_array_new(FALSE, FALSE, sizeof(double));
    g_array_append_val(mark->at_s, at_s);
    g_ptr_array_add(marks, mark);
}

static gboolean has_link(const VcbCallAnalysis *call, const char *name)
{
    return call->network && (vcb_network_data_link(call->network, name, VCB_LINK_UP) ||
                             vcb_network_data_link(call->network, name, VCB_LINK_DOWN));
}

/* The same thing done again in a call is another mark. */
static void add_event(GPtrArray *marks, GHashTable *seen, char *text, gint64 since_us)
{
    guint times = GPOINTER_TO_UINT(g_hash_table_lookup(seen, text)) + 1;
    g_autofree char *key = times > 1 ? g_strdup_printf("%s (%u)", text, times) : g_strdup(text);

    g_hash_table_replace(seen, text, GUINT_TO_POINTER(times));
    add_mark(marks, key, (double)since_us / G_USEC_PER_SEC);
}

/* What was done on the timeline, what the message scheduler decided after the calls had connected, and how their
 * networks changed. */
static GPtrArray *marks_of(const VcbAnalysis *analysis, const char *link)
{
    GPtrArray *marks = g_ptr_array_new_with_free_func(mark_free);

    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        gint64 zero_us = vcb_time_graph_zero_us(analysis, call);

        if (!call->is_valid || !call->is_connected || (link && !has_link(call, link)))
            continue;
        for (guint e = 0; e < call->data->events->len; e++) {
            const VcbEvent *event = call->data->events->pdata[e];
            gboolean is_timeline = vcb_event_matches(event, "vcbench", "timeline", NULL, NULL);

            if (event->t_us < zero_us ||
                (!is_timeline && !vcb_event_matches(event, "signald", "decision", NULL, NULL)))
                continue;
            add_event(marks, seen,
                      g_strdup_printf("%s: %s",
                                      vcb_json_string(event->json, is_timeline ? "peer" : "message", "?"),
                                      vcb_json_string(event->json, "action", "?")),
                      event->t_us - zero_us);
        }
        for (guint e = 0; call->network && e < call->network->changes->len; e++) {
            const VcbEvent *event = call->network->changes->pdata[e];

            if (event->t_us >= zero_us)
                add_event(marks, seen, vcb_network_data_change_text(call->data, event),
                          event->t_us - zero_us);
        }
    }
    return marks;
}

/* Marks and warm-up, behind the lines of each panel; words only in the first. */
void vcb_time_graph_marks(const VcbAnalysis *analysis, const char *link, GString *body, gboolean with_words)
{
    g_autoptr(GPtrArray) marks = marks_of(analysis, link);
    double warmup_s = (double)vcb_json_int(analysis->data->start, "warmup_us", 0) / G_USEC_PER_SEC;

    if (warmup_s > 0) {
        g_string_append_printf(body,
                               "set object 1 rect from 0, graph 0 to %.3f, graph 1 fc rgb '" VCB_GRAPH_GRID
                               "' fs transparent solid 0.2 noborder behind\n",
                               warmup_s);
        if (with_words)
            g_string_append(body, "set label 99 'warm-up' at 0, graph 0.06 offset 0.5,0 left font ',11'\n");
    }
    for (guint i = 0; i < marks->len; i++) {
        const Mark *mark = marks->pdata[i];
        g_autofree char *label = vcb_graph_label(mark->label);
        double at_s =
            vcb_statistics_of((const double *)(const void *)mark->at_s->data, mark->at_s->len, FALSE).median;

        g_string_append_printf(
            body, "set arrow %u from %.3f, graph 0 to %.3f, graph 1 nohead dt 2 lw 0.8 lc rgb 'black' back\n",
            i + 1, at_s, at_s);
        if (with_words)
            g_string_append_printf(
                body, "set label %u '%s' at %.3f, graph 0.03 offset 0.8,0 rotate by 90 left font ',11'\n",
                i + 1, label, at_s);
    }
}

static gboolean is_all_zero(const GPtrArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        const Line *line = lines->pdata[i];

        for (guint bin = 0; bin < line->bins->len; bin++) {
            const GArray *values = line->bins->pdata[bin];

            for (guint v = 0; values && v < values->len; v++) {
                if (g_array_index(values, double, v) != 0)
                    return FALSE;
            }
        }
    }
    return TRUE;
}

static void write_panel(const VcbAnalysis *analysis, GString *script, GString *body, const TimeGraph *graph,
                        VcbKind kind, const GPtrArray *lines, gboolean with_words)
{
    gint64 width_us = bin_width_us(analysis);
    guint n_colours = g_strv_length((char **)VCB_GRAPH_COLOURS);
    g_autoptr(GString) plots = g_string_new(NULL);

    /* All zero is the best that a loss can be, and gnuplot asks for a range that is not empty. */
    g_string_append_printf(body, "unset label 99\nset yrange %s\nset ylabel '%s, %s'\n",
                           is_all_zero(lines) ? "[0:1]" : graph->y_range, vcb_kind_name(kind), graph->label);
    vcb_time_graph_marks(analysis, NULL, body, with_words);
    for (guint pass = 0; pass < 2; pass++) { /* bands below all lines */
        for (guint i = 0; i < lines->len; i++) {
            const Line *line = lines->pdata[i];
            const char *colour = VCB_GRAPH_COLOURS[i % n_colours];
            g_autofree char *block = g_strdup_printf("$%s_%s_%u", graph->name, vcb_kind_name(kind), i);

            if (pass == 0)
                write_data(script, block, line, width_us);
            if (pass == 0 && (!line->has_band || lines->len > MOST_BANDS))
                continue;
            if (plots->len)
                g_string_append(plots, ", \\\n  ");
            if (pass == 0)
                g_string_append_printf(
                    plots,
                    "%s using 1:3:4 with filledcurves fs transparent solid 0.18 noborder lc rgb '%s' "
                    "notitle",
                    block, colour);
            else
                g_string_append_printf(
                    plots, "%s using 1:2 with linespoints lw 1.8 pt %u ps 0.5 dt %u lc rgb '%s' title '%s'",
                    block, 5 + 2 * (i % 4), 1 + i / n_colours % 4, colour, line->label);
        }
    }
    g_string_append_printf(body, "plot %s\n", plots->str);
}

/* Is any line made of several calls? */
static gboolean has_bands(const GPtrArray *lines)
{
    for (guint i = 0; i < lines->len; i++) {
        if (((const Line *)lines->pdata[i])->n_calls > 1)
            return TRUE;
    }
    return FALSE;
}

static void add_graph(const VcbAnalysis *analysis, const TimeGraph *graph, GString *script, GPtrArray *graphs)
{
    g_autoptr(GPtrArray) video = lines_of(analysis, graph, VCB_KIND_VIDEO);
    g_autoptr(GPtrArray) audio = lines_of(analysis, graph, VCB_KIND_AUDIO);
    g_autoptr(GString) body = g_string_new(NULL);
    gboolean both = video->len && audio->len && graph->value != VCB_SERIES_FPS;
    /* Three rows of two names fit into the graph as it is. */
    guint key_rows = MAX((MAX(video->len, audio->len) + 1) / 2, 3) - 3;
    int height = (both ? 420 : 280) + 20 * (int)key_rows;
    double lower = 0.48 * 420 / height;
    g_autofree char *heading =
        has_bands(video) || has_bands(audio)
            ? g_strdup_printf("%s: median of the calls%s", graph->heading,
                              MAX(video->len, audio->len) <= MOST_BANDS ? ", band from least to most" : "")
            : g_strdup(graph->heading);

    if (!video->len && !audio->len)
        return;
    vcb_graph_begin(body, heading);
    g_string_append(body, "set key at graph 1, graph 1.01 right bottom horizontal samplen 2\n"
                          "set xrange [0:*]\nset lmargin 10\nset rmargin 2\n");
    if (both)
        g_string_append_printf(
            body, "set multiplot\nset origin 0,%.4f\nset size 1,%.4f\nset tmargin %.1f\nset bmargin 1.6\n",
            lower, 1 - lower, 3.6 + key_rows * 1.4);
    else
        g_string_append_printf(body, "set tmargin %.1f\nset xlabel 'since connected (s)'\n",
                               4 + key_rows * 1.4);
    if (video->len)
        write_panel(analysis, script, body, graph, VCB_KIND_VIDEO, video, TRUE);
    if (both)
        g_string_append_printf(
            body,
            "unset label\nset origin 0,0\nset size 1,%.4f\nset tmargin 0.8\nset bmargin 3.2\nunset key\n"
            "set xlabel 'since connected (s)'\n",
            lower);
    if (audio->len && (both || !video->len))
        write_panel(analysis, script, body, graph, VCB_KIND_AUDIO, audio, !both);
    if (both)
        g_string_append(body, "unset multiplot\n");
    vcb_graph_add(script, graphs, graph->name, graph->title, height, body->str);
}

void vcb_time_graphs_add(const VcbAnalysis *analysis, GString *script, GPtrArray *graphs)
{
    for (gsize i = 0; i < G_N_ELEMENTS(GRAPHS); i++)
        add_graph(analysis, &GRAPHS[i], script, graphs);
}
