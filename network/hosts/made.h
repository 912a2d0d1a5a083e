/* Networks that the host maker has made: for each host its namespace, a socket that speaks for it, and its interfaces. */
#pragma once

#include "network/hosts/interface.h"

typedef struct {
    char *name; /* owned, as all of it */
    int namespace_fd;
    VcbRtnetlink *rtnetlink;
    VcbHostInterface *interfaces;
    guint n_interfaces;
} VcbMadeHost;

typedef struct {
    VcbMadeHost *hosts;
    guint n_hosts;
    guint n_interfaces; /* of all hosts */
} VcbMadeNetwork;

/* Make what the description says about hosts. The calling process is in the far side's namespace before and after. NULL and an error
 * that names the host and the interface: nothing is left. */
VcbMadeNetwork *vcb_made_network_new(const VcbNetworkDescription *description, VcbBackend backend,
                                     guint first_number, const VcbFarSide *far, GError **error);

/* Let go: a namespace and what is in it end when nobody else holds them. NULL is fine. */
void vcb_made_network_free(VcbMadeNetwork *network);

/* down, up: names of interfaces, "" none; in this order. */
gboolean vcb_made_network_set_interface(VcbMadeNetwork *network, const char *host, const char *down,
                                        const char *up, const VcbFarSide *far, GError **error);
gboolean vcb_made_network_dropped(VcbMadeNetwork *network, guint64 *ret_dropped, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbMadeNetwork, vcb_made_network_free)
