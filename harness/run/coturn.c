#include "harness/run/coturn.h"

#include "common/error.h"
#include "common/random.h"
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

struct VcbCoturn {
    VcbCoturnEvents events;
    gpointer user_data;
    VcbServerProcess *process;
    int port;
    char *urls, *username, *credential, *folder;
    int probe_fd;
    guint probe_watch, probe_timer;
    gboolean ready;
};

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

static void fail(VcbCoturn *coturn, const char *message)
{
    g_autoptr(GError) error = NULL;

    stop_probing(coturn);
    g_set_error_literal(&error, VCB_ERROR, VCB_ERROR_INVALID, message);
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

static gboolean open_probe(VcbCoturn *coturn, GError **error)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((guint16)coturn->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    coturn->probe_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (coturn->probe_fd < 0 || connect(coturn->probe_fd, (struct sockaddr *)&address, sizeof address) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "a socket towards coturn: %s", g_strerror(errno));
        return FALSE;
    }
    coturn->probe_watch = g_unix_fd_add(coturn->probe_fd, G_IO_IN, on_probe_answer, coturn);
    coturn->probe_timer = g_timeout_add(PROBE_INTERVAL_MS, on_probe_time, coturn);
    return TRUE;
}

static gboolean start(VcbCoturn *coturn, const char *directory, VcbRunLog *log, GError **error)
{
    static const VcbServerProcessEvents events = {.late = on_late, .ended = on_ended};
    g_autofree char *port = g_strdup_printf("--listening-port=%d", coturn->port);
    g_autofree char *user = g_strdup_printf("--user=%s:%s", coturn->username, coturn->credential);
    g_autofree char *database = g_strdup_printf("--userdb=%s/turndb", coturn->folder);
    g_autofree char *pid_file = g_strdup_printf("--pidfile=%s/turnserver.pid", coturn->folder);
    const char *argv[] = {"turnserver",
                          "-n",
                          "--no-cli",
                          "--listening-ip=127.0.0.1",
                          "--relay-ip=127.0.0.1",
                          port,
                          user,
                          "--lt-cred-mech",
                          "--realm=vcbench",
                          "--allow-loopback-peers",
                          "--no-tls",
                          "--no-dtls",
                          "--log-file=stdout",
                          "--simple-log",
                          database,
                          pid_file,
                          NULL};

    coturn->process = vcb_server_process_new(
        &(VcbServerProcessParams){
            .name = "turnserver",
            .title = "coturn",
            .argv = argv,
            .start_timeout_ms = START_TIMEOUT_MS,
            .goal = "answer a STUN request",
        },
        directory, log, &events, coturn, error);
    if (!coturn->process) {
        g_prefix_error(error, "turn_server: coturn needs the package coturn: ");
        return FALSE;
    }
    return open_probe(coturn, error);
}

VcbCoturn *vcb_coturn_new(const char *directory, guint64 seed, VcbRunLog *log, const VcbCoturnEvents *events,
                          gpointer user_data, GError **error)
{
    VcbCoturn *coturn = g_new0(VcbCoturn, 1);

    coturn->events = *events;
    coturn->user_data = user_data;
    coturn->probe_fd = -1;
    coturn->port = free_port();
    coturn->urls = g_strdup_printf("turn:127.0.0.1:%d?transport=udp", coturn->port);
    coturn->username = g_strdup("vcbench");
    coturn->credential = g_strdup_printf("%" G_GINT64_MODIFIER "x", vcb_seed_derive(seed, "turn/credential"));
    coturn->folder = g_build_filename(directory, "logs", "turn", NULL);
    if (g_mkdir_with_parents(coturn->folder, 0755) != 0 || !coturn->port) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "coturn: no folder %s or no free port",
                    coturn->folder);
        vcb_coturn_free(coturn);
        return NULL;
    }
    if (!start(coturn, directory, log, error)) {
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
    g_free(coturn->urls);
    g_free(coturn->username);
    g_free(coturn->credential);
    g_free(coturn->folder);
    g_free(coturn);
}

const char *vcb_coturn_urls(const VcbCoturn *coturn)
{
    return coturn->urls;
}

const char *vcb_coturn_username(const VcbCoturn *coturn)
{
    return coturn->username;
}

const char *vcb_coturn_credential(const VcbCoturn *coturn)
{
    return coturn->credential;
}
