/* What a back end of hosts' interfaces has to do; everything else is the same for both (interface.c). */
#pragma once

#include "network/hosts/interface.h"

typedef struct {
    /* Make the device interface->name in the host's namespace, where the caller is; set index, and far_index or fd. */
    gboolean (*create)(VcbHostInterface *interface, guint number, VcbRtnetlink *rtnetlink,
                       const VcbFarSide *far, GError **error);
    /* The caller is in the far side's namespace: set fd where that needs it. */
    gboolean (*connect)(VcbHostInterface *interface, GError **error);
    gboolean (*set_carrier)(VcbHostInterface *interface, gboolean on, VcbRtnetlink *rtnetlink,
                            const VcbFarSide *far, GError **error);
    gboolean (*dropped)(VcbHostInterface *interface, VcbRtnetlink *rtnetlink, guint64 *ret_dropped,
                        GError **error);
} VcbInterfaceBackend;

extern const VcbInterfaceBackend vcb_tun_backend, vcb_veth_backend;
