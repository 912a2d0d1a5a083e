#include "peers/gst/chat.h"

#include "common/clock.h"

#include <string.h>

struct VcbChat {
    GstWebRTCDataChannel *channel; /* owned reference */
    VcbChatEvents events;
    gpointer user_data;
    guint pings;
    gint messages_sent, messages_received; /* atomic */
    gint bytes_received;                   /* atomic */
    gint told_state;                       /* atomic: the last one that was told; 0: none */
};

static void send(VcbChat *chat, const cJSON *message)
{
    g_autofree char *text = vcb_json_print(message);

    g_atomic_int_inc(&chat->messages_sent);
    g_signal_emit_by_name(chat->channel, "send-string", text);
}

static void on_string(GstWebRTCDataChannel *channel, const char *text, gpointer user_data)
{
    VcbChat *chat = user_data;
    gint64 now_us = vcb_clock_now_us();
    g_autoptr(cJSON) message = text ? cJSON_Parse(text) : NULL;
    const char *type = vcb_json_string(message, "type", "");

    g_atomic_int_inc(&chat->messages_received);
    g_atomic_int_add(&chat->bytes_received, text ? (gint)strlen(text) : 0);
    if (g_str_equal(type, "ping")) {
        /* Answered here, on the channel's thread: the round trip is the channel's, not the main loop's. */
        cJSON_SetValuestring(cJSON_GetObjectItemCaseSensitive(message, "type"), "pong");
        g_autofree char *answer = vcb_json_print(message);
        g_atomic_int_inc(&chat->messages_sent);
        g_signal_emit_by_name(channel, "send-string", answer);
    } else if (g_str_equal(type, "pong")) {
        gint64 sent_us = vcb_json_int(message, "t_us", -1);

        if (sent_us >= 0 && sent_us <= now_us)
            chat->events.round_trip(now_us - sent_us, now_us, chat->user_data);
    } else if (text) {
        gboolean ours = g_str_equal(type, "chat");

        chat->events.text(ours ? vcb_json_string(message, "text", "") : text,
                          ours ? vcb_json_int(message, "sent_us", -1) : -1, now_us, chat->user_data);
    }
}

static void on_ready_state(GObject *channel, GParamSpec *property, gpointer user_data)
{
    static const char *const names[] = {NULL, "connecting", "open", "closing", "closed"};
    VcbChat *chat = user_data;
    gint told = g_atomic_int_get(&chat->told_state);
    GstWebRTCDataChannelState state;

    g_object_get(channel, "ready-state", &state, NULL);
    if (state > 0 && state < (int)G_N_ELEMENTS(names) && (gint)state != told &&
        g_atomic_int_compare_and_exchange(&chat->told_state, told, (gint)state))
        chat->events.state(names[state], vcb_clock_now_us(), chat->user_data);
}

VcbChat *vcb_chat_new(GstWebRTCDataChannel *channel, const VcbChatEvents *events, gpointer user_data)
{
    VcbChat *chat = g_new0(VcbChat, 1);

    chat->channel = g_object_ref(channel);
    chat->events = *events;
    chat->user_data = user_data;
    g_signal_connect(channel, "on-message-string", G_CALLBACK(on_string), chat);
    g_signal_connect(channel, "notify::ready-state", G_CALLBACK(on_ready_state), chat);
    if (vcb_chat_is_open(chat)) /* it was quicker than we */
        on_ready_state(G_OBJECT(channel), NULL, chat);
    return chat;
}

void vcb_chat_free(VcbChat *chat)
{
    if (!chat)
        return;
    g_signal_handlers_disconnect_by_data(chat->channel, chat);
    g_object_unref(chat->channel);
    g_free(chat);
}

gboolean vcb_chat_is_open(const VcbChat *chat)
{
    GstWebRTCDataChannelState state;

    g_object_get(chat->channel, "ready-state", &state, NULL);
    return state == GST_WEBRTC_DATA_CHANNEL_STATE_OPEN;
}

void vcb_chat_send(VcbChat *chat, const char *text)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", "chat");
    cJSON_AddStringToObject(message, "text", text);
    vcb_json_add_int(message, "sent_us", vcb_clock_now_us());
    send(chat, message);
}

void vcb_chat_ping(VcbChat *chat)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", "ping");
    vcb_json_add_int(message, "id", ++chat->pings);
    vcb_json_add_int(message, "t_us", vcb_clock_now_us());
    send(chat, message);
}

void vcb_chat_report(VcbChat *chat, cJSON *report)
{
    cJSON *object = cJSON_CreateObject();
    g_autofree char *label = NULL;

    g_object_get(chat->channel, "label", &label, NULL);
    cJSON_AddStringToObject(object, "type", "data-channel");
    cJSON_AddStringToObject(object, "id", "data-channel-chat");
    vcb_json_add_string(object, "label", label);
    cJSON_AddStringToObject(object, "state", vcb_chat_is_open(chat) ? "open" : "closed");
    vcb_json_add_int(object, "messagesSent", g_atomic_int_get(&chat->messages_sent));
    vcb_json_add_int(object, "messagesReceived", g_atomic_int_get(&chat->messages_received));
    vcb_json_add_int(object, "bytesReceived", g_atomic_int_get(&chat->bytes_received));
    cJSON_AddItemToArray(report, object);
}
