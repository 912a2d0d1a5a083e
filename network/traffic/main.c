/* vcbench-traffic: cross traffic over a line that peers use (docs/network-traffic.md).
 *
 *   main.c       this process: commands, reports, the end
 *   config.c     reading `configure`                 sockets.c    listening, connecting, congestion control
 *   tcp.c        tcp-long, tcp-short                 udp.c        datagrams at a constant rate
 *   pacer.c      which datagrams are due             sequence.c   which ones came
 *   durations.c  how long transfers took
 *
 *   configure -> ready -> start -> traffic ... -> stop -> traffic (final), bye, exit
 */
#include "common/channel.h"
#include "common/child.h"
#include "common/clock.h"
#include "common/error.h"
#include "network/traffic/kind.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#define LAST_WORDS_US (500 * 1000)
#define ERROR_GAP_US G_USEC_PER_SEC /* a hundred flows that lose their other side at once say so once */

typedef struct {
    GMainLoop *loop;
    VcbChannel *channel;
    VcbTrafficConfig *config; /* NULL until configured, as `traffic` */
    const VcbTrafficFunctions *functions;
    gpointer traffic;
    guint timer;
    gint64 started_us, reported_us; /* 0: not started */
    guint64 reported_bytes;
    gint64 error_us; /* the last error that was told */
    gboolean ending; /* the last word was said */
    int exit_status;
} Program;

static void say(Program *program, cJSON *message)
{
    vcb_channel_send(program->channel, message);
    cJSON_Delete(message);
}

static cJSON *new_message(const char *type, gint64 t_us)
{
    cJSON *message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    vcb_json_add_int(message, "t_us", t_us);
    return message;
}

static void say_error(Program *program, const char *text, gboolean fatal)
{
    cJSON *message = new_message("error", vcb_clock_now_us());

    cJSON_AddStringToObject(message, "message", text);
    cJSON_AddBoolToObject(message, "fatal", fatal);
    say(program, message);
}

/* What is ready in the same turn of the loop must not speak after the last word. */
static void end(Program *program)
{
    program->ending = TRUE;
    g_clear_handle_id(&program->timer, g_source_remove);
    g_main_loop_quit(program->loop);
}

static void fail(Program *program, const GError *error)
{
    g_printerr("vcbench-traffic: %s\n", error->message);
    say_error(program, error->message, TRUE);
    program->exit_status = vcb_error_exit_status(error);
    end(program);
}

static void on_lost(const char *what, gpointer user_data)
{
    Program *program = user_data;
    gint64 now_us = vcb_clock_now_us();

    if (program->ending || (program->error_us && now_us - program->error_us < ERROR_GAP_US))
        return;
    program->error_us = now_us;
    say_error(program, what, FALSE);
}

/* ---- reports ---- */

static void report(Program *program, gboolean final)
{
    gint64 now_us = vcb_clock_now_us();
    gint64 since_us = final ? program->started_us : program->reported_us;
    guint64 bytes = program->functions->bytes(program->traffic);
    guint64 new_bytes = final ? bytes : bytes - program->reported_bytes;
    cJSON *message = new_message("traffic", now_us);

    cJSON_AddStringToObject(message, "role", program->config->is_source ? "source" : "sink");
    cJSON_AddStringToObject(message, "kind", vcb_traffic_kind_name(program->config->kind));
    vcb_json_add_int(message, "flows", program->functions->flows(program->traffic));
    vcb_json_add_int(message, "bytes", (gint64)bytes);
    if (now_us > since_us)
        vcb_json_add_int(message, "rate_bps",
                         (gint64)((double)new_bytes * 8e6 / (double)(now_us - since_us)));
    program->functions->report(program->traffic, final, message);
    if (final)
        cJSON_AddTrueToObject(message, "final");
    program->reported_us = now_us;
    program->reported_bytes = bytes;
    say(program, message);
}

static gboolean on_report_time(gpointer user_data)
{
    report(user_data, FALSE);
    return G_SOURCE_CONTINUE;
}

/* ---- commands ---- */

static gboolean configure(Program *program, const cJSON *command, GError **error)
{
    static VcbTrafficEvents events = {.lost = on_lost};
    cJSON *ready;
    int port = 0;

    if (program->config) {
        say_error(program, "configure: already configured", FALSE);
        return TRUE;
    }
    program->config = vcb_traffic_config_parse(command, error);
    if (!program->config)
        return FALSE;
    events.user_data = program;
    program->functions = program->config->kind == VCB_TRAFFIC_UDP ? &VCB_TRAFFIC_DATAGRAMS : &VCB_TRAFFIC_TCP;
    program->traffic = program->functions->new (program->config, &events, &port, error);
    if (!program->traffic)
        return FALSE;
    ready = new_message("ready", vcb_clock_now_us());
    if (port)
        vcb_json_add_int(ready, "port", port);
    say(program, ready);
    return TRUE;
}

static gboolean start(Program *program, const cJSON *command, GError **error)
{
    if (!program->traffic || program->started_us) {
        say_error(program, "start: once, after configure", FALSE);
        return TRUE;
    }
    program->started_us = program->reported_us = vcb_clock_now_us();
    program->timer = g_timeout_add((guint)(program->config->interval_us / 1000), on_report_time, program);
    program->functions->start(program->traffic);
    return TRUE;
}

static gboolean stop(Program *program, const cJSON *command, GError **error)
{
    if (program->started_us)
        report(program, TRUE);
    /* What the loop has ready for this round must not go out uncounted after the final report. */
    if (program->traffic)
        g_clear_pointer(&program->traffic, program->functions->free);
    say(program, new_message("bye", vcb_clock_now_us()));
    end(program);
    return TRUE;
}

static const struct {
    const char *type;
    gboolean (*run)(Program *program, const cJSON *command, GError **error);
} COMMANDS[] = {{"configure", configure}, {"start", start}, {"stop", stop}};

static void on_command(VcbChannel *channel, cJSON *command, gpointer user_data)
{
    Program *program = user_data;
    const char *type = vcb_json_string(command, "type", "");
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    if (program->ending)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(COMMANDS); i++) {
        if (!g_str_equal(COMMANDS[i].type, type))
            continue;
        if (!COMMANDS[i].run(program, command, &error))
            fail(program, error);
        return;
    }
    text = g_strdup_printf("unknown command \"%s\"; configure, start and stop are known", type);
    say_error(program, text, FALSE);
}

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    say_error(user_data, "a line that is not a JSON object", FALSE);
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    g_main_loop_quit(((Program *)user_data)->loop);
}

static gboolean on_signal(gpointer user_data)
{
    g_main_loop_quit(((Program *)user_data)->loop);
    return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
    static const VcbChannelCallbacks callbacks = {on_command, on_malformed, on_closed};
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Program program = {.loop = loop};
    int control_fd = vcb_child_control_fd_of_this_process();

    if (argc > 1 && g_str_equal(argv[1], "--version")) {
        g_print("vcbench-traffic %s\n", VCB_VERSION);
        return 0;
    }
    if (argc > 1 || control_fd < 0) {
        g_printerr("vcbench-traffic is started by vcbench: it takes its commands over the descriptor that "
                   "VCBENCH_CONTROL_FD names (docs/network-traffic.md). By hand: vcbench run FILE.\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    g_unix_signal_add(SIGTERM, on_signal, &program);
    g_unix_signal_add(SIGINT, on_signal, &program);
    program.channel = vcb_channel_new(control_fd, NULL, &callbacks, &program);
    g_main_loop_run(loop);

    g_clear_handle_id(&program.timer, g_source_remove);
    if (program.traffic)
        program.functions->free(program.traffic);
    vcb_channel_flush(program.channel, vcb_clock_now_us() + LAST_WORDS_US);
    vcb_channel_free(program.channel);
    vcb_traffic_config_free(program.config);
    return program.exit_status;
}
