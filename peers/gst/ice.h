/* The ICE agent inside webrtcbin (libnice): servers, addresses, and which pair of candidates was chosen. */
#pragma once

#include "peers/protocol.h"

#include <gst/gst.h>

typedef struct VcbIce VcbIce;

/* Call before webrtcbin leaves NULL. FALSE and an error for a server URL that cannot be read. */
VcbIce *vcb_ice_new(GstElement *webrtc, const VcbPeerConfig *config, GError **error);
void vcb_ice_free(VcbIce *ice);

/* Append candidate-pair, local-candidate, remote-candidate and transport objects for the selected pairs. Main
 * thread. */
void vcb_ice_report(VcbIce *ice, cJSON *report);

/* A turns: server (TURN over TLS): libnice takes its URL, but speaks no TLS to it and then gathers without end
 * (tests/probe/turn_transports.c), so vcb_ice_new leaves it out. */
gboolean vcb_ice_is_turns(const VcbIceServerConfig *server);

/* "turn:host:port?transport=udp" (RFC 7065) with its credentials as webrtcbin wants it:
 * "turn://user:password@host:port?transport=udp". NULL and an error where it is no such URL. */
char *vcb_ice_turn_url(const VcbIceServerConfig *server, GError **error);
