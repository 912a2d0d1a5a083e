#include "harness/run/configure.h"

#include "common/error.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

static const VcbSettings *settings_of(const VcbCallContext *context, const VcbPlannedCall *call)
{
    return &context->scenario->variants[call->variant].settings;
}

static cJSON *video_config(const VcbVideoSettings *video)
{
    cJSON *object;

    if (!video->enabled)
        return cJSON_CreateNull();
    object = cJSON_CreateObject();
    vcb_json_add_string(object, "source", video->source);
    vcb_json_add_string(object, "pattern", video->pattern);
    vcb_json_add_string(object, "file", video->file);
    vcb_json_add_string(object, "device", video->device);
    cJSON_AddNumberToObject(object, "width", video->width);
    cJSON_AddNumberToObject(object, "height", video->height);
    cJSON_AddNumberToObject(object, "fps", video->fps);
    vcb_json_add_string(object, "codec", video->codec);
    vcb_json_add_int(object, "bitrate_bps", video->bitrate_bps);
    return object;
}

static cJSON *audio_config(const VcbAudioSettings *audio)
{
    cJSON *object;

    if (!audio->enabled)
        return cJSON_CreateNull();
    object = cJSON_CreateObject();
    vcb_json_add_string(object, "source", audio->source);
    cJSON_AddNumberToObject(object, "frequency_hz", audio->frequency_hz);
    vcb_json_add_string(object, "codec", audio->codec);
    vcb_json_add_int(object, "bitrate_bps", audio->bitrate_bps);
    return object;
}

static void add_server(cJSON *servers, const char *urls, const char *username, const char *credential)
{
    cJSON *server = cJSON_CreateObject();

    vcb_json_add_string(server, "urls", urls);
    vcb_json_add_string(server, "username", username);
    vcb_json_add_string(server, "credential", credential);
    cJSON_AddItemToArray(servers, server);
}

static cJSON *ice_config(const VcbCallContext *context, const VcbPlannedCall *call, int index)
{
    const VcbIceSettings *ice = &settings_of(context, call)->ice;
    cJSON *object = cJSON_CreateObject(), *servers = cJSON_AddArrayToObject(object, "servers"), *addresses;

    for (guint i = 0; i < ice->n_servers; i++)
        add_server(servers, ice->servers[i].urls, ice->servers[i].username, ice->servers[i].credential);
    vcb_servers_add_ice(context->servers, call, index, servers);
    vcb_json_add_string(object, "transport_policy", ice->transport_policy);
    cJSON_AddNumberToObject(object, "candidate_pool", ice->candidate_pool);
    vcb_json_add_string(object, "bundle_policy", ice->bundle_policy);
    vcb_json_add_string(object, "rtcp_mux", ice->rtcp_mux);
    if (!settings_of(context, call)
             ->net.enabled) { /* on a host of its own a peer takes the interfaces that it finds */
        addresses = cJSON_AddArrayToObject(object, "local_addresses");
        cJSON_AddItemToArray(addresses, cJSON_CreateString("127.0.0.1"));
    }
    return object;
}

cJSON *vcb_configure_message(const VcbCallContext *context, const VcbPlannedCall *call, int index)
{
    const VcbSettings *settings = settings_of(context, call);
    const VcbPeerSettings *peer = &settings->peers[index], *other = &settings->peers[1 - index];
    cJSON *message = cJSON_CreateObject(), *receive;

    cJSON_AddStringToObject(message, "type", "configure");
    cJSON_AddNumberToObject(message, "protocol", 1);
    cJSON_AddStringToObject(message, "call", call->id);
    cJSON_AddStringToObject(message, "peer", peer->name);
    vcb_json_add_int(message, "seed", (gint64)call->seed);
    cJSON_AddItemToObject(message, "video", video_config(&peer->video));
    cJSON_AddItemToObject(message, "audio", audio_config(&peer->audio));
    receive = cJSON_AddObjectToObject(message, "receive");
    vcb_json_add_string(receive, "video", other->video.enabled ? other->video.codec : NULL);
    vcb_json_add_string(receive, "audio", other->audio.enabled ? other->audio.codec : NULL);
    cJSON_AddBoolToObject(message, "data_channel", peer->data_channel);
    cJSON_AddItemToObject(message, "ice", ice_config(context, call, index));
    cJSON_AddBoolToObject(message, "candidate_queue", peer->candidate_queue);
    vcb_json_add_string(message, "attach_tracks", peer->attach_tracks);
    vcb_json_add_string(message, "glare", peer->glare);
    vcb_json_add_int(message, "stats_interval_ms", settings->stats_interval_us / 1000);
    cJSON_AddBoolToObject(message, "report_sdp", settings->record_sdp);
    if (settings->record_dtls_keys) {
        g_autofree char *path = g_build_filename(context->directory, "dtls-keys.txt", NULL),
                        *absolute = g_canonicalize_filename(path, NULL);

        cJSON_AddStringToObject(message, "dtls_key_log", absolute);
    }
    return message;
}

/* A token for this room and name, signed with HS256, good for a day. New string. */
static char *make_token(const char *secret, const char *room, const char *name, GError **error)
{
    g_autofree char *token = NULL;
    char *encoded;
    jwt_t *jwt = NULL;

    if (jwt_new(&jwt) == 0 && jwt_add_grant(jwt, "room", room) == 0 &&
        jwt_add_grant(jwt, "name", name) == 0 &&
        jwt_add_grant_int(jwt, "exp", (long)(g_get_real_time() / G_USEC_PER_SEC + 24 * 3600)) == 0 &&
        jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)) == 0 &&
        (encoded = jwt_encode_str(jwt))) {
        token = g_strdup(encoded);
        free(encoded);
    } else {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_INTERNAL, "the signaling token cannot be made");
    }
    jwt_free(jwt);
    return g_steal_pointer(&token);
}

cJSON *vcb_join_message(const VcbCallContext *context, const VcbPlannedCall *call, int index, GError **error)
{
    const VcbSettings *settings = settings_of(context, call);
    const char *name = settings->peers[index].name, *secret = settings->signaling.token_secret;
    g_autofree char *server = vcb_servers_signaling_url(context->servers, call, index);
    g_autofree char *url = g_strdup_printf("%s/%s?name=%s", server, call->id, name);
    g_autofree char *token = NULL;
    cJSON *message;

    if (secret && *secret && !(token = make_token(secret, call->id, name, error)))
        return NULL;
    message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "type", "join");
    cJSON_AddStringToObject(message, "url", url);
    vcb_json_add_string(message, "token", token);
    return message;
}
