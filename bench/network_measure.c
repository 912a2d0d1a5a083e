#include "bench/network_measure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PORT 5000
#define IP_UDP_BYTES 28
#define BURST 64
#define MOST_SAMPLES 100000
#define RATE_NS G_GINT64_CONSTANT(2000000000)
#define DELAY_SAMPLES 4000
#define ROUND_TRIPS 3000
#define CAPACITY_PACKET 1200 /* bytes of IP */
#define CAPACITY_NS G_GINT64_CONSTANT(3000000000)
#define SETTLE_NS G_GINT64_CONSTANT(500000000)

/* Shared by the children of one measurement. */
typedef struct {
    gint b_is_ready; /* atomic */
    guint64 sent, received;
    double value;
    guint n_samples;
    double samples[MOST_SAMPLES];
} Shared;

static gint64 now_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_until(gint64 at_ns)
{
    struct timespec at = {at_ns / 1000000000, at_ns % 1000000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static int open_socket(const BenchPath *path, gboolean is_b)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const struct timeval patience = {.tv_sec = 1};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, bench_path_b_address(path), &address.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (is_b) {
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes);
        setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &yes, sizeof yes);
    }
    if ((is_b ? bind : connect)(fd, (struct sockaddr *)&address, sizeof address) != 0)
        _exit(98);
    return fd;
}

typedef void (*Part)(int fd, const BenchPath *path, Shared *shared, double parameter);

static pid_t start(const BenchPath *path, gboolean is_b, Part part, Shared *shared, double parameter)
{
    pid_t pid = fork();

    if (pid == 0) {
        int fd;

        if (is_b)
            bench_path_enter_b(path);
        else
            bench_path_enter_a(path);
        fd = open_socket(path, is_b);
        if (is_b) {
            g_atomic_int_set(&shared->b_is_ready, 1);
        } else {
            while (!g_atomic_int_get(&shared->b_is_ready))
                sleep_until(now_ns(CLOCK_MONOTONIC) + 1000000);
        }
        part(fd, path, shared, parameter);
        _exit(0);
    }
    return pid;
}

static gboolean await(pid_t pid)
{
    int status = 0;

    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return TRUE;
    g_printerr("a part of the measurement failed (status %d)\n", status);
    return FALSE;
}

static Shared *new_shared(void)
{
    return mmap(NULL, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* --- forwarding rate --- */

/* Packets that came to interfaces of this namespace other than lo. */
static guint64 count_received(void)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    guint64 sum = 0;

    if (!g_file_get_contents("/proc/thread-self/net/dev", &text, NULL, NULL))
        return 0;
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 2; lines[i]; i++) {
        const char *colon = strchr(lines[i], ':');
        char *end;

        if (!colon || strstr(lines[i], "lo:"))
            continue;
        g_ascii_strtoull(colon + 1, &end, 10);
        sum += g_ascii_strtoull(end, NULL, 10);
    }
    return sum;
}

/* b reads nothing: what does not fit into the socket is counted all the same, and costs next to nothing. */
static void count_at_b(int fd, const BenchPath *path, Shared *shared, double parameter)
{
    guint64 before;
    gint64 began_ns;

    sleep_until(now_ns(CLOCK_MONOTONIC) + SETTLE_NS);
    before = count_received();
    began_ns = now_ns(CLOCK_MONOTONIC);
    shared->samples[0] = bench_path_cpu_s(path);
    sleep_until(began_ns + RATE_NS);
    shared->received = count_received() - before;
    shared->samples[1] = bench_path_cpu_s(path);
    shared->value = (double)(now_ns(CLOCK_MONOTONIC) - began_ns) / 1e9;
}

static void flood(int fd, const BenchPath *path, Shared *shared, double payload_bytes)
{
    static guint8 payload[9000];
    struct iovec part = {payload, (size_t)payload_bytes};
    struct mmsghdr messages[BURST];
    gint64 began_ns = now_ns(CLOCK_MONOTONIC), until_ns = began_ns + 2 * SETTLE_NS + RATE_NS;

    memset(messages, 0, sizeof messages);
    for (guint i = 0; i < BURST; i++)
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &part, .msg_iovlen = 1};
    while (now_ns(CLOCK_MONOTONIC) < until_ns) {
        int n = sendmmsg(fd, messages, BURST, 0);

        if (n > 0)
            shared->sent += (guint64)n;
    }
    shared->n_samples = (guint)((now_ns(CLOCK_MONOTONIC) - began_ns) / 1000000); /* ms */
}

BenchRate bench_measure_rate(BenchPath *path, gsize payload_bytes)
{
    Shared *shared = new_shared();
    pid_t b = start(path, TRUE, count_at_b, shared, 0);
    pid_t a = start(path, FALSE, flood, shared, (double)payload_bytes);
    BenchRate rate = {0};

    if (await(a) & await(b)) {
        double cpu_s = shared->samples[1] - shared->samples[0];

        rate.offered_pps = (double)shared->sent * 1000 / shared->n_samples;
        rate.forwarded_pps = (double)shared->received / shared->value;
        rate.per_core_s = cpu_s > 0 ? (double)shared->received / cpu_s : 0;
    }
    munmap(shared, sizeof *shared);
    return rate;
}

/* --- times --- */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static BenchTimes summarise(Shared *shared)
{
    guint n = shared->n_samples;
    BenchTimes times = {.n = n};

    if (n) {
        qsort(shared->samples, n, sizeof *shared->samples, compare);
        times.median_us = shared->samples[n / 2];
        times.p99_us = shared->samples[(guint)((double)n * 0.99)];
        times.max_us = shared->samples[n - 1];
    }
    return times;
}

/* One datagram: its length, and when the kernel took it, by CLOCK_REALTIME. *overflown: how many the socket had no room for until
 * then, as this process had no processor. FALSE: none came for a second. */
static gboolean receive_stamped(int fd, void *data, gsize size, gssize *ret_length, gint64 *ret_at_ns,
                                guint32 *overflown)
{
    char control[128];
    struct iovec part = {data, size};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct timespec stamp = {0};

    *ret_length = recvmsg(fd, &message, 0);
    if (*ret_length < 0)
        return FALSE;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_TIMESTAMPNS)
            memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
        else if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_RXQ_OVFL)
            memcpy(overflown, CMSG_DATA(header), sizeof *overflown);
    *ret_at_ns = (gint64)stamp.tv_sec * 1000000000 + stamp.tv_nsec;
    return TRUE;
}

static void receive_delays(int fd, const BenchPath *path, Shared *shared, double configured_us)
{
    gint64 sent_ns[150], at_ns;
    guint32 overflown = 0;
    gssize n;

    while (shared->n_samples < DELAY_SAMPLES &&
           receive_stamped(fd, sent_ns, sizeof sent_ns, &n, &at_ns, &overflown))
        shared->samples[shared->n_samples++] = (double)(at_ns - sent_ns[0]) / 1000 - configured_us;
}

static void send_each_ms(int fd, const BenchPath *path, Shared *shared, double parameter)
{
    gint64 stamps[150] = {0}, next_ns = now_ns(CLOCK_MONOTONIC);

    for (guint i = 0; i < DELAY_SAMPLES; i++) {
        sleep_until(next_ns += 1000000);
        stamps[0] = now_ns(CLOCK_REALTIME);
        if (send(fd, stamps, sizeof stamps, 0) < 0)
            _exit(97);
    }
}

static BenchTimes measure_times(BenchPath *path, Part at_b, Part at_a, double parameter)
{
    Shared *shared = new_shared();
    pid_t b = start(path, TRUE, at_b, shared, parameter), a = start(path, FALSE, at_a, shared, parameter);
    BenchTimes times = {0};

    if (await(a) & await(b))
        times = summarise(shared);
    munmap(shared, sizeof *shared);
    return times;
}

BenchTimes bench_measure_delay_error(BenchPath *path, gint64 configured_us)
{
    return measure_times(path, receive_delays, send_each_ms, (double)configured_us);
}

static void echo(int fd, const BenchPath *path, Shared *shared, double parameter)
{
    for (guint i = 0; i < ROUND_TRIPS; i++) {
        struct sockaddr_in from;
        socklen_t length = sizeof from;
        char data[64];
        ssize_t n = recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &length);

        if (n < 0 || sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from, length) != n)
            return;
    }
}

static void ping(int fd, const BenchPath *path, Shared *shared, double parameter)
{
    for (guint i = 0; i < ROUND_TRIPS; i++) {
        gint64 began_ns = now_ns(CLOCK_MONOTONIC);
        char data[64] = "";

        if (send(fd, data, sizeof data, 0) < 0 || recv(fd, data, sizeof data, 0) < 0)
            return;
        shared->samples[shared->n_samples++] = (double)(now_ns(CLOCK_MONOTONIC) - began_ns) / 1000;
    }
}

BenchTimes bench_measure_round_trip(BenchPath *path)
{
    return measure_times(path, echo, ping, 0);
}

/* --- capacity --- */

static void receive_at_capacity(int fd, const BenchPath *path, Shared *shared, double rate_bps)
{
    gint64 first_ns = 0, counted_from_ns = 0, last_ns = 0, at_ns;
    guint32 overflown = 0, overflown_before = 0;
    guint8 data[2048];
    guint64 n_packets = 0;
    gssize n;

    while (receive_stamped(fd, data, sizeof data, &n, &at_ns, &overflown)) {
        if (!first_ns)
            first_ns = at_ns;
        if (counted_from_ns) {
            n_packets++;
            last_ns = at_ns;
        } else if (at_ns - first_ns > SETTLE_NS) {
            counted_from_ns = at_ns;
            overflown_before = overflown;
        }
        if (at_ns - first_ns > CAPACITY_NS)
            break;
    }
    if (last_ns > counted_from_ns)
        shared->value = (double)(n_packets + overflown - overflown_before) * CAPACITY_PACKET * 8e9 /
                        (double)(last_ns - counted_from_ns);
}

static void offer_more(int fd, const BenchPath *path, Shared *shared, double rate_bps)
{
    static const guint8 data[CAPACITY_PACKET - IP_UDP_BYTES];
    gint64 began_ns = now_ns(CLOCK_MONOTONIC), sent = 0;

    for (gint64 at_ns = 0; at_ns < CAPACITY_NS + 2 * SETTLE_NS; at_ns += 1000000) {
        sleep_until(began_ns + at_ns);
        for (; (double)sent * CAPACITY_PACKET * 8 < 1.5 * rate_bps * (double)at_ns / 1e9; sent++)
            send(fd, data, sizeof data, 0);
    }
}

double bench_measure_capacity_bps(BenchPath *path, double configured_bps)
{
    Shared *shared = new_shared();
    pid_t b = start(path, TRUE, receive_at_capacity, shared, configured_bps),
          a = start(path, FALSE, offer_more, shared, configured_bps);
    double measured_bps = 0;

    if (await(a) & await(b))
        measured_bps = shared->value;
    munmap(shared, sizeof *shared);
    return measured_bps;
}
