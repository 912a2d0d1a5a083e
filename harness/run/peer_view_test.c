#include "harness/run/peer_view.h"
#include "common/test.h"

static void take(VcbPeerView *view, const char *text)
{
    g_autoptr(cJSON) message = cJSON_Parse(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    if (g_str_equal(vcb_json_string(message, "type", ""), "stats"))
        vcb_peer_view_take_stats(view, message);
    else
        vcb_peer_view_take_state(view, message);
}

static void a_new_peer_is_as_w3c_says(void)
{
    g_auto(VcbPeerView) view = {0};
    g_autofree char *text = NULL;

    vcb_peer_view_init(&view);
    text = vcb_peer_view_describe(&view);
    VCB_ASSERT_STRING(text, "signalingState stable, iceConnectionState new, connectionState new");
}

static void the_latest_states_are_told(void)
{
    g_auto(VcbPeerView) view = {0};
    g_autofree char *text = NULL;

    vcb_peer_view_init(&view);
    take(&view, "{\"type\":\"state\",\"t_us\":1,\"name\":\"signalingState\",\"value\":\"have-local-offer\"}");
    take(&view, "{\"type\":\"state\",\"t_us\":2,\"name\":\"iceConnectionState\",\"value\":\"checking\"}");
    take(&view, "{\"type\":\"state\",\"t_us\":3,\"name\":\"iceConnectionState\",\"value\":\"failed\"}");
    take(&view, "{\"type\":\"state\",\"t_us\":4,\"name\":\"step\",\"value\":\"offer-sent\"}");
    text = vcb_peer_view_describe(&view);
    VCB_ASSERT_STRING(text,
                      "signalingState have-local-offer, iceConnectionState failed, connectionState new");
}

static void connect_time_is_from_the_first_start_to_the_last_connected(void)
{
    g_auto(VcbPeerView) a = {0};
    g_auto(VcbPeerView) b = {0};

    vcb_peer_view_init(&a);
    vcb_peer_view_init(&b);
    take(&a, "{\"type\":\"state\",\"t_us\":1000,\"name\":\"step\",\"value\":\"start-call\"}");
    take(&b, "{\"type\":\"state\",\"t_us\":3000,\"name\":\"step\",\"value\":\"start-call\"}");
    take(&a, "{\"type\":\"state\",\"t_us\":51000,\"name\":\"connectionState\",\"value\":\"connected\"}");
    VCB_ASSERT_NEAR(vcb_peer_view_connect_ms(&a, &b), -1, 0);
    take(&b, "{\"type\":\"state\",\"t_us\":81000,\"name\":\"connectionState\",\"value\":\"connected\"}");
    VCB_ASSERT_NEAR(vcb_peer_view_connect_ms(&a, &b), 80, 1e-9);
    /* Connected again after a hitch: the first time counts. */
    take(&b, "{\"type\":\"state\",\"t_us\":91000,\"name\":\"connectionState\",\"value\":\"disconnected\"}");
    take(&b, "{\"type\":\"state\",\"t_us\":99000,\"name\":\"connectionState\",\"value\":\"connected\"}");
    VCB_ASSERT_NEAR(vcb_peer_view_connect_ms(&a, &b), 80, 1e-9);
}

static void loss_is_of_both_peers_last_stats(void)
{
    g_auto(VcbPeerView) a = {0};
    g_auto(VcbPeerView) b = {0};

    vcb_peer_view_init(&a);
    vcb_peer_view_init(&b);
    VCB_ASSERT_NEAR(vcb_peer_view_loss_pct(&a, &b), -1, 0);
    take(&a, "{\"type\":\"stats\",\"report\":[{\"type\":\"inbound-rtp\",\"packetsReceived\":10,"
             "\"packetsLost\":10}]}");
    take(&a, "{\"type\":\"stats\",\"report\":[{\"type\":\"inbound-rtp\",\"packetsReceived\":90,"
             "\"packetsLost\":10},"
             "{\"type\":\"outbound-rtp\",\"packetsLost\":500}]}");
    take(&b, "{\"type\":\"stats\",\"report\":[{\"type\":\"inbound-rtp\",\"packetsReceived\":300,"
             "\"packetsLost\":0}]}");
    VCB_ASSERT_NEAR(vcb_peer_view_loss_pct(&a, &b), 2.5, 1e-9);
}

VCB_TEST_MAIN("peer_view", {"a new peer is as W3C says", a_new_peer_is_as_w3c_says},
              {"the latest states are told", the_latest_states_are_told},
              {"connect time is from the first start to the last connected",
               connect_time_is_from_the_first_start_to_the_last_connected},
              {"loss is of both peers' last stats", loss_is_of_both_peers_last_stats})
