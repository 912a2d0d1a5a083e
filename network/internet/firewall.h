/* A router's firewall, on its inner side: it sees inner addresses, whether the router translates or not.
 *
 *   outward: a rule lets it out, or it answers what was let in -> remembered as a flow
 *   inward:  it belongs to a flow, or (inbound open) no rule speaks against it
 *
 * A flow is (protocol, inner endpoint, remote endpoint), echo by identifier; both directions keep it alive: UDP and ICMP for
 * 2 min, TCP for 2 h 4 min (the least that RFC 5382 REQ-5 gives an idle connection). Where UDP is blocked, it is in both
 * directions but for answers to the listed ports. ICMP errors pass inward where they quote a packet of a flow, or inbound is
 * open. Where no rule needs flows none are kept. Pure: time is handed in. */
#pragma once

#include "network/internet/description.h"
#include "network/internet/ip.h"

typedef struct VcbFirewall VcbFirewall;

/* The settings are copied. */
VcbFirewall *vcb_firewall_new(const VcbFirewallSettings *settings);
void vcb_firewall_free(VcbFirewall *firewall); /* NULL is fine */

/* VCB_FATE_DELIVERED: it may pass; else FIREWALL, or FRAGMENT: a later fragment whose first did not pass before it. */
VcbFate vcb_firewall_outward(VcbFirewall *firewall, const VcbPacket *packet, const VcbIp *ip, gint64 now_ns);
VcbFate vcb_firewall_inward(VcbFirewall *firewall, const VcbPacket *packet, const VcbIp *ip, gint64 now_ns);
