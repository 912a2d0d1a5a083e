/* Hosts in one of the four ways in which they can be made: `hosts_test tun|veth root|user`. */
#include "common/clock.h"
#include "common/test.h"
#include "network/hosts/interface.h"
#include "network/hosts/lab.h"
#include "network/hosts/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static VcbHosts *hosts; /* of all claims */

/* --- Helpers -------------------------------------------------------------------------------------------------------- */

static VcbHostsReply create(guint64 tag, guint n_hosts, guint n_interfaces, int mtu)
{
    VcbNetworkDescription *description = lab_describe(n_hosts, n_interfaces, mtu);
    VcbHostsReply network = lab_create(hosts, tag, description);

    CU_ASSERT_EQUAL_FATAL(network.n_ports, n_hosts * n_interfaces);
    vcb_wire_free_hosts(description);
    return network;
}

static void let_go(VcbHostsReply *network)
{
    guint64 tag = network->tag;

    vcb_hosts_reply_clear(network);
    vcb_hosts_remove(hosts, tag);
    VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_REMOVED);
    CU_ASSERT_EQUAL(reply.tag, tag);
    vcb_hosts_reply_clear(&reply);
}

static struct sockaddr_in6 v6(const char *address, guint16 port)
{
    struct sockaddr_in6 text = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET6, address, &text.sin6_addr), 1);
    return text;
}

static struct sockaddr_in v4(const char *address, guint16 port)
{
    struct sockaddr_in text = {.sin_family = AF_INET, .sin_port = htons(port)};

    CU_ASSERT_EQUAL_FATAL(inet_pton(AF_INET, address, &text.sin_addr), 1);
    return text;
}

static gboolean send_from(int socket, int domain, const char *text)
{
    struct sockaddr_in to4 = v4("198.18.0.9", 5000);
    struct sockaddr_in6 to6 = v6("2001:db8:ffff::9", 5000);
    const struct sockaddr *to =
        domain == AF_INET ? (const struct sockaddr *)&to4 : (const struct sockaddr *)&to6;

    return sendto(socket, text, strlen(text), 0, to, domain == AF_INET ? sizeof to4 : sizeof to6) ==
           (ssize_t)strlen(text);
}

/* Exchange sender and receiver; the checksums remain right. */
static void turn_around(guint8 *packet)
{
    gboolean is_v4 = packet[0] >> 4 == 4;
    guint8 *addresses = packet + (is_v4 ? 12 : 8), *ports = packet + (is_v4 ? 20 : 40), kept[16];
    gsize size = is_v4 ? 4 : 16;

    memcpy(kept, addresses, size);
    memcpy(addresses, addresses + size, size);
    memcpy(addresses + size, kept, size);
    memcpy(kept, ports, 2);
    memcpy(ports, ports + 2, 2);
    memcpy(ports + 2, kept, 2);
}

static guint64 count_drops(guint64 tag)
{
    vcb_hosts_count_drops(hosts, tag);
    VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_COUNTED);
    guint64 dropped = reply.tx_dropped;

    vcb_hosts_reply_clear(&reply);
    return dropped;
}

/* --- Claims ---------------------------------------------------------------------------------------------------------- */

static void a_datagram_goes_out_and_its_answer_comes_in(void)
{
    VcbHostsReply network = create(1, 1, 1, 1500);
    const int domains[] = {AF_INET, AF_INET6};

    for (gsize d = 0; d < G_N_ELEMENTS(domains); d++) {
        int socket = lab_socket(hosts, network.namespace_fds[0], domains[d], SOCK_DGRAM);
        guint8 packet[2048];
        char text[64] = "";
        gsize length;

        CU_ASSERT_TRUE(send_from(socket, domains[d], "there"));
        length = lab_read_packet(&network.ports[0], IPPROTO_UDP, packet, sizeof packet);
        CU_ASSERT_EQUAL_FATAL(length, (domains[d] == AF_INET ? 28 : 48) + strlen("there"));
        CU_ASSERT_TRUE(lab_checksums_are_right(packet, length));
        CU_ASSERT_EQUAL(memcmp(packet + length - 5, "there", 5), 0);
        /* The network may spoil packets: such a one must not come through. */
        turn_around(packet);
        packet[length - 1] ^= 1;
        CU_ASSERT_TRUE(vcb_host_port_write(&network.ports[0], packet, length));
        packet[length - 1] ^= 1;
        CU_ASSERT_TRUE(vcb_host_port_write(&network.ports[0], packet, length));
        CU_ASSERT_TRUE(lab_wait(socket, 5000));
        CU_ASSERT_EQUAL(recv(socket, text, sizeof text, 0), 5);
        VCB_ASSERT_STRING(text, "there");
        CU_ASSERT_TRUE(recv(socket, text, sizeof text, 0) < 0 && errno == EAGAIN);
        close(socket);
    }
    let_go(&network);
}

/* --- Interfaces that come and go */

/* Exit status: bits of what the host's own view of the interface is. */
static int look(void *user_data)
{
    const char *name = user_data;
    struct ifaddrs *list;
    int bits = 0;

    if (getifaddrs(&list) != 0)
        return 128;
    for (const struct ifaddrs *each = list; each; each = each->ifa_next) {
        if (strcmp(each->ifa_name, name) != 0)
            continue;
        bits |= each->ifa_flags & IFF_RUNNING ? 1 : 0;
        bits |= each->ifa_flags & IFF_UP ? 16 : 0;
        if (each->ifa_addr && each->ifa_addr->sa_family == AF_INET)
            bits |= 2;
        if (each->ifa_addr && each->ifa_addr->sa_family == AF_INET6) {
            const struct sockaddr_in6 *address = (const void *)each->ifa_addr;

            bits |= IN6_IS_ADDR_LINKLOCAL(&address->sin6_addr) ? 8 : 4;
        }
    }
    freeifaddrs(list);
    return bits;
}

#define SEEN_UP (1 | 2 | 4 | 16)
#define SEEN_DOWN 16

static int seen(const VcbHostsReply *network, const char *name)
{
    return lab_run_inside(hosts, network->namespace_fds[0], TRUE, look, (void *)name);
}

static void set_interface(guint64 tag, const char *down, const char *up)
{
    vcb_hosts_set_interface(hosts, tag, "h0", down, up);
    VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_CHANGED);
    CU_ASSERT_EQUAL(reply.tag, tag);
    vcb_hosts_reply_clear(&reply);
}

static void a_handover_takes_carrier_addresses_and_routes_along(void)
{
    VcbNetworkDescription *description = lab_describe(1, 2, 1500);
    const int domains[] = {AF_INET, AF_INET6};
    guint8 packet[2048];
    VcbHostsReply network;

    description->hosts[0].interfaces[1].up = FALSE;
    network = lab_create(hosts, 2, description);
    vcb_wire_free_hosts(description);
    CU_ASSERT_EQUAL(seen(&network, "eth0"), SEEN_UP);
    CU_ASSERT_EQUAL(seen(&network, "wlan0"), SEEN_DOWN);
    for (gsize d = 0; d < G_N_ELEMENTS(domains); d++) {
        int before = lab_socket(hosts, network.namespace_fds[0], domains[d], SOCK_DGRAM);

        set_interface(2, "wlan0", "eth0");
        CU_ASSERT_TRUE(send_from(before, domains[d], "eth"));
        CU_ASSERT_TRUE(lab_read_packet(&network.ports[0], IPPROTO_UDP, packet, sizeof packet) > 0);
        set_interface(2, "eth0", "wlan0");
        CU_ASSERT_EQUAL(seen(&network, "eth0"), SEEN_DOWN);
        CU_ASSERT_EQUAL(seen(&network, "wlan0"), SEEN_UP);
        CU_ASSERT_TRUE(send_from(before, domains[d], "wlan"));
        CU_ASSERT_TRUE(lab_read_packet(&network.ports[1], IPPROTO_UDP, packet, sizeof packet) > 0);
        CU_ASSERT_EQUAL(packet[domains[d] == AF_INET ? 14 : 15], 1); /* from wlan0's address */
        set_interface(2, "wlan0", NULL);
        CU_ASSERT_FALSE(send_from(before, domains[d], "nowhere"));
        CU_ASSERT_EQUAL(errno, ENETUNREACH);
        close(before);
    }
    set_interface(2, NULL, "eth0");
    set_interface(2, NULL, "eth0"); /* a second time changes nothing */
    CU_ASSERT_EQUAL(seen(&network, "eth0"), SEEN_UP);
    let_go(&network);
}

/* As libnice's are: tied to an interface, whatever the routes say. */
static void what_is_sent_into_a_lost_interface_is_no_fault_of_the_emulator(void)
{
    VcbHostsReply network = create(12, 1, 1, 1500);
    int tied = lab_socket(hosts, network.namespace_fds[0], AF_INET, SOCK_DGRAM);
    guint8 packet[2048];

    CU_ASSERT_EQUAL_FATAL(setsockopt(tied, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 5), 0);
    set_interface(12, "eth0", NULL);
    for (int i = 0; i < 100; i++)
        (void)send_from(tied, AF_INET, "nobody hears");
    CU_ASSERT_EQUAL(count_drops(12), 0);
    set_interface(12, NULL, "eth0");
    CU_ASSERT_EQUAL(count_drops(12), 0);
    CU_ASSERT_TRUE(send_from(tied, AF_INET, "again"));
    CU_ASSERT_TRUE(lab_read_packet(&network.ports[0], IPPROTO_UDP, packet, sizeof packet) > 0);
    close(tied);
    let_go(&network);
}

static void of_two_interfaces_the_lower_metric_goes_first(void)
{
    VcbHostsReply network = create(3, 1, 2, 1500);
    int socket = lab_socket(hosts, network.namespace_fds[0], AF_INET, SOCK_DGRAM);
    int other = lab_socket(hosts, network.namespace_fds[0], AF_INET, SOCK_DGRAM);
    guint8 packet[2048];

    CU_ASSERT_EQUAL(seen(&network, "eth0"), SEEN_UP);
    CU_ASSERT_EQUAL(seen(&network, "wlan0"), SEEN_UP);
    CU_ASSERT_TRUE(send_from(socket, AF_INET, "first"));
    CU_ASSERT_EQUAL(lab_read_packet(&network.ports[0], IPPROTO_UDP, packet, sizeof packet), 28 + 5);
    CU_ASSERT_EQUAL(setsockopt(other, SOL_SOCKET, SO_BINDTODEVICE, "wlan0", 5), 0);
    CU_ASSERT_TRUE(send_from(other, AF_INET, "second"));
    CU_ASSERT_EQUAL(lab_read_packet(&network.ports[1], IPPROTO_UDP, packet, sizeof packet), 28 + 6);
    CU_ASSERT_EQUAL(memcmp(packet + 12, "\x0a\x00\x01\x02", 4), 0);
    close(socket);
    close(other);
    let_go(&network);
}

/* --- Real TCP between two hosts, over a loop of our own */

/* Move what waits from one port to the other, with an eye on the longest packet. */
static void forward(VcbHostPort *from, VcbHostPort *to, gsize *longest)
{
    guint8 packet[65536];
    gssize n;

    while ((n = vcb_host_port_read(from, packet, sizeof packet)) > 0) {
        CU_ASSERT_TRUE(lab_checksums_are_right(packet, (gsize)n) || packet[0] >> 4 == 6);
        vcb_host_port_write(to, packet, (gsize)n);
        *longest = MAX(*longest, (gsize)n);
    }
}

#define TCP_BYTES (4 << 20)

static void tcp_between_two_hosts_comes_in_packets_of_the_mtu(void)
{
    VcbHostsReply network = create(4, 2, 1, 1280);
    int listener = lab_socket(hosts, network.namespace_fds[1], AF_INET, SOCK_STREAM);
    int client = lab_socket(hosts, network.namespace_fds[0], AF_INET, SOCK_STREAM), server = -1;
    struct sockaddr_in address = v4("10.1.0.2", 443);
    gint64 deadline_us = vcb_clock_now_us() + 20 * G_USEC_PER_SEC;
    static guint8 chunk[65536];
    gsize sent = 0, received = 0, longest = 0;

    CU_ASSERT_EQUAL_FATAL(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    CU_ASSERT_EQUAL_FATAL(listen(listener, 1), 0);
    CU_ASSERT_TRUE(connect(client, (struct sockaddr *)&address, sizeof address) < 0 && errno == EINPROGRESS);
    while (received < TCP_BYTES && vcb_clock_now_us() < deadline_us) {
        struct pollfd watches[] = {
            {.fd = network.ports[0].fd, .events = POLLIN},
            {.fd = network.ports[1].fd, .events = POLLIN},
            {.fd = server < 0 ? listener : server, .events = POLLIN},
        };
        ssize_t n;

        poll(watches, G_N_ELEMENTS(watches), 100);
        forward(&network.ports[0], &network.ports[1], &longest);
        forward(&network.ports[1], &network.ports[0], &longest);
        if (server < 0)
            server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (sent < TCP_BYTES &&
            (n = send(client, chunk, MIN(sizeof chunk, TCP_BYTES - sent), MSG_NOSIGNAL)) > 0)
            sent += (gsize)n;
        while (server >= 0 && (n = recv(server, chunk, sizeof chunk, 0)) > 0)
            received += (gsize)n;
    }
    CU_ASSERT_EQUAL(received, TCP_BYTES);
    CU_ASSERT_EQUAL(longest, 1280);
    close(client);
    close(server);
    close(listener);
    let_go(&network);
}

/* --- Bursts */

static void send_burst(int socket, guint n)
{
    for (guint i = 0; i < n; i++)
        CU_ASSERT_TRUE_FATAL(send_from(socket, AF_INET, "burst"));
}

static guint read_all(VcbHostPort *port)
{
    guint8 packet[2048];
    guint n = 0;

    while (vcb_host_port_read(port, packet, sizeof packet) > 0)
        n += packet[9] == IPPROTO_UDP;
    return n;
}

/* How many small packets surely find room: a packet socket of an ordinary user's has at most twice net.core.rmem_max bytes, in which
 * the kernel counts less than 1024 for one of them. */
static guint sure_burst(void)
{
    g_autofree char *text = NULL;
    guint64 bytes;

    if (vcb_hosts_backend(hosts) == VCB_BACKEND_TUN || vcb_hosts_namespaces(hosts) == VCB_NAMESPACES_ROOT)
        return 8000;
    CU_ASSERT_TRUE_FATAL(g_file_get_contents("/proc/sys/net/core/rmem_max", &text, NULL, NULL));
    bytes = 2 * g_ascii_strtoull(text, NULL, 10);
    if (bytes < 8000 * 1024)
        g_print("(room for %u only: net.core.rmem_max) ", (guint)(bytes / 1024));
    return (guint)MIN(8000, bytes / 1024);
}

static void a_burst_waits_and_what_does_not_fit_is_counted(void)
{
    VcbHostsReply network = create(5, 2, 1, 1500);
    int socket = lab_socket(hosts, network.namespace_fds[0], AF_INET, SOCK_DGRAM);
    guint held, sure = sure_burst();

    CU_ASSERT_EQUAL(count_drops(5), 0);
    send_burst(socket, sure);
    CU_ASSERT_EQUAL(count_drops(5), 0);
    CU_ASSERT_EQUAL(read_all(&network.ports[0]), sure);
    send_burst(socket, 40000);
    held = read_all(&network.ports[0]);
    CU_ASSERT_TRUE(held >= sure && held < 40000);
    CU_ASSERT_EQUAL(held + count_drops(5), 40000);
    CU_ASSERT_EQUAL(held + count_drops(5), 40000); /* reading it changes nothing */
    close(socket);
    let_go(&network);
}

/* --- Who lives in a host */

static int try_privileges(void *user_data)
{
    const int *expected_id = user_data;
    struct sockaddr_in https = {.sin_family = AF_INET, .sin_port = htons(443)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    g_autofree char *status = NULL;

    if ((int)getuid() != *expected_id || (int)geteuid() != *expected_id)
        return 1;
    if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL) ||
        !strstr(status, "\nCapEff:\t0000000000000000\n") ||
        !strstr(status, "\nCapPrm:\t0000000000000000\n") ||
        !strstr(status, "\nCapBnd:\t0000000000000000\n") || !strstr(status, "\nNoNewPrivs:\t1\n"))
        return 2;
    if (socket(AF_INET, SOCK_RAW, IPPROTO_UDP) >= 0 || errno != EPERM)
        return 3;
    if (socket(AF_PACKET, SOCK_RAW, 0) >= 0 || errno != EPERM)
        return 4;
    if (bind(listener, (struct sockaddr *)&https, sizeof https) != 0)
        return 5;
    if (socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) < 0)
        return 6;
    return 0;
}

static void a_process_in_a_host_is_the_same_user_without_rights(void)
{
    VcbHostsReply network = create(6, 1, 1, 1500);
    int id = (int)getuid();

    CU_ASSERT_EQUAL(lab_run_inside(hosts, network.namespace_fds[0], TRUE, try_privileges, &id), 0);
    let_go(&network);
}

/* --- Refusals */

static void a_refused_network_leaves_nothing(void)
{
    VcbNetworkDescription *description = lab_describe(2, 2, 1500);
    VcbHostsReply reply = {0};

    g_free(description->hosts[1].interfaces[1].name);
    description->hosts[1].interfaces[1].name = g_strdup("eth0"); /* twice */
    vcb_hosts_create(hosts, 7, description);
    while (!vcb_hosts_read(hosts, &reply, NULL))
        lab_wait(vcb_hosts_fd(hosts), 1000);
    vcb_wire_free_hosts(description);
    CU_ASSERT_PTR_NOT_NULL_FATAL(reply.problem);
    CU_ASSERT_PTR_NOT_NULL(strstr(reply.problem, "h1: eth0: "));
    CU_ASSERT_EQUAL(reply.n_hosts, 0);
    vcb_hosts_reply_clear(&reply);
    VcbHostsReply network = create(7, 1, 1, 1500); /* the tag is free */
    vcb_hosts_set_interface(hosts, 7, "h0", "wwan0", NULL);
    while (!vcb_hosts_read(hosts, &reply, NULL))
        lab_wait(vcb_hosts_fd(hosts), 1000);
    VCB_ASSERT_STRING(reply.problem, "h0: it has no interface wwan0");
    vcb_hosts_reply_clear(&reply);
    let_go(&network);
}

static void many_requests_at_once_are_answered_in_order(void)
{
    VcbNetworkDescription *description = lab_describe(2, 1, 1500);

    for (guint64 tag = 100; tag < 120; tag++)
        vcb_hosts_create(hosts, tag, description);
    for (guint i = 0; i < 2000; i++)
        vcb_hosts_count_drops(hosts, 100 + i % 20);
    for (guint64 tag = 100; tag < 120; tag++) {
        VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_CREATED);

        CU_ASSERT_EQUAL(reply.tag, tag);
        CU_ASSERT_EQUAL(reply.n_ports, 2);
        vcb_hosts_reply_clear(&reply);
    }
    for (guint i = 0; i < 2000; i++) {
        VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_COUNTED);

        CU_ASSERT_EQUAL(reply.tag, 100 + i % 20);
        vcb_hosts_reply_clear(&reply);
    }
    for (guint64 tag = 100; tag < 120; tag++) {
        vcb_hosts_remove(hosts, tag);
        VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_REMOVED);
        vcb_hosts_reply_clear(&reply);
    }
    vcb_wire_free_hosts(description);
}

static int run_claims(void)
{
    static const VcbTest claims[] = {
        {"a datagram goes out and its answer comes in", a_datagram_goes_out_and_its_answer_comes_in},
        {"a handover takes carrier, addresses and routes along",
         a_handover_takes_carrier_addresses_and_routes_along},
        {"what is sent into a lost interface is no fault of the emulator",
         what_is_sent_into_a_lost_interface_is_no_fault_of_the_emulator},
        {"of two interfaces the lower metric goes first", of_two_interfaces_the_lower_metric_goes_first},
        {"TCP between two hosts comes in packets of the MTU",
         tcp_between_two_hosts_comes_in_packets_of_the_mtu},
        {"a burst waits, and what does not fit is counted", a_burst_waits_and_what_does_not_fit_is_counted},
        {"a process in a host is the same user without rights",
         a_process_in_a_host_is_the_same_user_without_rights},
        {"a refused network leaves nothing", a_refused_network_leaves_nothing},
        {"many requests at once are answered in order", many_requests_at_once_are_answered_in_order},
    };

    return vcb_test_run("hosts", claims, G_N_ELEMENTS(claims));
}

int main(int argc, char **argv)
{
    int status;

    hosts = lab_start_as_told(argc, argv);
    if (!hosts)
        return 77;
    status = run_claims();
    vcb_hosts_free(hosts);
    return status;
}
