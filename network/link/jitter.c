#include "network/link/jitter.h"

#include <math.h>

#define DEFAULT_LIMIT_NORMAL 3
#define DEFAULT_LIMIT_PARETO 10
#define DEFAULT_SHAPE 3

/* Some distributions are drawn by rejection, which takes a varying number of numbers. They come from a small generator of
 * the packet's own (splitmix64: a Weyl sequence behind a mixing function), so that the link's stream moves by one. */
static double next_unit(guint64 *state) /* in (0, 1) */
{
    guint64 mixed = *state += G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

    mixed = (mixed ^ (mixed >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    mixed ^= mixed >> 31;
    return ((double)(mixed >> 11) + 0.5) / 9007199254740992.0;
}

/* A normal distribution with deviation 1, without what is beyond ±limit. Two ways of rejection, so that neither a narrow
 * nor a wide limit rejects more than four draws of ten. */
static double truncated_normal(guint64 *state, double limit)
{
    for (;;) {
        double value, accepted = 1;

        if (limit < 1) {
            value = limit * (2 * next_unit(state) - 1);
            accepted = exp(-value * value / 2);
        } else {
            double radius = sqrt(-2 * log(next_unit(state))); /* Box and Muller */

            value = radius * cos(2 * G_PI * next_unit(state));
        }
        if (fabs(value) <= limit && (accepted >= 1 || next_unit(state) < accepted))
            return value;
    }
}

gint64 vcb_jitter_ns(const VcbLinkSettings *settings, guint32 draw)
{
    double amount = (double)settings->jitter_ns, limit = (double)settings->jitter_limit_ns;
    guint64 state = draw;

    if (amount <= 0)
        return 0;
    switch (settings->jitter) {
    case VCB_JITTER_NONE:
        return 0;
    case VCB_JITTER_UNIFORM:
        return (gint64)(amount * (2 * next_unit(&state) - 1));
    case VCB_JITTER_NORMAL:
        return (gint64)(amount * truncated_normal(&state, limit > 0 ? limit / amount : DEFAULT_LIMIT_NORMAL));
    case VCB_JITTER_PARETO: {
        /* Type I: P(X > x) = (least / x)^shape from `least` on, with the mean least * shape / (shape - 1). */
        double shape = settings->jitter_shape > 1 ? settings->jitter_shape : DEFAULT_SHAPE;
        double least = amount * (shape - 1) / shape;

        return (gint64)MIN(least * pow(next_unit(&state), -1 / shape),
                           limit > 0 ? limit : DEFAULT_LIMIT_PARETO * amount);
    }
    }
    g_assert_not_reached();
}
