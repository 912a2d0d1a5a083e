/* ICMP errors that routers send (RFC 792, 1191, 1812 section 4.3; ICMPv6: RFC 4443). */
#pragma once

#include "network/internet/ip.h"

typedef enum {
    VCB_ICMP_TTL,      /* time exceeded in transit */
    VCB_ICMP_TOO_BIG,  /* fragmentation needed, packet too big */
    VCB_ICMP_NO_ROUTE, /* network unreachable, no route to destination */
} VcbIcmpError;

/* An error about the packet to its sender, quoting as much of it as the RFCs let in, with checksums and the packet's times. NULL:
 * there are no errors about this one (it is an error itself, a later fragment, or from nobody). `source` is the router's address: 4
 * bytes or 16, as the packet's. mtu: of TOO_BIG. */
VcbPacket *vcb_icmp_error_new(const VcbPacket *packet, const VcbIp *ip, VcbIcmpError error, guint mtu,
                              const guint8 *source);
