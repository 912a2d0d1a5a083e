#include "harness/run/coturn.h"

#include "common/error.h"
#include "common/random.h"
#include "harness/run/certificate.h"
#include "harness/run/namespace_socket.h"
#include "harness/run/server_process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define START_TIMEOUT_MS 5000
#define PROBE_INTERVAL_MS 10
#define STUN_PORT 3478 /* RFC 8489 section 18.6 */
#define TCP_PORT 443
#define TLS_PORT 5349
#define CREDENTIAL_LIFETIME_S (24 * 3600)

struct VcbCoturn {
    VcbCoturnEvents events;
    gpointer user_data;
    VcbServerProcess *process;
    char *name, *folder;
    char **ipv4, **ipv6; /* owned; loopback: 127.0.0.1, and none */
    gboolean is_emulated, is_time_limited;
    int port, tcp_port, tls_port;
    char *secret; /* the password, or what passwords that expire are made with */
    int probe_fd;
    guint probe_watch, probe_timer;
    gboolean ready;
};

/* ---- readiness ---- */

static void stop_probing(VcbCoturn *coturn)
{
    g_clear_handle_id(&coturn->probe_watch, g_source_remove);
    g_clear_handle_id(&coturn->probe_timer, g_source_remove);
    if (coturn->probe_fd >= 0)
        close(coturn->probe_fd);
    coturn->probe_fd = -1;
}

/* A STUN Binding request (RFC 8489 section 5 and 6): the one proof that it serves. */
static gboolean on_probe_time(gpointer user_data)
{
    VcbCoturn *coturn = user_data;
    static const guint8 request[20] = {0,   1,   0,   0,   0x21, 0x12, 0xa4, 0x42, 'v', 'c',
                                       'b', 'e', 'n', 'c', 'h',  '-',  't',  'u',  'r', 'n'};

    (void)!send(coturn->probe_fd, request, sizeof request, MSG_NOSIGNAL); /* refused until it listens */
    return G_SOURCE_CONTINUE;
}

static gboolean on_probe_answer(gint fd, GIOCondition condition, gpointer user_data)
{
    VcbCoturn *coturn = user_data;
    guint8 answer[1500];
    ssize_t n = recv(fd, answer, sizeof answer, 0);

    if (n < 20 || answer[0] != 1 || answer[1] != 1) /* ECONNREFUSED, or no Binding success response */
        return G_SOURCE_CONTINUE;
    coturn->probe_watch = 0;
    stop_probing(coturn);
    vcb_server_process_ready(coturn->process);
    coturn->ready = TRUE;
    coturn->events.ready(coturn->user_data);
    return G_SOURCE_REMOVE;
}

/* From inside its host: there is no way into the emulated network from outside. */
static gboolean open_probe(VcbCoturn *coturn, const VcbChildNamespaces *namespaces, GError **error)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((guint16)coturn->port)};

    inet_pton(AF_INET, coturn->ipv4[0], &address.sin_addr);
    coturn->probe_fd =
        vcb_namespace_socket(namespaces, AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, error);
    if (coturn->probe_fd < 0)
        return FALSE;
    if (connect(coturn->probe_fd, (struct sockaddr *)&address, sizeof address) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "a socket towards coturn: %s", g_strerror(errno));
        return FALSE;
    }
    coturn->probe_watch = g_unix_fd_add(coturn->probe_fd, G_IO_IN, on_probe_answer, coturn);
    coturn->probe_timer = g_timeout_add(PROBE_INTERVAL_MS, on_probe_time, coturn);
    return TRUE;
}

/* ---- its end ---- */

static void fail(VcbCoturn *coturn, const char *message)
{
    g_autoptr(GError) error = g_error_new_literal(VCB_ERROR, VCB_ERROR_INVALID, message);

    stop_probing(coturn);
    coturn->events.failed(error, coturn->user_data);
}

static void on_late(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    fail(user_data, reason);
}

static void on_ended(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    VcbCoturn *coturn = user_data;

    if (coturn->ready)
        coturn->events.died(reason, coturn->user_data);
    else
        fail(coturn, reason);
}

/* ---- start ---- */

/* A port of loopback that is free for UDP and TCP at this moment; 0 where there is none. */
static int free_port(void)
{
    for (int attempt = 0; attempt < 20; attempt++) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof address;
        int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
            tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        gboolean both = bind(udp, (struct sockaddr *)&address, sizeof address) == 0 &&
                        getsockname(udp, (struct sockaddr *)&address, &length) == 0 &&
                        bind(tcp, (struct sockaddr *)&address, sizeof address) == 0;

        close(udp);
        close(tcp);
        if (both)
            return ntohs(address.sin_port);
    }
    return 0;
}

static void add(GPtrArray *argv, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void add(GPtrArray *argv, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_ptr_array_add(argv, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void add_addresses(GPtrArray *argv, char **addresses, const char *auxiliary)
{
    for (; *addresses; addresses++) {
        add(argv, "--listening-ip=%s", *addresses);
        if (auxiliary)
            add(argv, auxiliary, *addresses, TCP_PORT);
    }
}

static gboolean add_certificate(VcbCoturn *coturn, GPtrArray *argv, GError **error)
{
    g_autofree char *certificate = g_build_filename(coturn->folder, "certificate.pem", NULL),
                    *key = g_build_filename(coturn->folder, "key.pem", NULL);
    g_autoptr(GPtrArray) addresses = g_ptr_array_new();

    for (char **address = coturn->ipv4; *address; address++)
        g_ptr_array_add(addresses, *address);
    for (char **address = coturn->ipv6; *address; address++)
        g_ptr_array_add(addresses, *address);
    g_ptr_array_add(addresses, NULL);
    if (!vcb_certificate_write((const char *const *)addresses->pdata, certificate, key, error)) {
        g_prefix_error(error, "coturn: ");
        return FALSE;
    }
    add(argv, "--tls-listening-port=%d", coturn->tls_port);
    add(argv, "--cert=%s", certificate);
    add(argv, "--pkey=%s", key);
    return TRUE;
}

/* Its arguments, NULL-terminated strings. NULL and an error where the certificate cannot be made. */
static GPtrArray *arguments_of(VcbCoturn *coturn, GError **error)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);

    add(argv, "turnserver");
    add(argv, "-n");
    add(argv, "--no-cli");
    add(argv, "--listening-port=%d", coturn->port);
    add_addresses(argv, coturn->ipv4, coturn->is_emulated ? "--aux-server=%s:%d" : NULL);
    add_addresses(argv, coturn->ipv6, "--aux-server=[%s]:%d");
    add(argv, "--relay-ip=%s", coturn->ipv4[0]);
    if (coturn->ipv6[0])
        add(argv, "--relay-ip=%s", coturn->ipv6[0]);
    add(argv, "--lt-cred-mech");
    add(argv, "--realm=vcbench");
    if (coturn->is_time_limited) {
        add(argv, "--use-auth-secret");
        add(argv, "--static-auth-secret=%s", coturn->secret);
    } else {
        add(argv, "--user=vcbench:%s", coturn->secret);
    }
    if (!coturn->is_emulated)
        add(argv, "--allow-loopback-peers");
    if (!add_certificate(coturn, argv, error))
        return NULL;
    add(argv, "--log-file=stdout");
    add(argv, "--simple-log");
    add(argv, "--userdb=%s/turndb", coturn->folder);
    add(argv, "--pidfile=%s/turnserver.pid", coturn->folder);
    g_ptr_array_add(argv, NULL);
    return g_steal_pointer(&argv);
}

static gboolean start(VcbCoturn *coturn, const VcbCoturnParams *params, const char *directory, VcbRunLog *log,
                      GError **error)
{
    static const VcbServerProcessEvents events = {.late = on_late, .ended = on_ended};
    g_autoptr(GPtrArray) argv = NULL;

    if (g_mkdir_with_parents(coturn->folder, 0755) != 0 || !coturn->port || !coturn->tls_port) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "coturn: no folder %s or no free port",
                    coturn->folder);
        return FALSE;
    }
    argv = arguments_of(coturn, error);
    if (!argv)
        return FALSE;
    coturn->process = vcb_server_process_new(
        &(VcbServerProcessParams){
            .name = coturn->name,
            .title = "coturn",
            .argv = (const char *const *)argv->pdata,
            .namespaces = params->namespaces,
            .start_timeout_ms = START_TIMEOUT_MS,
            .goal = "answer a STUN request",
        },
        directory, log, &events, coturn, error);
    if (!coturn->process) {
        g_prefix_error(error, "turn_server needs the package coturn: ");
        return FALSE;
    }
    return open_probe(coturn, params->namespaces, error);
}

VcbCoturn *vcb_coturn_new(const VcbCoturnParams *params, const char *directory, VcbRunLog *log,
                          const VcbCoturnEvents *events, gpointer user_data, GError **error)
{
    static const char *const loopback[] = {"127.0.0.1", NULL}, *const none[] = {NULL};
    VcbCoturn *coturn = g_new0(VcbCoturn, 1);

    coturn->events = *events;
    coturn->user_data = user_data;
    coturn->probe_fd = -1;
    coturn->name = g_strdup(params->name);
    coturn->folder = g_build_filename(directory, "logs", params->name, NULL);
    coturn->is_emulated = params->namespaces != NULL;
    coturn->is_time_limited = params->is_time_limited;
    coturn->ipv4 = g_strdupv((char **)(gpointer)(params->ipv4 ? params->ipv4 : loopback));
    coturn->ipv6 = g_strdupv((char **)(gpointer)(params->ipv6 ? params->ipv6 : none));
    coturn->port = coturn->is_emulated ? STUN_PORT : free_port();
    coturn->tcp_port = coturn->is_emulated ? TCP_PORT : coturn->port;
    coturn->tls_port = coturn->is_emulated ? TLS_PORT : free_port();
    coturn->secret =
        g_strdup_printf("%" G_GINT64_MODIFIER "x", vcb_seed_derive(params->seed, "turn/credential"));
    if (!start(coturn, params, directory, log, error)) {
        vcb_coturn_free(coturn);
        return NULL;
    }
    return coturn;
}

void vcb_coturn_free(VcbCoturn *coturn)
{
    if (!coturn)
        return;
    stop_probing(coturn);
    vcb_server_process_free(coturn->process);
    g_free(coturn->name);
    g_free(coturn->folder);
    g_strfreev(coturn->ipv4);
    g_strfreev(coturn->ipv6);
    g_free(coturn->secret);
    g_free(coturn);
}

/* ---- what peers are told ---- */

/* "<expiry>:vcbench" and base64(HMAC-SHA1(secret, username)): draft-uberti-behave-turn-rest-00 section 2.2. */
static void make_credential(const VcbCoturn *coturn, char **ret_username, char **ret_credential)
{
    guint8 digest[20];
    gsize length = sizeof digest;
    GHmac *hmac;

    if (!coturn->is_time_limited) {
        *ret_username = g_strdup("vcbench");
        *ret_credential = g_strdup(coturn->secret);
        return;
    }
    *ret_username = g_strdup_printf("%" G_GINT64_FORMAT ":vcbench",
                                    g_get_real_time() / G_USEC_PER_SEC + CREDENTIAL_LIFETIME_S);
    hmac = g_hmac_new(G_CHECKSUM_SHA1, (const guchar *)coturn->secret, strlen(coturn->secret));
    g_hmac_update(hmac, (const guchar *)*ret_username, -1);
    g_hmac_get_digest(hmac, digest, &length);
    g_hmac_unref(hmac);
    *ret_credential = g_base64_encode(digest, length);
}

static cJSON *add_server(cJSON *list, const char *scheme, const char *host, int port, const char *rest)
{
    g_autofree char *urls = g_strdup_printf("%s:%s:%d%s", scheme, host, port, rest);
    cJSON *server = cJSON_CreateObject();

    cJSON_AddStringToObject(server, "urls", urls);
    cJSON_AddItemToArray(list, server);
    return server;
}

void vcb_coturn_add_ice(const VcbCoturn *coturn, const VcbSettings *settings, gboolean by_ipv6, cJSON *list)
{
    const struct {
        const char *transport, *scheme, *rest;
        int port;
    } ways[] = {{"udp", "turn", "?transport=udp", coturn->port},
                {"tcp", "turn", "?transport=tcp", coturn->tcp_port},
                {"tls", "turns", "?transport=tcp", coturn->tls_port}};
    const char *wanted = settings->turn_transport;
    gboolean all = g_str_equal(wanted, "all"), with_turn = g_str_equal(settings->turn_server, "coturn");
    g_autofree char *host = by_ipv6 ? g_strdup_printf("[%s]", coturn->ipv6[0]) : g_strdup(coturn->ipv4[0]);
    g_autofree char *username = NULL, *credential = NULL;

    /* Where no UDP is wanted, asking for STUN over UDP would only make gathering wait. Loopback has nothing to discover. */
    if (!with_turn || (coturn->is_emulated && (all || g_str_equal(wanted, "udp"))))
        add_server(list, "stun", host, coturn->port, "");
    if (!with_turn)
        return;
    make_credential(coturn, &username, &credential);
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        cJSON *server;

        if (!all && !g_str_equal(ways[i].transport, wanted))
            continue;
        server = add_server(list, ways[i].scheme, host, ways[i].port, ways[i].rest);
        cJSON_AddStringToObject(server, "username", username);
        cJSON_AddStringToObject(server, "credential", credential);
    }
}
