/* Durations counted in log-linear buckets: cheap to add to (no allocation after the first), so small that every link
 * direction has two, and percentiles to within 0.8 %.
 *
 *   below 128 ns one bucket a ns; above, 64 buckets an octave, up to 2^40 ns (18 minutes; longer ones count as that)
 *
 * A bucket's value is its middle, so the error is at most half a bucket's width: 1/128 of the value. `max` is exact. */
#pragma once

#include <glib.h>

typedef struct {
    guint32 *counts; /* owned; NULL until the first value */
    guint64 n;
    gint64 max_ns;
    guint lowest, highest; /* buckets in use, so that clearing and searching touch nothing else */
} VcbHistogram;

/* All zeros is an empty histogram. */
void vcb_histogram_clear(VcbHistogram *histogram); /* frees; empty and usable again afterwards */
void vcb_histogram_reset(VcbHistogram *histogram); /* empties; keeps the memory */

/* A negative duration counts as 0. */
void vcb_histogram_add(VcbHistogram *histogram, gint64 value_ns);
void vcb_histogram_merge(VcbHistogram *target, const VcbHistogram *source);

/* The smallest value that at least the part `p` (0 to 1) of all values is not above, by nearest rank; 0 where empty. */
gint64 vcb_histogram_percentile_ns(const VcbHistogram *histogram, double p);
