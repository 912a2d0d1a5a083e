#include "network/emulator/flows.h"

#include <string.h>

#define N_SLOTS 256 /* of the hash; a power of two, much more than flows */
#define IP_UDP 17
#define UDP_HEADER 8

struct VcbRtpFlows {
    guint n;
    guint8 slots[N_SLOTS]; /* number of a flow, from 1; 0: free */
    VcbRtpFlow flows[VCB_RTP_FLOWS_MAX];
};

static guint16 read16(const guint8 *data)
{
    return (guint16)(data[0] << 8 | data[1]);
}

static guint32 read32(const guint8 *data)
{
    return (guint32)read16(data) << 16 | read16(data + 2);
}

/* The UDP payload of an IP packet. */
static gboolean find_udp_payload(const guint8 *ip, gsize length, const guint8 **ret_data, gsize *ret_length)
{
    gsize header, udp_length;

    if (length >= 20 && ip[0] >> 4 == 4) {
        header = (gsize)(ip[0] & 15) * 4;
        if (header < 20 || ip[9] != IP_UDP || read16(ip + 6) & 0x3fff) /* more fragments, or not the first */
            return FALSE;
    } else if (length >= 40 && ip[0] >> 4 == 6) {
        header = 40;
        if (ip[6] != IP_UDP)
            return FALSE;
    } else {
        return FALSE;
    }
    if (length < header + UDP_HEADER)
        return FALSE;
    udp_length = read16(ip + header + 4);
    if (udp_length < UDP_HEADER || udp_length > length - header)
        return FALSE;
    *ret_data = ip + header + UDP_HEADER;
    *ret_length = udp_length - UDP_HEADER;
    return TRUE;
}

/* TURN's Send and Data indications carry the datagram in the attribute DATA (RFC 8656 section 11). */
static gboolean find_stun_data(const guint8 *stun, gsize length, const guint8 **ret_data, gsize *ret_length)
{
    enum { HEADER = 20, SEND_INDICATION = 0x0016, DATA_INDICATION = 0x0017, DATA = 0x0013 };
    gsize at = HEADER;

    if (length < HEADER || (read16(stun) != SEND_INDICATION && read16(stun) != DATA_INDICATION))
        return FALSE;
    while (at + 4 <= length) {
        gsize attribute_length = read16(stun + at + 2);

        if (attribute_length > length - at - 4)
            return FALSE;
        if (read16(stun + at) == DATA) {
            *ret_data = stun + at + 4;
            *ret_length = attribute_length;
            return TRUE;
        }
        at += 4 + ((attribute_length + 3) & ~(gsize)3);
    }
    return FALSE;
}

/* Take off what TURN put around the datagram. */
static void unwrap_turn(const guint8 **data, gsize *length)
{
    const guint8 *bytes = *data;

    if (*length >= 4 && bytes[0] >= 64 && bytes[0] <= 79) { /* ChannelData, RFC 8656 section 12.4 */
        gsize inner = read16(bytes + 2);

        if (inner <= *length - 4) {
            *data = bytes + 4;
            *length = inner;
        }
    } else if (*length && bytes[0] == 0) {
        find_stun_data(bytes, *length, data, length);
    }
}

gboolean vcb_rtp_header_read(const guint8 *ip, gsize length, VcbRtpHeader *ret_header)
{
    const guint8 *rtp;
    gsize left, header;

    if (!find_udp_payload(ip, length, &rtp, &left))
        return FALSE;
    unwrap_turn(&rtp, &left);
    if (left < 12 || rtp[0] < 128 || rtp[0] > 191)
        return FALSE;
    if ((rtp[1] & 127) >= 64 && (rtp[1] & 127) <= 95) /* RTCP's packet types 192 to 223 */
        return FALSE;
    header = 12 + (gsize)(rtp[0] & 15) * 4;
    if (rtp[0] & 16) {
        if (left < header + 4)
            return FALSE;
        header += 4 + (gsize)read16(rtp + header + 2) * 4;
    }
    if (left < header)
        return FALSE;
    *ret_header = (VcbRtpHeader){read32(rtp + 8), rtp[1] & 127, left - header};
    return TRUE;
}

/* Number of the flow from 1; 0 where there is no room for another one. */
static guint find_flow(VcbRtpFlows *flows, guint32 ssrc)
{
    guint slot = (ssrc * 2654435761u) >> 24; /* Fibonacci hashing; the upper 8 bits */

    G_STATIC_ASSERT(N_SLOTS == 256);
    for (;; slot = (slot + 1) % N_SLOTS) {
        guint number = flows->slots[slot];

        if (number && flows->flows[number - 1].ssrc == ssrc)
            return number;
        if (number)
            continue;
        if (flows->n == VCB_RTP_FLOWS_MAX)
            return 0;
        flows->slots[slot] = (guint8)++flows->n;
        flows->flows[flows->n - 1].ssrc = ssrc;
        return flows->n;
    }
}

/* packet->flow: number of the flow in the low byte, payload bytes above. */
void vcb_rtp_flows_came(VcbRtpFlows **flows, VcbPacket *packet)
{
    VcbRtpHeader header;
    VcbRtpFlow *flow;
    guint number;

    packet->flow = 0;
    if (!vcb_rtp_header_read(packet->data, packet->length, &header))
        return;
    if (!*flows)
        *flows = g_new0(VcbRtpFlows, 1);
    number = find_flow(*flows, header.ssrc);
    if (!number)
        return;
    flow = &(*flows)->flows[number - 1];
    if (!flow->sent++)
        flow->first_ns = packet->came_ns;
    flow->last_ns = packet->came_ns;
    flow->payload_type = header.payload_type;
    packet->flow = number | (guint64)header.payload_bytes << 8;
}

void vcb_rtp_flows_fate(VcbRtpFlows *flows, const VcbPacket *packet, VcbFate fate)
{
    VcbRtpFlow *flow;

    if (!packet->flow)
        return;
    flow = &flows->flows[(packet->flow & 255) - 1];
    flow->duplicated += packet->is_copy != 0;
    if (fate == VCB_FATE_DELIVERED) {
        flow->delivered++;
        flow->payload_bytes += packet->flow >> 8;
    } else {
        flow->dropped++;
    }
}

void vcb_rtp_flows_free(VcbRtpFlows *flows)
{
    g_free(flows);
}

guint vcb_rtp_flows_count(const VcbRtpFlows *flows)
{
    return flows ? flows->n : 0;
}

const VcbRtpFlow *vcb_rtp_flows_get(const VcbRtpFlows *flows, guint i)
{
    return &flows->flows[i];
}

cJSON *vcb_rtp_flows_json(const VcbRtpFlows *flows)
{
    cJSON *array;

    if (!vcb_rtp_flows_count(flows))
        return NULL;
    array = cJSON_CreateArray();
    for (guint i = 0; i < flows->n; i++) {
        const VcbRtpFlow *flow = &flows->flows[i];
        cJSON *item = cJSON_CreateObject();

        vcb_json_add_int(item, "ssrc", flow->ssrc);
        vcb_json_add_int(item, "payload_type", flow->payload_type);
        vcb_json_add_int(item, "sent", (gint64)flow->sent);
        vcb_json_add_int(item, "duplicated", (gint64)flow->duplicated);
        vcb_json_add_int(item, "dropped", (gint64)flow->dropped);
        vcb_json_add_int(item, "delivered", (gint64)flow->delivered);
        vcb_json_add_int(item, "payload_bytes", (gint64)flow->payload_bytes);
        vcb_json_add_int(item, "first_us", flow->first_ns / 1000);
        vcb_json_add_int(item, "last_us", flow->last_ns / 1000);
        cJSON_AddItemToArray(array, item);
    }
    return array;
}
