/* Datagrams at a constant rate.
 *
 *   source: timer -> pacer of each flow -> datagram {magic, flow, sequence, sent} -> socket
 *   sink:   socket -> sequence of that flow -> counters
 *
 * The connecting side has a socket for each flow, the listening side one for all. A listening source sends to where the flow's
 * latest opening datagram came from. */
#include "common/clock.h"
#include "network/traffic/kind.h"
#include "network/traffic/pacer.h"
#include "network/traffic/sequence.h"
#include "network/traffic/sockets.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DATAGRAM 1200 /* bytes of payload */
#define OPENING 24
#define UDP_HEADER 8
#define RECEIVE_BUFFER (1 << 20)
#define DATAGRAMS_AT_ONCE 64
#define OPENING_GAP_US (100 * 1000)
#define KEEPING_GAP_US G_USEC_PER_SEC

typedef struct {
    guint8 magic[4];
    guint32 flow; /* big-endian, as all */
    guint64 sequence;
    guint64 sent_us;
} Header;
G_STATIC_ASSERT(sizeof(Header) == OPENING);

typedef struct Udp Udp;

typedef struct {
    int fd; /* -1: the listening side's common socket is used */
    guint source;
    struct sockaddr_storage to; /* of a listening source */
    socklen_t to_length;        /* 0: nobody has opened the way yet */
    VcbPacer pacer;
    guint64 sent, not_sent;
    VcbSequence *sequence; /* of a sink; owned */
} Flow;

struct Udp {
    const VcbTrafficConfig *config; /* no-ref */
    const VcbTrafficEvents *events; /* no-ref */
    int listener;                   /* -1: connects */
    guint listener_source;
    int timer; /* of a source: timerfd; -1 */
    guint timer_source;
    guint opening_timer;
    gint64 kept_us; /* when the ways were last kept open */
    guint64 bytes;
    Flow *flows;
};

static gint64 now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void fill_header(Header *header, guint flow, guint64 sequence)
{
    memcpy(header->magic, "VCBT", 4);
    header->flow = GUINT32_TO_BE(flow);
    header->sequence = GUINT64_TO_BE(sequence);
    header->sent_us = GUINT64_TO_BE((guint64)vcb_clock_now_us());
}

static void lost(Udp *udp, int problem)
{
    g_autofree char *text = g_strdup_printf("a datagram was refused: %s; going on", g_strerror(problem));

    udp->events->lost(text, udp->events->user_data);
}

/* ---- source ---- */

static void send_one(Udp *udp, guint index)
{
    Flow *flow = &udp->flows[index];
    guint8 datagram[DATAGRAM] = {0};
    Header header;
    ssize_t n;

    fill_header(&header, index, flow->sent);
    memcpy(datagram, &header, sizeof header);
    if (flow->fd >= 0)
        n = send(flow->fd, datagram, sizeof datagram, MSG_NOSIGNAL);
    else
        n = sendto(udp->listener, datagram, sizeof datagram, MSG_NOSIGNAL, (const struct sockaddr *)&flow->to,
                   flow->to_length);
    if (n == DATAGRAM) {
        flow->sent++;
        udp->bytes += DATAGRAM;
        return;
    }
    flow->not_sent++;
    if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
        lost(udp, errno);
}

static void set_timer(Udp *udp, gint64 at_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000}};

    timerfd_settime(udp->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Nothing is due at a flow to which nobody has opened the way. */
static gboolean is_open(const Udp *udp, const Flow *flow)
{
    return !udp->config->listens || flow->to_length > 0;
}

static gboolean on_tick(gint fd, GIOCondition condition, gpointer user_data)
{
    Udp *udp = user_data;
    gint64 now = now_ns(), next = G_MAXINT64;
    guint64 expirations;

    if (read(fd, &expirations, sizeof expirations) < 0)
        return G_SOURCE_CONTINUE;
    for (int i = 0; i < udp->config->flows; i++) {
        Flow *flow = &udp->flows[i];

        if (!is_open(udp, flow))
            continue;
        for (guint n = vcb_pacer_take(&flow->pacer, now); n; n--)
            send_one(udp, (guint)i);
        next = MIN(next, vcb_pacer_next_ns(&flow->pacer));
    }
    if (next != G_MAXINT64) /* what several flows send within a tick is sent together */
        set_timer(udp, MAX(next, now + VCB_PACER_TICK_NS));
    return G_SOURCE_CONTINUE;
}

/* Evenly shifted against each other over one gap. */
static void start_pacer(Udp *udp, guint index, gint64 start_ns)
{
    guint size = DATAGRAM + UDP_HEADER + (udp->config->address.ss_family == AF_INET ? 20 : 40);
    VcbPacer *pacer = &udp->flows[index].pacer;

    vcb_pacer_init(pacer, start_ns, udp->config->rate_bps, size);
    pacer->start_ns += pacer->gap_ns * index / udp->config->flows;
}

/* ---- sink ---- */

static void send_openings(Udp *udp)
{
    for (int i = 0; i < udp->config->flows; i++) {
        Header header;

        fill_header(&header, (guint)i, 0);
        if (send(udp->flows[i].fd, &header, sizeof header, MSG_NOSIGNAL) < 0 && errno != EAGAIN)
            lost(udp, errno);
    }
    udp->kept_us = vcb_clock_now_us();
}

static gboolean all_have_come(const Udp *udp)
{
    for (int i = 0; i < udp->config->flows; i++)
        if (!udp->flows[i].sequence->begun)
            return FALSE;
    return TRUE;
}

static gboolean on_opening_time(gpointer user_data)
{
    Udp *udp = user_data;

    if (!all_have_come(udp) || vcb_clock_now_us() - udp->kept_us >= KEEPING_GAP_US)
        send_openings(udp);
    return G_SOURCE_CONTINUE;
}

/* ---- what comes ---- */

static void take_datagram(Udp *udp, Flow *flow, guint64 sequence, gsize length)
{
    if (length != DATAGRAM)
        return;
    udp->bytes += length;
    vcb_sequence_add(flow->sequence, sequence);
}

static void take_opening(Udp *udp, guint index, const struct sockaddr_storage *from, socklen_t from_length)
{
    Flow *flow = &udp->flows[index];
    gboolean first = flow->to_length == 0;

    flow->to = *from;
    flow->to_length = from_length;
    if (first && udp->timer >= 0) {
        start_pacer(udp, index, now_ns());
        set_timer(udp, 1); /* in the past: now */
    }
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    Udp *udp = user_data;

    for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
        guint8 datagram[2048];
        struct sockaddr_storage from;
        socklen_t from_length = sizeof from;
        ssize_t n = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &from_length);
        Header header;
        guint index;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (n < 0) { /* an ICMP error to what was sent from here */
            lost(udp, errno);
            break;
        }
        if ((gsize)n < sizeof header)
            continue;
        memcpy(&header, datagram, sizeof header);
        index = GUINT32_FROM_BE(header.flow);
        if (memcmp(header.magic, "VCBT", 4) != 0 || index >= (guint)udp->config->flows)
            continue; /* not ours */
        if (udp->config->is_source)
            take_opening(udp, index, &from, from_length);
        else
            take_datagram(udp, &udp->flows[index], GUINT64_FROM_BE(header.sequence), (gsize)n);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- the table ---- */

static void udp_free(gpointer data)
{
    Udp *udp = data;

    g_clear_handle_id(&udp->opening_timer, g_source_remove);
    for (int i = 0; i < udp->config->flows; i++) {
        Flow *flow = &udp->flows[i];

        g_clear_handle_id(&flow->source, g_source_remove);
        if (flow->fd >= 0)
            close(flow->fd);
        g_free(flow->sequence);
    }
    g_free(udp->flows);
    g_clear_handle_id(&udp->timer_source, g_source_remove);
    if (udp->timer >= 0)
        close(udp->timer);
    g_clear_handle_id(&udp->listener_source, g_source_remove);
    if (udp->listener >= 0)
        close(udp->listener);
    g_free(udp);
}

static gboolean add_flows(Udp *udp, GError **error)
{
    int buffer = RECEIVE_BUFFER;

    for (int i = 0; i < udp->config->flows; i++) {
        Flow *flow = &udp->flows[i];

        if (!udp->config->is_source)
            flow->sequence = g_new0(VcbSequence, 1);
        if (udp->config->listens)
            continue;
        flow->fd = vcb_traffic_connect(udp->config, SOCK_DGRAM, error);
        if (flow->fd < 0)
            return FALSE;
        setsockopt(flow->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
        flow->source = g_unix_fd_add(flow->fd, G_IO_IN, on_readable, udp);
    }
    return TRUE;
}

static gboolean listen_for_all(Udp *udp, int *ret_port, GError **error)
{
    int buffer = RECEIVE_BUFFER;

    udp->listener = vcb_traffic_listen(udp->config, SOCK_DGRAM, ret_port, error);
    if (udp->listener < 0)
        return FALSE;
    setsockopt(udp->listener, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    udp->listener_source = g_unix_fd_add(udp->listener, G_IO_IN, on_readable, udp);
    return TRUE;
}

static gpointer udp_new(const VcbTrafficConfig *config, const VcbTrafficEvents *events, int *ret_port,
                        GError **error)
{
    Udp *udp = g_new0(Udp, 1);

    udp->config = config;
    udp->events = events;
    udp->listener = udp->timer = -1;
    udp->flows = g_new0(Flow, (gsize)config->flows);
    for (int i = 0; i < config->flows; i++)
        udp->flows[i].fd = -1;
    if ((config->listens && !listen_for_all(udp, ret_port, error)) || !add_flows(udp, error)) {
        udp_free(udp);
        return NULL;
    }
    return udp;
}

static void start_source(Udp *udp)
{
    gint64 start_ns = now_ns();

    udp->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (udp->timer < 0) {
        lost(udp, errno);
        return;
    }
    udp->timer_source = g_unix_fd_add(udp->timer, G_IO_IN, on_tick, udp);
    for (int i = 0; i < udp->config->flows; i++)
        start_pacer(udp, (guint)i, start_ns);
    set_timer(udp, start_ns);
}

static void udp_start(gpointer data)
{
    Udp *udp = data;

    if (udp->config->is_source) {
        start_source(udp);
    } else if (!udp->config->listens) {
        send_openings(udp);
        udp->opening_timer = g_timeout_add(OPENING_GAP_US / 1000, on_opening_time, udp);
    }
}

static guint64 udp_bytes(gpointer data)
{
    return ((Udp *)data)->bytes;
}

static guint udp_flows(gpointer data)
{
    Udp *udp = data;
    guint n = 0;

    for (int i = 0; i < udp->config->flows; i++)
        n += udp->config->is_source ? udp->flows[i].sent > 0 : udp->flows[i].sequence->begun;
    return n;
}

static void udp_report(gpointer data, gboolean overall, cJSON *message)
{
    Udp *udp = data;
    guint64 sent = 0, skipped = 0, received = 0, missing = 0, duplicated = 0, reordered = 0;

    for (int i = 0; i < udp->config->flows; i++) {
        const Flow *flow = &udp->flows[i];

        sent += flow->sent;
        skipped += flow->not_sent + flow->pacer.skipped;
        if (!flow->sequence)
            continue;
        received += flow->sequence->received;
        missing += vcb_sequence_lost(flow->sequence);
        duplicated += flow->sequence->duplicated;
        reordered += flow->sequence->reordered;
    }
    if (udp->config->is_source) {
        vcb_json_add_int(message, "sent", (gint64)sent);
        vcb_json_add_int(message, "skipped", (gint64)skipped);
        return;
    }
    vcb_json_add_int(message, "received", (gint64)received);
    vcb_json_add_int(message, "lost", (gint64)missing);
    vcb_json_add_int(message, "duplicated", (gint64)duplicated);
    vcb_json_add_int(message, "reordered", (gint64)reordered);
}

const VcbTrafficFunctions VCB_TRAFFIC_DATAGRAMS = {
    .new = udp_new,
    .start = udp_start,
    .bytes = udp_bytes,
    .flows = udp_flows,
    .report = udp_report,
    .free = udp_free,
};
