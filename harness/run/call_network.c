#include "harness/run/call_network.h"

#include "common/clock.h"
#include "common/error.h"
#include "harness/run/traffic.h"

struct VcbCallNetwork {
    const VcbSettings *settings; /* no-ref */
    char *name, *call;
    guint64 seed;
    const char *directory; /* no-ref */
    VcbRunLog *log;        /* no-ref */
    VcbCallNetworkEvents events;
    gpointer user_data;
    VcbEmulatedNetwork *network; /* NULL once removed */
    VcbTraffic **traffic;        /* one an entry of cross_traffic; NULL: not started, or gone */
    guint n_traffic_ready, n_traffic_left;
    char *problem; /* the first one; NULL: none */
    gboolean ready, removing;
    VcbEmulator *emulator;  /* no-ref */
    GError *planning_error; /* nothing can be made; NULL: none */
    guint failing;          /* the source that tells it */
};

static void fail(VcbCallNetwork *network, const char *reason)
{
    if (network->removing)
        return;
    if (!network->problem)
        network->problem = g_strdup(reason);
    network->events.failed(network, network->problem, network->user_data);
}

/* ---- removal: first the processes, then what they stand in ---- */

static gboolean remove_network(VcbCallNetwork *network)
{
    return network->network && vcb_emulated_network_remove(network->network);
}

static void on_removed(VcbEmulatedNetwork *emulated, gpointer user_data)
{
    VcbCallNetwork *network = user_data;

    g_clear_pointer(&network->network, vcb_emulated_network_free);
    network->events.gone(network, network->user_data);
}

gboolean vcb_call_network_remove(VcbCallNetwork *network)
{
    gboolean waiting = FALSE;

    network->removing = TRUE;
    for (guint i = 0; i < network->settings->net.n_cross_traffic; i++)
        waiting |= network->traffic[i] && vcb_traffic_finish(network->traffic[i]);
    return waiting || remove_network(network);
}

/* ---- cross traffic ---- */

static void be_ready_when_all_are(VcbCallNetwork *network)
{
    if (network->ready || network->removing ||
        network->n_traffic_ready < network->settings->net.n_cross_traffic)
        return;
    network->ready = TRUE;
    network->events.ready(network, network->user_data);
}

static void on_traffic_ready(VcbTraffic *traffic, gpointer user_data)
{
    VcbCallNetwork *network = user_data;

    network->n_traffic_ready++;
    be_ready_when_all_are(network);
}

static void on_traffic_failed(VcbTraffic *traffic, const char *reason, gpointer user_data)
{
    fail(user_data, reason);
}

static void on_traffic_gone(VcbTraffic *traffic, gpointer user_data)
{
    VcbCallNetwork *network = user_data;

    for (guint i = 0; i < network->settings->net.n_cross_traffic; i++)
        if (network->traffic[i] == traffic)
            network->traffic[i] = NULL;
    vcb_traffic_free(traffic);
    network->n_traffic_left--;
    if (network->removing && !network->n_traffic_left && !remove_network(network))
        network->events.gone(network, network->user_data);
}

static gboolean start_traffic(VcbCallNetwork *network, guint index, GError **error)
{
    static const VcbTrafficEvents events = {on_traffic_ready, on_traffic_failed, on_traffic_gone};
    g_autofree char *near_name = g_strdup_printf("traffic-%u-near", index + 1),
                    *far_name = g_strdup_printf("traffic-%u-far", index + 1);
    const VcbPlannedHost *far = vcb_emulated_network_plan_of(network->network, far_name);
    VcbTrafficParams params = {.settings = &network->settings->net.cross_traffic[index],
                               .number = index + 1,
                               .call = network->call,
                               .name = network->name,
                               .far_address = far->ipv4 ? far->ipv4 : far->ipv6,
                               .seed = network->seed};

    g_assert(vcb_emulated_network_host(network->network, near_name, &params.near_host) &&
             vcb_emulated_network_host(network->network, far_name, &params.far_host));
    network->traffic[index] =
        vcb_traffic_new(&params, network->directory, network->log, &events, network, error);
    network->n_traffic_left += network->traffic[index] != NULL;
    return network->traffic[index] != NULL;
}

/* ---- life ---- */

/* The run cannot show what was asked for: it ends, and the call (which frees us within) has the reason. */
static gboolean tell_planning_error(gpointer user_data)
{
    VcbCallNetwork *network = user_data;
    VcbEmulator *emulator = network->emulator;
    g_autoptr(GError) error = g_steal_pointer(&network->planning_error);

    network->failing = 0;
    fail(network, error->message);
    vcb_emulator_fail(emulator, error);
    return G_SOURCE_REMOVE;
}

static void on_created(VcbEmulatedNetwork *emulated, const char *problem, gpointer user_data)
{
    VcbCallNetwork *network = user_data;
    g_autoptr(GError) error = NULL;

    if (problem) {
        fail(network, problem);
        return;
    }
    for (guint i = 0; !network->removing && i < network->settings->net.n_cross_traffic; i++) {
        if (!start_traffic(network, i, &error)) {
            fail(network, error->message);
            return;
        }
    }
    be_ready_when_all_are(network);
}

VcbCallNetwork *vcb_call_network_new(const VcbCallNetworkParams *params, const char *directory,
                                     VcbRunLog *log, const VcbCallNetworkEvents *events, gpointer user_data)
{
    static const VcbEmulatedNetworkEvents network_events = {on_created, on_removed};
    VcbCallNetwork *network = g_new0(VcbCallNetwork, 1);
    VcbNetworkPlan *plan = vcb_network_plan_call(params->settings, params->name, params->call, params->seed,
                                                 params->number, params->n_pairs, &network->planning_error);

    network->settings = params->settings;
    network->name = g_strdup(params->name);
    network->call = g_strdup(params->call);
    network->seed = params->seed;
    network->directory = directory;
    network->log = log;
    network->events = *events;
    network->user_data = user_data;
    network->traffic = g_new0(VcbTraffic *, MAX(params->settings->net.n_cross_traffic, 1));
    network->emulator = params->emulator;
    if (plan)
        network->network =
            vcb_emulated_network_new(params->emulator, plan, params->call, &network_events, network);
    else
        network->failing = g_idle_add_full(G_PRIORITY_DEFAULT, tell_planning_error, network, NULL);
    return network;
}

void vcb_call_network_free(VcbCallNetwork *network)
{
    if (!network)
        return;
    for (guint i = 0; i < network->settings->net.n_cross_traffic; i++)
        vcb_traffic_free(network->traffic[i]);
    g_clear_handle_id(&network->failing, g_source_remove);
    g_clear_error(&network->planning_error);
    vcb_emulated_network_free(network->network);
    g_free(network->traffic);
    g_free(network->name);
    g_free(network->call);
    g_free(network->problem);
    g_free(network);
}

gboolean vcb_call_network_is_ready(const VcbCallNetwork *network)
{
    return network->ready;
}

const char *vcb_call_network_name(const VcbCallNetwork *network)
{
    return network->name;
}

gboolean vcb_call_network_host(const VcbCallNetwork *network, int peer, int pair,
                               VcbChildNamespaces *ret_namespaces, GError **error)
{
    g_autofree char *host = vcb_network_plan_host_name(network->settings, peer, pair);

    if (!network->problem && network->network &&
        vcb_emulated_network_host(network->network, host, ret_namespaces))
        return TRUE;
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s",
                network->problem ? network->problem : "the emulated network is gone");
    return FALSE;
}

void vcb_call_network_start(VcbCallNetwork *network)
{
    if (network->network)
        vcb_emulated_network_start(network->network, vcb_clock_now_us());
    for (guint i = 0; i < network->settings->net.n_cross_traffic; i++)
        if (network->traffic[i])
            vcb_traffic_start(network->traffic[i]);
}
