#include "harness/measure/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define Z_95 1.959963984540054 /* 0.975 quantile of the normal distribution */

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return left < right ? -1 : left > right;
}

double vcb_quantile(const double *sorted, guint n, double q)
{
    double h = (n - 1) * q;
    guint below = (guint)floor(h);

    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (h - below) * (sorted[below + 1] - sorted[below]);
}

/* P(Bin(n, p) >= m), summed in logarithms so that large n do not underflow. */
static double binomial_at_least(guint n, double p, guint m)
{
    double sum = 0;

    if (p >= 1)
        return 1;
    for (guint i = m; i <= n; i++)
        sum +=
            exp(lgamma(n + 1.0) - lgamma(i + 1.0) - lgamma(n - i + 1.0) + i * log(p) + (n - i) * log1p(-p));
    return fmin(sum, 1);
}

/* The smallest value x_(k) that a resample's order statistic of this rank is at or below with probability
 * `target`. */
static double order_statistic_quantile(const double *sorted, guint n, guint rank, double target)
{
    guint low = 1, high = n;

    while (low < high) { /* the probability grows with k */
        guint k = low + (high - low) / 2;

        if (binomial_at_least(n, (double)k / n, rank) >= target)
            high = k;
        else
            low = k + 1;
    }
    return sorted[low - 1];
}

static gint compare_weighted(gconstpointer a, gconstpointer b)
{
    double left = ((const VcbWeighted *)a)->value, right = ((const VcbWeighted *)b)->value;

    return left < right ? -1 : left > right;
}

double vcb_weighted_quantile(GArray *values, double q)
{
    double total = 0, below = 0;

    for (guint i = values->len; i-- > 0;) {
        const VcbWeighted *item = &g_array_index(values, VcbWeighted, i);

        if (isfinite(item->value) && isfinite(item->weight) && item->weight > 0)
            total += item->weight;
        else
            g_array_remove_index_fast(values, i);
    }
    g_array_sort(values, compare_weighted);
    for (guint i = 0; i < values->len; i++) {
        const VcbWeighted *item = &g_array_index(values, VcbWeighted, i);

        below += item->weight;
        if (below >= q * total * (1 - 1e-12) || i + 1 == values->len)
            return item->value;
    }
    return NAN;
}

void vcb_weighted_add(GArray *values, double n, double p50, double p95, double p99, double max)
{
    VcbWeighted items[] = {{p50, 0.5 * n}, {p95, 0.45 * n}, {p99, 0.04 * n}, {max, 0.01 * n}};

    g_array_append_vals(values, items, G_N_ELEMENTS(items));
}

void vcb_median_interval(const double *sorted, guint n, double *ret_low, double *ret_high)
{
    *ret_low = order_statistic_quantile(sorted, n, (n + 1) / 2, 0.025);
    *ret_high = order_statistic_quantile(sorted, n, n / 2 + 1, 0.975);
}

void vcb_wilson_interval(double successes, guint n, double *ret_low, double *ret_high)
{
    double p = successes / n, z2 = Z_95 * Z_95;
    double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
    double half = Z_95 / (1 + z2 / n) * sqrt(p * (1 - p) / n + z2 / (4.0 * n * n));

    *ret_low = fmax(centre - half, 0);
    *ret_high = fmin(centre + half, 1);
}

VcbStatistics vcb_statistics_of(const double *values, guint n, gboolean is_binary)
{
    VcbStatistics statistics = {n, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    g_autofree double *sorted = NULL;
    double sum = 0;

    if (n == 0)
        return statistics;
    sorted = g_memdup2(values, n * sizeof *values);
    qsort(sorted, n, sizeof *sorted, compare_doubles);
    for (guint i = 0; i < n; i++)
        sum += sorted[i];
    statistics.median = vcb_quantile(sorted, n, 0.5);
    statistics.p95 = vcb_quantile(sorted, n, 0.95);
    statistics.p99 = vcb_quantile(sorted, n, 0.99);
    statistics.min = sorted[0];
    statistics.max = sorted[n - 1];
    statistics.mean = CLAMP(sum / n, sorted[0], sorted[n - 1]); /* rounding may leave the range */
    if (is_binary)
        vcb_wilson_interval(sum, n, &statistics.ci_low, &statistics.ci_high);
    else
        vcb_median_interval(sorted, n, &statistics.ci_low, &statistics.ci_high);
    return statistics;
}

gboolean vcb_statistics_get(const VcbStatistics *statistics, const char *name, double *ret_value)
{
    const struct {
        const char *name;
        double value;
    } all[] = {{"median", statistics->median},
               {"p95", statistics->p95},
               {"p99", statistics->p99},
               {"mean", statistics->mean},
               {"min", statistics->min},
               {"max", statistics->max},
               {"n", statistics->n}};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        if (strcmp(all[i].name, name) == 0) {
            *ret_value = all[i].value;
            return TRUE;
        }
    }
    return FALSE;
}
