/* What a process costs, as the kernel counts it. */
#pragma once

#include "harness/run/run_log.h"

#include <sys/types.h>

/* Processor time of all its threads since its start, us; -1 where the process is gone. */
gint64 vcb_usage_cpu_us(pid_t pid);

/* Proportional set size (memory, with shared pages shared out), bytes; -1 where it cannot be read. Costs the
 * kernel about a millisecond for a media process: not for every sample. */
gint64 vcb_usage_pss_bytes(pid_t pid);

/* A process-usage line of a process that belongs to no call. Nothing where pid is 0 or gone. */
void vcb_usage_log(VcbRunLog *log, const char *process, pid_t pid, gboolean with_memory);
