#include "signaling/listener.h"

#include "common/error.h"

#include <errno.h>
#include <glib-unix.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_MS 100
#define MOST_AT_ONCE 16 /* so that a flood of connections cannot starve the clients */

struct VcbListener {
    int fd;
    guint port;
    guint watch; /* source ids; 0: none */
    guint pause;
    VcbAccepted accepted;
    gpointer user_data;
};

static void start_watching(VcbListener *listener);

static gboolean on_pause_over(gpointer user_data)
{
    VcbListener *listener = user_data;

    listener->pause = 0;
    start_watching(listener);
    return G_SOURCE_REMOVE;
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer user_data)
{
    VcbListener *listener = user_data;

    for (int i = 0; i < MOST_AT_ONCE; i++) {
        int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (client >= 0) {
            listener->accepted(client, listener->user_data);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* The connection stays in the queue and the socket readable: look again later. */
            listener->watch = 0;
            listener->pause = g_timeout_add(PAUSE_MS, on_pause_over, listener);
            return G_SOURCE_REMOVE;
        }
        if (errno != EINTR && errno != ECONNABORTED)
            break;
    }
    return G_SOURCE_CONTINUE;
}

static void start_watching(VcbListener *listener)
{
    listener->watch = g_unix_fd_add(listener->fd, G_IO_IN, on_connection, listener);
}

static guint port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static void set_listen_error(GError **error, const char *host, guint port, int code)
{
    const char *remedy = code == EADDRINUSE ? "; choose another with --port, or --port 0 for any free one"
                         : code == EACCES   ? "; choose a port from 1024 with --port"
                         : code == EADDRNOTAVAIL ? "; choose an address of this machine with --host"
                                                 : "";

    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "cannot listen on %s port %u: %s%s", host, port,
                code == EADDRINUSE ? "the port is in use" : g_strerror(code), remedy);
}

static int listen_on(const struct addrinfo *address)
{
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), code;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    code = errno;
    close(fd);
    errno = code;
    return -1;
}

VcbListener *vcb_listener_new(const char *host, guint port, VcbAccepted accepted, gpointer user_data,
                              GError **error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    g_autofree char *service = g_strdup_printf("%u", port);
    struct addrinfo *addresses = NULL;
    int problem = getaddrinfo(host, service, &hints, &addresses), fd = -1, code = EADDRNOTAVAIL;
    VcbListener *listener;

    if (problem != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "--host %s: %s", host, gai_strerror(problem));
        return NULL;
    }
    for (const struct addrinfo *address = addresses; address && fd < 0; address = address->ai_next) {
        fd = listen_on(address);
        code = errno;
    }
    freeaddrinfo(addresses);
    if (fd < 0) {
        set_listen_error(error, host, port, code);
        return NULL;
    }
    listener = g_new0(VcbListener, 1);
    listener->fd = fd;
    listener->port = port_of(fd);
    listener->accepted = accepted;
    listener->user_data = user_data;
    start_watching(listener);
    return listener;
}

void vcb_listener_free(VcbListener *listener)
{
    if (!listener)
        return;
    g_clear_handle_id(&listener->watch, g_source_remove);
    g_clear_handle_id(&listener->pause, g_source_remove);
    close(listener->fd);
    g_free(listener);
}

guint vcb_listener_port(const VcbListener *listener)
{
    return listener->port;
}
