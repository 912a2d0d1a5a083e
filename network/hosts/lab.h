/* For the tests of hosts: an emulator's side that waits, sockets inside a host, and being an ordinary user for a while. */
#pragma once

#include "network/hosts/hosts.h"

#include <sys/types.h>

/* A network of hosts h0, h1, ... with interfaces eth0, wlan0, ...: host h (from 0), interface i has 10.<h>.<i>.2/24 and
 * 2001:db8:<h>:<i>::2/64, metric 100 + i, this MTU. Hosts only. */
VcbNetworkDescription *lab_describe(guint n_hosts, guint n_interfaces, int mtu);

/* The next reply, after at most 20 s; must be of this type and without a problem. */
VcbHostsReply lab_reply(VcbHosts *hosts, VcbHostsReplyType type);
/* Ask for a network and wait for it. */
VcbHostsReply lab_create(VcbHosts *hosts, guint64 tag, const VcbNetworkDescription *description);

/* Run `function` in a process inside a host; its exit status. The process has every capability there, or with unprivileged none. */
int lab_run_inside(const VcbHosts *hosts, int namespace_fd, gboolean unprivileged, int (*function)(void *),
                   void *user_data);
/* A socket of that host's, non-blocking. */
int lab_socket(const VcbHosts *hosts, int namespace_fd, int domain, int type);

/* One packet from the host that is UDP (17), TCP (6) or ICMP, whatever the kernel sends on its own; waits at most 5 s. 0: none came. */
gsize lab_read_packet(VcbHostPort *port, guint8 protocol, guint8 *data, gsize size);
/* Wait until fd is readable, at most `ms`. */
gboolean lab_wait(int fd, int ms);

/* One's complement sum over a whole IPv4 or IPv6 packet of UDP or TCP is right: header and payload. */
gboolean lab_checksums_are_right(const guint8 *packet, gsize length);

/* Turn this process into an ordinary user's for good, with a /dev/net/tun of its own that everybody may open. FALSE: it could not. */
gboolean lab_become_ordinary(void);

/* Arguments `tun|veth root|user`: become an ordinary user where told so, and start hosts in that way. NULL: it cannot be done here; the reason
 * and the remedy are printed. */
VcbHosts *lab_start_as_told(int argc, char **argv);
