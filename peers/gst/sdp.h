/* What we read from a session description (RFC 8866) beyond what webrtcbin does by itself. */
#pragma once

#include <glib.h>
#include <gst/sdp/sdp.h>

typedef struct {
    int payload_type;
    const char *kind;     /* "audio", "video"; owned by the description */
    const char *encoding; /* "VP8"; valid during the callback */
    int clock_rate;
    int apt; /* of RTX (RFC 4588): the payload type that it repeats; else -1 */
} VcbSdpPayload;

/* Every rtpmap of every audio and video section. */
void vcb_sdp_for_each_payload(const GstSDPMessage *sdp,
                              void (*callback)(const VcbSdpPayload *payload, gpointer user_data),
                              gpointer user_data);

/* The payload type under which `encoding` is offered in a section of this kind, or -1. For H.264 with
 * packetization-mode 1 (RFC 6184) where there is a choice. */
int vcb_sdp_find_payload_type(const GstSDPMessage *sdp, const char *kind, const char *encoding);

/* Is there a section of this kind that the other side would receive (not sendonly, not inactive, not
 * rejected)? */
gboolean vcb_sdp_accepts(const GstSDPMessage *sdp, const char *kind);
