#include "network/emulator/flows.h"

#include "common/random.h"
#include "common/test.h"

#include <string.h>

/* An IP packet around a UDP payload; addresses and checksums are left zero, as nobody looks at them here. */
static gsize wrap(guint8 *out, int version, const guint8 *payload, gsize n)
{
    gsize header = version == 4 ? 20 : 40;

    memset(out, 0, header + 8);
    out[0] = version == 4 ? 0x45 : 0x60;
    out[version == 4 ? 9 : 6] = 17;
    out[header + 4] = (guint8)((n + 8) >> 8);
    out[header + 5] = (guint8)(n + 8);
    memcpy(out + header + 8, payload, n);
    return header + 8 + n;
}

static gsize make_rtp(guint8 *out, guint8 first, guint8 second, guint32 ssrc, gsize payload)
{
    const guint8 header[12] = {first,
                               second,
                               0,
                               1,
                               0,
                               0,
                               0,
                               9,
                               (guint8)(ssrc >> 24),
                               (guint8)(ssrc >> 16),
                               (guint8)(ssrc >> 8),
                               (guint8)ssrc};

    memcpy(out, header, 12);
    memset(out + 12, 0xab, payload);
    return 12 + payload;
}

static gboolean reads(const guint8 *payload, gsize n, VcbRtpHeader *ret_header)
{
    guint8 ip[2048];

    return vcb_rtp_header_read(ip, wrap(ip, 4, payload, n), ret_header);
}

static void rtp_is_told_from_what_shares_its_port(void)
{
    guint8 data[1200];
    VcbRtpHeader header;

    for (guint first = 0; first < 256; first++) {
        gsize n = make_rtp(data, (guint8)(first & 0xe0 ? first & ~0x1fu : first), 96, 1, 500);

        data[0] = (guint8)(first & ~0x1fu); /* no extension, no CSRCs */
        CU_ASSERT_EQUAL(reads(data, n, &header), data[0] >= 128 && data[0] <= 191);
    }
    for (guint second = 0; second < 256; second++) { /* RFC 5761 section 4 */
        gsize n = make_rtp(data, 0x80, (guint8)second, 1, 500);
        gboolean is_rtcp = (second & 127) >= 64 && (second & 127) <= 95;

        CU_ASSERT_EQUAL(reads(data, n, &header), !is_rtcp);
    }
}

static void payload_bytes_begin_behind_csrcs_and_extension(void)
{
    guint8 data[1200];
    VcbRtpHeader header = {0};

    CU_ASSERT_TRUE(reads(data, make_rtp(data, 0x80, 111 | 0x80, 0xdeadbeef, 100), &header));
    CU_ASSERT_EQUAL(header.ssrc, 0xdeadbeef);
    CU_ASSERT_EQUAL(header.payload_type, 111);
    CU_ASSERT_EQUAL(header.payload_bytes, 100);
    CU_ASSERT_TRUE(reads(data, make_rtp(data, 0x82, 111, 1, 100), &header)); /* two CSRCs */
    CU_ASSERT_EQUAL(header.payload_bytes, 92);
    make_rtp(data, 0x90, 111, 1, 100);
    data[12 + 2] = 0; /* an extension of 3 words */
    data[12 + 3] = 3;
    CU_ASSERT_TRUE(reads(data, 112, &header));
    CU_ASSERT_EQUAL(header.payload_bytes, 84);
    data[12 + 2] = 1; /* one that is longer than the packet */
    CU_ASSERT_FALSE(reads(data, 112, &header));
    CU_ASSERT_FALSE(reads(data, 11, &header));
}

static void ipv6_is_read_and_fragments_are_not(void)
{
    guint8 data[600], ip[2048];
    gsize n = make_rtp(data, 0x80, 96, 7, 500), length = wrap(ip, 6, data, n);
    VcbRtpHeader header;

    CU_ASSERT_TRUE(vcb_rtp_header_read(ip, length, &header));
    CU_ASSERT_EQUAL(header.payload_bytes, 500);
    ip[6] = 44; /* a fragment header */
    CU_ASSERT_FALSE(vcb_rtp_header_read(ip, length, &header));
    length = wrap(ip, 4, data, n);
    ip[6] = 0x20; /* more fragments */
    CU_ASSERT_FALSE(vcb_rtp_header_read(ip, length, &header));
    ip[6] = 0x40; /* don't fragment */
    CU_ASSERT_TRUE(vcb_rtp_header_read(ip, length, &header));
    ip[9] = 6;
    CU_ASSERT_FALSE(vcb_rtp_header_read(ip, length, &header));
}

static void rtp_inside_of_turn_is_found(void)
{
    guint8 data[700];
    const guint8 channel[4] = {0x40, 0x01, 512 >> 8, 512 & 255};
    const guint8 indication[32] = {0, 0x16, 2, 16, 0x21, 0x12, 0xa4, 0x42, 1, 1, 1, 1, 1, 1,    1, 1,
                                   1, 1,    1, 1,  0x00, 0x22, 0,    1,    9, 0, 0, 0, 0, 0x13, 2, 0};
    VcbRtpHeader header = {0};
    gsize n;

    memcpy(data, channel, 4);
    n = 4 + make_rtp(data + 4, 0x80, 96, 5, 500);
    CU_ASSERT_TRUE(reads(data, n, &header));
    CU_ASSERT_EQUAL(header.payload_bytes, 500);
    memcpy(data, indication, 32); /* an attribute of one byte with its padding before DATA */
    n = 32 + make_rtp(data + 32, 0x80, 96, 6, 500);
    header = (VcbRtpHeader){0};
    CU_ASSERT_TRUE(reads(data, n, &header));
    CU_ASSERT_EQUAL(header.ssrc, 6);
    CU_ASSERT_EQUAL(header.payload_bytes, 500);
    data[1] = 1; /* a Binding request is no RTP, whatever it carries */
    CU_ASSERT_FALSE(reads(data, n, &header));
}

static VcbPacket *new_packet(guint32 ssrc, gsize payload, gint64 came_ns)
{
    VcbPacket *packet = g_new0(VcbPacket, 1);
    guint8 data[1400];

    packet->length = (guint16)wrap(packet->data, 4, data, make_rtp(data, 0x80, 96, ssrc, payload));
    packet->came_ns = came_ns;
    return packet;
}

static void a_flow_counts_what_became_of_its_packets(void)
{
    VcbRtpFlows *flows = NULL;
    const VcbRtpFlow *flow;
    VcbPacket *packet;

    for (guint i = 0; i < 10; i++) {
        packet = new_packet(42, 100 + i, 5000 + i);
        vcb_rtp_flows_came(&flows, packet);
        packet->data[40] ^= 0xff; /* corrupted in the SSRC: it stays this flow's */
        vcb_rtp_flows_fate(flows, packet, i < 3 ? VCB_FATE_LOSS : VCB_FATE_DELIVERED);
        if (i == 9) {
            packet->is_copy = TRUE;
            vcb_rtp_flows_fate(flows, packet, VCB_FATE_DELIVERED);
        }
        g_free(packet);
    }
    CU_ASSERT_EQUAL_FATAL(vcb_rtp_flows_count(flows), 1);
    flow = vcb_rtp_flows_get(flows, 0);
    CU_ASSERT_EQUAL(flow->sent, 10);
    CU_ASSERT_EQUAL(flow->duplicated, 1);
    CU_ASSERT_EQUAL(flow->dropped, 3);
    CU_ASSERT_EQUAL(flow->delivered, 8);
    CU_ASSERT_EQUAL(flow->payload_bytes, 103 + 104 + 105 + 106 + 107 + 108 + 109 + 109);
    CU_ASSERT_EQUAL(flow->first_ns, 5000);
    CU_ASSERT_EQUAL(flow->last_ns, 5009);
    vcb_rtp_flows_free(flows);
}

static void flows_beyond_the_bound_are_left_alone(void)
{
    VcbRtpFlows *flows = NULL;

    for (guint round = 0; round < 2; round++) {
        for (guint i = 0; i < 100; i++) {
            VcbPacket *packet = new_packet(i * 0x01000193u, 10, 0);

            vcb_rtp_flows_came(&flows, packet);
            CU_ASSERT_EQUAL(packet->flow != 0, i < VCB_RTP_FLOWS_MAX);
            vcb_rtp_flows_fate(flows, packet, VCB_FATE_DELIVERED);
            g_free(packet);
        }
    }
    CU_ASSERT_EQUAL(vcb_rtp_flows_count(flows), VCB_RTP_FLOWS_MAX);
    for (guint i = 0; i < VCB_RTP_FLOWS_MAX; i++)
        CU_ASSERT_EQUAL(vcb_rtp_flows_get(flows, i)->delivered, 2);
    vcb_rtp_flows_free(flows);
}

static void packets_of_any_content_are_read_within_their_bounds(void)
{
    g_autoptr(GRand) random = vcb_random_stream(11, "flows");

    for (guint i = 0; i < 200000; i++) {
        gsize n = (gsize)g_rand_int_range(random, 0, 120);
        g_autofree guint8 *ip = g_malloc(n + 1), *exact;
        VcbRtpHeader header;

        for (gsize k = 0; k < n; k++)
            ip[k] = (guint8)g_rand_int(random);
        if (n > 30 && i % 4) { /* near enough to UDP to be looked into */
            ip[0] = 0x45;
            ip[6] = ip[7] = ip[24] = 0;
            ip[9] = 17;
            ip[25] = (guint8)(n - 20 - i % 3 / 2);
        }
        exact = g_memdup2(ip, n); /* its end is the allocation's, for the sanitizer */
        if (n && vcb_rtp_header_read(exact, n, &header))
            CU_ASSERT_TRUE(header.payload_bytes < n);
    }
}

VCB_TEST_MAIN("flows", {"RTP is told from what shares its port", rtp_is_told_from_what_shares_its_port},
              {"payload bytes begin behind CSRCs and extension",
               payload_bytes_begin_behind_csrcs_and_extension},
              {"IPv6 is read, and fragments are not", ipv6_is_read_and_fragments_are_not},
              {"RTP inside of TURN is found", rtp_inside_of_turn_is_found},
              {"a flow counts what became of its packets", a_flow_counts_what_became_of_its_packets},
              {"flows beyond the bound are left alone", flows_beyond_the_bound_are_left_alone},
              {"packets of any content are read within their bounds",
               packets_of_any_content_are_read_within_their_bounds})
