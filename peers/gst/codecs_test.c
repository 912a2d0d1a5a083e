#include "peers/gst/codecs.h"
#include "common/test.h"

#include <gst/gst.h>

#define WANTED_BPS 640000

static const char *const NAMES[] = {"vp8", "vp9", "h264", "opus"};

static void every_codec_is_found_by_its_names(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        const VcbCodec *codec = vcb_codec_find(NAMES[i]);

        CU_ASSERT_PTR_NOT_NULL_FATAL(codec);
        CU_ASSERT_PTR_EQUAL(vcb_codec_of_encoding(vcb_codec_encoding(codec)), codec);
        VCB_ASSERT_STRING(vcb_codec_kind(codec), i == 3 ? "audio" : "video");
    }
    CU_ASSERT_PTR_EQUAL(vcb_codec_of_encoding("opus"), vcb_codec_find("opus")); /* SDP names ignore case */
    CU_ASSERT_PTR_NULL(vcb_codec_find("VP8"));
    CU_ASSERT_PTR_NULL(vcb_codec_find("av1"));
    CU_ASSERT_PTR_NULL(vcb_codec_find(NULL));
    CU_ASSERT_PTR_NULL(vcb_codec_of_encoding(NULL));
    CU_ASSERT_PTR_NULL(vcb_codec_of_encoding("rtx"));
}

static void payload_types_are_dynamic_and_differ(void)
{
    gboolean used[128] = {FALSE};

    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        int payload_type = vcb_codec_default_payload_type(vcb_codec_find(NAMES[i]));

        CU_ASSERT_TRUE_FATAL(payload_type >= 96 && payload_type <= 127); /* RFC 3551 section 6 */
        CU_ASSERT_FALSE(used[payload_type]);
        used[payload_type] = TRUE;
    }
}

/* The encoder's own property, in bit/s; -1 where it has none that we know. */
static int bitrate_of(GstElement *encoder)
{
    int bitrate = -1;
    guint kilobits;

    if (g_object_class_find_property(G_OBJECT_GET_CLASS(encoder), "target-bitrate")) {
        g_object_get(encoder, "target-bitrate", &bitrate, NULL);
    } else if (g_str_has_prefix(GST_OBJECT_NAME(gst_element_get_factory(encoder)), "x264enc")) {
        g_object_get(encoder, "bitrate", &kilobits, NULL);
        bitrate = (int)kilobits * 1000;
    } else {
        g_object_get(encoder, "bitrate", &bitrate, NULL);
    }
    return bitrate;
}

static void a_sender_takes_the_scenarios_bitrate(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        const VcbCodec *codec = vcb_codec_find(NAMES[i]);
        g_autofree char *problem = vcb_codec_encode_problem(codec), *description = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GstElement) bin = NULL, encoder = NULL, payloader = NULL;
        guint payload_type = 0, mtu = 0;

        if (problem) {
            g_print("(left out: %s) ", problem);
            continue;
        }
        description = vcb_codec_sender(codec, WANTED_BPS, 30);
        bin = gst_object_ref_sink(gst_parse_bin_from_description(description, TRUE, &error));
        CU_ASSERT_PTR_NULL_FATAL(error);
        encoder = gst_bin_get_by_name(GST_BIN(bin), "encoder");
        payloader = gst_bin_get_by_name(GST_BIN(bin), "payloader");
        CU_ASSERT_PTR_NOT_NULL_FATAL(encoder);
        CU_ASSERT_PTR_NOT_NULL_FATAL(payloader);
        CU_ASSERT_EQUAL(bitrate_of(encoder), WANTED_BPS);
        g_object_get(payloader, "pt", &payload_type, "mtu", &mtu, NULL);
        CU_ASSERT_EQUAL((int)payload_type, vcb_codec_default_payload_type(codec));
        CU_ASSERT_EQUAL(mtu, 1200); /* room for SRTP, TURN and IPv6 in 1280 bytes */
    }
}

static void a_receiver_can_be_built(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        const VcbCodec *codec = vcb_codec_find(NAMES[i]);
        g_autofree char *problem = vcb_codec_decode_problem(codec), *description = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GstElement) bin = NULL, depayloader = NULL, decoder = NULL;

        if (problem) {
            g_print("(left out: %s) ", problem);
            continue;
        }
        description = vcb_codec_receiver(codec);
        bin = gst_object_ref_sink(gst_parse_bin_from_description(description, TRUE, &error));
        CU_ASSERT_PTR_NULL_FATAL(error);
        depayloader = gst_bin_get_by_name(GST_BIN(bin), "depayloader");
        decoder = gst_bin_get_by_name(GST_BIN(bin), "decoder");
        CU_ASSERT_PTR_NOT_NULL(depayloader);
        CU_ASSERT_PTR_NOT_NULL(decoder);
    }
}

static void the_caps_of_a_recvonly_section_are_whole(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        const VcbCodec *codec = vcb_codec_find(NAMES[i]);
        g_autofree char *text = vcb_codec_caps(codec);
        g_autoptr(GstCaps) caps = gst_caps_from_string(text);
        int payload_type = -1;

        CU_ASSERT_PTR_NOT_NULL_FATAL(caps);
        CU_ASSERT_TRUE(gst_caps_is_fixed(caps));
        GstStructure *structure = gst_caps_get_structure(caps, 0);
        VCB_ASSERT_STRING(gst_structure_get_string(structure, "encoding-name"), vcb_codec_encoding(codec));
        VCB_ASSERT_STRING(gst_structure_get_string(structure, "media"), vcb_codec_kind(codec));
        CU_ASSERT_TRUE(gst_structure_get_int(structure, "payload", &payload_type));
        CU_ASSERT_EQUAL(payload_type, vcb_codec_default_payload_type(codec));
    }
}

static void run_first(void)
{
    CU_ASSERT_TRUE(gst_init_check(NULL, NULL, NULL));
}

VCB_TEST_MAIN("codecs", {"GStreamer starts", run_first},
              {"every codec is found by its names", every_codec_is_found_by_its_names},
              {"payload types are dynamic and differ", payload_types_are_dynamic_and_differ},
              {"a sender takes the scenario's bitrate", a_sender_takes_the_scenarios_bitrate},
              {"a receiver can be built", a_receiver_can_be_built},
              {"the caps of a recvonly section are whole", the_caps_of_a_recvonly_section_are_whole})
