/* The data channel "chat": lines of text for people, and a ping that measures its round trip.
 * On the wire, JSON texts: {"type": "chat", "text", "sent_us"}, {"type": "ping", "id", "t_us"}, {"type":
 * "pong", "id", "t_us"} (docs/peer-protocol.md, "The data channel"). A text that is no such object counts as
 * chat, so that any other application can take part.
 *
 * Callbacks come from the channel's own thread; calls are for the main thread, but vcb_chat_new for any. */
#pragma once

#include "common/json.h"

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

typedef struct VcbChat VcbChat;

typedef struct {
    void (*state)(const char *ready_state, gint64 t_us, gpointer user_data);
    void (*text)(const char *text, gint64 sent_us, gint64 t_us,
                 gpointer user_data); /* sent_us: -1 where not said */
    void (*round_trip)(gint64 round_trip_us, gint64 t_us, gpointer user_data);
} VcbChatEvents;

VcbChat *vcb_chat_new(GstWebRTCDataChannel *channel, const VcbChatEvents *events, gpointer user_data);
void vcb_chat_free(VcbChat *chat);

gboolean vcb_chat_is_open(const VcbChat *chat);
void vcb_chat_send(VcbChat *chat, const char *text);
void vcb_chat_ping(VcbChat *chat);

/* Append the data-channel object (W3C stats). */
void vcb_chat_report(VcbChat *chat, cJSON *report);
