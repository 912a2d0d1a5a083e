#include "harness/run/peer_view.h"

#include "common/clock.h"

void vcb_peer_view_init(VcbPeerView *view)
{
    *view = (VcbPeerView){.signaling_state = g_strdup("stable"),
                          .ice_state = g_strdup("new"),
                          .connection_state = g_strdup("new")};
}

void vcb_peer_view_clear(VcbPeerView *view)
{
    g_free(view->signaling_state);
    g_free(view->ice_state);
    g_free(view->connection_state);
    *view = (VcbPeerView){0};
}

static void remember(char **state, const char *value)
{
    g_free(*state);
    *state = g_strdup(value);
}

void vcb_peer_view_take_state(VcbPeerView *view, const cJSON *message)
{
    const char *name = vcb_json_string(message, "name", ""), *value = vcb_json_string(message, "value", "");
    gint64 t_us = vcb_json_int(message, "t_us", vcb_clock_now_us());

    if (g_str_equal(name, "signalingState")) {
        remember(&view->signaling_state, value);
    } else if (g_str_equal(name, "iceConnectionState")) {
        remember(&view->ice_state, value);
    } else if (g_str_equal(name, "connectionState")) {
        remember(&view->connection_state, value);
        if (g_str_equal(value, "connected") && !view->connected) {
            view->connected = TRUE;
            view->connected_us = t_us;
        }
    } else if (g_str_equal(name, "step") && g_str_equal(value, "start-call")) {
        view->start_call_us = t_us;
    }
}

void vcb_peer_view_take_stats(VcbPeerView *view, const cJSON *message)
{
    const cJSON *object;

    view->received = view->lost = 0;
    cJSON_ArrayForEach (object, vcb_json_array(message, "report")) {
        if (g_str_equal(vcb_json_string(object, "type", ""), "inbound-rtp")) {
            view->received += vcb_json_number(object, "packetsReceived", 0);
            view->lost += vcb_json_number(object, "packetsLost", 0);
        }
    }
}

char *vcb_peer_view_describe(const VcbPeerView *view)
{
    return g_strdup_printf("signalingState %s, iceConnectionState %s, connectionState %s",
                           view->signaling_state, view->ice_state, view->connection_state);
}

double vcb_peer_view_connect_ms(const VcbPeerView *a, const VcbPeerView *b)
{
    gint64 start_us = MIN(a->start_call_us, b->start_call_us);

    if (!a->connected || !b->connected || !start_us)
        return -1;
    return (double)(MAX(a->connected_us, b->connected_us) - start_us) / 1000;
}

double vcb_peer_view_loss_pct(const VcbPeerView *a, const VcbPeerView *b)
{
    double received = a->received + b->received, lost = a->lost + b->lost;

    return received + lost > 0 ? 100 * lost / (received + lost) : -1;
}
