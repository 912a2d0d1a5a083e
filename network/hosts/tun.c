#include "network/hosts/backend.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char *remedy_of_opening(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return " (needs rights on it: setfacl -m u:$USER:rw /dev/net/tun; in a container also --device "
               "/dev/net/tun)";
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return " (the kernel's TUN driver is not there: modprobe tun; in a container: --device /dev/net/tun)";
    default:
        return "";
    }
}

static gboolean fail(GError **error, const char *call, int fd)
{
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "/dev/net/tun: %s: %s", call, g_strerror(errno));
    close(fd);
    return FALSE;
}

/* The device belongs to the network namespace in which the node is opened. */
static gboolean tun_create(VcbHostInterface *interface, guint number, VcbRtnetlink *rtnetlink,
                           const VcbFarSide *far, GError **error)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "/dev/net/tun: %s%s", g_strerror(errno),
                    remedy_of_opening(errno));
        return FALSE;
    }
    strncpy(request.ifr_name, interface->name, IFNAMSIZ - 1);
    if (ioctl(fd, TUNSETIFF, &request) != 0)
        return fail(error, "TUNSETIFF", fd);
    /* Whole packets with their checksums, none longer than the MTU. */
    if (ioctl(fd, TUNSETOFFLOAD, 0) != 0)
        return fail(error, "TUNSETOFFLOAD", fd);
    /* A device that goes with its descriptor takes the kernel 30 ms to end, one by one; those that stay until their namespace ends
     * go all at once. */
    if (ioctl(fd, TUNSETPERSIST, 1) != 0)
        return fail(error, "TUNSETPERSIST", fd);
    interface->index = vcb_rtnetlink_index(rtnetlink, interface->name, error);
    if (!interface->index) {
        close(fd);
        return FALSE;
    }
    interface->fd = fd;
    return TRUE;
}

static gboolean tun_connect(VcbHostInterface *interface, GError **error)
{
    return TRUE;
}

static gboolean tun_set_carrier(VcbHostInterface *interface, gboolean on, VcbRtnetlink *rtnetlink,
                                const VcbFarSide *far, GError **error)
{
    return vcb_rtnetlink_set_carrier(rtnetlink, interface->index, on, error);
}

static gboolean tun_dropped(VcbHostInterface *interface, VcbRtnetlink *rtnetlink, guint64 *ret_dropped,
                            GError **error)
{
    return vcb_rtnetlink_tx_dropped(rtnetlink, interface->index, ret_dropped, error);
}

const VcbInterfaceBackend vcb_tun_backend = {tun_create, tun_connect, tun_set_carrier, tun_dropped};
