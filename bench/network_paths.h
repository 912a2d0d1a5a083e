/* The paths that bench/network_bench.c compares: two hosts, a and b, each a network namespace, and what is between them.
 *
 *   veth    a ---- veth pair ---- b            the kernel alone
 *   netem   a ---- veth pair ---- b            with netem at a's end, where the kernel has it
 *   tun     a ---- vcbench-net ---- b          router a -- internet -- router b
 *   veth    a ---- vcbench-net ---- b
 */
#pragma once

#include <glib.h>

typedef struct BenchPath BenchPath;

/* NULL and an error: it cannot be made here. */
BenchPath *bench_path_new_kernel(gboolean with_netem, GError **error);
BenchPath *bench_path_new_emulated(const char *backend, GError **error); /* "tun", "veth" */
void bench_path_free(BenchPath *path);

/* What a's packets meet from now on, one way. rate_bps 0: no limit. FALSE: the path has nothing of the kind. */
gboolean bench_path_set(BenchPath *path, gint64 delay_us, double rate_bps);

/* In a child process: be on a host from now on. Ends the process where that fails. */
void bench_path_enter_a(const BenchPath *path);
void bench_path_enter_b(const BenchPath *path);

const char *bench_path_b_address(const BenchPath *path);

/* Processor time that the emulator's process has used, in seconds; 0 where there is none. */
double bench_path_cpu_s(const BenchPath *path);
/* "fifo", "other"; NULL where there is no emulator. */
const char *bench_path_scheduler(const BenchPath *path);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BenchPath, bench_path_free)
