#include "signaling/events.h"

#include "common/clock.h"

static cJSON *event_new(const char *type, gint64 t_us)
{
    cJSON *event = cJSON_CreateObject();

    vcb_json_add_int(event, "t_us", t_us);
    cJSON_AddStringToObject(event, "type", type);
    return event;
}

static cJSON *event_at(const char *type, gint64 t_us, VcbPlace place)
{
    cJSON *event = event_new(type, t_us);

    vcb_json_add_string(event, "call", place.call);
    vcb_json_add_string(event, "room", place.room);
    return event;
}

static void send_event(VcbChannel *channel, cJSON *event)
{
    vcb_channel_send(channel, event);
    cJSON_Delete(event);
}

void vcb_events_ready(VcbChannel *channel, const char *host, int port, gboolean tls)
{
    cJSON *event;

    if (!channel)
        return;
    event = event_new("ready", vcb_clock_now_us());
    cJSON_AddStringToObject(event, "host", host);
    vcb_json_add_int(event, "port", port);
    cJSON_AddStringToObject(event, "version", VCB_VERSION);
    cJSON_AddBoolToObject(event, "tls", tls);
    send_event(channel, event);
}

static void send_message(VcbChannel *channel, const char *type, const char *message)
{
    cJSON *event;

    if (!channel)
        return;
    event = event_new(type, vcb_clock_now_us());
    cJSON_AddStringToObject(event, "message", message);
    send_event(channel, event);
}

void vcb_events_failed(VcbChannel *channel, const char *message)
{
    send_message(channel, "failed", message);
}

void vcb_events_error(VcbChannel *channel, const char *message)
{
    send_message(channel, "error", message);
}

void vcb_events_joined(VcbChannel *channel, VcbPlace place, const char *peer)
{
    cJSON *event;

    if (!channel)
        return;
    event = event_at("joined", vcb_clock_now_us(), place);
    cJSON_AddStringToObject(event, "peer", peer);
    send_event(channel, event);
}

void vcb_events_left(VcbChannel *channel, VcbPlace place, const char *peer, const char *reason)
{
    cJSON *event;

    if (!channel)
        return;
    event = event_at("left", vcb_clock_now_us(), place);
    cJSON_AddStringToObject(event, "peer", peer);
    cJSON_AddStringToObject(event, "reason", reason);
    send_event(channel, event);
}

static cJSON *signal_event(gint64 t_us, VcbPlace place, gint64 id, const char *type, const char *action,
                           const char *from, const char *to)
{
    cJSON *event = event_at("signal", t_us, place);

    vcb_json_add_int(event, "id", id);
    cJSON_AddStringToObject(event, "message", type);
    cJSON_AddStringToObject(event, "action", action);
    vcb_json_add_string(event, "from", from);
    vcb_json_add_string(event, "to", to);
    return event;
}

void vcb_events_received(VcbChannel *channel, VcbPlace place, gint64 id, const char *type, const char *from,
                         const char *to, gsize bytes, gint64 t_us)
{
    cJSON *event;

    if (!channel)
        return;
    event = signal_event(t_us, place, id, type, "received", from, to);
    vcb_json_add_int(event, "bytes", (gint64)bytes);
    send_event(channel, event);
}

void vcb_events_sent(VcbChannel *channel, const VcbNote *note, gsize bytes, gint64 t_us)
{
    cJSON *event;

    if (!channel || !note)
        return;
    event = signal_event(t_us, (VcbPlace){note->room, note->call}, note->id, note->type, "sent", note->from,
                         note->to);
    if (note->initiator >= 0)
        cJSON_AddBoolToObject(event, "initiator", note->initiator);
    vcb_json_add_int(event, "bytes", (gint64)bytes);
    send_event(channel, event);
}

void vcb_events_decision(VcbChannel *channel, VcbPlace place, const VcbDecision *decision, const char *type)
{
    const VcbCopy *copy = decision->copy;
    cJSON *event;

    if (!channel)
        return;
    event = event_at("decision", vcb_clock_now_us(), place);
    vcb_json_add_int(event, "id", copy->id);
    cJSON_AddStringToObject(event, "message", type);
    vcb_json_add_string(event, "from", copy->from);
    vcb_json_add_string(event, "to", copy->to);
    vcb_json_add_int(event, "rule", decision->rule);
    cJSON_AddStringToObject(event, "action", decision->action);
    cJSON_AddStringToObject(event, "reason", decision->reason);
    send_event(channel, event);
}

void vcb_events_refused(VcbChannel *channel, VcbPlace place, const char *peer, VcbRefusal code,
                        const char *message)
{
    cJSON *event;

    if (!channel)
        return;
    event = event_at("refused", vcb_clock_now_us(), place);
    vcb_json_add_string(event, "peer", peer);
    cJSON_AddStringToObject(event, "code", vcb_refusal_name(code));
    cJSON_AddStringToObject(event, "message", message);
    send_event(channel, event);
}
