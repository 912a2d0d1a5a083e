#include "network/hosts/backend.h"

#include <net/if.h>
#include <unistd.h>

static const VcbInterfaceBackend *backend_of(VcbBackend backend)
{
    g_assert(backend == VCB_BACKEND_TUN || backend == VCB_BACKEND_VETH);
    return backend == VCB_BACKEND_TUN ? &vcb_tun_backend : &vcb_veth_backend;
}

static gboolean has_family(const VcbHostInterface *interface, gboolean is_v6)
{
    for (guint i = 0; i < interface->n_addresses; i++)
        if (interface->addresses[i].address.is_v6 == is_v6)
            return TRUE;
    return FALSE;
}

/* Routes after addresses when they come, and before them when they go. */
static gboolean set_routes(VcbHostInterface *interface, gboolean add, VcbRtnetlink *rtnetlink, GError **error)
{
    for (gboolean is_v6 = FALSE; is_v6 <= TRUE; is_v6++)
        if (has_family(interface, is_v6) &&
            !vcb_rtnetlink_default_route(rtnetlink, interface->index, is_v6, interface->metric, add, error))
            return FALSE;
    return TRUE;
}

static gboolean set_addresses(VcbHostInterface *interface, gboolean add, VcbRtnetlink *rtnetlink,
                              GError **error)
{
    for (guint i = 0; i < interface->n_addresses; i++)
        if (!vcb_rtnetlink_address(rtnetlink, interface->index, &interface->addresses[i], add, error))
            return FALSE;
    return TRUE;
}

gboolean vcb_host_interface_set_up(VcbHostInterface *interface, gboolean up, VcbRtnetlink *rtnetlink,
                                   const VcbFarSide *far, GError **error)
{
    const VcbInterfaceBackend *backend = backend_of(interface->backend);

    guint64 dropped;

    if (interface->up == up)
        return TRUE;
    /* What a host sends into an interface that is down, the kernel drops: that is what being down means. */
    if (!up && !backend->dropped(interface, rtnetlink, &interface->dropped_when_lost, error))
        return FALSE;
    if (!backend->set_carrier(interface, up, rtnetlink, far, error) ||
        !vcb_rtnetlink_settle_link(rtnetlink, interface->index, error))
        return FALSE;
    if (up) {
        if (!backend->dropped(interface, rtnetlink, &dropped, error))
            return FALSE;
        interface->dropped_while_down += dropped - interface->dropped_when_lost;
    }
    interface->up = up;
    if (up)
        return set_addresses(interface, TRUE, rtnetlink, error) &&
               set_routes(interface, TRUE, rtnetlink, error);
    return set_routes(interface, FALSE, rtnetlink, error) &&
           set_addresses(interface, FALSE, rtnetlink, error);
}

gboolean vcb_host_interface_init(VcbHostInterface *interface, VcbBackend backend,
                                 const VcbInterfaceDescription *description, guint number,
                                 VcbRtnetlink *rtnetlink, const VcbFarSide *far, GError **error)
{
    VcbLinkChange change = {
        .flags = IFF_UP | IFF_NOARP,
        .mask = IFF_UP | IFF_NOARP,
        .mtu = (guint)description->mtu,
        .queue_length = VCB_HOST_QUEUE_PACKETS,
    };

    *interface = (VcbHostInterface){
        .backend = backend,
        .name = g_strdup(description->name),
        .fd = -1,
        .addresses =
            g_memdup2(description->addresses, description->n_addresses * sizeof *description->addresses),
        .n_addresses = description->n_addresses,
        .metric = (guint)description->metric,
    };
    /* The carrier is off until the interface goes up, for either back end. */
    return backend_of(backend)->create(interface, number, rtnetlink, far, error) &&
           vcb_rtnetlink_silence_link(rtnetlink, interface->index, error) &&
           (backend != VCB_BACKEND_TUN ||
            vcb_rtnetlink_set_carrier(rtnetlink, interface->index, FALSE, error)) &&
           vcb_rtnetlink_change_link(rtnetlink, interface->index, &change, error) &&
           (description->up ? vcb_host_interface_set_up(interface, TRUE, rtnetlink, far, error)
                            : vcb_rtnetlink_settle_link(rtnetlink, interface->index, error));
}

gboolean vcb_host_interface_await(const VcbHostInterface *interface, VcbRtnetlink *rtnetlink, GError **error)
{
    for (guint i = 0; interface->up && i < interface->n_addresses; i++)
        if (!vcb_rtnetlink_await_address(rtnetlink, &interface->addresses[i], error))
            return FALSE;
    return TRUE;
}

gboolean vcb_host_interface_connect(VcbHostInterface *interface, VcbRtnetlink *rtnetlink, GError **error)
{
    return backend_of(interface->backend)->connect(interface, error) &&
           vcb_host_interface_await(interface, rtnetlink, error);
}

void vcb_host_interface_close(VcbHostInterface *interface)
{
    if (interface->fd >= 0)
        close(interface->fd);
    interface->fd = -1;
}

void vcb_host_interface_clear(VcbHostInterface *interface)
{
    vcb_host_interface_close(interface);
    g_free(interface->name);
    g_free(interface->addresses);
    *interface = (VcbHostInterface){.fd = -1};
}

gboolean vcb_host_interface_dropped(VcbHostInterface *interface, VcbRtnetlink *rtnetlink,
                                    guint64 *ret_dropped, GError **error)
{
    guint64 dropped;

    if (!backend_of(interface->backend)->dropped(interface, rtnetlink, &dropped, error))
        return FALSE;
    if (!interface->up)
        dropped = interface->dropped_when_lost;
    *ret_dropped = dropped - interface->dropped_while_down;
    return TRUE;
}
