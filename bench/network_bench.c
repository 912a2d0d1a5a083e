/* vcbench bench network: what the emulator costs and how exact it is, beside the kernel's own veth and netem, in one run.
 *
 *   network_paths.c    two hosts and what is between them        network_measure.c    rate, delay error, capacity, round trip
 *
 * Figures of one run may be compared; those of a busy machine say little about the emulator. Goals (of an idle machine): 150,000 packets/s,
 * delay error below 100 us at the median and 1 ms at the 99th percentile, capacity within 1 %. */
#include "bench/network_measure.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

typedef enum { KERNEL, KERNEL_NETEM, EMULATED } Kind;

static const struct {
    const char *name;
    Kind kind;
    const char *backend;
} PATHS[] = {
    {"veth, nothing between", KERNEL, NULL},
    {"veth with netem", KERNEL_NETEM, NULL},
    {"vcbench-net, tun", EMULATED, "tun"},
    {"vcbench-net, veth", EMULATED, "veth"},
};

static const gsize PAYLOADS[] = {36, 1172}; /* IP packets of 64 and 1200 bytes */
static const gint64 DELAYS_US[] = {0, 10000, 50000};
static const double RATES_BPS[] = {1e6, 10e6, 100e6};

static void print_rates(BenchPath *path)
{
    for (guint i = 0; i < G_N_ELEMENTS(PAYLOADS); i++) {
        BenchRate rate = bench_measure_rate(path, PAYLOADS[i]);

        printf("  %4zu-byte packets    %8.0f packets/s forwarded of %.0f offered", PAYLOADS[i] + 28,
               rate.forwarded_pps, rate.offered_pps);
        if (rate.per_core_s > 0)
            printf("; %.0f for each second of its processor time", rate.per_core_s);
        printf("\n");
    }
}

static void print_delays(BenchPath *path)
{
    for (guint i = 0; i < G_N_ELEMENTS(DELAYS_US); i++) {
        double cpu_s;
        BenchTimes error;

        if (!bench_path_set(path, DELAYS_US[i], 0))
            continue;
        cpu_s = bench_path_cpu_s(path);
        error = bench_measure_delay_error(path, DELAYS_US[i]);
        printf("  delay of %2d ms       error median %+.0f us, p99 %+.0f us, max %+.0f us",
               (int)(DELAYS_US[i] / 1000), error.median_us, error.p99_us, error.max_us);
        if (cpu_s > 0 && error.n)
            printf("; %.1f us of processor time a packet", (bench_path_cpu_s(path) - cpu_s) * 1e6 / error.n);
        printf("\n");
    }
}

static void print_capacities(BenchPath *path)
{
    for (guint i = 0; i < G_N_ELEMENTS(RATES_BPS); i++) {
        double measured_bps;

        if (!bench_path_set(path, 0, RATES_BPS[i]))
            return;
        measured_bps = bench_measure_capacity_bps(path, RATES_BPS[i]);
        printf("  capacity %3.0f Mbit/s  %.4f Mbit/s, error %+.2f %%\n", RATES_BPS[i] / 1e6,
               measured_bps / 1e6, (measured_bps / RATES_BPS[i] - 1) * 100);
    }
}

static void print_path(guint i)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BenchPath) path = PATHS[i].kind == EMULATED
                                    ? bench_path_new_emulated(PATHS[i].backend, &error)
                                    : bench_path_new_kernel(PATHS[i].kind == KERNEL_NETEM, &error);
    BenchTimes round_trip;

    printf("%s", PATHS[i].name);
    if (!path) {
        printf(": absent: %s\n\n", error->message);
        return;
    }
    if (bench_path_scheduler(path))
        printf(" (scheduler: %s)", bench_path_scheduler(path));
    printf("\n");
    fflush(stdout);
    print_rates(path);
    fflush(stdout);
    bench_path_set(path, 0, 0);
    round_trip = bench_measure_round_trip(path);
    printf("  round trip           median %.0f us, p99 %.0f us\n", round_trip.median_us, round_trip.p99_us);
    fflush(stdout);
    print_delays(path);
    fflush(stdout);
    print_capacities(path);
    printf("\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1) {
        printf("Usage:\n  vcbench bench network\n\nWhat the network emulator costs and how exact it is, "
               "beside the kernel's own. "
               "Takes about a minute.\n");
        return strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    printf("Two hosts, one way from a to b. Packets of 1200 bytes where nothing else is said, 1000 a second "
           "for delays.\n\n");
    for (guint i = 0; i < G_N_ELEMENTS(PATHS); i++)
        print_path(i);
    return 0;
}
