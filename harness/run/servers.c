#include "harness/run/servers.h"

#include "common/error.h"
#include "harness/run/coturn.h"
#include "harness/run/room_message.h"
#include "harness/run/signald.h"
#include "harness/run/usage.h"

#define SIGNALING_PORT 443 /* on its host: firewalls that let nothing else out let it through */

typedef enum { LOOPBACK, EMULATED } Where;
typedef enum { STATIC, TIME_LIMITED } Credentials;

typedef struct {
    VcbServers *servers; /* no-ref */
    Where where;
    gboolean is_needed;
    VcbChildNamespaces host; /* EMULATED: the signaling server's */
    VcbSignald *signald;
    int port; /* 0: it does not listen now */
} Signaling;

typedef struct {
    VcbServers *servers; /* no-ref */
    gboolean is_needed, is_ready;
    VcbCoturn *coturn;
} Turn;

struct VcbServers {
    const VcbScenario *scenario; /* no-ref */
    const char *directory;       /* no-ref */
    VcbRunLog *log;              /* no-ref */
    VcbServersEvents events;
    gpointer user_data;
    Signaling signaling[2]; /* by Where */
    Turn turn[2][2];        /* by Where and Credentials */
    guint n_turn;           /* started until now, for their names */
    gboolean is_direct;     /* signaling skips the emulated links */
    gboolean with_capture;
    VcbEmulator *emulator;       /* NULL where no network is emulated */
    VcbEmulatedNetwork *network; /* what EMULATED servers stand in */
};

static const VcbSettings *settings_of(const VcbServers *servers, const VcbPlannedCall *call)
{
    return &servers->scenario->variants[call->variant].settings;
}

static Where where_of(const VcbSettings *settings)
{
    return settings->net.enabled ? EMULATED : LOOPBACK;
}

static Turn *turn_of(VcbServers *servers, const VcbSettings *settings)
{
    Credentials credentials = g_str_equal(settings->turn_credentials, "time-limited") ? TIME_LIMITED : STATIC;

    /* STUN alone asks for no credentials. */
    if (g_str_equal(settings->turn_server, "stun"))
        credentials = STATIC;
    return &servers->turn[where_of(settings)][credentials];
}

gboolean vcb_servers_are_ready(const VcbServers *servers)
{
    for (int where = LOOPBACK; where <= EMULATED; where++) {
        if (servers->signaling[where].is_needed && !servers->signaling[where].port)
            return FALSE;
        for (int credentials = STATIC; credentials <= TIME_LIMITED; credentials++)
            if (servers->turn[where][credentials].is_needed && !servers->turn[where][credentials].is_ready)
                return FALSE;
    }
    return TRUE;
}

static void tell_when_ready(VcbServers *servers)
{
    if (vcb_servers_are_ready(servers))
        servers->events.ready(servers->user_data);
}

static void fail(VcbServers *servers, const GError *error)
{
    servers->events.failed(error, servers->user_data);
}

/* ---- signaling ---- */

static void on_signald_ready(int port, gpointer user_data)
{
    Signaling *signaling = user_data;

    signaling->port = port;
    tell_when_ready(signaling->servers);
}

static void on_signald_failed(const GError *error, gpointer user_data)
{
    fail(((Signaling *)user_data)->servers, error);
}

static void on_signald_died(const char *reason, gpointer user_data)
{
    Signaling *signaling = user_data;

    signaling->port = 0;
    signaling->servers->events.signaling_died(reason, signaling->servers->user_data);
}

static gboolean start_signaling(VcbServers *servers, Where where, GError **error)
{
    static const VcbSignaldEvents events = {on_signald_ready, on_signald_failed, on_signald_died};
    const VcbSignalingSettings *settings = &servers->scenario->variants[0].settings.signaling;
    Signaling *signaling = &servers->signaling[where];
    gboolean is_emulated = where == EMULATED,
             is_second = is_emulated && servers->signaling[LOOPBACK].is_needed;

    if (!signaling->is_needed)
        return TRUE;
    signaling->signald = vcb_signald_new(
        &(VcbSignaldParams){
            .settings = settings,
            .name = is_second ? "signald-net" : "signald",
            .host = is_emulated ? "::" : settings->host, /* of IPv4, too: ipv6(7), IPV6_V6ONLY */
            .port = is_emulated ? SIGNALING_PORT : settings->port,
            .namespaces = is_emulated ? &signaling->host : NULL,
        },
        servers->directory, servers->log, &events, signaling, error);
    return signaling->signald != NULL;
}

void vcb_servers_open_room(VcbServers *servers, const VcbPlannedCall *call)
{
    const VcbSettings *settings = settings_of(servers, call);
    g_autoptr(cJSON) room = vcb_room_message(settings, call);

    vcb_signald_send(servers->signaling[where_of(settings)].signald, room);
}

void vcb_servers_close_room(VcbServers *servers, const VcbPlannedCall *call)
{
    VcbSignald *signald = servers->signaling[where_of(settings_of(servers, call))].signald;
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", "close-room");
    cJSON_AddStringToObject(message, "room", call->id);
    if (signald)
        vcb_signald_send(signald, message);
}

/* Does the peer's host have IPv6 alone? */
static gboolean is_ipv6_only(const VcbSettings *settings, int peer)
{
    return settings->net.enabled && g_str_equal(settings->net.hosts[peer].interfaces[0].ip, "ipv6");
}

char *vcb_servers_signaling_url(const VcbServers *servers, const VcbPlannedCall *call, int peer)
{
    const VcbSettings *settings = settings_of(servers, call);
    int port = servers->signaling[where_of(settings)].port;

    if (!settings->net.enabled)
        return g_strdup_printf("ws://%s:%d", settings->signaling.host, port);
    if (is_ipv6_only(settings, peer))
        return g_strdup_printf("ws://[%s]:%d", VCB_NETWORK_SIGNALING_IPV6, port);
    return g_strdup_printf("ws://%s:%d", VCB_NETWORK_SIGNALING_IPV4, port);
}

/* ---- STUN and TURN ---- */

static void on_coturn_ready(gpointer user_data)
{
    Turn *turn = user_data;

    turn->is_ready = TRUE;
    tell_when_ready(turn->servers);
}

static void on_coturn_failed(const GError *error, gpointer user_data)
{
    fail(((Turn *)user_data)->servers, error);
}

/* Relayed media ends with it: the calls notice by themselves, and no further one can begin. */
static void on_coturn_died(const char *reason, gpointer user_data)
{
    g_autoptr(GError) error = g_error_new_literal(VCB_ERROR, VCB_ERROR_INVALID, reason);

    fail(((Turn *)user_data)->servers, error);
}

static gboolean start_turn(VcbServers *servers, Where where, GError **error)
{
    static const VcbCoturnEvents events = {on_coturn_ready, on_coturn_failed, on_coturn_died};
    /* Two that differ in their credentials share the host: an address of each family for each of them. */
    static const char *const both_ipv4[] = {VCB_NETWORK_TURN_IPV4, VCB_NETWORK_TURN_IPV4_OTHER, NULL};
    static const char *const both_ipv6[] = {VCB_NETWORK_TURN_IPV6, VCB_NETWORK_TURN_IPV6_OTHER, NULL};
    static const char *const first_ipv4[] = {VCB_NETWORK_TURN_IPV4, NULL};
    static const char *const first_ipv6[] = {VCB_NETWORK_TURN_IPV6, NULL};
    Turn *turns = servers->turn[where];
    gboolean is_shared = turns[STATIC].is_needed && turns[TIME_LIMITED].is_needed;
    VcbChildNamespaces host;

    if (where == EMULATED && (turns[STATIC].is_needed || turns[TIME_LIMITED].is_needed) &&
        !vcb_emulated_network_host(servers->network, "turn", &host)) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_INTERNAL,
                            "the emulated network has no host for coturn");
        return FALSE;
    }
    for (int credentials = STATIC; credentials <= TIME_LIMITED; credentials++) {
        Turn *turn = &turns[credentials];
        g_autofree char *name =
            servers->n_turn ? g_strdup_printf("turnserver-%u", servers->n_turn + 1) : g_strdup("turnserver");
        VcbCoturnParams params = {.name = name,
                                  .is_time_limited = credentials == TIME_LIMITED,
                                  .seed = servers->scenario->variants[0].settings.seed};

        if (!turn->is_needed)
            continue;
        if (where == EMULATED) {
            params.namespaces = &host;
            params.ipv4 = !is_shared ? both_ipv4 : credentials == STATIC ? first_ipv4 : &both_ipv4[1];
            params.ipv6 = !is_shared ? both_ipv6 : credentials == STATIC ? first_ipv6 : &both_ipv6[1];
        }
        turn->coturn = vcb_coturn_new(&params, servers->directory, servers->log, &events, turn, error);
        if (!turn->coturn)
            return FALSE;
        servers->n_turn++;
    }
    return TRUE;
}

void vcb_servers_add_ice(const VcbServers *servers, const VcbPlannedCall *call, int peer, cJSON *list)
{
    const VcbSettings *settings = settings_of(servers, call);
    const VcbCoturn *coturn = turn_of((VcbServers *)servers, settings)->coturn;

    if (!g_str_equal(settings->turn_server, "none") && coturn)
        vcb_coturn_add_ice(coturn, settings, is_ipv6_only(settings, peer), list);
}

/* ---- the emulated network ---- */

static gboolean start_both(VcbServers *servers, Where where, GError **error)
{
    return start_signaling(servers, where, error) && start_turn(servers, where, error);
}

static void on_network_created(VcbEmulatedNetwork *network, const char *problem, gpointer user_data)
{
    VcbServers *servers = user_data;
    g_autoptr(GError) error = NULL;

    if (problem)
        g_set_error(&error, VCB_ERROR, VCB_ERROR_INVALID, "the servers' network: %s", problem);
    else if (!vcb_emulated_network_host(network, "signaling", &servers->signaling[EMULATED].host))
        g_set_error_literal(&error, VCB_ERROR, VCB_ERROR_INTERNAL,
                            "the emulated network has no host for the signaling server");
    else
        start_both(servers, EMULATED, &error);
    if (error)
        fail(servers, error);
}

static void on_network_removed(VcbEmulatedNetwork *network, gpointer user_data)
{
    /* Only the emulator's end removes it, which is told by itself. */
}

static void on_emulator_ready(gpointer user_data)
{
    static const VcbEmulatedNetworkEvents events = {on_network_created, on_network_removed};
    VcbServers *servers = user_data;
    gboolean with_turn =
        servers->turn[EMULATED][STATIC].is_needed || servers->turn[EMULATED][TIME_LIMITED].is_needed;

    servers->network = vcb_emulated_network_new(
        servers->emulator,
        vcb_network_plan_servers(servers->scenario->variants[0].settings.seed, with_turn, servers->is_direct),
        NULL, &events, servers);
}

static void on_emulator_failed(const GError *error, gpointer user_data)
{
    fail(user_data, error);
}

static void on_emulator_died(const char *reason, gpointer user_data)
{
    VcbServers *servers = user_data;

    servers->events.network_died(reason, servers->user_data);
}

static void on_emulator_ended(gpointer user_data)
{
    VcbServers *servers = user_data;

    servers->events.finished(servers->user_data);
}

VcbEmulator *vcb_servers_emulator(const VcbServers *servers)
{
    return servers->emulator;
}

/* ---- life ---- */

static void find_needs(VcbServers *servers, const VcbPlan *plan)
{
    for (int where = LOOPBACK; where <= EMULATED; where++) {
        servers->signaling[where].servers = servers;
        servers->signaling[where].where = where;
        for (int credentials = STATIC; credentials <= TIME_LIMITED; credentials++)
            servers->turn[where][credentials].servers = servers;
    }
    for (guint i = 0; i < plan->n_calls; i++) {
        const VcbSettings *settings = settings_of(servers, &plan->calls[i]);

        servers->signaling[where_of(settings)].is_needed = TRUE;
        if (!g_str_equal(settings->turn_server, "none"))
            turn_of(servers, settings)->is_needed = TRUE;
        servers->with_capture |= settings->net.enabled && settings->record_capture;
        servers->is_direct |= settings->signaling_direct;
    }
}

VcbServers *vcb_servers_new(const VcbScenario *scenario, const VcbPlan *plan, const char *directory,
                            VcbRunLog *log, const VcbServersEvents *events, gpointer user_data,
                            GError **error)
{
    static const VcbEmulatorEvents emulator_events = {on_emulator_ready, on_emulator_failed, on_emulator_died,
                                                      on_emulator_ended};
    VcbServers *servers = g_new0(VcbServers, 1);

    servers->scenario = scenario;
    servers->directory = directory;
    servers->log = log;
    servers->events = *events;
    servers->user_data = user_data;
    find_needs(servers, plan);
    if (!start_both(servers, LOOPBACK, error))
        goto fail;
    if (servers->signaling[EMULATED].is_needed) {
        servers->emulator =
            vcb_emulator_new(directory, servers->with_capture, log, &emulator_events, servers, error);
        if (!servers->emulator)
            goto fail;
    }
    return servers;
fail:
    vcb_servers_free(servers);
    return NULL;
}

static void stop_servers(VcbServers *servers, Where where)
{
    /* They hold nothing that an orderly end would save, so the end need not be waited for. */
    g_clear_pointer(&servers->signaling[where].signald, vcb_signald_free);
    for (int credentials = STATIC; credentials <= TIME_LIMITED; credentials++)
        g_clear_pointer(&servers->turn[where][credentials].coturn, vcb_coturn_free);
}

gboolean vcb_servers_finish(VcbServers *servers)
{
    if (!servers->emulator)
        return FALSE;
    stop_servers(servers, EMULATED); /* before the network goes away under them */
    return vcb_emulator_finish(servers->emulator);
}

void vcb_servers_free(VcbServers *servers)
{
    if (!servers)
        return;
    stop_servers(servers, LOOPBACK);
    stop_servers(servers, EMULATED);
    vcb_emulated_network_free(servers->network);
    vcb_emulator_free(servers->emulator);
    g_free(servers);
}

void vcb_servers_log_usage(const VcbServers *servers, gboolean with_memory)
{
    Where where = servers->signaling[LOOPBACK].is_needed ? LOOPBACK : EMULATED;
    const VcbSignald *signald = servers->signaling[where].signald;

    vcb_usage_log(servers->log, "signald", signald ? vcb_signald_pid(signald) : 0, with_memory);
    vcb_usage_log(servers->log, "network", vcb_emulator_pid(servers->emulator), with_memory);
}
