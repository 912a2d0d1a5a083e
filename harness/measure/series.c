#include "harness/measure/series.h"

#include "harness/measure/samples.h"

#include <math.h>

const char *const VCB_SERIES_NAMES[VCB_N_SERIES] = {
    "bitrate_bps", "packet_loss_pct", "jitter_ms",      "rtt_ms",
    "fps",         "packets",         "frames_dropped", "freeze_count"};

static void series_free(gpointer data)
{
    VcbSeries *series = data;

    g_free(series->peer);
    g_array_unref(series->points);
    g_free(series);
}

static VcbPoint point_between(const VcbSample *first, const VcbSample *last, VcbDirection direction,
                              gint64 zero_us)
{
    gint64 interval_us = last->t_us - first->t_us;
    double seconds = (double)interval_us / G_USEC_PER_SEC;

    return (VcbPoint){
        .t_us = last->t_us - zero_us,
        .interval_us = interval_us,
        .value =
            {
                [VCB_SERIES_BITRATE] = 8 * vcb_sample_increase(first, last, VCB_FIELD_BYTES) / seconds,
                [VCB_SERIES_LOSS] = vcb_sample_loss_pct(first, last, direction, NULL, NULL),
                [VCB_SERIES_JITTER] = 1000 * last->value[VCB_FIELD_JITTER],
                [VCB_SERIES_RTT] = 1000 * last->value[VCB_FIELD_RTT],
                [VCB_SERIES_FPS] = vcb_sample_increase(first, last, VCB_FIELD_FRAMES) / seconds,
                [VCB_SERIES_PACKETS] = vcb_sample_increase(first, last, VCB_FIELD_PACKETS),
                [VCB_SERIES_DROPPED] = vcb_sample_increase(first, last, VCB_FIELD_FRAMES_DROPPED),
                [VCB_SERIES_FREEZES] = vcb_sample_increase(first, last, VCB_FIELD_FREEZES),
            },
    };
}

static GArray *points_of(const GArray *samples, VcbDirection direction, gint64 zero_us, gint64 shortest_us)
{
    GArray *points = g_array_new(FALSE, FALSE, sizeof(VcbPoint));
    guint first = 0;

    for (guint i = 1; i < samples->len; i++) {
        const VcbSample *from = &g_array_index(samples, VcbSample, first),
                        *to = &g_array_index(samples, VcbSample, i);
        VcbPoint point;

        if (to->t_us - from->t_us < shortest_us)
            continue;
        point = point_between(from, to, direction, zero_us);
        g_array_append_val(points, point);
        first = i;
    }
    return points;
}

GPtrArray *vcb_series_of(const VcbCallData *call, const VcbSetup *setup, gint64 stats_interval_us)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(series_free);

    if (setup->connected_us == VCB_UNKNOWN_US)
        return all;
    for (char **peer = call->peers; *peer; peer++) {
        for (int kind = VCB_KIND_VIDEO; kind <= VCB_KIND_AUDIO; kind++) {
            for (int direction = VCB_DIRECTION_IN; direction <= VCB_DIRECTION_OUT; direction++) {
                g_autoptr(GArray) samples =
                    vcb_samples_of(call, *peer, (VcbKind)kind, (VcbDirection)direction);
                VcbSeries *series;

                if (!samples->len)
                    continue;
                series = g_new0(VcbSeries, 1);
                series->peer = g_strdup(*peer);
                series->kind = (VcbKind)kind;
                series->direction = (VcbDirection)direction;
                series->points = points_of(samples, (VcbDirection)direction, setup->connected_us,
                                           MAX(stats_interval_us / 4, 1000));
                g_ptr_array_add(all, series);
            }
        }
    }
    return all;
}
