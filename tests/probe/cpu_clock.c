/* Another process's CPU time can be read by its number, in one cheap call (clock_getcpuclockid(3)):
 * harness/run/usage.c samples each peer so. */
#include "tests/probe/probe.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static gint64 now_us(clockid_t clock)
{
    struct timespec now;

    PROBE_EXPECT(clock_gettime(clock, &now) == 0, "the clock cannot be read");
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

int main(void)
{
    pid_t child = fork();
    clockid_t clock;
    gint64 first_us, deadline_us = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

    if (child == 0)
        for (volatile guint64 i = 0;; i++)
            ;
    PROBE_EXPECT(clock_getcpuclockid(child, &clock) == 0, "no CPU clock of another process");
    first_us = now_us(clock);
    while (now_us(clock) - first_us < 20000 && g_get_monotonic_time() < deadline_us)
        ;
    PROBE_FOUND("a busy child's CPU time went from %d to %d us\n", (int)first_us, (int)now_us(clock));
    PROBE_EXPECT(now_us(clock) - first_us >= 20000, "it stands still");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    PROBE_EXPECT(clock_getcpuclockid(child, &clock) != 0,
                 "the clock of a process that is gone can still be had");
    return 0;
}
