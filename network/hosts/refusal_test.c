/* What is closed on a machine is said, with what opens it; and what is open is found. Each claim in a process of its own, to which
 * something is closed. */
#include "common/test.h"
#include "network/hosts/hosts.h"
#include "network/hosts/lab.h"
#include "network/hosts/namespaces.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT_ARRANGE 77

/* 0: as claimed; 77: it cannot be arranged here. */
static int in_a_process(int (*claim)(void))
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(claim());
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check(int (*claim)(void))
{
    int status = in_a_process(claim);

    if (status == CANNOT_ARRANGE)
        g_print("(not arranged: needs root) ");
    else
        CU_ASSERT_EQUAL(status, 0);
}

/* Whether starting is refused with all these words. */
static int refused(VcbBackend backend, VcbNamespaces namespaces, const char *const *words)
{
    g_autoptr(GError) error = NULL;

    if (vcb_hosts_start(backend, namespaces, &error)) {
        g_printerr("not refused\n");
        return 1;
    }
    for (; *words; words++)
        if (!strstr(error->message, *words)) {
            g_printerr("no \"%s\" in: %s\n", *words, error->message);
            return 1;
        }
    return 0;
}

static int found(VcbBackend backend, VcbNamespaces namespaces, VcbBackend found_backend,
                 VcbNamespaces found_namespaces)
{
    g_autoptr(GError) error = NULL;
    VcbHosts *hosts = vcb_hosts_start(backend, namespaces, &error);

    if (!hosts) {
        g_printerr("%s\n", error->message);
        return 1;
    }
    return vcb_hosts_backend(hosts) == found_backend && vcb_hosts_namespaces(hosts) == found_namespaces ? 0
                                                                                                        : 1;
}

/* As a container's filter does it: unshare(2) with any of these flags fails with EPERM. */
static gboolean forbid_unshare(guint32 flags)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, args[0])), /* its lower half: little-endian */
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {G_N_ELEMENTS(program), program};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* /dev/net/tun as it should be for this process alone: with this mode, or (0) missing. */
static gboolean arrange_tun(mode_t mode)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", "/dev/net", "tmpfs", 0, "mode=755") == 0 &&
           (!mode || mknod("/dev/net/tun", S_IFCHR | mode, makedev(10, 200)) == 0);
}

static gboolean become_nobody(void)
{
    return setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0 &&
           prctl(PR_SET_DUMPABLE, 1) == 0;
}

static int without_namespaces(void)
{
    static const char *const WORDS[] = {
        "permits no emulated hosts", "as root: unshare(CLONE_NEWNET): Operation not permitted",
        "in a user namespace: unshare(CLONE_NEWUSER): Operation not permitted", "to open namespaces: ", NULL};

    return forbid_unshare(CLONE_NEWUSER | CLONE_NEWNET)
               ? refused(VCB_BACKEND_AUTO, VCB_NAMESPACES_AUTO, WORDS)
               : CANNOT_ARRANGE;
}

static int without_network_namespaces(void)
{
    static const char *const WORDS[] = {"in a user namespace: unshare(CLONE_NEWNET): Operation not permitted",
                                        "to open namespaces: ", NULL};

    return forbid_unshare(CLONE_NEWNET) ? refused(VCB_BACKEND_AUTO, VCB_NAMESPACES_USER, WORDS)
                                        : CANNOT_ARRANGE;
}

static int with_too_few_user_namespaces(void)
{
    static const char *const WORDS[] = {
        "in a user namespace: unshare(CLONE_NEWUSER): No space left on device",
        "sysctl -w user.max_user_namespaces=", NULL};
    FILE *file;

    if (!vcb_namespaces_enter_new_user(NULL) || !(file = fopen("/proc/sys/user/max_user_namespaces", "w")))
        return CANNOT_ARRANGE;
    fputs("0", file);
    fclose(file);
    return refused(VCB_BACKEND_AUTO, VCB_NAMESPACES_USER, WORDS);
}

static int with_a_closed_tun_asked_for(void)
{
    static const char *const WORDS[] = {"in a user namespace, tun: /dev/net/tun: Permission denied",
                                        "setfacl -m u:", NULL};

    return arrange_tun(0600) && become_nobody() ? refused(VCB_BACKEND_TUN, VCB_NAMESPACES_USER, WORDS)
                                                : CANNOT_ARRANGE;
}

static int without_tun_asked_for(void)
{
    static const char *const WORDS[] = {"/dev/net/tun: No such file or directory", "modprobe tun",
                                        "--device /dev/net/tun", NULL};

    return arrange_tun(0) ? refused(VCB_BACKEND_TUN, VCB_NAMESPACES_AUTO, WORDS) : CANNOT_ARRANGE;
}

static int with_a_closed_tun_and_no_wish(void)
{
    return arrange_tun(0600) && become_nobody()
               ? found(VCB_BACKEND_AUTO, VCB_NAMESPACES_AUTO, VCB_BACKEND_VETH, VCB_NAMESPACES_USER)
               : CANNOT_ARRANGE;
}

static int with_an_open_tun_and_no_wish(void)
{
    return arrange_tun(0600)
               ? found(VCB_BACKEND_AUTO, VCB_NAMESPACES_AUTO, VCB_BACKEND_TUN, VCB_NAMESPACES_ROOT)
               : CANNOT_ARRANGE;
}

static void forbidden_namespaces_are_named_with_a_remedy(void)
{
    check(without_namespaces);
    check(without_network_namespaces);
}

static void a_limit_of_namespaces_is_named_with_its_switch(void)
{
    check(with_too_few_user_namespaces);
}

static void a_tun_that_cannot_be_opened_is_named_with_a_remedy(void)
{
    check(with_a_closed_tun_asked_for);
    check(without_tun_asked_for);
}

static void without_a_wish_the_best_that_works_is_taken(void)
{
    check(with_a_closed_tun_and_no_wish);
    check(with_an_open_tun_and_no_wish);
}

VCB_TEST_MAIN("refusals of hosts",
              {"forbidden namespaces are named with a remedy", forbidden_namespaces_are_named_with_a_remedy},
              {"a limit of namespaces is named with its switch",
               a_limit_of_namespaces_is_named_with_its_switch},
              {"a TUN that cannot be opened is named with a remedy",
               a_tun_that_cannot_be_opened_is_named_with_a_remedy},
              {"without a wish the best that works is taken", without_a_wish_the_best_that_works_is_taken})
