/* The peer's side of the peer protocol (docs/peer-protocol.md): reading `configure`, and writing messages.
 * Shared by every engine that is written in C. */
#pragma once

#include "common/channel.h"

typedef struct {
    char *source, *pattern, *file, *device, *codec;
    int width, height; /* pixels */
    double fps;
    gint64 bitrate_bps;
} VcbVideoConfig;

typedef struct {
    char *source, *codec;
    double frequency_hz;
    gint64 bitrate_bps;
} VcbAudioConfig;

typedef struct {
    char *urls, *username, *credential;
} VcbIceServerConfig;

typedef struct {
    char *call, *peer;
    guint64 seed;
    VcbVideoConfig *video; /* NULL: sends none */
    VcbAudioConfig *audio; /* NULL: sends none */
    char *receive_video;   /* the codec that the other side sends, or NULL: what a peer that sends none must
                              offer to take */
    char *receive_audio;
    gboolean data_channel;
    GPtrArray *ice_servers; /* of VcbIceServerConfig */
    char *transport_policy; /* "all", "relay" */
    char *bundle_policy;    /* "max-bundle", "balanced", "max-compat" */
    char *rtcp_mux;         /* "require", "negotiate" */
    int candidate_pool;
    char **local_addresses; /* NULL: every interface */
    gboolean candidate_queue;
    gboolean attach_late;
    gboolean designated; /* glare: only the room's first offers */
    gint64 stats_interval_us;
    gboolean report_sdp;
    char *dtls_key_log; /* absolute path; NULL: none */
} VcbPeerConfig;

/* NULL and an error where a field that has no default is missing or of the wrong type. */
VcbPeerConfig *vcb_peer_config_parse(const cJSON *configure, GError **error);
void vcb_peer_config_free(VcbPeerConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbPeerConfig, vcb_peer_config_free)

/* New messages; the caller adds further fields and sends them. */
cJSON *vcb_peer_message(const char *type, gint64 t_us);
cJSON *vcb_peer_state(const char *name, const char *value, gint64 t_us);
cJSON *vcb_peer_step(const char *step, gint64 t_us);
cJSON *vcb_peer_error(const char *name, const char *message, gboolean fatal, gint64 t_us);

/* Add {setting, reason} to the `unsupported` array of a `ready`. */
void vcb_peer_add_unsupported(cJSON *unsupported, const char *setting, const char *reason);
