/* What `configure` asks of this process (docs/network-traffic.md). */
#pragma once

#include "common/json.h"

#include <sys/socket.h>

typedef enum {
    VCB_TRAFFIC_TCP_LONG,
    VCB_TRAFFIC_TCP_SHORT,
    VCB_TRAFFIC_UDP,
    VCB_N_TRAFFIC_KINDS
} VcbTrafficKind;

typedef struct {
    VcbTrafficKind kind;
    gboolean is_source;              /* sends; else it is a sink */
    gboolean listens;                /* else it connects */
    struct sockaddr_storage address; /* to bind to or to connect to, with the port */
    gboolean any_address;            /* listens on every address; `address` then holds the port of AF_INET6 */
    int flows;
    double rate_bps; /* of each flow, IP packets */
    gint64 min_bytes, max_bytes;
    gint64 idle_us;
    char *congestion; /* NULL: the kernel's default */
    guint64 seed;
    gint64 interval_us;
} VcbTrafficConfig;

/* NULL and an error (VCB_ERROR_USAGE) that names the field and what it takes. */
VcbTrafficConfig *vcb_traffic_config_parse(const cJSON *configure, GError **error);
void vcb_traffic_config_free(VcbTrafficConfig *config);

/* "tcp-long" */
const char *vcb_traffic_kind_name(VcbTrafficKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbTrafficConfig, vcb_traffic_config_free)
