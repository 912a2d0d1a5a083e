#include "network/internet/fixture.h"

#include <string.h>

/* Bytes as a packet; its IPv4 header checksum is made right. */
static VcbPacket *from_bytes(const guint8 *bytes, gsize length)
{
    VcbPacket *packet = vcb_packet_new();

    memcpy(packet->data, bytes, length);
    packet->length = (guint16)length;
    return packet;
}

static gboolean parses(VcbPacket *packet, VcbIp *ip)
{
    gboolean good = vcb_ip_parse(packet, ip);

    vcb_packet_free(packet);
    return good;
}

static void reads_udp_tcp_and_echo_of_both_families(void)
{
    VcbIp ip;

    CU_ASSERT_TRUE(parses(lab_udp("1.2.3.4", 10, "5.6.7.8", 20, 3, 0), &ip));
    CU_ASSERT_TRUE(!ip.is_v6 && ip.protocol == VCB_IP_UDP && ip.has_ports && ip.ttl == 64);
    CU_ASSERT_TRUE(ip.source_port == 10 && ip.destination_port == 20 && ip.transport == 20 &&
                   ip.transport_end == 31);
    CU_ASSERT_EQUAL(memcmp(ip.destination, "\5\6\7\10\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
    CU_ASSERT_TRUE(parses(lab_tcp("2001:db8::1", 10, "2001:db8::2", 20), &ip));
    CU_ASSERT_TRUE(ip.is_v6 && ip.protocol == VCB_IP_TCP && ip.source_port == 10 && ip.transport == 40);
    CU_ASSERT_EQUAL(ip.destination[15], 2);
    CU_ASSERT_TRUE(parses(lab_echo("2001:db8::1", "2001:db8::2", 128, 9), &ip));
    CU_ASSERT_TRUE(ip.has_ports && ip.source_port == 9 && ip.destination_port == 9 && !ip.is_icmp_error);
    CU_ASSERT_TRUE(parses(lab_echo("1.2.3.4", "5.6.7.8", 3, 9), &ip));
    CU_ASSERT_TRUE(ip.is_icmp_error && !ip.has_ports && ip.quoted == 28);
}

static void steps_over_extension_headers(void)
{
    /* hop-by-hop (8), routing (8), destination options (16), fragment (8), UDP */
    static const guint8 EXTENSIONS[] = {43, 0, 5, 2,  0, 0, 1, 0, 60, 0, 0, 0, 0, 0, 0, 0,
                                        44, 1, 1, 12, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0,
                                        17, 0, 0, 1,  0, 0, 0, 7, 0,  1, 0, 2, 0, 8, 0, 0};
    guint8 bytes[40 + sizeof EXTENSIONS] = {0x60, [5] = sizeof EXTENSIONS, [6] = 0, [7] = 9};
    VcbIp ip;

    memcpy(bytes + 40, EXTENSIONS, sizeof EXTENSIONS);
    CU_ASSERT_TRUE(parses(from_bytes(bytes, sizeof bytes), &ip));
    CU_ASSERT_EQUAL(ip.transport, 80);
    CU_ASSERT_TRUE(ip.protocol == VCB_IP_UDP && ip.source_port == 1 && ip.destination_port == 2);
    CU_ASSERT_TRUE(ip.is_fragment && !ip.is_later && ip.fragment_id == 7);
    bytes[40 + 35] = 8; /* the offset: not the first any more */
    CU_ASSERT_TRUE(parses(from_bytes(bytes, sizeof bytes), &ip));
    CU_ASSERT_TRUE(ip.is_later && !ip.has_ports && ip.protocol == VCB_IP_UDP);
    bytes[41] = 200; /* a header longer than the packet */
    CU_ASSERT_FALSE(parses(from_bytes(bytes, sizeof bytes), &ip));
}

static void refuses_what_no_router_could_forward(void)
{
    VcbPacket *good = lab_tcp("1.2.3.4", 10, "5.6.7.8", 20), *packet;
    VcbIp ip;

    for (guint16 length = 0; length < good->length; length++) { /* cut anywhere */
        packet = vcb_packet_copy(good);
        packet->length = length;
        CU_ASSERT_FALSE(parses(packet, &ip));
    }
    packet = vcb_packet_copy(good);
    packet->data[0] = 0x44; /* a header of 16 bytes */
    CU_ASSERT_FALSE(parses(packet, &ip));
    packet = vcb_packet_copy(good);
    packet->data[0] = 0x55;
    CU_ASSERT_FALSE(parses(packet, &ip));
    packet = vcb_packet_copy(good);
    packet->data[9] ^= 1; /* its checksum says so */
    CU_ASSERT_FALSE(parses(packet, &ip));
    vcb_packet_free(good);
}

static void cuts_off_what_follows_the_packet(void)
{
    VcbPacket *packet = lab_udp("1.2.3.4", 10, "5.6.7.8", 20, 3, 0);
    VcbIp ip;

    packet->length += 9;
    CU_ASSERT_TRUE(vcb_ip_parse(packet, &ip));
    CU_ASSERT_EQUAL(packet->length, 31);
    vcb_packet_free(packet);
}

static void every_hop_keeps_the_header_checksum_right(void)
{
    VcbPacket *packet = lab_udp("1.2.3.4", 10, "5.6.7.8", 20, 3, 0);
    VcbIp ip;

    packet->data[8] = 255;
    lab_seal(packet);
    CU_ASSERT_TRUE(vcb_ip_parse(packet, &ip));
    for (int ttl = 254; ttl >= 0; ttl--) {
        vcb_ip_decrement_ttl(packet, &ip);
        CU_ASSERT_TRUE(ip.ttl == ttl && packet->data[8] == ttl && lab_is_sealed(packet));
    }
    vcb_packet_free(packet);
}

/* Cut at any size, then cut again, the parts put in their places give the packet back. */
static void fragments_make_the_packet_again(void)
{
    for (guint mtu = 28; mtu < 1600; mtu += 13) {
        VcbPacket *whole = lab_udp("1.2.3.4", 10, "5.6.7.8", 20, 1500, 77);
        VcbPacket *original = vcb_packet_copy(whole), *part = vcb_ip_fragment(whole, 1400), *next;
        guint8 payload[1508] = {0};
        guint total = 0, n = 0;

        for (; part; part = next) {
            VcbPacket *again = part->length > mtu ? NULL : part, *after;

            next = part->next;
            for (VcbPacket *piece = again ? again : vcb_ip_fragment(part, mtu); piece; piece = after) {
                guint offset = (vcb_ip_read16(piece->data + 6) & 0x1fff) * 8u;
                VcbIp ip;

                after = again ? NULL : piece->next;
                CU_ASSERT_TRUE(vcb_ip_parse(piece, &ip) && piece->length <= MAX(mtu, 28));
                CU_ASSERT_TRUE_FATAL(offset + piece->length - 20 <= sizeof payload);
                memcpy(payload + offset, piece->data + 20, piece->length - 20u);
                total += piece->length - 20u;
                n += !(vcb_ip_read16(piece->data + 6) & 0x2000);
                vcb_packet_free(piece);
            }
        }
        CU_ASSERT_EQUAL(n, 1); /* one says that it is the last */
        CU_ASSERT_EQUAL(total, 1508);
        CU_ASSERT_EQUAL(memcmp(payload, original->data + 20, 1508), 0);
        vcb_packet_free(original);
    }
}

static void only_the_first_fragment_keeps_all_options(void)
{
    VcbPacket *packet = lab_udp("1.2.3.4", 10, "5.6.7.8", 20, 100, 1), *parts;
    static const guint8 OPTIONS[] = {7, 3, 4, 0x94,
                                     4, 0, 0, 0}; /* record route: not copied; router alert: copied */

    memmove(packet->data + 28, packet->data + 20, 108);
    memcpy(packet->data + 20, OPTIONS, 8);
    packet->data[0] = 0x47;
    packet->length = 136;
    vcb_ip_write16(packet->data + 2, 136);
    parts = vcb_ip_fragment(packet, 100);
    CU_ASSERT_PTR_NOT_NULL_FATAL(parts);
    CU_ASSERT_EQUAL(memcmp(parts->data + 20, OPTIONS, 8), 0);
    CU_ASSERT_EQUAL(memcmp(parts->next->data + 20, "\1\1\1\x94\4\0\0\0", 8), 0);
    CU_ASSERT_PTR_NULL(parts->next->next);
    vcb_packet_free(parts->next);
    vcb_packet_free(parts);
}

static void what_may_not_be_cut_is_not(void)
{
    VcbPacket *v6 = lab_udp("2001:db8::1", 10, "2001:db8::2", 20, 2000, 0);
    VcbPacket *v4 = lab_udp("1.2.3.4", 10, "5.6.7.8", 20, 2000, 0);

    CU_ASSERT_PTR_NULL(vcb_ip_fragment(v6, 1300));
    CU_ASSERT_PTR_NULL(vcb_ip_fragment(v4, 27)); /* not even 8 bytes have room */
    v4->data[6] |= 0x40;
    CU_ASSERT_PTR_NULL(vcb_ip_fragment(v4, 1300));
    v4->data[6] = 0x1f;
    v4->data[7] = 0xf0;
    CU_ASSERT_PTR_NULL(vcb_ip_fragment(v4, 1300)); /* it would end behind the longest packet */
    vcb_packet_free(v6);
    vcb_packet_free(v4);
}

/* RFC 768: no checksum stays none, and one that comes out as 0 is sent as all ones. */
static void udp_checksums_of_zero_are_kept_apart(void)
{
    VcbPacket *packet = lab_udp("1.2.3.4", 10, "5.6.7.8", 20, 2, 0);
    guint16 want;
    VcbIp ip;

    /* The source port for which the sum is zero: the present port plus the checksum (RFC 1071's arithmetic). */
    CU_ASSERT_TRUE(vcb_ip_parse(packet, &ip));
    want = (guint16)~vcb_ip_finish_sum(10u + vcb_ip_read16(packet->data + 26));
    vcb_ip_set_source(packet, &ip, (const guint8 *)"\1\2\3\4", want);
    CU_ASSERT_EQUAL(vcb_ip_read16(packet->data + 26), 0xffff);
    CU_ASSERT_TRUE(lab_is_sealed(packet));
    vcb_packet_free(packet);
}

VCB_TEST_MAIN("ip", {"reads UDP, TCP and echo of both families", reads_udp_tcp_and_echo_of_both_families},
              {"steps over extension headers", steps_over_extension_headers},
              {"refuses what no router could forward", refuses_what_no_router_could_forward},
              {"cuts off what follows the packet", cuts_off_what_follows_the_packet},
              {"every hop keeps the header checksum right", every_hop_keeps_the_header_checksum_right},
              {"fragments make the packet again", fragments_make_the_packet_again},
              {"only the first fragment keeps all options", only_the_first_fragment_keeps_all_options},
              {"what may not be cut is not", what_may_not_be_cut_is_not},
              {"UDP checksums of zero are kept apart", udp_checksums_of_zero_are_kept_apart})
