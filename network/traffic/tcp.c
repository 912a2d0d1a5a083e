/* tcp-long and tcp-short: transfers through the kernel's TCP.
 *
 *   connecting source   CONNECTING -> SENDING -> FINISHING (closed its side, waits for the other to close) -> over
 *   listening sink                                  RECEIVING -> over
 *   connecting sink     CONNECTING (asks, 8 bytes) -> RECEIVING -> over
 *   listening source                   ASKED -> SENDING -> FINISHING -> over
 *
 * A flow of the connecting side has one connection at a time, or pauses: after a transfer as long as drawn, after a
 * failure RETRY_US. The listening side takes whatever comes. */
#include "common/clock.h"
#include "common/random.h"
#include "network/traffic/durations.h"
#include "network/traffic/kind.h"
#include "network/traffic/sockets.h"

#include <errno.h>
#include <glib-unix.h>
#include <math.h>
#include <netinet/in.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define RETRY_US G_USEC_PER_SEC
#define WITHOUT_END G_MAXUINT64
#define CHUNK 65536
#define CHUNKS_AT_ONCE 4 /* then other connections have their turn */
/* The kernel says "writable" once less than this has not been sent yet: enough to keep it busy at 1 Gbit/s for a millisecond,
 * and no megabytes of memory a flow. */
#define MOST_UNSENT (128 * 1024)

typedef struct Tcp Tcp;

typedef enum { STATE_CONNECTING, STATE_ASKED, STATE_SENDING, STATE_FINISHING, STATE_RECEIVING } State;

typedef struct {
    Tcp *tcp; /* no-ref */
    GRand *size_draws, *pause_draws;
    guint timer; /* the next transfer, while it pauses */
} Flow;

typedef struct {
    Tcp *tcp;   /* no-ref */
    Flow *flow; /* no-ref; NULL: accepted */
    int fd;
    guint source;
    State state;
    guint64 wanted; /* bytes of this transfer, or WITHOUT_END */
    guint64 moved;  /* bytes given to the kernel, or received */
    guint8 request[8];
    guint n_request; /* bytes of it that have come */
    gint64 began_us;
    gboolean in_order; /* both sides are through: close as TCP does, the last FIN may have to be sent again */
} Connection;

struct Tcp {
    const VcbTrafficConfig *config; /* no-ref */
    const VcbTrafficEvents *events; /* no-ref */
    int listener;                   /* -1: connects */
    guint listener_source;
    Flow *flows; /* config->flows of them; NULL: listens */
    GPtrArray *connections;
    guint64 past_bytes, past_retransmits; /* of connections that are over */
    guint64 completed, failed;
    VcbDurations durations;
};

static const guint8 PAYLOAD[CHUNK];

static void begin_transfer(Flow *flow);
static gboolean on_event(gint fd, GIOCondition condition, gpointer user_data);

static gboolean is_sender(const Connection *connection)
{
    return connection->tcp->config->is_source;
}

/* ---- counting ---- */

static guint64 bytes_of(const Connection *connection)
{
    int waiting = 0; /* not acknowledged; a FIN on its way counts as one */

    if (!is_sender(connection))
        return connection->moved;
    if (ioctl(connection->fd, SIOCOUTQ, &waiting) != 0)
        return 0;
    return connection->moved - MIN((guint64)waiting, connection->moved);
}

static gboolean read_info(const Connection *connection, struct tcp_info *info)
{
    socklen_t length = sizeof *info;

    return getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, info, &length) == 0;
}

static void count_as_past(Connection *connection, gboolean whole)
{
    struct tcp_info info;

    connection->tcp->past_bytes += whole ? connection->moved : bytes_of(connection);
    if (is_sender(connection) && read_info(connection, &info))
        connection->tcp->past_retransmits += info.tcpi_total_retrans;
}

/* ---- a flow of the connecting side ---- */

static gboolean on_pause_over(gpointer user_data)
{
    Flow *flow = user_data;

    flow->timer = 0;
    begin_transfer(flow);
    return G_SOURCE_REMOVE;
}

static void pause_for(Flow *flow, gint64 pause_us)
{
    flow->timer = g_timeout_add((guint)((pause_us + 999) / 1000), on_pause_over, flow);
}

/* Exponential, by inversion; at most a day, which g_timeout_add can hold. */
static gint64 draw_pause_us(Flow *flow)
{
    double pause_us = -log(1 - g_rand_double(flow->pause_draws)) * (double)flow->tcp->config->idle_us;

    return (gint64)MIN(pause_us, (double)G_TIME_SPAN_DAY);
}

/* Both bounds included. */
static guint64 draw_size(Flow *flow)
{
    const VcbTrafficConfig *config = flow->tcp->config;
    double span = (double)(config->max_bytes - config->min_bytes + 1);

    if (config->kind == VCB_TRAFFIC_TCP_LONG)
        return WITHOUT_END;
    return (guint64)config->min_bytes + (guint64)(g_rand_double(flow->size_draws) * span);
}

static void lost(Tcp *tcp, Flow *flow, const char *what)
{
    g_autofree char *text = g_strdup_printf("a connection was lost: %s; trying again", what);

    tcp->failed++;
    tcp->events->lost(text, tcp->events->user_data);
    pause_for(flow, RETRY_US);
}

/* ---- a connection's life ---- */

static void watch(Connection *connection, GIOCondition condition)
{
    if (connection->source)
        g_source_remove(connection->source);
    connection->source = g_unix_fd_add(connection->fd, condition, on_event, connection);
}

static Connection *add_connection(Tcp *tcp, Flow *flow, int fd, State state)
{
    Connection *connection = g_new0(Connection, 1);
    int most_unsent = MOST_UNSENT;

    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most_unsent, sizeof most_unsent);
    connection->tcp = tcp;
    connection->flow = flow;
    connection->fd = fd;
    connection->state = state;
    connection->wanted = WITHOUT_END;
    connection->began_us = vcb_clock_now_us();
    g_ptr_array_add(tcp->connections, connection);
    return connection;
}

static void free_connection(gpointer data)
{
    Connection *connection = data;

    if (connection->source)
        g_source_remove(connection->source);
    if (connection->in_order)
        close(connection->fd);
    else
        vcb_traffic_abort(connection->fd);
    g_free(connection);
}

/* The transfer is over; whole: every byte arrived. `what` says why not. */
static void end(Connection *connection, gboolean whole, const char *what)
{
    Tcp *tcp = connection->tcp;
    Flow *flow = connection->flow;
    gint64 took_us = vcb_clock_now_us() - connection->began_us;

    count_as_past(connection, whole);
    connection->in_order = whole;
    g_ptr_array_remove_fast(tcp->connections, connection);
    if (!flow)
        return; /* the connecting side tells what went wrong */
    if (!whole) {
        lost(tcp, flow, what);
        return;
    }
    tcp->completed++;
    vcb_durations_add(&tcp->durations, took_us);
    pause_for(flow, draw_pause_us(flow));
}

static void begin_transfer(Flow *flow)
{
    Tcp *tcp = flow->tcp;
    g_autoptr(GError) error = NULL;
    guint64 size = draw_size(flow);
    int fd = vcb_traffic_connect(tcp->config, SOCK_STREAM, &error);
    Connection *connection;

    if (fd < 0) {
        lost(tcp, flow, error->message);
        return;
    }
    connection = add_connection(tcp, flow, fd, STATE_CONNECTING);
    connection->wanted = size;
    watch(connection, G_IO_OUT);
}

static void start_sending(Connection *connection)
{
    connection->state = STATE_SENDING;
    /* G_IO_IN only to learn of the other side's end: it has nothing to say. */
    watch(connection, G_IO_OUT | G_IO_IN);
}

static void on_connected(Connection *connection)
{
    guint64 request = GUINT64_TO_BE(connection->wanted);
    int problem = vcb_traffic_socket_error(connection->fd);

    if (problem) {
        end(connection, FALSE, g_strerror(problem));
        return;
    }
    if (is_sender(connection)) {
        start_sending(connection);
        return;
    }
    if (send(connection->fd, &request, sizeof request, MSG_NOSIGNAL) != sizeof request) {
        end(connection, FALSE, g_strerror(errno)); /* a new socket has room for 8 bytes: it is broken */
        return;
    }
    connection->state = STATE_RECEIVING;
    watch(connection, G_IO_IN);
}

/* The listening source reads how much is wanted. */
static void on_asked(Connection *connection)
{
    guint8 *at = connection->request + connection->n_request;
    ssize_t n = recv(connection->fd, at, sizeof connection->request - connection->n_request, 0);
    guint64 wanted;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end(connection, FALSE, NULL);
        return;
    }
    connection->n_request += (guint)n;
    if (connection->n_request < sizeof connection->request)
        return;
    memcpy(&wanted, connection->request, sizeof wanted);
    connection->wanted = GUINT64_FROM_BE(wanted);
    start_sending(connection);
}

static void on_sending(Connection *connection)
{
    guint8 byte;
    ssize_t n = recv(connection->fd, &byte, 1, MSG_PEEK);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        end(connection, FALSE, n == 0 ? "the other side closed it" : g_strerror(errno));
        return;
    }
    for (int i = 0; i < CHUNKS_AT_ONCE && connection->moved < connection->wanted; i++) {
        guint64 left = connection->wanted - connection->moved;

        n = send(connection->fd, PAYLOAD, (gsize)MIN(left, CHUNK), MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0) {
            end(connection, FALSE, g_strerror(errno));
            return;
        }
        connection->moved += (guint64)n;
    }
    if (connection->moved == connection->wanted) {
        shutdown(connection->fd, SHUT_WR);
        connection->state = STATE_FINISHING;
        watch(connection, G_IO_IN);
    }
}

/* The other side closes when it has read everything. */
static void on_finishing(Connection *connection)
{
    guint8 rest[256];
    ssize_t n = recv(connection->fd, rest, sizeof rest, 0);

    if (n == 0)
        end(connection, TRUE, NULL);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        end(connection, FALSE, g_strerror(errno));
}

static void on_receiving(Connection *connection)
{
    for (int i = 0; i < CHUNKS_AT_ONCE; i++) {
        /* MSG_TRUNC: the kernel throws the bytes away without copying them (tcp(7)). */
        ssize_t n = recv(connection->fd, NULL, CHUNK, MSG_TRUNC);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            gboolean whole = n == 0 && (!connection->flow || connection->moved == connection->wanted);

            end(connection, whole, n == 0 ? "the other side closed it" : g_strerror(errno));
            return;
        }
        connection->moved += (guint64)n;
        if (n < CHUNK)
            return;
    }
}

static gboolean on_event(gint fd, GIOCondition condition, gpointer user_data)
{
    static void (*const HANDLERS[])(Connection *) = {[STATE_CONNECTING] = on_connected,
                                                     [STATE_ASKED] = on_asked,
                                                     [STATE_SENDING] = on_sending,
                                                     [STATE_FINISHING] = on_finishing,
                                                     [STATE_RECEIVING] = on_receiving};
    Connection *connection = user_data;

    HANDLERS[connection->state](connection);
    /* A handler that ended or watches anew has removed this source itself. */
    return G_SOURCE_CONTINUE;
}

static gboolean on_accept(gint fd, GIOCondition condition, gpointer user_data)
{
    Tcp *tcp = user_data;
    int accepted = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (accepted >= 0) {
        State state = tcp->config->is_source ? STATE_ASKED : STATE_RECEIVING;

        watch(add_connection(tcp, NULL, accepted, state), G_IO_IN);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- the table ---- */

static void tcp_free(gpointer data)
{
    Tcp *tcp = data;

    for (int i = 0; tcp->flows && i < tcp->config->flows; i++) {
        g_clear_handle_id(&tcp->flows[i].timer, g_source_remove);
        g_rand_free(tcp->flows[i].size_draws);
        g_rand_free(tcp->flows[i].pause_draws);
    }
    g_free(tcp->flows);
    g_ptr_array_unref(tcp->connections);
    if (tcp->listener >= 0) {
        g_source_remove(tcp->listener_source);
        close(tcp->listener);
    }
    vcb_durations_clear(&tcp->durations);
    g_free(tcp);
}

static void add_flows(Tcp *tcp)
{
    tcp->flows = g_new0(Flow, (gsize)tcp->config->flows);
    for (int i = 0; i < tcp->config->flows; i++) {
        g_autofree char *size = g_strdup_printf("traffic/%d/size", i);
        g_autofree char *pause = g_strdup_printf("traffic/%d/pause", i);

        tcp->flows[i].tcp = tcp;
        tcp->flows[i].size_draws = vcb_random_stream(tcp->config->seed, size);
        tcp->flows[i].pause_draws = vcb_random_stream(tcp->config->seed, pause);
    }
}

/* A congestion control that the kernel refuses is told at once, not when the first connection is made. */
static gboolean try_congestion(const VcbTrafficConfig *config, GError **error)
{
    int fd;
    gboolean taken;

    if (!config->is_source || !config->congestion)
        return TRUE;
    fd = socket(config->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    taken = vcb_traffic_set_congestion(fd, config->congestion, error);
    if (fd >= 0)
        close(fd);
    return taken;
}

static gpointer tcp_new(const VcbTrafficConfig *config, const VcbTrafficEvents *events, int *ret_port,
                        GError **error)
{
    int listener = -1, port = 0;
    Tcp *tcp;

    if (config->listens)
        listener = vcb_traffic_listen(config, SOCK_STREAM, &port, error);
    if (config->listens ? listener < 0 : !try_congestion(config, error))
        return NULL;
    tcp = g_new0(Tcp, 1);
    tcp->config = config;
    tcp->events = events;
    tcp->listener = listener;
    tcp->connections = g_ptr_array_new_with_free_func(free_connection);
    vcb_durations_init(&tcp->durations);
    if (listener >= 0)
        tcp->listener_source = g_unix_fd_add(listener, G_IO_IN, on_accept, tcp);
    else
        add_flows(tcp);
    *ret_port = port;
    return tcp;
}

static void tcp_start(gpointer data)
{
    Tcp *tcp = data;

    for (int i = 0; tcp->flows && i < tcp->config->flows; i++) {
        Flow *flow = &tcp->flows[i];

        if (tcp->config->kind == VCB_TRAFFIC_TCP_SHORT && g_rand_double(flow->pause_draws) < 0.5)
            pause_for(flow, draw_pause_us(flow));
        else
            begin_transfer(flow);
    }
}

static guint64 tcp_bytes(gpointer data)
{
    Tcp *tcp = data;
    guint64 bytes = tcp->past_bytes;

    for (guint i = 0; i < tcp->connections->len; i++)
        bytes += bytes_of(tcp->connections->pdata[i]);
    return bytes;
}

static guint tcp_flows(gpointer data)
{
    Tcp *tcp = data;
    guint n = 0;

    for (guint i = 0; i < tcp->connections->len; i++)
        n += ((Connection *)tcp->connections->pdata[i])->state != STATE_CONNECTING;
    return n;
}

static void report_source(Tcp *tcp, cJSON *message)
{
    guint64 retransmits = tcp->past_retransmits, rtt_us = 0;
    guint n = 0;

    for (guint i = 0; i < tcp->connections->len; i++) {
        struct tcp_info info;

        if (!read_info(tcp->connections->pdata[i], &info))
            continue;
        retransmits += info.tcpi_total_retrans;
        rtt_us += info.tcpi_rtt;
        n += info.tcpi_rtt > 0; /* 0 until the first answer */
    }
    vcb_json_add_int(message, "retransmits", (gint64)retransmits);
    if (n)
        vcb_json_add_int(message, "rtt_us", (gint64)(rtt_us / n));
}

static void tcp_report(gpointer data, gboolean overall, cJSON *message)
{
    Tcp *tcp = data;

    if (tcp->config->is_source)
        report_source(tcp, message);
    if (tcp->config->kind == VCB_TRAFFIC_TCP_SHORT && tcp->flows) {
        vcb_json_add_int(message, "completed", (gint64)tcp->completed);
        vcb_json_add_int(message, "failed", (gint64)tcp->failed);
        vcb_durations_report(&tcp->durations, overall, message, "completion_us");
    }
}

const VcbTrafficFunctions VCB_TRAFFIC_TCP = {
    .new = tcp_new,
    .start = tcp_start,
    .bytes = tcp_bytes,
    .flows = tcp_flows,
    .report = tcp_report,
    .free = tcp_free,
};
