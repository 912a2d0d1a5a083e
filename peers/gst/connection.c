#include "peers/gst/connection.h"

#include "common/clock.h"
#include "common/error.h"
#include "peers/gst/candidates.h"
#include "peers/gst/connection_internal.h"
#include "peers/gst/connection_post.h"
#include "peers/gst/receiver.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

/* How long packets may wait for earlier ones: room for a retransmission on a short path, without webrtcbin's
 * 200 ms before the first frame. */
#define JITTER_BUFFER_MS 50

#define SESSION_BPS 10000000

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
            vcb_connection_report(connection, vcb_peer_state(names[i].name, value->value_nick, now_us));
    if (value && g_str_equal(property->name, "connection-state") &&
        number == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED)
        vcb_connection_post(connection, on_connected, NULL, NULL);
}

static void watch_transport(VcbConnection *connection, GObject *transport)
{
    if (!transport || g_ptr_array_find(connection->transports, transport, NULL))
        return;
    g_ptr_array_add(connection->transports, g_object_ref(transport));
    g_signal_connect(transport, "notify::state", G_CALLBACK(on_state), connection);
}

/* DTLS transports exist once a description is set. */
void vcb_connection_watch_transports(VcbConnection *connection)
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
        vcb_connection_report_error(connection, "OperationError", error->message, FALSE);
        return;
    }
    step = vcb_peer_step("track-attached", vcb_clock_now_us());
    cJSON_AddStringToObject(step, "kind", vcb_receiver_kind(receiver));
    vcb_connection_report(connection, step);
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
    vcb_connection_report(connection, step);
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
    vcb_connection_report(user_data, message);
}

/* ---- data channel ---- */

static void on_chat_state(const char *ready_state, gint64 t_us, gpointer user_data)
{
    vcb_connection_report(user_data, vcb_peer_state("dataChannelState", ready_state, t_us));
}

static void on_chat_text(const char *text, gint64 sent_us, gint64 t_us, gpointer user_data)
{
    cJSON *message = vcb_peer_message("chat", t_us);

    cJSON_AddStringToObject(message, "text", text);
    if (sent_us >= 0)
        vcb_json_add_int(message, "sent_us", sent_us);
    vcb_connection_report(user_data, message);
}

static void on_round_trip(gint64 round_trip_us, gint64 t_us, gpointer user_data)
{
    cJSON *message = vcb_peer_step("datachannel-rtt", t_us);

    vcb_json_add_int(message, "rtt_us", round_trip_us);
    vcb_connection_report(user_data, message);
}

static const VcbChatEvents CHAT_EVENTS = {on_chat_state, on_chat_text, on_round_trip};

VcbChat *vcb_connection_listen(VcbConnection *connection, GObject *channel)
{
    return vcb_chat_new(GST_WEBRTC_DATA_CHANNEL(channel), &CHAT_EVENTS, connection);
}

static void take_chat(VcbConnection *connection, gpointer data)
{
    if (connection->chat)
        vcb_chat_free(data);
    else
        connection->chat = data;
}

static void free_chat(gpointer data)
{
    vcb_chat_free(data);
}

/* Listened to here and now, on webrtcbin's thread: the other side may have sent something already, and what comes
 * while nobody listens is lost. */
static void on_data_channel(GstElement *webrtc, GObject *channel, gpointer user_data)
{
    vcb_connection_post(user_data, take_chat, vcb_connection_listen(user_data, channel), free_chat);
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
        vcb_connection_report_error(connection, "pipeline", text, TRUE);
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
    vcb_candidates_watch(connection);
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
    vcb_candidates_clear(connection);
    g_clear_pointer(&connection->mids, g_strfreev);
    vcb_connection_unref(connection);
}
