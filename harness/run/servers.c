#include "harness/run/servers.h"

#include "common/error.h"
#include "harness/run/configure.h"
#include "harness/run/coturn.h"
#include "harness/run/signald.h"
#include "harness/run/usage.h"

struct VcbServers {
    const VcbScenario *scenario; /* no-ref */
    VcbRunLog *log;              /* no-ref */
    VcbServersEvents events;
    gpointer user_data;
    VcbSignald *signald;
    char *signaling_url; /* NULL while there is none */
    VcbCoturn *coturn;   /* NULL where none is needed */
    gboolean coturn_ready;
};

static const VcbSettings *settings_of(const VcbServers *servers, const VcbPlannedCall *call)
{
    return &servers->scenario->variants[call->variant].settings;
}

gboolean vcb_servers_are_ready(const VcbServers *servers)
{
    return servers->signaling_url && (!servers->coturn || servers->coturn_ready);
}

static void tell_when_ready(VcbServers *servers)
{
    if (vcb_servers_are_ready(servers))
        servers->events.ready(servers->user_data);
}

static void on_failed(const GError *error, gpointer user_data)
{
    VcbServers *servers = user_data;

    servers->events.failed(error, servers->user_data);
}

/* ---- signaling ---- */

static void on_signald_ready(const char *url, gpointer user_data)
{
    VcbServers *servers = user_data;

    g_free(servers->signaling_url);
    servers->signaling_url = g_strdup(url);
    tell_when_ready(servers);
}

static void on_signald_died(const char *reason, gpointer user_data)
{
    VcbServers *servers = user_data;

    g_clear_pointer(&servers->signaling_url, g_free);
    servers->events.signaling_died(reason, servers->user_data);
}

void vcb_servers_open_room(VcbServers *servers, const VcbPlannedCall *call)
{
    g_autoptr(cJSON) room = vcb_room_message(settings_of(servers, call), call);

    vcb_signald_send(servers->signald, room);
}

void vcb_servers_close_room(VcbServers *servers, const VcbPlannedCall *call)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", "close-room");
    cJSON_AddStringToObject(message, "room", call->id);
    vcb_signald_send(servers->signald, message);
}

const char *vcb_servers_signaling_url(const VcbServers *servers, const VcbPlannedCall *call, int peer)
{
    return servers->signaling_url;
}

/* ---- STUN and TURN ---- */

static void on_coturn_ready(gpointer user_data)
{
    VcbServers *servers = user_data;

    servers->coturn_ready = TRUE;
    tell_when_ready(servers);
}

/* Relayed media ends with it: the calls notice by themselves, and no further one can begin. */
static void on_coturn_died(const char *reason, gpointer user_data)
{
    VcbServers *servers = user_data;
    g_autoptr(GError) error = g_error_new_literal(VCB_ERROR, VCB_ERROR_INVALID, reason);

    servers->events.failed(error, servers->user_data);
}

void vcb_servers_add_ice(const VcbServers *servers, const VcbPlannedCall *call, int peer, cJSON *list)
{
    cJSON *server;

    if (!servers->coturn || !g_str_equal(settings_of(servers, call)->turn_server, "coturn"))
        return;
    server = cJSON_CreateObject();
    cJSON_AddStringToObject(server, "urls", vcb_coturn_urls(servers->coturn));
    cJSON_AddStringToObject(server, "username", vcb_coturn_username(servers->coturn));
    cJSON_AddStringToObject(server, "credential", vcb_coturn_credential(servers->coturn));
    cJSON_AddItemToArray(list, server);
}

/* ---- life ---- */

static gboolean needs_coturn(const VcbServers *servers, const VcbPlan *plan)
{
    for (guint i = 0; i < plan->n_calls; i++)
        if (g_str_equal(settings_of(servers, &plan->calls[i])->turn_server, "coturn"))
            return TRUE;
    return FALSE;
}

VcbServers *vcb_servers_new(const VcbScenario *scenario, const VcbPlan *plan, const char *directory,
                            VcbRunLog *log, const VcbServersEvents *events, gpointer user_data,
                            GError **error)
{
    static const VcbSignaldEvents signald_events = {on_signald_ready, on_failed, on_signald_died};
    static const VcbCoturnEvents coturn_events = {on_coturn_ready, on_failed, on_coturn_died};
    const VcbSettings *settings = &scenario->variants[0].settings;
    VcbServers *servers = g_new0(VcbServers, 1);

    servers->scenario = scenario;
    servers->log = log;
    servers->events = *events;
    servers->user_data = user_data;
    servers->signald = vcb_signald_new(&settings->signaling, directory, log, &signald_events, servers, error);
    if (!servers->signald)
        goto fail;
    if (needs_coturn(servers, plan)) {
        servers->coturn = vcb_coturn_new(directory, settings->seed, log, &coturn_events, servers, error);
        if (!servers->coturn)
            goto fail;
    }
    return servers;
fail:
    vcb_servers_free(servers);
    return NULL;
}

void vcb_servers_free(VcbServers *servers)
{
    if (!servers)
        return;
    vcb_signald_free(servers->signald);
    vcb_coturn_free(servers->coturn);
    g_free(servers->signaling_url);
    g_free(servers);
}

void vcb_servers_log_usage(const VcbServers *servers, gboolean with_memory)
{
    vcb_usage_log(servers->log, "signald", vcb_signald_pid(servers->signald), with_memory);
}
