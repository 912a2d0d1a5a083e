/* rtnetlink switches the carrier of a TUN device (IFLA_CARRIER), and asking for the link makes the loss visible at once in the
 * interface's flags: network/hosts/interface.c takes interfaces down and up like that. */
#include "network/hosts/namespaces.h"
#include "network/hosts/rtnetlink.h"
#include "tests/probe/probe.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean is_running(void)
{
    struct ifreq request = {.ifr_name = "eth0"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    PROBE_EXPECT(ioctl(fd, SIOCGIFFLAGS, &request) == 0, "no flags");
    close(fd);
    return (request.ifr_flags & IFF_RUNNING) != 0;
}

int main(void)
{
    struct ifreq request = {.ifr_name = "eth0", .ifr_flags = IFF_TUN | IFF_NO_PI};
    VcbLinkChange up = {.flags = IFF_UP, .mask = IFF_UP};
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbRtnetlink) rtnetlink = NULL;
    int fd, index, late = 0;
    gint64 begin_us;

    PROBE_SKIP_IF(access("/dev/net/tun", R_OK | W_OK) != 0, "/dev/net/tun may not be opened here; root may");
    PROBE_SKIP_IF(!vcb_namespaces_enter_new_user(&error) || vcb_namespaces_enter_new_network(&error) < 0,
                  "%s", error->message);
    fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    PROBE_EXPECT(fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0, "no TUN device can be made");
    rtnetlink = vcb_rtnetlink_open(&error);
    index = rtnetlink ? vcb_rtnetlink_index(rtnetlink, "eth0", &error) : 0;
    PROBE_EXPECT(index && vcb_rtnetlink_change_link(rtnetlink, index, &up, &error), "%s", error->message);
    begin_us = g_get_monotonic_time();
    for (int i = 0; i < 20; i++)
        for (gboolean on = FALSE; on <= TRUE; on++) {
            PROBE_EXPECT(vcb_rtnetlink_set_carrier(rtnetlink, index, on, &error) &&
                             vcb_rtnetlink_settle_link(rtnetlink, index, &error),
                         "%s", error->message);
            late += is_running() != on;
        }
    PROBE_FOUND("the carrier changed 40 times in %d us\n", (int)(g_get_monotonic_time() - begin_us));
    PROBE_SKIP_IF(late,
                  "%d of 40 changes were seen late: before Linux 6.9 an application notices a lost carrier "
                  "up to 1 s later",
                  late);
    return 0;
}
