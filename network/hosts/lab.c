#include "network/hosts/lab.h"

#include "common/clock.h"
#include "common/privileges.h"
#include "common/test.h"
#include "network/hosts/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_addresses(VcbInterfaceDescription *interface, guint host, guint number)
{
    const VcbInterfaceAddress addresses[] = {
        {.address = {.bytes = {10, (guint8)host, (guint8)number, 2}}, .prefix_length = 24},
        {.address = {.is_v6 = TRUE,
                     .bytes = {0x20, 0x01, 0x0d, 0xb8, 0, (guint8)host, 0, (guint8)number, 0, 0, 0, 0, 0, 0,
                               0, 2}},
         .prefix_length = 64},
    };

    interface->n_addresses = G_N_ELEMENTS(addresses);
    interface->addresses = g_memdup2(addresses, sizeof addresses);
}

VcbNetworkDescription *lab_describe(guint n_hosts, guint n_interfaces, int mtu)
{
    static const char *const NAMES[] = {"eth0", "wlan0", "wwan0"};
    VcbNetworkDescription *description = g_new0(VcbNetworkDescription, 1);

    description->n_hosts = n_hosts;
    description->hosts = g_new0(VcbHostDescription, n_hosts);
    for (guint h = 0; h < n_hosts; h++) {
        VcbHostDescription *host = &description->hosts[h];

        host->name = g_strdup_printf("h%u", h);
        host->n_interfaces = n_interfaces;
        host->interfaces = g_new0(VcbInterfaceDescription, n_interfaces);
        for (guint i = 0; i < n_interfaces; i++) {
            host->interfaces[i] = (VcbInterfaceDescription){
                .name = g_strdup(NAMES[i]), .metric = 100 + (int)i, .mtu = mtu, .up = TRUE};
            set_addresses(&host->interfaces[i], h, i);
        }
    }
    return description;
}

gboolean lab_wait(int fd, int ms)
{
    struct pollfd watch = {.fd = fd, .events = POLLIN};

    return poll(&watch, 1, ms) == 1;
}

VcbHostsReply lab_reply(VcbHosts *hosts, VcbHostsReplyType type)
{
    gint64 deadline_us = vcb_clock_now_us() + 20 * G_USEC_PER_SEC;
    VcbHostsReply reply = {0};
    g_autoptr(GError) error = NULL;

    while (!vcb_hosts_read(hosts, &reply, &error)) {
        if (error)
            CU_FAIL_FATAL(error->message);
        CU_ASSERT_TRUE_FATAL(vcb_clock_now_us() < deadline_us);
        lab_wait(vcb_hosts_fd(hosts), 1000);
    }
    VCB_ASSERT_STRING(reply.problem, NULL);
    CU_ASSERT_EQUAL_FATAL(reply.type, type);
    return reply;
}

VcbHostsReply lab_create(VcbHosts *hosts, guint64 tag, const VcbNetworkDescription *description)
{
    VcbHostsReply reply;

    vcb_hosts_create(hosts, tag, description);
    reply = lab_reply(hosts, VCB_HOSTS_CREATED);
    CU_ASSERT_EQUAL(reply.tag, tag);
    CU_ASSERT_EQUAL_FATAL(reply.n_hosts, description->n_hosts);
    return reply;
}

int lab_run_inside(const VcbHosts *hosts, int namespace_fd, gboolean unprivileged, int (*function)(void *),
                   void *user_data)
{
    int user_fd = vcb_hosts_user_namespace_fd(hosts), status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        if ((user_fd >= 0 && setns(user_fd, CLONE_NEWUSER) != 0) || setns(namespace_fd, CLONE_NEWNET) != 0)
            _exit(200);
        if (unprivileged && vcb_privileges_keep(0))
            _exit(201);
        _exit(function(user_data));
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

typedef struct {
    int domain, type, reply_socket;
} SocketWish;

static int open_socket(void *user_data)
{
    const SocketWish *wish = user_data;
    int fd = socket(wish->domain, wish->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd >= 0 && vcb_wire_send(wish->reply_socket, "", 1, &fd, 1) ? 0 : 1;
}

int lab_socket(const VcbHosts *hosts, int namespace_fd, int domain, int type)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    int pair[2];
    char byte;

    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    SocketWish wish = {.domain = domain, .type = type, .reply_socket = pair[1]};
    CU_ASSERT_EQUAL_FATAL(lab_run_inside(hosts, namespace_fd, FALSE, open_socket, &wish), 0);
    CU_ASSERT_EQUAL_FATAL(vcb_wire_receive(pair[0], &byte, 1, fds), 1);
    CU_ASSERT_EQUAL_FATAL(fds->len, 1);
    close(pair[0]);
    close(pair[1]);
    return g_array_index(fds, int, 0);
}

static guint8 protocol_of(const guint8 *packet, gsize length)
{
    if (length >= 20 && packet[0] >> 4 == 4)
        return packet[9];
    return length >= 40 && packet[0] >> 4 == 6 ? packet[6] : 0;
}

gsize lab_read_packet(VcbHostPort *port, guint8 protocol, guint8 *data, gsize size)
{
    gint64 deadline_us = vcb_clock_now_us() + 5 * G_USEC_PER_SEC;

    while (vcb_clock_now_us() < deadline_us) {
        gssize n = vcb_host_port_read(port, data, size);

        CU_ASSERT_FATAL(n >= 0);
        if (n > 0 && protocol_of(data, (gsize)n) == protocol)
            return (gsize)n;
        if (n == 0)
            lab_wait(port->fd, 1000);
    }
    return 0;
}

static guint32 sum_words(const guint8 *data, gsize length, guint32 sum)
{
    for (gsize i = 0; i + 1 < length; i += 2)
        sum += (guint32)data[i] << 8 | data[i + 1];
    return length & 1 ? sum + ((guint32)data[length - 1] << 8) : sum;
}

static gboolean sum_is_right(guint32 sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum == 0xffff;
}

gboolean lab_checksums_are_right(const guint8 *packet, gsize length)
{
    gboolean is_v4 = packet[0] >> 4 == 4;
    gsize header = is_v4 ? (gsize)(packet[0] & 15) * 4 : 40;
    guint32 pseudo = protocol_of(packet, length) + (guint32)(length - header);

    if (is_v4 && !sum_is_right(sum_words(packet, header, 0)))
        return FALSE;
    pseudo = is_v4 ? sum_words(packet + 12, 8, pseudo) : sum_words(packet + 8, 32, pseudo);
    return sum_is_right(sum_words(packet + header, length - header, pseudo));
}

static gboolean own_tun_node(void)
{
    gboolean done;

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/dev/net", "tmpfs", 0, "mode=755") != 0)
        return FALSE;
    mode_t before = umask(0);
    done = mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200)) == 0;
    umask(before);
    return done;
}

gboolean lab_become_ordinary(void)
{
    own_tun_node(); /* where it could not, the tests with TUN say so themselves */
    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0)
        return FALSE;
    return prctl(PR_SET_DUMPABLE, 1) == 0; /* as it would be after an exec: /proc/self is one's own */
}

VcbHosts *lab_start_as_told(int argc, char **argv)
{
    gboolean is_tun = argc > 1 && strcmp(argv[1], "tun") == 0,
             as_user = argc > 2 && strcmp(argv[2], "user") == 0;
    g_autoptr(GError) error = NULL;
    VcbHosts *hosts = NULL;

    if (as_user && geteuid() == 0 && !lab_become_ordinary())
        g_print("skipped: cannot become an ordinary user here; run the test as one\n");
    else if (!(hosts = vcb_hosts_start(is_tun ? VCB_BACKEND_TUN : VCB_BACKEND_VETH,
                                       as_user ? VCB_NAMESPACES_USER : VCB_NAMESPACES_ROOT, &error)))
        g_print("skipped: %s\n", error->message);
    return hosts;
}
