/* One RTCPeerConnection on webrtcbin, with W3C semantics where webrtcbin has others:
 *  - a candidate that comes before the remote description is rejected (or kept in the application's queue, if
 * that is on); webrtcbin would keep it inside and never tell;
 *  - the description is sent before the candidates that belong to it.
 *
 *   main thread: calls --> webrtcbin's thread --> promise, notify --> idle on the main context --> events
 *
 * Offer and answer: negotiation.h; the candidates of both sides: candidates.h.
 * Owns the pipeline with its tracks. All calls and events are on the default context's thread. */
#pragma once

#include "peers/gst/connection_events.h"

/* Builds the pipeline and starts its sources, so that encoders are warm when the call begins. `config` must
 * outlive it. NULL and an error (with the package to install) where something is missing. */
VcbConnection *vcb_connection_new(const VcbPeerConfig *config, const VcbConnectionEvents *events,
                                  gpointer user_data, GError **error);

void vcb_connection_set_audio_muted(VcbConnection *connection, gboolean muted);
void vcb_connection_set_video_stopped(VcbConnection *connection, gboolean stopped);

/* FALSE where the data channel is not open. */
gboolean vcb_connection_send_chat(VcbConnection *connection, const char *text);
void vcb_connection_ping(VcbConnection *connection);

/* Append W3C stats objects. */
void vcb_connection_report_stats(VcbConnection *connection, gint64 now_us, cJSON *report);

/* Close: media stops, the other side sees it end. No event afterwards. NULL is fine. */
void vcb_connection_free(VcbConnection *connection);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbConnection, vcb_connection_free)
