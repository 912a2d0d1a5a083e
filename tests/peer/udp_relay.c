#include "tests/peer/udp_relay.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

typedef struct {
    gint64 due_us;
    guint index; /* in the log */
    gsize size;
    guint8 bytes[2048];
} Waiting;

struct VcbUdpRelay {
    int sockets[2];
    struct sockaddr_in addresses[2]; /* the peers' own; port 0: not known yet */
    guint watches[2];
    int timer;
    guint timer_watch;
    GQueue waiting; /* of Waiting, by due_us */
    GArray *log;
    int srtp_profile;
    VcbRelayDecision decide;
    gpointer user_data;
};

static guint32 read_number(const guint8 *p, int n_bytes)
{
    guint32 value = 0;

    for (int i = 0; i < n_bytes; i++)
        value = value << 8 | p[i];
    return value;
}

static void read_rtp(VcbRelayed *datagram, const guint8 *bytes)
{
    gsize header = 12 + 4 * (gsize)(bytes[0] & 0x0f);

    if (bytes[0] & 0x10 && datagram->size >= header + 4)
        header += 4 + 4 * (gsize)read_number(bytes + header + 2, 2);
    datagram->padding = (bytes[0] & 0x20) != 0;
    datagram->marker = bytes[1] >> 7;
    datagram->payload_type = bytes[1] & 0x7f;
    datagram->sequence = (guint16)read_number(bytes + 2, 2);
    datagram->rtp_time = read_number(bytes + 4, 4);
    datagram->ssrc = read_number(bytes + 8, 4);
    if (datagram->size < header + VCB_SRTP_TAG_BYTES) {
        datagram->class = VCB_DATAGRAM_OTHER; /* no room for the tag: not SRTP */
        return;
    }
    datagram->header_bytes = header;
    datagram->payload_bytes = datagram->size - header - VCB_SRTP_TAG_BYTES;
    datagram->first_payload_byte = datagram->size > header ? bytes[header] : 0;
}

static VcbDatagramClass classify(const guint8 *bytes, gsize size)
{
    if (size >= 20 && bytes[0] < 4 && read_number(bytes + 4, 4) == 0x2112a442)
        return VCB_DATAGRAM_STUN; /* with its magic cookie, RFC 8489 section 5 */
    if (size >= 13 && bytes[0] >= 20 && bytes[0] < 64)
        return VCB_DATAGRAM_DTLS;
    if (size >= 12 && bytes[0] >= 128 && bytes[0] < 192)
        return bytes[1] >= 192 && bytes[1] < 224 ? VCB_DATAGRAM_RTCP : VCB_DATAGRAM_RTP;
    return VCB_DATAGRAM_OTHER;
}

/* The use_srtp extension (RFC 5764 section 4.1.1) of a ServerHello at the head of a DTLS record (RFC 6347).
 */
static int srtp_profile_of(const guint8 *bytes, gsize size)
{
    gsize at = 13 + 12 + 2 + 32; /* record, handshake header, version, random */
    gsize end;

    if (size < at + 1 || bytes[0] != 22 || bytes[13] != 2)
        return 0;
    at += 1 + (gsize)bytes[at] + 2 + 1; /* session, cipher suite, compression */
    if (size < at + 2)
        return 0;
    end = MIN(size, at + 2 + read_number(bytes + at, 2));
    for (at += 2; at + 4 <= end; at += 4 + (gsize)read_number(bytes + at + 2, 2))
        if (read_number(bytes + at, 2) == 14 && at + 8 <= end)
            return (int)read_number(bytes + at + 6, 2);
    return 0;
}

static void send_on(VcbUdpRelay *relay, guint index, const guint8 *bytes, gsize size)
{
    VcbRelayed *datagram = &g_array_index(relay->log, VcbRelayed, index);
    int to = !datagram->from;

    datagram->out_us = vcb_clock_now_us();
    /* Whoever has closed its socket already does not matter. */
    (void)!sendto(relay->sockets[to], bytes, size, 0, (const struct sockaddr *)&relay->addresses[to],
                  sizeof relay->addresses[to]);
}

static void set_timer(VcbUdpRelay *relay)
{
    const Waiting *first = g_queue_peek_head(&relay->waiting);
    struct itimerspec spec = {0};

    if (first) {
        spec.it_value.tv_sec = first->due_us / G_USEC_PER_SEC;
        spec.it_value.tv_nsec = first->due_us % G_USEC_PER_SEC * 1000 + 1; /* 0 would disarm it */
    }
    timerfd_settime(relay->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static gboolean on_time(gint fd, GIOCondition condition, gpointer user_data)
{
    VcbUdpRelay *relay = user_data;
    guint64 times;

    (void)!read(fd, &times, sizeof times);
    for (Waiting *first;
         (first = g_queue_peek_head(&relay->waiting)) && first->due_us <= vcb_clock_now_us();) {
        g_queue_pop_head(&relay->waiting);
        send_on(relay, first->index, first->bytes, first->size);
        g_free(first);
    }
    set_timer(relay);
    return G_SOURCE_CONTINUE;
}

static gint by_due(gconstpointer a, gconstpointer b, gpointer unused)
{
    const Waiting *one = a, *other = b;

    return one->due_us < other->due_us ? -1 : one->due_us > other->due_us;
}

static gboolean on_datagram(gint fd, GIOCondition condition, gpointer user_data)
{
    VcbUdpRelay *relay = user_data;
    guint8 bytes[2048];
    ssize_t size;

    while ((size = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        VcbRelayed datagram = {.in_us = vcb_clock_now_us(), .out_us = -1, .from = fd == relay->sockets[1]};
        gint64 hold_us;

        datagram.size = (gsize)size;
        datagram.class = classify(bytes, datagram.size);
        if (datagram.class == VCB_DATAGRAM_RTP)
            read_rtp(&datagram, bytes);
        else if (datagram.class == VCB_DATAGRAM_DTLS && !relay->srtp_profile)
            relay->srtp_profile = srtp_profile_of(bytes, datagram.size);
        hold_us = relay->decide ? relay->decide(&datagram, relay->user_data) : 0;
        g_array_append_val(relay->log, datagram);
        if (hold_us > 0) {
            Waiting *waiting = g_new(Waiting, 1);

            waiting->due_us = datagram.in_us + hold_us;
            waiting->index = relay->log->len - 1;
            waiting->size = datagram.size;
            memcpy(waiting->bytes, bytes, datagram.size);
            g_queue_insert_sorted(&relay->waiting, waiting, by_due, NULL);
            set_timer(relay);
        } else if (hold_us == 0) {
            send_on(relay, relay->log->len - 1, bytes, datagram.size);
        }
    }
    return G_SOURCE_CONTINUE;
}

VcbUdpRelay *vcb_udp_relay_new(VcbRelayDecision decide, gpointer user_data)
{
    VcbUdpRelay *relay = g_new0(VcbUdpRelay, 1);
    int room = 4 << 20;

    relay->decide = decide;
    relay->user_data = user_data;
    relay->log = g_array_new(FALSE, FALSE, sizeof(VcbRelayed));
    g_queue_init(&relay->waiting);
    relay->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    relay->timer_watch = g_unix_fd_add(relay->timer, G_IO_IN, on_time, relay);
    for (int i = 0; i < 2; i++) {
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        relay->addresses[i].sin_family = AF_INET;
        relay->sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        g_assert(relay->sockets[i] >= 0);
        setsockopt(relay->sockets[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        g_assert(bind(relay->sockets[i], (const struct sockaddr *)&any, sizeof any) == 0);
        relay->watches[i] = g_unix_fd_add(relay->sockets[i], G_IO_IN, on_datagram, relay);
    }
    return relay;
}

void vcb_udp_relay_free(VcbUdpRelay *relay)
{
    if (!relay)
        return;
    for (int i = 0; i < 2; i++) {
        g_source_remove(relay->watches[i]);
        close(relay->sockets[i]);
    }
    g_source_remove(relay->timer_watch);
    close(relay->timer);
    g_queue_clear_full(&relay->waiting, g_free);
    g_array_unref(relay->log);
    g_free(relay);
}

char *vcb_udp_relay_candidate(VcbUdpRelay *relay, int from, const char *candidate)
{
    g_auto(GStrv) fields = g_strsplit(candidate, " ", -1);
    struct sockaddr_in own;
    socklen_t size = sizeof own;

    if (g_strv_length(fields) < 8) /* RFC 8839 section 5.1; the end of candidates is empty */
        return g_strdup(candidate);
    g_assert(inet_pton(AF_INET, fields[4], &relay->addresses[from].sin_addr) == 1);
    relay->addresses[from].sin_port = htons((guint16)g_ascii_strtoull(fields[5], NULL, 10));
    /* The other side sends to the socket of its own side. */
    getsockname(relay->sockets[!from], (struct sockaddr *)&own, &size);
    g_free(fields[4]);
    g_free(fields[5]);
    fields[4] = g_strdup("127.0.0.1");
    fields[5] = g_strdup_printf("%d", ntohs(own.sin_port));
    return g_strjoinv(" ", fields);
}

const GArray *vcb_udp_relay_log(const VcbUdpRelay *relay)
{
    return relay->log;
}

int vcb_udp_relay_srtp_profile(const VcbUdpRelay *relay)
{
    return relay->srtp_profile;
}
