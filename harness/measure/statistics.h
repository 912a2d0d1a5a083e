/* Statistics of a few numbers, each with an interval that says how far the few can be trusted.
 *
 * Quantiles: type 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American Statistician
 * 50 (1996). Interval of the median: the bootstrap percentile interval, not by resampling but exactly. The
 * k-th smallest of n values is, in a resample, at or above the m-th order statistic with a binomial
 * probability: P(M* <= x_(k)) = P(Bin(n, k/n) >= m), m the median's rank (Efron, "Bootstrap Methods: Another
 * Look at the Jackknife", The Annals of Statistics 7 (1979), section 3; Maritz and Jarrett, JASA 73 (1978)).
 * For even n the lower median bounds below and the upper one above. The same log always gives the same
 * interval. Interval of a rate: Wilson's score interval, JASA 22 (1927). */
#pragma once

#include <glib.h>

typedef struct {
    guint n;
    double median, p95, p99, mean, min, max; /* NAN where n is 0 */
    double ci_low, ci_high;                  /* 95 %: of the median; where is_binary, of the mean */
} VcbStatistics;

VcbStatistics vcb_statistics_of(const double *values, guint n, gboolean is_binary);

/* The quantile of values in ascending order; q from 0 to 1; n at least 1. */
double vcb_quantile(const double *sorted, guint n, double q);

/* One of several values that do not all count the same. */
typedef struct {
    double value, weight;
} VcbWeighted;

/* The smallest value that a share q of the weight is at or below; NAN where there is no weight. Sorts the array
 * (of VcbWeighted); what is not finite is left out. */
double vcb_weighted_quantile(GArray *values, double q);

/* What percentiles of an interval tell of its n values, for vcb_weighted_quantile: half of them no more than p50,
 * and so on, each taken at its upper bound, so that a quantile over several intervals is never too small. */
void vcb_weighted_add(GArray *values, double n, double p50, double p95, double p99, double max);

/* 95 % intervals. */
void vcb_median_interval(const double *sorted, guint n, double *ret_low, double *ret_high);
void vcb_wilson_interval(double successes, guint n, double *ret_low, double *ret_high);

/* One of the statistics by name: median, p95, p99, mean, min, max, n. FALSE: no such statistic. */
gboolean vcb_statistics_get(const VcbStatistics *statistics, const char *name, double *ret_value);
