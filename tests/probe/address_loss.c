/* What webrtcbin makes of an interface that loses its address in the middle of a call and gets it back, as `timeline: {do: down}` and
 * `{do: up}` do (docs/network.md). The scenarios link-flap and handover expect accordingly:
 *
 *  - no state moves, neither iceConnectionState nor connectionState, however long it lasts (2, 10, 40 s tried): libnice checks consent
 *    (RFC 7675) only where asked to, and webrtcbin does not ask. So a loss shows in what arrives, not in states;
 *  - what is sent meanwhile is lost, not kept. The sockets stay bound to the address, and with the address media flow again within
 *    100 ms, without an ICE restart;
 *  - libnice ties its UDP sockets to the address's interface, too (IP_UNICAST_IF): a host candidate sends through its own interface or
 *    not at all, whatever the routes say. So after a handover the old interface's candidates are of no use. */
#include "tests/probe/namespace.h"
#include "tests/probe/probe.h"
#include "tests/probe/webrtc_pair.h"

#define A "10.0.1.1"
#define PATIENCE_US (10 * G_USEC_PER_SEC)

typedef struct {
    gint arrived;   /* atomic: datagrams of media and RTCP, at libnice's element */
    gint given_out; /* atomic: packets of media, behind the jitter buffer */
} Counters;

static Counters at_a, at_b;
static gint state_changes; /* atomic */
static gint completed;     /* atomic: whose ICE is */

static GstPadProbeReturn on_packet(GstPad *pad, GstPadProbeInfo *info, gpointer user_data)
{
    g_atomic_int_inc((gint *)user_data);
    return GST_PAD_PROBE_OK;
}

static void on_pad(GstElement *webrtc, GstPad *pad, gpointer user_data)
{
    if (GST_PAD_DIRECTION(pad) == GST_PAD_SRC)
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, &((Counters *)user_data)->given_out,
                          NULL);
}

static void on_element(GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer user_data)
{
    GstElementFactory *factory = gst_element_get_factory(element);
    g_autoptr(GstPad) pad = NULL;

    if (!factory || !g_str_equal(GST_OBJECT_NAME(factory), "nicesrc"))
        return;
    pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_packet, &((Counters *)user_data)->arrived, NULL);
}

static void on_state(GstElement *webrtc, GParamSpec *property, gpointer user_data)
{
    g_auto(GValue) value = G_VALUE_INIT;
    g_autofree char *text = NULL;

    g_object_get_property(G_OBJECT(webrtc), property->name, &value);
    text = gst_value_serialize(&value);
    PROBE_FOUND("  %s: %s %s\n", GST_OBJECT_NAME(webrtc), property->name, text);
    g_atomic_int_inc(&state_changes);
    if (g_str_equal(text, "completed"))
        g_atomic_int_inc(&completed);
    g_main_context_wakeup(NULL);
}

static void watch(GstElement *webrtc, Counters *counters)
{
    g_autoptr(GObject) ice = NULL, agent = NULL;

    g_object_get(webrtc, "ice-agent", &ice, NULL);
    g_object_get(ice, "agent", &agent, NULL);
    g_object_set(agent, "ice-tcp", FALSE,
                 NULL); /* as peers/gst/ice.c: else a TCP pair may be chosen, and TCP sends again */
    g_signal_connect(webrtc, "pad-added", G_CALLBACK(on_pad), counters);
    g_signal_connect(webrtc, "deep-element-added", G_CALLBACK(on_element), counters);
    g_signal_connect(webrtc, "notify::connection-state", G_CALLBACK(on_state), NULL);
    g_signal_connect(webrtc, "notify::ice-connection-state", G_CALLBACK(on_state), NULL);
}

/* Until 20 more than `before` have come there; how long after begin_us in ms, -1: not within the deadline. */
static int wait_for_packets(const gint *counter, gint before, gint64 begin_us)
{
    while (g_get_monotonic_time() - begin_us < PATIENCE_US) {
        if (g_atomic_int_get(counter) >= before + 20)
            return (int)((g_get_monotonic_time() - begin_us) / 1000);
        probe_run_for_ms(5);
    }
    return -1;
}

static void try_loss(guint duration_ms)
{
    Counters before_a, before_b;
    gint64 back_us;
    int at_a_ms, at_b_ms, out_a_ms, out_b_ms;

    g_atomic_int_set(&state_changes, 0);
    probe_ip("address delete " A "/24 dev eth0");
    probe_run_for_ms(500); /* what was under way, and in jitter buffers */
    before_a = at_a;
    before_b = at_b;
    probe_run_for_ms(duration_ms - 500);
    PROBE_FOUND("%u ms without the address: %d and %d datagrams came to a and b, %d state changes\n",
                duration_ms, at_a.arrived - before_a.arrived, at_b.arrived - before_b.arrived,
                g_atomic_int_get(&state_changes));
    PROBE_EXPECT(at_a.arrived == before_a.arrived && at_b.arrived == before_b.arrived,
                 "packets come without an address");
    before_a = at_a;
    before_b = at_b;
    probe_ip("address add " A "/24 dev eth0");
    back_us = g_get_monotonic_time();
    probe_run_for_ms(100);
    PROBE_FOUND("  100 ms after it came back %d datagrams have come to a, %d to b\n",
                at_a.arrived - before_a.arrived, at_b.arrived - before_b.arrived);
    at_b_ms = wait_for_packets(&at_b.arrived, before_b.arrived, back_us);
    at_a_ms = wait_for_packets(&at_a.arrived, before_a.arrived, back_us);
    out_b_ms = wait_for_packets(&at_b.given_out, before_b.given_out, back_us);
    out_a_ms = wait_for_packets(&at_a.given_out, before_a.given_out, back_us);
    PROBE_FOUND("  20 have come within %d ms to a, %d to b; 20 were given out within %d ms, %d\n", at_a_ms,
                at_b_ms, out_a_ms, out_b_ms);
    PROBE_EXPECT(out_a_ms >= 0 && out_b_ms >= 0, "media do not come back with the address");
    PROBE_EXPECT(g_atomic_int_get(&state_changes) == 0, "a state moved: link-flap and handover may say more");
}

int main(void)
{
    static const char source[] = "audiotestsrc is-live=true ! opusenc ! rtpopuspay pt=111 ! capsfilter caps="
                                 "application/x-rtp,media=audio,encoding-name=OPUS,payload=111";
    ProbePair pair;
    GstWebRTCSessionDescription *offer;

    probe_namespace_enter();
    probe_add_interface("eth0", A "/24");
    /* Both at one address: tied to two interfaces (IP_UNICAST_IF), packets between them would leave this host. */
    probe_pair_init_at(&pair, A, A);
    watch(pair.a, &at_a);
    watch(pair.b, &at_b);
    probe_pair_add_source(&pair, pair.a, source);
    probe_pair_add_source(&pair, pair.b, source);
    gst_element_set_state(pair.pipeline, GST_STATE_PLAYING);
    probe_run_for_ms(500); /* caps must have come to webrtcbin: caps_before_offer.c */
    offer = probe_create(pair.a, "offer");
    PROBE_EXPECT(offer, "createOffer gives nothing");
    probe_set(pair.a, "set-local-description", offer);
    probe_pair_answer(&pair, offer);
    PROBE_EXPECT(probe_wait(&pair.connected, 2), "the two do not connect");
    PROBE_EXPECT(probe_wait(&completed, 2), "ICE does not complete");
    PROBE_EXPECT(wait_for_packets(&at_a.given_out, 0, g_get_monotonic_time()) >= 0 &&
                     wait_for_packets(&at_b.given_out, 0, g_get_monotonic_time()) >= 0,
                 "no media");
    try_loss(2000);
    try_loss(10000);
    gst_webrtc_session_description_free(offer);
    probe_pair_clear(&pair);
    return 0;
}
