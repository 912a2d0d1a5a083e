#include "harness/run/signald.h"

#include "common/error.h"
#include "harness/run/programs.h"
#include "harness/run/server_process.h"

#define START_TIMEOUT_MS 5000
#define MOST_RESTARTS 3

struct VcbSignald {
    VcbSignaldParams params; /* name is owned, the rest no-ref */
    const char *directory;   /* no-ref */
    VcbRunLog *log;          /* no-ref */
    VcbSignaldEvents events;
    gpointer user_data;
    char *program;
    VcbServerProcess *process; /* NULL between an end and a new start */
    guint restarts;
    gboolean failed;
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

static void on_message(VcbServerProcess *process, cJSON *message, gpointer user_data)
{
    VcbSignald *signald = user_data;
    const char *type = vcb_json_string(message, "type", "");
    g_autofree char *call = g_strdup(vcb_json_string(message, "call", NULL));

    vcb_run_log_write(signald->log, call, "signald", cJSON_Duplicate(message, TRUE));
    if (g_str_equal(type, "ready")) {
        vcb_server_process_ready(process);
        signald->events.ready((int)vcb_json_int(message, "port", 0), signald->user_data);
    } else if (g_str_equal(type, "failed") || g_str_equal(type, "error")) {
        /* `error`: it did not understand us; a run without its rules would show something else than was
         * asked. */
        g_autofree char *text =
            g_strdup_printf("the signaling server: %s", vcb_json_string(message, "message", "cannot listen"));

        vcb_server_process_ready(process);
        fail(signald, text);
    }
}

static void on_late(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    fail(user_data, reason);
}

static void on_ended(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    VcbSignald *signald = user_data;
    g_autoptr(GError) error = NULL;
    g_autofree char *kept = g_strdup(reason);

    g_clear_pointer(&signald->process, vcb_server_process_free);
    if (signald->failed)
        return;
    signald->events.died(kept, signald->user_data);
    if (++signald->restarts > MOST_RESTARTS)
        fail(signald, kept);
    else if (!start(signald, &error))
        fail(signald, error->message);
}

static gboolean start(VcbSignald *signald, GError **error)
{
    static const VcbServerProcessEvents events = {on_message, on_late, on_ended};
    const VcbSignalingSettings *settings = signald->params.settings;
    g_autofree char *port = g_strdup_printf("%d", signald->params.port);
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
                          signald->params.host,
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

    signald->process = vcb_server_process_new(
        &(VcbServerProcessParams){
            .name = signald->params.name,
            .title = "the signaling server",
            .argv = argv,
            .environment = environment,
            .namespaces = signald->params.namespaces,
            .with_control = TRUE,
            .start_timeout_ms = START_TIMEOUT_MS,
            .goal = "begin to listen",
        },
        signald->directory, signald->log, &events, signald, error);
    return signald->process != NULL;
}

VcbSignald *vcb_signald_new(const VcbSignaldParams *params, const char *directory, VcbRunLog *log,
                            const VcbSignaldEvents *events, gpointer user_data, GError **error)
{
    VcbSignald *signald = g_new0(VcbSignald, 1);

    signald->params = *params;
    signald->params.name = g_strdup(params->name);
    signald->directory = directory;
    signald->log = log;
    signald->events = *events;
    signald->user_data = user_data;
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
    /* It holds nothing that an orderly end would save, so the end need not be waited for. */
    vcb_server_process_free(signald->process);
    g_free((char *)signald->params.name);
    g_free(signald->program);
    g_free(signald);
}

void vcb_signald_send(VcbSignald *signald, const cJSON *message)
{
    if (signald->process)
        vcb_server_process_send(signald->process, message);
}

pid_t vcb_signald_pid(const VcbSignald *signald)
{
    return vcb_server_process_pid(signald->process);
}
