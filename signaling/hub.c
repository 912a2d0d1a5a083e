#include "signaling/hub.h"

#include "common/clock.h"
#include "common/error.h"

#include <string.h>

#define STATUS_NORMAL 1000
#define STATUS_TRY_AGAIN_LATER 1013

/* A room with what the hub keeps beside it. */
typedef struct {
    VcbHub *hub;
    VcbRoom *room;
    char *call;              /* NULL: vcbench did not announce it; such a room goes with its last member */
    VcbScheduler *scheduler; /* NULL: no rules */
    gint64 last_id;
} Place;

/* A relayed message while it waits or is sent: the frame, shared by its copies, and its type for the log. */
typedef struct {
    guint refs;
    VcbFrame *frame;
    const char *type;
} Relayed;

struct VcbHub {
    guint room_size;
    VcbHubOutput output;
    gpointer user_data;
    VcbChannel *events; /* no-ref */
    GHashTable *places; /* room name -> Place, owned */
    gint64 wake_us;     /* what output.wake was told last */
};

static gpointer relayed_ref(gpointer payload)
{
    ((Relayed *)payload)->refs++;
    return payload;
}

static void relayed_unref(gpointer payload)
{
    Relayed *relayed = payload;

    if (--relayed->refs > 0)
        return;
    vcb_frame_unref(relayed->frame);
    g_free(relayed);
}

static void place_free(gpointer data)
{
    Place *place = data;

    vcb_scheduler_free(place->scheduler);
    vcb_room_free(place->room);
    g_free(place->call);
    g_free(place);
}

static VcbPlace where(const Place *place)
{
    return (VcbPlace){.room = vcb_room_name(place->room), .call = place->call};
}

static Place *place_of(const VcbHub *hub, const VcbMember *member)
{
    return g_hash_table_lookup(hub->places, vcb_room_name(member->room));
}

static Place *find_or_add_place(VcbHub *hub, const char *name, guint size)
{
    Place *place = g_hash_table_lookup(hub->places, name);

    if (place)
        return place;
    place = g_new0(Place, 1);
    place->hub = hub;
    place->room = vcb_room_new(name, size);
    g_hash_table_insert(hub->places, (gpointer)vcb_room_name(place->room), place);
    return place;
}

VcbHub *vcb_hub_new(guint room_size, const VcbHubOutput *output, gpointer user_data, VcbChannel *events)
{
    VcbHub *hub = g_new0(VcbHub, 1);

    hub->room_size = room_size;
    hub->output = *output;
    hub->user_data = user_data;
    hub->events = events;
    hub->places = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, place_free);
    hub->wake_us = G_MAXINT64;
    return hub;
}

void vcb_hub_free(VcbHub *hub)
{
    if (!hub)
        return;
    g_hash_table_unref(hub->places);
    g_free(hub);
}

guint vcb_hub_count_rooms(const VcbHub *hub)
{
    return g_hash_table_size(hub->places);
}

/* Send a text to one client. The note is made only where somebody reads it. */
static void send_to(const Place *place, const VcbMember *to, VcbFrame *frame, gint64 id, const char *type,
                    const char *from, int initiator)
{
    VcbHub *hub = place->hub;
    VcbNote *note = NULL;

    if (hub->events && type)
        note = vcb_note_new(vcb_room_name(place->room), place->call, id, type, from, to->name, initiator);
    hub->output.send(to->client, frame, note);
}

static void send_text(VcbHub *hub, gpointer client, char *text)
{
    g_autoptr(VcbFrame) frame = vcb_frame_new(text);

    hub->output.send(client, frame, NULL);
    g_free(text);
}

/* Ask to be woken for the first thing that any scheduler waits for. */
static void update_wake(VcbHub *hub)
{
    gint64 next_us = G_MAXINT64;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, hub->places);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Place *place = value;

        if (place->scheduler)
            next_us = MIN(next_us, vcb_scheduler_next_us(place->scheduler));
    }
    if (next_us == hub->wake_us)
        return;
    hub->wake_us = next_us;
    hub->output.wake(next_us, hub->user_data);
}

static void on_deliver(const VcbCopy *copy, gpointer user_data)
{
    Place *place = user_data;
    const Relayed *relayed = copy->payload;
    const VcbMember *to = vcb_room_find(place->room, copy->to);

    g_assert(to); /* what waits for one that left was dropped */
    send_to(place, to, relayed->frame, copy->id, relayed->type, copy->from, -1);
}

static void on_decided(const VcbDecision *decision, gpointer user_data)
{
    Place *place = user_data;
    const Relayed *relayed = decision->copy->payload;

    vcb_events_decision(place->hub->events, where(place), decision,
                        relayed ? relayed->type : decision->copy->kind);
}

static const VcbSchedulerCallbacks SCHEDULER_CALLBACKS = {
    .deliver = on_deliver,
    .decided = on_decided,
    .payload_ref = relayed_ref,
    .payload_unref = relayed_unref,
};

static void send_user_count(const Place *place)
{
    g_autofree const char **names = vcb_room_names(place->room);

    for (guint i = 0; i < vcb_room_count(place->room); i++) {
        const VcbMember *member = vcb_room_member(place->room, i);

        send_text(place->hub, member->client, vcb_signal_print_user_count(member->name, names));
    }
}

/* All in one go, so that each one's start-call stands in its queue before any offer. */
static void start_call(Place *place)
{
    g_autofree const char **names = vcb_room_names_for_call(place->room);
    const VcbMember *initiator = vcb_room_initiator(place->room);
    gint64 id = ++place->last_id;

    for (const char **name = names; *name; name++) {
        const VcbMember *member = vcb_room_find(place->room, *name);
        gboolean initiates = member == initiator;
        VcbCopy copy = {.id = id, .kind = vcb_signal_type_name(VCB_SIGNAL_START_CALL), .to = member->name};
        g_autofree char *text = NULL;
        g_autoptr(VcbFrame) frame = NULL;

        if (place->scheduler)
            initiates = vcb_scheduler_start_call(place->scheduler, &copy, initiates);
        text = vcb_signal_print_start_call(member->name, names, initiates);
        frame = vcb_frame_new(text);
        send_to(place, member, frame, id, copy.kind, NULL, initiates);
    }
}

static void relay(Place *place, const VcbMember *from, VcbSignal *signal, gint64 id, gint64 now_us)
{
    g_autofree char *text = vcb_signal_print_from(signal, from->name);
    Relayed *relayed = g_new0(Relayed, 1);

    relayed->refs = 1;
    relayed->frame = vcb_frame_new(text);
    relayed->type = vcb_signal_type_name(signal->type);
    for (guint i = 0; i < vcb_room_count(place->room); i++) {
        const VcbMember *to = vcb_room_member(place->room, i);
        VcbCopy copy = {.id = id,
                        .kind = vcb_signal_kind(signal),
                        .from = from->name,
                        .to = to->name,
                        .payload = relayed};

        if (to == from || (signal->to && strcmp(signal->to, to->name) != 0))
            continue;
        if (place->scheduler)
            vcb_scheduler_submit(place->scheduler, &copy, now_us);
        else
            on_deliver(&copy, place);
    }
    relayed_unref(relayed);
    if (place->scheduler)
        update_wake(place->hub);
}

void vcb_hub_refuse(VcbHub *hub, VcbMember *member, VcbRefusal code, const char *message)
{
    send_text(hub, member->client, vcb_signal_print_error(code, message));
    vcb_events_refused(hub->events, where(place_of(hub, member)), member->name, code, message);
}

VcbMember *vcb_hub_join(VcbHub *hub, const char *room, const char *wanted_name, gpointer client)
{
    Place *place = find_or_add_place(hub, room, hub->room_size);
    VcbMember *member = vcb_room_join(place->room, wanted_name, client);

    if (!member) {
        g_autofree char *message =
            g_strdup_printf("%s: the room has place for %u", room, vcb_room_size(place->room));

        send_text(hub, client, vcb_signal_print_error(VCB_REFUSAL_ROOM_FULL, message));
        vcb_events_refused(hub->events, where(place), wanted_name, VCB_REFUSAL_ROOM_FULL, message);
        hub->output.close(client, STATUS_TRY_AGAIN_LATER, vcb_refusal_name(VCB_REFUSAL_ROOM_FULL));
        return NULL;
    }
    vcb_events_joined(hub->events, where(place), member->name);
    send_user_count(place);
    return member;
}

void vcb_hub_leave(VcbHub *hub, VcbMember *member, const char *reason)
{
    Place *place = place_of(hub, member);

    if (place->scheduler)
        vcb_scheduler_forget_receiver(place->scheduler, member->name);
    vcb_events_left(hub->events, where(place), member->name, reason);
    vcb_room_leave(place->room, member);
    send_user_count(place);
    if (vcb_room_count(place->room) == 0 && !place->call)
        g_hash_table_remove(hub->places, vcb_room_name(place->room));
    update_wake(hub);
}

void vcb_hub_receive(VcbHub *hub, VcbMember *member, const char *text, gsize length, gint64 now_us)
{
    Place *place = place_of(hub, member);
    g_auto(VcbSignal) signal = {0};
    g_autofree char *reason = NULL;
    VcbRefusal refusal;
    gint64 id;

    if (!vcb_signal_parse(text, length, &signal, &refusal, &reason)) {
        vcb_hub_refuse(hub, member, refusal, reason);
        return;
    }
    id = ++place->last_id;
    vcb_events_received(hub->events, where(place), id, vcb_signal_type_name(signal.type), member->name,
                        signal.to, length, now_us);
    if (signal.type == VCB_SIGNAL_READY) {
        if (vcb_room_ready(place->room, member))
            start_call(place);
        return;
    }
    if (signal.to && (strcmp(signal.to, member->name) == 0 || !vcb_room_find(place->room, signal.to))) {
        g_autofree char *message =
            g_strdup_printf("to: there is no other peer %.*s", VCB_LONGEST_NAME, signal.to);
        g_autofree char *valid = g_utf8_make_valid(message, -1);

        vcb_hub_refuse(hub, member, VCB_REFUSAL_NO_SUCH_PEER, valid);
        return;
    }
    relay(place, member, &signal, id, now_us);
}

void vcb_hub_advance(VcbHub *hub, gint64 now_us)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, hub->places);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Place *place = value;

        if (place->scheduler)
            vcb_scheduler_advance(place->scheduler, now_us);
    }
    update_wake(hub);
}

/* A room may be given as a name or as the path that it is in the URL. */
static const char *room_name(const char *text)
{
    return text[0] == '/' ? text + 1 : text;
}

/* `peers` as names; FALSE where one is not a name, or stands there twice. */
static gboolean read_peers(const cJSON *message, GPtrArray *names)
{
    const cJSON *item;

    cJSON_ArrayForEach (item, vcb_json_array(message, "peers")) {
        if (!cJSON_IsString(item) || !vcb_name_is_valid(item->valuestring) ||
            g_ptr_array_find_with_equal_func(names, item->valuestring, g_str_equal, NULL))
            return FALSE;
        g_ptr_array_add(names, item->valuestring);
    }
    g_ptr_array_add(names, NULL);
    return TRUE;
}

gboolean vcb_hub_announce_room(VcbHub *hub, const cJSON *message, GError **error)
{
    const char *name = room_name(vcb_json_string(message, "room", ""));
    gint64 size = vcb_json_int(message, "size", 0);
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autoptr(GArray) rules = NULL;
    Place *place;

    if ((*name && !vcb_name_is_valid(name)) || size < 0 || size > G_MAXINT || !read_peers(message, names)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "room \"%s\": a name, a size from 0 and peers with names, each once, are needed", name);
        return FALSE;
    }
    rules = vcb_rules_from_json(vcb_json_array(message, "rules"), error);
    if (!rules) {
        g_prefix_error(error, "room \"%s\": ", name);
        return FALSE;
    }

    place = find_or_add_place(hub, name, hub->room_size);
    vcb_room_expect(place->room, (const char *const *)names->pdata, (guint)size);
    g_free(place->call);
    place->call = g_strdup(vcb_json_string(message, "call", name));
    g_clear_pointer(&place->scheduler, vcb_scheduler_free);
    if (rules->len)
        place->scheduler = vcb_scheduler_new(rules, &SCHEDULER_CALLBACKS, place);
    update_wake(hub);
    return TRUE;
}

void vcb_hub_close_room(VcbHub *hub, const char *room)
{
    const char *name = room_name(room);
    Place *place = g_hash_table_lookup(hub->places, name);

    if (!place)
        return;
    while (vcb_room_count(place->room)) {
        VcbMember *member = vcb_room_member(place->room, 0);
        gpointer client = member->client;

        if (place->scheduler)
            vcb_scheduler_forget_receiver(place->scheduler, member->name);
        vcb_events_left(hub->events, where(place), member->name, "room-closed");
        vcb_room_leave(place->room, member);
        hub->output.close(client, STATUS_NORMAL, "room-closed");
    }
    g_hash_table_remove(hub->places, name);
    update_wake(hub);
}
