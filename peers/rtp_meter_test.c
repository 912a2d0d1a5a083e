#include "peers/rtp_meter.h"
#include "common/test.h"
#include "peers/rtp_packets.h"

#define VP8 96
#define RTX 97
#define OPUS 111
#define SSRC 0x11223344u

static VcbRtpMeter *meter_new(void)
{
    VcbRtpMeter *meter = vcb_rtp_meter_new();

    vcb_rtp_meter_set_payload(meter, VP8, "video", "VP8", 90000, -1);
    vcb_rtp_meter_set_payload(meter, RTX, "video", "rtx", 90000, VP8);
    vcb_rtp_meter_set_payload(meter, OPUS, "audio", "OPUS", 48000, -1);
    return meter;
}

static void take(VcbRtpMeter *meter, VcbDirection direction, const VcbPacket *packet, gint64 t_us)
{
    vcb_rtp_meter_rtp(meter, direction, packet->bytes, packet->size, t_us);
}

static void take_rtcp(VcbRtpMeter *meter, VcbDirection direction, const VcbPacket *packet, gint64 t_us)
{
    vcb_rtp_meter_rtcp(meter, direction, packet->bytes, packet->size, t_us);
}

/* Sequence numbers as they come, each 1 ms after the other, each a frame of its own. */
static void receive(VcbRtpMeter *meter, const int *sequences, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        VcbPacket packet = vcb_packet_rtp(VP8, (guint16)sequences[i], (guint32)sequences[i] * 90, SSRC, 10);

        take(meter, VCB_DIRECTION_IN, &packet, (gint64)i * 1000);
    }
}

static cJSON *report_of(const VcbRtpMeter *meter)
{
    cJSON *report = cJSON_CreateArray();

    vcb_rtp_meter_report(meter, report);
    return report;
}

/* The object of this type about this SSRC; NULL where there is none. */
static const cJSON *object_of(const cJSON *report, const char *type, guint32 ssrc)
{
    const cJSON *object;

    cJSON_ArrayForEach (object, report)
        if (g_str_equal(vcb_json_string(object, "type", ""), type) &&
            vcb_json_int(object, "ssrc", -1) == ssrc)
            return object;
    return NULL;
}

static gint64 value_of(const VcbRtpMeter *meter, const char *type, guint32 ssrc, const char *key)
{
    g_autoptr(cJSON) report = report_of(meter);

    return vcb_json_int(object_of(report, type, ssrc), key, G_MININT64);
}

static gint64 inbound(const VcbRtpMeter *meter, const char *key)
{
    return value_of(meter, "inbound-rtp", SSRC, key);
}

static void losses_are_the_gaps_that_nothing_filled(void)
{
    static const struct {
        const char *what;
        int sequences[8];
        gsize n;
        int received, lost;
    } cases[] = {
        {"in order", {1, 2, 3, 4}, 4, 4, 0},
        {"one missing", {1, 2, 4, 5}, 4, 4, 1},
        {"across the wrap", {65534, 65535, 0, 1}, 4, 4, 0},
        {"lost at the wrap", {65534, 1, 2}, 3, 3, 2},
        {"reordered", {1, 3, 2, 4}, 4, 4, 0},
        {"reordered across the wrap", {65534, 0, 65535, 1}, 4, 4, 0},
        {"a duplicate hides no loss", {1, 2, 2, 4}, 4, 3, 1},
        {"a late duplicate", {1, 2, 3, 1, 4}, 5, 4, 0},
        {"the first one comes late", {6, 7, 5, 8}, 4, 4, 0},
        {"the first one comes late, across the wrap", {0, 65535, 1}, 3, 3, 0},
        {"too old to tell from a duplicate", {1, 3000, 2}, 3, 2, 2998},
        {"one alone", {40000}, 1, 1, 0},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VcbRtpMeter) meter = meter_new();

        receive(meter, cases[i].sequences, cases[i].n);
        if (inbound(meter, "packetsReceived") != cases[i].received ||
            inbound(meter, "packetsLost") != cases[i].lost)
            g_printerr("%s\n", cases[i].what);
        CU_ASSERT_EQUAL(inbound(meter, "packetsReceived"), cases[i].received);
        CU_ASSERT_EQUAL(inbound(meter, "packetsLost"), cases[i].lost);
    }
}

static void several_rounds_of_the_sequence_number_lose_nothing(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();

    for (int i = 0; i < 200000; i++) {
        VcbPacket packet = vcb_packet_rtp(VP8, (guint16)(30000 + i), (guint32)i * 3000, SSRC, 1);

        if (i % 1000 != 500)
            take(meter, VCB_DIRECTION_IN, &packet, (gint64)i * 100);
    }
    CU_ASSERT_EQUAL(inbound(meter, "packetsReceived"), 199800);
    CU_ASSERT_EQUAL(inbound(meter, "packetsLost"), 200);
}

static void bytes_are_split_into_headers_and_payload(void)
{
    static const struct {
        const char *what;
        int contributing, extension_words; /* -1: no extension */
        int padding;
    } cases[] = {
        {"plain", 0, -1, 0},
        {"contributing sources", 3, -1, 0},
        {"an empty extension", 0, 0, 0},
        {"an extension", 0, 2, 0},
        {"padding", 0, -1, 4},
        {"all of it", 15, 3, 8},
        {"nothing but padding", 0, -1, 100},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VcbRtpMeter) meter = meter_new();
        VcbPacket packet = vcb_packet_rtp(VP8, 1, 0, SSRC, 0);
        int payload = 100 - cases[i].padding;
        int header = 12 + 4 * cases[i].contributing +
                     (cases[i].extension_words < 0 ? 0 : 4 + 4 * cases[i].extension_words);

        packet.bytes[0] |= (guint8)cases[i].contributing;
        for (int j = 0; j < cases[i].contributing; j++)
            vcb_packet_put(&packet, 4, 7);
        if (cases[i].extension_words >= 0) {
            packet.bytes[0] |= 0x10;
            vcb_packet_put(&packet, 2, 0xbede);
            vcb_packet_put(&packet, 2, (guint32)cases[i].extension_words);
            for (int j = 0; j < cases[i].extension_words; j++)
                vcb_packet_put(&packet, 4, 9);
        }
        for (int j = 0; j < 100; j++)
            vcb_packet_put(&packet, 1, (guint32)cases[i].padding);
        if (cases[i].padding)
            packet.bytes[0] |= 0x20;
        take(meter, VCB_DIRECTION_IN, &packet, 0);
        take(meter, VCB_DIRECTION_OUT, &packet, 0);
        if (inbound(meter, "bytesReceived") != payload)
            g_printerr("%s\n", cases[i].what);
        /* W3C stats, bytesReceived: "not including headers and padding"; those two are headerBytesReceived.
         */
        CU_ASSERT_EQUAL(inbound(meter, "bytesReceived"), payload);
        CU_ASSERT_EQUAL(inbound(meter, "headerBytesReceived"), header + cases[i].padding);
        CU_ASSERT_EQUAL(value_of(meter, "outbound-rtp", SSRC, "bytesSent"), payload);
        CU_ASSERT_EQUAL(value_of(meter, "outbound-rtp", SSRC, "headerBytesSent"), header + cases[i].padding);
    }
}

/* RFC 3550 A.8 by hand: J += (|D| - J) / 16, at 90 kHz. Frames every 3000 units (33333 us). */
static void jitter_is_that_of_a_series_worked_by_hand(void)
{
    static const gint64 arrivals_us[] = {0, 33333, 76667, 100000, 133333};
    /* D: 90 units are a millisecond. 2999.97-3000=-0.03; 43334 us = 3900.06 -> 900.06; 23333 us = 2099.97 ->
     * -900.03; 33333 us -> -0.03. */
    double expected = 0;
    const double differences[] = {0.03, 900.06, 900.03, 0.03};
    g_autoptr(VcbRtpMeter) meter = meter_new();
    g_autoptr(cJSON) report = NULL;

    for (guint i = 0; i < G_N_ELEMENTS(arrivals_us); i++) {
        VcbPacket packet = vcb_packet_rtp(VP8, (guint16)(2 * i), 4294965000u + 3000 * i, SSRC, 10);

        take(meter, VCB_DIRECTION_IN, &packet, arrivals_us[i]);
        /* The frame's second packet, 5 ms on: it shares the time stamp and must not count. */
        packet = vcb_packet_rtp(VP8, (guint16)(2 * i + 1), 4294965000u + 3000 * i, SSRC, 10);
        take(meter, VCB_DIRECTION_IN, &packet, arrivals_us[i] + 5000);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(differences); i++)
        expected += (differences[i] - expected) / 16;
    report = report_of(meter);
    VCB_ASSERT_NEAR(vcb_json_number(object_of(report, "inbound-rtp", SSRC), "jitter", -1), expected / 90000,
                    1e-9);
    VCB_ASSERT_NEAR(expected, 102.18, 0.01); /* 1.135 ms */
}

static void a_retransmission_belongs_to_the_stream_that_it_repeats(void)
{
    for (int direction = 0; direction < 2; direction++) {
        g_autoptr(VcbRtpMeter) meter = meter_new();
        const char *type = direction == VCB_DIRECTION_IN ? "inbound-rtp" : "outbound-rtp";
        const char *key =
            direction == VCB_DIRECTION_IN ? "retransmittedPacketsReceived" : "retransmittedPacketsSent";
        VcbPacket video = vcb_packet_rtp(VP8, 1, 0, SSRC, 10), audio = vcb_packet_rtp(OPUS, 1, 0, 77, 10);

        take(meter, direction, &video, 0);
        take(meter, direction, &audio, 0);
        for (guint16 i = 0; i < 3; i++) {
            VcbPacket again = vcb_packet_rtp(RTX, i, 0, 0x99, 12);

            take(meter, direction, &again, i);
        }
        CU_ASSERT_EQUAL(value_of(meter, type, SSRC, key), 3);
        CU_ASSERT_EQUAL(value_of(meter, type, 77, key), 0);
        g_autoptr(cJSON) report = report_of(meter);
        CU_ASSERT_PTR_NULL(object_of(report, type, 0x99)); /* no stream of its own in the report */
        CU_ASSERT_EQUAL(cJSON_GetArraySize(report), 4);    /* two streams, two codecs */
    }
}

static void the_round_trip_comes_from_our_report_and_their_answer(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();
    VcbPacket video = vcb_packet_rtp(VP8, 1, 0, SSRC, 10), ours = {.size = 0}, theirs = {.size = 0},
              later = {.size = 0}, opening = vcb_packet_rtp(OPUS, 1, 0, 77, 10);

    take(meter, VCB_DIRECTION_IN, &opening, 0);
    take(meter, VCB_DIRECTION_OUT, &video, 0);
    vcb_packet_sender_report(&ours, SSRC, 0x8899aabbccddeeff, 0);
    take_rtcp(meter, VCB_DIRECTION_OUT, &ours, 1000000);
    /* The answer: 64 of 256 lost lately, 7 ever, jitter 900 units (10 ms), our report's middle bits, 0.5 s
     * later. */
    vcb_packet_rtcp(&theirs, 1, 201, 7);
    vcb_packet_put(&theirs, 4, 0x77);
    vcb_packet_report_block(&theirs, SSRC, 64, 7, 900, 0xaabbccdd, 32768);
    take_rtcp(meter, VCB_DIRECTION_IN, &theirs, 1560000);
    {
        g_autoptr(cJSON) report = report_of(meter);
        const cJSON *remote = object_of(report, "remote-inbound-rtp", SSRC);

        VCB_ASSERT_NEAR(vcb_json_number(remote, "roundTripTime", -1), 0.060, 1e-6);
        VCB_ASSERT_NEAR(vcb_json_number(remote, "fractionLost", -1), 0.25, 1e-9);
        VCB_ASSERT_NEAR(vcb_json_number(remote, "jitter", -1), 0.010, 1e-9);
        CU_ASSERT_EQUAL(vcb_json_int(remote, "packetsLost", -1), 7);
    }
    /* In a sender report too; duplicates made the loss negative (RFC 3550 section 6.4.1); a report that we
     * never sent gives no round trip. */
    vcb_packet_sender_report(&later, 0x77, 1, 2);
    vcb_packet_report_block(&later, 0xdead, 0, 0, 0, 0xaabbccdd, 0);
    vcb_packet_report_block(&later, SSRC, 0, -3, 0, 0x12345678, 0);
    take_rtcp(meter, VCB_DIRECTION_IN, &later, 1600000);
    {
        g_autoptr(cJSON) report = report_of(meter);
        const cJSON *remote = object_of(report, "remote-inbound-rtp", SSRC);

        CU_ASSERT_EQUAL(vcb_json_int(remote, "packetsLost", 0), -3);
        CU_ASSERT_EQUAL(vcb_json_int(remote, "roundTripTimeMeasurements", -1), 1);
        VCB_ASSERT_NEAR(vcb_json_number(remote, "totalRoundTripTime", -1), 0.060, 1e-6);
        CU_ASSERT_PTR_NULL(object_of(report, "remote-inbound-rtp", 0xdead));
    }
}

static void a_report_that_waited_for_the_transport_gives_no_round_trip(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();
    VcbPacket video = vcb_packet_rtp(VP8, 1, 0, SSRC, 10), ours = {.size = 0}, theirs = {.size = 0};
    g_autoptr(cJSON) report = NULL;
    const cJSON *remote;

    take(meter, VCB_DIRECTION_OUT, &video, 0);
    vcb_packet_sender_report(&ours, SSRC, 0x8899aabbccddeeff, 0);
    take_rtcp(meter, VCB_DIRECTION_OUT, &ours, 100);
    /* Two seconds later DTLS is done, and with the first packets comes the answer. */
    take(meter, VCB_DIRECTION_IN, &video, 2000000);
    vcb_packet_rtcp(&theirs, 1, 201, 7);
    vcb_packet_put(&theirs, 4, 0x77);
    vcb_packet_report_block(&theirs, SSRC, 64, 7, 900, 0xaabbccdd, 0);
    take_rtcp(meter, VCB_DIRECTION_IN, &theirs, 2000100);
    report = report_of(meter);
    remote = object_of(report, "remote-inbound-rtp", SSRC);
    CU_ASSERT_EQUAL(vcb_json_int(remote, "packetsLost", -1), 7);
    CU_ASSERT_FALSE(vcb_json_has(remote, "roundTripTime"));
}

static void a_report_before_any_answer_gives_no_remote_object(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();
    VcbPacket video = vcb_packet_rtp(VP8, 1, 0, SSRC, 10), theirs = {.size = 0};
    g_autoptr(cJSON) report = NULL;

    take(meter, VCB_DIRECTION_OUT, &video, 0);
    report = report_of(meter);
    CU_ASSERT_PTR_NULL(object_of(report, "remote-inbound-rtp", SSRC));
    cJSON_Delete(g_steal_pointer(&report));
    /* They have seen no report of ours yet: last report 0 says so. */
    vcb_packet_rtcp(&theirs, 1, 201, 7);
    vcb_packet_put(&theirs, 4, 0x77);
    vcb_packet_report_block(&theirs, SSRC, 0, 0, 0, 0, 0);
    take_rtcp(meter, VCB_DIRECTION_IN, &theirs, 10);
    report = report_of(meter);
    CU_ASSERT_PTR_NOT_NULL(object_of(report, "remote-inbound-rtp", SSRC));
    CU_ASSERT_FALSE(vcb_json_has(object_of(report, "remote-inbound-rtp", SSRC), "roundTripTime"));
}

/* What we send asks about what we receive; what comes in asks about what we send. */
static void feedback_counts_for_the_stream_it_is_about(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();
    VcbPacket in = vcb_packet_rtp(VP8, 1, 0, SSRC, 10), out = vcb_packet_rtp(VP8, 1, 0, 0x55, 10);
    VcbPacket asked = {.size = 0}, asking = {.size = 0};

    take(meter, VCB_DIRECTION_IN, &in, 0);
    take(meter, VCB_DIRECTION_OUT, &out, 0);
    /* Sent in one compound packet: a receiver report, two NACKs, a PLI, and a FIR that names the stream
     * inside. */
    vcb_packet_rtcp(&asking, 0, 201, 1);
    vcb_packet_put(&asking, 4, 0x77);
    vcb_packet_feedback(&asking, 205, 1, SSRC, 1, 0x00050000);
    vcb_packet_feedback(&asking, 205, 1, SSRC, 3, 0x00060001);
    vcb_packet_feedback(&asking, 206, 1, SSRC, 0, 0);
    vcb_packet_feedback(&asking, 206, 4, 0, 2, SSRC);
    take_rtcp(meter, VCB_DIRECTION_OUT, &asking, 0);
    /* Received: a PLI, transport-wide feedback (RFC 4585 format 15), which is none of these. */
    vcb_packet_feedback(&asked, 206, 1, 0x55, 0, 0);
    vcb_packet_feedback(&asked, 205, 15, 0x55, 4, 0);
    vcb_packet_feedback(&asked, 205, 1, SSRC, 1, 0); /* about a stream that is not ours to send */
    take_rtcp(meter, VCB_DIRECTION_IN, &asked, 0);

    CU_ASSERT_EQUAL(inbound(meter, "nackCount"), 2);
    CU_ASSERT_EQUAL(inbound(meter, "pliCount"), 1);
    CU_ASSERT_EQUAL(inbound(meter, "firCount"), 1);
    CU_ASSERT_EQUAL(value_of(meter, "outbound-rtp", 0x55, "nackCount"), 0);
    CU_ASSERT_EQUAL(value_of(meter, "outbound-rtp", 0x55, "pliCount"), 1);
    CU_ASSERT_EQUAL(value_of(meter, "outbound-rtp", 0x55, "firCount"), 0);
}

static void what_was_not_negotiated_is_left_out(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();
    VcbPacket stranger = vcb_packet_rtp(50, 1, 0, SSRC, 10), video = vcb_packet_rtp(VP8, 1, 0, SSRC, 10);
    g_autoptr(cJSON) report = NULL;

    take(meter, VCB_DIRECTION_IN, &stranger, 5);
    video.bytes[0] = 0x40; /* version 1 */
    take(meter, VCB_DIRECTION_IN, &video, 5);
    report = report_of(meter);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(report), 0);
    CU_ASSERT_EQUAL(vcb_rtp_meter_first_in_us(meter, "video"), -1);
}

static void the_first_packet_of_each_kind_is_stamped_once(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();
    VcbPacket video = vcb_packet_rtp(VP8, 1, 0, SSRC, 10), audio = vcb_packet_rtp(OPUS, 1, 0, 77, 10);

    take(meter, VCB_DIRECTION_OUT, &video, 3);
    CU_ASSERT_EQUAL(vcb_rtp_meter_first_in_us(meter, "video"), -1);
    take(meter, VCB_DIRECTION_IN, &video, 5);
    take(meter, VCB_DIRECTION_IN, &audio, 6);
    take(meter, VCB_DIRECTION_IN, &video, 7);
    CU_ASSERT_EQUAL(vcb_rtp_meter_first_in_us(meter, "video"), 5);
    CU_ASSERT_EQUAL(vcb_rtp_meter_first_in_us(meter, "audio"), 6);
}

static void the_codec_is_named_as_in_the_description(void)
{
    g_autoptr(VcbRtpMeter) meter = meter_new();
    VcbPacket audio = vcb_packet_rtp(OPUS, 1, 0, 77, 10);
    g_autoptr(cJSON) report = NULL;
    const cJSON *codec;

    take(meter, VCB_DIRECTION_IN, &audio, 6);
    report = report_of(meter);
    VCB_ASSERT_STRING(vcb_json_string(object_of(report, "inbound-rtp", 77), "codecId", NULL), "codec-111");
    codec = cJSON_GetArrayItem(report, 1);
    VCB_ASSERT_STRING(vcb_json_string(codec, "id", NULL), "codec-111");
    VCB_ASSERT_STRING(vcb_json_string(codec, "mimeType", NULL), "audio/OPUS");
    CU_ASSERT_EQUAL(vcb_json_int(codec, "clockRate", 0), 48000);
}

VCB_TEST_MAIN(
    "rtp_meter", {"losses are the gaps that nothing filled", losses_are_the_gaps_that_nothing_filled},
    {"several rounds of the sequence number lose nothing",
     several_rounds_of_the_sequence_number_lose_nothing},
    {"bytes are split into headers and payload", bytes_are_split_into_headers_and_payload},
    {"jitter is that of a series worked by hand", jitter_is_that_of_a_series_worked_by_hand},
    {"a retransmission belongs to the stream that it repeats",
     a_retransmission_belongs_to_the_stream_that_it_repeats},
    {"the round trip comes from our report and their answer",
     the_round_trip_comes_from_our_report_and_their_answer},
    {"a report that waited for the transport gives no round trip",
     a_report_that_waited_for_the_transport_gives_no_round_trip},
    {"a report before any answer gives no remote object", a_report_before_any_answer_gives_no_remote_object},
    {"feedback counts for the stream it is about", feedback_counts_for_the_stream_it_is_about},
    {"what was not negotiated is left out", what_was_not_negotiated_is_left_out},
    {"the first packet of each kind is stamped once", the_first_packet_of_each_kind_is_stamped_once},
    {"the codec is named as in the description", the_codec_is_named_as_in_the_description})
