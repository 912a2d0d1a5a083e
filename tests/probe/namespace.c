#include "tests/probe/namespace.h"

#include "tests/probe/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    PROBE_EXPECT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "cannot write %s: %s",
                 path, g_strerror(errno));
    close(fd);
}

void probe_namespace_enter(void)
{
    g_autofree char *ip = g_find_program_in_path("ip");
    g_autofree char *uid_map = g_strdup_printf("0 %d 1", (int)geteuid());
    g_autofree char *gid_map = g_strdup_printf("0 %d 1", (int)getegid());
    int problem = 0;

    PROBE_SKIP_IF(!ip, "no program `ip`: install iproute2");
    if (geteuid() == 0) {
        problem = unshare(CLONE_NEWNET) ? errno : 0;
    } else if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", uid_map);
        write_file("/proc/self/gid_map", gid_map);
    } else {
        problem = errno;
    }
    PROBE_SKIP_IF(problem, "no network namespace: %s; `vcbench doctor` tells what would help",
                  g_strerror(problem));
    probe_ip("link set lo up");
}

void probe_ip(const char *format, ...)
{
    g_autofree char *arguments = NULL, *command = NULL;
    va_list list;
    int status = -1;

    va_start(list, format);
    arguments = g_strdup_vprintf(format, list);
    va_end(list);
    command = g_strconcat("ip ", arguments, NULL);
    PROBE_EXPECT(g_spawn_command_line_sync(command, NULL, NULL, &status, NULL) && status == 0, "%s fails",
                 command);
}

void probe_add_interface(const char *name, const char *address)
{
    probe_ip("link add %s type veth peer name far-%s", name, name);
    probe_ip("link set far-%s addrgenmode none", name);
    probe_ip("link set far-%s up", name);
    probe_ip("link set %s up", name);
    probe_ip("address add %s dev %s%s", address, name, strchr(address, ':') ? " nodad" : "");
}
