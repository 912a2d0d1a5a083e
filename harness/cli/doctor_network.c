/* Loopback, TUN, and whether an ordinary user may make a network of their own. Each is tried, not guessed:
 * what permits it (capabilities, seccomp, AppArmor, sysctls) differs from one system to the next. */
#include "harness/cli/doctor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOPBACK_DEADLINE_MS 1000

void vcb_probe_loopback(const VcbCheck *check, VcbFinding *finding)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    char byte = 'v';
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    gboolean arrived = fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 &&
                       getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
                       sendto(fd, &byte, 1, 0, (struct sockaddr *)&address, length) == 1;
    int send_errno = errno;

    if (!arrived) {
        vcb_finding_set(finding, VCB_FINDING_MISSING, "UDP to 127.0.0.1: %s", g_strerror(send_errno));
    } else if (poll(&waiting, 1, LOOPBACK_DEADLINE_MS) == 1 && recv(fd, &byte, 1, 0) == 1) {
        vcb_finding_set(finding, VCB_FINDING_OK, "UDP on 127.0.0.1");
    } else {
        vcb_finding_set(finding, VCB_FINDING_MISSING, "UDP to 127.0.0.1 does not arrive: a packet filter?");
        finding->remedy = g_strdup("sudo nft list ruleset");
    }
    if (finding->state != VCB_FINDING_OK && !finding->remedy)
        finding->remedy = g_strdup("sudo ip link set lo up");
    if (fd >= 0)
        close(fd);
}

void vcb_probe_tun(const VcbCheck *check, VcbFinding *finding)
{
    int fd = open(check->subject, O_RDWR | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
        vcb_finding_set(finding, VCB_FINDING_OK, "%s opens", check->subject);
        return;
    }
    vcb_finding_set(finding, VCB_FINDING_MISSING, "%s: %s", check->subject, g_strerror(errno));
    if (errno == EACCES || errno == EPERM)
        finding->remedy = g_strdup_printf("sudo chmod 0666 %s; in a container: --device %s", check->subject,
                                          check->subject);
    else
        finding->remedy = g_strdup_printf("sudo modprobe tun; in a container: --device %s", check->subject);
}

enum { STEP_UNSHARE = 0, STEP_LINK_UP = 128 }; /* in the child's exit status, beside an errno below 128 */

/* In a child: enter new namespaces and set their `lo` up, which proves that this user rules there (Ubuntu's
 * AppArmor permits the first and forbids the second). Returns 0, or the step and its errno. */
static int try_namespaces(int flags)
{
    int status;
    pid_t pid = fork();

    if (pid < 0)
        return errno & 127;
    if (pid == 0) { /* system calls only */
        struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
        int fd;

        if (unshare(flags) != 0)
            _exit(STEP_UNSHARE | (errno & 127));
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
            _exit(STEP_LINK_UP | (errno & 127));
        _exit(0);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return EINVAL;
    return WIFEXITED(status) ? WEXITSTATUS(status) : STEP_UNSHARE | EPERM; /* seccomp may kill */
}

/* The number in a file of /proc/sys; -1 where it is not there. */
static gint64 sysctl(const char *name)
{
    g_autofree char *path = g_build_filename("/proc/sys", name, NULL), *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) ? g_ascii_strtoll(text, NULL, 10) : -1;
}

static char *namespaces_remedy(void)
{
    if (sysctl("kernel/unprivileged_userns_clone") == 0)
        return g_strdup("sudo sysctl -w kernel.unprivileged_userns_clone=1");
    if (sysctl("kernel/apparmor_restrict_unprivileged_userns") == 1)
        return g_strdup("sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
    if (sysctl("user/max_user_namespaces") == 0)
        return g_strdup("sudo sysctl -w user.max_user_namespaces=15000");
    if (sysctl("user/max_net_namespaces") == 0)
        return g_strdup("sudo sysctl -w user.max_net_namespaces=15000");
    return g_strdup("run as root; in a container: --security-opt seccomp=unconfined");
}

void vcb_probe_user_namespaces(const VcbCheck *check, VcbFinding *finding)
{
    int failure = try_namespaces(CLONE_NEWUSER | CLONE_NEWNET);
    const char *step =
        failure & STEP_LINK_UP ? "no rights inside a new user namespace" : "no new user namespace";

    if (failure == 0) {
        vcb_finding_set(finding, VCB_FINDING_OK, "can be made");
        return;
    }
    if (geteuid() == 0 && try_namespaces(CLONE_NEWNET) == 0)
        vcb_finding_set(finding, VCB_FINDING_LIMITED, "only as root: %s (%s)", step,
                        g_strerror(failure & 127));
    else
        vcb_finding_set(finding, VCB_FINDING_MISSING, "%s (%s)", step, g_strerror(failure & 127));
    finding->remedy = namespaces_remedy();
}
