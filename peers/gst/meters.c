#include "peers/gst/meters.h"

#include "common/clock.h"
#include "peers/gst/sdp.h"

#include <gst/video/video.h>
#include <string.h>

struct VcbMeters {
    GMutex lock;
    VcbRtpMeter *rtp;
    VcbFrameMeter frames;
    VcbSilenceMeter silence;
    gboolean seen_packet[2], seen_frame[2]; /* audio, video */
    VcbFirstSeen first_seen;
    gpointer user_data;
};

typedef struct {
    VcbMeters *meters;
    VcbDirection direction;
    gboolean rtcp;
} Tap;

VcbMeters *vcb_meters_new(VcbFirstSeen first_seen, gpointer user_data)
{
    VcbMeters *meters = g_new0(VcbMeters, 1);

    g_mutex_init(&meters->lock);
    meters->rtp = vcb_rtp_meter_new();
    vcb_frame_meter_init(&meters->frames);
    vcb_silence_meter_init(&meters->silence);
    meters->first_seen = first_seen;
    meters->user_data = user_data;
    return meters;
}

void vcb_meters_free(VcbMeters *meters)
{
    if (!meters)
        return;
    vcb_rtp_meter_free(meters->rtp);
    g_mutex_clear(&meters->lock);
    g_free(meters);
}

static void count(const Tap *tap, GstBuffer *buffer)
{
    gint64 now_us = vcb_clock_now_us();
    GstMapInfo map;

    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return;
    if (tap->rtcp)
        vcb_rtp_meter_rtcp(tap->meters->rtp, tap->direction, map.data, map.size, now_us);
    else
        vcb_rtp_meter_rtp(tap->meters->rtp, tap->direction, map.data, map.size, now_us);
    gst_buffer_unmap(buffer, &map);
}

static void tell_first_packets(VcbMeters *meters)
{
    static const char *const kinds[] = {"audio", "video"};

    for (int i = 0; i < 2; i++) {
        gint64 first_us;

        g_mutex_lock(&meters->lock);
        first_us = meters->seen_packet[i] ? -1 : vcb_rtp_meter_first_in_us(meters->rtp, kinds[i]);
        meters->seen_packet[i] |= first_us >= 0;
        g_mutex_unlock(&meters->lock);
        if (first_us >= 0)
            meters->first_seen(kinds[i], "first-packet", 0, 0, first_us, meters->user_data);
    }
}

static GstPadProbeReturn on_packet(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    const Tap *tap = user_data;

    g_mutex_lock(&tap->meters->lock);
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
        GstBufferList *list = gst_pad_probe_info_get_buffer_list(info);

        for (guint i = 0; i < gst_buffer_list_length(list); i++)
            count(tap, gst_buffer_list_get(list, i));
    } else {
        count(tap, gst_pad_probe_info_get_buffer(info));
    }
    g_mutex_unlock(&tap->meters->lock);
    if (tap->direction == VCB_DIRECTION_IN && !tap->rtcp)
        tell_first_packets(tap->meters);
    return GST_PAD_PROBE_OK;
}

/* rtpbin's pads come as sections are negotiated; their names say what flows. */
static void on_rtpbin_pad(GstElement *rtpbin, GstPad *pad, gpointer user_data)
{
    static const struct {
        const char *prefix;
        VcbDirection direction;
        gboolean rtcp;
    } kinds[] = {
        {"recv_rtp_sink_", VCB_DIRECTION_IN, FALSE},
        {"recv_rtcp_sink_", VCB_DIRECTION_IN, TRUE},
        {"send_rtp_src_", VCB_DIRECTION_OUT, FALSE},
        {"send_rtcp_src_", VCB_DIRECTION_OUT, TRUE},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(GST_PAD_NAME(pad), kinds[i].prefix)) {
            Tap *tap = g_new(Tap, 1);

            *tap = (Tap){user_data, kinds[i].direction, kinds[i].rtcp};
            gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_packet, tap,
                              g_free);
        }
    }
}

void vcb_meters_attach(VcbMeters *meters, GstElement *rtpbin)
{
    g_signal_connect(rtpbin, "pad-added", G_CALLBACK(on_rtpbin_pad), meters);
}

static void learn_one(const VcbSdpPayload *payload, gpointer user_data)
{
    VcbMeters *meters = user_data;

    vcb_rtp_meter_set_payload(meters->rtp, payload->payload_type, payload->kind, payload->encoding,
                              payload->clock_rate, payload->apt);
}

void vcb_meters_learn(VcbMeters *meters, const GstSDPMessage *sdp)
{
    g_mutex_lock(&meters->lock);
    vcb_sdp_for_each_payload(sdp, learn_one, meters);
    g_mutex_unlock(&meters->lock);
}

static void tell_first_frame(VcbMeters *meters, gboolean video, int width, int height, gint64 now_us)
{
    gboolean first;

    g_mutex_lock(&meters->lock);
    first = !meters->seen_frame[video];
    meters->seen_frame[video] = TRUE;
    g_mutex_unlock(&meters->lock);
    if (first)
        meters->first_seen(video ? "video" : "audio", "first-frame", width, height, now_us,
                           meters->user_data);
}

static GstPadProbeReturn on_coded_frame(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    VcbMeters *meters = user_data;

    g_mutex_lock(&meters->lock);
    vcb_frame_meter_received(&meters->frames);
    g_mutex_unlock(&meters->lock);
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn on_video_frame(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    VcbMeters *meters = user_data;
    gint64 now_us = vcb_clock_now_us();
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
    GstVideoInfo video;

    if (!caps || !gst_video_info_from_caps(&video, caps))
        return GST_PAD_PROBE_OK;
    g_mutex_lock(&meters->lock);
    vcb_frame_meter_decoded(&meters->frames, video.width, video.height, now_us);
    g_mutex_unlock(&meters->lock);
    tell_first_frame(meters, TRUE, video.width, video.height, now_us);
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn on_audio_frame(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    tell_first_frame(user_data, FALSE, 0, 0, vcb_clock_now_us());
    return GST_PAD_PROBE_REMOVE;
}

void vcb_meters_watch_decoder(VcbMeters *meters, const char *kind, GstElement *depayloader,
                              GstElement *decoder)
{
    gboolean video = g_str_equal(kind, "video");
    g_autoptr(GstPad) coded = gst_element_get_static_pad(depayloader, "src");
    g_autoptr(GstPad) decoded = gst_element_get_static_pad(decoder, "src");

    if (video)
        gst_pad_add_probe(coded, GST_PAD_PROBE_TYPE_BUFFER, on_coded_frame, meters, NULL);
    gst_pad_add_probe(decoded, GST_PAD_PROBE_TYPE_BUFFER, video ? on_video_frame : on_audio_frame, meters,
                      NULL);
}

void vcb_meters_level(VcbMeters *meters, double dbfs, gint64 duration_us)
{
    g_mutex_lock(&meters->lock);
    vcb_silence_meter_level(&meters->silence, dbfs, duration_us);
    g_mutex_unlock(&meters->lock);
}

void vcb_meters_report(VcbMeters *meters, gint64 now_us, cJSON *report)
{
    cJSON *object;

    g_mutex_lock(&meters->lock);
    vcb_rtp_meter_report(meters->rtp, report);
    cJSON_ArrayForEach (object, report) {
        if (!g_str_equal(vcb_json_string(object, "type", ""), "inbound-rtp"))
            continue;
        if (g_str_equal(vcb_json_string(object, "kind", ""), "video"))
            vcb_frame_meter_report(&meters->frames, now_us, object);
        else
            vcb_silence_meter_report(&meters->silence, object);
    }
    g_mutex_unlock(&meters->lock);
}
