#include "harness/run/call_timeline.h"

typedef struct {
    VcbCallTimeline *timeline; /* no-ref */
    const VcbTimelineEntry *entry;
    guint timer; /* 0: another pair's, or told */
} Timer;

struct VcbCallTimeline {
    VcbCallTimelineTold told;
    gpointer user_data;
    guint n_timers;
    Timer timers[];
};

static gboolean on_time(gpointer user_data)
{
    Timer *timer = user_data;

    timer->timer = 0;
    timer->timeline->told(timer->entry, timer->timeline->user_data);
    return G_SOURCE_REMOVE;
}

VcbCallTimeline *vcb_call_timeline_new(const VcbSettings *settings, int pair, VcbCallTimelineTold told,
                                       gpointer user_data)
{
    VcbCallTimeline *timeline = g_malloc0(sizeof *timeline + settings->n_timeline * sizeof(Timer));

    timeline->told = told;
    timeline->user_data = user_data;
    timeline->n_timers = settings->n_timeline;
    for (guint i = 0; i < settings->n_timeline; i++) {
        const VcbTimelineEntry *entry = &settings->timeline[i];
        Timer *timer = &timeline->timers[i];

        timer->timeline = timeline;
        timer->entry = entry;
        if (entry->pair == 0 || entry->pair == pair)
            timer->timer = g_timeout_add((guint)(entry->at_us / 1000), on_time, timer);
    }
    return timeline;
}

void vcb_call_timeline_free(VcbCallTimeline *timeline)
{
    for (guint i = 0; timeline && i < timeline->n_timers; i++)
        g_clear_handle_id(&timeline->timers[i].timer, g_source_remove);
    g_free(timeline);
}
