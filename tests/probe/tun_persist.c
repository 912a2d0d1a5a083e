/* A TUN device with TUNSETPERSIST outlives its descriptor, but not its network namespace: network/hosts/tun.c sets it, because devices
 * that go with their descriptor go slowly, and counts on nothing being left. */
#include "network/hosts/namespaces.h"
#include "tests/probe/probe.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int attach(void)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

    strcpy(request.ifr_name, "eth0");
    PROBE_EXPECT(fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0, "no TUN device can be made");
    return fd;
}

/* In a namespace of its own, the only one that may be. */
static int in_a_namespace(void)
{
    int fd;
    FILE *devices;
    char text[4096] = "";

    if (unshare(CLONE_NEWNET) != 0)
        return 2;
    fd = attach();
    PROBE_EXPECT(ioctl(fd, TUNSETPERSIST, 1) == 0, "TUNSETPERSIST is refused");
    close(fd);
    devices = fopen("/proc/net/dev", "r");
    PROBE_EXPECT(devices && fread(text, 1, sizeof text - 1, devices) > 0 && strstr(text, "eth0:"),
                 "the device went with its descriptor");
    return 0;
}

int main(void)
{
    gint64 begin_us = g_get_monotonic_time(), deadline_us = begin_us + 20 * G_USEC_PER_SEC;
    g_autoptr(GError) error = NULL;
    int made = 0, status;
    FILE *limit;

    PROBE_SKIP_IF(access("/dev/net/tun", R_OK | W_OK) != 0, "/dev/net/tun may not be opened here; root may");
    PROBE_SKIP_IF(!vcb_namespaces_enter_new_user(&error), "no user namespace: %s", error->message);
    limit = fopen("/proc/sys/user/max_net_namespaces", "w");
    PROBE_EXPECT(limit && fputs("1", limit) >= 0 && fclose(limit) == 0,
                 "network namespaces cannot be limited");
    /* The tenth can only be made when the nine before are gone, devices and all. */
    while (made < 10 && g_get_monotonic_time() < deadline_us) {
        pid_t pid = fork();

        if (pid == 0)
            _exit(in_a_namespace());
        waitpid(pid, &status, 0);
        PROBE_EXPECT(WIFEXITED(status) && WEXITSTATUS(status) != 1, "see above");
        made += WEXITSTATUS(status) == 0;
    }
    PROBE_EXPECT(made == 10,
                 "a namespace with a persistent TUN device stays: only %d were made one after the other",
                 made);
    PROBE_FOUND("ten namespaces with a persistent TUN device each came and went in %d ms\n",
                (int)((g_get_monotonic_time() - begin_us) / 1000));
    return 0;
}
