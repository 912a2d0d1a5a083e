/* One incoming track: from webrtcbin's pad to a decoder whose frames are counted and dropped.
 *
 *   webrtcbin -> depayloader ! decoder ! sink            (video)
 *   webrtcbin -> depayloader ! decoder ! level ! sink    (audio; the level comes over the bus)
 *
 * Until it is attached, what comes is thrown away, as with a track that nobody listens to. Any thread. */
#pragma once

#include "peers/gst/meters.h"

typedef struct VcbReceiver VcbReceiver;

/* For a source pad of webrtcbin (RTP caps). NULL where it is neither audio nor video. Takes a reference on
 * the pad. */
VcbReceiver *vcb_receiver_new(GstPad *pad);

const char *vcb_receiver_kind(const VcbReceiver *receiver);
gboolean vcb_receiver_is_attached(const VcbReceiver *receiver);

/* Build the decoder in `pipeline` and let data flow. FALSE and an error where the codec is not known here. */
gboolean vcb_receiver_attach(VcbReceiver *receiver, GstBin *pipeline, VcbMeters *meters, GError **error);

void vcb_receiver_free(VcbReceiver *receiver);
