/* Offer and answer of a connection. Main thread. */
#pragma once

#include "peers/gst/connection_events.h"

/* createOffer, setLocalDescription, and send it. */
void vcb_connection_offer(VcbConnection *connection);

/* setRemoteDescription; an offer is answered. `type`: "offer" or "answer". */
void vcb_connection_set_remote_description(VcbConnection *connection, const char *type, const char *sdp);
