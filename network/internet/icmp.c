#include "network/internet/icmp.h"

#include <string.h>

#define V4_HEADER 20
#define V6_HEADER 40
#define ICMP_HEADER 8
#define V4_MAX 576  /* RFC 1812 section 4.3.2.3 */
#define V6_MAX 1280 /* RFC 4443 section 2.4 (c) */
#define HOPS 64

static gboolean is_from_nobody(const VcbIp *ip)
{
    static const guint8 ZEROS[16];

    return memcmp(ip->source, ZEROS, ip->is_v6 ? 16 : 4) == 0 || (ip->is_v6 && ip->source[0] == 0xff) ||
           (!ip->is_v6 && (ip->source[0] >= 0xe0 || ip->source[0] == 127));
}

static VcbPacket *begin(const VcbPacket *about, guint header_length, guint max)
{
    VcbPacket *packet = vcb_packet_new();
    guint quoted = MIN(about->length, max - header_length - ICMP_HEADER);

    packet->came_ns = about->came_ns;
    packet->due_ns = about->due_ns;
    packet->skips_links = about->skips_links;
    packet->length = (guint16)(header_length + ICMP_HEADER + quoted);
    memset(packet->data, 0, header_length + ICMP_HEADER);
    memcpy(packet->data + header_length + ICMP_HEADER, about->data, quoted);
    return packet;
}

static VcbPacket *make_v4(const VcbPacket *about, const VcbIp *ip, VcbIcmpError error, guint mtu,
                          const guint8 *source)
{
    static const guint8 TYPES[][2] = {
        [VCB_ICMP_TTL] = {11, 0}, [VCB_ICMP_TOO_BIG] = {3, 4}, [VCB_ICMP_NO_ROUTE] = {3, 0}};
    VcbPacket *packet = begin(about, V4_HEADER, V4_MAX);
    guint8 *header = packet->data, *message = header + V4_HEADER;

    header[0] = 0x45;
    header[1] = 0xc0; /* precedence "internetwork control", RFC 1812 section 4.3.2.5 */
    vcb_ip_write16(header + 2, packet->length);
    header[6] = 0x40; /* never cut, so the identification may be 0 (RFC 6864) */
    header[8] = HOPS;
    header[9] = VCB_IP_ICMP;
    memcpy(header + 12, source, 4);
    memcpy(header + 16, ip->source, 4);
    vcb_ip_write16(header + 10, vcb_ip_finish_sum(vcb_ip_sum(header, V4_HEADER, 0)));
    message[0] = TYPES[error][0];
    message[1] = TYPES[error][1];
    if (error == VCB_ICMP_TOO_BIG)
        vcb_ip_write16(message + 6, (guint16)mtu); /* RFC 1191 section 4 */
    vcb_ip_write16(message + 2, vcb_ip_finish_sum(vcb_ip_sum(message, packet->length - V4_HEADER, 0)));
    return packet;
}

static VcbPacket *make_v6(const VcbPacket *about, const VcbIp *ip, VcbIcmpError error, guint mtu,
                          const guint8 *source)
{
    static const guint8 TYPES[][2] = {
        [VCB_ICMP_TTL] = {3, 0}, [VCB_ICMP_TOO_BIG] = {2, 0}, [VCB_ICMP_NO_ROUTE] = {1, 0}};
    VcbPacket *packet = begin(about, V6_HEADER, V6_MAX);
    guint8 *header = packet->data, *message = header + V6_HEADER;
    guint length = packet->length - V6_HEADER;
    VcbIp made = {.is_v6 = TRUE, .protocol = VCB_IP_ICMPV6};

    memcpy(made.source, source, 16);
    memcpy(made.destination, ip->source, 16);
    header[0] = 0x60;
    vcb_ip_write16(header + 4, (guint16)length);
    header[6] = VCB_IP_ICMPV6;
    header[7] = HOPS;
    memcpy(header + 8, made.source, 16);
    memcpy(header + 24, made.destination, 16);
    message[0] = TYPES[error][0];
    message[1] = TYPES[error][1];
    if (error == VCB_ICMP_TOO_BIG)
        vcb_ip_write16(message + 6, (guint16)mtu); /* the low half of 32 bits */
    vcb_ip_write16(message + 2,
                   vcb_ip_finish_sum(vcb_ip_sum(message, length, vcb_ip_pseudo_sum(&made, length))));
    return packet;
}

VcbPacket *vcb_icmp_error_new(const VcbPacket *packet, const VcbIp *ip, VcbIcmpError error, guint mtu,
                              const guint8 *source)
{
    if (ip->is_icmp_error || ip->is_later || is_from_nobody(ip))
        return NULL;
    return ip->is_v6 ? make_v6(packet, ip, error, mtu, source) : make_v4(packet, ip, error, mtu, source);
}
