#include "network/internet/ip.h"

#include <string.h>

#define V4_HEADER 20
#define V6_HEADER 40
#define EXTENSIONS_MAX 8 /* more headers than any host sends: a packet made to keep routers busy */

/* IPv6 extension headers, RFC 8200 section 4 and the IANA registry. */
enum {
    HOP_BY_HOP = 0,
    ROUTING = 43,
    FRAGMENT = 44,
    AUTHENTICATION = 51,
    DESTINATION_OPTIONS = 60,
    MOBILITY = 135,
};

guint32 vcb_ip_sum(const guint8 *data, gsize length, guint32 sum)
{
    gsize i;

    for (i = 0; i + 1 < length; i += 2)
        sum += vcb_ip_read16(data + i);
    if (i < length)
        sum += (guint32)data[i] << 8;
    return sum;
}

guint16 vcb_ip_finish_sum(guint32 sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (guint16)~sum;
}

guint32 vcb_ip_pseudo_sum(const VcbIp *ip, guint32 length)
{
    gsize size = ip->is_v6 ? 16 : 4;
    guint32 sum = vcb_ip_sum(ip->source, size, ip->protocol);

    return vcb_ip_sum(ip->destination, size, sum) + (length >> 16) + (length & 0xffff);
}

/* RFC 1624 equation 3: the checksum at `at` after one 16-bit word changed. */
static void adjust(guint8 *at, guint16 old_word, guint16 new_word)
{
    guint32 sum = (guint16)~vcb_ip_read16(at);

    sum += (guint16)~old_word + (guint32)new_word;
    vcb_ip_write16(at, vcb_ip_finish_sum(sum));
}

static void adjust_address(guint8 *at, const guint8 *old_address, const guint8 *new_address)
{
    adjust(at, vcb_ip_read16(old_address), vcb_ip_read16(new_address));
    adjust(at, vcb_ip_read16(old_address + 2), vcb_ip_read16(new_address + 2));
}

/* Ports, echo identifiers and the place of quoted packets. `is_quote`: the packet may be cut behind 8 bytes. */
static gboolean parse_transport(const guint8 *data, VcbIp *ip, gboolean is_quote)
{
    const guint8 *transport = data + ip->transport;
    guint length = (guint)(ip->transport_end - ip->transport);
    guint8 type;

    if (ip->is_later)
        return TRUE;
    switch (ip->protocol) {
    case VCB_IP_UDP:
    case VCB_IP_TCP:
        if (length < (ip->protocol == VCB_IP_TCP && !is_quote ? 20 : 8))
            return FALSE;
        ip->has_ports = TRUE;
        ip->source_port = vcb_ip_read16(transport);
        ip->destination_port = vcb_ip_read16(transport + 2);
        return TRUE;
    case VCB_IP_ICMP:
    case VCB_IP_ICMPV6:
        if (length < 8)
            return FALSE;
        /* ICMP of the other family means nothing. */
        if ((ip->protocol == VCB_IP_ICMPV6) != ip->is_v6)
            return TRUE;
        type = ip->icmp_type = transport[0];
        ip->icmp_code = transport[1];
        if (ip->is_v6 ? type == 128 || type == 129 : type == 8 || type == 0) {
            ip->has_ports = TRUE;
            ip->source_port = ip->destination_port = vcb_ip_read16(transport + 4);
        }
        /* Destination unreachable, time exceeded, parameter problem (v4: source quench, redirect, too), packet too big. */
        if (ip->is_v6 ? type >= 1 && type <= 127
                      : type == 3 || type == 4 || type == 5 || type == 11 || type == 12) {
            ip->is_icmp_error = TRUE;
            ip->quoted = (guint16)(ip->transport + 8);
        }
        return TRUE;
    default:
        return TRUE;
    }
}

static gboolean parse_v4(const guint8 *data, guint start, guint length, gboolean is_quote, VcbIp *ip)
{
    const guint8 *header = data + start;
    guint header_length, total, offset;

    if (length < V4_HEADER)
        return FALSE;
    header_length = (header[0] & 15) * 4u;
    total = vcb_ip_read16(header + 2);
    if (header_length < V4_HEADER || header_length > length || total < header_length)
        return FALSE;
    if (total > length) {
        if (!is_quote)
            return FALSE;
        total = length;
    }
    if (!is_quote && vcb_ip_finish_sum(vcb_ip_sum(header, header_length, 0)) != 0)
        return FALSE;
    ip->protocol = header[9];
    ip->ttl = header[8];
    memcpy(ip->source, header + 12, 4);
    memcpy(ip->destination, header + 16, 4);
    ip->transport = (guint16)(start + header_length);
    ip->transport_end = (guint16)(start + total);
    offset = vcb_ip_read16(header + 6);
    ip->is_fragment = (offset & 0x3fff) != 0;
    ip->is_later = (offset & 0x1fff) != 0;
    ip->fragment_id = vcb_ip_read16(header + 4);
    return parse_transport(data, ip, is_quote);
}

/* Walk the extension headers; FALSE where they are cut or too many. */
static gboolean skip_extensions(const guint8 *data, guint *at, guint end, VcbIp *ip)
{
    guint8 next = ip->protocol;

    for (int i = 0; i < EXTENSIONS_MAX; i++) {
        const guint8 *header = data + *at;
        guint size;

        switch (next) {
        case HOP_BY_HOP:
        case ROUTING:
        case DESTINATION_OPTIONS:
        case MOBILITY:
        case AUTHENTICATION:
        case FRAGMENT:
            break;
        default:
            ip->protocol = next;
            return TRUE;
        }
        if (end - *at < 8)
            return FALSE;
        size = next == FRAGMENT ? 8 : next == AUTHENTICATION ? (header[1] + 2u) * 4 : (header[1] + 1u) * 8;
        if (size > end - *at)
            return FALSE;
        if (next == FRAGMENT) {
            guint offset = vcb_ip_read16(header + 2);

            ip->is_fragment = (offset & 0xfff9) != 0; /* an atomic fragment (RFC 6946) is a whole packet */
            ip->is_later = (offset & 0xfff8) != 0;
            ip->fragment_id = (guint32)vcb_ip_read16(header + 4) << 16 | vcb_ip_read16(header + 6);
        }
        next = header[0];
        *at += size;
        if (ip->is_later) {
            /* What follows is the middle of something; only the name of its protocol is known. */
            ip->protocol = next;
            return TRUE;
        }
    }
    return FALSE;
}

static gboolean parse_v6(const guint8 *data, guint start, guint length, gboolean is_quote, VcbIp *ip)
{
    const guint8 *header = data + start;
    guint at = start + V6_HEADER, total;

    if (length < V6_HEADER)
        return FALSE;
    total = V6_HEADER + (guint)vcb_ip_read16(header + 4);
    if (total > length) {
        if (!is_quote)
            return FALSE;
        total = length;
    }
    ip->is_v6 = TRUE;
    ip->protocol = header[6];
    ip->ttl = header[7];
    memcpy(ip->source, header + 8, 16);
    memcpy(ip->destination, header + 24, 16);
    if (!skip_extensions(data, &at, start + total, ip))
        return FALSE;
    ip->transport = (guint16)at;
    ip->transport_end = (guint16)(start + total);
    return parse_transport(data, ip, is_quote);
}

static gboolean parse(const guint8 *data, guint start, guint length, gboolean is_quote, VcbIp *ip)
{
    *ip = (VcbIp){0};
    if (length < 1)
        return FALSE;
    switch (data[start] >> 4) {
    case 4:
        return parse_v4(data, start, length, is_quote, ip);
    case 6:
        return parse_v6(data, start, length, is_quote, ip);
    default:
        return FALSE;
    }
}

gboolean vcb_ip_parse(VcbPacket *packet, VcbIp *ret_ip)
{
    VcbIp ip;

    if (!parse(packet->data, 0, packet->length, FALSE, &ip))
        return FALSE;
    packet->length = ip.transport_end;
    *ret_ip = ip;
    return TRUE;
}

gboolean vcb_ip_parse_quoted(const VcbPacket *packet, const VcbIp *error, VcbIp *ret_quoted)
{
    VcbIp quoted;

    if (!error->is_icmp_error ||
        !parse(packet->data, error->quoted, (guint)(error->transport_end - error->quoted), TRUE, &quoted) ||
        quoted.is_v6 != error->is_v6)
        return FALSE;
    *ret_quoted = quoted;
    return TRUE;
}

void vcb_ip_decrement_ttl(VcbPacket *packet, VcbIp *ip)
{
    guint8 *header = packet->data;

    if (ip->is_v6) {
        header[7]--;
    } else {
        guint16 before = vcb_ip_read16(header + 8);

        header[8]--;
        adjust(header + 10, before, vcb_ip_read16(header + 8));
    }
    ip->ttl--;
}

/* Where the transport's checksum lies; NULL: it has none, or the packet ends before it. *ret_covers_address: the pseudo header is
 * part of it. */
static guint8 *transport_checksum(guint8 *data, const VcbIp *ip, gboolean *ret_covers_address)
{
    guint8 *transport = data + ip->transport;
    guint offset;

    *ret_covers_address = TRUE;
    if (ip->is_later)
        return NULL;
    switch (ip->protocol) {
    case VCB_IP_UDP:
        offset = 6;
        break;
    case VCB_IP_TCP:
        offset = 16;
        break;
    case VCB_IP_ICMP:
        offset = 2;
        *ret_covers_address = FALSE;
        break;
    default:
        return NULL;
    }
    if (ip->transport + offset + 2 > ip->transport_end)
        return NULL;
    /* UDP over IPv4 without checksum (RFC 768). */
    if (ip->protocol == VCB_IP_UDP && vcb_ip_read16(transport + offset) == 0)
        return NULL;
    return transport + offset;
}

/* Rewrite one end of an IPv4 packet whose header is at `header`. */
static void set_end(guint8 *data, guint header, VcbIp *ip, gboolean is_source, const guint8 *address,
                    guint16 port)
{
    guint8 *old_address = data + header + (is_source ? 12 : 16);
    guint8 *old_port = data + ip->transport + (ip->protocol == VCB_IP_ICMP ? 4 : is_source ? 0 : 2);
    gboolean covers_address;
    guint8 *checksum = transport_checksum(data, ip, &covers_address);

    if (checksum && covers_address)
        adjust_address(checksum, old_address, address);
    adjust_address(data + header + 10, old_address, address);
    memcpy(old_address, address, 4);
    memcpy(is_source ? ip->source : ip->destination, address, 4);
    if (ip->has_ports) {
        if (checksum)
            adjust(checksum, vcb_ip_read16(old_port), port);
        vcb_ip_write16(old_port, port);
        if (ip->protocol == VCB_IP_ICMP)
            ip->source_port = ip->destination_port = port;
        else if (is_source)
            ip->source_port = port;
        else
            ip->destination_port = port;
    }
    /* RFC 768: a UDP checksum that comes out as zero is sent as all ones. */
    if (checksum && ip->protocol == VCB_IP_UDP && vcb_ip_read16(checksum) == 0)
        vcb_ip_write16(checksum, 0xffff);
}

void vcb_ip_set_source(VcbPacket *packet, VcbIp *ip, const guint8 *address, guint16 port)
{
    set_end(packet->data, 0, ip, TRUE, address, port);
}

void vcb_ip_set_destination(VcbPacket *packet, VcbIp *ip, const guint8 *address, guint16 port)
{
    set_end(packet->data, 0, ip, FALSE, address, port);
}

/* Errors are rare: their checksum is computed anew. Whoever comes here has checked that it was right. */
static void set_quoted_end(VcbPacket *packet, const VcbIp *error, VcbIp *quoted, gboolean is_source,
                           const guint8 *address, guint16 port)
{
    guint8 *message = packet->data + error->transport;

    set_end(packet->data, error->quoted, quoted, is_source, address, port);
    vcb_ip_write16(message + 2, 0);
    vcb_ip_write16(message + 2, vcb_ip_finish_sum(vcb_ip_sum(
                                    message, (gsize)(error->transport_end - error->transport), 0)));
}

void vcb_ip_set_quoted_source(VcbPacket *packet, const VcbIp *error, VcbIp *quoted, const guint8 *address,
                              guint16 port)
{
    set_quoted_end(packet, error, quoted, TRUE, address, port);
}

void vcb_ip_set_quoted_destination(VcbPacket *packet, const VcbIp *error, VcbIp *quoted,
                                   const guint8 *address, guint16 port)
{
    set_quoted_end(packet, error, quoted, FALSE, address, port);
}

gboolean vcb_ip_icmp_is_intact(const VcbPacket *packet, const VcbIp *ip)
{
    return vcb_ip_finish_sum(
               vcb_ip_sum(packet->data + ip->transport, (gsize)(ip->transport_end - ip->transport), 0)) == 0;
}

gboolean vcb_ip_is_local_noise(const VcbIp *ip)
{
    const guint8 *to = ip->destination, *from = ip->source;

    if (ip->is_v6)
        return to[0] == 0xff || (to[0] == 0xfe && (to[1] & 0xc0) == 0x80) ||
               (from[0] == 0xfe && (from[1] & 0xc0) == 0x80);
    return (to[0] & 0xf0) == 0xe0 || (to[0] == 255 && to[1] == 255 && to[2] == 255 && to[3] == 255) ||
           (to[0] == 169 && to[1] == 254) || (from[0] == 169 && from[1] == 254);
}

/* The copy of options that goes into fragments but the first: those without the copied flag become no-ops. */
static void keep_copied_options(guint8 *options, guint length)
{
    guint i = 0;

    while (i < length) {
        guint8 type = options[i];
        guint size = 1;

        if (type == 0)
            break;
        if (type != 1) {
            if (i + 1 >= length || options[i + 1] < 2 || i + options[i + 1] > length) {
                memset(options + i, 0, length - i); /* broken: the end of the list */
                return;
            }
            size = options[i + 1];
        }
        if (!(type & 0x80))
            memset(options + i, 1, size);
        i += size;
    }
}

VcbPacket *vcb_ip_fragment(VcbPacket *packet, guint mtu)
{
    const guint8 *header = packet->data;
    guint header_length = (header[0] & 15) * 4u, flags, step, payload, at = 0;
    VcbPacket *first = NULL, **last = &first;

    if (header[0] >> 4 != 4)
        return NULL;
    flags = vcb_ip_read16(header + 6);
    if (flags & 0x4000 || mtu < header_length + 8)
        return NULL;
    step = (mtu - header_length) & ~7u;
    payload = packet->length - header_length;
    if ((flags & 0x1fff) + payload / 8 > 0x1fff)
        return NULL; /* a fragment that lies behind the end of the longest packet */
    while (at < payload) {
        guint size = MIN(step, payload - at);
        gboolean more = at + size < payload || flags & 0x2000;
        VcbPacket *fragment = vcb_packet_new();

        fragment->came_ns = packet->came_ns;
        fragment->due_ns = packet->due_ns;
        fragment->lag_ns = packet->lag_ns;
        fragment->is_copy = packet->is_copy;
        fragment->is_corrupted = packet->is_corrupted;
        fragment->skips_links = packet->skips_links;
        memcpy(fragment->data, header, header_length);
        memcpy(fragment->data + header_length, header + header_length + at, size);
        fragment->length = (guint16)(header_length + size);
        if (at > 0)
            keep_copied_options(fragment->data + V4_HEADER, header_length - V4_HEADER);
        vcb_ip_write16(fragment->data + 2, fragment->length);
        vcb_ip_write16(fragment->data + 6,
                       (guint16)(((flags & 0x1fff) + at / 8) | (more ? 0x2000 : 0) | (flags & 0x8000)));
        vcb_ip_write16(fragment->data + 10, 0);
        vcb_ip_write16(fragment->data + 10, vcb_ip_finish_sum(vcb_ip_sum(fragment->data, header_length, 0)));
        *last = fragment;
        last = &fragment->next;
        at += size;
    }
    vcb_packet_free(packet);
    return first;
}
