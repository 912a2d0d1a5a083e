/* Properties of the meter under random input: random bytes never bring it down, and whatever comes, in
 * whatever order, received and lost together are the range that was expected. The seed is printed;
 * VCBENCH_SEED sets it. */
#include "common/random.h"
#include "common/test.h"
#include "peers/rtp_meter.h"
#include "peers/rtp_packets.h"

#include <stdlib.h>

static guint64 seed_of_this_run(void)
{
    const char *text = g_getenv("VCBENCH_SEED");
    guint64 seed = text ? g_ascii_strtoull(text, NULL, 10) : 20260101;

    g_print("(VCBENCH_SEED=%" G_GUINT64_FORMAT ") ", seed);
    return seed;
}

static VcbRtpMeter *meter_new(void)
{
    VcbRtpMeter *meter = vcb_rtp_meter_new();

    for (int i = 0; i < 128; i++)
        vcb_rtp_meter_set_payload(meter, i, i % 2 ? "audio" : "video", "X", i % 3 ? 90000 : 0,
                                  i % 5 ? -1 : i - 1);
    return meter;
}

/* No bounds are known but what the sanitizers know, and the report's own consistency. */
static void check_report(const VcbRtpMeter *meter)
{
    g_autoptr(cJSON) report = cJSON_CreateArray();
    const cJSON *object;

    vcb_rtp_meter_report(meter, report);
    CU_ASSERT_TRUE(cJSON_GetArraySize(report) <= 64 * 3 + 128);
    cJSON_ArrayForEach (object, report) {
        if (!g_str_equal(vcb_json_string(object, "type", ""), "inbound-rtp"))
            continue;
        CU_ASSERT_TRUE(vcb_json_int(object, "packetsLost", -1) >= 0);
        CU_ASSERT_TRUE(vcb_json_int(object, "packetsReceived", -1) > 0);
        CU_ASSERT_TRUE(vcb_json_number(object, "jitter", -1) >= 0);
    }
}

static void random_bytes_never_bring_it_down(void)
{
    g_autoptr(GRand) random = vcb_random_stream(seed_of_this_run(), "rtp-meter/bytes");
    g_autoptr(VcbRtpMeter) meter = meter_new();

    for (int i = 0; i < 200000; i++) {
        gsize size = (gsize)g_rand_int_range(random, 0, 80);
        g_autofree guint8 *bytes = g_malloc(size); /* of its own, so that reading past its end is seen */
        VcbDirection direction = (VcbDirection)(i & 1);

        for (gsize j = 0; j < size; j++)
            bytes[j] = (guint8)g_rand_int(random);
        /* Most begin as the real ones do, so that what comes behind the first check is reached. */
        if (size && g_rand_int_range(random, 0, 4)) {
            bytes[0] = (guint8)(0x80 | (bytes[0] & 0x3f));
            if (size >= 4 && i % 3) {
                bytes[1] = (guint8)(200 + bytes[1] % 8);
                bytes[2] = 0;
                bytes[3] = (guint8)(bytes[3] % 20);
            }
        }
        if (size >= 12 && i % 2)
            memset(bytes + 4, i % 4, 7); /* few streams, so that reports find them */
        vcb_rtp_meter_rtp(meter, direction, bytes, size, i);
        vcb_rtp_meter_rtcp(meter, direction, bytes, size, i);
    }
    check_report(meter);
}

static void one_bit_flipped_in_real_packets_never_brings_it_down(void)
{
    g_autoptr(GRand) random = vcb_random_stream(seed_of_this_run(), "rtp-meter/flips");
    g_autoptr(VcbRtpMeter) meter = meter_new();

    for (int i = 0; i < 50000; i++) {
        VcbPacket packet = {.size = 0};
        g_autofree guint8 *copy = NULL;
        gsize size;

        if (i % 2) {
            packet = vcb_packet_rtp(96, (guint16)i, (guint32)i * 3000, 7, 20);
        } else {
            vcb_packet_sender_report(&packet, 7, (guint64)i << 16, 2);
            vcb_packet_report_block(&packet, 7, 0, 0, 0, (guint32)i - 2, 1);
            vcb_packet_report_block(&packet, 8, 0, 0, 0, 0, 0);
            vcb_packet_feedback(&packet, 206, 4, 0, 2, 7);
        }
        for (int flips = g_rand_int_range(random, 1, 4); flips; flips--)
            packet.bytes[g_rand_int_range(random, 0, (gint32)packet.size)] ^=
                (guint8)(1 << g_rand_int_range(random, 0, 8));
        size = packet.size - (gsize)g_rand_int_range(random, 0, 8);
        copy = g_memdup2(packet.bytes, size);
        if (i % 2)
            vcb_rtp_meter_rtp(meter, (VcbDirection)(i / 2 % 2), copy, size, i);
        else
            vcb_rtp_meter_rtcp(meter, (VcbDirection)(i / 2 % 2), copy, size, i);
    }
    check_report(meter);
}

/* Lose, duplicate and shift packets at random; the plain set of what came is the judge. */
static void received_and_lost_are_the_expected_range(void)
{
    g_autoptr(GRand) random = vcb_random_stream(seed_of_this_run(), "rtp-meter/loss");

    for (int round = 0; round < 300; round++) {
        g_autoptr(VcbRtpMeter) meter = meter_new();
        g_autoptr(GHashTable) came = g_hash_table_new(NULL, NULL);
        g_autoptr(cJSON) report = cJSON_CreateArray();
        int start = g_rand_int_range(random, 0, 65536), length = g_rand_int_range(random, 1, 2000);
        int lowest = G_MAXINT, highest = -1, last_received = 0, last_lost = 0;

        for (int i = 0; i < length; i++) {
            /* Up to 20 back or ahead, one in ten lost, one in ten twice. */
            int at = MAX(0, i + g_rand_int_range(random, -20, 21));
            int copies =
                g_rand_int_range(random, 0, 10) == 0 ? 0 : 1 + (g_rand_int_range(random, 0, 10) == 0);

            for (; copies; copies--) {
                VcbPacket packet =
                    vcb_packet_rtp(96, (guint16)(start + at), (guint32)at * 3000, 0xabcdef, 10);

                vcb_rtp_meter_rtp(meter, VCB_DIRECTION_IN, packet.bytes, packet.size, (gint64)i * 1000);
                g_hash_table_add(came, GINT_TO_POINTER(at));
                lowest = MIN(lowest, at);
                highest = MAX(highest, at);
            }
        }
        if (highest < 0)
            continue;
        vcb_rtp_meter_report(meter, report);
        last_received = (int)vcb_json_int(cJSON_GetArrayItem(report, 0), "packetsReceived", -1);
        last_lost = (int)vcb_json_int(cJSON_GetArrayItem(report, 0), "packetsLost", -1);
        CU_ASSERT_EQUAL(last_received, (int)g_hash_table_size(came));
        CU_ASSERT_EQUAL(last_received + last_lost, highest - lowest + 1);
        CU_ASSERT_TRUE(last_lost >= 0);
    }
}

VCB_TEST_MAIN("rtp_meter_random", {"random bytes never bring it down", random_bytes_never_bring_it_down},
              {"a bit flipped in real packets never brings it down",
               one_bit_flipped_in_real_packets_never_brings_it_down},
              {"received and lost are the expected range", received_and_lost_are_the_expected_range})
