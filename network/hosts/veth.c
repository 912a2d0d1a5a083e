#include "network/hosts/backend.h"

#include "common/error.h"
#include "network/hosts/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bytes of the packet socket's queue: room for VCB_HOST_QUEUE_PACKETS of 1500 bytes, each of which the kernel counts as 2304. It
 * doubles the number it is given. */
#define SOCKET_BUFFER (VCB_HOST_QUEUE_PACKETS * 2304 / 2)

/* Whole packets with their checksums, none longer than the MTU; and a corrupted one is noticed by whoever receives it. */
static gboolean switch_offloads_off(const char *name, GError **error)
{
    static const guint32 OFFLOADS[] = {ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO,
                                       ETHTOOL_SGRO};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    gboolean done = fd >= 0;

    for (gsize i = 0; done && i < G_N_ELEMENTS(OFFLOADS); i++) {
        struct ethtool_value value = {.cmd = OFFLOADS[i], .data = 0};
        struct ifreq request = {.ifr_data = (char *)&value};

        strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        done = ioctl(fd, SIOCETHTOOL, &request) == 0;
    }
    if (!done)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "switching the offloads of %s off: %s", name,
                    g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return done;
}

/* Of Ethernet frames, those of IPv4 and IPv6. */
static gboolean accept_ip_only(int fd)
{
    static struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0x40000),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog filter = {G_N_ELEMENTS(program), program};

    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

/* A packet socket of the namespace the caller is in, that hears nothing yet. */
static int open_packet_socket(GError **error)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), bytes = SOCKET_BUFFER, on = 1;

    if (fd < 0 || !accept_ip_only(fd) ||
        setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "AF_PACKET socket: %s", g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    /* Beyond net.core.rmem_max only root may go: without it the queue is shorter, which vcb_hosts_count_drops shows. */
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return fd;
}

static char *far_name(guint number)
{
    return g_strdup_printf("v%u", number);
}

static gboolean veth_create(VcbHostInterface *interface, guint number, VcbRtnetlink *rtnetlink,
                            const VcbFarSide *far, GError **error)
{
    /* Without ARP on this side, too; longer than any host's MTU, which alone decides. */
    VcbLinkChange far_change = {.flags = IFF_NOARP, .mask = IFF_NOARP, .mtu = VCB_PACKET_MAX};
    g_autofree char *peer = far_name(number);

    vcb_wire_link_address(number, interface->link_address);
    if (!vcb_rtnetlink_add_veth(rtnetlink, interface->name, interface->link_address, peer, far->namespace_fd,
                                error)) {
        g_prefix_error(error, "veth (the kernel's driver: modprobe veth): ");
        return FALSE;
    }
    return (interface->index = vcb_rtnetlink_index(rtnetlink, interface->name, error)) &&
           (interface->far_index = vcb_rtnetlink_index(far->rtnetlink, peer, error)) &&
           vcb_rtnetlink_silence_link(far->rtnetlink, interface->far_index, error) &&
           vcb_rtnetlink_change_link(far->rtnetlink, interface->far_index, &far_change, error) &&
           switch_offloads_off(interface->name, error);
}

static gboolean veth_connect(VcbHostInterface *interface, GError **error)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = interface->far_index};

    interface->fd = open_packet_socket(error);
    if (interface->fd < 0)
        return FALSE;
    if (bind(interface->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "binding the AF_PACKET socket: %s",
                    g_strerror(errno));
        return FALSE;
    }
    return TRUE;
}

/* A veth has a carrier while its other end is up. */
static gboolean veth_set_carrier(VcbHostInterface *interface, gboolean on, VcbRtnetlink *rtnetlink,
                                 const VcbFarSide *far, GError **error)
{
    VcbLinkChange change = {.flags = on ? IFF_UP : 0, .mask = IFF_UP};

    return vcb_rtnetlink_change_link(far->rtnetlink, interface->far_index, &change, error);
}

/* Reading the socket's counter sets it to zero. */
static gboolean veth_dropped(VcbHostInterface *interface, VcbRtnetlink *rtnetlink, guint64 *ret_dropped,
                             GError **error)
{
    struct tpacket_stats statistics = {0};
    socklen_t size = sizeof statistics;
    guint64 dropped;

    if (!vcb_rtnetlink_tx_dropped(rtnetlink, interface->index, &dropped, error))
        return FALSE;
    if (getsockopt(interface->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &size) == 0)
        interface->socket_dropped += statistics.tp_drops;
    *ret_dropped = dropped + interface->socket_dropped;
    return TRUE;
}

const VcbInterfaceBackend vcb_veth_backend = {veth_create, veth_connect, veth_set_carrier, veth_dropped};
