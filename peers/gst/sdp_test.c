#include "peers/gst/sdp.h"
#include "common/test.h"

/* What a browser offers, shortened: two H.264 modes, retransmission, a data channel. */
static const char OFFER[] =
    "v=0\r\n"
    "o=- 1 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 109 0\r\n"
    "a=sendrecv\r\n"
    "a=rtpmap:109 opus/48000/2\r\n"
    "a=fmtp:109 minptime=10;useinbandfec=1\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 120 121 96 97 102 103 124\r\n"
    "a=recvonly\r\n"
    "a=rtpmap:120 VP8/90000\r\n"
    "a=rtpmap:121 rtx/90000\r\n"
    "a=fmtp:121 apt=120;rtx-time=3000\r\n"
    "a=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n"
    "a=rtpmap:97 rtx/90000\r\n"
    "a=fmtp:97 apt=96\r\n"
    "a=rtpmap:102 H264/90000\r\n"
    "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=rtpmap:103 rtx/90000\r\n"
    "a=rtpmap:124 VP80/90000\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "a=sctp-port:5000\r\n";

static GstSDPMessage *parse(const char *text)
{
    GstSDPMessage *sdp = NULL;

    CU_ASSERT_EQUAL_FATAL(gst_sdp_message_new_from_text(text, &sdp), GST_SDP_OK);
    return sdp;
}

static void describe(const VcbSdpPayload *payload, gpointer user_data)
{
    g_string_append_printf(user_data, "%s %d %s %d %d\n", payload->kind, payload->payload_type,
                           payload->encoding, payload->clock_rate, payload->apt);
}

static void every_payload_type_is_listed_with_what_it_repeats(void)
{
    GstSDPMessage *sdp = parse(OFFER);
    g_autoptr(GString) found = g_string_new(NULL);

    vcb_sdp_for_each_payload(sdp, describe, found);
    VCB_ASSERT_STRING(found->str, "audio 109 opus 48000 -1\n"
                                  "audio 0 PCMU 8000 -1\n"
                                  "video 120 VP8 90000 -1\n"
                                  "video 121 rtx 90000 120\n"
                                  "video 96 H264 90000 -1\n"
                                  "video 97 rtx 90000 96\n"
                                  "video 102 H264 90000 -1\n"
                                  "video 103 rtx 90000 -1\n" /* says not what it repeats */
                                  "video 124 VP80 90000 -1\n");
    gst_sdp_message_free(sdp);
}

static void the_payload_type_of_an_encoding_is_found(void)
{
    static const struct {
        const char *kind, *encoding;
        int payload_type;
    } cases[] = {
        {"video", "VP8", 120},  {"video", "vp8", 120},  {"video", "VP9", -1},
        {"audio", "OPUS", 109}, {"audio", "VP8", -1},   {"video", "VP", -1},
        {"video", "VP80", 124}, {"video", "H264", 102}, /* packetization-mode 1 goes before the first */
    };
    GstSDPMessage *sdp = parse(OFFER);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        CU_ASSERT_EQUAL(vcb_sdp_find_payload_type(sdp, cases[i].kind, cases[i].encoding),
                        cases[i].payload_type);
    gst_sdp_message_free(sdp);
}

static void a_section_accepts_media_unless_it_says_otherwise(void)
{
    static const struct {
        const char *port, *attributes;
        gboolean accepts;
    } cases[] = {
        {"9", "", TRUE},
        {"9", "a=sendrecv\r\n", TRUE},
        {"9", "a=recvonly\r\n", TRUE},
        {"9", "a=sendonly\r\n", FALSE},
        {"9", "a=inactive\r\n", FALSE},
        {"0", "", FALSE},                 /* rejected (RFC 3264 section 6) */
        {"0", "a=bundle-only\r\n", TRUE}, /* RFC 9143 section 6 */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
                                                "m=video %s UDP/TLS/RTP/SAVPF 96\r\n%s",
                                                cases[i].port, cases[i].attributes);
        GstSDPMessage *sdp = parse(text);

        CU_ASSERT_EQUAL(vcb_sdp_accepts(sdp, "video"), cases[i].accepts);
        CU_ASSERT_FALSE(vcb_sdp_accepts(sdp, "audio"));
        gst_sdp_message_free(sdp);
    }
}

static void an_attribute_without_a_value_is_passed_over(void)
{
    GstSDPMessage *sdp =
        parse("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
              "m=video 9 UDP/TLS/RTP/SAVPF 96 x 97\r\na=rtpmap\r\na=rtpmap:\r\na=rtpmap:97\r\n"
              "a=rtpmap:97 VP8\r\na=fmtp:96\r\n");
    g_autoptr(GString) found = g_string_new(NULL);

    vcb_sdp_for_each_payload(sdp, describe, found);
    VCB_ASSERT_STRING(found->str, "");
    CU_ASSERT_EQUAL(vcb_sdp_find_payload_type(sdp, "video", "VP8"), -1);
    gst_sdp_message_free(sdp);
}

VCB_TEST_MAIN("sdp",
              {"every payload type is listed with what it repeats",
               every_payload_type_is_listed_with_what_it_repeats},
              {"the payload type of an encoding is found", the_payload_type_of_an_encoding_is_found},
              {"a section accepts media unless it says otherwise",
               a_section_accepts_media_unless_it_says_otherwise},
              {"an attribute without a value is passed over", an_attribute_without_a_value_is_passed_over})
