/* On a veth without ARP (IFF_NOARP) the first IP packet goes out at once, to an address that nobody has ever announced, as does IPv6
 * without neighbour discovery: network/hosts/veth.c has an emulator at the other end, which answers neither. */
#include "network/hosts/namespaces.h"
#include "network/hosts/rtnetlink.h"
#include "tests/probe/probe.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int far_socket(const char *name)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name)};
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    PROBE_EXPECT(bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "no packet socket");
    return fd;
}

/* The first frame of this kind of address (its EtherType), after a datagram was sent to it. */
static int first_frame(int fd, const struct sockaddr *to, socklen_t size)
{
    int sender = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd watch = {.fd = fd, .events = POLLIN};
    guint8 packet[2048];

    PROBE_EXPECT(sendto(sender, "x", 1, 0, to, size) == 1, "not sent");
    close(sender);
    while (poll(&watch, 1, 5000) == 1) {
        struct sockaddr_ll from;
        socklen_t from_size = sizeof from;
        ssize_t n = recvfrom(fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_size);

        /* Multicast listeners announce themselves whenever they like. */
        if (n > 24 && !(ntohs(from.sll_protocol) == ETH_P_IPV6 && packet[24] == 0xff))
            return ntohs(from.sll_protocol);
    }
    return 0;
}

int main(void)
{
    const VcbInterfaceAddress addresses[] = {
        {.address = {.bytes = {192, 0, 2, 1}}, .prefix_length = 24},
        {.address = {.is_v6 = TRUE, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}, .prefix_length = 64}};
    struct sockaddr_in to4 = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc0000209)};
    struct sockaddr_in6 to6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr.s6_addr = {0x20, 1, 0xd, 0xb8, [15] = 9}};
    VcbLinkChange up = {.flags = IFF_UP | IFF_NOARP, .mask = IFF_UP | IFF_NOARP};
    g_autoptr(VcbRtnetlink) rtnetlink = NULL;
    g_autoptr(GError) error = NULL;
    int namespace_fd = -1, fd, near, far;

    PROBE_SKIP_IF(!vcb_namespaces_enter_new_user(&error) ||
                      (namespace_fd = vcb_namespaces_enter_new_network(&error)) < 0,
                  "%s", error->message);
    rtnetlink = vcb_rtnetlink_open(&error);
    PROBE_SKIP_IF(!rtnetlink ||
                      !vcb_rtnetlink_add_veth(rtnetlink, "eth0", (const guint8[6]){2, 0, 0, 0, 0, 1}, "far",
                                              namespace_fd, &error),
                  "%s", error->message);
    near = vcb_rtnetlink_index(rtnetlink, "eth0", NULL);
    far = vcb_rtnetlink_index(rtnetlink, "far", NULL);
    fd = far_socket("far");
    PROBE_EXPECT(vcb_rtnetlink_silence_link(rtnetlink, near, &error) &&
                     vcb_rtnetlink_silence_link(rtnetlink, far, &error) &&
                     vcb_rtnetlink_change_link(rtnetlink, near, &up, &error) &&
                     vcb_rtnetlink_change_link(rtnetlink, far, &up, &error) &&
                     vcb_rtnetlink_address(rtnetlink, near, &addresses[0], TRUE, &error) &&
                     vcb_rtnetlink_address(rtnetlink, near, &addresses[1], TRUE, &error),
                 "%s", error->message);
    PROBE_EXPECT(first_frame(fd, (struct sockaddr *)&to4, sizeof to4) == ETH_P_IP,
                 "the first frame is not IPv4");
    PROBE_EXPECT(first_frame(fd, (struct sockaddr *)&to6, sizeof to6) == ETH_P_IPV6,
                 "the first frame is not IPv6");
    PROBE_FOUND("the first frame to an unknown address is the packet itself\n");
    return 0;
}
