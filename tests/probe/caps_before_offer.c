/* An offer describes a track only once its caps are known: one that was linked but has not carried a packet
 * is left out, without a word. peers/gst/connection.c waits for the caps (vcb_sender_has_caps) before
 * createOffer. */
#include "tests/probe/probe.h"
#include "tests/probe/webrtc_pair.h"

static guint sections_of_offer(GstElement *webrtc)
{
    GstWebRTCSessionDescription *offer = probe_create(webrtc, "offer");
    guint n = offer ? gst_sdp_message_medias_len(offer->sdp) : 0;

    if (offer)
        gst_webrtc_session_description_free(offer);
    return n;
}

int main(void)
{
    ProbePair pair;
    GstElement *source;
    g_autoptr(GstPad) pad = NULL;
    g_autoptr(GstCaps) caps = NULL;
    guint before, after;

    probe_pair_init(&pair);
    caps =
        gst_caps_from_string("application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000");
    source = gst_element_factory_make("identity", NULL);
    gst_bin_add(GST_BIN(pair.pipeline), source);
    PROBE_EXPECT(gst_element_link(source, pair.a), "webrtcbin takes no track");
    gst_element_set_state(pair.pipeline, GST_STATE_PLAYING);
    before = sections_of_offer(pair.a);

    pad = gst_element_get_static_pad(source, "sink");
    gst_pad_send_event(pad, gst_event_new_stream_start("probe"));
    gst_pad_send_event(pad, gst_event_new_caps(caps));
    after = sections_of_offer(pair.a);
    PROBE_FOUND("sections in the offer of a linked track: %u without caps, %u with them\n", before, after);
    probe_pair_clear(&pair);
    PROBE_EXPECT(after == 1, "a track with caps is not described");
    PROBE_SKIP_IF(before == 1,
                  "this webrtcbin describes a track without caps; waiting for them does no harm");
    return 0;
}
