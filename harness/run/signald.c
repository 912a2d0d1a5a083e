#include "harness/run/signald.h"

#include "common/channel.h"
#include "common/child.h"
#include "common/clock.h"
#include "common/error.h"
#include "harness/run/programs.h"

#define START_TIMEOUT_MS 5000
#define MOST_RESTARTS 3

struct VcbSignald {
    const VcbSignalingSettings *settings; /* no-ref */
    VcbRunLog *log;                       /* no-ref */
    VcbSignaldEvents events;
    gpointer user_data;
    char *program, *log_path;
    VcbChild *child;
    VcbChannel *channel;
    guint deadline;
    guint restarts;
    gboolean exited, failed;
    int wait_status; /* once exited */
};

static gboolean start(VcbSignald *signald, GError **error);

static void fail(VcbSignald *signald, const char *message)
{
    g_autoptr(GError) error = NULL;

    if (signald->failed)
        return;
    signald->failed = TRUE;
    g_set_error_literal(&error, VCB_ERROR, VCB_ERROR_INVALID, message);
    signald->events.failed(error, signald->user_data);
}

static gboolean on_deadline(gpointer user_data)
{
    VcbSignald *signald = user_data;

    signald->deadline = 0;
    fail(signald, "the signaling server did not begin to listen within 5 s (its log: logs/signald.log)");
    return G_SOURCE_REMOVE;
}

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    VcbSignald *signald = user_data;
    const char *type = vcb_json_string(message, "type", "");
    g_autofree char *call = g_strdup(vcb_json_string(message, "call", NULL));

    vcb_run_log_write(signald->log, call, "signald", cJSON_Duplicate(message, TRUE));
    if (g_str_equal(type, "ready")) {
        g_autofree char *url =
            g_strdup_printf("ws://%s:%d", vcb_json_string(message, "host", signald->settings->host),
                            (int)vcb_json_int(message, "port", 0));

        g_clear_handle_id(&signald->deadline, g_source_remove);
        signald->events.ready(url, signald->user_data);
    } else if (g_str_equal(type, "failed") || g_str_equal(type, "error")) {
        /* `error`: it did not understand us; a run without its rules would show something else than was
         * asked. */
        g_autofree char *text =
            g_strdup_printf("the signaling server: %s", vcb_json_string(message, "message", "cannot listen"));

        g_clear_handle_id(&signald->deadline, g_source_remove);
        fail(signald, text);
    }
}

/* Both its process and its channel have ended: its last words (`failed`) have been read. */
static void go_on_when_gone(VcbSignald *signald)
{
    g_autofree char *status = NULL, *reason = NULL;
    g_autoptr(GError) error = NULL;

    if (!signald->exited || signald->channel || signald->failed)
        return;
    status = vcb_child_describe_status(signald->wait_status);
    reason = g_strdup_printf("the signaling server ended: %s (its log: logs/signald.log)", status);
    g_clear_pointer(&signald->child, vcb_child_free);
    g_clear_handle_id(&signald->deadline, g_source_remove);
    signald->events.died(reason, signald->user_data);
    if (++signald->restarts > MOST_RESTARTS)
        fail(signald, reason);
    else if (!start(signald, &error))
        fail(signald, error->message);
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    VcbSignald *signald = user_data;

    g_clear_pointer(&signald->channel, vcb_channel_free);
    go_on_when_gone(signald);
}

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    VcbSignald *signald = user_data;
    g_autofree char *status = vcb_child_describe_status(wait_status);
    cJSON *event = vcb_run_log_event("process-exit");

    cJSON_AddStringToObject(event, "process", "signald");
    cJSON_AddStringToObject(event, "status", status);
    cJSON_AddBoolToObject(event, "expected", FALSE);
    vcb_run_log_write(signald->log, NULL, "vcbench", event);
    signald->exited = TRUE;
    signald->wait_status = wait_status;
    go_on_when_gone(signald);
}

static const VcbChannelCallbacks CALLBACKS = {.message = on_message, .closed = on_closed};

static gboolean start(VcbSignald *signald, GError **error)
{
    const VcbSignalingSettings *settings = signald->settings;
    g_autofree char *port = g_strdup_printf("%d", settings->port);
    g_autofree char *message = g_strdup_printf("%" G_GINT64_FORMAT, settings->max_message_bytes);
    g_autofree char *rate = g_strdup_printf("%d", settings->max_messages_per_s);
    g_autofree char *size = g_strdup_printf("%d", settings->room_size);
    g_autofree char *ping = g_strdup_printf("%d", (int)(settings->ping_interval_us / G_USEC_PER_SEC));
    /* The secret goes by the environment: command lines can be read by everybody. */
    g_autofree char *secret =
        g_strdup_printf("TOKEN_SECRET=%s", settings->token_secret ? settings->token_secret : "");
    const char *environment[] = {secret, NULL};
    const char *argv[] = {signald->program,
                          "--host",
                          settings->host,
                          "--port",
                          port,
                          "--max-message",
                          message,
                          "--max-rate",
                          rate,
                          "--room-size",
                          size,
                          "--ping-interval",
                          ping,
                          NULL};
    VcbChildParams params = {
        .argv = argv, .environment = environment, .log_path = signald->log_path, .with_control = TRUE};
    cJSON *event;

    signald->exited = FALSE;
    signald->child = vcb_child_spawn(&params, on_exited, signald, error);
    if (!signald->child) {
        g_prefix_error(error, "the signaling server cannot be started: ");
        return FALSE;
    }
    signald->channel = vcb_channel_new(vcb_child_take_control_fd(signald->child), NULL, &CALLBACKS, signald);
    signald->deadline = g_timeout_add(START_TIMEOUT_MS, on_deadline, signald);
    event = vcb_run_log_event("process-start");
    cJSON_AddStringToObject(event, "process", "signald");
    vcb_json_add_int(event, "pid", vcb_child_pid(signald->child));
    vcb_run_log_write(signald->log, NULL, "vcbench", event);
    return TRUE;
}

VcbSignald *vcb_signald_new(const VcbSignalingSettings *settings, const char *directory, VcbRunLog *log,
                            const VcbSignaldEvents *events, gpointer user_data, GError **error)
{
    VcbSignald *signald = g_new0(VcbSignald, 1);

    signald->settings = settings;
    signald->log = log;
    signald->events = *events;
    signald->user_data = user_data;
    signald->log_path = g_build_filename(directory, "logs", "signald.log", NULL);
    signald->program = vcb_program_find(VCB_PROGRAM_SIGNALD, error);
    if (!signald->program || !start(signald, error)) {
        vcb_signald_free(signald);
        return NULL;
    }
    return signald;
}

void vcb_signald_free(VcbSignald *signald)
{
    if (!signald)
        return;
    g_clear_handle_id(&signald->deadline, g_source_remove);
    vcb_channel_free(signald->channel);
    /* It holds nothing that an orderly end would save, so the end need not be waited for. */
    vcb_child_free(signald->child);
    g_free(signald->program);
    g_free(signald->log_path);
    g_free(signald);
}

void vcb_signald_send(VcbSignald *signald, const cJSON *message)
{
    if (signald->channel)
        vcb_channel_send(signald->channel, message);
}

pid_t vcb_signald_pid(const VcbSignald *signald)
{
    return vcb_child_is_running(signald->child) ? vcb_child_pid(signald->child) : 0;
}
