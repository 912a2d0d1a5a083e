/* A process descriptor (pidfd_open(2), Linux 5.3) becomes readable when the process ends, before it is
 * reaped: common/child.c watches one on the main loop, and so notices a death at once. */
#include "tests/probe/probe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    pid_t child = fork();
    struct pollfd watch = {.events = POLLIN};
    gint64 killed_us, noticed_us;
    int status;

    if (child == 0)
        for (;;)
            pause();
    watch.fd = (int)syscall(SYS_pidfd_open, child, 0);
    PROBE_EXPECT(watch.fd >= 0, "pidfd_open: %s", g_strerror(errno));
    PROBE_EXPECT(poll(&watch, 1, 0) == 0, "readable while the process runs");
    killed_us = g_get_monotonic_time();
    kill(child, SIGKILL);
    PROBE_EXPECT(poll(&watch, 1, 5000) == 1, "not readable when the process has ended");
    noticed_us = g_get_monotonic_time();
    PROBE_FOUND("readable %d us after the kill\n", (int)(noticed_us - killed_us));
    PROBE_EXPECT(waitpid(child, &status, WNOHANG) == child, "readable before it can be reaped");
    PROBE_EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "another status");
    close(watch.fd);
    return 0;
}
