#include "network/traffic/sockets.h"

#include "common/error.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#define WAITING_CONNECTIONS 128

static int fail(int fd, const char *what, GError **error)
{
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", what, g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static socklen_t length_of(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static int new_socket(int family, int type)
{
    return socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* The same port on every IPv4 address: for machines without IPv6. */
static struct sockaddr_storage any_ipv4(const struct sockaddr_storage *any_ipv6)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};

    ((struct sockaddr_in *)&address)->sin_port = ((const struct sockaddr_in6 *)any_ipv6)->sin6_port;
    return address;
}

static gboolean bind_to(int fd, const struct sockaddr_storage *address)
{
    int on = 1, off = 0;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    return bind(fd, (const struct sockaddr *)address, length_of(address)) == 0;
}

int vcb_traffic_listen(const VcbTrafficConfig *config, int type, int *ret_port, GError **error)
{
    struct sockaddr_storage address = config->address;
    socklen_t length = sizeof address;
    int fd = new_socket(address.ss_family, type);

    if (fd < 0 && config->any_address) {
        address = any_ipv4(&address);
        fd = new_socket(AF_INET, type);
    }
    if (fd < 0)
        return fail(fd, "socket", error);
    if (!bind_to(fd, &address))
        return fail(fd, "bind", error);
    if (config->is_source && config->congestion && type == SOCK_STREAM &&
        !vcb_traffic_set_congestion(fd, config->congestion, error)) {
        close(fd);
        return -1;
    }
    if (type == SOCK_STREAM && listen(fd, WAITING_CONNECTIONS) != 0)
        return fail(fd, "listen", error);
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return fail(fd, "getsockname", error);
    /* The port stands at the same place in both families. */
    *ret_port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    return fd;
}

int vcb_traffic_connect(const VcbTrafficConfig *config, int type, GError **error)
{
    int fd = new_socket(config->address.ss_family, type);

    if (fd < 0)
        return fail(fd, "socket", error);
    if (config->is_source && config->congestion && type == SOCK_STREAM &&
        !vcb_traffic_set_congestion(fd, config->congestion, error)) {
        close(fd);
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&config->address, length_of(&config->address)) != 0 &&
        errno != EINPROGRESS)
        return fail(fd, "connect", error);
    return fd;
}

/* A line of /proc, or "unknown". New string. */
static char *kernel_list(const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/sys/net/ipv4/%s", name);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("unknown");
    return g_strstrip(text);
}

gboolean vcb_traffic_set_congestion(int fd, const char *name, GError **error)
{
    g_autofree char *allowed = NULL, *available = NULL;

    if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) == 0)
        return TRUE;
    int problem = errno;
    allowed = kernel_list("tcp_allowed_congestion_control");
    available = kernel_list("tcp_available_congestion_control");
    if (problem == EPERM)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                    "congestion: the kernel has %s and does not let everybody use it; "
                    "net.ipv4.tcp_allowed_congestion_control lists: %s. As root: "
                    "sysctl -w net.ipv4.tcp_allowed_congestion_control='%s %s'",
                    name, allowed, allowed, name);
    else
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                    "congestion: the kernel has no %s (%s); it has: %s; "
                    "net.ipv4.tcp_allowed_congestion_control lists: %s. As root: modprobe tcp_%s",
                    name, g_strerror(problem), available, allowed, name);
    return FALSE;
}

int vcb_traffic_socket_error(int fd)
{
    int problem = 0;
    socklen_t length = sizeof problem;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length) == 0 ? problem : errno;
}

void vcb_traffic_abort(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}
