#include "peers/gst/playout.h"

#include "common/error.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

struct VcbPlayout {
    GstElement *pipeline; /* owned */
    GstElement *appsrc;   /* owned reference */
    guint bus_watch;
};

static GstFlowReturn on_frame(GstAppSink *appsink, gpointer user_data)
{
    VcbPlayout *playout = user_data;
    g_autoptr(GstSample) sample = gst_app_sink_pull_sample(appsink);
    GstBuffer *frame;

    if (!sample)
        return GST_FLOW_EOS;
    /* The appsrc stamps it with the time at which it comes. */
    frame = gst_buffer_copy(gst_sample_get_buffer(sample));
    GST_BUFFER_PTS(frame) = GST_BUFFER_DTS(frame) = GST_CLOCK_TIME_NONE;
    return gst_app_src_push_buffer(GST_APP_SRC(playout->appsrc), frame);
}

static gboolean on_bus(GstBus *bus, GstMessage *message, gpointer user_data)
{
    VcbPlayout *playout = user_data;

    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
        gst_element_seek_simple(playout->pipeline, GST_FORMAT_TIME,
                                GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_KEY_UNIT, 0);
    return G_SOURCE_CONTINUE;
}

VcbPlayout *vcb_playout_new(const char *path, const char *caps, GstElement *appsrc, GError **error)
{
    static const GstAppSinkCallbacks callbacks = {.new_sample = on_frame};
    g_autofree char *description =
        g_strdup_printf("filesrc name=file ! decodebin ! videoconvert ! videoscale ! videorate ! %s ! "
                        "appsink name=out sync=true max-buffers=2",
                        caps);
    g_autoptr(GstElement) pipeline = gst_parse_launch(description, error);
    g_autoptr(GstElement) file = NULL, out = NULL;
    g_autoptr(GstCaps) parsed = gst_caps_from_string(caps);
    g_autoptr(GstBus) bus = NULL;
    g_autoptr(GstMessage) message = NULL;
    VcbPlayout *playout;

    if (!pipeline)
        return NULL;
    file = gst_bin_get_by_name(GST_BIN(pipeline), "file");
    out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    g_object_set(file, "location", path, NULL);
    /* The first frame, or why there will be none; bounded. */
    gst_element_set_state(pipeline, GST_STATE_PAUSED);
    bus = gst_element_get_bus(pipeline);
    message = gst_bus_timed_pop_filtered(bus, 5 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_ASYNC_DONE);
    if (!message || GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        g_autoptr(GError) cause = NULL;

        if (message)
            gst_message_parse_error(message, &cause, NULL);
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "video file %s: %s", path,
                    cause ? cause->message : "no picture in it within 5 s");
        gst_element_set_state(pipeline, GST_STATE_NULL);
        return NULL;
    }
    playout = g_new0(VcbPlayout, 1);
    playout->pipeline = g_object_ref(pipeline);
    playout->appsrc = g_object_ref(appsrc);
    g_object_set(appsrc, "caps", parsed, NULL);
    gst_app_sink_set_callbacks(GST_APP_SINK(out), (GstAppSinkCallbacks *)&callbacks, playout, NULL);
    playout->bus_watch = gst_bus_add_watch(bus, on_bus, playout);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    return playout;
}

void vcb_playout_free(VcbPlayout *playout)
{
    if (!playout)
        return;
    g_source_remove(playout->bus_watch);
    gst_element_set_state(playout->pipeline, GST_STATE_NULL);
    gst_object_unref(playout->pipeline);
    gst_object_unref(playout->appsrc);
    g_free(playout);
}
