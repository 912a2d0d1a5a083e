/* Every metric that vcbench knows: the one table. docs/metrics.md is made from it, the scenario language
 * checks names against it, run.json takes units from it, and the stream metrics are computed by the rules
 * that stand in it.
 *
 *   connect_time_ms                 of a call
 *   video.in.bitrate_bps            of a stream: kind and direction, over all peers
 *   alice.video.in.bitrate_bps      of a stream at one peer
 *   link_lost                       of a call's links, all of them
 *   alice.up.link_lost              of one direction of one link
 *   cpu_pct, alice.cpu_pct          of the peers' processes, of one
 *   vcbench.cpu_pct                 of the whole run */
#pragma once

#include <glib.h>

typedef enum {
    VCB_SCOPE_CALL,
    VCB_SCOPE_STREAM,
    VCB_SCOPE_LINK, /* of the emulated network */
    VCB_SCOPE_PROCESS,
    VCB_SCOPE_RUN, /* one value a run, `harness_cpu_share_pct`; or of the processes that serve it,
                      `signald.cpu_pct` */
} VcbMetricScope;

typedef enum {
    VCB_BETTER_NEITHER,
    VCB_BETTER_LOWER,
    VCB_BETTER_HIGHER,
} VcbMetricBetter;

typedef enum {
    VCB_KIND_NONE = 0,
    VCB_KIND_VIDEO = 1,
    VCB_KIND_AUDIO = 2,
    VCB_KIND_BOTH = 3,
} VcbKind;

typedef enum {
    VCB_DIRECTION_NONE = 0,
    VCB_DIRECTION_IN = 1,
    VCB_DIRECTION_OUT = 2,
    VCB_DIRECTION_BOTH = 3,
} VcbDirection;

/* Of a link: up is towards the internet. */
typedef enum {
    VCB_LINK_NONE = 0,
    VCB_LINK_UP = 1,
    VCB_LINK_DOWN = 2,
} VcbLinkDirection;

/* What a stats sample tells of one stream (samples.h). */
typedef enum {
    VCB_FIELD_PACKETS,
    VCB_FIELD_BYTES,
    VCB_FIELD_LOST,
    VCB_FIELD_JITTER,
    VCB_FIELD_RTT,
    VCB_FIELD_NACK,
    VCB_FIELD_PLI,
    VCB_FIELD_FIR,
    VCB_FIELD_RETRANSMITTED,
    VCB_FIELD_FRAMES,
    VCB_FIELD_FRAMES_DROPPED,
    VCB_FIELD_FREEZES,
    VCB_FIELD_FREEZE_TIME,
    VCB_FIELD_LONGEST_GAP,
    VCB_FIELD_WIDTH,
    VCB_FIELD_HEIGHT,
    VCB_FIELD_SILENCE,
    VCB_FIELD_LEVEL,
    VCB_FIELD_SAMPLES,
    VCB_FIELD_CONCEALED,
    VCB_N_FIELDS,
} VcbField;

/* How a stream's metric comes from its samples in the measured window. */
typedef enum {
    VCB_RULE_NONE,     /* not a stream's */
    VCB_RULE_INCREASE, /* last - first, of a counter */
    VCB_RULE_RATE,     /* increase / time, per second */
    VCB_RULE_AVERAGE,  /* mean of the samples, of a gauge */
    VCB_RULE_LAST,     /* the last sample's */
    VCB_RULE_LOSS,     /* percent lost of what was sent */
    VCB_RULE_SHARE,    /* percent: increase of `field` / increase of `of` */
    VCB_RULE_TRUTH,    /* not from samples: from what the links count of the stream (truth.h) */
} VcbMetricRule;

/* How it is put together over the peers of a call. */
typedef enum {
    VCB_OVER_PEERS_MEAN,
    VCB_OVER_PEERS_SUM,
    VCB_OVER_PEERS_MAX,
    VCB_OVER_PEERS_RATIO, /* of the summed counts */
} VcbOverPeers;

typedef struct {
    const char *name;
    const char *unit; /* as run.json gives it; "" for a count or a ratio */
    VcbMetricScope scope;
    VcbMetricBetter better;
    const char *definition;
    const char *source; /* of the definition: W3C name or RFC; "" where it is our own */
    VcbKind kinds;      /* of a stream's */
    VcbDirection directions;
    VcbMetricRule rule;
    VcbField field, of;
    double scale; /* from the field's unit to the metric's */
    VcbOverPeers over_peers;
    const char *over_links; /* of a link's, in words: how the bare name puts the links together */
    gboolean is_binary;     /* 0 or 1: the interval is Wilson's, of the rate */
} VcbMetricInfo;

extern const VcbMetricInfo VCB_METRICS[];
extern const gsize VCB_N_METRICS;

/* A full name, taken apart. */
typedef struct {
    const VcbMetricInfo *info;
    VcbKind kind;           /* of a stream's; else NONE */
    VcbDirection direction; /* the same */
    VcbLinkDirection link;  /* of a link's; else NONE */
    char *owner;            /* the peer, link or process; NULL: all of them, or not of one */
} VcbMetricName;

/* Take a full name apart. FALSE: nobody measures that; `name` is untouched then. Clear with
 * vcb_metric_name_clear. */
gboolean vcb_metric_name_parse(const char *text, VcbMetricName *name);
void vcb_metric_name_clear(VcbMetricName *name);

/* Is `text` a metric that a run can have, given its peers' names (NULL-terminated)? On FALSE *ret_suggestion
 * is the known name nearest to it, or NULL. New string. */
gboolean vcb_metric_is_known(const char *text, const char *const *peers, char **ret_suggestion);

/* Unit of a full name; "" where it is not known. */
const char *vcb_metric_unit(const char *text);

/* Can a network have a link of this name, given the peers' names? Their lines go by the peer's own name, further
 * ones by `<peer>-<interface>` and `<peer>-nat-2`; then there are `carrier` and `bottleneck`. */
gboolean vcb_metric_is_link(const char *name, const char *const *peers);

/* The order in which metrics are listed: calls', run's, then streams over all peers, then peer by peer. */
int vcb_metric_compare(const char *a, const char *b);

/* The tables of docs/metrics.md. New string. */
char *vcb_metric_table_markdown(void);

const char *vcb_kind_name(VcbKind kind);
const char *vcb_direction_name(VcbDirection direction);
const char *vcb_link_direction_name(VcbLinkDirection direction); /* "up", "down", "" */
VcbLinkDirection vcb_link_direction_from_name(const char *name); /* NONE where it is neither */

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbMetricName, vcb_metric_name_clear)
