#include "network/traffic/durations.h"

void vcb_durations_init(VcbDurations *durations)
{
    durations->interval = g_array_new(FALSE, FALSE, sizeof(gint64));
    durations->overall = g_array_new(FALSE, FALSE, sizeof(gint64));
}

void vcb_durations_clear(VcbDurations *durations)
{
    g_clear_pointer(&durations->interval, g_array_unref);
    g_clear_pointer(&durations->overall, g_array_unref);
}

void vcb_durations_add(VcbDurations *durations, gint64 duration_us)
{
    g_array_append_val(durations->interval, duration_us);
    g_array_append_val(durations->overall, duration_us);
}

static gint compare(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return (x > y) - (x < y);
}

static gint64 percentile(const GArray *sorted, guint percent)
{
    guint rank = (sorted->len * percent + 99) / 100; /* from 1 */

    return g_array_index(sorted, gint64, MAX(rank, 1) - 1);
}

void vcb_durations_report(VcbDurations *durations, gboolean overall, cJSON *message, const char *key)
{
    GArray *values = overall ? durations->overall : durations->interval;

    if (values->len) {
        cJSON *object = cJSON_AddObjectToObject(message, key);

        g_array_sort(values, compare);
        vcb_json_add_int(object, "n", values->len);
        vcb_json_add_int(object, "p50", percentile(values, 50));
        vcb_json_add_int(object, "p95", percentile(values, 95));
        vcb_json_add_int(object, "max", percentile(values, 100));
    }
    g_array_set_size(durations->interval, 0);
}
