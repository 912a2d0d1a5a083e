#include "signaling/server.h"

#include "common/clock.h"
#include "common/error.h"
#include "signaling/auth.h"
#include "signaling/client.h"
#include "signaling/http.h"
#include "signaling/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STATUS_GOING_AWAY 1001
#define STOP_MS 250
#define HANDSHAKE_S 10 /* for a request's head, from the moment that the connection is there */
#define SPARE_CONNECTIONS                                                                                    \
    64                       /* beside the clients: requests, handshakes, and clients that are being closed  \
                              */
#define OTHER_DESCRIPTORS 64 /* of the process */
#define LONGEST_REQUEST_HEAD 12288
#define LARGEST_SEND 65536 /* in one go; else lws cuts a description into pieces of its receive buffer */

struct VcbServer {
    const VcbOptions *options; /* no-ref */
    VcbChannel *events;        /* no-ref; may be NULL */
    VcbControl *control;       /* no-ref; may be NULL */
    GMainLoop *loop;           /* no-ref */
    struct lws_context *context;
    struct lws_vhost *vhost;
    VcbListener *listener;
    VcbHub *hub;
    GHashTable *clients; /* set of VcbClient, owned by their sessions */
    guint connections;   /* of every kind */
    GSource *waker;      /* owned; ready when the schedulers have something to do */
    guint tick, stop_timer;
    gboolean stopping;
};

/* What a connection is, kept in lws's user space (zeroed by lws). */
typedef struct {
    VcbClient *client; /* once it is a WebSocket */
    VcbHttpBody *body; /* while an answer is being written */
} Session;

/* lws has one log for the process. During set-up it goes into the error; later complaints are about what
 * clients send, and are seen with G_MESSAGES_DEBUG. */
static GString *setup_log;

static void on_lws_log(int level, const char *line)
{
    if (setup_log)
        g_string_append(setup_log, line);
    else
        g_debug("%s", line);
}

/* -- Who may join
 * ------------------------------------------------------------------------------------------------ */

typedef struct {
    char *room, *name; /* name NULL: none was given */
    unsigned int status;
    const char *problem; /* static; NULL: may join */
} Admission;

static void admission_clear(Admission *admission)
{
    g_free(admission->room);
    g_free(admission->name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Admission, admission_clear)

static gboolean refuse(Admission *admission, unsigned int status, const char *problem)
{
    admission->status = status;
    admission->problem = problem;
    return FALSE;
}

static gboolean check_token(const VcbServer *server, struct lws *wsi, Admission *admission)
{
    g_autofree char *bearer = vcb_http_get_bearer(wsi);
    g_autofree char *token = bearer ? g_steal_pointer(&bearer) : vcb_http_get_argument(wsi, "token");
    g_auto(VcbClaims) claims = {0};
    g_autoptr(GError) error = NULL;

    if (!server->options->token_secret)
        return TRUE;
    if (!token)
        return refuse(admission, HTTP_STATUS_UNAUTHORIZED, "Unauthorized: a token is needed");
    if (!vcb_auth_check(server->options->token_secret, token, (gint64)time(NULL), &claims, &error))
        return refuse(admission, HTTP_STATUS_UNAUTHORIZED,
                      "Unauthorized: the token is not valid, or not any more");
    if (claims.room && strcmp(claims.room, admission->room) != 0)
        return refuse(admission, HTTP_STATUS_UNAUTHORIZED, "Unauthorized: the token is for another room");
    if (claims.name) {
        g_free(admission->name);
        admission->name = g_steal_pointer(&claims.name);
    }
    return TRUE;
}

/* Read a request for an upgrade. FALSE: it is answered with status and problem. */
static gboolean admit(const VcbServer *server, struct lws *wsi, Admission *admission)
{
    char path[VCB_LONGEST_NAME + 2];

    if (!vcb_http_get_path(wsi, path, sizeof path) || (path[1] && !vcb_name_is_valid(path + 1)))
        return refuse(admission, HTTP_STATUS_BAD_REQUEST,
                      "Bad Request: a room is letters, digits, '-', '_', '.'");
    admission->room = g_strdup(path + 1);
    admission->name = vcb_http_get_argument(wsi, "name");
    if (admission->name && !*admission->name)
        g_clear_pointer(&admission->name, g_free);
    if (admission->name && !vcb_name_is_valid(admission->name))
        return refuse(admission, HTTP_STATUS_BAD_REQUEST,
                      "Bad Request: a name is letters, digits, '-', '_', '.'");
    return check_token(server, wsi, admission);
}

/* Nonzero: the request was answered. */
static int confirm_upgrade(VcbServer *server, struct lws *wsi, const char *protocol)
{
    g_auto(Admission) admission = {0};

    if (g_ascii_strcasecmp(protocol, "websocket") != 0)
        refuse(&admission, HTTP_STATUS_BAD_REQUEST, "Bad Request: the only upgrade is to websocket");
    else if (g_hash_table_size(server->clients) >= server->options->max_connections)
        refuse(&admission, HTTP_STATUS_SERVICE_UNAVAILABLE, "Service Unavailable: too many clients");
    else
        admit(server, wsi, &admission);
    if (!admission.problem)
        return 0;
    if (admission.status == HTTP_STATUS_UNAUTHORIZED)
        vcb_events_refused(server->events, (VcbPlace){.room = admission.room}, admission.name,
                           VCB_REFUSAL_UNAUTHORIZED, admission.problem);
    vcb_http_refuse(wsi, admission.status, admission.problem);
    return -1; /* written; close */
}

static int establish(VcbServer *server, struct lws *wsi, Session *session)
{
    g_auto(Admission) admission = {0};

    if (server->stopping || !admit(server, wsi, &admission))
        return -1;
    session->client = vcb_client_new(wsi, server->hub, server->events, server->options);
    g_hash_table_add(server->clients, session->client);
    vcb_client_join(session->client, admission.room, admission.name);
    return 0;
}

/* -- lws's callback
 * ---------------------------------------------------------------------------------------------- */

static void close_session(VcbServer *server, Session *session)
{
    g_clear_pointer(&session->body, vcb_http_body_free);
    if (!session->client)
        return;
    g_hash_table_remove(server->clients, session->client);
    g_clear_pointer(&session->client, vcb_client_free);
    if (server->stopping && g_hash_table_size(server->clients) == 0)
        g_main_loop_quit(server->loop);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    VcbServer *server = lws_context_user(lws_get_context(wsi));
    Session *session = user;

    switch (reason) {
    case LWS_CALLBACK_WSI_CREATE:
        server->connections++;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        server->connections--;
        return 0;
    case LWS_CALLBACK_HTTP:
        return vcb_http_serve(wsi, server->options->web, &session->body);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return session ? vcb_http_write(wsi, &session->body) : 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return confirm_upgrade(server, wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        return establish(server, wsi, session);
    case LWS_CALLBACK_RECEIVE:
        vcb_client_receive(session->client, in, length);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        vcb_client_heard(session->client);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return vcb_client_write(session->client);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        vcb_client_gone(session->client, "closed");
        return 0;
    case LWS_CALLBACK_CLOSED:
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        if (session && reason != LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL)
            close_session(server, session);
        return 0;
    default:
        return 0; /* the library's own HTTP handling is not wanted */
    }
}

/* -- Timers
 * ------------------------------------------------------------------------------------------------------ */

static gboolean on_tick(gpointer user_data)
{
    VcbServer *server = user_data;
    g_autoptr(GList) clients = g_hash_table_get_keys(server->clients);
    gint64 now_us = vcb_clock_now_us();

    /* A client stays allocated until lws says that it is closed, which is never within a tick. */
    for (GList *link = clients; link; link = link->next)
        vcb_client_tick(link->data, now_us);
    return G_SOURCE_CONTINUE;
}

static gboolean on_wake(gpointer user_data)
{
    VcbServer *server = user_data;

    g_source_set_ready_time(server->waker, -1);
    vcb_hub_advance(server->hub, vcb_clock_now_us());
    return G_SOURCE_CONTINUE;
}

/* GLib's ready times are CLOCK_MONOTONIC as well. */
static void wake(gint64 at_us, gpointer user_data)
{
    VcbServer *server = user_data;

    g_source_set_ready_time(server->waker, at_us == G_MAXINT64 ? -1 : at_us);
}

static gboolean dispatch_waker(GSource *source, GSourceFunc callback, gpointer user_data)
{
    return callback(user_data);
}

static void start_timers(VcbServer *server)
{
    static GSourceFuncs functions = {.dispatch = dispatch_waker};
    gint64 period_us = CLAMP(server->options->ping_interval_us / 2, 20 * 1000, G_USEC_PER_SEC);

    server->waker = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(server->waker, on_wake, server, NULL);
    g_source_attach(server->waker, NULL);
    server->tick = g_timeout_add((guint)(period_us / 1000), on_tick, server);
}

/* -- Start and stop
 * ---------------------------------------------------------------------------------------------- */

static void on_accepted(int fd, gpointer user_data)
{
    VcbServer *server = user_data;
    struct lws *wsi = NULL;

    if (server->connections >= server->options->max_connections + SPARE_CONNECTIONS) {
        close(fd);
        return;
    }
    wsi = lws_adopt_socket_vhost(server->vhost, fd); /* closes it where that fails */
    if (wsi)
        lws_set_timeout(wsi, PENDING_TIMEOUT_ESTABLISH_WITH_SERVER, HANDSHAKE_S);
}

/* lws sizes its table of descriptors by the limit in force, and a limit below the connections would be hit
 * first. */
static void set_descriptor_limit(guint connections)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)connections + OTHER_DESCRIPTORS);
    setrlimit(RLIMIT_NOFILE, &limit);
}

static gboolean start_lws(VcbServer *server, GError **error)
{
    static const struct lws_protocols protocols[] = {
        {.name = "vcbench",
         .callback = on_event,
         .per_session_data_size = sizeof(Session),
         .rx_buffer_size = 2048,
         .tx_packet_size = LARGEST_SEND},
        {0},
    };
    const VcbOptions *options = server->options;
    void *loops[] = {server->loop};
    g_autoptr(GString) log = g_string_new(NULL);
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_GLIB | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_VALIDATE_UTF8 | LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                   (options->tls_cert ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0),
        .foreign_loops = loops,
        .user = server,
        .pcontext = &server->context,
        .max_http_header_data2 = LONGEST_REQUEST_HEAD,
        .server_string = "vcbench-signald",
        .vhost_name = "vcbench-signald",
        .alpn = "http/1.1",
        .keepalive_timeout = HANDSHAKE_S,
        .timeout_secs = HANDSHAKE_S,
        .ssl_cert_filepath = options->tls_cert,
        .ssl_private_key_filepath = options->tls_key,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };

    setup_log = log;
    lws_set_log_level(LLL_ERR | LLL_WARN, on_lws_log);
    set_descriptor_limit(options->max_connections + SPARE_CONNECTIONS);
    server->context = lws_create_context(&info);
    if (server->context)
        server->vhost = lws_create_vhost(server->context, &info);
    setup_log = NULL;
    if (server->vhost)
        return TRUE;
    if (server->context && options->tls_cert)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "cannot use the certificate %s with the key %s: %s",
                    options->tls_cert, options->tls_key, g_strchomp(log->str));
    else
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                    "libwebsockets does not start (is its GLib event loop, package libwebsockets-evlib-glib, "
                    "there?): %s",
                    g_strchomp(log->str));
    return FALSE;
}

VcbServer *vcb_server_new(const VcbOptions *options, VcbControl *control, GMainLoop *loop, GError **error)
{
    static const VcbHubOutput output = {vcb_client_send, vcb_client_close_by_hub, wake};
    g_autoptr(VcbServer) server = g_new0(VcbServer, 1);

    server->options = options;
    server->control = control;
    server->events = vcb_control_channel(control);
    server->loop = loop;
    server->clients = g_hash_table_new(NULL, NULL);
    server->hub = vcb_hub_new(options->room_size, &output, server, server->events);
    server->listener = vcb_listener_new(options->host, options->port, on_accepted, server, error);
    if (!server->listener || !start_lws(server, error))
        return NULL;
    start_timers(server);
    if (control)
        vcb_control_set_hub(control, server->hub);
    return g_steal_pointer(&server);
}

static gboolean on_stop_time_over(gpointer user_data)
{
    VcbServer *server = user_data;

    server->stop_timer = 0;
    g_main_loop_quit(server->loop);
    return G_SOURCE_REMOVE;
}

void vcb_server_stop(VcbServer *server)
{
    g_autoptr(GList) clients = g_hash_table_get_keys(server->clients);

    if (server->stopping)
        return;
    server->stopping = TRUE;
    g_clear_pointer(&server->listener, vcb_listener_free);
    for (GList *link = clients; link; link = link->next)
        vcb_client_close(link->data, STATUS_GOING_AWAY, "server-stopping");
    if (clients)
        server->stop_timer = g_timeout_add(STOP_MS, on_stop_time_over, server);
    else
        g_main_loop_quit(server->loop);
}

void vcb_server_free(VcbServer *server)
{
    if (!server)
        return;
    g_clear_handle_id(&server->tick, g_source_remove);
    g_clear_handle_id(&server->stop_timer, g_source_remove);
    g_clear_pointer(&server->listener, vcb_listener_free);
    if (server->control)
        vcb_control_set_hub(server->control, NULL);
    if (server->context)
        lws_context_destroy(server->context);
    if (server->context) /* with a loop of its own, lws wants to be asked twice; it clears this when it is
                            done */
        lws_context_destroy(server->context);
    if (server->waker) {
        g_source_destroy(server->waker);
        g_source_unref(server->waker);
    }
    vcb_hub_free(server->hub);
    g_hash_table_unref(server->clients);
    g_free(server);
}

guint vcb_server_port(const VcbServer *server)
{
    return vcb_listener_port(server->listener);
}
