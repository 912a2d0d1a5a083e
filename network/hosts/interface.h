/* One interface of a host, as the host maker sees it: made by one of two back ends, then the same for both.
 *
 *   tun:   host: eth0 ====== descriptor
 *   veth:  host: eth0 ------ shared empty namespace: v<n> ====== AF_PACKET socket
 */
#pragma once

#include "network/hosts/hosts.h"
#include "network/hosts/rtnetlink.h"

/* Longest queue in front of the emulator, in packets: room for a burst while the emulator is busy elsewhere. */
#define VCB_HOST_QUEUE_PACKETS 10000

/* Where the far ends of veth pairs lie. */
typedef struct {
    int namespace_fd;
    VcbRtnetlink *rtnetlink; /* owned by whoever made it */
} VcbFarSide;

typedef struct {
    VcbBackend backend;
    char *name; /* owned */
    int index;
    int fd;        /* the maker's copy of the emulator's end */
    int far_index; /* veth: of the far end */
    guint8 link_address[6];
    VcbInterfaceAddress *addresses; /* owned */
    guint n_addresses, metric;
    gboolean up;
    guint64 socket_dropped;     /* veth: what the packet socket had no room for, so far */
    guint64 dropped_when_lost;  /* all drops when it last went down */
    guint64 dropped_while_down; /* of all drops, those that came while it was down */
} VcbHostInterface;

/* Make an interface in the network namespace that the caller is in and `rtnetlink` speaks for, as the description says, up or down. number is
 * unique among the interfaces of this maker. After FALSE the interface wants clearing as well, and the namespace may hold half of it. */
gboolean vcb_host_interface_init(VcbHostInterface *interface, VcbBackend backend,
                                 const VcbInterfaceDescription *description, guint number,
                                 VcbRtnetlink *rtnetlink, const VcbFarSide *far, GError **error);

/* Second step, in the namespace of the far side: after it, fd is the emulator's end, and the host answers. */
gboolean vcb_host_interface_connect(VcbHostInterface *interface, VcbRtnetlink *rtnetlink, GError **error);

/* The first and slow part of clearing; from any thread. */
void vcb_host_interface_close(VcbHostInterface *interface);

/* Lets go of what the maker holds; the interface itself goes with its namespace. */
void vcb_host_interface_clear(VcbHostInterface *interface);

/* Carrier, addresses and default routes come or go. No change where it is so already. */
gboolean vcb_host_interface_set_up(VcbHostInterface *interface, gboolean up, VcbRtnetlink *rtnetlink,
                                   const VcbFarSide *far, GError **error);

/* Wait until the addresses of an interface that is up are in force, usually not at all. */
gboolean vcb_host_interface_await(const VcbHostInterface *interface, VcbRtnetlink *rtnetlink, GError **error);

/* Packets of the host that were dropped before the emulator could read them, since the interface was made, while it was
 * up. */
gboolean vcb_host_interface_dropped(VcbHostInterface *interface, VcbRtnetlink *rtnetlink,
                                    guint64 *ret_dropped, GError **error);
