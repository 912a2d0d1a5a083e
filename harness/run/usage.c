#include "harness/run/usage.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

gint64 vcb_usage_cpu_us(pid_t pid)
{
    struct timespec time;
    clockid_t clock;

    /* The process's CPU clock: nanoseconds, where /proc/PID/stat has ticks of 10 ms. */
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return -1;
    return (gint64)time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

gint64 vcb_usage_pss_bytes(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/smaps_rollup", (int)pid);
    g_autofree char *text = NULL;
    const char *line;
    gint64 kib;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, "\nPss:")))
        return -1;
    return sscanf(line, "\nPss: %" G_GINT64_FORMAT, &kib) == 1 ? kib * 1024 : -1;
}

void vcb_usage_log(VcbRunLog *log, const char *process, pid_t pid, gboolean with_memory)
{
    gint64 cpu_us = pid > 0 ? vcb_usage_cpu_us(pid) : -1,
           pss_bytes = with_memory && cpu_us >= 0 ? vcb_usage_pss_bytes(pid) : -1;
    cJSON *event;

    if (cpu_us < 0)
        return;
    event = vcb_run_log_event("process-usage");
    cJSON_AddStringToObject(event, "process", process);
    vcb_json_add_int(event, "cpu_us", cpu_us);
    if (pss_bytes >= 0)
        vcb_json_add_int(event, "pss_bytes", pss_bytes);
    vcb_run_log_write(log, NULL, "vcbench", event);
}
