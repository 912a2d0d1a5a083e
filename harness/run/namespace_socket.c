#include "harness/run/namespace_socket.h"

#include "common/error.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* One byte, as a message of descriptors alone has no length, and the descriptor. */
typedef union {
    char data[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
} Control;

/* In the child, between fork and _exit: async-signal-safe calls only. Returns an errno. */
static int make_and_send(const VcbChildNamespaces *namespaces, int family, int type, int channel)
{
    Control control = {0};
    char byte = 's';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.data,
                             .msg_controllen = sizeof control.data};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd;

    if ((namespaces->user_fd >= 0 && setns(namespaces->user_fd, CLONE_NEWUSER) != 0) ||
        setns(namespaces->network_fd, CLONE_NEWNET) != 0)
        return errno;
    fd = socket(family, type, 0);
    if (fd < 0)
        return errno;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

static int receive(int channel)
{
    Control control = {0};
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.data,
                             .msg_controllen = sizeof control.data};
    struct cmsghdr *header;
    ssize_t n;
    int fd = -1;

    do
        n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    header = n == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

int vcb_namespace_socket(const VcbChildNamespaces *namespaces, int family, int type, GError **error)
{
    int pair[2], fd = -1, status = 0;
    pid_t pid;

    if (!namespaces) {
        fd = socket(family, type, 0);
        if (fd < 0)
            g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "a socket: %s", g_strerror(errno));
        return fd;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "a socket pair: %s", g_strerror(errno));
        return -1;
    }
    pid = fork();
    if (pid == 0)
        _exit(make_and_send(namespaces, family, type, pair[1]) & 0xff);
    close(pair[1]);
    if (pid > 0) {
        fd = receive(pair[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    close(pair[0]);
    if (fd < 0)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "a socket inside a host of the emulated network: %s",
                    g_strerror(pid < 0 || !WIFEXITED(status) ? errno : WEXITSTATUS(status)));
    return fd;
}
