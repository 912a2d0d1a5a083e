/* IP packets (IPv4, IPv6 with extension headers) with UDP, TCP and ICMP inside: what routers read in them, and changes
 * that keep their checksums right.
 *
 *   IPv4 | options |               UDP, TCP, ICMP | payload       <- `transport` is the offset of the third
 *   IPv6 | extensions, fragment |  UDP, TCP, ICMPv6 | payload
 *                                         \ an ICMP error quotes a packet behind its 8 bytes <- `quoted`
 *
 * Pure; no function allocates. Addresses here are 16 bytes, of which an IPv4 one takes the first 4, the rest zero. */
#pragma once

#include "network/link/packet.h"

enum {
    VCB_IP_ICMP = 1,
    VCB_IP_TCP = 6,
    VCB_IP_UDP = 17,
    VCB_IP_ICMPV6 = 58,
};

typedef struct {
    gboolean is_v6;
    guint8 protocol; /* above IP, behind the extension headers */
    guint8 ttl;      /* or hop limit */
    guint8 source[16], destination[16];
    guint16 transport;     /* offset of what is above IP */
    guint16 transport_end; /* offset behind the last byte of the packet */
    gboolean is_fragment;  /* any but a whole packet */
    gboolean is_later;     /* a fragment that is not the first: there are no ports in it */
    guint32 fragment_id;
    gboolean has_ports; /* UDP, TCP, ICMP echo: its identifier is both ports */
    guint16 source_port, destination_port;
    gboolean is_icmp_error; /* and `quoted` is the offset of the packet it quotes */
    guint16 quoted;
    guint8 icmp_type, icmp_code;
} VcbIp;

/* Read a packet as it is on the wire. FALSE: no router could forward it (no IP, shorter than it says, cut headers, a wrong IPv4
 * header checksum). Bytes behind the end of the IP packet are cut off. */
gboolean vcb_ip_parse(VcbPacket *packet, VcbIp *ret_ip);

/* The same of the packet quoted in an ICMP error, which may end anywhere behind its first 8 bytes of transport; offsets are those
 * of the whole packet. `packet` may be changed by vcb_ip_set_*_quoted. */
gboolean vcb_ip_parse_quoted(const VcbPacket *packet, const VcbIp *error, VcbIp *ret_quoted);

/* TTL or hop limit less one. */
void vcb_ip_decrement_ttl(VcbPacket *packet, VcbIp *ip);

/* Another IPv4 source or destination, address and port (identifier of an echo); `ip` follows. Checksums are changed, not computed
 * anew (RFC 1624), so that a corrupted packet stays one. Without ports only the address changes. */
void vcb_ip_set_source(VcbPacket *packet, VcbIp *ip, const guint8 *address, guint16 port);
void vcb_ip_set_destination(VcbPacket *packet, VcbIp *ip, const guint8 *address, guint16 port);

/* The same inside the packet quoted by an ICMP error: its checksums where they are in the quoted part, and the error's own. */
void vcb_ip_set_quoted_source(VcbPacket *packet, const VcbIp *error, VcbIp *quoted, const guint8 *address,
                              guint16 port);
void vcb_ip_set_quoted_destination(VcbPacket *packet, const VcbIp *error, VcbIp *quoted,
                                   const guint8 *address, guint16 port);

/* Is the checksum of this ICMP (v4) message right? */
gboolean vcb_ip_icmp_is_intact(const VcbPacket *packet, const VcbIp *ip);

/* The Internet checksum (RFC 1071) of some bytes, going on from `sum`; not yet complemented. */
guint32 vcb_ip_sum(const guint8 *data, gsize length, guint32 sum);
guint16 vcb_ip_finish_sum(guint32 sum);
/* Sum of the pseudo header of the transport's checksum (RFC 768, RFC 8200 section 8.1). */
guint32 vcb_ip_pseudo_sum(const VcbIp *ip, guint32 length);

/* Multicast, broadcast and link-local traffic, which no router forwards and nobody counts (the subnets' own broadcast
 * addresses are the interface's to know). */
gboolean vcb_ip_is_local_noise(const VcbIp *ip);

/* Cut an IPv4 packet into fragments of at most `mtu` bytes (RFC 791 section 3.2), chained by `next`; the packet is taken
 * over. NULL: it may not be cut (don't fragment, IPv6, no room); then the packet is still the caller's. */
VcbPacket *vcb_ip_fragment(VcbPacket *packet, guint mtu);

static inline guint16 vcb_ip_read16(const guint8 *data)
{
    return (guint16)(data[0] << 8 | data[1]);
}

static inline void vcb_ip_write16(guint8 *data, guint16 value)
{
    data[0] = (guint8)(value >> 8);
    data[1] = (guint8)value;
}
