#include "common/child.h"

#include "common/error.h"
#include "common/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONTROL_FD 3 /* in the child */

struct VcbChild {
    pid_t pid; /* 0 once reaped */
    int pidfd; /* readable once it has ended (pidfd_open(2), Linux 5.3) */
    int control_fd;
    GSource *watch; /* owned */
    guint kill_timer;
    VcbChildExited exited;
    gpointer user_data;
};

static void forget(VcbChild *child)
{
    child->pid = 0;
    if (child->watch) {
        g_source_destroy(child->watch);
        g_clear_pointer(&child->watch, g_source_unref);
    }
    if (child->pidfd >= 0)
        close(child->pidfd);
    child->pidfd = -1;
    g_clear_handle_id(&child->kill_timer, g_source_remove);
}

static int reap(pid_t pid)
{
    int wait_status = 0;

    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
        ;
    return wait_status;
}

/* The process descriptor became readable: the child is a zombie, its number still its own. */
static gboolean on_exited(gint pidfd, GIOCondition condition, gpointer user_data)
{
    VcbChild *child = user_data;
    pid_t pid = child->pid;
    int wait_status;

    kill(
        -pid,
        SIGKILL); /* what it left behind in its group goes with it, before the number can be anybody else's */
    wait_status = reap(pid);
    forget(child);
    if (child->exited)
        child->exited(child, wait_status, child->user_data);
    return G_SOURCE_REMOVE;
}

static char **environment_for(const VcbChildParams *params)
{
    char **environment = g_get_environ();

    for (gsize i = 0; params->environment && params->environment[i]; i++) {
        const char *equals = strchr(params->environment[i], '=');

        g_assert(equals);
        g_autofree char *name = g_strndup(params->environment[i], (gsize)(equals - params->environment[i]));
        environment = g_environ_setenv(environment, name, equals + 1, TRUE);
    }
    if (params->with_control)
        environment = g_environ_setenv(environment, "VCBENCH_CONTROL_FD", G_STRINGIFY(CONTROL_FD), TRUE);
    else
        environment = g_environ_unsetenv(environment, "VCBENCH_CONTROL_FD");
    return environment;
}

/* NULL: done; otherwise the step that failed, with errno. The user namespace first: only in it are the network namespace's rights
 * to be had. */
static const char *enter_namespaces(const VcbChildNamespaces *namespaces)
{
    if (namespaces->user_fd >= 0 && setns(namespaces->user_fd, CLONE_NEWUSER) != 0)
        return "entering the user namespace";
    if (setns(namespaces->network_fd, CLONE_NEWNET) != 0)
        return "entering the network namespace";
    return vcb_privileges_keep(0);
}

/* Runs between fork and exec: async-signal-safe calls only. Returns only by failing: the step that failed, static, with errno;
 * NULL: exec itself. */
static const char *become(const VcbChildParams *params, const char *program, char **environment,
                          int control_fd, int log_fd, pid_t parent)
{
    sigset_t none;
    int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0);
    if (params->namespaces) {
        const char *step = enter_namespaces(params->namespaces);

        if (step)
            return step;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* after the above, which clears it */
    if (getppid() != parent)          /* it died before the line above */
        _exit(127);
    dup2(null_fd, STDIN_FILENO);
    dup2(log_fd >= 0 ? log_fd : STDERR_FILENO, STDOUT_FILENO);
    if (log_fd >= 0)
        dup2(log_fd, STDERR_FILENO);
    if (control_fd >= 0) {
        if (control_fd == CONTROL_FD)
            fcntl(control_fd, F_SETFD, 0);
        else
            dup2(control_fd, CONTROL_FD);
    }
    if (params->directory && chdir(params->directory) != 0)
        return NULL;
    execve(program, (char *const *)params->argv, environment);
    return NULL;
}

/* What the child writes where it cannot become the program. Text is passed by address: it is static, and the child a copy of this
 * process. */
typedef struct {
    int number; /* errno */
    const char *step;
} Failure;

VcbChild *vcb_child_spawn(const VcbChildParams *params, VcbChildExited exited, gpointer user_data,
                          GError **error)
{
    g_auto(GStrv) environment = environment_for(params);
    g_autofree char *program =
        strchr(params->argv[0], '/') ? g_strdup(params->argv[0]) : g_find_program_in_path(params->argv[0]);
    int control[2] = {-1, -1}, failure[2] = {-1, -1}, log_fd = -1, pidfd = -1;
    Failure failed = {0};
    VcbChild *child = NULL;
    pid_t pid, parent = getpid();

    if (!program) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: no such program in PATH", params->argv[0]);
        return NULL;
    }
    if (params->log_path) {
        log_fd = open(params->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log_fd < 0) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", params->log_path, g_strerror(errno));
            return NULL;
        }
    }
    if ((params->with_control && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0) ||
        pipe2(failure, O_CLOEXEC) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "descriptors for %s: %s", params->argv[0],
                    g_strerror(errno));
        goto out;
    }

    pid = fork();
    if (pid == 0) {
        int report_fd = fcntl(failure[1], F_DUPFD_CLOEXEC, CONTROL_FD + 1); /* out of the way of dup2 */

        failed.step = become(params, program, environment, control[1], log_fd, parent);
        failed.number = errno;
        (void)!write(report_fd, &failed, sizeof failed);
        _exit(127);
    }
    close(failure[1]);
    failure[1] = -1;
    if (pid < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "fork for %s: %s", params->argv[0],
                    g_strerror(errno));
        goto out;
    }
    setpgid(pid, pid); /* also here, so that the group exists when we return; EACCES after exec is fine */
    if (read(failure[0], &failed, sizeof failed) == sizeof failed) {
        reap(pid);
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s%s%s", program,
                    failed.step ? failed.step : "", failed.step ? ": " : "", g_strerror(failed.number));
        goto out;
    }
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
    if (pidfd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                    "pidfd_open for %s: %s (Linux 5.3 or newer is needed)", program, g_strerror(errno));
        kill(-pid, SIGKILL);
        reap(pid);
        goto out;
    }

    child = g_new0(VcbChild, 1);
    child->pid = pid;
    child->control_fd = control[0];
    control[0] = -1;
    child->exited = exited;
    child->user_data = user_data;
    child->pidfd = pidfd;
    child->watch = g_unix_fd_source_new(pidfd, G_IO_IN);
    g_source_set_callback(child->watch, G_SOURCE_FUNC(on_exited), child, NULL);
    g_source_attach(child->watch, NULL);
out:
    for (int i = 0; i < 2; i++) {
        if (control[i] >= 0)
            close(control[i]);
        if (failure[i] >= 0)
            close(failure[i]);
    }
    if (log_fd >= 0)
        close(log_fd);
    return child;
}

int vcb_child_take_control_fd(VcbChild *child)
{
    int fd = child->control_fd;

    child->control_fd = -1;
    return fd;
}

pid_t vcb_child_pid(const VcbChild *child)
{
    return child->pid;
}

gboolean vcb_child_is_running(const VcbChild *child)
{
    return child && child->pid > 0;
}

static gboolean on_grace_over(gpointer user_data)
{
    VcbChild *child = user_data;

    child->kill_timer = 0;
    vcb_child_kill(child);
    return G_SOURCE_REMOVE;
}

void vcb_child_stop(VcbChild *child, gint64 grace_us)
{
    if (!vcb_child_is_running(child))
        return;
    kill(-child->pid, SIGTERM);
    if (!child->kill_timer)
        child->kill_timer = g_timeout_add((guint)(grace_us / 1000), on_grace_over, child);
}

void vcb_child_kill(VcbChild *child)
{
    if (vcb_child_is_running(child))
        kill(-child->pid, SIGKILL);
}

void vcb_child_free(VcbChild *child)
{
    if (!child)
        return;
    if (child->pid > 0) {
        pid_t pid = child->pid;

        kill(-pid, SIGKILL);
        reap(pid);
    }
    forget(child);
    if (child->control_fd >= 0)
        close(child->control_fd);
    g_free(child);
}

char *vcb_child_describe_status(int wait_status)
{
    if (WIFSIGNALED(wait_status)) {
        const char *name = sigabbrev_np(WTERMSIG(wait_status));

        return g_strdup_printf("killed by signal %d (SIG%s)", WTERMSIG(wait_status), name ? name : "?");
    }
    return g_strdup_printf("exit status %d", WEXITSTATUS(wait_status));
}

int vcb_child_control_fd_of_this_process(void)
{
    const char *text = g_getenv("VCBENCH_CONTROL_FD");
    guint64 fd;

    if (!text || !g_ascii_string_to_unsigned(text, 10, 0, 65535, &fd, NULL))
        return -1;
    if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) != 0)
        return -1;
    return (int)fd;
}
