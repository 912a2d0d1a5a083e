#include "harness/report/writers.h"

#include "harness/measure/series.h"
#include "harness/report/csv.h"

static void append_series(GString *out, const char *call_columns, const VcbSeries *series)
{
    for (guint i = 0; i < series->points->len; i++) {
        const VcbPoint *point = &g_array_index(series->points, VcbPoint, i);

        g_string_append(out, call_columns);
        vcb_csv_text(out, series->peer);
        g_string_append_printf(out, ",%s,%s", vcb_kind_name(series->kind),
                               vcb_direction_name(series->direction));
        vcb_csv_number(out, (double)point->t_us / G_USEC_PER_SEC);
        vcb_csv_number(out, (double)point->interval_us / G_USEC_PER_SEC);
        for (guint v = 0; v < VCB_N_SERIES; v++)
            vcb_csv_number(out, point->value[v]);
        g_string_append_c(out, '\n');
    }
}

char *vcb_samples_csv(const VcbAnalysis *analysis)
{
    GString *out = g_string_new("call,pair,repeat,variant,peer,kind,direction,t_s,interval_s");

    for (guint v = 0; v < VCB_N_SERIES; v++)
        g_string_append_printf(out, ",%s", VCB_SERIES_NAMES[v]);
    g_string_append_c(out, '\n');
    for (guint i = 0; i < analysis->calls->len; i++) {
        const VcbCallAnalysis *call = analysis->calls->pdata[i];
        g_autoptr(GString) columns = g_string_new(NULL);

        vcb_csv_text(columns, call->data->id);
        g_string_append_printf(columns, ",%d,%d,", call->data->pair, call->data->repeat);
        vcb_csv_text(columns, vcb_run_data_variant_name(analysis->data, call->data->variant));
        g_string_append_c(columns, ',');
        for (guint s = 0; s < call->series->len; s++)
            append_series(out, columns->str, call->series->pdata[s]);
    }
    return g_string_free(out, FALSE);
}
