/* One draw a packet: 32 bits, whatever the stage does with them, so that the n-th packet always gets the n-th draw. 32 bits
 * tell rates apart by 2.3e-10, which is finer than any number of packets could show. */
#pragma once

#include <glib.h>

/* Uniform over [0, 1): a rate of 0 never happens, one of 1 always does. */
static inline double vcb_draw_unit(GRand *stream)
{
    return g_rand_int(stream) * (1.0 / 4294967296.0);
}

/* The stream of one stage of a link. Free with g_rand_free. */
GRand *vcb_draw_stream(guint64 seed, const char *purpose, const char *stage);
