/* Frames of one incoming video stream, as they come out of the decoder, and silence in an incoming audio
 * stream. Pure: times are handed in. Not locked: the caller serialises. */
#pragma once

#include "common/json.h"

typedef struct {
    guint64 received, decoded, dropped;
    gint64 first_us, last_us; /* of decoded frames; -1: none yet */
    int width, height;        /* of the last decoded frame */
    guint64 freezes;
    gint64 freezes_total_us;
    gint64 longest_gap_us;
    gint64 gaps_us[30];   /* the last gaps, for the freeze rule */
    guint n_gaps;         /* ever */
    gint64 recent_us[90]; /* arrival of the last decoded frames, for frames per second */
} VcbFrameMeter;

void vcb_frame_meter_init(VcbFrameMeter *meter);

/* A whole coded frame reached the decoder. */
void vcb_frame_meter_received(VcbFrameMeter *meter);

/* A frame came out of the decoder. A freeze, by the definition of webrtc-stats (freezeCount), is a gap longer
 * than max(3 x mean, mean + 150 ms) of the last 30 gaps between frames. */
void vcb_frame_meter_decoded(VcbFrameMeter *meter, int width, int height, gint64 t_us);

/* Add framesReceived, framesDecoded, framesDropped, framesPerSecond (in the last second), frameWidth,
 * frameHeight, freezeCount, totalFreezesDuration and vcbLongestFrameGap to an inbound-rtp object. A gap that
 * still lasts counts as such. */
void vcb_frame_meter_report(const VcbFrameMeter *meter, gint64 now_us, cJSON *inbound);

typedef struct {
    gint64 silence_us;
    double level; /* of the last interval: 0 to 1, linear (W3C audioLevel); -1: none yet */
} VcbSilenceMeter;

void vcb_silence_meter_init(VcbSilenceMeter *meter);

/* The level of an interval of decoded audio, in dBFS (root mean square). Below -60 dBFS is silence. */
void vcb_silence_meter_level(VcbSilenceMeter *meter, double dbfs, gint64 duration_us);

/* Add audioLevel and vcbSilenceDuration. */
void vcb_silence_meter_report(const VcbSilenceMeter *meter, cJSON *inbound);
