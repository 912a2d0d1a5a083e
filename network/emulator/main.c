/* vcbench-net: the network of a run (docs/network-emulator.md).
 *
 *   main.c       options, host maker, priority, privileges, signals, last words     options.c  flags
 *   loop.c       epoll, the timer                priority.c  SCHED_FIFO, locked memory    probe.c  --probe
 *   control.c    the control channel             messages.c  beginnings of messages
 *   emulator.c   commands, networks' lives       observers.c what the internet tells
 *   ports.c      packets from and to hosts
 *   reports.c    what is told each second        counters.c, flows.c, histogram.c  the truth about a link
 *   capture.c    pcapng                          audit.c     the truth about the emulator
 */
#include "common/child.h"
#include "common/error.h"
#include "common/privileges.h"
#include "network/emulator/control.h"
#include "network/emulator/emulated.h"
#include "network/emulator/options.h"
#include "network/emulator/priority.h"
#include "network/emulator/probe.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define LAST_WORDS_US 500000
#define STOP_NS G_GINT64_CONSTANT(3000000000) /* hosts that are not gone by then go with the host maker */

typedef struct {
    VcbLoop *loop;
    VcbHosts *hosts;
    VcbCapture *capture;
    VcbNetControl *control;
    VcbEmulator *emulator;
    VcbPriority priority;
    gint64 stop_by_ns; /* VCB_NEVER_NS: it is not to stop */
    int status;
} Program;

/* --- what the emulator says and asks --- */

static void on_say(const cJSON *message, const int *fds, guint n, void *user_data)
{
    Program *program = user_data;

    vcb_net_control_say(program->control, message, fds, n);
}

static void on_stopped(void *user_data)
{
    Program *program = user_data;

    vcb_loop_quit(program->loop);
}

static void on_failed(const char *text, void *user_data)
{
    Program *program = user_data;
    g_autoptr(cJSON) message = vcb_message_new("failed", vcb_now_ns());

    g_printerr("vcbench-net: %s\n", text);
    cJSON_AddStringToObject(message, "message", text);
    vcb_net_control_say(program->control, message, NULL, 0);
    program->status = VCB_ERROR_INTERNAL;
    vcb_loop_quit(program->loop);
}

static void stop(Program *program)
{
    if (program->stop_by_ns != VCB_NEVER_NS)
        return;
    program->stop_by_ns = vcb_now_ns() + STOP_NS;
    vcb_emulator_stop(program->emulator);
}

static void on_control_ended(void *user_data)
{
    Program *program = user_data;

    if (program->emulator)
        stop(program);
    else
        vcb_loop_quit(program->loop);
}

static void on_signal(guint32 events, void *user_data)
{
    stop(user_data);
}

/* --- tasks of the loop --- */

static gint64 next_ns(void *user_data)
{
    Program *program = user_data;

    return MIN(vcb_emulator_next_ns(program->emulator), program->stop_by_ns);
}

static void advance(gint64 now_ns, void *user_data)
{
    Program *program = user_data;

    vcb_emulator_advance(program->emulator, now_ns);
    if (program->stop_by_ns <= now_ns)
        vcb_loop_quit(program->loop);
}

static gboolean work(void *user_data)
{
    Program *program = user_data;
    gboolean has_messages = vcb_net_control_work(program->control);

    if (vcb_priority_take_loss())
        vcb_emulator_say_error(
            program->emulator, NULL,
            "real-time priority was lost: half a second went by without a pause (RLIMIT_RTTIME)");
    return vcb_emulator_work(program->emulator) || has_messages;
}

/* --- its life --- */

static int signals_descriptor(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static gboolean give_up_privileges(GError **error)
{
    const char *failed = vcb_privileges_keep(0);

    if (failed)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", failed, g_strerror(errno));
    return !failed;
}

static void say_ready(Program *program)
{
    g_autoptr(cJSON) message = vcb_message_new("ready", vcb_now_ns());
    int user_namespace = vcb_hosts_user_namespace_fd(program->hosts);

    cJSON_AddStringToObject(message, "version", VCB_VERSION);
    cJSON_AddStringToObject(message, "backend",
                            vcb_hosts_backend(program->hosts) == VCB_BACKEND_TUN ? "tun" : "veth");
    cJSON_AddStringToObject(message, "namespaces",
                            vcb_hosts_namespaces(program->hosts) == VCB_NAMESPACES_ROOT ? "root" : "user");
    cJSON_AddStringToObject(message, "scheduler", vcb_priority_scheduler(&program->priority));
    cJSON_AddBoolToObject(message, "memory_locked", program->priority.is_memory_locked);
    if (user_namespace < 0)
        vcb_json_add_int(message, "fds", 0);
    vcb_net_control_say(program->control, message, &user_namespace, user_namespace >= 0);
}

/* What needs privileges, in the order in which it must happen. */
static gboolean prepare(Program *program, const VcbNetOptions *options, GError **error)
{
    program->hosts = vcb_hosts_start(options->backend, options->namespaces, error);
    if (!program->hosts)
        return FALSE;
    if (options->capture && !(program->capture = vcb_capture_open(options->capture, error)))
        return FALSE;
    vcb_priority_sharpen_timers();
    if (options->wants_priority)
        program->priority = vcb_priority_raise();
    return give_up_privileges(error);
}

/* The disk may be full only now. */
static void finish_capture(Program *program)
{
    g_autofree char *problem = NULL;

    vcb_capture_finish(program->capture);
    problem = vcb_capture_take_problem(program->capture);
    if (problem) {
        g_autoptr(cJSON) message = vcb_message_new("error", vcb_now_ns());

        cJSON_AddStringToObject(message, "message", problem);
        vcb_net_control_say(program->control, message, NULL, 0);
    }
}

static void run(Program *program)
{
    static const VcbEmulatorCallbacks callbacks = {on_say, on_stopped, on_failed};
    static const VcbLoopTasks tasks = {next_ns, advance, work};
    int signals = signals_descriptor();
    VcbLoopWatch *signals_watch =
        vcb_loop_watch(program->loop, signals, EPOLLIN | EPOLLET, on_signal, program);

    program->emulator =
        vcb_emulator_new(program->loop, program->hosts, program->capture, &callbacks, program);
    vcb_net_control_set_emulator(program->control, program->emulator);
    say_ready(program);
    vcb_loop_run(program->loop, &tasks, program, !program->priority.is_fifo);

    vcb_net_control_set_emulator(program->control, NULL);
    vcb_emulator_report_audit(program->emulator, TRUE);
    g_clear_pointer(&program->emulator, vcb_emulator_free);
    if (program->capture)
        finish_capture(program);
    vcb_loop_unwatch(program->loop, signals_watch);
    close(signals);
}

static int run_under_vcbench(const VcbNetOptions *options, int control_fd)
{
    Program program = {.stop_by_ns = VCB_NEVER_NS};
    g_autoptr(GError) error = NULL;

    program.loop = vcb_loop_new(&error);
    if (!program.loop) {
        g_printerr("vcbench-net: %s\n", error->message);
        return vcb_error_exit_status(error);
    }
    program.control = vcb_net_control_new(control_fd, program.loop, on_control_ended, &program);
    if (prepare(&program, options, &error)) {
        run(&program);
    } else {
        on_failed(error->message, &program);
        program.status = vcb_error_exit_status(error);
    }
    vcb_net_control_flush(program.control, LAST_WORDS_US);
    vcb_net_control_free(program.control);
    vcb_capture_close(program.capture);
    vcb_hosts_free(program.hosts);
    vcb_loop_free(program.loop);
    vcb_packet_pool_clear();
    return program.status;
}

int main(int argc, char **argv)
{
    g_auto(VcbNetOptions) options = {0};
    g_autoptr(GError) error = NULL;
    int control_fd;

    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    switch (vcb_net_options_parse(&options, &argc, &argv, &error)) {
    case VCB_NET_OPTIONS_EXIT:
        return 0;
    case VCB_NET_OPTIONS_BAD:
        g_printerr("vcbench-net: %s\n", error->message);
        return vcb_error_exit_status(error);
    case VCB_NET_OPTIONS_RUN:
        break;
    }
    if (options.probes)
        return vcb_net_probe();
    control_fd = vcb_child_control_fd_of_this_process();
    if (control_fd < 0) {
        g_printerr("vcbench-net is started by vcbench: VCBENCH_CONTROL_FD names no open descriptor\n");
        return VCB_ERROR_USAGE;
    }
    return run_under_vcbench(&options, control_fd);
}
