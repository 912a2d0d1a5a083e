/* What bench/network_bench.c measures between the two hosts of a path. Each call takes a second or a few. */
#pragma once

#include "bench/network_paths.h"

typedef struct {
    double offered_pps, forwarded_pps; /* sent by a; arrived at b's interface */
    double per_core_s; /* forwarded for each second of processor time of the emulator's; 0 without one */
} BenchRate;

/* a sends datagrams of so many bytes as fast as it can. */
BenchRate bench_measure_rate(BenchPath *path, gsize payload_bytes);

typedef struct {
    guint n;
    double median_us, p99_us, max_us;
} BenchTimes;

/* 1,000 packets a second from a to b: how much longer than configured each took, from before send() to the kernel's stamp at b. */
BenchTimes bench_measure_delay_error(BenchPath *path, gint64 configured_us);

/* A datagram there and back, one at a time. */
BenchTimes bench_measure_round_trip(BenchPath *path);

/* Half more than the capacity is offered: bit/s of IP that arrive. */
double bench_measure_capacity_bps(BenchPath *path, double configured_bps);
