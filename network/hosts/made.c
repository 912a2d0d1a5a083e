#include "network/hosts/made.h"

#include "common/error.h"
#include "network/hosts/namespaces.h"

#include <string.h>
#include <unistd.h>

/* Closing the last copy of a packet socket waits for the kernel's readers, some 10 ms each; waiting for all of them together takes
 * hardly longer. */
#define CLOSERS 32

typedef struct {
    VcbMadeNetwork *network;
    guint stripe;
} Closer;

static gpointer close_stripe(gpointer user_data)
{
    const Closer *closer = user_data;
    guint number = 0;

    for (guint h = 0; h < closer->network->n_hosts; h++) {
        VcbMadeHost *host = &closer->network->hosts[h];

        for (guint i = 0; i < host->n_interfaces; i++)
            if (number++ % CLOSERS == closer->stripe)
                vcb_host_interface_close(&host->interfaces[i]);
    }
    return NULL;
}

static void close_interfaces(VcbMadeNetwork *network)
{
    Closer closers[CLOSERS];
    GThread *threads[CLOSERS];
    guint n = MIN(network->n_interfaces, CLOSERS);

    for (guint i = 0; i < n; i++) {
        closers[i] = (Closer){.network = network, .stripe = i};
        threads[i] = g_thread_new("closer", close_stripe, &closers[i]);
    }
    for (guint i = 0; i < n; i++)
        g_thread_join(threads[i]);
}

static void clear_host(VcbMadeHost *host)
{
    for (guint i = 0; i < host->n_interfaces; i++)
        vcb_host_interface_clear(&host->interfaces[i]);
    g_free(host->interfaces);
    vcb_rtnetlink_close(host->rtnetlink);
    if (host->namespace_fd >= 0)
        close(host->namespace_fd);
    g_free(host->name);
}

void vcb_made_network_free(VcbMadeNetwork *network)
{
    if (!network)
        return;
    close_interfaces(network);
    for (guint h = 0; h < network->n_hosts; h++)
        clear_host(&network->hosts[h]);
    g_free(network->hosts);
    g_free(network);
}

/* In the new namespace afterwards, also after an error. */
static gboolean make_host(VcbMadeHost *host, const VcbHostDescription *description, VcbBackend backend,
                          guint first_number, const VcbFarSide *far, GError **error)
{
    host->name = g_strdup(description->name);
    host->namespace_fd = vcb_namespaces_enter_new_network(error);
    if (host->namespace_fd < 0 || !(host->rtnetlink = vcb_rtnetlink_open(error))) {
        g_prefix_error(error, "%s: ", host->name);
        return FALSE;
    }
    host->interfaces = g_new0(VcbHostInterface, description->n_interfaces);
    for (guint i = 0; i < description->n_interfaces; i++) {
        host->n_interfaces = i + 1;
        if (!vcb_host_interface_init(&host->interfaces[i], backend, &description->interfaces[i],
                                     first_number + i, host->rtnetlink, far, error)) {
            g_prefix_error(error, "%s: %s: ", host->name, description->interfaces[i].name);
            return FALSE;
        }
    }
    return TRUE;
}

static gboolean connect_hosts(VcbMadeNetwork *network, GError **error)
{
    for (guint h = 0; h < network->n_hosts; h++) {
        VcbMadeHost *host = &network->hosts[h];

        for (guint i = 0; i < host->n_interfaces; i++)
            if (!vcb_host_interface_connect(&host->interfaces[i], host->rtnetlink, error)) {
                g_prefix_error(error, "%s: %s: ", host->name, host->interfaces[i].name);
                return FALSE;
            }
    }
    return TRUE;
}

VcbMadeNetwork *vcb_made_network_new(const VcbNetworkDescription *description, VcbBackend backend,
                                     guint first_number, const VcbFarSide *far, GError **error)
{
    g_autoptr(VcbMadeNetwork) network = g_new0(VcbMadeNetwork, 1);
    gboolean made = TRUE;

    network->hosts = g_new0(VcbMadeHost, description->n_hosts);
    for (guint h = 0; made && h < description->n_hosts; h++) {
        VcbMadeHost *host = &network->hosts[h];

        host->namespace_fd = -1;
        network->n_hosts = h + 1;
        made = make_host(host, &description->hosts[h], backend, first_number + network->n_interfaces, far,
                         error);
        network->n_interfaces += host->n_interfaces;
    }
    /* Home again in any case: a process inside would keep the last host's namespace. */
    if (!vcb_namespaces_enter_network(far->namespace_fd, made ? error : NULL) || !made ||
        !connect_hosts(network, error))
        return NULL;
    return g_steal_pointer(&network);
}

static gboolean switch_interface(VcbMadeHost *host, const char *name, gboolean up, const VcbFarSide *far,
                                 GError **error)
{
    if (!*name)
        return TRUE;
    for (guint i = 0; i < host->n_interfaces; i++)
        if (strcmp(host->interfaces[i].name, name) == 0) {
            if (vcb_host_interface_set_up(&host->interfaces[i], up, host->rtnetlink, far, error) &&
                vcb_host_interface_await(&host->interfaces[i], host->rtnetlink, error))
                return TRUE;
            g_prefix_error(error, "%s: %s: ", host->name, name);
            return FALSE;
        }
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: it has no interface %s", host->name, name);
    return FALSE;
}

gboolean vcb_made_network_set_interface(VcbMadeNetwork *network, const char *host, const char *down,
                                        const char *up, const VcbFarSide *far, GError **error)
{
    for (guint h = 0; h < network->n_hosts; h++)
        if (strcmp(network->hosts[h].name, host) == 0)
            return switch_interface(&network->hosts[h], down, FALSE, far, error) &&
                   switch_interface(&network->hosts[h], up, TRUE, far, error);
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "there is no host %s", host);
    return FALSE;
}

gboolean vcb_made_network_dropped(VcbMadeNetwork *network, guint64 *ret_dropped, GError **error)
{
    guint64 sum = 0;

    for (guint h = 0; h < network->n_hosts; h++) {
        VcbMadeHost *host = &network->hosts[h];

        for (guint i = 0; i < host->n_interfaces; i++) {
            guint64 dropped;

            if (!vcb_host_interface_dropped(&host->interfaces[i], host->rtnetlink, &dropped, error)) {
                g_prefix_error(error, "%s: %s: ", host->name, host->interfaces[i].name);
                return FALSE;
            }
            sum += dropped;
        }
    }
    *ret_dropped = sum;
    return TRUE;
}
