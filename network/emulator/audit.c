#include "network/emulator/audit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static gint64 clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

VcbAuditClocks vcb_audit_clocks_now(void)
{
    return (VcbAuditClocks){
        .monotonic_ns = clock_ns(CLOCK_MONOTONIC),
        .realtime_ns = clock_ns(CLOCK_REALTIME),
        .boottime_ns = clock_ns(CLOCK_BOOTTIME),
        .worked_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID),
    };
}

void vcb_audit_init(VcbAudit *audit, const VcbAuditClocks *now)
{
    memset(audit, 0, sizeof *audit);
    audit->start = audit->last = *now;
}

void vcb_audit_clear(VcbAudit *audit)
{
    vcb_histogram_clear(&audit->interval);
    vcb_histogram_clear(&audit->whole);
}

void vcb_audit_late(VcbAudit *audit, gint64 lateness_ns)
{
    vcb_histogram_add(&audit->interval, lateness_ns);
}

/* How far a clock has moved against CLOCK_MONOTONIC since the start; NTP's slewing moves both alike. */
static gint64 moved_ns(gint64 then_ns, gint64 now_ns, const VcbAudit *audit, const VcbAuditClocks *now)
{
    return (now_ns - then_ns) - (now->monotonic_ns - audit->start.monotonic_ns);
}

cJSON *vcb_audit_histogram_json(const VcbHistogram *histogram, const int *percentiles, guint n)
{
    cJSON *object = cJSON_CreateObject();

    vcb_json_add_int(object, "n", (gint64)histogram->n);
    for (guint i = 0; i < n; i++) {
        char name[8];

        snprintf(name, sizeof name, "p%d", percentiles[i]);
        cJSON_AddNumberToObject(
            object, name, (double)vcb_histogram_percentile_ns(histogram, percentiles[i] / 100.0) / 1000);
    }
    cJSON_AddNumberToObject(object, "max", (double)histogram->max_ns / 1000);
    return object;
}

cJSON *vcb_audit_report(VcbAudit *audit, const VcbAuditClocks *now, gboolean final)
{
    static const int percentiles[] = {50, 99};
    const VcbAuditClocks *since = final ? &audit->start : &audit->last;
    gint64 realtime_ns = moved_ns(audit->start.realtime_ns, now->realtime_ns, audit, now);
    gint64 boottime_ns = moved_ns(audit->start.boottime_ns, now->boottime_ns, audit, now);
    gint64 interval_ns = MAX(now->monotonic_ns - since->monotonic_ns, 1);
    cJSON *message = cJSON_CreateObject();

    vcb_histogram_merge(&audit->whole, &audit->interval);
    if (final)
        cJSON_AddTrueToObject(message, "final");
    cJSON_AddItemToObject(message, "lateness_us",
                          vcb_audit_histogram_json(final ? &audit->whole : &audit->interval, percentiles,
                                                   G_N_ELEMENTS(percentiles)));
    vcb_json_add_int(message, "tx_dropped", (gint64)audit->tx_dropped);
    vcb_json_add_int(message, "clock_step_us",
                     (ABS(realtime_ns) > ABS(boottime_ns) ? realtime_ns : boottime_ns) / 1000);
    cJSON_AddNumberToObject(message, "busy_pct",
                            100.0 * (double)(now->worked_ns - since->worked_ns) / (double)interval_ns);
    vcb_histogram_reset(&audit->interval);
    audit->last = *now;
    return message;
}
