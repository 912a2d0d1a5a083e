/* What really went over the connection, counted from the packets themselves: the RTP and RTCP between the
 * engine and its encryption. The statistics of the engine are not used where they are known to be wrong; this
 * is the one place that replaces them (docs/peer-protocol.md, "stats").
 *
 *   encoder -> payloader -> [engine] --+--> SRTP -> network -> SRTP --+--> [engine] -> depayloader -> decoder
 *                                      |tap                           |tap
 *
 * Pure: bytes and times are handed in. Not locked: the caller serialises. */
#pragma once

#include "common/json.h"

typedef struct VcbRtpMeter VcbRtpMeter;

typedef enum {
    VCB_DIRECTION_IN,
    VCB_DIRECTION_OUT,
} VcbDirection;

VcbRtpMeter *vcb_rtp_meter_new(void);
void vcb_rtp_meter_free(VcbRtpMeter *meter);

/* What a payload type means, as negotiated. `codec` in SDP spelling ("VP8"). `apt`: for an RTX payload type
 * (RFC 4588) the type that it repeats, else -1. kind: "audio" or "video". */
void vcb_rtp_meter_set_payload(VcbRtpMeter *meter, int payload_type, const char *kind, const char *codec,
                               int clock_rate, int apt);

/* One RTP packet, unencrypted, without the SRTP tag. What is not RTP is ignored. */
void vcb_rtp_meter_rtp(VcbRtpMeter *meter, VcbDirection direction, const guint8 *packet, gsize size,
                       gint64 t_us);

/* One compound RTCP packet. Malformed ones are read as far as they make sense. */
void vcb_rtp_meter_rtcp(VcbRtpMeter *meter, VcbDirection direction, const guint8 *packet, gsize size,
                        gint64 t_us);

/* Append to `report` the W3C stats objects inbound-rtp, outbound-rtp, remote-inbound-rtp and codec, one of
 * the first for each primary SSRC. Frame counts are not this module's: the caller adds them to the objects of
 * its kind. */
void vcb_rtp_meter_report(const VcbRtpMeter *meter, cJSON *report);

/* Has a packet of this kind come in? Time of the first one, or -1. */
gint64 vcb_rtp_meter_first_in_us(const VcbRtpMeter *meter, const char *kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbRtpMeter, vcb_rtp_meter_free)
