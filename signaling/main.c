/* vcbench-signald: the signaling server (docs/signaling.md).
 *
 *   main.c          options, signals, last words
 *   options.c       flags and environment
 *   server.c        libwebsockets: connections, upgrades, timers      listener.c  the listening socket
 *   client.c        one WebSocket: limits, queue, close               rate.c      token bucket
 *   http.c          pages and refusals                                static_files.c  path -> file, safely
 *   auth.c          tokens
 *   hub.c           rooms, relay, start of calls                      frame.c     a text on its way out
 *   room.c          one room                                          codec.c     the messages
 *   scheduler.c     holds, delays, drops, duplicates; both initiate   rule.c      reading its rules
 *   control.c       commands of vcbench                               events.c    what vcbench is told
 */
#include "common/child.h"
#include "common/clock.h"
#include "common/error.h"
#include "signaling/server.h"

#include <glib-unix.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LAST_WORDS_US (500 * 1000)

typedef struct {
    GMainLoop *loop;
    VcbServer *server;
} Program;

static gboolean on_signal(gpointer user_data)
{
    Program *program = user_data;

    vcb_server_stop(program->server);
    return G_SOURCE_CONTINUE;
}

static void on_control_ended(gpointer user_data)
{
    Program *program = user_data;

    if (program->server)
        vcb_server_stop(program->server);
    else
        g_main_loop_quit(program->loop);
}

static int fail(VcbControl *control, const GError *error)
{
    g_printerr("vcbench-signald: %s\n", error->message);
    if (control) {
        vcb_events_failed(vcb_control_channel(control), error->message);
        vcb_channel_flush(vcb_control_channel(control), vcb_clock_now_us() + LAST_WORDS_US);
    }
    return vcb_error_exit_status(error);
}

static void announce(const VcbServer *server, const VcbOptions *options, VcbControl *control)
{
    gboolean is_ipv6 = strchr(options->host, ':') != NULL;

    vcb_events_ready(vcb_control_channel(control), options->host, (int)vcb_server_port(server),
                     options->tls_cert != NULL);
    if (control)
        return;
    printf("vcbench-signald listening on %s://%s%s%s:%u\n", options->tls_cert ? "wss" : "ws",
           is_ipv6 ? "[" : "", options->host, is_ipv6 ? "]" : "", vcb_server_port(server));
    fflush(stdout);
}

static int run(const VcbOptions *options, VcbControl *control, Program *program)
{
    g_autoptr(GError) error = NULL;
    guint sources[2];

    program->server = vcb_server_new(options, control, program->loop, &error);
    if (!program->server)
        return fail(control, error);
    sources[0] = g_unix_signal_add(SIGTERM, on_signal, program);
    sources[1] = g_unix_signal_add(SIGINT, on_signal, program);
    announce(program->server, options, control);
    g_main_loop_run(program->loop);

    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
        g_source_remove(sources[i]);
    g_clear_pointer(&program->server, vcb_server_free);
    if (control)
        vcb_channel_flush(vcb_control_channel(control), vcb_clock_now_us() + LAST_WORDS_US);
    return 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Program program = {.loop = loop};
    int control_fd = vcb_child_control_fd_of_this_process();
    g_autoptr(VcbControl) control =
        control_fd >= 0 ? vcb_control_new(control_fd, on_control_ended, &program) : NULL;
    g_auto(VcbOptions) options = {0};
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    switch (vcb_options_parse(&options, &argc, &argv, &error)) {
    case VCB_OPTIONS_EXIT:
        return 0;
    case VCB_OPTIONS_BAD:
        return fail(control, error);
    case VCB_OPTIONS_RUN:
        break;
    }
    return run(&options, control, &program);
}
