/* GLib's monotonic time is CLOCK_MONOTONIC in microseconds, which all processes of a machine share:
 * common/clock.h says so, and differences between two processes' stamps rest on it. */
#include "tests/probe/probe.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static gint64 clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

int main(void)
{
    int fds[2];
    gint64 before_us, there_us = 0, after_us;

    for (int i = 0; i < 1000; i++) {
        gint64 low_us = clock_us(), glib_us = g_get_monotonic_time(), high_us = clock_us();

        PROBE_EXPECT(low_us <= glib_us && glib_us <= high_us, "g_get_monotonic_time is another clock");
    }
    PROBE_EXPECT(pipe(fds) == 0, "no pipe");
    before_us = clock_us();
    if (fork() == 0) {
        there_us = g_get_monotonic_time();
        _exit(write(fds[1], &there_us, sizeof there_us) != sizeof there_us);
    }
    PROBE_EXPECT(read(fds[0], &there_us, sizeof there_us) == sizeof there_us, "the child said nothing");
    after_us = clock_us();
    wait(NULL);
    PROBE_FOUND("a child's stamp lies %d us after ours and %d us before the next\n",
                (int)(there_us - before_us), (int)(after_us - there_us));
    PROBE_EXPECT(before_us <= there_us && there_us <= after_us, "another process's clock differs");
    return 0;
}
