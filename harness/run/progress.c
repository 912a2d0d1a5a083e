#include "harness/run/progress.h"

#include "common/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_CELLS 24

struct VcbProgress {
    VcbProgressMode mode;
    gboolean bar, colour;
    char *scenario;
    guint total, done, failed;
    gint64 started_us;
    GArray *connect_ms; /* of double */
    double lost_pct;    /* of the last call */
    guint under_way;
};

VcbProgress *vcb_progress_new(VcbProgressMode mode, const char *scenario, guint n_calls, gboolean colour)
{
    VcbProgress *progress = g_new0(VcbProgress, 1);
    const char *term = g_getenv("TERM");

    progress->mode = mode;
    progress->bar = mode == VCB_PROGRESS_AUTO && isatty(STDERR_FILENO) &&
                    !(term && g_str_equal(term, "dumb")) && !g_getenv("CI");
    progress->colour = colour && progress->bar;
    progress->scenario = g_strdup(scenario);
    progress->total = n_calls;
    progress->started_us = vcb_clock_now_us();
    progress->connect_ms = g_array_new(FALSE, FALSE, sizeof(double));
    progress->lost_pct = -1;
    return progress;
}

static void clear_line(const VcbProgress *progress)
{
    if (progress->bar)
        fputs("\r\033[K", stderr);
}

void vcb_progress_free(VcbProgress *progress)
{
    if (!progress)
        return;
    clear_line(progress);
    g_array_unref(progress->connect_ms);
    g_free(progress->scenario);
    g_free(progress);
}

static int by_value(gconstpointer a, gconstpointer b)
{
    double difference = *(const double *)a - *(const double *)b;

    return difference < 0 ? -1 : difference > 0;
}

static double median(GArray *values)
{
    g_array_sort(values, by_value);
    return values->len ? (g_array_index(values, double, (values->len - 1) / 2) +
                          g_array_index(values, double, values->len / 2)) /
                             2
                       : NAN;
}

/* "0:42 left": by what the calls so far took. */
static void append_time_left(GString *line, const VcbProgress *progress)
{
    double spent_s = (double)(vcb_clock_now_us() - progress->started_us) / 1e6;

    if (progress->done) {
        double left_s = MAX(spent_s / progress->done * (progress->total - progress->done), 0);

        g_string_append_printf(line, ", %d:%02d left", (int)left_s / 60, (int)left_s % 60);
    }
}

static void draw(VcbProgress *progress)
{
    g_autoptr(GString) line = g_string_new(NULL);
    guint total = MAX(progress->total, 1), filled = BAR_CELLS * progress->done / total;
    guint begun = BAR_CELLS * (progress->done + progress->under_way) / total;
    struct winsize window = {0};
    guint columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col ? window.ws_col : 80;

    g_string_append_printf(line, "%s [", progress->scenario);
    for (guint i = 0; i < BAR_CELLS; i++)
        g_string_append_c(line, i < filled ? '#' : i < begun ? '-' : ' ');
    g_string_append_printf(line, "] %u/%u calls, %u failed", progress->done, progress->total,
                           progress->failed);
    append_time_left(line, progress);
    if (progress->connect_ms->len)
        g_string_append_printf(line, " | connect %.0f ms", median(progress->connect_ms));
    if (progress->lost_pct >= 0)
        g_string_append_printf(line, ", loss %.1f %%", progress->lost_pct);
    g_string_truncate(line, MIN(line->len, columns - 1));
    fprintf(stderr, "\r\033[K%s%s%s", progress->colour && progress->failed ? "\033[33m" : "", line->str,
            progress->colour && progress->failed ? "\033[0m" : "");
    fflush(stderr);
}

static void print_call(const VcbProgress *progress, const VcbCall *call)
{
    const VcbPlannedCall *planned = vcb_call_planned(call);
    double connect_ms = vcb_call_connect_ms(call), loss_pct = vcb_call_loss_pct(call);

    fprintf(stderr, "[%u/%u] call %s, pair %d, repeat %d: ", progress->done, progress->total, planned->id,
            planned->pair, planned->repeat);
    if (vcb_call_outcome(call) != VCB_OUTCOME_COMPLETED)
        fprintf(stderr, "%s: %s\n", vcb_outcome_name(vcb_call_outcome(call)), vcb_call_reason(call));
    else if (loss_pct >= 0)
        fprintf(stderr, "connected in %.0f ms, loss %.2f %%\n", connect_ms, loss_pct);
    else
        fprintf(stderr, "connected in %.0f ms\n", connect_ms);
}

void vcb_progress_call_ended(VcbProgress *progress, const VcbCall *call)
{
    double connect_ms = vcb_call_connect_ms(call);

    progress->done++;
    progress->failed += vcb_call_outcome(call) == VCB_OUTCOME_FAILED;
    if (connect_ms >= 0)
        g_array_append_val(progress->connect_ms, connect_ms);
    if (vcb_call_loss_pct(call) >= 0)
        progress->lost_pct = vcb_call_loss_pct(call);
    if (progress->mode == VCB_PROGRESS_NONE)
        return;
    if (!progress->bar || vcb_call_outcome(call) != VCB_OUTCOME_COMPLETED) {
        clear_line(progress);
        print_call(progress, call);
    }
    if (progress->bar)
        draw(progress);
}

void vcb_progress_tick(VcbProgress *progress, guint under_way)
{
    progress->under_way = under_way;
    if (progress->bar)
        draw(progress);
}

void vcb_progress_note(VcbProgress *progress, const char *text)
{
    clear_line(progress);
    fprintf(stderr, "%s\n", text);
    if (progress->bar)
        draw(progress);
}
