/* The meters of one connection behind one lock: streaming threads feed them by pad probes, the main thread
 * reads them.
 *
 *   rtpbin's pads --RTP, RTCP--> VcbRtpMeter      decoder --frames--> VcbFrameMeter      level --dBFS-->
 * VcbSilenceMeter
 */
#pragma once

#include "peers/frame_meter.h"
#include "peers/rtp_meter.h"

#include <gst/gst.h>
#include <gst/sdp/sdp.h>

typedef struct VcbMeters VcbMeters;

/* Told once for each kind and event ("first-packet", "first-frame"), from a streaming thread. */
typedef void (*VcbFirstSeen)(const char *kind, const char *event, int width, int height, gint64 t_us,
                             gpointer user_data);

VcbMeters *vcb_meters_new(VcbFirstSeen first_seen, gpointer user_data);
void vcb_meters_free(VcbMeters *meters);

/* Count what passes through webrtcbin's rtpbin, before encryption and after decryption. Call before it leaves
 * NULL. */
void vcb_meters_attach(VcbMeters *meters, GstElement *rtpbin);

/* Learn the payload types of a description. Main thread. */
void vcb_meters_learn(VcbMeters *meters, const GstSDPMessage *sdp);

/* Count the frames that go into this depayloader's decoder and come out of it. */
void vcb_meters_watch_decoder(VcbMeters *meters, const char *kind, GstElement *depayloader,
                              GstElement *decoder);

/* An interval's level, from the bus. */
void vcb_meters_level(VcbMeters *meters, double dbfs, gint64 duration_us);

/* Append inbound-rtp, outbound-rtp, remote-inbound-rtp and codec objects, with their frames. */
void vcb_meters_report(VcbMeters *meters, gint64 now_us, cJSON *report);
