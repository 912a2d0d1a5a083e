#include "peers/gst/candidates.h"

#include "common/clock.h"
#include "peers/gst/connection_internal.h"
#include "peers/gst/connection_post.h"

#include <gst/webrtc/webrtc.h>
#include <string.h>

static void free_json(gpointer data)
{
    cJSON_Delete(data);
}

static void send_candidate(VcbConnection *connection, gpointer data)
{
    cJSON *candidate = data;
    cJSON *message, *step;

    if (!connection->local_sent) {
        g_queue_push_tail(&connection->late_candidates, candidate);
        return;
    }
    guint section = (guint)vcb_json_int(candidate, "sdpMLineIndex", 0);
    if (connection->mids && section < g_strv_length(connection->mids))
        cJSON_AddStringToObject(candidate, "sdpMid", connection->mids[section]);
    step = vcb_peer_step("candidate-sent", vcb_clock_now_us());
    cJSON_AddStringToObject(step, "candidate", vcb_json_string(candidate, "candidate", ""));
    connection->events.report(step, connection->user_data);
    message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "type", "ice-candidate");
    cJSON_AddItemToObject(message, "candidate", candidate);
    connection->events.signal(message, connection->user_data);
}

static cJSON *candidate_init(guint section, const char *text)
{
    cJSON *candidate = cJSON_CreateObject();

    cJSON_AddStringToObject(candidate, "candidate", text);
    cJSON_AddNumberToObject(candidate, "sdpMLineIndex", section);
    return candidate;
}

static void on_candidate(GstElement *webrtc, guint section, const char *candidate, gpointer user_data)
{
    vcb_connection_post(user_data, send_candidate, candidate_init(section, candidate), free_json);
}

static void on_gathering(GstElement *webrtc, GParamSpec *property, gpointer user_data)
{
    GstWebRTCICEGatheringState state;

    g_object_get(webrtc, "ice-gathering-state", &state, NULL);
    if (state == GST_WEBRTC_ICE_GATHERING_STATE_COMPLETE) /* RFC 8838 section 13: no more will come */
        vcb_connection_post(user_data, send_candidate, candidate_init(0, ""), free_json);
}

static void report_candidate(VcbConnection *connection, const char *step_name, const cJSON *candidate,
                             const char *reason)
{
    cJSON *step = vcb_peer_step(step_name, vcb_clock_now_us());

    cJSON_AddStringToObject(step, "candidate", vcb_json_string(candidate, "candidate", ""));
    vcb_json_add_string(step, "reason", reason);
    connection->events.report(step, connection->user_data);
}

static void apply_candidate(VcbConnection *connection, const cJSON *candidate)
{
    const char *text = vcb_json_string(candidate, "candidate", "");
    gint64 section = vcb_json_int(candidate, "sdpMLineIndex", 0);

    if (section < 0 || section >= connection->n_remote_sections) {
        g_autofree char *reason =
            g_strdup_printf("OperationError: addIceCandidate: no m-line %" G_GINT64_FORMAT, section);

        report_candidate(connection, "candidate-rejected", candidate, reason);
        return;
    }
    if (*text)
        g_signal_emit_by_name(connection->webrtc, "add-ice-candidate", (guint)section, text);
    report_candidate(connection, "candidate-added", candidate, NULL);
}

/* addIceCandidate, when its turn in the operations chain has come. */
static void run_add_candidate(VcbConnection *connection, const cJSON *candidate)
{
    static const char reason[] = "InvalidStateError: addIceCandidate: the remote description is null";

    if (connection->has_remote_description) {
        apply_candidate(connection, candidate);
        return;
    }
    /* W3C WebRTC 1.0, addIceCandidate: rejected with InvalidStateError while remoteDescription is null. */
    report_candidate(connection, "candidate-rejected", candidate, reason);
    connection->events.report(vcb_peer_error("InvalidStateError", reason + strlen("InvalidStateError: "),
                                             FALSE, vcb_clock_now_us()),
                              connection->user_data);
}

void vcb_connection_add_candidate(VcbConnection *connection, const cJSON *candidate)
{
    report_candidate(connection, "candidate-received", candidate, NULL);
    if (!connection->has_remote_description && connection->config->candidate_queue) {
        report_candidate(connection, "candidate-queued", candidate, NULL);
        g_queue_push_tail(&connection->early_candidates, cJSON_Duplicate(candidate, TRUE));
    } else if (connection->setting_remote) {
        /* W3C WebRTC 1.0 section 4.4.1.2: it waits in the operations chain, and finds the description set. */
        g_queue_push_tail(&connection->chained_candidates, cJSON_Duplicate(candidate, TRUE));
    } else {
        run_add_candidate(connection, candidate);
    }
}

/* A setRemoteDescription is done, well or not: go on with what was chained behind it. */
void vcb_candidates_run_chained(VcbConnection *connection)
{
    cJSON *candidate;

    if (--connection->setting_remote)
        return;
    while ((candidate = g_queue_pop_head(&connection->chained_candidates))) {
        run_add_candidate(connection, candidate);
        cJSON_Delete(candidate);
    }
}

void vcb_candidates_send_late(VcbConnection *connection)
{
    cJSON *candidate;

    connection->local_sent = TRUE;
    while ((candidate = g_queue_pop_head(&connection->late_candidates)))
        send_candidate(connection, candidate);
}

void vcb_candidates_apply_early(VcbConnection *connection)
{
    cJSON *candidate;

    while ((candidate = g_queue_pop_head(&connection->early_candidates))) {
        apply_candidate(connection, candidate);
        cJSON_Delete(candidate);
    }
}

void vcb_candidates_watch(VcbConnection *connection)
{
    g_signal_connect(connection->webrtc, "notify::ice-gathering-state", G_CALLBACK(on_gathering), connection);
    g_signal_connect(connection->webrtc, "on-ice-candidate", G_CALLBACK(on_candidate), connection);
}

void vcb_candidates_clear(VcbConnection *connection)
{
    g_queue_clear_full(&connection->early_candidates, free_json);
    g_queue_clear_full(&connection->late_candidates, free_json);
    g_queue_clear_full(&connection->chained_candidates, free_json);
}
