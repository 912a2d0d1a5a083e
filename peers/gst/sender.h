/* One outgoing track: a source, its encoder and payloader, ready before the call begins.
 *
 *   source ! [stop] ! leaky queue ! encoder ! payloader ! [gate] -> webrtcbin
 *
 * `stop` closes on stop-video (mute for audio is a volume element): the track stays, nothing is sent. `gate`
 * is closed until the track is linked, so that the encoder runs and its caps are known when an offer is asked
 * for. Main thread only. */
#pragma once

#include "peers/protocol.h"

#include <gst/gst.h>

typedef struct VcbSender VcbSender;

/* Add the track to `pipeline`, not linked. NULL and an error where an element, file or device is missing. */
VcbSender *vcb_sender_new_video(GstBin *pipeline, const VcbVideoConfig *config, GError **error);
VcbSender *vcb_sender_new_audio(GstBin *pipeline, const VcbAudioConfig *config, GError **error);

/* Link to webrtcbin with this payload type (as in the offer) and open the gate. `linked` is called from the
 * streaming thread when webrtcbin knows the caps, which it must before it can describe the track: with the
 * next frame. */
gboolean vcb_sender_link(VcbSender *sender, GstElement *webrtc, int payload_type,
                         void (*linked)(gpointer user_data), gpointer user_data, GError **error);

/* TRUE: nothing is sent (video), silence is sent (audio). */
void vcb_sender_set_muted(VcbSender *sender, gboolean muted);

const char *vcb_sender_kind(const VcbSender *sender);
const char *vcb_sender_encoding(const VcbSender *sender);
int vcb_sender_default_payload_type(const VcbSender *sender);
gboolean vcb_sender_is_linked(const VcbSender *sender); /* vcb_sender_link was called */
gboolean vcb_sender_has_caps(const VcbSender *sender);  /* and webrtcbin knows its caps */

void vcb_sender_free(VcbSender *sender);
