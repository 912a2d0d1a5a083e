#include "peers/gst/codecs.h"

#include <gst/gst.h>

typedef struct {
    const char *element;
    const char *settings; /* of an encoder: %d stands for the bitrate */
    int per_bps;          /* the element's bitrate property counts in this many bit/s */
    const char *package;  /* Debian's */
} Implementation;

struct VcbCodec {
    const char *name, *kind, *encoding;
    int clock_rate, payload_type;
    const char *payloader, *depayloader;
    const char *more_caps;
    Implementation encoders[3], decoders[3]; /* in order of preference; ends with a NULL element */
};

#define GOOD "gstreamer1.0-plugins-good"
#define BAD "gstreamer1.0-plugins-bad"
#define UGLY "gstreamer1.0-plugins-ugly"
#define BASE "gstreamer1.0-plugins-base"
#define LIBAV "gstreamer1.0-libav"

/* Real-time settings. VP8's cpu-used is below 0: a fixed speed;
 * above 0 the encoder would choose its speed, and with it the picture, by how busy the machine is. VP8 and
 * VP9: constant bitrate, no look-ahead, one thread (a pair must fit into a third of a core), resilience to
 * loss; a key frame comes on request (PLI) and every 10 s at 30 fps. */
#define VPX_SETTINGS                                                                                         \
    "deadline=1 end-usage=cbr lag-in-frames=0 threads=1 error-resilient=default keyframe-max-dist=300 "      \
    "undershoot=95 buffer-initial-size=300 buffer-optimal-size=400 buffer-size=600 min-quantizer=4 "         \
    "max-quantizer=56 target-bitrate=%d "

static const VcbCodec CODECS[] = {
    {"vp8",
     "video",
     "VP8",
     90000,
     96,
     "rtpvp8pay picture-id-mode=15-bit",
     "rtpvp8depay request-keyframe=true",
     "",
     {{"vp8enc", VPX_SETTINGS "cpu-used=-12", 1, GOOD}},
     {{"vp8dec", "", 1, GOOD}}},
    {"vp9",
     "video",
     "VP9",
     90000,
     98,
     "rtpvp9pay picture-id-mode=15-bit",
     "rtpvp9depay request-keyframe=true",
     ",profile-id=(string)0",
     {{"vp9enc", VPX_SETTINGS "cpu-used=8 row-mt=false", 1, GOOD}},
     {{"vp9dec", "", 1, GOOD}}},
    {"h264",
     "video",
     "H264",
     90000,
     102,
     "rtph264pay aggregate-mode=zero-latency config-interval=-1",
     "rtph264depay request-keyframe=true wait-for-keyframe=true",
     ",packetization-mode=(string)1,profile-level-id=(string)42e01f,level-asymmetry-allowed=(string)1",
     {{"x264enc",
       "tune=zerolatency speed-preset=ultrafast key-int-max=300 threads=1 bitrate=%d ! "
       "video/x-h264,profile=constrained-baseline",
       1000, UGLY},
      {"openh264enc",
       "rate-control=bitrate complexity=low gop-size=300 multi-thread=1 bitrate=%d ! "
       "video/x-h264,profile=constrained-baseline ! h264parse",
       1, BAD}},
     {{"avdec_h264", "max-threads=1", 1, LIBAV}, {"openh264dec", "", 1, BAD}}},
    {"opus",
     "audio",
     "OPUS",
     48000,
     111,
     "rtpopuspay",
     "rtpopusdepay",
     ",encoding-params=(string)2",
     {{"opusenc", "audio-type=voice complexity=5 frame-size=20 inband-fec=true bitrate=%d", 1, BASE}},
     {{"opusdec", "use-inband-fec=true", 1, BASE}}},
};

static gboolean exists(const char *element)
{
    g_autoptr(GstElementFactory) factory = gst_element_factory_find(element);

    return factory != NULL;
}

/* The first implementation that this machine has, or NULL. */
static const Implementation *choose(const Implementation *implementations)
{
    for (gsize i = 0; i < 3 && implementations[i].element; i++)
        if (exists(implementations[i].element))
            return &implementations[i];
    return NULL;
}

const VcbCodec *vcb_codec_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(CODECS); i++)
        if (g_strcmp0(CODECS[i].name, name) == 0)
            return &CODECS[i];
    return NULL;
}

const VcbCodec *vcb_codec_of_encoding(const char *encoding)
{
    for (gsize i = 0; encoding && i < G_N_ELEMENTS(CODECS); i++)
        if (g_ascii_strcasecmp(CODECS[i].encoding, encoding) == 0)
            return &CODECS[i];
    return NULL;
}

const char *vcb_codec_kind(const VcbCodec *codec)
{
    return codec->kind;
}

const char *vcb_codec_encoding(const VcbCodec *codec)
{
    return codec->encoding;
}

int vcb_codec_default_payload_type(const VcbCodec *codec)
{
    return codec->payload_type;
}

static char *problem(const VcbCodec *codec, const Implementation *implementations, const char *what)
{
    if (choose(implementations))
        return NULL;
    return g_strdup_printf("no GStreamer element %s %s (tried %s%s%s): install the package %s", what,
                           codec->name, implementations[0].element, implementations[1].element ? ", " : "",
                           implementations[1].element ? implementations[1].element : "",
                           implementations[0].package);
}

char *vcb_codec_encode_problem(const VcbCodec *codec)
{
    return problem(codec, codec->encoders, "encodes");
}

char *vcb_codec_decode_problem(const VcbCodec *codec)
{
    return problem(codec, codec->decoders, "decodes");
}

char *vcb_codec_sender(const VcbCodec *codec, gint64 bitrate_bps, double fps)
{
    const Implementation *encoder = choose(codec->encoders);
    g_autofree char *bitrate = g_strdup_printf("%d", (int)(bitrate_bps / encoder->per_bps));
    g_auto(GStrv) settings = g_strsplit(encoder->settings, "%d", 2);
    g_autofree char *filled = g_strjoinv(bitrate, settings);

    return g_strdup_printf("%s name=encoder %s ! %s name=payloader pt=%d mtu=1200", encoder->element, filled,
                           codec->payloader, codec->payload_type);
}

char *vcb_codec_receiver(const VcbCodec *codec)
{
    const Implementation *decoder = choose(codec->decoders);

    return g_strdup_printf("%s name=depayloader ! %s %s name=decoder", codec->depayloader, decoder->element,
                           decoder->settings);
}

char *vcb_codec_caps(const VcbCodec *codec)
{
    return g_strdup_printf("application/x-rtp,media=%s,encoding-name=%s,payload=%d,clock-rate=%d%s",
                           codec->kind, codec->encoding, codec->payload_type, codec->clock_rate,
                           codec->more_caps);
}
