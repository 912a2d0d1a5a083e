/* RTP flows on one link direction, told apart by SSRC as it stands in the clear header: SRTP leaves that legible.
 *
 *   came:  IP -> UDP -> (TURN: ChannelData, Send or Data indication) -> RTP header -> flow, its number kept in packet->flow
 *   fate:  by that number, so that a bit flipped on the way changes nothing
 */
#pragma once

#include "common/json.h"
#include "network/link/packet.h"

/* Further SSRCs on the same direction are not followed. */
#define VCB_RTP_FLOWS_MAX 64

typedef struct {
    guint32 ssrc;
    guint8 payload_type;
    gsize payload_bytes; /* behind the RTP header, its CSRCs and its extension; a tag or padding included */
} VcbRtpHeader;

/* FALSE where the IP packet carries no RTP in UDP: RFC 7983 by the first byte, RFC 5761 section 4 to tell RTCP apart, RFC 3550
 * section 5.1 for the header. Fragments are not looked into. */
gboolean vcb_rtp_header_read(const guint8 *ip, gsize length, VcbRtpHeader *ret_header);

typedef struct {
    guint32 ssrc;
    guint8 payload_type; /* of its latest packet */
    guint64 sent, duplicated, dropped, delivered;
    guint64 payload_bytes;    /* delivered, copies included */
    gint64 first_ns, last_ns; /* when its first and its latest packet came to the link */
} VcbRtpFlow;

typedef struct VcbRtpFlows VcbRtpFlows;

/* *flows is made at the first RTP packet; NULL until then. */
void vcb_rtp_flows_came(VcbRtpFlows **flows, VcbPacket *packet);
void vcb_rtp_flows_fate(VcbRtpFlows *flows, const VcbPacket *packet, VcbFate fate);
void vcb_rtp_flows_free(VcbRtpFlows *flows); /* NULL is fine */

guint vcb_rtp_flows_count(const VcbRtpFlows *flows); /* NULL: 0 */
const VcbRtpFlow *vcb_rtp_flows_get(const VcbRtpFlows *flows, guint i);

/* The array `flows` of a `link` message; NULL where there are none. */
cJSON *vcb_rtp_flows_json(const VcbRtpFlows *flows);
