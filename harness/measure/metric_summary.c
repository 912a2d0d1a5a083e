#include "harness/measure/metric_summary.h"

#include "harness/metric/metric_table.h"

#include <string.h>

struct VcbSummaryCollector {
    GPtrArray *summaries; /* VcbMetricSummary */
    GHashTable *by_name;  /* no-ref both */
};

static void summary_free(gpointer data)
{
    VcbMetricSummary *summary = data;

    g_free(summary->name);
    g_array_unref(summary->values);
    g_free(summary);
}

VcbSummaryCollector *vcb_summary_collector_new(void)
{
    VcbSummaryCollector *collector = g_new(VcbSummaryCollector, 1);

    collector->summaries = g_ptr_array_new_with_free_func(summary_free);
    collector->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return collector;
}

void vcb_summary_collector_add(VcbSummaryCollector *collector, const VcbMetricSet *metrics)
{
    for (guint i = 0; i < vcb_metric_set_size(metrics); i++) {
        const VcbMetric *metric = vcb_metric_set_at(metrics, i);
        VcbMetricSummary *summary = g_hash_table_lookup(collector->by_name, metric->name);

        if (!summary) {
            summary = g_new0(VcbMetricSummary, 1);
            summary->name = g_strdup(metric->name);
            summary->values = g_array_new(FALSE, FALSE, sizeof(double));
            g_ptr_array_add(collector->summaries, summary);
            g_hash_table_insert(collector->by_name, summary->name, summary);
        }
        g_array_append_val(summary->values, metric->value);
    }
}

static gint compare_summaries(gconstpointer a, gconstpointer b)
{
    return vcb_metric_compare((*(VcbMetricSummary *const *)a)->name, (*(VcbMetricSummary *const *)b)->name);
}

GPtrArray *vcb_summary_collector_finish(VcbSummaryCollector *collector)
{
    GPtrArray *summaries = collector->summaries;

    for (guint i = 0; i < summaries->len; i++) {
        VcbMetricSummary *summary = summaries->pdata[i];
        g_auto(VcbMetricName) name = {0};
        gboolean is_binary = vcb_metric_name_parse(summary->name, &name) && name.info->is_binary;

        summary->statistics =
            vcb_statistics_of((double *)(void *)summary->values->data, summary->values->len, is_binary);
    }
    g_hash_table_unref(collector->by_name);
    g_free(collector);
    g_ptr_array_sort(summaries, compare_summaries);
    return summaries;
}

const VcbMetricSummary *vcb_summary_find(const GPtrArray *summaries, const char *name)
{
    for (guint i = 0; i < summaries->len; i++) {
        const VcbMetricSummary *summary = summaries->pdata[i];

        if (strcmp(summary->name, name) == 0)
            return summary;
    }
    return NULL;
}
