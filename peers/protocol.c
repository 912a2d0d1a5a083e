#include "peers/protocol.h"

#include "common/error.h"

static char *copy(const cJSON *object, const char *key, const char *fallback)
{
    return g_strdup(vcb_json_string(object, key, fallback));
}

static VcbVideoConfig *parse_video(const cJSON *video)
{
    VcbVideoConfig *config;

    if (!video)
        return NULL;
    config = g_new0(VcbVideoConfig, 1);
    config->source = copy(video, "source", "test");
    config->pattern = copy(video, "pattern", "smpte");
    config->file = copy(video, "file", NULL);
    config->device = copy(video, "device", NULL);
    config->codec = copy(video, "codec", "vp8");
    config->width = (int)vcb_json_int(video, "width", 640);
    config->height = (int)vcb_json_int(video, "height", 360);
    config->fps = vcb_json_number(video, "fps", 30);
    config->bitrate_bps = vcb_json_int(video, "bitrate_bps", 800000);
    return config;
}

static VcbAudioConfig *parse_audio(const cJSON *audio)
{
    VcbAudioConfig *config;

    if (!audio)
        return NULL;
    config = g_new0(VcbAudioConfig, 1);
    config->source = copy(audio, "source", "tone");
    config->codec = copy(audio, "codec", "opus");
    config->frequency_hz = vcb_json_number(audio, "frequency_hz", 440);
    config->bitrate_bps = vcb_json_int(audio, "bitrate_bps", 32000);
    return config;
}

static void free_server(gpointer data)
{
    VcbIceServerConfig *server = data;

    g_free(server->urls);
    g_free(server->username);
    g_free(server->credential);
    g_free(server);
}

static char **parse_strings(const cJSON *array)
{
    g_autoptr(GPtrArray) strings = NULL;
    const cJSON *item;

    if (!array)
        return NULL;
    strings = g_ptr_array_new();
    cJSON_ArrayForEach (item, array)
        if (cJSON_IsString(item))
            g_ptr_array_add(strings, g_strdup(item->valuestring));
    g_ptr_array_add(strings, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&strings), FALSE);
}

static void parse_ice(VcbPeerConfig *config, const cJSON *ice)
{
    const cJSON *server;

    config->ice_servers = g_ptr_array_new_with_free_func(free_server);
    cJSON_ArrayForEach (server, vcb_json_array(ice, "servers")) {
        VcbIceServerConfig *parsed = g_new0(VcbIceServerConfig, 1);

        parsed->urls = copy(server, "urls", "");
        parsed->username = copy(server, "username", NULL);
        parsed->credential = copy(server, "credential", NULL);
        g_ptr_array_add(config->ice_servers, parsed);
    }
    config->transport_policy = copy(ice, "transport_policy", "all");
    config->bundle_policy = copy(ice, "bundle_policy", "max-bundle");
    config->rtcp_mux = copy(ice, "rtcp_mux", "require");
    config->candidate_pool = (int)CLAMP(vcb_json_int(ice, "candidate_pool", 0), 0, 255);
    config->local_addresses = parse_strings(vcb_json_array(ice, "local_addresses"));
}

/* Numbers that no source or encoder can be set to. */
static gboolean check(const VcbPeerConfig *config, GError **error)
{
    const VcbVideoConfig *video = config->video;
    const char *problem = NULL;

    if (!config->peer || !config->call)
        problem = "`peer` and `call` must be strings";
    else if (config->stats_interval_us < 10 * 1000 ||
             config->stats_interval_us > (gint64)3600 * G_USEC_PER_SEC)
        problem = "`stats_interval_ms` must be from 10 to 3600000";
    else if (video &&
             (video->width < 16 || video->width > 16384 || video->height < 16 || video->height > 16384))
        problem = "`video`: width and height must be from 16 to 16384";
    else if (video && !(video->fps >= 0.1 && video->fps <= 1000))
        problem = "`video`: fps must be from 0.1 to 1000";
    else if (video && (video->bitrate_bps < 1000 || video->bitrate_bps > 1000000000))
        problem = "`video`: bitrate_bps must be from 1000 to 1000000000";
    else if (config->audio && (config->audio->bitrate_bps < 4000 || config->audio->bitrate_bps > 650000))
        problem = "`audio`: bitrate_bps must be from 4000 to 650000";
    if (problem)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "configure: %s", problem);
    return problem == NULL;
}

VcbPeerConfig *vcb_peer_config_parse(const cJSON *configure, GError **error)
{
    g_autoptr(VcbPeerConfig) config = g_new0(VcbPeerConfig, 1);
    const cJSON *receive = vcb_json_object(configure, "receive");

    config->call = copy(configure, "call", NULL);
    config->peer = copy(configure, "peer", NULL);
    config->seed = (guint64)vcb_json_int(configure, "seed", 0);
    config->video = parse_video(vcb_json_object(configure, "video"));
    config->audio = parse_audio(vcb_json_object(configure, "audio"));
    config->receive_video = copy(receive, "video", NULL);
    config->receive_audio = copy(receive, "audio", NULL);
    config->data_channel = vcb_json_bool(configure, "data_channel", TRUE);
    parse_ice(config, vcb_json_object(configure, "ice"));
    config->candidate_queue = vcb_json_bool(configure, "candidate_queue", TRUE);
    config->attach_late = g_str_equal(vcb_json_string(configure, "attach_tracks", "on-track"), "late");
    config->designated = g_str_equal(vcb_json_string(configure, "glare", "none"), "designated");
    config->stats_interval_us = 1000 * CLAMP(vcb_json_int(configure, "stats_interval_ms", 1000), 0, G_MAXINT);
    config->report_sdp = vcb_json_bool(configure, "report_sdp", FALSE);
    config->dtls_key_log = copy(configure, "dtls_key_log", NULL);

    if (!check(config, error))
        return NULL;
    return g_steal_pointer(&config);
}

void vcb_peer_config_free(VcbPeerConfig *config)
{
    if (!config)
        return;
    if (config->video) {
        g_free(config->video->source);
        g_free(config->video->pattern);
        g_free(config->video->file);
        g_free(config->video->device);
        g_free(config->video->codec);
        g_free(config->video);
    }
    if (config->audio) {
        g_free(config->audio->source);
        g_free(config->audio->codec);
        g_free(config->audio);
    }
    g_clear_pointer(&config->ice_servers, g_ptr_array_unref);
    g_free(config->receive_video);
    g_free(config->receive_audio);
    g_free(config->call);
    g_free(config->peer);
    g_free(config->transport_policy);
    g_free(config->bundle_policy);
    g_free(config->rtcp_mux);
    g_free(config->dtls_key_log);
    g_strfreev(config->local_addresses);
    g_free(config);
}

cJSON *vcb_peer_message(const char *type, gint64 t_us)
{
    cJSON *message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    vcb_json_add_int(message, "t_us", t_us);
    return message;
}

cJSON *vcb_peer_state(const char *name, const char *value, gint64 t_us)
{
    cJSON *message = vcb_peer_message("state", t_us);

    cJSON_AddStringToObject(message, "name", name);
    cJSON_AddStringToObject(message, "value", value);
    return message;
}

cJSON *vcb_peer_step(const char *step, gint64 t_us)
{
    return vcb_peer_state("step", step, t_us);
}

cJSON *vcb_peer_error(const char *name, const char *text, gboolean fatal, gint64 t_us)
{
    cJSON *message = vcb_peer_message("error", t_us);

    cJSON_AddStringToObject(message, "name", name);
    cJSON_AddStringToObject(message, "message", text);
    cJSON_AddBoolToObject(message, "fatal", fatal);
    return message;
}

void vcb_peer_add_unsupported(cJSON *unsupported, const char *setting, const char *reason)
{
    cJSON *item = cJSON_CreateObject();

    cJSON_AddStringToObject(item, "setting", setting);
    cJSON_AddStringToObject(item, "reason", reason);
    cJSON_AddItemToArray(unsupported, item);
}
