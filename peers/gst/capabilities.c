#include "peers/gst/capabilities.h"

#include "peers/gst/codecs.h"
#include "peers/gst/ice.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <gst/gst.h>
#include <unistd.h>

#define BAD "gstreamer1.0-plugins-bad"
#define GOOD "gstreamer1.0-plugins-good"
#define BASE "gstreamer1.0-plugins-base"

/* Codecs are not among them: codecs.c knows those. */
static const struct {
    const char *element, *setting, *package;
} NEEDED[] = {
    {"webrtcbin", "peer", BAD},     {"nicesrc", "peer", "gstreamer1.0-nice"},
    {"dtlsdec", "peer", BAD},       {"srtpenc", "peer", BAD},
    {"rtpbin", "peer", GOOD},       {"level", "peer", GOOD},
    {"volume", "peer", BASE},       {"videoconvert", "peer", BASE},
    {"appsrc", "peer", BASE},       {"videotestsrc", "peer", BASE},
    {"audiotestsrc", "peer", BASE}, {"sctpenc", "data_channel", BAD},
};

static gboolean exists(const char *element)
{
    g_autoptr(GstElementFactory) factory = gst_element_factory_find(element);

    return factory != NULL;
}

static void G_GNUC_PRINTF(3, 4) add(cJSON *unsupported, const char *setting, const char *format, ...)
{
    g_autofree char *reason = NULL;
    va_list arguments;

    va_start(arguments, format);
    reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    vcb_peer_add_unsupported(unsupported, setting, reason);
}

static void check_elements(const VcbPeerConfig *config, cJSON *unsupported)
{
    for (gsize i = 0; i < G_N_ELEMENTS(NEEDED); i++) {
        if (exists(NEEDED[i].element) || (g_str_equal(NEEDED[i].element, "sctpenc") && !config->data_channel))
            continue;
        add(unsupported, NEEDED[i].setting, "no GStreamer element %s: install the package %s",
            NEEDED[i].element, NEEDED[i].package);
    }
}

/* A codec must be encoded and decoded here: what we send we receive, too. */
static void check_codec(const char *name, const char *kind, const char *setting, cJSON *unsupported)
{
    const VcbCodec *codec = vcb_codec_find(name);
    g_autofree char *problem = NULL;

    if (!codec || !g_str_equal(vcb_codec_kind(codec), kind)) {
        add(unsupported, setting, "%s: this peer knows no such %s codec", name, kind);
        return;
    }
    problem = vcb_codec_encode_problem(codec);
    if (!problem)
        problem = vcb_codec_decode_problem(codec);
    if (problem)
        add(unsupported, setting, "%s", problem);
}

static void check_readable(const char *path, const char *what, const char *setting, cJSON *unsupported)
{
    int fd = open(path ? path : "", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        add(unsupported, setting, "%s %s: %s", what, path ? path : "(none given)", g_strerror(errno));
    else
        close(fd);
}

/* The names are videotestsrc's own. */
static gboolean is_pattern(const char *name)
{
    g_autoptr(GstElement) source = gst_element_factory_make("videotestsrc", NULL);
    GParamSpec *property =
        source ? g_object_class_find_property(G_OBJECT_GET_CLASS(source), "pattern") : NULL;

    if (source)
        gst_object_ref_sink(source);
    return property && g_enum_get_value_by_nick(G_PARAM_SPEC_ENUM(property)->enum_class, name);
}

static void check_video(const VcbVideoConfig *video, cJSON *unsupported)
{
    if (!video)
        return;
    check_codec(video->codec, "video", "video.codec", unsupported);
    if (g_str_equal(video->source, "file"))
        check_readable(video->file, "video file", "video.file", unsupported);
    else if (g_str_equal(video->source, "camera"))
        check_readable(video->device, "camera", "video.device", unsupported);
    else if (!g_str_equal(video->source, "test"))
        add(unsupported, "video.source", "%s: this peer knows no such video source", video->source);
    else if (!is_pattern(video->pattern))
        add(unsupported, "video.pattern", "%s: videotestsrc has no such pattern", video->pattern);
}

static void check_audio(const VcbAudioConfig *audio, cJSON *unsupported)
{
    if (!audio)
        return;
    check_codec(audio->codec, "audio", "audio.codec", unsupported);
    if (!g_str_equal(audio->source, "tone") && !g_str_equal(audio->source, "silence"))
        add(unsupported, "audio.source", "%s: this peer knows no such audio source", audio->source);
}

static void check_word(const char *word, const char *const *known, const char *setting, cJSON *unsupported)
{
    g_autofree char *list = g_strjoinv(", ", (char **)known);

    if (!g_strv_contains(known, word))
        add(unsupported, setting, "%s: webrtcbin can do %s", word, list);
}

static void check_ice(const VcbPeerConfig *config, cJSON *unsupported)
{
    static const char *const bundle[] = {"max-bundle", "balanced", "max-compat", NULL};
    static const char *const transport[] = {"all", "relay", NULL};
    static const char *const mux[] = {"require", NULL};

    check_word(config->bundle_policy, bundle, "ice.bundle_policy", unsupported);
    check_word(config->transport_policy, transport, "ice.transport_policy", unsupported);
    check_word(config->rtcp_mux, mux, "ice.rtcp_mux", unsupported);
    if (config->candidate_pool != 0)
        add(unsupported, "ice.candidate_pool",
            "%d: webrtcbin gathers no candidates before a description is set", config->candidate_pool);
    for (char **address = config->local_addresses; address && *address; address++)
        if (!g_hostname_is_ip_address(*address))
            add(unsupported, "ice.local_addresses", "%s: not an IP address", *address);
    for (guint i = 0; i < config->ice_servers->len; i++) {
        const VcbIceServerConfig *server = config->ice_servers->pdata[i];
        g_autoptr(GError) error = NULL;
        g_autofree char *url = NULL;

        if (!g_str_has_prefix(server->urls, "stun:") && !(url = vcb_ice_turn_url(server, &error)))
            add(unsupported, "ice.servers", "%s", error->message);
    }
}

/* Is there anything left to a call whose turns: servers are left out? */
static gboolean does_without_turns(const VcbPeerConfig *config)
{
    gboolean only_relays = g_str_equal(config->transport_policy, "relay");

    for (guint i = 0; i < config->ice_servers->len; i++) {
        const VcbIceServerConfig *server = config->ice_servers->pdata[i];

        if (!vcb_ice_is_turns(server) && !(only_relays && g_str_has_prefix(server->urls, "stun:")))
            return TRUE;
    }
    return FALSE;
}

static void check_turns(const VcbPeerConfig *config, cJSON *unsupported, cJSON *notes)
{
    for (guint i = 0; i < config->ice_servers->len; i++) {
        const VcbIceServerConfig *server = config->ice_servers->pdata[i];

        if (!vcb_ice_is_turns(server))
            continue;
        if (does_without_turns(config))
            add(notes, "ice.servers", "%s is left out: libnice speaks no TLS to TURN servers", server->urls);
        else
            add(unsupported, "ice.servers",
                "%s: libnice speaks no TLS to TURN servers; turn: with ?transport=udp or "
                "?transport=tcp works",
                server->urls);
    }
}

void vcb_capabilities_check(const VcbPeerConfig *config, cJSON *unsupported, cJSON *notes)
{
    check_elements(config, unsupported);
    check_video(config->video, unsupported);
    check_audio(config->audio, unsupported);
    check_ice(config, unsupported);
    check_turns(config, unsupported, notes);
}
