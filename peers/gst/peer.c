#include "peers/gst/peer.h"

#include "common/channel.h"
#include "common/clock.h"
#include "peers/gst/candidates.h"
#include "peers/gst/capabilities.h"
#include "peers/gst/connection.h"
#include "peers/gst/key_log.h"
#include "peers/gst/negotiation.h"
#include "peers/protocol.h"
#include "peers/signaling_client.h"

#include <gst/gst.h>
#include <string.h>

#define PROTOCOL_VERSION 1
#define LAST_WORDS_US (500 * 1000)

struct VcbPeer {
    GMainLoop *loop; /* no-ref */
    void (*ended)(gpointer user_data);
    gpointer user_data;
    VcbChannel *control;
    VcbPeerConfig *config;         /* NULL until configured */
    VcbConnection *connection;     /* NULL until configured, and after hang-up */
    VcbSignalingClient *signaling; /* NULL until join, and after hang-up */
    GstElement *key_holder;        /* keeps the process's DTLS key and certificate alive */
    guint stats_timer;
    gboolean connected;
};

static void say(VcbPeer *peer, cJSON *message)
{
    vcb_channel_send(peer->control, message);
    cJSON_Delete(message);
}

static void say_error(VcbPeer *peer, const char *name, const char *text, gboolean fatal)
{
    say(peer, vcb_peer_error(name, text, fatal, vcb_clock_now_us()));
}

/* ---- stats ---- */

static void say_stats(VcbPeer *peer, const char *reason)
{
    gint64 now_us = vcb_clock_now_us();
    cJSON *message = vcb_peer_message("stats", now_us);

    cJSON_AddStringToObject(message, "reason", reason);
    vcb_connection_report_stats(peer->connection, now_us, cJSON_AddArrayToObject(message, "report"));
    say(peer, message);
}

static gboolean on_stats_time(gpointer user_data)
{
    VcbPeer *peer = user_data;

    vcb_connection_ping(peer->connection);
    say_stats(peer, "interval");
    return G_SOURCE_CONTINUE;
}

/* ---- the connection's events ---- */

static void on_report(cJSON *message, gpointer user_data)
{
    VcbPeer *peer = user_data;
    gboolean open = g_str_equal(vcb_json_string(message, "name", ""), "dataChannelState") &&
                    g_str_equal(vcb_json_string(message, "value", ""), "open");

    say(peer, message);
    if (open)
        vcb_connection_ping(peer->connection);
}

static void on_signal(cJSON *message, gpointer user_data)
{
    VcbPeer *peer = user_data;

    vcb_signaling_client_send(peer->signaling, message);
    cJSON_Delete(message);
}

static void on_connected(gpointer user_data)
{
    VcbPeer *peer = user_data;

    peer->connected = TRUE;
    say_stats(peer, "connected");
}

/* ---- signaling ---- */

static void on_opened(gpointer user_data)
{
    VcbPeer *peer = user_data;
    g_autoptr(cJSON) ready = cJSON_CreateObject();

    say(peer, vcb_peer_step("signaling-connected", vcb_clock_now_us()));
    cJSON_AddStringToObject(ready, "type", "ready");
    vcb_signaling_client_send(peer->signaling, ready);
}

static void on_closed(const char *reason, gpointer user_data)
{
    VcbPeer *peer = user_data;
    cJSON *step = vcb_peer_step("signaling-closed", vcb_clock_now_us());

    cJSON_AddStringToObject(step, "reason", reason);
    say(peer, step);
    if (!peer->connected) { /* media does not need the server once it flows */
        g_autofree char *text =
            g_strdup_printf("the signaling connection ended before the call was connected: %s", reason);

        say_error(peer, "signaling-error", text, TRUE);
    }
}

/* With a designated initiator, only the first of the room offers, whoever else was told to. */
static void start_call(VcbPeer *peer, const cJSON *message)
{
    gboolean initiator = vcb_json_bool(message, "initiator", FALSE);
    const char *you = vcb_json_string(message, "you", peer->config->peer);
    const cJSON *first = cJSON_GetArrayItem(vcb_json_array(message, "peers"), 0);
    cJSON *step = vcb_peer_step("start-call", vcb_clock_now_us());

    cJSON_AddBoolToObject(step, "initiator", initiator);
    say(peer, step);
    if (initiator && peer->config->designated && cJSON_IsString(first) &&
        !g_str_equal(first->valuestring, you))
        initiator = FALSE;
    if (initiator)
        vcb_connection_offer(peer->connection);
}

static void on_signaling_message(const cJSON *message, gpointer user_data)
{
    VcbPeer *peer = user_data;
    const char *type = vcb_json_string(message, "type", "");

    if (!peer->connection)
        return;
    if (g_str_equal(type, "start-call")) {
        start_call(peer, message);
    } else if (g_str_equal(type, "offer") || g_str_equal(type, "answer")) {
        const char *sdp = vcb_json_string(vcb_json_object(message, type), "sdp", "");

        vcb_connection_set_remote_description(peer->connection, type, sdp);
    } else if (g_str_equal(type, "ice-candidate")) {
        const cJSON *candidate = vcb_json_object(message, "candidate");

        if (candidate)
            vcb_connection_add_candidate(peer->connection, candidate);
    } else if (g_str_equal(type, "error")) {
        g_autofree char *text =
            g_strdup_printf("the signaling server says %s: %s", vcb_json_string(message, "code", "?"),
                            vcb_json_string(message, "message", ""));
        say_error(peer, "signaling-error", text, FALSE);
    }
}

/* ---- commands ---- */

/* The DTLS plugin makes one RSA key a process when first asked, 100 to 700 ms: before the call, not in it. */
static void make_dtls_key(VcbPeer *peer, cJSON *unsupported)
{
    const char *path = peer->config->dtls_key_log;
    g_autoptr(GError) error = NULL;

    if (path && !vcb_key_log_open(path, &error))
        vcb_peer_add_unsupported(unsupported, "record.dtls_keys", error->message);
    peer->key_holder = gst_object_ref_sink(gst_element_factory_make("dtlsdec", NULL));
    if (path && !vcb_key_log_is_in_effect())
        vcb_peer_add_unsupported(unsupported, "record.dtls_keys",
                                 "this build of GStreamer's DTLS plugin does not use the OpenSSL that this "
                                 "program is linked to, so its keys cannot be had");
}

static void configure(VcbPeer *peer, const cJSON *command)
{
    static const VcbConnectionEvents events = {on_report, on_signal, on_connected};
    g_autoptr(GError) error = NULL;
    g_autofree char *version = gst_version_string();
    cJSON *ready, *unsupported, *notes;

    if (peer->config) {
        say_error(peer, "protocol-error", "configure: already configured", FALSE);
        return;
    }
    peer->config = vcb_peer_config_parse(command, &error);
    if (!peer->config) {
        say_error(peer, "protocol-error", error->message, TRUE);
        return;
    }
    ready = vcb_peer_message("ready", vcb_clock_now_us());
    vcb_json_add_int(ready, "protocol", PROTOCOL_VERSION);
    cJSON_AddStringToObject(ready, "engine", "webrtcbin");
    cJSON_AddStringToObject(ready, "version", version);
    unsupported = cJSON_AddArrayToObject(ready, "unsupported");
    notes = cJSON_AddArrayToObject(ready, "notes");
    vcb_capabilities_check(peer->config, unsupported, notes);
    if (cJSON_GetArraySize(unsupported) == 0)
        make_dtls_key(peer, unsupported);
    if (cJSON_GetArraySize(unsupported) == 0) {
        peer->connection = vcb_connection_new(peer->config, &events, peer, &error);
        if (!peer->connection)
            vcb_peer_add_unsupported(unsupported, "peer", error->message);
    }
    say(peer, ready);
}

static void join(VcbPeer *peer, const cJSON *command)
{
    static const VcbSignalingEvents events = {on_opened, on_signaling_message, on_closed};
    const char *url = vcb_json_string(command, "url", NULL);
    g_autoptr(GError) error = NULL;

    if (!peer->connection || peer->signaling || !url) {
        say_error(peer, "protocol-error", "join: needs a url, after configure, once", FALSE);
        return;
    }
    peer->signaling = vcb_signaling_client_new(url, vcb_json_string(command, "token", NULL), peer->loop,
                                               &events, peer, &error);
    if (!peer->signaling) {
        say_error(peer, "signaling-error", error->message, TRUE);
        return;
    }
    peer->stats_timer = g_timeout_add((guint)(peer->config->stats_interval_us / 1000), on_stats_time, peer);
}

static void leave(VcbPeer *peer)
{
    g_clear_handle_id(&peer->stats_timer, g_source_remove);
    g_clear_pointer(&peer->connection, vcb_connection_free);
    g_clear_pointer(&peer->signaling, vcb_signaling_client_free);
}

static void hang_up(VcbPeer *peer, const cJSON *command)
{
    if (peer->connection && peer->signaling)
        say_stats(peer, "hang-up");
    leave(peer);
    say(peer, vcb_peer_message("bye", vcb_clock_now_us()));
}

static void mute(VcbPeer *peer, const cJSON *command)
{
    gboolean muted = g_str_equal(vcb_json_string(command, "type", ""), "mute");

    vcb_connection_set_audio_muted(peer->connection, muted);
    say(peer, vcb_peer_step(muted ? "muted" : "unmuted", vcb_clock_now_us()));
}

static void stop_video(VcbPeer *peer, const cJSON *command)
{
    gboolean stopped = g_str_equal(vcb_json_string(command, "type", ""), "stop-video");

    vcb_connection_set_video_stopped(peer->connection, stopped);
    say(peer, vcb_peer_step(stopped ? "video-stopped" : "video-started", vcb_clock_now_us()));
}

static void send_chat(VcbPeer *peer, const cJSON *command)
{
    const char *text = vcb_json_string(command, "text", "");
    cJSON *step = vcb_peer_step("chat-sent", vcb_clock_now_us());

    cJSON_AddStringToObject(step, "text", text);
    if (vcb_connection_send_chat(peer->connection, text)) {
        say(peer, step);
    } else {
        cJSON_Delete(step);
        say_error(peer, "InvalidStateError", "send-chat: the data channel is not open", FALSE);
    }
}

static void quit(VcbPeer *peer, const cJSON *command)
{
    leave(peer);
    vcb_channel_flush(peer->control, vcb_clock_now_us() + LAST_WORDS_US);
    peer->ended(peer->user_data);
}

static const struct {
    const char *type;
    void (*run)(VcbPeer *peer, const cJSON *command);
    gboolean needs_connection;
} COMMANDS[] = {
    {"configure", configure, FALSE},
    {"join", join, FALSE},
    {"mute", mute, TRUE},
    {"unmute", mute, TRUE},
    {"stop-video", stop_video, TRUE},
    {"start-video", stop_video, TRUE},
    {"send-chat", send_chat, TRUE},
    {"hang-up", hang_up, FALSE},
    {"quit", quit, FALSE},
};

static void on_command(VcbChannel *channel, cJSON *command, gpointer user_data)
{
    VcbPeer *peer = user_data;
    const char *type = vcb_json_string(command, "type", "");
    g_autofree char *text = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (!g_str_equal(COMMANDS[i].type, type))
            continue;
        if (!COMMANDS[i].needs_connection || peer->connection) {
            COMMANDS[i].run(peer, command);
            return;
        }
        text = g_strdup_printf("%s: there is no call", type);
        say_error(peer, "InvalidStateError", text, FALSE);
        return;
    }
    text = g_strdup_printf("unknown command \"%s\"", type);
    say_error(peer, "protocol-error", text, FALSE);
}

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    say_error(user_data, "protocol-error", "a line that is not a JSON object", FALSE);
}

static void on_control_closed(VcbChannel *channel, gpointer user_data)
{
    VcbPeer *peer = user_data;

    peer->ended(peer->user_data);
}

VcbPeer *vcb_peer_new(int control_fd, GMainLoop *loop, void (*ended)(gpointer user_data), gpointer user_data)
{
    static const VcbChannelCallbacks callbacks = {on_command, on_malformed, on_control_closed};
    VcbPeer *peer = g_new0(VcbPeer, 1);

    peer->loop = loop;
    peer->ended = ended;
    peer->user_data = user_data;
    peer->control = vcb_channel_new(control_fd, NULL, &callbacks, peer);
    return peer;
}

void vcb_peer_free(VcbPeer *peer)
{
    if (!peer)
        return;
    leave(peer);
    vcb_channel_free(peer->control);
    vcb_peer_config_free(peer->config);
    gst_clear_object(&peer->key_holder);
    g_free(peer);
}
