/* The emulated network of one call, as the emulator's lines tell it (docs/network-emulator.md): its links with
 * their counters over time, its routers, its NAT mappings and changes.
 *
 *   `link`, `router`, `nat-mapping`, `change` of the call's network -> VcbNetworkData
 *
 * Names are the call's: in a network that several calls share, `alice-2` of the second pair is `alice` here, and
 * what belongs to other pairs is left out. */
#pragma once

#include "harness/metric/metric_table.h"
#include "harness/measure/run_data.h"

/* One `link` line. Counts since the network was created; NAN where a line lacks them. */
typedef struct {
    gint64 t_us;
    gboolean is_final;
    double sent, sent_bytes, duplicated, delivered, delivered_bytes, queued;
    double dropped;       /* for all reasons */
    double dropped_queue; /* queue-full, codel */
    double delay_n;       /* of the interval, from here on */
    double delay_p50_us, delay_p95_us, delay_p99_us, delay_max_us;
    double queue_bytes;  /* now */
    double queue_max_us; /* longest wait for capacity */
    double rate_bps;     /* capacity now; 0: none */
    const cJSON *json;   /* no-ref: the whole line */
} VcbLinkLine;

typedef struct {
    char *name; /* "alice", "alice-wwan0", "bottleneck" */
    VcbLinkDirection direction;
    const char *peer;    /* no-ref: whose side it is on; NULL: nobody's */
    gboolean is_line;    /* a line that the peer's host stands at: where its packets come into the network */
    gboolean is_shared;  /* other calls' packets went over it, too */
    gboolean is_counted; /* part of the call's metrics: not cross traffic's own */
    GArray *lines;       /* VcbLinkLine, owned, in order */
} VcbLinkData;

typedef struct {
    const char *name;   /* no-ref */
    GPtrArray *links;   /* VcbLinkData, owned: peers' in their order, then the rest by name; up before down */
    GPtrArray *routers; /* VcbEvent, no-ref: the last line of each router that dropped something */
    GPtrArray *mappings; /* VcbEvent, no-ref */
    GPtrArray *changes;  /* VcbEvent, no-ref */
} VcbNetworkData;

/* NULL where the call had no emulated network. `call` must outlive it. */
VcbNetworkData *vcb_network_data_of(const VcbCallData *call);
void vcb_network_data_free(VcbNetworkData *network);

/* The name that `raw` has in this call: "alice" for "alice-2" in pair 2. New string; NULL: it is another
 * pair's. *ret_peer (no-ref): the peer whose side it is on, or NULL. */
char *vcb_network_data_name(const VcbCallData *call, const char *raw, const char **ret_peer);

/* Find a link; NULL where the log has none. */
const VcbLinkData *vcb_network_data_link(const VcbNetworkData *network, const char *name,
                                         VcbLinkDirection direction);

/* The last line of a link. */
const VcbLinkLine *vcb_link_data_last(const VcbLinkData *link);

/* From the first line at or after from_us to the last one at or before until_us. FALSE where there are not
 * two. */
gboolean vcb_link_data_window(const VcbLinkData *link, gint64 from_us, gint64 until_us, guint *ret_first,
                              guint *ret_last);

/* What a line counts of one RTP stream; zeros where it has not seen it. */
typedef struct {
    gboolean is_seen;
    double sent, dropped, delivered, payload_bytes;
    int payload_type; /* -1: not known */
} VcbFlow;

VcbFlow vcb_link_data_flow(const VcbLinkLine *line, guint32 ssrc);

/* "alice up: rate 1 Mbit/s, loss", "bob: wlan0 down, wwan0 up": a `change` line in words. New string. */
char *vcb_network_data_change_text(const VcbCallData *call, const VcbEvent *change);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbNetworkData, vcb_network_data_free)
