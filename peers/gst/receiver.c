#include "peers/gst/receiver.h"

#include "common/error.h"
#include "peers/gst/codecs.h"

#include <gst/video/video.h>

struct VcbReceiver {
    GstPad *pad;      /* owned reference */
    const char *kind; /* interned */
    char *encoding;
    gulong drop_probe; /* 0 once attached */
};

static GstPadProbeReturn on_unheard(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    return GST_PAD_PROBE_DROP;
}

VcbReceiver *vcb_receiver_new(GstPad *pad)
{
    g_autoptr(GstCaps) caps = gst_pad_get_current_caps(pad);
    const GstStructure *structure;
    const char *kind;
    VcbReceiver *receiver;

    if (!caps)
        caps = gst_pad_query_caps(pad, NULL);
    if (!caps || gst_caps_is_any(caps) || gst_caps_is_empty(caps))
        return NULL;
    structure = gst_caps_get_structure(caps, 0);
    kind = gst_structure_get_string(structure, "media");
    if (g_strcmp0(kind, "audio") != 0 && g_strcmp0(kind, "video") != 0)
        return NULL;
    receiver = g_new0(VcbReceiver, 1);
    receiver->pad = g_object_ref(pad);
    receiver->kind = g_intern_string(kind);
    receiver->encoding = g_strdup(gst_structure_get_string(structure, "encoding-name"));
    receiver->drop_probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
                                             on_unheard, NULL, NULL);
    return receiver;
}

const char *vcb_receiver_kind(const VcbReceiver *receiver)
{
    return receiver->kind;
}

gboolean vcb_receiver_is_attached(const VcbReceiver *receiver)
{
    return receiver->drop_probe == 0;
}

gboolean vcb_receiver_attach(VcbReceiver *receiver, GstBin *pipeline, VcbMeters *meters, GError **error)
{
    const VcbCodec *codec = vcb_codec_of_encoding(receiver->encoding);
    gboolean video = g_str_equal(receiver->kind, "video");
    g_autofree char *problem = NULL, *coding = NULL, *description = NULL;
    g_autoptr(GstElement) depayloader = NULL, decoder = NULL;
    g_autoptr(GstPad) sink = NULL;
    GstElement *bin;

    if (!codec || (problem = vcb_codec_decode_problem(codec))) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "incoming %s track: %s", receiver->kind,
                    problem ? problem : "a codec that this peer does not know");
        return FALSE;
    }
    coding = vcb_codec_receiver(codec);
    description = g_strdup_printf("%s ! %s fakesink sync=false async=false", coding,
                                  video ? "" : "level name=level interval=20000000 post-messages=true !");
    bin = gst_parse_bin_from_description(description, TRUE, error);
    if (!bin)
        return FALSE;
    depayloader = gst_bin_get_by_name(GST_BIN(bin), "depayloader");
    decoder = gst_bin_get_by_name(GST_BIN(bin), "decoder");
    vcb_meters_watch_decoder(meters, receiver->kind, depayloader, decoder);
    gst_bin_add(pipeline, bin);
    sink = gst_element_get_static_pad(bin, "sink");
    gst_element_sync_state_with_parent(bin);
    if (gst_pad_link(receiver->pad, sink) != GST_PAD_LINK_OK) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "incoming %s track: cannot be linked",
                    receiver->kind);
        return FALSE;
    }
    gst_pad_remove_probe(receiver->pad, receiver->drop_probe);
    receiver->drop_probe = 0;
    /* What came before went by unheard: begin with a whole picture. */
    if (video)
        gst_pad_send_event(receiver->pad,
                           gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
    return TRUE;
}

void vcb_receiver_free(VcbReceiver *receiver)
{
    if (!receiver)
        return;
    g_object_unref(receiver->pad);
    g_free(receiver->encoding);
    g_free(receiver);
}
