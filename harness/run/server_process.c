#include "harness/run/server_process.h"

#include <signal.h>

struct VcbServerProcess {
    char *name, *call, *title, *goal;
    char *log_name; /* "signald.log" */
    guint start_timeout_ms;
    VcbRunLog *log; /* no-ref */
    VcbServerProcessEvents events;
    gpointer user_data;
    VcbChild *child;
    VcbChannel *channel; /* NULL once closed, and where it has none */
    pid_t pid;           /* for the log, also after the end */
    guint deadline, grace_timer;
    gboolean finishing; /* its end is expected */
    gboolean exited;
    int wait_status; /* once exited */
};

static gboolean on_deadline(gpointer user_data)
{
    VcbServerProcess *process = user_data;
    g_autofree char *reason =
        g_strdup_printf("%s did not %s within %.0f s (its log: logs/%s)", process->title, process->goal,
                        process->start_timeout_ms / 1000.0, process->log_name);

    process->deadline = 0;
    process->events.late(process, reason, process->user_data);
    return G_SOURCE_REMOVE;
}

/* Both its process and its channel have ended: its last words have been read. */
static void tell_when_gone(VcbServerProcess *process)
{
    g_autofree char *status = NULL, *reason = NULL;

    if (!process->exited || process->channel)
        return;
    g_clear_handle_id(&process->deadline, g_source_remove);
    g_clear_handle_id(&process->grace_timer, g_source_remove);
    status = vcb_child_describe_status(process->wait_status);
    reason = g_strdup_printf("%s ended: %s (its log: logs/%s)", process->title, status, process->log_name);
    process->events.ended(process, reason, process->user_data);
}

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    VcbServerProcess *process = user_data;

    process->events.message(process, message, process->user_data);
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    VcbServerProcess *process = user_data;

    g_clear_pointer(&process->channel, vcb_channel_free);
    tell_when_gone(process);
}

static void log_event(VcbServerProcess *process, cJSON *event)
{
    vcb_run_log_write(process->log, process->call, "vcbench", event);
}

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    VcbServerProcess *process = user_data;
    g_autofree char *status = vcb_child_describe_status(wait_status);
    cJSON *event = vcb_run_log_event("process-exit");

    process->exited = TRUE;
    process->wait_status = wait_status;
    cJSON_AddStringToObject(event, "process", process->name);
    vcb_json_add_int(event, "pid", process->pid);
    cJSON_AddStringToObject(event, "status", status);
    cJSON_AddBoolToObject(event, "expected", process->finishing && wait_status == 0);
    log_event(process, event);
    tell_when_gone(process);
}

VcbServerProcess *vcb_server_process_new(const VcbServerProcessParams *params, const char *directory,
                                         VcbRunLog *log, const VcbServerProcessEvents *events,
                                         gpointer user_data, GError **error)
{
    static const VcbChannelCallbacks callbacks = {.message = on_message, .closed = on_closed};
    g_autofree char *log_name = g_strconcat(params->file ? params->file : params->name, ".log", NULL);
    g_autofree char *log_path = g_build_filename(directory, "logs", log_name, NULL);
    VcbChildParams child = {.argv = params->argv,
                            .environment = params->environment,
                            .log_path = log_path,
                            .namespaces = params->namespaces,
                            .with_control = params->with_control};
    VcbServerProcess *process = g_new0(VcbServerProcess, 1);
    cJSON *event;

    process->name = g_strdup(params->name);
    process->call = g_strdup(params->call);
    process->log_name = g_steal_pointer(&log_name);
    process->title = g_strdup(params->title);
    process->goal = g_strdup(params->goal);
    process->start_timeout_ms = params->start_timeout_ms;
    process->log = log;
    process->events = *events;
    process->user_data = user_data;
    process->child = vcb_child_spawn(&child, on_exited, process, error);
    if (!process->child) {
        g_prefix_error(error, "%s cannot be started: ", params->title);
        vcb_server_process_free(process);
        return NULL;
    }
    process->pid = vcb_child_pid(process->child);
    if (params->with_control)
        process->channel =
            vcb_channel_new(vcb_child_take_control_fd(process->child), NULL, &callbacks, process);
    process->deadline = g_timeout_add(params->start_timeout_ms, on_deadline, process);
    event = vcb_run_log_event("process-start");
    cJSON_AddStringToObject(event, "process", process->name);
    vcb_json_add_int(event, "pid", process->pid);
    log_event(process, event);
    return process;
}

void vcb_server_process_free(VcbServerProcess *process)
{
    if (!process)
        return;
    g_clear_handle_id(&process->deadline, g_source_remove);
    g_clear_handle_id(&process->grace_timer, g_source_remove);
    vcb_channel_free(process->channel);
    vcb_child_free(process->child);
    g_free(process->name);
    g_free(process->call);
    g_free(process->log_name);
    g_free(process->title);
    g_free(process->goal);
    g_free(process);
}

void vcb_server_process_ready(VcbServerProcess *process)
{
    g_clear_handle_id(&process->deadline, g_source_remove);
}

static gboolean on_grace_over(gpointer user_data)
{
    VcbServerProcess *process = user_data;

    process->grace_timer = 0;
    if (!process->exited) {
        vcb_child_kill(process->child);
    } else { /* it ended before, or something else holds its channel: what it said has been read by now */
        g_clear_pointer(&process->channel, vcb_channel_free);
        tell_when_gone(process);
    }
    return G_SOURCE_REMOVE;
}

void vcb_server_process_finish(VcbServerProcess *process, gboolean by_signal, gint64 grace_us)
{
    process->finishing = TRUE;
    g_clear_handle_id(&process->deadline, g_source_remove);
    if (by_signal && vcb_child_is_running(process->child))
        kill(process->pid, SIGTERM);
    if (process->exited && !process->channel)
        grace_us = 0;
    if (!process->grace_timer)
        process->grace_timer = g_timeout_add((guint)(grace_us / 1000), on_grace_over, process);
}

VcbChannel *vcb_server_process_channel(VcbServerProcess *process)
{
    return process->channel;
}

void vcb_server_process_send(VcbServerProcess *process, const cJSON *message)
{
    if (process->channel)
        vcb_channel_send(process->channel, message);
}

pid_t vcb_server_process_pid(const VcbServerProcess *process)
{
    return process && vcb_child_is_running(process->child) ? process->pid : 0;
}
