/* The emulator's side of the host maker: starts it, queues requests, puts replies together.
 *
 *   request -> packets -> out queue -> socket                    maker
 *   vcb_hosts_read <- reply <- its packets <- socket <- replies
 *
 * The descriptor that the emulator watches is an epoll of the socket: readable when a reply is there, or when the socket takes more of
 * the queue. */
#include "network/hosts/hosts.h"

#include "common/clock.h"
#include "common/error.h"
#include "common/privileges.h"
#include "network/hosts/maker.h"
#include "network/hosts/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define GREETING_DEADLINE_US (10 * G_USEC_PER_SEC)
#define END_DEADLINE_US (5 * G_USEC_PER_SEC)
#define PARENT_DEADLINE_US G_USEC_PER_SEC

struct VcbHosts {
    pid_t pid;
    int socket, epoll;
    VcbBackend backend;
    VcbNamespaces namespaces;
    int user_namespace_fd;
    GQueue out;  /* owned GBytes: packets the socket has not taken */
    GArray *fds; /* of the reply that is being received; owned descriptors */
    gboolean gone;
};

/* --- The maker's process -------------------------------------------------------------------------------------------- */

static void keep_stderr_only(int *socket)
{
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    dup2(null_fd, STDIN_FILENO);
    dup2(null_fd, STDOUT_FILENO);
    if (*socket != 3) {
        dup3(*socket, 3, O_CLOEXEC);
        *socket = 3;
    }
    closefrom(4);
}

/* What it does from now on needs these, and no more. */
#define MAKER_CAPABILITIES                                                                                   \
    (VCB_CAPABILITY(CAP_SYS_ADMIN) | VCB_CAPABILITY(CAP_NET_ADMIN) | VCB_CAPABILITY(CAP_NET_RAW))

/* The parent is dying, but has not closed everything yet. Who closes a packet socket last waits for the kernel: that is to be the
 * maker, who does it for all of them at the same time. */
static void await_end(int parent_fd)
{
    struct pollfd watch = {.fd = parent_fd, .events = POLLIN};

    poll(&watch, 1, (int)(PARENT_DEADLINE_US / 1000));
}

/* The parent is dead: an end within a few seconds, come what may. */
static void on_parent_dead(int number)
{
    alarm(END_DEADLINE_US / G_USEC_PER_SEC);
}

static void run_maker(int socket, pid_t parent, VcbBackend backend, VcbNamespaces namespaces)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbMaker) maker = NULL;
    VcbWireReply greeting = {0};
    const char *step;
    int user_fd, parent_fd;
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* It ends with its socket, after the emulator; a signal to both must not end it before. */
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGALRM, SIG_DFL);
    signal(SIGUSR1, on_parent_dead);
    prctl(PR_SET_NAME, "vcb-host-maker");
    keep_stderr_only(&socket);
    maker = vcb_maker_new(backend, namespaces, &error);
    if (maker && (step = vcb_privileges_keep(MAKER_CAPABILITIES))) {
        g_set_error(&error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", step, g_strerror(errno));
        g_clear_pointer(&maker, vcb_maker_free);
    }
    /* Only now: a change of privileges clears it. */
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (getppid() != parent)
        return;
    parent_fd = (int)syscall(SYS_pidfd_open, parent, 0);
    if (!maker) {
        g_strlcpy(greeting.problem, error->message, sizeof greeting.problem);
        vcb_wire_send(socket, &greeting, sizeof greeting, NULL, 0);
        return;
    }
    greeting.backend = (guint8)vcb_maker_backend(maker);
    greeting.namespaces = (guint8)vcb_maker_namespaces(maker);
    user_fd = vcb_maker_user_namespace_fd(maker);
    if (vcb_wire_send(socket, &greeting, sizeof greeting, &user_fd, user_fd >= 0 ? 1 : 0) &&
        !vcb_maker_serve(maker, socket))
        await_end(parent_fd);
}

/* --- Start and end ---------------------------------------------------------------------------------------------------- */

/* A network of 200 hosts needs two descriptors a host. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static gboolean receive_greeting(VcbHosts *hosts, GError **error)
{
    struct pollfd watch = {.fd = hosts->socket, .events = POLLIN};
    VcbWireReply greeting;

    if (poll(&watch, 1, (int)(GREETING_DEADLINE_US / 1000)) != 1 ||
        vcb_wire_receive(hosts->socket, &greeting, sizeof greeting, hosts->fds) != sizeof greeting) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "the host maker does not answer");
        return FALSE;
    }
    greeting.problem[sizeof greeting.problem - 1] = '\0';
    if (*greeting.problem) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s", greeting.problem);
        return FALSE;
    }
    hosts->backend = greeting.backend;
    hosts->namespaces = greeting.namespaces;
    if (hosts->fds->len == 1)
        hosts->user_namespace_fd = g_array_index(hosts->fds, int, 0);
    g_array_set_size(hosts->fds, 0);
    return TRUE;
}

static void watch_socket(VcbHosts *hosts, int operation)
{
    struct epoll_event event = {.events = hosts->out.length ? EPOLLIN | EPOLLOUT : EPOLLIN};

    epoll_ctl(hosts->epoll, operation, hosts->socket, &event);
}

VcbHosts *vcb_hosts_start(VcbBackend backend, VcbNamespaces namespaces, GError **error)
{
    g_autoptr(VcbHosts) hosts = NULL;
    int pair[2];
    pid_t parent = getpid();

    raise_descriptor_limit();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "socket pair of the host maker: %s",
                    g_strerror(errno));
        return NULL;
    }
    hosts = g_new0(VcbHosts, 1);
    hosts->user_namespace_fd = -1;
    hosts->socket = pair[0];
    hosts->fds = g_array_new(FALSE, FALSE, sizeof(int));
    hosts->epoll = epoll_create1(EPOLL_CLOEXEC);
    hosts->pid = fork();
    if (hosts->pid == 0) {
        run_maker(pair[1], parent, backend, namespaces);
        _exit(0);
    }
    close(pair[1]);
    if (hosts->pid < 0 || hosts->epoll < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "starting the host maker: %s", g_strerror(errno));
        return NULL;
    }
    if (!receive_greeting(hosts, error))
        return NULL;
    fcntl(hosts->socket, F_SETFL, O_NONBLOCK);
    watch_socket(hosts, EPOLL_CTL_ADD);
    return g_steal_pointer(&hosts);
}

static void close_all(GArray *fds)
{
    for (guint i = 0; i < fds->len; i++)
        close(g_array_index(fds, int, i));
    g_array_set_size(fds, 0);
}

/* It ends by itself, and then closes faster than the kernel would do it. */
static void end_maker(pid_t pid)
{
    struct pollfd watch = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

    if (watch.fd < 0 || poll(&watch, 1, (int)(END_DEADLINE_US / 1000)) != 1)
        kill(pid, SIGKILL);
    if (watch.fd >= 0)
        close(watch.fd);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

void vcb_hosts_free(VcbHosts *hosts)
{
    const VcbWireRequest end = {.operation = VCB_WIRE_END};

    if (!hosts)
        return;
    vcb_wire_send(hosts->socket, &end, sizeof end, NULL, 0);
    close(hosts->socket);
    if (hosts->epoll >= 0)
        close(hosts->epoll);
    if (hosts->pid > 0)
        end_maker(hosts->pid);
    close_all(hosts->fds);
    g_array_unref(hosts->fds);
    g_queue_clear_full(&hosts->out, (GDestroyNotify)g_bytes_unref);
    if (hosts->user_namespace_fd >= 0)
        close(hosts->user_namespace_fd);
    g_free(hosts);
}

VcbBackend vcb_hosts_backend(const VcbHosts *hosts)
{
    return hosts->backend;
}

VcbNamespaces vcb_hosts_namespaces(const VcbHosts *hosts)
{
    return hosts->namespaces;
}

int vcb_hosts_user_namespace_fd(const VcbHosts *hosts)
{
    return hosts->user_namespace_fd;
}

int vcb_hosts_fd(const VcbHosts *hosts)
{
    return hosts->epoll;
}

/* --- Requests ---------------------------------------------------------------------------------------------------------- */

static void flush(VcbHosts *hosts)
{
    guint before = hosts->out.length;

    while (hosts->out.length && !hosts->gone) {
        gsize size;
        gconstpointer data = g_bytes_get_data(g_queue_peek_head(&hosts->out), &size);

        if (!vcb_wire_send(hosts->socket, data, size, NULL, 0)) {
            hosts->gone = errno != EAGAIN && errno != ENOBUFS;
            break;
        }
        g_bytes_unref(g_queue_pop_head(&hosts->out));
    }
    if ((before > 0) != (hosts->out.length > 0) || hosts->out.length)
        watch_socket(hosts, EPOLL_CTL_MOD);
}

/* arguments: floating, or NULL for none. */
static void send_request(VcbHosts *hosts, VcbWireOperation operation, guint64 tag, GVariant *arguments)
{
    const gsize room = VCB_WIRE_PACKET - sizeof(VcbWireRequest);
    gsize size = arguments ? g_variant_get_size(arguments) : 0, sent = 0;
    const guint8 *data = size ? g_variant_get_data(arguments) : NULL;

    do {
        gsize part = MIN(size - sent, room);
        VcbWireRequest request = {
            .operation = (guint8)operation, .continues = sent + part < size, .tag = tag};
        guint8 *packet = g_malloc(sizeof request + part);

        memcpy(packet, &request, sizeof request);
        if (part)
            memcpy(packet + sizeof request, data + sent, part);
        g_queue_push_tail(&hosts->out, g_bytes_new_take(packet, sizeof request + part));
        sent += part;
    } while (sent < size);
    if (arguments)
        g_variant_unref(g_variant_ref_sink(arguments));
    flush(hosts);
}

void vcb_hosts_create(VcbHosts *hosts, guint64 tag, const VcbNetworkDescription *description)
{
    send_request(hosts, VCB_WIRE_CREATE, tag, vcb_wire_pack_hosts(description));
}

void vcb_hosts_set_interface(VcbHosts *hosts, guint64 tag, const char *host, const char *down, const char *up)
{
    send_request(hosts, VCB_WIRE_SET_INTERFACE, tag,
                 g_variant_new("(sss)", host, down ? down : "", up ? up : ""));
}

void vcb_hosts_count_drops(VcbHosts *hosts, guint64 tag)
{
    send_request(hosts, VCB_WIRE_COUNT, tag, NULL);
}

void vcb_hosts_remove(VcbHosts *hosts, guint64 tag)
{
    send_request(hosts, VCB_WIRE_REMOVE, tag, NULL);
}

/* --- Replies ----------------------------------------------------------------------------------------------------------- */

/* Hand the collected descriptors over to the reply. */
static void take_descriptors(VcbHosts *hosts, const VcbWireReply *wire, VcbHostsReply *reply)
{
    const int *fds = (const int *)(gpointer)hosts->fds->data;

    reply->n_hosts = wire->n_hosts;
    reply->n_ports = wire->n_ports;
    reply->namespace_fds = g_memdup2(fds, wire->n_hosts * sizeof *fds);
    reply->ports = g_new0(VcbHostPort, wire->n_ports);
    for (guint i = 0; i < wire->n_ports; i++) {
        reply->ports[i] = (VcbHostPort){.backend = hosts->backend, .fd = fds[wire->n_hosts + i]};
        vcb_wire_link_address(wire->first_number + i, reply->ports[i].link_address);
    }
    g_array_set_size(hosts->fds, 0);
}

static void understand(VcbHosts *hosts, VcbWireReply *wire, VcbHostsReply *reply)
{
    wire->problem[sizeof wire->problem - 1] = '\0';
    *reply = (VcbHostsReply){.type = wire->type, .tag = wire->tag, .tx_dropped = wire->tx_dropped};
    if (*wire->problem)
        reply->problem = g_strdup(wire->problem);
    else if (hosts->fds->len == wire->n_hosts + wire->n_ports)
        take_descriptors(hosts, wire, reply);
    else
        reply->problem = g_strdup_printf("only %u of %u descriptors came (ulimit -n?)", hosts->fds->len,
                                         wire->n_hosts + wire->n_ports);
    close_all(hosts->fds);
}

gboolean vcb_hosts_read(VcbHosts *hosts, VcbHostsReply *ret_reply, GError **error)
{
    VcbWireReply wire;

    flush(hosts);
    for (;;) {
        gssize n = vcb_wire_receive(hosts->socket, &wire, sizeof wire, hosts->fds);

        if (n < 0 && errno == EAGAIN && !hosts->gone)
            return FALSE;
        if (n != sizeof wire) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "the host maker is gone");
            return FALSE;
        }
        if (wire.continues)
            continue;
        understand(hosts, &wire, ret_reply);
        return TRUE;
    }
}

void vcb_hosts_reply_clear(VcbHostsReply *reply)
{
    for (guint i = 0; reply->namespace_fds && i < reply->n_hosts; i++)
        if (reply->namespace_fds[i] >= 0)
            close(reply->namespace_fds[i]);
    for (guint i = 0; reply->ports && i < reply->n_ports; i++)
        if (reply->ports[i].fd >= 0)
            close(reply->ports[i].fd);
    g_free(reply->namespace_fds);
    g_free(reply->ports);
    g_free(reply->problem);
    *reply = (VcbHostsReply){0};
}
