/* A NAT (RFC 4787 for UDP and its terms; RFC 5382 TCP; RFC 5508 ICMP): IPv4 addresses and ports of packets between its inner and
 * its outer side.
 *
 *   inner (protocol, address, port [, remote [, port]]) --mapping--> outer (address, port)
 *                                                          ^ filter: which remotes may use it inward
 *
 * What decides is stated here once, in the words of RFC 4787:
 * - Mapping (4.1): endpoint-independent: one for each inner endpoint; address-dependent: one for each remote address, too;
 *   address-and-port-dependent: one for each remote endpoint. No two mappings of a protocol share an outer endpoint (REQ-3).
 * - Filtering (5): inward passes what comes from anybody, from an address, from an endpoint that this mapping has sent to within the
 *   lifetime.
 * - Outbound packets alone refresh (REQ-6). TCP mappings live at least 2 h 4 min (RFC 5382 REQ-5), whatever the lifetime is.
 * - An inner address keeps to one outer address (REQ-2, paired).
 * - Ports below 1024 map to such, others to others (REQ-3a); where none is free the packet is dropped as nat-filtered.
 * - Protocols but UDP, TCP and ICMP are dropped as nat-filtered; of ICMP pass echo (inward only replies) and errors that quote a
 *   packet of a mapping. Errors with a wrong checksum are dropped as malformed (RFC 5508 REQ-3).
 *
 * Pure: time is handed in, never earlier than before but for what the order of links makes of it. */
#pragma once

#include "network/internet/description.h"
#include "network/internet/ip.h"

typedef struct VcbNat VcbNat;

/* A mapping was made; addresses are IPv4. */
typedef void (*VcbNatMappingMade)(guint8 protocol, const guint8 *internal, guint16 internal_port,
                                  const guint8 *external, guint16 external_port, void *user_data);

/* The settings are copied. `made` may be NULL. Random ports are drawn from vcb_random_stream(seed, "nat/<router>"). */
VcbNat *vcb_nat_new(const VcbNatSettings *settings, guint64 seed, const char *router, VcbNatMappingMade made,
                    void *user_data);
void vcb_nat_free(VcbNat *nat); /* NULL is fine */

/* Is it one of the outer addresses? */
gboolean vcb_nat_owns(const VcbNat *nat, const guint8 *address);
const guint8 *vcb_nat_address(const VcbNat *nat); /* the first of them */
const VcbAddress *vcb_nat_addresses(const VcbNat *nat, guint *ret_n);

/* Translate a packet on its way out, in, or from inside to one of the outer addresses. VCB_FATE_DELIVERED: done, `ip` follows;
 * else why it is dropped (it may be half translated then). */
VcbFate vcb_nat_outward(VcbNat *nat, VcbPacket *packet, VcbIp *ip, gint64 now_ns);
VcbFate vcb_nat_inward(VcbNat *nat, VcbPacket *packet, VcbIp *ip, gint64 now_ns);
VcbFate vcb_nat_hairpin(VcbNat *nat, VcbPacket *packet, VcbIp *ip, gint64 now_ns);

/* Mappings that live at that time. */
guint vcb_nat_mappings(VcbNat *nat, gint64 now_ns);
