#include "harness/measure/setup.h"

#include "harness/measure/samples.h"

#include <string.h>

const char *const VCB_PHASE_METRICS[VCB_N_PHASES] = {"phase_offer_ms",        "phase_answer_ms",
                                                     "phase_ice_ms",          "phase_dtls_ms",
                                                     "phase_first_packet_ms", "phase_first_frame_ms"};

static gint64 first_state(const VcbCallData *call, const char *peer, const char *name, const char *value)
{
    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, peer, "state", "name", name) &&
            g_strcmp0(vcb_json_string(event->json, "value", NULL), value) == 0)
            return event->t_us;
    }
    return VCB_UNKNOWN_US;
}

/* The earlier of two moments, either of which may be unknown. */
static gint64 earlier(gint64 a, gint64 b)
{
    return a == VCB_UNKNOWN_US ? b : b == VCB_UNKNOWN_US ? a : MIN(a, b);
}

static gint64 later_peer(const VcbCallData *call, const char *name, const char *value, const char *or_value)
{
    gint64 latest = VCB_UNKNOWN_US;

    for (char **peer = call->peers; *peer; peer++) {
        gint64 at = first_state(call, *peer, name, value);

        if (or_value)
            at = earlier(at, first_state(call, *peer, name, or_value));
        if (at == VCB_UNKNOWN_US)
            return VCB_UNKNOWN_US;
        latest = MAX(latest, at);
    }
    return latest;
}

/* The peer whose answer took effect, and its partner. After a collision both may have made an offer, and even
 * an answer: the offering peer is the first that set an answer as its remote description. */
static void find_negotiation(const VcbCallData *call, VcbSetup *setup)
{
    const char *offerer = NULL;

    for (guint i = 0; i < call->events->len && !offerer; i++) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, NULL, "state", "value", "remote-description-set") &&
            g_strcmp0(vcb_json_string(event->json, "description", NULL), "answer") == 0) {
            offerer = event->source;
            setup->answer_set_us = event->t_us;
        }
    }
    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, NULL, "state", "value", "offer-received") &&
            (!offerer || strcmp(event->source, offerer) != 0)) {
            setup->offer_received_us = event->t_us;
            break;
        }
    }
}

static gboolean is_sent_by_a_partner(const VcbCallData *call, const char *peer, VcbKind kind)
{
    for (char **other = call->peers; *other; other++) {
        if (strcmp(*other, peer) != 0 && vcb_samples_has_sent(call, *other, kind))
            return TRUE;
    }
    return FALSE;
}

/* The last of the streams that are sent to have its first packet or frame; unknown as long as one has none.
 */
static gint64 last_beginning(const VcbCallData *call, const char *event_name, int kinds)
{
    gint64 latest = VCB_UNKNOWN_US;

    for (char **peer = call->peers; *peer; peer++) {
        for (int kind = VCB_KIND_VIDEO; kind <= VCB_KIND_AUDIO; kind++) {
            gint64 first = VCB_UNKNOWN_US;

            if (!(kind & kinds))
                continue;
            for (guint i = 0; i < call->events->len && first == VCB_UNKNOWN_US; i++) {
                const VcbEvent *event = call->events->pdata[i];

                if (vcb_event_matches(event, *peer, "frame", "event", event_name) &&
                    strcmp(vcb_json_string(event->json, "kind", ""), vcb_kind_name((VcbKind)kind)) == 0 &&
                    strcmp(vcb_json_string(event->json, "direction", "in"), "in") == 0)
                    first = event->t_us;
            }
            if (first == VCB_UNKNOWN_US && is_sent_by_a_partner(call, *peer, (VcbKind)kind))
                return VCB_UNKNOWN_US;
            latest = MAX(latest, first);
        }
    }
    return latest;
}

static gint64 find_start_call(const VcbCallData *call)
{
    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, "signald", "signal", "message", "start-call") &&
            g_strcmp0(vcb_json_string(event->json, "action", NULL), "sent") == 0)
            return event->t_us;
    }
    return VCB_UNKNOWN_US;
}

VcbSetup vcb_setup_of(const VcbCallData *call)
{
    VcbSetup setup = {.start_call_us = find_start_call(call),
                      .offer_received_us = VCB_UNKNOWN_US,
                      .answer_set_us = VCB_UNKNOWN_US,
                      .ice_connected_us = later_peer(call, "iceConnectionState", "connected", "completed"),
                      .connected_us = later_peer(call, "connectionState", "connected", NULL),
                      .first_packet_us = last_beginning(call, "first-packet", VCB_KIND_BOTH),
                      .first_frame_us = last_beginning(call, "first-frame", VCB_KIND_VIDEO),
                      .datachannel_us = later_peer(call, "dataChannelState", "open", NULL)};

    find_negotiation(call, &setup);
    return setup;
}

gboolean vcb_setup_boundaries(const VcbSetup *setup, gint64 ret_boundaries_us[VCB_N_PHASES + 1],
                              guint *ret_n_phases)
{
    const gint64 moments[VCB_N_PHASES + 1] = {
        setup->start_call_us, setup->offer_received_us, setup->answer_set_us, setup->ice_connected_us,
        setup->connected_us,  setup->first_packet_us,   setup->first_frame_us};
    guint n_phases = VCB_N_PHASES;

    for (guint i = 0; i <= VCB_N_PHASES; i++) {
        if (moments[i] == VCB_UNKNOWN_US && i <= 4)
            return FALSE;
        if (moments[i] == VCB_UNKNOWN_US)
            n_phases = MIN(n_phases, i - 1);
    }
    if (setup->connected_us < setup->start_call_us)
        return FALSE;
    ret_boundaries_us[0] = 0;
    for (guint i = 1; i <= n_phases; i++) {
        gint64 at = moments[i];

        if (i < 4)
            at = MIN(at, setup->connected_us);
        ret_boundaries_us[i] = MAX(at - setup->start_call_us, ret_boundaries_us[i - 1]);
    }
    *ret_n_phases = n_phases;
    return TRUE;
}

static void put_since_start(const VcbSetup *setup, VcbMetricSet *metrics, const char *name, gint64 at_us)
{
    if (setup->start_call_us != VCB_UNKNOWN_US && at_us >= setup->start_call_us)
        vcb_metric_set_put(metrics, name, (double)(at_us - setup->start_call_us) / 1000);
}

void vcb_setup_measure(const VcbSetup *setup, VcbMetricSet *metrics)
{
    gint64 boundaries_us[VCB_N_PHASES + 1];
    guint n_phases;

    vcb_metric_set_put(metrics, "connected", setup->connected_us != VCB_UNKNOWN_US);
    put_since_start(setup, metrics, "connect_time_ms", setup->connected_us);
    if (vcb_setup_boundaries(setup, boundaries_us, &n_phases)) {
        for (guint i = 0; i < n_phases; i++)
            vcb_metric_set_put(metrics, VCB_PHASE_METRICS[i],
                               (double)(boundaries_us[i + 1] - boundaries_us[i]) / 1000);
    }
    put_since_start(setup, metrics, "time_to_first_frame_ms", setup->first_frame_us);
    put_since_start(setup, metrics, "datachannel_open_ms", setup->datachannel_us);
}
