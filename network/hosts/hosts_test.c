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

G_GNUC_UNUSED static guint64 count_drops(guint64 tag)
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

static int run_claims(void)
{
    static const VcbTest claims[] = {
        {"a datagram goes out and its answer comes in", a_datagram_goes_out_and_its_answer_comes_in},
    };

    return vcb_test_run("hosts", claims, G_N_ELEMENTS(claims));
}

int main(int argc, char **argv)
{
    gboolean is_tun = argc > 1 && strcmp(argv[1], "tun") == 0,
             as_user = argc > 2 && strcmp(argv[2], "user") == 0;
    g_autoptr(GError) error = NULL;
    int status;

    if (as_user && geteuid() == 0 && !lab_become_ordinary()) {
        g_print("skipped: cannot become an ordinary user here; run the test as one\n");
        return 77;
    }
    hosts = vcb_hosts_start(is_tun ? VCB_BACKEND_TUN : VCB_BACKEND_VETH,
                            as_user ? VCB_NAMESPACES_USER : VCB_NAMESPACES_ROOT, &error);
    if (!hosts) {
        g_print("skipped: %s\n", error->message);
        return 77;
    }
    status = run_claims();
    vcb_hosts_free(hosts);
    return status;
}
