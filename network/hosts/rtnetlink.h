/* The few things that hosts ask of rtnetlink(7), over libmnl: links, addresses, default routes, counters. A socket speaks for the
 * network namespace in which it was opened, wherever its process is now. Every call waits for the kernel's answer; errors
 * (VCB_ERROR_INVALID) say what was asked and errno. */
#pragma once

#include "network/internet/description.h"

typedef struct VcbRtnetlink VcbRtnetlink;

VcbRtnetlink *vcb_rtnetlink_open(GError **error);  /* of the namespace the caller is in */
void vcb_rtnetlink_close(VcbRtnetlink *rtnetlink); /* NULL is fine */

/* Index of the interface; 0 and an error where there is none. */
int vcb_rtnetlink_index(VcbRtnetlink *rtnetlink, const char *name, GError **error);

/* A veth pair: `name` here, `peer_name` in the namespace of peer_namespace_fd. */
gboolean vcb_rtnetlink_add_veth(VcbRtnetlink *rtnetlink, const char *name, const guint8 link_address[6],
                                const char *peer_name, int peer_namespace_fd, GError **error);

/* No IPv6 address of the kernel's own making, and so no router solicitations. Before the interface is up. */
gboolean vcb_rtnetlink_silence_link(VcbRtnetlink *rtnetlink, int index, GError **error);

typedef struct {
    guint flags, mask;  /* IFF_...: those of the mask are set to flags */
    guint mtu;          /* 0: as it is */
    guint queue_length; /* 0: as it is */
} VcbLinkChange;

gboolean vcb_rtnetlink_change_link(VcbRtnetlink *rtnetlink, int index, const VcbLinkChange *change,
                                   GError **error);
gboolean vcb_rtnetlink_set_carrier(VcbRtnetlink *rtnetlink, int index, gboolean on, GError **error);
/* A carrier's change is there for others to see (IFF_RUNNING) up to a second later, unless somebody asks, as this does (Linux 6.9). */
gboolean vcb_rtnetlink_settle_link(VcbRtnetlink *rtnetlink, int index, GError **error);

/* add FALSE: take it away; that it is gone already is fine. IPv6 without duplicate address detection. */
gboolean vcb_rtnetlink_address(VcbRtnetlink *rtnetlink, int index, const VcbInterfaceAddress *address,
                               gboolean add, GError **error);
/* Wait until packets to such an address, just added, are taken for the host's own: IPv6 begins with that a little after the kernel has
 * acknowledged the address. An error after 2 s. */
gboolean vcb_rtnetlink_await_address(VcbRtnetlink *rtnetlink, const VcbInterfaceAddress *address,
                                     GError **error);
gboolean vcb_rtnetlink_default_route(VcbRtnetlink *rtnetlink, int index, gboolean is_v6, guint metric,
                                     gboolean add, GError **error);

/* tx_dropped of the interface (IFLA_STATS64). */
gboolean vcb_rtnetlink_tx_dropped(VcbRtnetlink *rtnetlink, int index, guint64 *ret_dropped, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbRtnetlink, vcb_rtnetlink_close)
