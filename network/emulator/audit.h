/* What the emulator knows about its own faults: how late packets left, what hosts' interfaces lost before it could read them,
 * whether clocks moved, how busy it was. docs/network-emulator.md: the `audit` message. */
#pragma once

#include "common/json.h"
#include "network/emulator/histogram.h"

/* The present in ns of each clock; for tests any numbers. */
typedef struct {
    gint64 monotonic_ns, realtime_ns, boottime_ns;
    gint64 worked_ns; /* processor time of the emulator's thread */
} VcbAuditClocks;

VcbAuditClocks vcb_audit_clocks_now(void);

typedef struct {
    VcbHistogram interval, whole; /* lateness */
    VcbAuditClocks start, last;
    guint64 tx_dropped; /* set by the caller */
} VcbAudit;

void vcb_audit_init(VcbAudit *audit, const VcbAuditClocks *now);
void vcb_audit_clear(VcbAudit *audit);

/* A packet left so much later than ideal. */
void vcb_audit_late(VcbAudit *audit, gint64 lateness_ns);

/* The message's fields (without type and time), and a new interval begins. final: of the whole run. */
cJSON *vcb_audit_report(VcbAudit *audit, const VcbAuditClocks *now, gboolean final);

/* {"n", "p50", ..., "max"} in microseconds, of these percentiles; shared with the links' histograms. */
cJSON *vcb_audit_histogram_json(const VcbHistogram *histogram, const int *percentiles, guint n);
