#include "peers/gst/sender.h"

#include "common/error.h"
#include "peers/gst/codecs.h"
#include "peers/gst/playout.h"

#include <errno.h>
#include <fcntl.h>
#include <gst/video/video.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

struct VcbSender {
    const VcbCodec *codec;
    GstElement *bin;                               /* in the pipeline, which owns it */
    GstElement *payloader, *gate, *encoder, *mute; /* owned references */
    GstPad *src;                                   /* owned */
    GstPad *sink;                                  /* webrtcbin's, owned reference; NULL until linked */
    void (*on_linked)(gpointer user_data);
    gpointer user_data;
    VcbPlayout *playout; /* of source "file"; NULL otherwise */
};

/* The bin from its description, with the elements that we talk to later. */
static VcbSender *sender_new(GstBin *pipeline, const VcbCodec *codec, const char *description, GError **error)
{
    GstElement *bin = gst_parse_bin_from_description(description, TRUE, error);
    VcbSender *sender;

    if (!bin) {
        g_prefix_error(error, "%s track: ", vcb_codec_kind(codec));
        return NULL;
    }
    sender = g_new0(VcbSender, 1);
    sender->codec = codec;
    sender->bin = bin;
    sender->payloader = gst_bin_get_by_name(GST_BIN(bin), "payloader");
    sender->gate = gst_bin_get_by_name(GST_BIN(bin), "gate");
    sender->encoder = gst_bin_get_by_name(GST_BIN(bin), "encoder");
    sender->mute = gst_bin_get_by_name(GST_BIN(bin), "mute");
    sender->src = gst_element_get_static_pad(bin, "src");
    gst_bin_add(pipeline, bin);
    return sender;
}

static const VcbCodec *find_codec(const char *name, GError **error)
{
    const VcbCodec *codec = vcb_codec_find(name);
    g_autofree char *problem = NULL;

    if (!codec) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "codec %s: not known to this peer", name);
        return NULL;
    }
    problem = vcb_codec_encode_problem(codec);
    if (!problem)
        problem = vcb_codec_decode_problem(codec);
    if (problem) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_INVALID, problem);
        return NULL;
    }
    return codec;
}

static gboolean readable(const char *path, const char *what, GError **error)
{
    int fd = open(path ? path : "", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s %s: %s", what, path ? path : "(none given)",
                    g_strerror(errno));
        return FALSE;
    }
    close(fd);
    return TRUE;
}

/* GStreamer's own syntax for a string that may hold blanks and quotes. */
static char *quoted(const char *text)
{
    g_autofree char *escaped = g_strescape(text, NULL);

    return g_strdup_printf("\"%s\"", escaped);
}

static char *video_source(const VcbVideoConfig *config, GError **error)
{
    if (g_str_equal(config->source, "test"))
        return g_strdup_printf("videotestsrc is-live=true pattern=%s", config->pattern);
    if (g_str_equal(config->source, "file")) {
        if (!readable(config->file, "video file", error))
            return NULL;
        return g_strdup("appsrc name=playout is-live=true do-timestamp=true format=time max-buffers=2 "
                        "leaky-type=downstream");
    }
    if (g_str_equal(config->source, "camera")) {
        g_autofree char *device = NULL;

        if (!readable(config->device, "camera", error))
            return NULL;
        device = quoted(config->device);
        return g_strdup_printf("v4l2src device=%s ! decodebin ! videoconvert ! videoscale ! videorate",
                               device);
    }
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "video source %s: not known to this peer",
                config->source);
    return NULL;
}

VcbSender *vcb_sender_new_video(GstBin *pipeline, const VcbVideoConfig *config, GError **error)
{
    const VcbCodec *codec = find_codec(config->codec, error);
    g_autofree char *source = NULL, *coding = NULL, *caps = NULL, *description = NULL;
    VcbSender *sender;
    int fps_n, fps_d;

    if (!codec || !(source = video_source(config, error)))
        return NULL;
    coding = vcb_codec_sender(codec, config->bitrate_bps, config->fps);
    gst_util_double_to_fraction(config->fps, &fps_n, &fps_d);
    caps = g_strdup_printf("video/x-raw,format=I420,width=%d,height=%d,framerate=%d/%d", config->width,
                           config->height, fps_n, fps_d);
    description =
        g_strdup_printf("%s ! %s ! valve name=mute drop-mode=forward-sticky-events ! "
                        "queue leaky=downstream max-size-buffers=2 max-size-bytes=0 max-size-time=0 ! "
                        "%s ! valve name=gate drop=true drop-mode=forward-sticky-events",
                        source, caps, coding);
    sender = sender_new(pipeline, codec, description, error);
    if (sender && g_str_equal(config->source, "file")) {
        g_autoptr(GstElement) appsrc = gst_bin_get_by_name(GST_BIN(sender->bin), "playout");

        sender->playout = vcb_playout_new(config->file, caps, appsrc, error);
        if (!sender->playout) {
            vcb_sender_free(sender);
            return NULL;
        }
    }
    return sender;
}

VcbSender *vcb_sender_new_audio(GstBin *pipeline, const VcbAudioConfig *config, GError **error)
{
    const VcbCodec *codec = find_codec(config->codec, error);
    gboolean silence = g_str_equal(config->source, "silence");
    g_autofree char *coding = NULL, *description = NULL;
    char frequency[G_ASCII_DTOSTR_BUF_SIZE];

    if (!codec)
        return NULL;
    if (!silence && !g_str_equal(config->source, "tone")) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "audio source %s: not known to this peer",
                    config->source);
        return NULL;
    }
    coding = vcb_codec_sender(codec, config->bitrate_bps, 0);
    g_ascii_dtostr(frequency, sizeof frequency, config->frequency_hz);
    /* 960 samples are 20 ms at 48 kHz, one Opus frame a buffer. */
    description = g_strdup_printf(
        "audiotestsrc is-live=true samplesperbuffer=960 wave=%s freq=%s volume=0.5 ! "
        "audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved ! volume name=mute ! "
        "queue leaky=downstream max-size-buffers=10 max-size-bytes=0 max-size-time=0 ! "
        "%s ! valve name=gate drop=true drop-mode=forward-sticky-events",
        silence ? "silence" : "sine", frequency, coding);
    return sender_new(pipeline, codec, description, error);
}

static void request_key_frame(VcbSender *sender)
{
    if (g_str_equal(vcb_codec_kind(sender->codec), "video"))
        gst_element_send_event(sender->encoder,
                               gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}

static void on_caps(GstPad *sink, GParamSpec *property, gpointer user_data)
{
    VcbSender *sender = user_data;

    if (vcb_sender_has_caps(sender))
        sender->on_linked(sender->user_data);
}

gboolean vcb_sender_link(VcbSender *sender, GstElement *webrtc, int payload_type,
                         void (*linked)(gpointer user_data), gpointer user_data, GError **error)
{
    g_autoptr(GstPad) sink = gst_element_request_pad_simple(webrtc, "sink_%u");
    g_autoptr(GObject) transceiver = NULL;

    sender->on_linked = linked;
    sender->user_data = user_data;
    if (sink) {
        sender->sink = g_object_ref(sink);
        g_signal_connect(sink, "notify::caps", G_CALLBACK(on_caps), sender);
    }

    g_object_set(sender->payloader, "pt", (guint)payload_type, NULL);
    if (!sink || gst_pad_link(sender->src, sink) != GST_PAD_LINK_OK) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "webrtcbin did not take the %s track",
                    vcb_codec_kind(sender->codec));
        return FALSE;
    }
    /* Retransmission on video alone: on audio, browsers refuse the offer. */
    g_object_get(sink, "transceiver", &transceiver, NULL);
    if (transceiver && g_str_equal(vcb_codec_kind(sender->codec), "video"))
        g_object_set(transceiver, "do-nack", TRUE, NULL);
    g_object_set(sender->gate, "drop", FALSE, NULL);
    request_key_frame(sender);
    return TRUE;
}

void vcb_sender_set_muted(VcbSender *sender, gboolean muted)
{
    gboolean video = g_str_equal(vcb_codec_kind(sender->codec), "video");

    g_object_set(sender->mute, video ? "drop" : "mute", muted, NULL);
    if (!muted)
        request_key_frame(sender);
}

const char *vcb_sender_kind(const VcbSender *sender)
{
    return vcb_codec_kind(sender->codec);
}

const char *vcb_sender_encoding(const VcbSender *sender)
{
    return vcb_codec_encoding(sender->codec);
}

int vcb_sender_default_payload_type(const VcbSender *sender)
{
    return vcb_codec_default_payload_type(sender->codec);
}

gboolean vcb_sender_is_linked(const VcbSender *sender)
{
    return sender->sink != NULL;
}

gboolean vcb_sender_has_caps(const VcbSender *sender)
{
    g_autoptr(GstCaps) caps = sender->sink ? gst_pad_get_current_caps(sender->sink) : NULL;

    return caps != NULL;
}

void vcb_sender_free(VcbSender *sender)
{
    if (!sender)
        return;
    vcb_playout_free(sender->playout);
    if (sender->sink)
        g_signal_handlers_disconnect_by_data(sender->sink, sender);
    gst_clear_object(&sender->sink);
    gst_clear_object(&sender->payloader);
    gst_clear_object(&sender->gate);
    gst_clear_object(&sender->encoder);
    gst_clear_object(&sender->mute);
    gst_clear_object(&sender->src);
    g_free(sender);
}
