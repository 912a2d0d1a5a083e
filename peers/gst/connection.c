#include "peers/gst/connection.h"

#include "common/clock.h"
#include "common/error.h"
#include "peers/gst/chat.h"
#include "peers/gst/codecs.h"
#include "peers/gst/ice.h"
#include "peers/gst/meters.h"
#include "peers/gst/receiver.h"
#include "peers/gst/sdp.h"
#include "peers/gst/sender.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

/* How long packets may wait for earlier ones: room for a retransmission on a short path, without webrtcbin's
 * 200 ms before the first frame. */
#define JITTER_BUFFER_MS 50

#define SESSION_BPS 10000000

struct VcbConnection {
    const VcbPeerConfig *config; /* no-ref */
    VcbConnectionEvents events;
    gpointer user_data;
    gboolean closed; /* main thread: events stop */

    GstElement *pipeline; /* owned */
    GstElement *webrtc;   /* owned reference */
    VcbIce *ice;
    VcbMeters *meters;
    VcbSender *audio, *video; /* NULL where none is sent */
    guint bus_watch;

    GMutex receivers_lock;
    GPtrArray *receivers; /* of VcbReceiver; streaming threads add */
    gboolean attach_now;  /* under the lock */

    VcbChat *chat;         /* NULL until there is a channel */
    GPtrArray *transports; /* of GstWebRTCDTLSTransport that we watch; main thread */

    const char *to_create; /* "offer", "answer": waits until webrtcbin knows the caps of our tracks; NULL:
                              nothing does */
    gboolean has_remote_description;
    guint n_remote_sections;
    GQueue early_candidates;   /* of cJSON: remote ones that came before the remote description */
    guint setting_remote;      /* setRemoteDescription calls that are under way */
    GQueue chained_candidates; /* of cJSON: addIceCandidate calls behind them in the operations chain */
    gboolean local_sent;       /* the local description is on its way: its candidates may follow */
    GQueue late_candidates;    /* of cJSON: local ones that wait for that */
    char **mids;               /* of the local description's sections */
    gboolean connected;
};

/* ---- from any thread to the main thread ---- */

typedef struct {
    VcbConnection *connection; /* a reference */
    void (*run)(VcbConnection *connection, gpointer data);
    gpointer data;
    GDestroyNotify free_data;
} Task;

static void connection_clear(gpointer data)
{
    VcbConnection *connection = data;

    g_mutex_clear(&connection->receivers_lock);
}

static void free_task(gpointer data)
{
    Task *task = data;

    if (task->data && task->free_data)
        task->free_data(task->data);
    g_atomic_rc_box_release_full(task->connection, connection_clear);
    g_free(task);
}

static gboolean run_task(gpointer data)
{
    Task *task = data;

    if (!task->connection->closed) {
        gpointer argument = g_steal_pointer(&task->data);

        task->run(task->connection, argument); /* takes the argument over */
    }
    return G_SOURCE_REMOVE;
}

/* Run on the main thread, in the order of posting. `run` owns the data; `free_data` is for a task that comes
 * too late. */
static void post(VcbConnection *connection, void (*run)(VcbConnection *, gpointer), gpointer data,
                 GDestroyNotify free_data)
{
    Task *task = g_new(Task, 1);
    GSource *source = g_idle_source_new();

    *task = (Task){g_atomic_rc_box_acquire(connection), run, data, free_data};
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run_task, task, free_task);
    g_source_attach(source, NULL);
    g_source_unref(source);
}

static void free_json(gpointer data)
{
    cJSON_Delete(data);
}

static void report_now(VcbConnection *connection, gpointer message)
{
    connection->events.report(message, connection->user_data);
}

static void report(VcbConnection *connection, cJSON *message)
{
    post(connection, report_now, message, free_json);
}

static void report_error(VcbConnection *connection, const char *name, const char *message, gboolean fatal)
{
    report(connection, vcb_peer_error(name, message, fatal, vcb_clock_now_us()));
}

/* ---- states ---- */

static void attach_all(VcbConnection *connection);

static void on_connected(VcbConnection *connection, gpointer unused)
{
    if (connection->connected)
        return;
    connection->connected = TRUE;
    attach_all(connection);
    connection->events.connected(connection->user_data);
}

/* A webrtcbin enumeration under its W3C name: GStreamer's nicks are the W3C's values. */
static void on_state(GObject *object, GParamSpec *property, gpointer user_data)
{
    static const struct {
        const char *property, *name;
    } names[] = {
        {"signaling-state", "signalingState"},
        {"ice-gathering-state", "iceGatheringState"},
        {"ice-connection-state", "iceConnectionState"},
        {"connection-state", "connectionState"},
        {"state", "dtlsState"},
    };
    VcbConnection *connection = user_data;
    gint64 now_us = vcb_clock_now_us();
    GEnumClass *values = G_PARAM_SPEC_ENUM(property)->enum_class;
    GEnumValue *value;
    gint number;

    g_object_get(object, property->name, &number, NULL);
    value = g_enum_get_value(values, number);
    for (gsize i = 0; value && i < G_N_ELEMENTS(names); i++)
        if (g_str_equal(property->name, names[i].property))
            report(connection, vcb_peer_state(names[i].name, value->value_nick, now_us));
    if (value && g_str_equal(property->name, "connection-state") &&
        number == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED)
        post(connection, on_connected, NULL, NULL);
}

static void watch_transport(VcbConnection *connection, GObject *transport)
{
    if (!transport || g_ptr_array_find(connection->transports, transport, NULL))
        return;
    g_ptr_array_add(connection->transports, g_object_ref(transport));
    g_signal_connect(transport, "notify::state", G_CALLBACK(on_state), connection);
}

/* DTLS transports exist once a description is set. */
static void watch_transports(VcbConnection *connection)
{
    g_autoptr(GArray) transceivers = NULL;
    g_autoptr(GObject) sctp = NULL;

    g_signal_emit_by_name(connection->webrtc, "get-transceivers", &transceivers);
    for (guint i = 0; transceivers && i < transceivers->len; i++) {
        g_autoptr(GObject) sender = NULL, transport = NULL;

        g_object_get(g_array_index(transceivers, GObject *, i), "sender", &sender, NULL);
        if (sender)
            g_object_get(sender, "transport", &transport, NULL);
        watch_transport(connection, transport);
    }
    g_object_get(connection->webrtc, "sctp-transport", &sctp, NULL);
    if (sctp) {
        g_autoptr(GObject) transport = NULL;

        g_object_get(sctp, "transport", &transport, NULL);
        watch_transport(connection, transport);
    }
}

/* ---- tracks ---- */

static void attach(VcbConnection *connection, VcbReceiver *receiver)
{
    g_autoptr(GError) error = NULL;
    cJSON *step;

    if (!vcb_receiver_attach(receiver, GST_BIN(connection->pipeline), connection->meters, &error)) {
        report_error(connection, "OperationError", error->message, FALSE);
        return;
    }
    step = vcb_peer_step("track-attached", vcb_clock_now_us());
    cJSON_AddStringToObject(step, "kind", vcb_receiver_kind(receiver));
    report(connection, step);
}

static void on_pad_added(GstElement *webrtc, GstPad *pad, gpointer user_data)
{
    VcbConnection *connection = user_data;
    VcbReceiver *receiver;
    gboolean now;
    cJSON *step;

    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC || !(receiver = vcb_receiver_new(pad)))
        return;
    step = vcb_peer_step("track-received", vcb_clock_now_us());
    cJSON_AddStringToObject(step, "kind", vcb_receiver_kind(receiver));
    report(connection, step);
    g_mutex_lock(&connection->receivers_lock);
    g_ptr_array_add(connection->receivers, receiver);
    now = connection->attach_now;
    g_mutex_unlock(&connection->receivers_lock);
    if (now)
        attach(connection, receiver);
}

/* Tracks that came while nobody listened, and from now on those that come. */
static void attach_all(VcbConnection *connection)
{
    g_autoptr(GPtrArray) waiting = g_ptr_array_new();

    g_mutex_lock(&connection->receivers_lock);
    if (!connection->attach_now)
        for (guint i = 0; i < connection->receivers->len; i++)
            g_ptr_array_add(waiting, connection->receivers->pdata[i]);
    connection->attach_now = TRUE;
    g_mutex_unlock(&connection->receivers_lock);
    for (guint i = 0; i < waiting->len; i++)
        attach(connection, waiting->pdata[i]);
}

static void on_first_seen(const char *kind, const char *event, int width, int height, gint64 t_us,
                          gpointer user_data)
{
    cJSON *message = vcb_peer_message("frame", t_us);

    cJSON_AddStringToObject(message, "kind", kind);
    cJSON_AddStringToObject(message, "direction", "in");
    cJSON_AddStringToObject(message, "event", event);
    if (width) {
        cJSON_AddNumberToObject(message, "width", width);
        cJSON_AddNumberToObject(message, "height", height);
    }
    report(user_data, message);
}

/* ---- data channel ---- */

static void on_chat_state(const char *ready_state, gint64 t_us, gpointer user_data)
{
    report(user_data, vcb_peer_state("dataChannelState", ready_state, t_us));
}

static void on_chat_text(const char *text, gint64 sent_us, gint64 t_us, gpointer user_data)
{
    cJSON *message = vcb_peer_message("chat", t_us);

    cJSON_AddStringToObject(message, "text", text);
    if (sent_us >= 0)
        vcb_json_add_int(message, "sent_us", sent_us);
    report(user_data, message);
}

static void on_round_trip(gint64 round_trip_us, gint64 t_us, gpointer user_data)
{
    cJSON *message = vcb_peer_step("datachannel-rtt", t_us);

    vcb_json_add_int(message, "rtt_us", round_trip_us);
    report(user_data, message);
}

static const VcbChatEvents CHAT_EVENTS = {on_chat_state, on_chat_text, on_round_trip};

static void take_channel(VcbConnection *connection, gpointer data)
{
    g_autoptr(GObject) channel = data;

    if (!connection->chat)
        connection->chat = vcb_chat_new(GST_WEBRTC_DATA_CHANNEL(channel), &CHAT_EVENTS, connection);
}

static void on_data_channel(GstElement *webrtc, GObject *channel, gpointer user_data)
{
    post(user_data, take_channel, g_object_ref(channel), g_object_unref);
}

/* ---- candidates ---- */

static void send_candidate(VcbConnection *connection, gpointer data)
{
    cJSON *candidate = data;
    cJSON *message, *step;

    if (!connection->local_sent) {
        g_queue_push_tail(&connection->late_candidates, candidate);
        return;
    }
    guint section = (guint)vcb_json_int(candidate, "sdpMLineIndex", 0);
    if (connection->mids && section < g_strv_length(connection->mids))
        cJSON_AddStringToObject(candidate, "sdpMid", connection->mids[section]);
    step = vcb_peer_step("candidate-sent", vcb_clock_now_us());
    cJSON_AddStringToObject(step, "candidate", vcb_json_string(candidate, "candidate", ""));
    connection->events.report(step, connection->user_data);
    message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "type", "ice-candidate");
    cJSON_AddItemToObject(message, "candidate", candidate);
    connection->events.signal(message, connection->user_data);
}

static cJSON *candidate_init(guint section, const char *text)
{
    cJSON *candidate = cJSON_CreateObject();

    cJSON_AddStringToObject(candidate, "candidate", text);
    cJSON_AddNumberToObject(candidate, "sdpMLineIndex", section);
    return candidate;
}

static void on_candidate(GstElement *webrtc, guint section, const char *candidate, gpointer user_data)
{
    post(user_data, send_candidate, candidate_init(section, candidate), free_json);
}

static void on_gathering(GstElement *webrtc, GParamSpec *property, gpointer user_data)
{
    GstWebRTCICEGatheringState state;

    g_object_get(webrtc, "ice-gathering-state", &state, NULL);
    if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) /* RFC 8838 section 13: no more will come */
        post(user_data, send_candidate, candidate_init(0, ""), free_json);
}

static void report_candidate(VcbConnection *connection, const char *step_name, const cJSON *candidate,
                             const char *reason)
{
    cJSON *step = vcb_peer_step(step_name, vcb_clock_now_us());

    cJSON_AddStringToObject(step, "candidate", vcb_json_string(candidate, "candidate", ""));
    vcb_json_add_string(step, "reason", reason);
    connection->events.report(step, connection->user_data);
}

static void apply_candidate(VcbConnection *connection, const cJSON *candidate)
{
    const char *text = vcb_json_string(candidate, "candidate", "");
    gint64 section = vcb_json_int(candidate, "sdpMLineIndex", 0);

    if (section < 0 || section >= connection->n_remote_sections) {
        g_autofree char *reason =
            g_strdup_printf("OperationError: addIceCandidate: no m-line %" G_GINT64_FORMAT, section);

        report_candidate(connection, "candidate-rejected", candidate, reason);
        return;
    }
    if (*text)
        g_signal_emit_by_name(connection->webrtc, "add-ice-candidate", (guint)section, text);
    report_candidate(connection, "candidate-added", candidate, NULL);
}

/* addIceCandidate, when its turn in the operations chain has come. */
static void run_add_candidate(VcbConnection *connection, const cJSON *candidate)
{
    static const char reason[] = "InvalidStateError: addIceCandidate: the remote description is null";

    if (connection->has_remote_description) {
        apply_candidate(connection, candidate);
        return;
    }
    /* W3C WebRTC 1.0, addIceCandidate: rejected with InvalidStateError while remoteDescription is null. */
    report_candidate(connection, "candidate-rejected", candidate, reason);
    connection->events.report(vcb_peer_error("InvalidStateError", reason + strlen("InvalidStateError: "),
                                             FALSE, vcb_clock_now_us()),
                              connection->user_data);
}

void vcb_connection_add_candidate(VcbConnection *connection, const cJSON *candidate)
{
    report_candidate(connection, "candidate-received", candidate, NULL);
    if (!connection->has_remote_description && connection->config->candidate_queue) {
        report_candidate(connection, "candidate-queued", candidate, NULL);
        g_queue_push_tail(&connection->early_candidates, cJSON_Duplicate(candidate, TRUE));
    } else if (connection->setting_remote) {
        /* W3C WebRTC 1.0 section 4.4.1.2: it waits in the operations chain, and finds the description set. */
        g_queue_push_tail(&connection->chained_candidates, cJSON_Duplicate(candidate, TRUE));
    } else {
        run_add_candidate(connection, candidate);
    }
}

/* A setRemoteDescription is done, well or not: go on with what was chained behind it. */
static void run_chained_candidates(VcbConnection *connection)
{
    cJSON *candidate;

    if (--connection->setting_remote)
        return;
    while ((candidate = g_queue_pop_head(&connection->chained_candidates))) {
        run_add_candidate(connection, candidate);
        cJSON_Delete(candidate);
    }
}

/* ---- offer and answer ---- */

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
    g_atomic_rc_box_release_full(operation->connection, connection_clear);
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
    post(operation->connection, operation->next, operation, free_operation);
}

static GstPromise *promise_for(VcbConnection *connection, const char *method, const char *type,
                               GstWebRTCSessionDescription *description,
                               void (*next)(VcbConnection *connection, gpointer operation))
{
    Operation *operation = g_new0(Operation, 1);

    operation->connection = g_atomic_rc_box_acquire(connection);
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
    watch_transports(connection);
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

    connection->local_sent = TRUE;
    for (cJSON *candidate; (candidate = g_queue_pop_head(&connection->late_candidates));)
        send_candidate(connection, candidate);
}

static void on_created(VcbConnection *connection, gpointer data)
{
    g_autoptr(Operation) operation = data;
    GstWebRTCSessionDescription *description;

    if (failed(connection, operation))
        return;
    if (!operation->description) {
        report_error(connection, "OperationError", "webrtcbin made no description", TRUE);
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
    post(user_data, create_when_described, NULL, NULL);
}

static gboolean link_sender(VcbConnection *connection, VcbSender *sender, int payload_type)
{
    g_autoptr(GError) error = NULL;

    if (!sender || vcb_sender_is_linked(sender) ||
        vcb_sender_link(sender, connection->webrtc, payload_type, on_sender_linked, connection, &error))
        return TRUE;
    report_error(connection, "OperationError", error->message, TRUE);
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
    GObject *channel = NULL;

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
            take_channel(connection, channel);
        else
            report_error(
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
            report_error(connection, "OperationError", message, FALSE);
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
    cJSON *candidate;

    if (failed(connection, operation)) {
        run_chained_candidates(connection);
        return;
    }
    report_set(connection, "remote-description-set", operation->type);
    watch_transports(connection);
    vcb_meters_learn(connection->meters, operation->description->sdp);
    connection->has_remote_description = TRUE;
    connection->n_remote_sections = gst_sdp_message_medias_len(operation->description->sdp);
    while ((candidate = g_queue_pop_head(&connection->early_candidates))) {
        apply_candidate(connection, candidate);
        cJSON_Delete(candidate);
    }
    run_chained_candidates(connection);
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
        report_error(connection, "OperationError", message, TRUE);
        return;
    }
    description = gst_webrtc_session_description_new(
        offer ? GST_WEBRTC_SDP_TYPE_OFFER : GST_WEBRTC_SDP_TYPE_ANSWER, sdp);
    connection->setting_remote++;
    g_signal_emit_by_name(
        connection->webrtc, "set-remote-description", description,
        promise_for(connection, "setRemoteDescription", type, description, on_remote_description_set));
}

/* ---- controls ---- */

void vcb_connection_set_audio_muted(VcbConnection *connection, gboolean muted)
{
    if (connection->audio)
        vcb_sender_set_muted(connection->audio, muted);
}

void vcb_connection_set_video_stopped(VcbConnection *connection, gboolean stopped)
{
    if (connection->video)
        vcb_sender_set_muted(connection->video, stopped);
}

gboolean vcb_connection_send_chat(VcbConnection *connection, const char *text)
{
    if (!connection->chat || !vcb_chat_is_open(connection->chat))
        return FALSE;
    vcb_chat_send(connection->chat, text);
    return TRUE;
}

void vcb_connection_ping(VcbConnection *connection)
{
    if (connection->chat && vcb_chat_is_open(connection->chat))
        vcb_chat_ping(connection->chat);
}

void vcb_connection_report_stats(VcbConnection *connection, gint64 now_us, cJSON *objects)
{
    vcb_meters_report(connection->meters, now_us, objects);
    vcb_ice_report(connection->ice, objects);
    if (connection->chat)
        vcb_chat_report(connection->chat, objects);
}

/* ---- life ---- */

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user_data)
{
    VcbConnection *connection = user_data;

    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        g_autoptr(GError) error = NULL;
        g_autofree char *debug = NULL, *text = NULL;

        gst_message_parse_error(message, &error, &debug);
        text = g_strdup_printf("%s: %s", GST_OBJECT_NAME(message->src), error->message);
        g_printerr("%s\n%s\n", text, debug ? debug : "");
        report_error(connection, "pipeline", text, TRUE);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ELEMENT && gst_message_has_name(message, "level")) {
        const GstStructure *level = gst_message_get_structure(message);
        const GValue *rms = gst_structure_get_value(level, "rms");
        GstClockTime duration = 0;

        /* GValueArray is what the element speaks. */
        G_GNUC_BEGIN_IGNORE_DEPRECATIONS
        GValueArray *channels = rms ? g_value_get_boxed(rms) : NULL;
        if (channels && channels->n_values && gst_structure_get_clock_time(level, "duration", &duration))
            vcb_meters_level(connection->meters, g_value_get_double(&channels->values[0]),
                             (gint64)(duration / 1000));
        G_GNUC_END_IGNORE_DEPRECATIONS
    }
    return G_SOURCE_CONTINUE;
}

/* Retransmission as browsers do it:
 *  - ask again for what a later packet shows to be missing; the buffer would also ask for packets that it
 * guesses to be due, which a pause in the video makes into requests for packets that never were;
 *  - at once: the session takes the RTCP that it may send for a share of the media that flow, and at a few
 * hundred kbit/s holds requests back (RFC 4585 section 3.5) until they are too late. Told of a faster link it
 * sends them when they are due; how often it reports hardly changes. */
static void on_jitter_buffer(GstElement *rtpbin, GstElement *buffer, guint session, guint ssrc,
                             gpointer user_data)
{
    g_autoptr(GObject) internal = NULL;

    g_object_set(buffer, "rtx-next-seqnum", FALSE, NULL);
    g_signal_emit_by_name(rtpbin, "get-internal-session", session, &internal);
    if (internal)
        g_object_set(internal, "bandwidth", (double)SESSION_BPS, NULL);
}

/* webrtcbin 1.22 takes `balanced` for "none": it offers no BUNDLE group, and the data channel's transport
 * then never begins its DTLS. By the W3C the two policies differ in what is gathered for several tracks of
 * one kind, which we never have: with one of each, balanced is max-compat. */
static const char *bundle_policy(const VcbPeerConfig *config)
{
    return g_str_equal(config->bundle_policy, "balanced") ? "max-compat" : config->bundle_policy;
}

static void free_receiver(gpointer data)
{
    vcb_receiver_free(data);
}

VcbConnection *vcb_connection_new(const VcbPeerConfig *config, const VcbConnectionEvents *events,
                                  gpointer user_data, GError **error)
{
    static const char *const states[] = {"notify::signaling-state", "notify::ice-gathering-state",
                                         "notify::ice-connection-state", "notify::connection-state"};
    GstElement *webrtc = gst_element_factory_make("webrtcbin", "webrtc");
    g_autoptr(GstElement) rtpbin = NULL;
    g_autoptr(GstBus) bus = NULL;
    VcbConnection *connection;

    if (!webrtc) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_INVALID,
                            "no GStreamer element webrtcbin: install the package gstreamer1.0-plugins-bad");
        return NULL;
    }
    connection = g_atomic_rc_box_new0(VcbConnection);
    connection->config = config;
    connection->events = *events;
    connection->user_data = user_data;
    g_mutex_init(&connection->receivers_lock);
    connection->receivers = g_ptr_array_new_with_free_func(free_receiver);
    connection->attach_now = !config->attach_late;
    connection->transports = g_ptr_array_new_with_free_func(g_object_unref);
    connection->meters = vcb_meters_new(on_first_seen, connection);

    connection->pipeline = gst_pipeline_new(config->peer);
    connection->webrtc = g_object_ref_sink(webrtc);
    gst_bin_add(GST_BIN(connection->pipeline), webrtc);
    gst_util_set_object_arg(G_OBJECT(webrtc), "bundle-policy", bundle_policy(config));
    g_object_set(webrtc, "latency", JITTER_BUFFER_MS, NULL);
    rtpbin = gst_bin_get_by_name(GST_BIN(webrtc), "rtpbin");
    g_signal_connect(rtpbin, "new-jitterbuffer", G_CALLBACK(on_jitter_buffer), NULL);
    vcb_meters_attach(connection->meters, rtpbin);
    connection->ice = vcb_ice_new(webrtc, config, error);
    if (!connection->ice)
        goto fail;
    if (config->audio &&
        !(connection->audio = vcb_sender_new_audio(GST_BIN(connection->pipeline), config->audio, error)))
        goto fail;
    if (config->video &&
        !(connection->video = vcb_sender_new_video(GST_BIN(connection->pipeline), config->video, error)))
        goto fail;

    for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
        g_signal_connect(webrtc, states[i], G_CALLBACK(on_state), connection);
    g_signal_connect(webrtc, "notify::ice-gathering-state", G_CALLBACK(on_gathering), connection);
    g_signal_connect(webrtc, "on-ice-candidate", G_CALLBACK(on_candidate), connection);
    g_signal_connect(webrtc, "on-data-channel", G_CALLBACK(on_data_channel), connection);
    g_signal_connect(webrtc, "pad-added", G_CALLBACK(on_pad_added), connection);
    bus = gst_element_get_bus(connection->pipeline);
    connection->bus_watch = gst_bus_add_watch(bus, on_bus, connection);
    if (gst_element_set_state(connection->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_INVALID,
                            "the GStreamer pipeline does not start (see the peer's log)");
        goto fail;
    }
    return connection;
fail:
    vcb_connection_free(connection);
    return NULL;
}

void vcb_connection_free(VcbConnection *connection)
{
    if (!connection || connection->closed)
        return;
    connection->closed = TRUE;
    if (connection->bus_watch)
        g_source_remove(connection->bus_watch);
    for (guint i = 0; i < connection->transports->len; i++)
        g_signal_handlers_disconnect_by_data(connection->transports->pdata[i], connection);
    gst_element_set_state(connection->pipeline, GST_STATE_NULL); /* joins the streaming threads */
    g_signal_handlers_disconnect_by_data(connection->webrtc, connection);
    g_clear_pointer(&connection->chat, vcb_chat_free);
    g_clear_pointer(&connection->ice, vcb_ice_free);
    g_clear_pointer(&connection->receivers, g_ptr_array_unref);
    g_clear_pointer(&connection->audio, vcb_sender_free);
    g_clear_pointer(&connection->video, vcb_sender_free);
    g_clear_pointer(&connection->transports, g_ptr_array_unref);
    gst_clear_object(&connection->webrtc);
    gst_clear_object(&connection->pipeline);
    g_clear_pointer(&connection->meters, vcb_meters_free);
    g_queue_clear_full(&connection->early_candidates, free_json);
    g_queue_clear_full(&connection->chained_candidates, free_json);
    g_queue_clear_full(&connection->late_candidates, free_json);
    g_clear_pointer(&connection->mids, g_strfreev);
    g_atomic_rc_box_release_full(connection, connection_clear);
}
