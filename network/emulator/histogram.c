#include "network/emulator/histogram.h"

#include <math.h>
#include <string.h>

#define LINEAR_BITS 7 /* values below 2^7 have a bucket of their own */
#define OCTAVE_BITS 6 /* 2^6 buckets an octave above */
#define LARGEST_BITS 40
#define N_BUCKETS ((1u << LINEAR_BITS) + ((LARGEST_BITS - LINEAR_BITS) << OCTAVE_BITS))

static guint bucket_of(gint64 value_ns)
{
    guint64 value = (guint64)MAX(value_ns, 0);
    guint bits;

    if (value < (1u << LINEAR_BITS))
        return (guint)value;
    if (value >> LARGEST_BITS)
        return N_BUCKETS - 1;
    bits = 64 - (guint)__builtin_clzll(value); /* LINEAR_BITS + 1 and more */
    return (1u << LINEAR_BITS) + ((bits - LINEAR_BITS - 1) << OCTAVE_BITS) +
           (guint)(value >> (bits - 1 - OCTAVE_BITS)) - (1u << OCTAVE_BITS);
}

static gint64 middle_of(guint bucket)
{
    guint octave, place, shift;

    if (bucket < (1u << LINEAR_BITS))
        return bucket;
    octave = (bucket - (1u << LINEAR_BITS)) >> OCTAVE_BITS;
    place = (bucket - (1u << LINEAR_BITS)) & ((1u << OCTAVE_BITS) - 1);
    shift = octave + LINEAR_BITS - OCTAVE_BITS;
    return ((gint64)((1u << OCTAVE_BITS) + place) << shift) + ((gint64)1 << (shift - 1));
}

void vcb_histogram_clear(VcbHistogram *histogram)
{
    g_free(histogram->counts);
    memset(histogram, 0, sizeof *histogram);
}

void vcb_histogram_reset(VcbHistogram *histogram)
{
    if (histogram->n)
        memset(histogram->counts + histogram->lowest, 0,
               (histogram->highest - histogram->lowest + 1) * sizeof *histogram->counts);
    histogram->n = 0;
    histogram->max_ns = 0;
}

/* Widen what is in use, before n grows. */
static void cover(VcbHistogram *histogram, guint lowest, guint highest)
{
    if (!histogram->counts)
        histogram->counts = g_new0(guint32, N_BUCKETS);
    if (!histogram->n) {
        histogram->lowest = lowest;
        histogram->highest = highest;
        return;
    }
    histogram->lowest = MIN(histogram->lowest, lowest);
    histogram->highest = MAX(histogram->highest, highest);
}

void vcb_histogram_add(VcbHistogram *histogram, gint64 value_ns)
{
    guint bucket = bucket_of(value_ns);

    cover(histogram, bucket, bucket);
    histogram->counts[bucket]++;
    histogram->n++;
    histogram->max_ns = MAX(histogram->max_ns, value_ns);
}

void vcb_histogram_merge(VcbHistogram *target, const VcbHistogram *source)
{
    if (!source->n)
        return;
    cover(target, source->lowest, source->highest);
    for (guint i = source->lowest; i <= source->highest; i++)
        target->counts[i] += source->counts[i];
    target->n += source->n;
    target->max_ns = MAX(target->max_ns, source->max_ns);
}

gint64 vcb_histogram_percentile_ns(const VcbHistogram *histogram, double p)
{
    guint64 rank = (guint64)ceil(CLAMP(p, 0, 1) * (double)histogram->n), seen = 0;

    if (!histogram->n)
        return 0;
    if (rank >= histogram->n)
        return histogram->max_ns;
    for (guint i = histogram->lowest; i <= histogram->highest; i++) {
        seen += histogram->counts[i];
        if (seen >= MAX(rank, 1))
            return MIN(middle_of(i), histogram->max_ns);
    }
    return histogram->max_ns;
}
