#include "harness/measure/metric_set.h"

#include <math.h>

struct VcbMetricSet {
    GArray *metrics;     /* VcbMetric */
    GHashTable *indices; /* name (no-ref) -> index + 1 */
};

static void clear_metric(gpointer data)
{
    g_free(((VcbMetric *)data)->name);
}

VcbMetricSet *vcb_metric_set_new(void)
{
    VcbMetricSet *set = g_new0(VcbMetricSet, 1);

    set->metrics = g_array_new(FALSE, FALSE, sizeof(VcbMetric));
    g_array_set_clear_func(set->metrics, clear_metric);
    set->indices = g_hash_table_new(g_str_hash, g_str_equal);
    return set;
}

void vcb_metric_set_free(VcbMetricSet *set)
{
    if (!set)
        return;
    g_hash_table_unref(set->indices);
    g_array_unref(set->metrics);
    g_free(set);
}

void vcb_metric_set_put(VcbMetricSet *set, const char *name, double value)
{
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(set->indices, name));
    VcbMetric metric;

    if (!isfinite(value))
        return;
    value = fabs(value) < 1e9 ? round(value * 1e6) / 1e6 : value;
    if (index) {
        g_array_index(set->metrics, VcbMetric, index - 1).value = value;
        return;
    }
    metric = (VcbMetric){g_strdup(name), value};
    g_array_append_val(set->metrics, metric);
    g_hash_table_insert(set->indices, metric.name, GUINT_TO_POINTER(set->metrics->len));
}

gboolean vcb_metric_set_get(const VcbMetricSet *set, const char *name, double *ret_value)
{
    guint index = GPOINTER_TO_UINT(g_hash_table_lookup(set->indices, name));

    if (!index)
        return FALSE;
    *ret_value = g_array_index(set->metrics, VcbMetric, index - 1).value;
    return TRUE;
}

guint vcb_metric_set_size(const VcbMetricSet *set)
{
    return set->metrics->len;
}

const VcbMetric *vcb_metric_set_at(const VcbMetricSet *set, guint index)
{
    return &g_array_index(set->metrics, VcbMetric, index);
}

cJSON *vcb_metric_set_to_json(const VcbMetricSet *set)
{
    cJSON *object = cJSON_CreateObject();

    for (guint i = 0; i < set->metrics->len; i++) {
        const VcbMetric *metric = vcb_metric_set_at(set, i);

        cJSON_AddNumberToObject(object, metric->name, metric->value);
    }
    return object;
}
