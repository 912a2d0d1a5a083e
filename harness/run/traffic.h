/* One entry of a network's `cross_traffic`: a pair of vcbench-traffic in the hosts "traffic-<i>-near" and "-far"
 * (docs/network-traffic.md).
 *
 *   new -> far ready (it listens) -> near ready -> ready -- start(origin) --> at `start`: both begin -> at `stop` or finish:
 *   near stops, then far -> gone
 *
 * What they say goes to the log with source "traffic-<i>". Main thread only. */
#pragma once

#include "common/child.h"
#include "harness/run/run_log.h"
#include "harness/scenario/scenario.h"

typedef struct VcbTraffic VcbTraffic;

/* In each of them the traffic may be freed. */
typedef struct {
    void (*ready)(VcbTraffic *traffic, gpointer user_data);
    /* It cannot do what it was asked, or broke; `gone` still comes, by vcb_traffic_finish. */
    void (*failed)(VcbTraffic *traffic, const char *reason, gpointer user_data);
    void (*gone)(VcbTraffic *traffic, gpointer user_data); /* no process is left */
} VcbTrafficEvents;

typedef struct {
    const VcbCrossTraffic *settings;
    guint number;            /* <i>, from 1 */
    const char *call;        /* in the log; NULL: a network of several calls */
    const char *name;        /* of the network, for the processes' own logs */
    const char *far_address; /* where the far one listens */
    VcbChildNamespaces near_host, far_host;
    guint64 seed; /* the call's */
} VcbTrafficParams;

/* settings must outlive it. NULL and an error where the first process cannot be started. */
VcbTraffic *vcb_traffic_new(const VcbTrafficParams *params, const char *directory, VcbRunLog *log,
                            const VcbTrafficEvents *events, gpointer user_data, GError **error);
void vcb_traffic_free(VcbTraffic *traffic); /* kills what still runs; NULL is fine */

/* The moment zero of `start` and `stop`: now. */
void vcb_traffic_start(VcbTraffic *traffic);

/* End both. FALSE: nothing is left already, `gone` will not come. */
gboolean vcb_traffic_finish(VcbTraffic *traffic);
