#include "network/hosts/namespaces.h"

#include "common/error.h"
#include "network/hosts/rtnetlink.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

/* Write a file of /proc. 0 or errno. */
static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC), number = 0;

    if (fd < 0)
        return errno;
    if (write(fd, text, strlen(text)) < 0)
        number = errno;
    close(fd);
    return number;
}

static gboolean file_says(const char *path, const char *value)
{
    g_autofree char *text = NULL;

    return g_file_get_contents(path, &text, NULL, NULL) && strcmp(g_strstrip(text), value) == 0;
}

char *vcb_namespaces_remedy(void)
{
    GString *text = g_string_new(NULL);

    if (file_says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
        g_string_append(text,
                        "AppArmor forbids it: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; ");
    if (file_says("/proc/sys/kernel/unprivileged_userns_clone", "0"))
        g_string_append(text, "a switch forbids it: sysctl -w kernel.unprivileged_userns_clone=1; ");
    if (file_says("/proc/sys/user/max_user_namespaces", "0"))
        g_string_append(text, "their number is limited to none: sysctl -w user.max_user_namespaces=10000; ");
    if (file_says("/proc/sys/user/max_net_namespaces", "0"))
        g_string_append(text, "their number is limited to none: sysctl -w user.max_net_namespaces=10000; ");
    if (g_file_test("/.dockerenv", G_FILE_TEST_EXISTS) ||
        g_file_test("/run/.containerenv", G_FILE_TEST_EXISTS))
        g_string_append(text,
                        "the container forbids it: start it with --cap-add SYS_ADMIN --cap-add NET_ADMIN "
                        "--security-opt apparmor=unconfined --device /dev/net/tun; ");
    if (!text->len)
        g_string_append(text, geteuid() == 0
                                  ? "in a container: give it --cap-add SYS_ADMIN --cap-add NET_ADMIN"
                                  : "run it as root, or permit user namespaces to users");
    else
        g_string_truncate(text, text->len - 2);
    return g_string_free(text, FALSE);
}

static gboolean refuse(GError **error, const char *call, int number)
{
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", call, g_strerror(number));
    return FALSE;
}

gboolean vcb_namespaces_enter_new_user(GError **error)
{
    uid_t user = geteuid();
    gid_t group = getegid();
    g_autofree char *users = g_strdup_printf("%u %u 1", user, user);
    g_autofree char *groups = g_strdup_printf("%u %u 1", group, group);
    const struct {
        const char *path, *text;
    } maps[] = {
        {"/proc/self/setgroups", "deny"}, {"/proc/self/gid_map", groups}, {"/proc/self/uid_map", users}};

    if (unshare(CLONE_NEWUSER) != 0)
        return refuse(error, "unshare(CLONE_NEWUSER)", errno);
    for (gsize i = 0; i < G_N_ELEMENTS(maps); i++) {
        int number = write_text(maps[i].path, maps[i].text);

        if (number)
            return refuse(error, maps[i].path, number);
    }
    return TRUE;
}

/* Where /proc/sys may not be written (some containers), the defaults have to do: they differ in what a peer seldom needs. */
static void set_host_parameters(void)
{
    static const char *const PARAMETERS[][2] = {
        {"/proc/sys/net/ipv4/ip_unprivileged_port_start", "0"},
        {"/proc/sys/net/ipv4/conf/all/rp_filter", "0"}, /* inherited from the machine otherwise */
        {"/proc/sys/net/ipv4/conf/default/rp_filter", "0"},
        {"/proc/sys/net/ipv6/conf/default/accept_ra", "0"},
        {"/proc/sys/net/ipv6/conf/default/accept_dad", "0"},
    };
    g_autofree char *ping = g_strdup_printf("%u %u", getegid(), getegid());

    for (gsize i = 0; i < G_N_ELEMENTS(PARAMETERS); i++)
        write_text(PARAMETERS[i][0], PARAMETERS[i][1]);
    write_text("/proc/sys/net/ipv4/ping_group_range", ping);
}

static gboolean raise_loopback(GError **error)
{
    VcbLinkChange up = {.flags = IFF_UP, .mask = IFF_UP};
    g_autoptr(VcbRtnetlink) rtnetlink = vcb_rtnetlink_open(error);

    if (!rtnetlink)
        return FALSE;
    if (!vcb_rtnetlink_change_link(rtnetlink, 1, &up, error)) { /* lo is the first of every namespace */
        g_prefix_error(error, "lo in a new network namespace: ");
        return FALSE;
    }
    return TRUE;
}

int vcb_namespaces_enter_new_network(GError **error)
{
    int fd;

    if (unshare(CLONE_NEWNET) != 0) {
        refuse(error, "unshare(CLONE_NEWNET)", errno);
        return -1;
    }
    fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        refuse(error, "/proc/self/ns/net", errno);
        return -1;
    }
    set_host_parameters();
    if (!raise_loopback(error)) {
        close(fd);
        return -1;
    }
    return fd;
}

gboolean vcb_namespaces_enter_network(int fd, GError **error)
{
    return setns(fd, CLONE_NEWNET) == 0 || refuse(error, "setns(CLONE_NEWNET)", errno);
}
