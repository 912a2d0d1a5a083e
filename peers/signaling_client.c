#include "peers/signaling_client.h"

#include "common/error.h"

#include <libwebsockets.h>
#include <string.h>

#define LARGEST_MESSAGE (1u << 20)

struct VcbSignalingClient {
    struct lws_context *context;
    struct lws *socket; /* owned by the context; NULL while there is none */
    char *host, *path, *token;
    GQueue out;     /* of GBytes: texts that wait for the socket */
    GByteArray *in; /* fragments of the message that is coming in */
    gboolean opened, closed;
    gboolean freed; /* no callback any more: it waits for its end */
    VcbSignalingEvents events;
    gpointer user_data;
};

static void tell_closed(VcbSignalingClient *client, const char *reason)
{
    client->socket = NULL;
    if (client->closed)
        return;
    client->closed = TRUE;
    client->events.closed(reason, client->user_data);
}

static void receive(VcbSignalingClient *client, struct lws *socket, const void *data, size_t size)
{
    g_byte_array_append(client->in, data, (guint)size);
    if (client->in->len > LARGEST_MESSAGE) {
        g_byte_array_set_size(client->in, 0);
        return;
    }
    if (lws_is_final_fragment(socket) && lws_remaining_packet_payload(socket) == 0) {
        g_autoptr(cJSON) message = cJSON_ParseWithLength((const char *)client->in->data, client->in->len);

        g_byte_array_set_size(client->in, 0);
        if (cJSON_IsObject(message))
            client->events.message(message, client->user_data);
    }
}

static int send_next(VcbSignalingClient *client, struct lws *socket)
{
    g_autoptr(GBytes) text = g_queue_pop_head(&client->out);
    gsize size;
    const void *data;
    g_autofree guint8 *buffer = NULL;

    if (!text)
        return 0;
    data = g_bytes_get_data(text, &size);
    buffer = g_malloc(LWS_PRE + size);
    memcpy(buffer + LWS_PRE, data, size);
    if (lws_write(socket, buffer + LWS_PRE, size, LWS_WRITE_TEXT) < (int)size)
        return -1;
    if (!g_queue_is_empty(&client->out))
        lws_callback_on_writable(socket);
    return 0;
}

static int add_token(const VcbSignalingClient *client, struct lws *socket, void *in, size_t size)
{
    unsigned char **at = in, *end = *at + size;
    g_autofree char *value = NULL;

    if (!client->token)
        return 0;
    value = g_strdup_printf("Bearer %s", client->token);
    return lws_add_http_header_by_token(socket, WSI_TOKEN_HTTP_AUTHORIZATION, (const unsigned char *)value,
                                        (int)strlen(value), at, end);
}

static int on_lws(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    struct lws_context *context = lws_get_context(socket);
    VcbSignalingClient *client = context ? lws_context_user(context) : NULL;

    if (client && client->freed)
        return 0;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
        return add_token(client, socket, in, size);
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        client->opened = TRUE;
        client->events.opened(client->user_data);
        if (!g_queue_is_empty(&client->out))
            lws_callback_on_writable(socket);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        receive(client, socket, in, size);
        break;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return send_next(client, socket);
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: {
        g_autofree char *text = in ? g_strndup(in, size) : g_strdup("connection refused");

        tell_closed(client, text);
        break;
    }
    case LWS_CALLBACK_CLIENT_CLOSED:
        tell_closed(client, "the server closed the connection");
        break;
    default:
        break;
    }
    return 0;
}

static const struct lws_protocols PROTOCOLS[] = {
    {.name = "vcbench", .callback = on_lws, .rx_buffer_size = 65536},
    {.name = NULL},
};

static void on_log(int level, const char *line)
{
    g_printerr("libwebsockets: %s", line);
}

VcbSignalingClient *vcb_signaling_client_new(const char *url, const char *token, GMainLoop *loop,
                                             const VcbSignalingEvents *events, gpointer user_data,
                                             GError **error)
{
    g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, error);
    VcbSignalingClient *client;
    gboolean secure;
    void *loops[] = {loop};

    if (!uri)
        return NULL;
    secure = g_str_equal(g_uri_get_scheme(uri), "wss");
    if ((!secure && !g_str_equal(g_uri_get_scheme(uri), "ws")) || !g_uri_get_host(uri)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "%s: the signaling server's URL must begin with ws:// or wss://", url);
        return NULL;
    }
    client = g_new0(VcbSignalingClient, 1);
    client->host = g_strdup(g_uri_get_host(uri));
    client->path =
        g_strdup_printf("%s%s%s", *g_uri_get_path(uri) ? g_uri_get_path(uri) : "/",
                        g_uri_get_query(uri) ? "?" : "", g_uri_get_query(uri) ? g_uri_get_query(uri) : "");
    client->token = g_strdup(token);
    client->events = *events;
    client->user_data = user_data;
    client->in = g_byte_array_new();
    g_queue_init(&client->out);

    lws_set_log_level(LLL_ERR, on_log);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = PROTOCOLS,
        .user = client,
        .foreign_loops = loops,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .options = LWS_SERVER_OPTION_GLIB | (secure ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .fd_limit_per_thread = 16,
    };
    client->context = lws_create_context(&info);
    if (!client->context) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_INTERNAL, "libwebsockets could not make a context");
        vcb_signaling_client_free(client);
        return NULL;
    }
    struct lws_client_connect_info connect = {
        .context = client->context,
        .address = client->host,
        .port = g_uri_get_port(uri) > 0 ? g_uri_get_port(uri) : (secure ? 443 : 80),
        .path = client->path,
        .host = client->host,
        .origin = client->host,
        .local_protocol_name = PROTOCOLS[0].name,
        .ssl_connection = secure ? LCCSCF_USE_SSL | LCCSCF_ALLOW_SELFSIGNED |
                                       LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK | LCCSCF_ALLOW_EXPIRED
                                 : 0,
        .pwsi = &client->socket,
    };
    if (!lws_client_connect_via_info(&connect)) {
        /* The error callback has told the reason already where it could. */
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: cannot connect", url);
        client->closed = TRUE;
        vcb_signaling_client_free(client);
        return NULL;
    }
    return client;
}

void vcb_signaling_client_send(VcbSignalingClient *client, const cJSON *message)
{
    char *text;

    if (!client || client->closed)
        return;
    text = vcb_json_print(message);
    g_queue_push_tail(&client->out, g_bytes_new_take(text, strlen(text)));
    if (client->opened && client->socket)
        lws_callback_on_writable(client->socket);
}

static void free_text(gpointer data)
{
    g_bytes_unref(data);
}

static gboolean destroy(gpointer user_data)
{
    VcbSignalingClient *client = user_data;

    if (client->context)
        lws_context_destroy(client->context);
    g_queue_clear_full(&client->out, free_text);
    g_byte_array_unref(client->in);
    g_free(client->host);
    g_free(client->path);
    g_free(client->token);
    g_free(client);
    return G_SOURCE_REMOVE;
}

void vcb_signaling_client_free(VcbSignalingClient *client)
{
    if (!client)
        return;
    client->closed = client->freed = TRUE; /* no callback from here on */
    /* With its context libwebsockets unloads the module that holds its GLib sources' code. A source of it
     * that is ready in the very iteration that we are called from would then be let go without code: wait for
     * one in which nothing else was ready (a loop dispatches one priority at a time). */
    if (g_main_depth() > 0)
        g_idle_add_full(G_PRIORITY_LOW, destroy, client, NULL);
    else
        destroy(client);
}
