#include "network/hosts/rtnetlink.h"

#include "common/clock.h"
#include "common/error.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#define AWAIT_US (2 * G_USEC_PER_SEC)

struct VcbRtnetlink {
    struct mnl_socket *socket;
    guint32 sequence;
    char buffer[16384] __attribute__((aligned(NLMSG_ALIGNTO))); /* the request, then the answer */
};

VcbRtnetlink *vcb_rtnetlink_open(GError **error)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    VcbRtnetlink *rtnetlink;

    if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "rtnetlink socket: %s", g_strerror(errno));
        if (socket)
            mnl_socket_close(socket);
        return NULL;
    }
    rtnetlink = g_new0(VcbRtnetlink, 1);
    rtnetlink->socket = socket;
    return rtnetlink;
}

void vcb_rtnetlink_close(VcbRtnetlink *rtnetlink)
{
    if (!rtnetlink)
        return;
    mnl_socket_close(rtnetlink->socket);
    g_free(rtnetlink);
}

static struct nlmsghdr *request(VcbRtnetlink *rtnetlink, guint16 type, guint16 flags)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(rtnetlink->buffer);

    message->nlmsg_type = type;
    message->nlmsg_flags = (guint16)(NLM_F_REQUEST | NLM_F_ACK | flags);
    message->nlmsg_seq = ++rtnetlink->sequence;
    return message;
}

static struct nlmsghdr *link_request(VcbRtnetlink *rtnetlink, guint16 type, guint16 flags, int index,
                                     struct ifinfomsg **ret_info)
{
    struct nlmsghdr *message = request(rtnetlink, type, flags);
    struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof *info);

    info->ifi_index = index;
    *ret_info = info;
    return message;
}

/* 0, or errno of the kernel's answer. `answer` gets what comes before the acknowledgement; may be NULL. */
static int talk(VcbRtnetlink *rtnetlink, const struct nlmsghdr *message, mnl_cb_t answer, void *user_data)
{
    guint port = mnl_socket_get_portid(rtnetlink->socket), sequence = rtnetlink->sequence;
    int state = MNL_CB_OK;

    if (mnl_socket_sendto(rtnetlink->socket, message, message->nlmsg_len) < 0)
        return errno;
    while (state > MNL_CB_STOP) {
        ssize_t n = mnl_socket_recvfrom(rtnetlink->socket, rtnetlink->buffer, sizeof rtnetlink->buffer);

        if (n < 0 && errno == EINTR)
            continue;
        state = n < 0 ? MNL_CB_ERROR
                      : mnl_cb_run(rtnetlink->buffer, (size_t)n, sequence, port, answer, user_data);
    }
    return state == MNL_CB_ERROR ? errno : 0;
}

static gboolean check(int number, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean check(int number, GError **error, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list arguments;

    if (number == 0)
        return TRUE;
    va_start(arguments, format);
    what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", what, g_strerror(number));
    return FALSE;
}

static int on_index(const struct nlmsghdr *message, void *user_data)
{
    const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);

    *(int *)user_data = info->ifi_index;
    return MNL_CB_OK;
}

int vcb_rtnetlink_index(VcbRtnetlink *rtnetlink, const char *name, GError **error)
{
    struct ifinfomsg *info;
    struct nlmsghdr *message = link_request(rtnetlink, RTM_GETLINK, 0, 0, &info);
    int index = 0;

    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    if (!check(talk(rtnetlink, message, on_index, &index), error, "looking for interface %s", name))
        return 0;
    return index;
}

gboolean vcb_rtnetlink_add_veth(VcbRtnetlink *rtnetlink, const char *name, const guint8 link_address[6],
                                const char *peer_name, int peer_namespace_fd, GError **error)
{
    struct ifinfomsg *info, *peer_info;
    struct nlmsghdr *message = link_request(rtnetlink, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, &info);
    struct nlattr *kind, *data, *peer;

    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    mnl_attr_put(message, IFLA_ADDRESS, 6, link_address);
    kind = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
    data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
    peer = mnl_attr_nest_start(message, VETH_INFO_PEER);
    peer_info = mnl_nlmsg_put_extra_header(message, sizeof *peer_info);
    *peer_info = (struct ifinfomsg){0};
    mnl_attr_put_strz(message, IFLA_IFNAME, peer_name);
    mnl_attr_put_u32(message, IFLA_NET_NS_FD, (guint32)peer_namespace_fd);
    mnl_attr_nest_end(message, peer);
    mnl_attr_nest_end(message, data);
    mnl_attr_nest_end(message, kind);
    return check(talk(rtnetlink, message, NULL, NULL), error, "adding the veth pair of %s", name);
}

gboolean vcb_rtnetlink_silence_link(VcbRtnetlink *rtnetlink, int index, GError **error)
{
    struct ifinfomsg *info;
    struct nlmsghdr *message = link_request(rtnetlink, RTM_NEWLINK, 0, index, &info);
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *v6 = mnl_attr_nest_start(message, AF_INET6);
    int number;

    mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(message, v6);
    mnl_attr_nest_end(message, families);
    number = talk(rtnetlink, message, NULL, NULL);
    /* A kernel without IPv6 makes no such address either. */
    return check(number == EAFNOSUPPORT ? 0 : number, error, "forbidding a link-local address");
}

gboolean vcb_rtnetlink_change_link(VcbRtnetlink *rtnetlink, int index, const VcbLinkChange *change,
                                   GError **error)
{
    struct ifinfomsg *info;
    struct nlmsghdr *message = link_request(rtnetlink, RTM_NEWLINK, 0, index, &info);

    info->ifi_flags = change->flags;
    info->ifi_change = change->mask;
    if (change->mtu)
        mnl_attr_put_u32(message, IFLA_MTU, change->mtu);
    if (change->queue_length)
        mnl_attr_put_u32(message, IFLA_TXQLEN, change->queue_length);
    return check(talk(rtnetlink, message, NULL, NULL), error, "setting up the interface (MTU %u, queue %u)",
                 change->mtu, change->queue_length);
}

gboolean vcb_rtnetlink_set_carrier(VcbRtnetlink *rtnetlink, int index, gboolean on, GError **error)
{
    struct ifinfomsg *info;
    struct nlmsghdr *message = link_request(rtnetlink, RTM_NEWLINK, 0, index, &info);

    mnl_attr_put_u8(message, IFLA_CARRIER, on ? 1 : 0);
    return check(talk(rtnetlink, message, NULL, NULL), error, "switching the carrier %s", on ? "on" : "off");
}

gboolean vcb_rtnetlink_settle_link(VcbRtnetlink *rtnetlink, int index, GError **error)
{
    struct ifinfomsg *info;
    struct nlmsghdr *message = link_request(rtnetlink, RTM_GETLINK, 0, index, &info);

    return check(talk(rtnetlink, message, NULL, NULL), error, "looking at the carrier");
}

gboolean vcb_rtnetlink_address(VcbRtnetlink *rtnetlink, int index, const VcbInterfaceAddress *address,
                               gboolean add, GError **error)
{
    struct nlmsghdr *message = request(rtnetlink, add ? RTM_NEWADDR : RTM_DELADDR, add ? NLM_F_CREATE : 0);
    struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    gboolean is_v6 = address->address.is_v6;
    int number;

    header->ifa_family = is_v6 ? AF_INET6 : AF_INET;
    header->ifa_prefixlen = (guint8)address->prefix_length;
    header->ifa_flags = is_v6 ? IFA_F_NODAD : 0;
    header->ifa_index = (guint32)index;
    mnl_attr_put(message, IFA_LOCAL, is_v6 ? 16 : 4, address->address.bytes);
    mnl_attr_put(message, IFA_ADDRESS, is_v6 ? 16 : 4, address->address.bytes);
    number = talk(rtnetlink, message, NULL, NULL);
    if (!add && number == EADDRNOTAVAIL)
        number = 0;
    return check(number, error, "%s an %s address of prefix length %u", add ? "adding" : "taking away",
                 is_v6 ? "IPv6" : "IPv4", address->prefix_length);
}

static int on_route(const struct nlmsghdr *message, void *user_data)
{
    const struct rtmsg *route = mnl_nlmsg_get_payload(message);

    *(gboolean *)user_data = route->rtm_type == RTN_LOCAL;
    return MNL_CB_OK;
}

gboolean vcb_rtnetlink_await_address(VcbRtnetlink *rtnetlink, const VcbInterfaceAddress *address,
                                     GError **error)
{
    gint64 deadline_us = vcb_clock_now_us() + AWAIT_US;
    gboolean is_v6 = address->address.is_v6, is_local = FALSE;

    while (vcb_clock_now_us() < deadline_us) {
        struct nlmsghdr *message = request(rtnetlink, RTM_GETROUTE, 0);
        struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
        int number;

        header->rtm_family = is_v6 ? AF_INET6 : AF_INET;
        header->rtm_dst_len = is_v6 ? 128 : 32;
        mnl_attr_put(message, RTA_DST, is_v6 ? 16 : 4, address->address.bytes);
        number = talk(rtnetlink, message, on_route, &is_local);
        if (is_local)
            return TRUE;
        /* No way there is an answer, too: not yet. */
        if (number && number != ENETUNREACH && number != EHOSTUNREACH)
            return check(number, error, "looking for the route to an own address");
        sched_yield(); /* to the kernel's worker that does it */
    }
    return check(ETIMEDOUT, error, "an address that does not become the host's own");
}

gboolean vcb_rtnetlink_default_route(VcbRtnetlink *rtnetlink, int index, gboolean is_v6, guint metric,
                                     gboolean add, GError **error)
{
    struct nlmsghdr *message =
        request(rtnetlink, add ? RTM_NEWROUTE : RTM_DELROUTE, add ? NLM_F_CREATE | NLM_F_EXCL : 0);
    struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    int number;

    header->rtm_family = is_v6 ? AF_INET6 : AF_INET;
    header->rtm_table = RT_TABLE_MAIN;
    header->rtm_protocol = RTPROT_STATIC;
    header->rtm_scope = is_v6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK; /* straight to the device */
    header->rtm_type = RTN_UNICAST;
    mnl_attr_put_u32(message, RTA_OIF, (guint32)index);
    if (metric)
        mnl_attr_put_u32(message, RTA_PRIORITY, metric);
    number = talk(rtnetlink, message, NULL, NULL);
    if (!add && number == ESRCH)
        number = 0;
    return check(number, error, "%s the %s default route of metric %u", add ? "adding" : "taking away",
                 is_v6 ? "IPv6" : "IPv4", metric);
}

static int on_statistics(const struct nlmsghdr *message, void *user_data)
{
    struct nlattr *attribute;

    mnl_attr_for_each(attribute, message, sizeof(struct ifinfomsg))
    {
        struct rtnl_link_stats64 counters;

        if (mnl_attr_get_type(attribute) != IFLA_STATS64)
            continue;
        memset(&counters, 0, sizeof counters);
        memcpy(&counters, mnl_attr_get_payload(attribute),
               MIN(sizeof counters, mnl_attr_get_payload_len(attribute)));
        *(guint64 *)user_data = counters.tx_dropped;
    }
    return MNL_CB_OK;
}

gboolean vcb_rtnetlink_tx_dropped(VcbRtnetlink *rtnetlink, int index, guint64 *ret_dropped, GError **error)
{
    struct ifinfomsg *info;
    struct nlmsghdr *message = link_request(rtnetlink, RTM_GETLINK, 0, index, &info);
    guint64 dropped = 0;

    if (!check(talk(rtnetlink, message, on_statistics, &dropped), error, "reading an interface's counters"))
        return FALSE;
    *ret_dropped = dropped;
    return TRUE;
}
