/* Can the emulated network be believed? The emulator's own audit of itself, and its accounts.
 *
 *   `audit` lines -> lateness, drops before the emulator, clock ---> within bounds? else the run is invalid
 *   `link` lines  -> sent + duplicated = delivered + dropped + queued? else the emulator is broken: error */
#pragma once

#include "harness/measure/run_data.h"
#include "harness/measure/verdict.h"

/* The clocks may drift this far from each other before times are not to be trusted. */
#define VCB_MOST_CLOCK_STEP_US 100000

typedef struct {
    gboolean is_used;   /* a call had an emulated network, or the emulator said something */
    const cJSON *ready; /* no-ref: the emulator's `ready` line; NULL: none */
    gboolean is_whole; /* lateness is of the `final` line: of the whole run; else put together from seconds */
    double lateness_n, lateness_p50_ms, lateness_p99_ms, lateness_max_ms; /* NAN: no audit */
    double bound_ms;          /* max_lateness, the strictest of the variants that used the network */
    double tx_dropped;        /* NAN: no audit */
    double clock_step_ms;     /* the largest, without sign; NAN: no audit */
    double busy_pct;          /* mean of the seconds; NAN: no audit */
    const VcbCallData *worst; /* the call while which it was latest; NULL: none */
    double worst_p99_ms;
    VcbVerdict verdict; /* PASS, INVALID or ERROR */
    char *reason;       /* owned: a sentence with the remedy; NULL where it passed */
} VcbNetworkAudit;

/* Look at all of a run. Clear with vcb_network_audit_clear. */
void vcb_network_audit_read(const VcbRunData *data, VcbNetworkAudit *audit);
void vcb_network_audit_clear(VcbNetworkAudit *audit);

/* 99th percentile of the emulator's lateness in the seconds of a call, in ms; NAN where nothing tells. */
double vcb_network_audit_lateness_of_call_ms(const VcbRunData *data, const VcbCallData *call);

/* "network 0003, link alice up: 10 came and 1 were duplicated, but ...": what is wrong with a `link` line's counts.
 * New string; NULL where they add up. */
char *vcb_network_audit_account(const cJSON *link_line);
