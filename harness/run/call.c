#include "harness/run/call.h"

#include "common/channel.h"
#include "common/child.h"
#include "common/clock.h"
#include "harness/run/configure.h"
#include "harness/run/usage.h"

#include <assert.h>

#include <glib/gstdio.h>
#include <string.h>

#define KILL_GRACE_US (300 * 1000)

typedef struct {
    VcbCall *call; /* no-ref */
    const VcbPeerSettings *settings;
    int index;
    VcbChild *child;     /* NULL where it could not be started */
    VcbChannel *channel; /* NULL once closed */
    gboolean exited, ready, connected, bye, told_to_quit, stopped_by_us;
    guint silent_timer;
    pid_t pid; /* for the log, also after the end */
    char *signaling_state, *ice_state, *connection_state;
    gint64 start_call_us, connected_us;
    double received, lost; /* packets, of the last stats */
} Peer;

typedef struct {
    VcbCall *call;
    const VcbTimelineEntry *entry;
    guint timer;
} TimelineTimer;

struct VcbCall {
    const VcbCallContext *context; /* no-ref */
    const VcbPlannedCall *planned; /* no-ref */
    const VcbSettings *settings;   /* no-ref */
    VcbCallChanged changed;
    gpointer user_data;
    VcbCallPhase phase;
    VcbOutcome outcome;
    char *reason; /* owned; "" until something went wrong */
    Peer peers[2];
    guint deadline; /* of the phase */
    guint usage_timer;
    guint usage_samples;
    TimelineTimer *timeline; /* settings->n_timeline of them, once connected */
    guint changed_idle;
    gboolean killed;
};

static const char *const PHASE_NAMES[] = {
    [VCB_CALL_STARTING] = "starting",   [VCB_CALL_READY] = "ready",       [VCB_CALL_JOINING] = "joining",
    [VCB_CALL_CONNECTED] = "connected", [VCB_CALL_STOPPING] = "stopping", [VCB_CALL_ENDED] = "ended",
};
static_assert(G_N_ELEMENTS(PHASE_NAMES) == VCB_CALL_ENDED + 1, "every phase has its name");

static const char *const OUTCOME_NAMES[] = {
    [VCB_OUTCOME_COMPLETED] = "completed",
    [VCB_OUTCOME_FAILED] = "failed",
    [VCB_OUTCOME_SKIPPED] = "skipped",
    [VCB_OUTCOME_INTERRUPTED] = "interrupted",
};
static_assert(G_N_ELEMENTS(OUTCOME_NAMES) == VCB_OUTCOME_INTERRUPTED + 1, "every outcome has its name");

static void enter(VcbCall *call, VcbCallPhase phase);
static void stop(VcbCall *call, VcbOutcome outcome, const char *reason);

const char *vcb_outcome_name(VcbOutcome outcome)
{
    return OUTCOME_NAMES[outcome];
}

static void log_event(VcbCall *call, cJSON *event)
{
    vcb_run_log_write(call->context->log, call->planned->id, "vcbench", event);
}

static void send(Peer *peer, const cJSON *message)
{
    if (peer->channel)
        vcb_channel_send(peer->channel, message);
}

static void send_command(Peer *peer, const char *type, const char *text)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    vcb_json_add_string(message, "text", text);
    send(peer, message);
}

/* ---- processor time and memory ---- */

static void sample_usage(VcbCall *call, gboolean with_memory)
{
    for (int i = 0; i < 2; i++) {
        Peer *peer = &call->peers[i];
        gint64 cpu_us = vcb_child_is_running(peer->child) ? vcb_usage_cpu_us(peer->pid) : -1, pss_bytes;
        cJSON *event;

        if (cpu_us < 0)
            continue;
        event = vcb_run_log_event("process-usage");
        cJSON_AddStringToObject(event, "process", peer->settings->name);
        vcb_json_add_int(event, "cpu_us", cpu_us);
        if (with_memory && (pss_bytes = vcb_usage_pss_bytes(peer->pid)) >= 0)
            vcb_json_add_int(event, "pss_bytes", pss_bytes);
        log_event(call, event);
    }
}

static gboolean on_usage_time(gpointer user_data)
{
    VcbCall *call = user_data;

    /* Memory once in a while: the kernel walks the page tables for it. */
    sample_usage(call, ++call->usage_samples % 5 == 1);
    return G_SOURCE_CONTINUE;
}

/* ---- timeline ---- */

static gboolean on_timeline(gpointer user_data)
{
    TimelineTimer *timer = user_data;
    const VcbTimelineEntry *entry = timer->entry;
    cJSON *event = vcb_run_log_event("timeline");

    timer->timer = 0;
    cJSON_AddStringToObject(event, "action", entry->action);
    vcb_json_add_string(event, "peer", entry->peer);
    vcb_json_add_string(event, "text", entry->text);
    log_event(timer->call, event);
    for (int i = 0; i < 2; i++) {
        Peer *peer = &timer->call->peers[i];

        if (g_str_equal(entry->peer, "all") || g_str_equal(entry->peer, peer->settings->name))
            send_command(peer, entry->action, entry->text);
    }
    return G_SOURCE_REMOVE;
}

static void start_timeline(VcbCall *call)
{
    call->timeline = g_new0(TimelineTimer, call->settings->n_timeline);
    for (guint i = 0; i < call->settings->n_timeline; i++) {
        TimelineTimer *timer = &call->timeline[i];

        timer->call = call;
        timer->entry = &call->settings->timeline[i];
        timer->timer = g_timeout_add((guint)(timer->entry->at_us / 1000), on_timeline, timer);
    }
}

static void stop_timers(VcbCall *call)
{
    g_clear_handle_id(&call->deadline, g_source_remove);
    g_clear_handle_id(&call->usage_timer, g_source_remove);
    for (guint i = 0; call->timeline && i < call->settings->n_timeline; i++)
        g_clear_handle_id(&call->timeline[i].timer, g_source_remove);
    g_clear_pointer(&call->timeline, g_free);
}

/* ---- deadlines ---- */

static char *describe_peers(const VcbCall *call)
{
    GString *text = g_string_new(NULL);

    for (int i = 0; i < 2; i++) {
        const Peer *peer = &call->peers[i];

        g_string_append_printf(text, "%s%s has signalingState %s, iceConnectionState %s, connectionState %s",
                               i ? "; " : "", peer->settings->name, peer->signaling_state, peer->ice_state,
                               peer->connection_state);
    }
    return g_string_free(text, FALSE);
}

static gboolean on_deadline(gpointer user_data)
{
    VcbCall *call = user_data;
    g_autofree char *reason = NULL, *states = NULL;

    call->deadline = 0;
    switch (call->phase) {
    case VCB_CALL_STARTING:
        reason = g_strdup_printf("%s did not say `ready` within %.1f s of its start",
                                 call->peers[0].ready ? call->peers[1].settings->name
                                                      : call->peers[0].settings->name,
                                 (double)call->settings->start_timeout_us / 1e6);
        stop(call, VCB_OUTCOME_FAILED, reason);
        break;
    case VCB_CALL_JOINING:
        states = describe_peers(call);
        reason = g_strdup_printf("not connected within %.1f s: %s",
                                 (double)call->settings->connect_timeout_us / 1e6, states);
        stop(call, VCB_OUTCOME_FAILED, reason);
        break;
    case VCB_CALL_CONNECTED:
        stop(call, VCB_OUTCOME_COMPLETED, "");
        break;
    case VCB_CALL_STOPPING:
        for (int i = 0; i < 2; i++) {
            Peer *peer = &call->peers[i];

            if (!vcb_child_is_running(peer->child))
                continue;
            cJSON *note = vcb_run_log_event("note");
            g_autofree char *text =
                g_strdup_printf("%s did not end within %.1f s of hang-up and was killed",
                                peer->settings->name, (double)call->settings->stop_timeout_us / 1e6);
            cJSON_AddStringToObject(note, "message", text);
            log_event(call, note);
            peer->stopped_by_us = TRUE;
            vcb_child_stop(peer->child, KILL_GRACE_US);
        }
        break;
    case VCB_CALL_READY:
    case VCB_CALL_ENDED:
        break;
    }
    return G_SOURCE_REMOVE;
}

static void set_deadline(VcbCall *call, gint64 us)
{
    g_clear_handle_id(&call->deadline, g_source_remove);
    call->deadline = g_timeout_add((guint)(us / 1000), on_deadline, call);
}

/* ---- phases ---- */

static gboolean tell_changed(gpointer user_data)
{
    VcbCall *call = user_data;

    call->changed_idle = 0;
    call->changed(call, call->user_data);
    return G_SOURCE_REMOVE;
}

static void log_phase(VcbCall *call)
{
    cJSON *event = vcb_run_log_event("call-phase");

    cJSON_AddStringToObject(event, "phase", PHASE_NAMES[call->phase]);
    log_event(call, event);
}

static void enter(VcbCall *call, VcbCallPhase phase)
{
    g_assert(phase > call->phase || phase == VCB_CALL_STARTING);
    call->phase = phase;
    switch (phase) {
    case VCB_CALL_STARTING:
        set_deadline(call, call->settings->start_timeout_us);
        break;
    case VCB_CALL_READY:
        g_clear_handle_id(&call->deadline, g_source_remove);
        break;
    case VCB_CALL_JOINING:
        set_deadline(call, call->settings->connect_timeout_us);
        break;
    case VCB_CALL_CONNECTED:
        set_deadline(call, call->settings->duration_us);
        start_timeline(call);
        sample_usage(call, FALSE);
        call->usage_timer = g_timeout_add(1000, on_usage_time, call);
        break;
    case VCB_CALL_STOPPING:
        sample_usage(call, TRUE);
        stop_timers(call);
        set_deadline(call, call->settings->stop_timeout_us);
        break;
    case VCB_CALL_ENDED:
        stop_timers(call);
        break;
    }
    if (phase != VCB_CALL_ENDED) {
        log_phase(call);
    } else {
        cJSON *event = vcb_run_log_event("call-end");

        cJSON_AddStringToObject(event, "outcome", OUTCOME_NAMES[call->outcome]);
        cJSON_AddStringToObject(event, "reason", call->reason);
        log_event(call, event);
    }
    /* From an idle, so that whoever listens may do anything, and is told the latest phase only. */
    if (!call->changed_idle)
        call->changed_idle = g_idle_add_full(G_PRIORITY_DEFAULT, tell_changed, call, NULL);
}

static gboolean is_gone(const Peer *peer)
{
    return (!peer->child || peer->exited) && !peer->channel;
}

static void end_when_gone(VcbCall *call)
{
    if (call->phase == VCB_CALL_STOPPING && is_gone(&call->peers[0]) && is_gone(&call->peers[1]))
        enter(call, VCB_CALL_ENDED);
}

static void quit_peer(Peer *peer)
{
    if (!peer->told_to_quit) {
        peer->told_to_quit = TRUE;
        send_command(peer, "quit", NULL);
    }
}

/* The outcome is decided: hang up, and wait for the processes to go. The first reason stands. */
static void stop(VcbCall *call, VcbOutcome outcome, const char *reason)
{
    if (call->phase >= VCB_CALL_STOPPING)
        return;
    call->outcome = outcome;
    g_free(call->reason);
    call->reason = g_strdup(reason);
    enter(call, VCB_CALL_STOPPING);
    for (int i = 0; i < 2; i++) {
        if (call->peers[i].bye)
            quit_peer(&call->peers[i]);
        else
            send_command(&call->peers[i], "hang-up", NULL);
    }
    end_when_gone(call);
}

/* ---- what peers say ---- */

static void on_ready(Peer *peer, const cJSON *message)
{
    VcbCall *call = peer->call;
    const cJSON *unsupported = vcb_json_array(message, "unsupported"),
                *first = cJSON_GetArrayItem(unsupported, 0);

    peer->ready = TRUE;
    if (first) {
        g_autofree char *reason =
            g_strdup_printf("%s: %s", peer->settings->name, vcb_json_string(first, "reason", "unsupported"));

        stop(call, VCB_OUTCOME_SKIPPED, reason);
    } else if (call->phase == VCB_CALL_STARTING && call->peers[0].ready && call->peers[1].ready) {
        enter(call, VCB_CALL_READY);
    }
}

static void remember(char **state, const char *value)
{
    g_free(*state);
    *state = g_strdup(value);
}

/* Keep a description as a file of its own, for diff and for other tools. */
static void keep_sdp(Peer *peer, const char *step, const char *sdp)
{
    g_autofree char *folder = g_build_filename(peer->call->context->directory, "sdp", NULL);
    g_autofree char *path =
        g_strdup_printf("%s/%s-%s-%s.sdp", folder, peer->call->planned->id, peer->settings->name, step);

    g_mkdir_with_parents(folder, 0755);
    g_file_set_contents(path, sdp, -1, NULL);
}

static void on_state(Peer *peer, const cJSON *message)
{
    VcbCall *call = peer->call;
    const char *name = vcb_json_string(message, "name", ""), *value = vcb_json_string(message, "value", "");
    gint64 t_us = vcb_json_int(message, "t_us", vcb_clock_now_us());

    if (g_str_equal(name, "signalingState")) {
        remember(&peer->signaling_state, value);
    } else if (g_str_equal(name, "iceConnectionState")) {
        remember(&peer->ice_state, value);
    } else if (g_str_equal(name, "connectionState")) {
        remember(&peer->connection_state, value);
        if (g_str_equal(value, "connected") && !peer->connected) {
            peer->connected = TRUE;
            peer->connected_us = t_us;
            if (call->phase == VCB_CALL_JOINING && call->peers[0].connected && call->peers[1].connected)
                enter(call, VCB_CALL_CONNECTED);
        } else if (g_str_equal(value, "failed")) {
            g_autofree char *reason =
                g_strdup_printf("%s: connectionState became failed", peer->settings->name);

            stop(call, VCB_OUTCOME_FAILED, reason);
        }
    } else if (g_str_equal(name, "step")) {
        const char *sdp = vcb_json_string(message, "sdp", NULL);

        if (g_str_equal(value, "start-call"))
            peer->start_call_us = t_us;
        if (sdp && g_str_has_suffix(value, "-sent"))
            keep_sdp(peer, value, sdp);
    }
}

static void on_stats(Peer *peer, const cJSON *message)
{
    const cJSON *object;

    peer->received = peer->lost = 0;
    cJSON_ArrayForEach (object, vcb_json_array(message, "report")) {
        if (g_str_equal(vcb_json_string(object, "type", ""), "inbound-rtp")) {
            peer->received += vcb_json_number(object, "packetsReceived", 0);
            peer->lost += vcb_json_number(object, "packetsLost", 0);
        }
    }
}

static void on_error(Peer *peer, const cJSON *message)
{
    if (vcb_json_bool(message, "fatal", FALSE)) {
        g_autofree char *reason =
            g_strdup_printf("%s: %s: %s", peer->settings->name, vcb_json_string(message, "name", "error"),
                            vcb_json_string(message, "message", ""));

        stop(peer->call, VCB_OUTCOME_FAILED, reason);
    }
}

static void on_bye(Peer *peer, const cJSON *message)
{
    peer->bye = TRUE;
    /* One that hung up on the timeline stays until the call ends: its process is still measured. */
    if (peer->call->phase >= VCB_CALL_STOPPING)
        quit_peer(peer);
}

static const struct {
    const char *type;
    void (*run)(Peer *peer, const cJSON *message);
} MESSAGES[] = {
    {"ready", on_ready}, {"state", on_state}, {"stats", on_stats}, {"error", on_error}, {"bye", on_bye},
};

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    Peer *peer = user_data;
    const char *type = vcb_json_string(message, "type", "");

    /* The log first: it is the truth, and what follows may end the call. */
    vcb_run_log_write(peer->call->context->log, peer->call->planned->id, peer->settings->name,
                      cJSON_Duplicate(message, TRUE));
    for (gsize i = 0; i < G_N_ELEMENTS(MESSAGES); i++)
        if (g_str_equal(MESSAGES[i].type, type))
            MESSAGES[i].run(peer, message);
}

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    Peer *peer = user_data;
    g_autofree char *valid = g_utf8_make_valid(line, -1);
    g_autofree char *text =
        g_strdup_printf("%s sent a line that is not a JSON object: %.80s", peer->settings->name, valid);
    cJSON *note = vcb_run_log_event("note");

    cJSON_AddStringToObject(note, "message", text);
    log_event(peer->call, note);
}

/* It lives on without its control channel: nobody can lead it any more. */
static gboolean on_silent(gpointer user_data)
{
    Peer *peer = user_data;
    g_autofree char *reason =
        g_strdup_printf("%s closed its control channel without `quit`", peer->settings->name);

    peer->silent_timer = 0;
    stop(peer->call, VCB_OUTCOME_FAILED, reason);
    peer->stopped_by_us = TRUE;
    vcb_child_stop(peer->child, KILL_GRACE_US);
    return G_SOURCE_REMOVE;
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    Peer *peer = user_data;
    VcbCall *call = peer->call;

    g_clear_pointer(&peer->channel, vcb_channel_free);
    /* Most often the process is ending, and its exit status, which says more, comes in a moment. */
    if (vcb_child_is_running(peer->child) && !peer->told_to_quit)
        peer->silent_timer = g_timeout_add(KILL_GRACE_US / 1000, on_silent, peer);
    end_when_gone(call);
}

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    Peer *peer = user_data;
    VcbCall *call = peer->call;
    g_autofree char *status = vcb_child_describe_status(wait_status);
    gboolean expected = (peer->told_to_quit && wait_status == 0) || peer->stopped_by_us || call->killed;
    cJSON *event = vcb_run_log_event("process-exit");

    g_clear_handle_id(&peer->silent_timer, g_source_remove);
    peer->exited = TRUE;
    cJSON_AddStringToObject(event, "process", peer->settings->name);
    vcb_json_add_int(event, "pid", peer->pid);
    cJSON_AddStringToObject(event, "status", status);
    cJSON_AddBoolToObject(event, "expected", expected);
    log_event(call, event);
    if (call->phase < VCB_CALL_STOPPING) {
        g_autofree char *reason = g_strdup_printf(
            "the process of %s ended while the call was %s: %s (its log: logs/%s-%s.log)",
            peer->settings->name, PHASE_NAMES[call->phase], status, call->planned->id, peer->settings->name);

        stop(call, VCB_OUTCOME_FAILED, reason);
    }
    end_when_gone(call);
}

/* ---- life ---- */

static const VcbChannelCallbacks CHANNEL_CALLBACKS = {on_message, on_malformed, on_closed};

static gboolean start_peer(VcbCall *call, Peer *peer, GError **error)
{
    const char *own[] = {call->context->peer_program, NULL};
    const char *const *argv = peer->settings->exec ? (const char *const *)peer->settings->exec : own;
    g_autofree char *log_path = g_strdup_printf("%s/logs/%s-%s.log", call->context->directory,
                                                call->planned->id, peer->settings->name);
    VcbChildParams params = {.argv = argv, .log_path = log_path, .with_control = TRUE};
    g_autoptr(cJSON) configure = vcb_configure_message(call->context, call->planned, peer->index);
    cJSON *event, *arguments;

    peer->child = vcb_child_spawn(&params, on_exited, peer, error);
    if (!peer->child) {
        g_prefix_error(error, "%s cannot be started: ", peer->settings->name);
        return FALSE;
    }
    peer->pid = vcb_child_pid(peer->child);
    peer->channel = vcb_channel_new(vcb_child_take_control_fd(peer->child), NULL, &CHANNEL_CALLBACKS, peer);
    event = vcb_run_log_event("process-start");
    cJSON_AddStringToObject(event, "process", peer->settings->name);
    vcb_json_add_int(event, "pid", peer->pid);
    arguments = cJSON_AddArrayToObject(event, "argv");
    for (gsize i = 0; argv[i]; i++)
        cJSON_AddItemToArray(arguments, cJSON_CreateString(argv[i]));
    log_event(call, event);
    send(peer, configure);
    return TRUE;
}

VcbCall *vcb_call_new(const VcbCallContext *context, const VcbPlannedCall *planned, VcbCallChanged changed,
                      gpointer user_data)
{
    VcbCall *call = g_new0(VcbCall, 1);
    g_autoptr(GError) error = NULL;
    cJSON *event = vcb_run_log_event("call-start"), *names;

    call->context = context;
    call->planned = planned;
    call->settings = &context->scenario->variants[planned->variant].settings;
    call->changed = changed;
    call->user_data = user_data;
    call->reason = g_strdup("");
    cJSON_AddNumberToObject(event, "pair", planned->pair);
    cJSON_AddNumberToObject(event, "repeat", planned->repeat);
    cJSON_AddNumberToObject(event, "variant", planned->variant);
    vcb_json_add_int(event, "seed", (gint64)planned->seed);
    names = cJSON_AddArrayToObject(event, "peers");
    for (int i = 0; i < 2; i++) {
        call->peers[i] = (Peer){.call = call, .settings = &call->settings->peers[i], .index = i};
        call->peers[i].signaling_state = g_strdup("stable");
        call->peers[i].ice_state = g_strdup("new");
        call->peers[i].connection_state = g_strdup("new");
        cJSON_AddItemToArray(names, cJSON_CreateString(call->settings->peers[i].name));
    }
    log_event(call, event);
    enter(call, VCB_CALL_STARTING);
    for (int i = 0; i < 2; i++) {
        if (!start_peer(call, &call->peers[i], &error)) {
            stop(call, VCB_OUTCOME_FAILED, error->message);
            break;
        }
    }
    return call;
}

void vcb_call_free(VcbCall *call)
{
    if (!call)
        return;
    stop_timers(call);
    g_clear_handle_id(&call->changed_idle, g_source_remove);
    for (int i = 0; i < 2; i++) {
        Peer *peer = &call->peers[i];

        g_clear_handle_id(&peer->silent_timer, g_source_remove);
        vcb_channel_free(peer->channel);
        vcb_child_free(peer->child);
        g_free(peer->signaling_state);
        g_free(peer->ice_state);
        g_free(peer->connection_state);
    }
    g_free(call->reason);
    g_free(call);
}

void vcb_call_join(VcbCall *call)
{
    g_assert(call->phase == VCB_CALL_READY);
    enter(call, VCB_CALL_JOINING);
    for (int i = 0; i < 2; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(cJSON) join = vcb_join_message(call->context, call->planned, i, &error);

        if (!join) {
            stop(call, VCB_OUTCOME_FAILED, error->message);
            return;
        }
        send(&call->peers[i], join);
    }
}

void vcb_call_fail(VcbCall *call, const char *reason)
{
    stop(call, VCB_OUTCOME_FAILED, reason);
}

void vcb_call_interrupt(VcbCall *call, const char *reason)
{
    stop(call, VCB_OUTCOME_INTERRUPTED, reason);
}

void vcb_call_kill(VcbCall *call)
{
    call->killed = TRUE;
    for (int i = 0; i < 2; i++)
        if (call->peers[i].child)
            vcb_child_kill(call->peers[i].child);
}

VcbCallPhase vcb_call_phase(const VcbCall *call)
{
    return call->phase;
}

VcbOutcome vcb_call_outcome(const VcbCall *call)
{
    return call->outcome;
}

const char *vcb_call_reason(const VcbCall *call)
{
    return call->reason;
}

const VcbPlannedCall *vcb_call_planned(const VcbCall *call)
{
    return call->planned;
}

double vcb_call_connect_ms(const VcbCall *call)
{
    const Peer *a = &call->peers[0], *b = &call->peers[1];
    gint64 start_us = MIN(a->start_call_us, b->start_call_us);

    if (!a->connected || !b->connected || !start_us)
        return -1;
    return (double)(MAX(a->connected_us, b->connected_us) - start_us) / 1000;
}

double vcb_call_loss_pct(const VcbCall *call)
{
    double received = call->peers[0].received + call->peers[1].received;
    double lost = call->peers[0].lost + call->peers[1].lost;

    return received + lost > 0 ? 100 * lost / (received + lost) : -1;
}
