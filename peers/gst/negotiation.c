/* Offer and answer: createOffer and createAnswer, descriptions set and sent (W3C WebRTC 1.0 section 4.4.1,
 * RFC 8829).
 *
 *   link tracks -> caps known -> create -> setLocalDescription -> send, then the candidates
 *   received -> setRemoteDescription -> early candidates -> (an offer: link tracks -> ... answer)
 */
#include "peers/gst/negotiation.h"

#include "common/clock.h"
#include "peers/gst/candidates.h"
#include "peers/gst/codecs.h"
#include "peers/gst/connection_internal.h"
#include "peers/gst/connection_post.h"
#include "peers/gst/sdp.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

typedef struct {
    VcbConnection *connection; /* a reference: webrtcbin may answer a promise after we have closed */
    const char *operation;     /* the W3C method, for errors */
    char *type;                /* "offer", "answer" */
    GstWebRTCSessionDescription *description; /* owned; NULL until created */
    GError *error;
    void (*next)(VcbConnection *connection, gpointer operation);
} Operation;

static void free_operation(gpointer data)
{
    Operation *operation = data;

    if (!operation)
        return;
    g_clear_pointer(&operation->description, gst_webrtc_session_description_free);
    g_clear_error(&operation->error);
    g_free(operation->type);
    vcb_connection_unref(operation->connection);
    g_free(operation);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Operation, free_operation)

/* On webrtcbin's thread: take the result out of the promise, go on upon the main thread. */
static void on_promise(GstPromise *promise, gpointer user_data)
{
    Operation *operation = user_data;
    const GstStructure *reply =
        gst_promise_wait(promise) == GST_PROMISE_RESULT_REPLIED ? gst_promise_get_reply(promise) : NULL;

    if (reply && gst_structure_has_field(reply, "error"))
        gst_structure_get(reply, "error", G_TYPE_ERROR, &operation->error, NULL);
    else if (reply && !operation->description && gst_structure_has_field(reply, operation->type))
        gst_structure_get(reply, operation->type, GST_TYPE_WEBRTC_SESSION_DESCRIPTION,
                          &operation->description, NULL);
    gst_promise_unref(promise);
    vcb_connection_post(operation->connection, operation->next, operation, free_operation);
}

static GstPromise *promise_for(VcbConnection *connection, const char *method, const char *type,
                               GstWebRTCSessionDescription *description,
                               void (*next)(VcbConnection *connection, gpointer operation))
{
    Operation *operation = g_new0(Operation, 1);

    operation->connection = vcb_connection_ref(connection);
    operation->operation = method;
    operation->type = g_strdup(type);
    operation->description = description;
    operation->next = next;
    return gst_promise_new_with_change_func(on_promise, operation, NULL);
}

/* TRUE where the operation failed; then it is reported under its W3C error name. */
static gboolean failed(VcbConnection *connection, const Operation *operation)
{
    g_autofree char *message = NULL;
    gboolean state;

    if (!operation->error)
        return FALSE;
    state = g_error_matches(operation->error, GST_WEBRTC_ERROR, GST_WEBRTC_ERROR_INVALID_STATE);
    message = g_strdup_printf("%s(%s): %s", operation->operation, operation->type, operation->error->message);
    connection->events.report(
        vcb_peer_error(state ? "InvalidStateError" : "OperationError", message, TRUE, vcb_clock_now_us()),
        connection->user_data);
    return TRUE;
}

static void report_description(VcbConnection *connection, const char *type, const char *what, const char *sdp)
{
    g_autofree char *name = g_strdup_printf("%s-%s", type, what);
    cJSON *step = vcb_peer_step(name, vcb_clock_now_us());

    if (connection->config->report_sdp)
        vcb_json_add_string(step, "sdp", sdp);
    connection->events.report(step, connection->user_data);
}

static void report_set(VcbConnection *connection, const char *name, const char *type)
{
    cJSON *step = vcb_peer_step(name, vcb_clock_now_us());

    cJSON_AddStringToObject(step, "description", type);
    connection->events.report(step, connection->user_data);
}

static char **mids_of(const GstSDPMessage *sdp)
{
    g_autoptr(GPtrArray) mids = g_ptr_array_new();

    for (guint i = 0; i < gst_sdp_message_medias_len(sdp); i++) {
        const char *mid = gst_sdp_media_get_attribute_val(gst_sdp_message_get_media(sdp, i), "mid");

        g_ptr_array_add(mids, g_strdup(mid ? mid : ""));
    }
    g_ptr_array_add(mids, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&mids), FALSE);
}

static void on_local_description_set(VcbConnection *connection, gpointer data)
{
    g_autoptr(Operation) operation = data;
    char *text;
    cJSON *message, *description;

    if (failed(connection, operation))
        return;
    report_set(connection, "local-description-set", operation->type);
    vcb_connection_watch_transports(connection);
    vcb_meters_learn(connection->meters, operation->description->sdp);
    g_strfreev(connection->mids);
    connection->mids = mids_of(operation->description->sdp);

    text = gst_sdp_message_as_text(operation->description->sdp);
    message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "type", operation->type);
    description = cJSON_AddObjectToObject(message, operation->type);
    cJSON_AddStringToObject(description, "type", operation->type);
    cJSON_AddStringToObject(description, "sdp", text);
    report_description(connection, operation->type, "sent", text);
    g_free(text);
    connection->events.signal(message, connection->user_data);

    vcb_candidates_send_late(connection);
}

static void on_created(VcbConnection *connection, gpointer data)
{
    g_autoptr(Operation) operation = data;
    GstWebRTCSessionDescription *description;

    if (failed(connection, operation))
        return;
    if (!operation->description) {
        vcb_connection_report_error(connection, "OperationError", "webrtcbin made no description", TRUE);
        return;
    }
    report_description(connection, operation->type, "created", NULL);
    description = operation->description;
    g_signal_emit_by_name(connection->webrtc, "set-local-description", description,
                          promise_for(connection, "setLocalDescription", operation->type,
                                      g_steal_pointer(&operation->description), on_local_description_set));
}

/* createOffer or createAnswer, once every linked track can be described. */
static void create_when_described(VcbConnection *connection, gpointer unused)
{
    const char *type = connection->to_create;
    VcbSender *senders[] = {connection->audio, connection->video};

    for (gsize i = 0; i < G_N_ELEMENTS(senders); i++)
        if (senders[i] && vcb_sender_is_linked(senders[i]) && !vcb_sender_has_caps(senders[i]))
            return;
    connection->to_create = NULL;
    if (g_strcmp0(type, "offer") == 0)
        g_signal_emit_by_name(connection->webrtc, "create-offer", NULL,
                              promise_for(connection, "createOffer", "offer", NULL, on_created));
    else if (g_strcmp0(type, "answer") == 0)
        g_signal_emit_by_name(connection->webrtc, "create-answer", NULL,
                              promise_for(connection, "createAnswer", "answer", NULL, on_created));
}

static void on_sender_linked(gpointer user_data)
{
    vcb_connection_post(user_data, create_when_described, NULL, NULL);
}

static gboolean link_sender(VcbConnection *connection, VcbSender *sender, int payload_type)
{
    g_autoptr(GError) error = NULL;

    if (!sender || vcb_sender_is_linked(sender) ||
        vcb_sender_link(sender, connection->webrtc, payload_type, on_sender_linked, connection, &error))
        return TRUE;
    vcb_connection_report_error(connection, "OperationError", error->message, TRUE);
    return FALSE;
}

/* A section in which we only receive. */
static void add_recvonly(VcbConnection *connection, const char *codec_name)
{
    const VcbCodec *codec = vcb_codec_find(codec_name);
    g_autofree char *text = codec ? vcb_codec_caps(codec) : NULL;
    g_autoptr(GstCaps) caps = text ? gst_caps_from_string(text) : NULL;
    g_autoptr(GObject) transceiver = NULL;

    if (caps)
        g_signal_emit_by_name(connection->webrtc, "add-transceiver",
                              GST_WEBRTC_RTP_TRANSCEIVER_DIRECTION_RECVONLY, caps, &transceiver);
}

void vcb_connection_offer(VcbConnection *connection)
{
    const VcbPeerConfig *config = connection->config;
    g_autoptr(GObject) channel = NULL;

    if (connection->audio &&
        !link_sender(connection, connection->audio, vcb_sender_default_payload_type(connection->audio)))
        return;
    if (connection->video &&
        !link_sender(connection, connection->video, vcb_sender_default_payload_type(connection->video)))
        return;
    if (!connection->audio && config->receive_audio)
        add_recvonly(connection, config->receive_audio);
    if (!connection->video && config->receive_video)
        add_recvonly(connection, config->receive_video);
    if (config->data_channel && !connection->chat) {
        g_signal_emit_by_name(connection->webrtc, "create-data-channel", "chat", NULL, &channel);
        if (channel)
            connection->chat = vcb_connection_listen(connection, channel);
        else
            vcb_connection_report_error(
                connection, "OperationError",
                "createDataChannel: webrtcbin made none (is gstreamer1.0-plugins-bad's sctp plugin there?)",
                FALSE);
    }
    connection->to_create = "offer";
    create_when_described(connection, NULL);
}

/* The offer says which payload types we may send with; a section for us to fill is there or is not. */
static void answer(VcbConnection *connection, const GstSDPMessage *offer)
{
    VcbSender *senders[] = {connection->audio, connection->video};

    for (gsize i = 0; i < G_N_ELEMENTS(senders); i++) {
        int payload_type;

        if (!senders[i] || !vcb_sdp_accepts(offer, vcb_sender_kind(senders[i])))
            continue;
        payload_type =
            vcb_sdp_find_payload_type(offer, vcb_sender_kind(senders[i]), vcb_sender_encoding(senders[i]));
        if (payload_type < 0) {
            g_autofree char *message =
                g_strdup_printf("the offer has no %s for our %s track", vcb_sender_encoding(senders[i]),
                                vcb_sender_kind(senders[i]));
            vcb_connection_report_error(connection, "OperationError", message, FALSE);
            continue;
        }
        if (!link_sender(connection, senders[i], payload_type))
            return;
    }
    connection->to_create = "answer";
    create_when_described(connection, NULL);
}

static void on_remote_description_set(VcbConnection *connection, gpointer data)
{
    g_autoptr(Operation) operation = data;

    if (failed(connection, operation)) {
        vcb_candidates_run_chained(connection);
        return;
    }
    report_set(connection, "remote-description-set", operation->type);
    vcb_connection_watch_transports(connection);
    vcb_meters_learn(connection->meters, operation->description->sdp);
    connection->has_remote_description = TRUE;
    connection->n_remote_sections = gst_sdp_message_medias_len(operation->description->sdp);
    vcb_candidates_apply_early(connection);
    vcb_candidates_run_chained(connection);
    if (g_str_equal(operation->type, "offer"))
        answer(connection, operation->description->sdp);
}

void vcb_connection_set_remote_description(VcbConnection *connection, const char *type, const char *text)
{
    gboolean offer = g_str_equal(type, "offer");
    GstWebRTCSessionDescription *description;
    GstSDPMessage *sdp = NULL;

    report_description(connection, type, "received", text);
    if (!*text || gst_sdp_message_new_from_text(text, &sdp) != GST_SDP_OK ||
        gst_sdp_message_medias_len(sdp) == 0) {
        g_autofree char *message =
            g_strdup_printf("setRemoteDescription(%s): not a session description", type);

        g_clear_pointer(&sdp, gst_sdp_message_free);
        /* W3C WebRTC 1.0 section 4.4.1.6: invalid syntax is an OperationError ("sdp-syntax-error"). */
        vcb_connection_report_error(connection, "OperationError", message, TRUE);
        return;
    }
    description = gst_webrtc_session_description_new(
        offer ? GST_WEBRTC_SDP_TYPE_OFFER : GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
    connection->setting_remote++;
    g_signal_emit_by_name(
        connection->webrtc, "set-remote-description", description,
        promise_for(connection, "setRemoteDescription", type, description, on_remote_description_set));
}
