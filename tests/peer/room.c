#include "tests/peer/room.h"

#include <libwebsockets.h>
#include <string.h>

typedef struct {
    struct lws *socket;
    char name[65];
    gboolean ready;
    GQueue out;     /* of char: texts that wait for the socket */
    GByteArray *in; /* fragments of the message that is coming in */
} Member;

struct VcbTestRoom {
    GMainLoop *loop; /* owned: libwebsockets keeps asking it for its context */
    struct lws_context *context;
    int port;
    GPtrArray *members; /* of Member, in the order in which they came */
    guint size;
    VcbTestRoomFilter filter;
    gpointer user_data;
};

static void free_member(gpointer data)
{
    Member *member = data;

    g_queue_clear_full(&member->out, g_free);
    g_byte_array_unref(member->in);
    g_free(member);
}

static Member *member_of(const VcbTestRoom *room, const struct lws *socket)
{
    for (guint i = 0; i < room->members->len; i++) {
        Member *member = room->members->pdata[i];

        if (member->socket == socket)
            return member;
    }
    return NULL;
}

static void send_to(Member *member, const cJSON *message)
{
    g_queue_push_tail(&member->out, vcb_json_print(message));
    lws_callback_on_writable(member->socket);
}

static void start_call(VcbTestRoom *room)
{
    for (guint i = 0; i < room->members->len; i++) {
        g_autoptr(cJSON) start = cJSON_CreateObject();
        Member *member = room->members->pdata[i];
        cJSON *peers;

        cJSON_AddStringToObject(start, "type", "start-call");
        cJSON_AddBoolToObject(start, "initiator", i == 0);
        cJSON_AddStringToObject(start, "you", member->name);
        peers = cJSON_AddArrayToObject(start, "peers");
        for (guint j = 0; j < room->members->len; j++)
            cJSON_AddItemToArray(peers, cJSON_CreateString(((Member *)room->members->pdata[j])->name));
        send_to(member, start);
    }
}

static void tell_count(VcbTestRoom *room)
{
    g_autoptr(cJSON) count = cJSON_CreateObject();

    cJSON_AddStringToObject(count, "type", "user-count");
    cJSON_AddNumberToObject(count, "count", room->members->len);
    for (guint i = 0; i < room->members->len; i++)
        send_to(room->members->pdata[i], count);
}

guint vcb_test_room_n_ready(const VcbTestRoom *room)
{
    guint n = 0;

    for (guint i = 0; i < room->members->len; i++)
        n += ((Member *)room->members->pdata[i])->ready;
    return n;
}

static void take(VcbTestRoom *room, Member *from, cJSON *message)
{
    if (g_str_equal(vcb_json_string(message, "type", ""), "ready")) {
        from->ready = TRUE;
        if (room->size && vcb_test_room_n_ready(room) == room->size)
            start_call(room);
        return;
    }
    if (room->filter && !room->filter(from->name, message, room->user_data))
        return;
    cJSON_AddStringToObject(message, "from", from->name);
    for (guint i = 0; i < room->members->len; i++)
        if (room->members->pdata[i] != from)
            send_to(room->members->pdata[i], message);
}

static void receive(VcbTestRoom *room, Member *member, const void *data, size_t size)
{
    g_byte_array_append(member->in, data, (guint)size);
    if (lws_is_final_fragment(member->socket) && lws_remaining_packet_payload(member->socket) == 0) {
        g_autoptr(cJSON) message = cJSON_ParseWithLength((const char *)member->in->data, member->in->len);

        g_byte_array_set_size(member->in, 0);
        if (cJSON_IsObject(message))
            take(room, member, message);
    }
}

static int send_next(Member *member)
{
    g_autofree char *text = g_queue_pop_head(&member->out);
    gsize size = text ? strlen(text) : 0;
    g_autofree guint8 *buffer = g_malloc(LWS_PRE + size);

    if (!text)
        return 0;
    memcpy(buffer + LWS_PRE, text, size);
    if (lws_write(member->socket, buffer + LWS_PRE, size, LWS_WRITE_TEXT) < (int)size)
        return -1;
    if (!g_queue_is_empty(&member->out))
        lws_callback_on_writable(member->socket);
    return 0;
}

static int on_lws(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    struct lws_context *context = socket ? lws_get_context(socket) : NULL;
    VcbTestRoom *room = context ? lws_context_user(context) : NULL;
    Member *member = room ? member_of(room, socket) : NULL;

    char argument[80];
    const char *name;

    if (reason == LWS_CALLBACK_ESTABLISHED) {
        member = g_new0(Member, 1);
        member->socket = socket;
        member->in = g_byte_array_new();
        name = lws_get_urlarg_by_name(socket, "name=", argument, sizeof argument);
        g_strlcpy(member->name, name ? name : "", sizeof member->name);
        g_ptr_array_add(room->members, member);
        tell_count(room);
    } else if (reason == LWS_CALLBACK_RECEIVE) {
        receive(room, member, in, size);
    } else if (reason == LWS_CALLBACK_SERVER_WRITEABLE) {
        return send_next(member);
    } else if (reason == LWS_CALLBACK_CLOSED && member) {
        g_ptr_array_remove(room->members, member);
        tell_count(room);
    }
    return 0;
}

static const struct lws_protocols PROTOCOLS[] = {
    {.name = "vcbench", .callback = on_lws, .rx_buffer_size = 65536},
    {.name = NULL},
};

VcbTestRoom *vcb_test_room_new(guint size, VcbTestRoomFilter filter, gpointer user_data)
{
    VcbTestRoom *room = g_new0(VcbTestRoom, 1);
    void *loops[] = {room->loop = g_main_loop_new(NULL, FALSE)};
    struct lws_context_creation_info info = {
        .port = 0,
        .iface = "127.0.0.1",
        .protocols = PROTOCOLS,
        .user = room,
        .foreign_loops = loops,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .options = LWS_SERVER_OPTION_GLIB | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .fd_limit_per_thread = 16,
    };
    struct lws_vhost *vhost;

    lws_set_log_level(LLL_ERR, NULL);
    room->members = g_ptr_array_new_with_free_func(free_member);
    room->size = size;
    room->filter = filter;
    room->user_data = user_data;
    room->context = lws_create_context(&info);
    g_assert(room->context);
    vhost = lws_create_vhost(room->context, &info);
    g_assert(vhost);
    room->port = lws_get_vhost_listen_port(vhost);
    return room;
}

char *vcb_test_room_url(const VcbTestRoom *room, const char *name)
{
    return g_strdup_printf("ws://127.0.0.1:%d/room?name=%s", room->port, name);
}

void vcb_test_room_send(VcbTestRoom *room, const char *to, const cJSON *message)
{
    for (guint i = 0; i < room->members->len; i++) {
        Member *member = room->members->pdata[i];

        if (g_str_equal(member->name, to))
            send_to(member, message);
    }
}

void vcb_test_room_free(VcbTestRoom *room)
{
    if (!room)
        return;
    room->size = 0;
    lws_context_destroy(room->context);
    g_main_loop_unref(room->loop);
    g_ptr_array_unref(room->members);
    g_free(room);
}
