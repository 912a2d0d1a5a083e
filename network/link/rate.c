#include "network/link/rate.h"

#include <math.h>

#define MS_NS G_GINT64_CONSTANT(1000000)
#define SECOND_NS 1e9

void vcb_rate_init(VcbRate *rate, const VcbLinkSettings *settings, gint64 origin_ns)
{
    *rate = (VcbRate){.settings = settings, .at_ns = G_MININT64};
    vcb_rate_reset(rate, origin_ns);
}

void vcb_rate_reset(VcbRate *rate, gint64 origin_ns)
{
    rate->origin_ns = origin_ns;
    rate->opportunity = -1;
    rate->left_bits = 0;
}

void vcb_rate_idle(VcbRate *rate, gint64 begin_ns)
{
    if (begin_ns > rate->at_ns) {
        rate->at_ns = begin_ns;
        rate->fraction = 0;
    }
}

static double trace_mean_bps(const VcbLinkSettings *settings)
{
    return settings->n_trace * VCB_TRACE_BITS * 1000 / settings->trace_ms[settings->n_trace - 1];
}

/* The rate at a moment, and until when it stays. */
static double rate_at(const VcbLinkSettings *settings, gint64 origin_ns, gint64 now_ns, gint64 *ret_until_ns)
{
    gint64 since_ns = now_ns > origin_ns ? now_ns - origin_ns : 0; /* stands at zero before the origin */
    double bps = settings->rate_bps;
    guint low = 0, high = settings->n_rate_steps;

    *ret_until_ns = VCB_NEVER_NS;
    if (settings->n_trace) {
        if (now_ns < origin_ns)
            *ret_until_ns = origin_ns;
        return trace_mean_bps(settings);
    }
    while (low < high) { /* the first step that is still to come */
        guint middle = (low + high) / 2;

        if (settings->rate_steps[middle].at_ns <= since_ns)
            low = middle + 1;
        else
            high = middle;
    }
    if (low > 0)
        bps = settings->rate_steps[low - 1].rate_bps;
    if (low < settings->n_rate_steps && origin_ns < VCB_NEVER_NS - settings->rate_steps[low].at_ns)
        *ret_until_ns = origin_ns + settings->rate_steps[low].at_ns;
    return bps;
}

double vcb_rate_bps(const VcbLinkSettings *settings, gint64 origin_ns, gint64 now_ns)
{
    gint64 until_ns;

    return MAX(rate_at(settings, origin_ns, now_ns, &until_ns), 0);
}

/* Opportunity n of a trace, with period = the last stamp. */
static gint64 opportunity_ns(const VcbRate *rate, gint64 n)
{
    const VcbLinkSettings *settings = rate->settings;
    gint64 period = settings->trace_ms[settings->n_trace - 1];

    return rate->origin_ns +
           (n / settings->n_trace * period + settings->trace_ms[n % settings->n_trace]) * MS_NS;
}

/* The first opportunity at or after a moment. */
static gint64 opportunity_from(const VcbRate *rate, gint64 from_ns)
{
    const VcbLinkSettings *settings = rate->settings;
    gint64 period = settings->trace_ms[settings->n_trace - 1];
    gint64 from_ms = from_ns <= rate->origin_ns ? 0 : (from_ns - rate->origin_ns + MS_NS - 1) / MS_NS;
    gint64 round = from_ms > 0 ? (from_ms - 1) / period : 0; /* a stamp of `period` is the end of its round */
    guint low = 0, high = settings->n_trace - 1;

    while (low < high) {
        guint middle = (low + high) / 2;

        if (settings->trace_ms[middle] < from_ms - round * period)
            low = middle + 1;
        else
            high = middle;
    }
    return round * settings->n_trace + low;
}

static gboolean send_by_trace(VcbRate *rate, double *bits, gint64 until_ns)
{
    gint64 first = opportunity_from(rate, rate->at_ns + (rate->fraction > 0));

    if (rate->opportunity < first) { /* else a packet before has used a part of it */
        rate->opportunity = first;
        rate->left_bits = VCB_TRACE_BITS;
    }
    for (;;) {
        gint64 now_ns = opportunity_ns(rate, rate->opportunity);
        double used = MIN(*bits, rate->left_bits);

        if (now_ns > until_ns) {
            vcb_rate_idle(rate, until_ns);
            return FALSE;
        }
        vcb_rate_idle(rate, now_ns);
        rate->left_bits -= used;
        *bits -= used;
        if (*bits <= 0)
            return TRUE;
        rate->opportunity++;
        rate->left_bits = VCB_TRACE_BITS;
    }
}

gboolean vcb_rate_send(VcbRate *rate, double *bits, gint64 until_ns)
{
    for (;;) {
        gint64 piece_ns;
        double bps, needed_ns, has_ns;

        if (rate->settings->n_trace && rate->at_ns >= rate->origin_ns)
            return send_by_trace(rate, bits, until_ns);
        bps = rate_at(rate->settings, rate->origin_ns, rate->at_ns, &piece_ns);
        if (bps <= 0) {
            *bits = 0;
            return TRUE;
        }
        piece_ns = MIN(piece_ns, until_ns);
        if (piece_ns <= rate->at_ns)
            return FALSE;
        needed_ns = *bits * SECOND_NS / bps;
        has_ns = (double)(piece_ns - rate->at_ns) - rate->fraction;
        if (needed_ns <= has_ns) {
            double end = rate->fraction + needed_ns, whole = floor(end);

            rate->at_ns += (gint64)whole;
            rate->fraction = end - whole;
            *bits = 0;
            return TRUE;
        }
        *bits -= has_ns * bps / SECOND_NS;
        rate->at_ns = piece_ns;
        rate->fraction = 0;
        if (piece_ns == until_ns)
            return FALSE;
    }
}
