/* A scenario: what a person wrote in YAML, checked, with every default filled in and units resolved.
 *
 *   file -> YAML tree -> (--set, one tree a matrix variant) -> checked settings -> VcbSettings
 *
 * Immutable after loading. Language: docs/scenario.md; the keys, types, ranges, defaults and descriptions
 * stand in one table (settings_table.c), from which the parser, --show and schema.json are made. */
#pragma once

#include "common/json.h"
#include "harness/scenario/network_settings.h"

typedef struct {
    gboolean enabled;
    char *source;       /* "test", "file", "camera" */
    char *pattern;      /* of source "test": "smpte", "ball", "snow", ... */
    char *file;         /* of source "file" */
    char *device;       /* of source "camera" */
    int width, height;  /* pixels, even */
    double fps;         /* frames per second */
    char *codec;        /* "vp8", "vp9", "h264" */
    gint64 bitrate_bps; /* target of the encoder */
} VcbVideoSettings;

typedef struct {
    gboolean enabled;
    char *source;        /* "tone", "silence" */
    double frequency_hz; /* of "tone" */
    char *codec;         /* "opus" */
    gint64 bitrate_bps;
} VcbAudioSettings;

typedef struct {
    char *name;   /* "alice" */
    char *engine; /* "webrtcbin", or "exec" */
    char **exec;  /* argv of engine "exec"; NULL otherwise */
    VcbVideoSettings video;
    VcbAudioSettings audio;
    gboolean data_channel;    /* open the data channel "chat" */
    gboolean candidate_queue; /* keep candidates that come before the remote description (else they are
                                 rejected) */
    char *attach_tracks;      /* "on-track": as they come; "late": all at once when connected */
    char *glare; /* who offers when several are told to: "none": all of them; "designated": only the room's
                    first */
} VcbPeerSettings;

typedef struct {
    char *urls; /* "stun:host:port", "turn:host:port?transport=udp" (RFC 7064, 7065) */
    char *username;
    char *credential;
} VcbIceServer;

typedef struct {
    VcbIceServer *servers;
    guint n_servers;
    char *transport_policy; /* "all", "relay" */
    int candidate_pool;     /* iceCandidatePoolSize */
    char *bundle_policy;    /* "balanced", "max-compat", "max-bundle" */
    char *rtcp_mux;         /* "require" */
} VcbIceSettings;

typedef struct {
    char *host;
    int port; /* 0: any free one */
    gint64 max_message_bytes;
    int max_messages_per_s; /* for each client */
    int room_size;
    gint64 ping_interval_us;
    char *token_secret; /* HS256 secret; NULL: no token is asked for */
    char *path;         /* "emulated", "direct" */
} VcbSignalingSettings;

typedef struct {
    gint64 at_us; /* after the call is connected (both peers) */
    char *action; /* a peer protocol command: "mute", "unmute", "stop-video", "start-video", "send-chat",
                     "hang-up" */
    char *peer;   /* a name, or "all" */
    char *text;   /* of "send-chat" */
    int pair;     /* whose call, from 1; 0: all */
} VcbTimelineEntry;

/* One rule of the message scheduler (docs/races.md). */
typedef struct {
    char *action;    /* "hold", "delay", "drop", "duplicate", "both-initiate" */
    char *message;   /* a signaling message type, "end-of-candidates", or "any" */
    char *from, *to; /* peer names, or "any" */
    int nth;         /* only the nth such message (1 = first); 0: all */
    char
        *until; /* of "hold": message type from the same sender whose delivery lets it go; NULL: time alone */
    int count;  /* of "hold": so many of `until` */
    gint64 time_us; /* "delay": how long; "hold": at most so long */
} VcbInjectRule;

typedef struct {
    char *expression; /* as written, normalised: "connect_time_ms.p95 < 1500" */
    char *metric;     /* "connect_time_ms" */
    char *statistic;  /* "median", "p95", "p99", "mean", "min", "max", "n" */
    char *comparison; /* "<", "<=", ">", ">=", "==", "!=", ".." (from low to high, both included) */
    double value;     /* low of ".." */
    double high;      /* of ".." */
    gboolean percent; /* the values were written with a % sign: of a metric in %, or 95 for the 0.95 of
                         `connected` */
    guint variant;    /* index of the variant that it belongs to */
    int line;         /* in the file; 0 where it comes from a default */
} VcbExpectation;

/* The whole scenario for one variant of the matrix. */
typedef struct {
    char *name;
    char *description;
    int pairs, repeat;
    int jobs;           /* calls at once; 0: chosen from the machine and the scenario */
    gint64 duration_us; /* how long a call is measured, from the moment that both sides are connected */
    gint64 warmup_us;   /* at the beginning of duration, left out of stream metrics */
    guint64 seed;
    gint64 start_timeout_us;   /* process start to `ready` */
    gint64 connect_timeout_us; /* start-call to connected at both peers */
    gint64 stop_timeout_us;    /* hang-up to the end of the process */
    gint64 stats_interval_us;
    VcbPeerSettings peers[2];
    VcbIceSettings ice;
    char *
        turn_server; /* "none"; "coturn": started for the run, its address added to the ICE servers; "stun": only as
                          a STUN server */
    VcbSignalingSettings signaling;
    VcbTimelineEntry *timeline;
    guint n_timeline;
    VcbInjectRule *inject;
    guint n_inject;
    char *network;             /* "loopback", or the profile's name */
    gboolean record_sdp;       /* keep each description in the run's directory */
    VcbNetworkSettings net;    /* `network:` resolved; not enabled: loopback */
    char *turn_transport;      /* "udp", "tcp", "tls", "all": of turn_server "coturn" */
    char *turn_credentials;    /* "static", "time-limited" */
    gboolean signaling_direct; /* signaling.path is "direct": signaling skips the emulated links */
    gboolean record_capture, record_dtls_keys;
} VcbSettings;

typedef struct {
    char *name;    /* "candidate_queue=false"; "" where there is no matrix */
    cJSON *matrix; /* object: matrix path -> value as written */
    VcbSettings settings;
} VcbVariant;

typedef struct {
    char *path;           /* as given */
    char *name;           /* `name:`, else the file's name without its extension */
    VcbVariant *variants; /* at least one; run-wide settings (name, jobs, seed, signaling.port) are those of
                             the first */
    guint n_variants;
    VcbExpectation *expectations;
    guint n_expectations;
    struct VcbNode *tree; /* private: what the file says, --set included; vcb_scenario_show() fills it in */
} VcbScenario;

/* Load and check a file. `sets`: NULL-terminated "path=value" overrides, or NULL. On failure the error (code
 * VCB_ERROR_USAGE) holds every problem found (at most 20), a line each: "file:line:column: what is wrong;
 * what was meant", where it helps followed by two indented lines that show the place. */
VcbScenario *vcb_scenario_load(const char *path, const char *const *sets, GError **error);

/* Like it, from text that ends with a zero byte at text[length]; `path` names it in messages. */
VcbScenario *vcb_scenario_load_text(const char *path, const char *text, gsize length, const char *const *sets,
                                    GError **error);
void vcb_scenario_free(VcbScenario *scenario);

/* The scenario as YAML with every default filled in, units as people write them: the text of `validate
 * --show`. */
char *vcb_scenario_show(const VcbScenario *scenario);

/* JSON Schema (2020-12) of the language: the text of scenarios/schema.json. */
char *vcb_scenario_json_schema(void);

/* The key reference of docs/scenario.md: Markdown tables. */
char *vcb_scenario_reference(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbScenario, vcb_scenario_free)
