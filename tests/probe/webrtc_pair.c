#include "tests/probe/webrtc_pair.h"

#include "tests/probe/probe.h"

static void on_candidate(GstElement *webrtc, guint section, const char *candidate, gpointer user_data)
{
    ProbePair *pair = user_data;

    g_signal_emit_by_name(webrtc == pair->a ? pair->b : pair->a, "add-ice-candidate", section, candidate);
    if (webrtc == pair->a)
        g_atomic_int_inc(&pair->candidates_of_a);
    g_main_context_wakeup(NULL);
}

static void on_connection_state(GstElement *webrtc, GParamSpec *property, gpointer user_data)
{
    ProbePair *pair = user_data;
    GstWebRTCPeerConnectionState state;

    g_object_get(webrtc, "connection-state", &state, NULL);
    if (state == GST_WEBRTC_PEER_CONNECTION_STATE_CONNECTED)
        g_atomic_int_inc(&pair->connected);
    g_main_context_wakeup(NULL);
}

static void on_pad(GstElement *webrtc, GstPad *pad, gpointer user_data)
{
    GstElement *sink;
    g_autoptr(GstPad) target = NULL;

    if (GST_PAD_DIRECTION(pad) != GST_PAD_SRC)
        return;
    sink = gst_element_factory_make("fakesink", NULL);
    g_object_set(sink, "sync", FALSE, "async", FALSE, NULL);
    gst_bin_add(GST_BIN(((ProbePair *)user_data)->pipeline), sink);
    gst_element_sync_state_with_parent(sink);
    target = gst_element_get_static_pad(sink, "sink");
    gst_pad_link(pad, target);
}

static GstElement *add_webrtc(ProbePair *pair, const char *name, const char *address)
{
    GstElement *webrtc = gst_element_factory_make("webrtcbin", name);
    g_autoptr(GObject) agent = NULL;
    gboolean added = FALSE;

    PROBE_SKIP_IF(!webrtc, "no webrtcbin: install gstreamer1.0-plugins-bad");
    gst_bin_add(GST_BIN(pair->pipeline), webrtc);
    gst_util_set_object_arg(G_OBJECT(webrtc), "bundle-policy", "max-bundle");
    g_object_get(webrtc, "ice-agent", &agent, NULL);
    PROBE_SKIP_IF(!agent, "no ICE agent: install gstreamer1.0-nice");
    g_signal_emit_by_name(agent, "add-local-ip-address", address, &added);
    PROBE_EXPECT(added, "the ICE agent does not take %s", address);
    g_signal_connect(webrtc, "on-ice-candidate", G_CALLBACK(on_candidate), pair);
    g_signal_connect(webrtc, "notify::connection-state", G_CALLBACK(on_connection_state), pair);
    g_signal_connect(webrtc, "pad-added", G_CALLBACK(on_pad), pair);
    return webrtc;
}

void probe_pair_init_at(ProbePair *pair, const char *address_of_a, const char *address_of_b)
{
    gst_init(NULL, NULL);
    *pair = (ProbePair){.pipeline = gst_pipeline_new(NULL)};
    pair->a = add_webrtc(pair, "a", address_of_a);
    pair->b = add_webrtc(pair, "b", address_of_b);
}

void probe_pair_init(ProbePair *pair)
{
    probe_pair_init_at(pair, "127.0.0.1", "127.0.0.1");
}

void probe_pair_add_source(ProbePair *pair, GstElement *webrtc, const char *description)
{
    g_autoptr(GError) error = NULL;
    GstElement *bin = gst_parse_bin_from_description(description, TRUE, &error);

    PROBE_SKIP_IF(!bin, "%s", error->message);
    gst_bin_add(GST_BIN(pair->pipeline), bin);
    PROBE_EXPECT(gst_element_link(bin, webrtc), "webrtcbin takes no track");
}

GstWebRTCSessionDescription *probe_create(GstElement *webrtc, const char *type)
{
    g_autofree char *action = g_strdup_printf("create-%s", type);
    GstPromise *promise = gst_promise_new();
    GstWebRTCSessionDescription *description = NULL;
    const GstStructure *reply;

    g_signal_emit_by_name(webrtc, action, NULL, promise);
    gst_promise_wait(promise);
    reply = gst_promise_get_reply(promise);
    if (reply && gst_structure_has_field(reply, type))
        gst_structure_get(reply, type, GST_TYPE_WEBRTC_SESSION_DESCRIPTION, &description, NULL);
    gst_promise_unref(promise);
    return description;
}

void probe_set(GstElement *webrtc, const char *what, GstWebRTCSessionDescription *description)
{
    GstPromise *promise = gst_promise_new();
    const GstStructure *reply;

    g_signal_emit_by_name(webrtc, what, description, promise);
    gst_promise_wait(promise);
    reply = gst_promise_get_reply(promise);
    PROBE_EXPECT(!reply || !gst_structure_has_field(reply, "error"), "%s fails", what);
    gst_promise_unref(promise);
}

void probe_pair_answer(ProbePair *pair, GstWebRTCSessionDescription *offer)
{
    GstWebRTCSessionDescription *answer;

    probe_set(pair->b, "set-remote-description", offer);
    answer = probe_create(pair->b, "answer");
    PROBE_EXPECT(answer, "createAnswer gives nothing");
    probe_set(pair->b, "set-local-description", answer);
    probe_set(pair->a, "set-remote-description", answer);
    gst_webrtc_session_description_free(answer);
}

static gboolean on_timer(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean run(gint *counter, gint least, guint patience_ms)
{
    gboolean late = FALSE;
    guint timer = g_timeout_add(patience_ms, on_timer, &late);

    while (!late && !(counter && g_atomic_int_get(counter) >= least))
        g_main_context_iteration(NULL, TRUE);
    if (!late)
        g_source_remove(timer);
    return !late;
}

gboolean probe_wait(gint *counter, gint least)
{
    return run(counter, least, 10000);
}

void probe_run_for_ms(guint duration_ms)
{
    run(NULL, 0, duration_ms);
}

void probe_pair_clear(ProbePair *pair)
{
    gst_element_set_state(pair->pipeline, GST_STATE_NULL);
    gst_clear_object(&pair->pipeline);
}
