/* What the signaling server costs, measured on the real process from outside: one line a figure.
 *
 *   server CPU        /proc/PID/schedstat (ns on a processor), over many relayed candidates
 *   round trip        offer to the other peer and its answer back, both peers in this process
 *   memory            Pss (/proc/PID/smaps_rollup) before and after many idle connections
 *
 *
 * Beside it stands the floor: what a loop of poll, recv and send costs that only copies bytes, on the same
 * machine at the same time. Waking a process is most of it, and varies much with the machine and its load.
 *
 * Each relay figure is taken one message at a time (a loop turn of the server for each: the dearest way) and
 * in bursts of 50, with a control channel that is read (as under vcbench) and without one. */
#include "common/clock.h"
#include "common/test.h"
#include "tests/signaling/signald.h"
#include "tests/signaling/ws_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANDIDATES 20000
#define ROUND_TRIPS 3000
#define IDLE 500

static const char CANDIDATE[] = "{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:"
                                "842163049 1 udp 1677729535 127.0.0.1 46154 typ "
                                "srflx raddr 10.0.0.17 rport 46154 generation 0 ufrag EEtu network-cost "
                                "999\",\"sdpMid\":\"0\",\"sdpMLineIndex\":0}}";

/* A server, with or without a control channel. */
typedef struct {
    Signald *under_vcbench; /* NULL: alone */
    GPid pid;
    guint port;
} Server;

static Server start_alone(void)
{
    const char *argv[] = {g_getenv("VCB_SIGNALD"), "--port=0", "--max-rate=1000000", NULL};
    Server server = {0};
    char line[128] = "";
    int out;

    CU_ASSERT_TRUE_FATAL(g_spawn_async_with_pipes(NULL, (char **)(gpointer)argv, NULL,
                                                  G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &server.pid, NULL,
                                                  &out, NULL, NULL));
    CU_ASSERT_TRUE_FATAL(read(out, line, sizeof line - 1) > 0);
    close(out);
    CU_ASSERT_EQUAL_FATAL(sscanf(line, "vcbench-signald listening on ws://127.0.0.1:%u", &server.port), 1);
    return server;
}

static Server start_under_vcbench(void)
{
    Server server = {.under_vcbench = signald_start((const char *const[]){"--max-rate=1000000", NULL})};

    server.pid = vcb_child_pid(server.under_vcbench->child);
    server.port = server.under_vcbench->port;
    return server;
}

static void stop(Server *server)
{
    if (server->under_vcbench) {
        signald_stop(server->under_vcbench);
        return;
    }
    kill(server->pid, SIGTERM);
    CU_ASSERT_EQUAL(waitpid(server->pid, NULL, 0), server->pid);
}

static double cpu_us(GPid pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/schedstat", pid), *text = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
    return g_ascii_strtod(text, NULL) / 1000;
}

static double pss_bytes(const Server *server)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", server->pid), *text = NULL;
    const char *line;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
    line = strstr(text, "\nPss:");
    CU_ASSERT_PTR_NOT_NULL_FATAL(line);
    return g_ascii_strtod(line + 5, NULL) * 1024;
}

static WsClient *join(const Server *server, const char *path)
{
    WsClient *client = ws_client_new(server->port, path, NULL, NULL);

    CU_ASSERT_EQUAL_FATAL(client->status, 101);
    ws_client_skip(client, "user-count");
    return client;
}

static void read_events(const Server *server)
{
    if (!server->under_vcbench)
        return;
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_ptr_array_set_size(server->under_vcbench->events, 0);
    server->under_vcbench->seen = 0;
}

static double measure_relay(const Server *server, guint burst)
{
    g_autoptr(WsClient) a = join(server, "/r?name=a");
    g_autoptr(WsClient) b = join(server, "/r?name=b");
    double before_us;

    ws_client_skip(a, "user-count");
    before_us = cpu_us(server->pid);
    for (guint sent = 0; sent < CANDIDATES; sent += burst) {
        for (guint i = 0; i < burst; i++)
            ws_client_send(a, CANDIDATE);
        for (guint i = 0; i < burst; i++)
            ws_client_skip(b, "ice-candidate");
        read_events(server);
    }
    return (cpu_us(server->pid) - before_us) / CANDIDATES;
}

static void print_relay(const char *how, Server server)
{
    printf("server CPU per relayed candidate, %s, one at a time: %.1f us\n", how, measure_relay(&server, 1));
    printf("server CPU per relayed candidate, %s, in bursts of 50: %.1f us\n", how,
           measure_relay(&server, 50));
    stop(&server);
}

/* Loopback TCP sockets that are connected to each other. */
static void connect_pair(int ret_fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    const int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CU_ASSERT_EQUAL_FATAL(listen(listener, 1), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    ret_fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL_FATAL(connect(ret_fds[0], (struct sockaddr *)&address, sizeof address), 0);
    ret_fds[1] = accept(listener, NULL, NULL);
    for (int i = 0; i < 2; i++)
        setsockopt(ret_fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    close(listener);
}

/* The child's part: copy until the other side closes. */
static void copy_bytes(int from, int to)
{
    struct pollfd poller = {.fd = from, .events = POLLIN};
    char bytes[4096];
    ssize_t n;

    while (poll(&poller, 1, -1) == 1 && (n = recv(from, bytes, sizeof bytes, 0)) > 0)
        if (send(to, bytes, (gsize)n, MSG_NOSIGNAL) != n)
            break;
}

static void print_floor(void)
{
    char bytes[4096] = {0};
    double before_us;
    int in[2], out[2];
    pid_t pid;

    connect_pair(in);
    connect_pair(out);
    pid = fork();
    if (pid == 0) {
        close(in[0]);
        copy_bytes(in[1], out[1]);
        _exit(0);
    }
    close(in[1]);
    before_us = cpu_us(pid);
    for (guint i = 0; i < CANDIDATES; i++) {
        CU_ASSERT_EQUAL_FATAL(send(in[0], bytes, sizeof CANDIDATE, 0), (ssize_t)sizeof CANDIDATE);
        CU_ASSERT_TRUE_FATAL(recv(out[0], bytes, sizeof bytes, 0) > 0);
    }
    printf("floor (bytes copied by a bare loop), one at a time: %.1f us\n",
           (cpu_us(pid) - before_us) / CANDIDATES);
    close(in[0]);
    CU_ASSERT_EQUAL(waitpid(pid, NULL, 0), pid);
    close(out[0]);
    close(out[1]);
}

static void relay(void)
{
    print_floor();
    print_relay("alone", start_alone());
    print_relay("under vcbench", start_under_vcbench());
}

static int compare(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return x < y ? -1 : x > y;
}

/* An SDP as large as that of a call with audio, video and a data channel. */
static char *description(const char *type)
{
    g_autofree char *filler = g_strnfill(4000, 'a');

    return g_strdup_printf("{\"type\":\"%s\",\"%s\":{\"type\":\"%s\",\"sdp\":\"v=0\\r\\n%s\"}}", type, type,
                           type, filler);
}

static void round_trip(void)
{
    Server server = start_alone();
    g_autoptr(WsClient) a = join(&server, "/r?name=a");
    g_autoptr(WsClient) b = join(&server, "/r?name=b");
    g_autofree char *offer = description("offer"), *answer = description("answer");
    g_autofree gint64 *times_us = g_new(gint64, ROUND_TRIPS);

    ws_client_skip(a, "user-count");
    for (guint i = 0; i < ROUND_TRIPS; i++) {
        gint64 begun_us = vcb_clock_now_us();

        ws_client_send(a, offer);
        ws_client_skip(b, "offer");
        ws_client_send(b, answer);
        ws_client_skip(a, "answer");
        times_us[i] = vcb_clock_now_us() - begun_us;
    }
    qsort(times_us, ROUND_TRIPS, sizeof *times_us, compare);
    printf("offer/answer round trip: median %" G_GINT64_FORMAT " us, p95 %" G_GINT64_FORMAT " us\n",
           times_us[ROUND_TRIPS / 2], times_us[ROUND_TRIPS * 95 / 100]);
    stop(&server);
}

static void idle_memory(void)
{
    Server server = start_alone();
    g_autoptr(GPtrArray) clients = g_ptr_array_new_with_free_func((GDestroyNotify)ws_client_free);
    double before_bytes;

    g_ptr_array_add(clients, join(&server, "/first")); /* what is allocated once */
    before_bytes = pss_bytes(&server);
    printf("server with one connection: %.1f MB\n", before_bytes / 1e6);
    for (guint i = 0; i < IDLE; i++) {
        g_autofree char *path = g_strdup_printf("/room-%u", i / 2);

        g_ptr_array_add(clients, join(&server, path));
    }
    printf("memory per idle connection: %.1f kB\n", (pss_bytes(&server) - before_bytes) / IDLE / 1000);
    stop(&server);
}

VCB_TEST_MAIN("signaling", {"relay", relay}, {"round trip", round_trip}, {"idle memory", idle_memory})
