/* A child with PR_SET_PDEATHSIG dies with its parent, however that ends: common/child.c sets it, so that a
 * vcbench that is killed leaves no peer behind. */
#include "tests/probe/probe.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int alive[2]; /* its writing end is held by the grandchild alone: end of file is its death */
    char byte;
    pid_t child;
    struct pollfd watch;
    gint64 killed_us;

    PROBE_EXPECT(pipe(alive) == 0, "no pipe");
    child = fork();
    if (child == 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (write(alive[1], "x", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        close(alive[1]);
        for (;;)
            pause();
    }
    close(alive[1]);
    PROBE_EXPECT(read(alive[0], &byte, 1) == 1, "the grandchild did not start");
    killed_us = g_get_monotonic_time();
    kill(child, SIGKILL);
    watch = (struct pollfd){.fd = alive[0], .events = POLLIN};
    PROBE_EXPECT(poll(&watch, 1, 5000) == 1 && read(alive[0], &byte, 1) == 0,
                 "the grandchild outlives its parent");
    PROBE_FOUND("the grandchild was gone %d us after its parent was killed\n",
                (int)(g_get_monotonic_time() - killed_us));
    waitpid(child, NULL, 0);
    return 0;
}
