/* What a kind of traffic offers to the process around it (main.c): one table of functions a kind, tcp.c and udp.c. */
#pragma once

#include "network/traffic/config.h"

/* What a kind tells: a connection that was refused or lost and will be tried again. */
typedef struct {
    void (*lost)(const char *what, gpointer user_data);
    gpointer user_data;
} VcbTrafficEvents;

typedef struct {
    /* Listens where it is to listen (then *ret_port is set, else it is 0). config and events stay the caller's and outlive
     * it. NULL and an error where the machine refuses. */
    gpointer (*new)(const VcbTrafficConfig *config, const VcbTrafficEvents *events, int *ret_port,
                    GError **error);
    void (*start)(gpointer traffic);
    guint64 (*bytes)(gpointer traffic); /* payload since the start: docs/network-traffic.md, `bytes` */
    guint (*flows)(gpointer traffic);   /* open now */
    /* The fields of `traffic` that only this kind has. overall: intervals are the whole time. */
    void (*report)(gpointer traffic, gboolean overall, cJSON *message);
    void (*free)(gpointer traffic); /* everything ends at once */
} VcbTrafficFunctions;

extern const VcbTrafficFunctions VCB_TRAFFIC_TCP, VCB_TRAFFIC_DATAGRAMS;
