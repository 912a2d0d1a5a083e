/* webrtcbin keeps a candidate that comes before the remote description, and never says a word: a browser's
 * addIceCandidate fails with InvalidStateError. peers/gst/connection.c therefore keeps the W3C's semantics
 * itself. */
#include "tests/probe/probe.h"
#include "tests/probe/webrtc_pair.h"

int main(void)
{
    ProbePair pair;
    GstWebRTCSessionDescription *offer;
    GObject *channel = NULL;

    probe_pair_init(&pair);
    gst_element_set_state(pair.pipeline, GST_STATE_PLAYING);
    g_signal_emit_by_name(pair.a, "create-data-channel", "x", NULL, &channel);
    PROBE_SKIP_IF(!channel, "no data channel: install gstreamer1.0-plugins-bad with its sctp plugin");
    offer = probe_create(pair.a, "offer");
    PROBE_EXPECT(offer, "createOffer gives nothing");
    probe_set(pair.a, "set-local-description", offer);
    PROBE_EXPECT(probe_wait(&pair.candidates_of_a, 1), "no candidate came");
    PROBE_FOUND("%d candidate(s) given to a webrtcbin without a remote description: no error\n",
                g_atomic_int_get(&pair.candidates_of_a));
    probe_pair_answer(&pair, offer);
    PROBE_EXPECT(probe_wait(&pair.connected, 2), "the early candidate was lost");
    PROBE_FOUND("and the call connects: they were kept inside\n");
    gst_webrtc_session_description_free(offer);
    g_object_unref(channel);
    probe_pair_clear(&pair);
    return 0;
}
