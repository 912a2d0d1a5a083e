#include "harness/run/call.h"

#include "harness/run/call_log.h"
#include "harness/run/call_peer.h"
#include "harness/run/call_timeline.h"
#include "harness/run/configure.h"
#include "harness/run/peer_view.h"

typedef struct {
    VcbCall *call; /* no-ref */
    VcbCallPeer *process;
    const char *name; /* no-ref */
    gboolean ready, bye;
    VcbPeerView view;
} Peer;

#define NETWORK_REMOVAL_US (3 * 1000 * 1000)

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
    VcbCallTimeline *timeline; /* once connected */
    VcbCallNetwork *network;   /* its own, owned; NULL: none (any more) */
    VcbCallNetwork *shared;    /* no-ref; NULL: none */
    guint changed_idle;
};

static void enter(VcbCall *call, VcbCallPhase phase);
static void stop(VcbCall *call, VcbOutcome outcome, const char *reason);
static void end_when_gone(VcbCall *call);

static gboolean peers_are_gone(const VcbCall *call)
{
    return vcb_call_peer_is_gone(call->peers[0].process) && vcb_call_peer_is_gone(call->peers[1].process);
}

/* ---- processor time and memory ---- */

static void sample_usage(VcbCall *call, gboolean with_memory)
{
    for (int i = 0; i < 2; i++)
        vcb_call_peer_sample_usage(call->peers[i].process, with_memory);
}

static gboolean on_usage_time(gpointer user_data)
{
    VcbCall *call = user_data;

    /* Memory once in a while: the kernel walks the page tables for it. */
    sample_usage(call, ++call->usage_samples % 5 == 1);
    return G_SOURCE_CONTINUE;
}

/* ---- timeline ---- */

static void on_timeline(const VcbTimelineEntry *entry, gpointer user_data)
{
    VcbCall *call = user_data;

    vcb_call_log_timeline(call->context, call->planned, entry);
    for (int i = 0; i < 2; i++) {
        Peer *peer = &call->peers[i];

        if (g_str_equal(entry->peer, "all") || g_str_equal(entry->peer, peer->name))
            vcb_call_peer_command(peer->process, entry->action, entry->text);
    }
}

static void stop_timers(VcbCall *call)
{
    g_clear_handle_id(&call->deadline, g_source_remove);
    g_clear_handle_id(&call->usage_timer, g_source_remove);
    g_clear_pointer(&call->timeline, vcb_call_timeline_free);
}

/* ---- deadlines ---- */

static char *describe_peers(const VcbCall *call)
{
    const Peer *peers = call->peers;
    g_autofree char *a = vcb_peer_view_describe(&peers[0].view), *b = vcb_peer_view_describe(&peers[1].view);

    return g_strdup_printf("%s has %s; %s has %s", peers[0].name, a, peers[1].name, b);
}

static gboolean on_deadline(gpointer user_data)
{
    VcbCall *call = user_data;
    g_autofree char *reason = NULL, *states = NULL;

    call->deadline = 0;
    switch (call->phase) {
    case VCB_CALL_STARTING:
        if (call->network && !vcb_call_network_is_ready(call->network)) {
            reason = g_strdup_printf("its network was not made within %.1f s",
                                     (double)call->settings->start_timeout_us / 1e6);
            stop(call, VCB_OUTCOME_FAILED, reason);
            break;
        }
        reason = g_strdup_printf("%s did not say `ready` within %.1f s of its start",
                                 call->peers[0].ready ? call->peers[1].name : call->peers[0].name,
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
        if (peers_are_gone(call)) {
            vcb_call_log_note(call->context, call->planned,
                              "the call's network was not removed in time; its last counters may be missing");
            g_clear_pointer(&call->network, vcb_call_network_free);
            end_when_gone(call);
            break;
        }
        for (int i = 0; i < 2; i++) {
            Peer *peer = &call->peers[i];

            g_autofree char *text =
                g_strdup_printf("%s did not end within %.1f s of hang-up and was killed", peer->name,
                                (double)call->settings->stop_timeout_us / 1e6);

            vcb_call_peer_end(peer->process, text);
        }
        break;
    case VCB_CALL_READY:
    case VCB_CALL_JOINED:
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

static void enter(VcbCall *call, VcbCallPhase phase)
{
    g_assert(phase > call->phase || phase == VCB_CALL_STARTING);
    call->phase = phase;
    switch (phase) {
    case VCB_CALL_STARTING:
        set_deadline(call, call->settings->start_timeout_us);
        break;
    case VCB_CALL_READY:
    case VCB_CALL_JOINED:
        g_clear_handle_id(&call->deadline, g_source_remove);
        break;
    case VCB_CALL_JOINING:
        set_deadline(call, call->settings->connect_timeout_us);
        break;
    case VCB_CALL_CONNECTED:
        set_deadline(call, call->settings->duration_us);
        if (call->network)
            vcb_call_network_start(call->network);
        call->timeline = vcb_call_timeline_new(call->settings, call->planned->pair, on_timeline, call);
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
    if (phase != VCB_CALL_ENDED)
        vcb_call_log_phase(call->context, call->planned, phase);
    else
        vcb_call_log_end(call->context, call->planned, call->outcome, call->reason);
    /* From an idle, so that whoever listens may do anything, and is told the latest phase only. */
    if (!call->changed_idle)
        call->changed_idle = g_idle_add_full(G_PRIORITY_DEFAULT, tell_changed, call, NULL);
}

static void end_when_gone(VcbCall *call)
{
    if (call->phase != VCB_CALL_STOPPING || !peers_are_gone(call))
        return;
    /* The network goes last, and its last counters before the call's last line. */
    if (call->network && vcb_call_network_remove(call->network))
        set_deadline(call, NETWORK_REMOVAL_US);
    else
        enter(call, VCB_CALL_ENDED);
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
            vcb_call_peer_quit(call->peers[i].process);
        else
            vcb_call_peer_command(call->peers[i].process, "hang-up", NULL);
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
            g_strdup_printf("%s: %s", peer->name, vcb_json_string(first, "reason", "unsupported"));

        stop(call, VCB_OUTCOME_SKIPPED, reason);
    } else if (call->phase == VCB_CALL_STARTING && call->peers[0].ready && call->peers[1].ready) {
        enter(call, VCB_CALL_READY);
    }
}

static void on_state(Peer *peer, const cJSON *message)
{
    VcbCall *call = peer->call;
    const char *name = vcb_json_string(message, "name", ""), *value = vcb_json_string(message, "value", "");
    const char *sdp = vcb_json_string(message, "sdp", NULL);

    vcb_peer_view_take_state(&peer->view, message);
    if (g_str_equal(name, "connectionState") && g_str_equal(value, "failed")) {
        g_autofree char *reason = g_strdup_printf("%s: connectionState became failed", peer->name);

        stop(call, VCB_OUTCOME_FAILED, reason);
    } else if (call->phase == VCB_CALL_JOINING && call->peers[0].view.connected &&
               call->peers[1].view.connected) {
        enter(call, call->shared ? VCB_CALL_JOINED : VCB_CALL_CONNECTED);
    }
    if (g_str_equal(name, "step") && sdp && g_str_has_suffix(value, "-sent"))
        vcb_call_log_sdp(call->context, call->planned, peer->name, value, sdp);
}

static void on_stats(Peer *peer, const cJSON *message)
{
    vcb_peer_view_take_stats(&peer->view, message);
}

static void on_error(Peer *peer, const cJSON *message)
{
    if (vcb_json_bool(message, "fatal", FALSE)) {
        g_autofree char *reason =
            g_strdup_printf("%s: %s: %s", peer->name, vcb_json_string(message, "name", "error"),
                            vcb_json_string(message, "message", ""));

        stop(peer->call, VCB_OUTCOME_FAILED, reason);
    }
}

static void on_bye(Peer *peer, const cJSON *message)
{
    peer->bye = TRUE;
    /* One that hung up on the timeline stays until the call ends: its process is still measured. */
    if (peer->call->phase >= VCB_CALL_STOPPING)
        vcb_call_peer_quit(peer->process);
}

static const struct {
    const char *type;
    void (*run)(Peer *peer, const cJSON *message);
} MESSAGES[] = {
    {"ready", on_ready}, {"state", on_state}, {"stats", on_stats}, {"error", on_error}, {"bye", on_bye},
};

static void on_message(VcbCallPeer *process, const char *type, const cJSON *message, gpointer user_data)
{
    for (gsize i = 0; i < G_N_ELEMENTS(MESSAGES); i++)
        if (g_str_equal(MESSAGES[i].type, type))
            MESSAGES[i].run(user_data, message);
}

static void on_lost(VcbCallPeer *process, const char *reason, gpointer user_data)
{
    Peer *peer = user_data;
    g_autofree char *when =
        g_strdup_printf("%s, while the call was %s", reason, vcb_call_phase_name(peer->call->phase));

    stop(peer->call, VCB_OUTCOME_FAILED, when);
}

static void on_gone(VcbCallPeer *process, gpointer user_data)
{
    end_when_gone(((Peer *)user_data)->call);
}

/* ---- the peers' processes ---- */

static const VcbCallPeerEvents PEER_EVENTS = {on_message, on_lost, on_gone};

static gboolean start_peer(VcbCall *call, int index, GError **error)
{
    const VcbCallNetwork *network = call->network ? call->network : call->shared;
    g_autoptr(cJSON) configure = vcb_configure_message(call->context, call->planned, index);
    VcbChildNamespaces host;

    if (network &&
        !vcb_call_network_host(network, index, call->shared ? call->planned->pair : 1, &host, error))
        return FALSE;
    return vcb_call_peer_start(call->peers[index].process, call->context->peer_program,
                               network ? &host : NULL, configure, error);
}

static void start_peers(VcbCall *call)
{
    g_autoptr(GError) error = NULL;

    for (int i = 0; i < 2; i++) {
        if (!start_peer(call, i, &error)) {
            stop(call, VCB_OUTCOME_SKIPPED, error->message); /* the machine lacks something */
            return;
        }
    }
}

/* ---- what becomes of its network ---- */

static void on_network_ready(VcbCallNetwork *network, gpointer user_data)
{
    VcbCall *call = user_data;

    if (call->phase == VCB_CALL_STARTING)
        start_peers(call);
}

static void on_network_failed(VcbCallNetwork *network, const char *reason, gpointer user_data)
{
    VcbCall *call = user_data;

    stop(call, call->phase == VCB_CALL_STARTING ? VCB_OUTCOME_SKIPPED : VCB_OUTCOME_FAILED, reason);
}

static void on_network_gone(VcbCallNetwork *network, gpointer user_data)
{
    VcbCall *call = user_data;

    g_clear_pointer(&call->network, vcb_call_network_free);
    end_when_gone(call);
}

static void make_network(VcbCall *call)
{
    static const VcbCallNetworkEvents events = {on_network_ready, on_network_failed, on_network_gone};

    call->network = vcb_call_network_new(
        &(VcbCallNetworkParams){
            .settings = call->settings,
            .emulator = vcb_servers_emulator(call->context->servers),
            .name = call->planned->id,
            .call = call->planned->id,
            .seed = call->planned->seed,
            .number = call->planned->number,
            .n_pairs = 1,
        },
        call->context->directory, call->context->log, &events, call);
}

/* ---- life ---- */

VcbCall *vcb_call_new(const VcbCallContext *context, const VcbPlannedCall *planned, VcbCallNetwork *shared,
                      VcbCallChanged changed, gpointer user_data)
{
    VcbCall *call = g_new0(VcbCall, 1);

    call->context = context;
    call->planned = planned;
    call->settings = &context->scenario->variants[planned->variant].settings;
    call->shared = shared;
    call->changed = changed;
    call->user_data = user_data;
    call->reason = g_strdup("");
    for (int i = 0; i < 2; i++) {
        Peer *peer = &call->peers[i];

        peer->call = call;
        peer->name = call->settings->peers[i].name;
        peer->process = vcb_call_peer_new(&call->settings->peers[i], planned->id, context->directory,
                                          context->log, &PEER_EVENTS, peer);
        vcb_peer_view_init(&peer->view);
    }
    vcb_call_log_start(context, planned, shared ? vcb_call_network_name(shared) : planned->id);
    enter(call, VCB_CALL_STARTING);
    if (call->settings->net.enabled && !shared)
        make_network(call);
    else
        start_peers(call);
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

        vcb_call_peer_free(peer->process);
        vcb_peer_view_clear(&peer->view);
    }
    vcb_call_network_free(call->network);
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
        vcb_call_peer_send(call->peers[i].process, join);
    }
}

void vcb_call_begin(VcbCall *call)
{
    g_assert(call->phase == VCB_CALL_JOINED);
    enter(call, VCB_CALL_CONNECTED);
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
    for (int i = 0; i < 2; i++)
        vcb_call_peer_kill(call->peers[i].process);
    /* Its last counters are not waited for; it is told to go all the same. */
    g_clear_pointer(&call->network, vcb_call_network_free);
    end_when_gone(call);
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
    return vcb_peer_view_connect_ms(&call->peers[0].view, &call->peers[1].view);
}

double vcb_call_loss_pct(const VcbCall *call)
{
    return vcb_peer_view_loss_pct(&call->peers[0].view, &call->peers[1].view);
}
