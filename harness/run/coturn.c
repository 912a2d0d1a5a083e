#include "harness/run/coturn.h"

#include "common/child.h"
#include "common/error.h"
#include "common/random.h"

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
    VcbRunLog *log; /* no-ref */
    VcbCoturnEvents events;
    gpointer user_data;
    VcbChild *child;
    int port;
    char *urls, *username, *credential, *folder;
    int probe_fd;
    guint probe_watch, probe_timer, deadline;
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
    g_clear_handle_id(&coturn->deadline, g_source_remove);
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

static gboolean on_deadline(gpointer user_data)
{
    VcbCoturn *coturn = user_data;

    coturn->deadline = 0;
    fail(coturn, "coturn did not answer a STUN request within 5 s (its log: logs/turnserver.log)");
    return G_SOURCE_REMOVE;
}

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    VcbCoturn *coturn = user_data;
    g_autofree char *status = vcb_child_describe_status(wait_status);
    g_autofree char *reason = g_strdup_printf("coturn ended: %s (its log: logs/turnserver.log)", status);
    cJSON *event = vcb_run_log_event("process-exit");

    cJSON_AddStringToObject(event, "process", "turnserver");
    cJSON_AddStringToObject(event, "status", status);
    cJSON_AddBoolToObject(event, "expected", FALSE);
    vcb_run_log_write(coturn->log, NULL, "vcbench", event);
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
    coturn->deadline = g_timeout_add(START_TIMEOUT_MS, on_deadline, coturn);
    return TRUE;
}

static gboolean start(VcbCoturn *coturn, const char *directory, GError **error)
{
    g_autofree char *port = g_strdup_printf("--listening-port=%d", coturn->port);
    g_autofree char *user = g_strdup_printf("--user=%s:%s", coturn->username, coturn->credential);
    g_autofree char *database = g_strdup_printf("--userdb=%s/turndb", coturn->folder);
    g_autofree char *pid_file = g_strdup_printf("--pidfile=%s/turnserver.pid", coturn->folder);
    g_autofree char *log_path = g_build_filename(directory, "logs", "turnserver.log", NULL);
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
    VcbChildParams params = {.argv = argv, .log_path = log_path};
    cJSON *event;

    coturn->child = vcb_child_spawn(&params, on_exited, coturn, error);
    if (!coturn->child) {
        g_prefix_error(error, "coturn cannot be started (install the package coturn): ");
        return FALSE;
    }
    event = vcb_run_log_event("process-start");
    cJSON_AddStringToObject(event, "process", "turnserver");
    vcb_json_add_int(event, "pid", vcb_child_pid(coturn->child));
    vcb_run_log_write(coturn->log, NULL, "vcbench", event);
    return open_probe(coturn, error);
}

VcbCoturn *vcb_coturn_new(const char *directory, guint64 seed, VcbRunLog *log, const VcbCoturnEvents *events,
                          gpointer user_data, GError **error)
{
    VcbCoturn *coturn = g_new0(VcbCoturn, 1);

    coturn->log = log;
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
    if (!start(coturn, directory, error)) {
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
    vcb_child_free(coturn->child);
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
