/* webrtcbin's get-stats cannot be believed where packets are lost or streams are bundled, which is why
 * peers/rtp_meter.c counts the packets itself. A clean call of one audio and one video track, each way; the
 * faults that are found are printed. */
#include "tests/probe/probe.h"
#include "tests/probe/webrtc_pair.h"

typedef struct {
    guint inbound, remote_inbound, negative_lost, no_frames, video_called_audio;
} Faults;

static gboolean on_field(GQuark field, const GValue *value, gpointer user_data)
{
    Faults *faults = user_data;
    const GstStructure *stats;
    GstWebRTCStatsType type;
    const char *kind;
    gint64 lost_64 = 0;
    gint lost = 0, clock_rate = 0;

    if (!GST_VALUE_HOLDS_STRUCTURE(value))
        return TRUE;
    stats = gst_value_get_structure(value);
    if (!gst_structure_get(stats, "type", GST_TYPE_WEBRTC_STATS_TYPE, &type, NULL))
        return TRUE;
    if (type != GST_WEBRTC_STATS_INBOUND_RTP && type != GST_WEBRTC_STATS_REMOTE_INBOUND_RTP)
        return TRUE;
    kind = gst_structure_get_string(stats, "kind");
    if (!gst_structure_get_int64(stats, "packets-lost", &lost_64) &&
        gst_structure_get_int(stats, "packets-lost", &lost))
        lost_64 = lost;
    faults->negative_lost += lost_64 < 0;
    if (type == GST_WEBRTC_STATS_REMOTE_INBOUND_RTP) {
        faults->remote_inbound++;
        return TRUE;
    }
    faults->inbound++;
    faults->no_frames += !gst_structure_has_field(stats, "frames-decoded");
    gst_structure_get_int(stats, "clock-rate", &clock_rate);
    PROBE_FOUND("inbound-rtp: kind=%s packets-lost=%" G_GINT64_FORMAT " codec-id=%s\n",
                kind ? kind : "(none)", lost_64, gst_structure_get_string(stats, "codec-id"));
    faults->video_called_audio += g_strcmp0(kind, "audio") == 0;
    return TRUE;
}

int main(void)
{
    ProbePair pair;
    GstWebRTCSessionDescription *offer;
    GstElement *sides[2];
    Faults faults = {0};
    GstPromise *promise;

    probe_pair_init(&pair);
    sides[0] = pair.a;
    sides[1] = pair.b;
    for (int i = 0; i < 2; i++) {
        probe_pair_add_source(&pair, sides[i],
                              "videotestsrc is-live=true ! video/x-raw,width=160,height=90,framerate=15/1 ! "
                              "vp8enc deadline=1 cpu-used=8 ! rtpvp8pay pt=96");
        probe_pair_add_source(&pair, sides[i], "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=97");
    }
    gst_element_set_state(pair.pipeline, GST_STATE_PLAYING);
    probe_run_for_ms(500); /* the encoders' caps arrive */
    offer = probe_create(pair.a, "offer");
    PROBE_EXPECT(offer, "createOffer gives nothing");
    probe_set(pair.a, "set-local-description", offer);
    probe_pair_answer(&pair, offer);
    PROBE_EXPECT(probe_wait(&pair.connected, 2), "the call does not connect");
    probe_run_for_ms(1500); /* media flow, reports come */

    promise = gst_promise_new();
    g_signal_emit_by_name(pair.a, "get-stats", NULL, promise);
    gst_promise_wait(promise);
    PROBE_EXPECT(gst_promise_get_reply(promise), "get-stats gives nothing");
    gst_structure_foreach(gst_promise_get_reply(promise), on_field, &faults);
    gst_promise_unref(promise);
    PROBE_FOUND("%u inbound-rtp, %u remote-inbound-rtp: %u with packets-lost below 0 on a clean call, %u "
                "called audio, "
                "%u without frames-decoded\n",
                faults.inbound, faults.remote_inbound, faults.negative_lost, faults.video_called_audio,
                faults.no_frames);
    gst_webrtc_session_description_free(offer);
    probe_pair_clear(&pair);
    PROBE_EXPECT(faults.inbound > 0, "no inbound-rtp object at all");
    PROBE_SKIP_IF(faults.negative_lost == 0 && faults.no_frames == 0 && faults.video_called_audio <= 1,
                  "this webrtcbin reports well; our own counting does no harm");
    return 0;
}
