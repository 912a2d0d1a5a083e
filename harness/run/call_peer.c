#include "harness/run/call_peer.h"

#include "common/channel.h"
#include "harness/run/usage.h"

#define KILL_GRACE_US (300 * 1000)

struct VcbCallPeer {
    const VcbPeerSettings *settings; /* no-ref */
    char *call_id;
    const char *directory; /* no-ref */
    VcbRunLog *log;        /* no-ref */
    VcbCallPeerEvents events;
    gpointer user_data;
    VcbChild *child;     /* NULL until started, and where it could not be */
    VcbChannel *channel; /* NULL once closed */
    pid_t pid;           /* for the log, also after the end */
    gboolean exited, end_expected;
    gboolean ended_by_us; /* by a signal of ours: its status says nothing about it */
    guint silent_timer;   /* it closed its channel: does the process end as well? */
    guint linger_timer;   /* it ended: does its channel end as well? */
};

static void log_event(VcbCallPeer *peer, cJSON *event)
{
    vcb_run_log_write(peer->log, peer->call_id, "vcbench", event);
}

static void log_note(VcbCallPeer *peer, const char *text)
{
    cJSON *note = vcb_run_log_event("note");

    cJSON_AddStringToObject(note, "message", text);
    log_event(peer, note);
}

VcbCallPeer *vcb_call_peer_new(const VcbPeerSettings *settings, const char *call_id, const char *directory,
                               VcbRunLog *log, const VcbCallPeerEvents *events, gpointer user_data)
{
    VcbCallPeer *peer = g_new0(VcbCallPeer, 1);

    peer->settings = settings;
    peer->call_id = g_strdup(call_id);
    peer->directory = directory;
    peer->log = log;
    peer->events = *events;
    peer->user_data = user_data;
    return peer;
}

void vcb_call_peer_free(VcbCallPeer *peer)
{
    if (!peer)
        return;
    g_clear_handle_id(&peer->silent_timer, g_source_remove);
    g_clear_handle_id(&peer->linger_timer, g_source_remove);
    vcb_channel_free(peer->channel);
    vcb_child_free(peer->child);
    g_free(peer->call_id);
    g_free(peer);
}

/* ---- what it says ---- */

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    VcbCallPeer *peer = user_data;
    g_autofree char *valid = g_utf8_make_valid(line, -1);
    g_autofree char *text = g_strdup_printf("%s sent a line that is not a JSON object with a type: %.80s",
                                            peer->settings->name, valid);

    log_note(peer, text);
}

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    VcbCallPeer *peer = user_data;

    if (!*vcb_json_string(message, "type", "")) {
        on_malformed(channel, "an object without a type", peer);
        return;
    }
    /* The log first: it is the truth, and what follows may end the call. */
    vcb_run_log_write(peer->log, peer->call_id, peer->settings->name, cJSON_Duplicate(message, TRUE));
    peer->events.message(peer, vcb_json_string(message, "type", ""), message, peer->user_data);
}

/* ---- how it ends ---- */

static void tell_when_gone(VcbCallPeer *peer)
{
    if (vcb_call_peer_is_gone(peer))
        peer->events.gone(peer, peer->user_data);
}

/* It lives on without its control channel: nobody can lead it any more. */
static gboolean on_silent(gpointer user_data)
{
    VcbCallPeer *peer = user_data;
    g_autofree char *reason =
        g_strdup_printf("%s closed its control channel without `quit`", peer->settings->name);

    peer->silent_timer = 0;
    peer->end_expected = peer->ended_by_us = TRUE;
    vcb_child_stop(peer->child, KILL_GRACE_US);
    peer->events.lost(peer, reason, peer->user_data);
    return G_SOURCE_REMOVE;
}

/* What it said last has been read by now. Something else holds the descriptor, a process that it started and let go. */
static gboolean on_lingering(gpointer user_data)
{
    VcbCallPeer *peer = user_data;

    peer->linger_timer = 0;
    g_clear_pointer(&peer->channel, vcb_channel_free);
    tell_when_gone(peer);
    return G_SOURCE_REMOVE;
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    VcbCallPeer *peer = user_data;

    g_clear_handle_id(&peer->linger_timer, g_source_remove);
    g_clear_pointer(&peer->channel, vcb_channel_free);
    /* Most often the process is ending, and its exit status, which says more, comes in a moment. */
    if (vcb_child_is_running(peer->child) && !peer->end_expected)
        peer->silent_timer = g_timeout_add(KILL_GRACE_US / 1000, on_silent, peer);
    tell_when_gone(peer);
}

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    VcbCallPeer *peer = user_data;
    g_autofree char *status = vcb_child_describe_status(wait_status);
    cJSON *event = vcb_run_log_event("process-exit");

    g_clear_handle_id(&peer->silent_timer, g_source_remove);
    peer->exited = TRUE;
    if (peer->channel)
        peer->linger_timer = g_timeout_add(KILL_GRACE_US / 1000, on_lingering, peer);
    cJSON_AddStringToObject(event, "process", peer->settings->name);
    vcb_json_add_int(event, "pid", peer->pid);
    cJSON_AddStringToObject(event, "status", status);
    cJSON_AddBoolToObject(event, "expected", peer->ended_by_us || (peer->end_expected && wait_status == 0));
    log_event(peer, event);
    if (!peer->end_expected) {
        g_autofree char *reason =
            g_strdup_printf("the process of %s ended: %s (its log: logs/%s-%s.log)", peer->settings->name,
                            status, peer->call_id, peer->settings->name);

        peer->events.lost(peer, reason, peer->user_data);
    } else if (wait_status != 0 && !peer->ended_by_us) {
        g_autofree char *text =
            g_strdup_printf("the process of %s ended badly after `quit`: %s (its log: logs/%s-%s.log)",
                            peer->settings->name, status, peer->call_id, peer->settings->name);

        log_note(peer, text);
    }
    tell_when_gone(peer);
}

void vcb_call_peer_quit(VcbCallPeer *peer)
{
    if (!peer->end_expected)
        vcb_call_peer_command(peer, "quit", NULL);
    peer->end_expected = TRUE;
}

void vcb_call_peer_end(VcbCallPeer *peer, const char *note)
{
    if (!vcb_child_is_running(peer->child))
        return;
    log_note(peer, note);
    peer->end_expected = peer->ended_by_us = TRUE;
    vcb_child_stop(peer->child, KILL_GRACE_US);
}

void vcb_call_peer_kill(VcbCallPeer *peer)
{
    peer->end_expected = peer->ended_by_us = TRUE;
    if (peer->child)
        vcb_child_kill(peer->child);
}

/* ---- how it begins ---- */

static void log_start(VcbCallPeer *peer, const char *const *argv)
{
    cJSON *event = vcb_run_log_event("process-start"), *arguments;

    cJSON_AddStringToObject(event, "process", peer->settings->name);
    vcb_json_add_int(event, "pid", peer->pid);
    arguments = cJSON_AddArrayToObject(event, "argv");
    for (gsize i = 0; argv[i]; i++)
        cJSON_AddItemToArray(arguments, cJSON_CreateString(argv[i]));
    log_event(peer, event);
}

gboolean vcb_call_peer_start(VcbCallPeer *peer, const char *program, const VcbChildNamespaces *namespaces,
                             const cJSON *configure, GError **error)
{
    static const VcbChannelCallbacks callbacks = {on_message, on_malformed, on_closed};
    const char *own[] = {program, NULL};
    const char *const *argv = peer->settings->exec ? (const char *const *)peer->settings->exec : own;
    g_autofree char *log_path =
        g_strdup_printf("%s/logs/%s-%s.log", peer->directory, peer->call_id, peer->settings->name);
    VcbChildParams params = {
        .argv = argv, .log_path = log_path, .namespaces = namespaces, .with_control = TRUE};

    peer->child = vcb_child_spawn(&params, on_exited, peer, error);
    if (!peer->child) {
        g_prefix_error(error, "%s cannot be started: ", peer->settings->name);
        return FALSE;
    }
    peer->pid = vcb_child_pid(peer->child);
    peer->channel = vcb_channel_new(vcb_child_take_control_fd(peer->child), NULL, &callbacks, peer);
    log_start(peer, argv);
    vcb_call_peer_send(peer, configure);
    return TRUE;
}

void vcb_call_peer_send(VcbCallPeer *peer, const cJSON *message)
{
    if (peer->channel)
        vcb_channel_send(peer->channel, message);
}

void vcb_call_peer_command(VcbCallPeer *peer, const char *type, const char *text)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    vcb_json_add_string(message, "text", text);
    vcb_call_peer_send(peer, message);
}

/* ---- facts ---- */

const char *vcb_call_peer_name(const VcbCallPeer *peer)
{
    return peer->settings->name;
}

gboolean vcb_call_peer_is_gone(const VcbCallPeer *peer)
{
    return (!peer->child || peer->exited) && !peer->channel;
}

void vcb_call_peer_sample_usage(VcbCallPeer *peer, gboolean with_memory)
{
    gint64 cpu_us = vcb_child_is_running(peer->child) ? vcb_usage_cpu_us(peer->pid) : -1, pss_bytes;
    cJSON *event;

    if (cpu_us < 0)
        return;
    event = vcb_run_log_event("process-usage");
    cJSON_AddStringToObject(event, "process", peer->settings->name);
    vcb_json_add_int(event, "cpu_us", cpu_us);
    if (with_memory && (pss_bytes = vcb_usage_pss_bytes(peer->pid)) >= 0)
        vcb_json_add_int(event, "pss_bytes", pss_bytes);
    log_event(peer, event);
}
