/* What each codec needs of GStreamer: elements with their real-time settings, RTP names, and the package to
 * install where an element is missing. One const table (codecs.c). */
#pragma once

#include "peers/protocol.h"

typedef struct VcbCodec VcbCodec;

/* NULL where there is no such codec. Names as in scenarios: "vp8", "vp9", "h264", "opus". */
const VcbCodec *vcb_codec_find(const char *name);

const char *vcb_codec_kind(const VcbCodec *codec);     /* "audio", "video" */
const char *vcb_codec_encoding(const VcbCodec *codec); /* SDP name: "VP8" */
int vcb_codec_default_payload_type(const VcbCodec *codec);

/* Why this machine cannot encode or decode it, with the package that mends it; NULL where it can. New string.
 */
char *vcb_codec_encode_problem(const VcbCodec *codec);
char *vcb_codec_decode_problem(const VcbCodec *codec);

/* "encoder settings ! payloader name=payloader" for gst_parse_launch; the encoder is named "encoder". New
 * string. */
char *vcb_codec_sender(const VcbCodec *codec, gint64 bitrate_bps, double fps);

/* "depayloader name=depayloader ! decoder name=decoder". New string. */
char *vcb_codec_receiver(const VcbCodec *codec);

/* The codec of an SDP encoding name ("VP8"), or NULL. */
const VcbCodec *vcb_codec_of_encoding(const char *encoding);

/* RTP caps of one payload type, as offered in a recvonly section. New string. */
char *vcb_codec_caps(const VcbCodec *codec);
