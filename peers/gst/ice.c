#include "peers/gst/ice.h"

#include "common/error.h"

#include <nice/agent.h>
#include <string.h>

#define MOST_PAIRS 8 /* one a transport; without bundling a call has a handful */

typedef struct {
    guint stream, component;
    const char *local_type, *remote_type, *protocol; /* literals */
    char local_address[NICE_ADDRESS_STRING_LEN], remote_address[NICE_ADDRESS_STRING_LEN];
    guint local_port, remote_port;
} Pair;

struct VcbIce {
    NiceAgent *agent; /* owned reference */
    GMutex lock;
    Pair pairs[MOST_PAIRS];
    guint n_pairs;
};

static const char *type_name(NiceCandidateType type)
{
    switch (type) {
    case NICE_CANDIDATE_TYPE_HOST:
        return "host";
    case NICE_CANDIDATE_TYPE_SERVER_REFLEXIVE:
        return "srflx";
    case NICE_CANDIDATE_TYPE_PEER_REFLEXIVE:
        return "prflx";
    case NICE_CANDIDATE_TYPE_RELAYED:
        return "relay";
    }
    return "unknown";
}

static void on_selected_pair(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
                             NiceCandidate *remote, gpointer user_data)
{
    VcbIce *ice = user_data;
    Pair *pair = NULL;

    g_mutex_lock(&ice->lock);
    for (guint i = 0; i < ice->n_pairs; i++)
        if (ice->pairs[i].stream == stream && ice->pairs[i].component == component)
            pair = &ice->pairs[i];
    if (!pair && ice->n_pairs < MOST_PAIRS)
        pair = &ice->pairs[ice->n_pairs++];
    if (pair) {
        pair->stream = stream;
        pair->component = component;
        pair->local_type = type_name(local->type);
        pair->remote_type = type_name(remote->type);
        pair->protocol = local->transport == NICE_CANDIDATE_TRANSPORT_UDP ? "udp" : "tcp";
        nice_address_to_string(&local->addr, pair->local_address);
        nice_address_to_string(&remote->addr, pair->remote_address);
        pair->local_port = nice_address_get_port(&local->addr);
        pair->remote_port = nice_address_get_port(&remote->addr);
    }
    g_mutex_unlock(&ice->lock);
}

char *vcb_ice_turn_url(const VcbIceServerConfig *server, GError **error)
{
    const char *colon = strchr(server->urls, ':');
    g_autofree char *scheme = colon ? g_strndup(server->urls, (gsize)(colon - server->urls)) : NULL;

    if (!scheme || (!g_str_equal(scheme, "turn") && !g_str_equal(scheme, "turns")) || !colon[1] ||
        !server->username || !server->credential) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "ICE server %s: expected turn:host:port with username and credential", server->urls);
        return NULL;
    }
    g_autofree char *user = g_uri_escape_string(server->username, NULL, FALSE);
    g_autofree char *password = g_uri_escape_string(server->credential, NULL, FALSE);
    return g_strdup_printf("%s://%s:%s@%s", scheme, user, password, colon + 1);
}

gboolean vcb_ice_is_turns(const VcbIceServerConfig *server)
{
    return g_str_has_prefix(server->urls, "turns:");
}

static gboolean add_server(GstElement *webrtc, const VcbIceServerConfig *server, GError **error)
{
    gboolean added = FALSE;

    if (vcb_ice_is_turns(server))
        return TRUE;
    if (g_str_has_prefix(server->urls, "stun:")) {
        g_autofree char *url = g_strdup_printf("stun://%s", server->urls + strlen("stun:"));

        g_object_set(webrtc, "stun-server", url, NULL);
        return TRUE;
    }
    g_autofree char *url = vcb_ice_turn_url(server, error);
    if (!url)
        return FALSE;
    g_signal_emit_by_name(webrtc, "add-turn-server", url, &added);
    if (!added)
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "ICE server %s: webrtcbin does not take it",
                    server->urls);
    return added;
}

VcbIce *vcb_ice_new(GstElement *webrtc, const VcbPeerConfig *config, GError **error)
{
    g_autoptr(GObject) agent = NULL;
    VcbIce *ice;

    for (guint i = 0; i < config->ice_servers->len; i++)
        if (!add_server(webrtc, config->ice_servers->pdata[i], error))
            return NULL;
    gst_util_set_object_arg(G_OBJECT(webrtc), "ice-transport-policy", config->transport_policy);
    g_object_get(webrtc, "ice-agent", &agent, NULL);
    /* libnice leaves the loopback interface out by itself; naming an address also spares it all others. */
    for (char **address = config->local_addresses; address && *address; address++) {
        gboolean added = FALSE;

        g_signal_emit_by_name(agent, "add-local-ip-address", *address, &added);
        if (!added) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "local address %s: libnice does not take it",
                        *address);
            return NULL;
        }
    }
    ice = g_new0(VcbIce, 1);
    g_mutex_init(&ice->lock);
    g_object_get(agent, "agent", &ice->agent, NULL);
    /* UPnP: no browser asks a gateway for a mapping, and gathering would wait for an answer that nobody gives. */
    g_object_set(ice->agent, "ice-tcp", FALSE, "upnp", FALSE, NULL);
    g_signal_connect(ice->agent, "new-selected-pair-full", G_CALLBACK(on_selected_pair), ice);
    return ice;
}

void vcb_ice_free(VcbIce *ice)
{
    if (!ice)
        return;
    g_signal_handlers_disconnect_by_data(ice->agent, ice);
    g_object_unref(ice->agent);
    g_mutex_clear(&ice->lock);
    g_free(ice);
}

static cJSON *add_object(cJSON *report, const char *type, const char *format, const Pair *pair)
{
    cJSON *object = cJSON_CreateObject();
    g_autofree char *id = g_strdup_printf("%s-%u-%u", format, pair->stream, pair->component);

    cJSON_AddStringToObject(object, "type", type);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddItemToArray(report, object);
    return object;
}

static void report_candidate(cJSON *report, const char *type, const char *format, const Pair *pair,
                             const char *candidate_type, const char *address, guint port)
{
    cJSON *object = add_object(report, type, format, pair);

    cJSON_AddStringToObject(object, "candidateType", candidate_type);
    cJSON_AddStringToObject(object, "protocol", pair->protocol);
    cJSON_AddStringToObject(object, "address", address);
    cJSON_AddNumberToObject(object, "port", port);
}

void vcb_ice_report(VcbIce *ice, cJSON *report)
{
    gboolean controlling = FALSE;

    g_object_get(ice->agent, "controlling-mode", &controlling, NULL);
    g_mutex_lock(&ice->lock);
    for (guint i = 0; i < ice->n_pairs; i++) {
        const Pair *pair = &ice->pairs[i];
        g_autofree char *local_id = g_strdup_printf("local-candidate-%u-%u", pair->stream, pair->component);
        g_autofree char *remote_id = g_strdup_printf("remote-candidate-%u-%u", pair->stream, pair->component);
        g_autofree char *pair_id = g_strdup_printf("candidate-pair-%u-%u", pair->stream, pair->component);
        cJSON *object;

        report_candidate(report, "local-candidate", "local-candidate", pair, pair->local_type,
                         pair->local_address, pair->local_port);
        report_candidate(report, "remote-candidate", "remote-candidate", pair, pair->remote_type,
                         pair->remote_address, pair->remote_port);
        object = add_object(report, "candidate-pair", "candidate-pair", pair);
        cJSON_AddStringToObject(object, "localCandidateId", local_id);
        cJSON_AddStringToObject(object, "remoteCandidateId", remote_id);
        cJSON_AddStringToObject(object, "state", "succeeded");
        cJSON_AddBoolToObject(object, "nominated", TRUE);
        object = add_object(report, "transport", "transport", pair);
        cJSON_AddStringToObject(object, "selectedCandidatePairId", pair_id);
        cJSON_AddStringToObject(object, "iceRole", controlling ? "controlling" : "controlled");
    }
    g_mutex_unlock(&ice->lock);
}
