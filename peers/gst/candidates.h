/* The ICE candidates of a connection, in both directions: local ones follow the description that they belong to, remote
 * ones wait for theirs or are rejected, as the W3C has it. */
#pragma once

#include "peers/gst/connection_events.h"

/* addIceCandidate: the `candidate` member of an ice-candidate message. */
void vcb_connection_add_candidate(VcbConnection *connection, const cJSON *candidate);

/* For the connection's own files; all on the main thread. */
void vcb_candidates_watch(VcbConnection *connection);       /* connect webrtcbin's signals */
void vcb_candidates_send_late(VcbConnection *connection);   /* the local description is on its way */
void vcb_candidates_apply_early(VcbConnection *connection); /* the remote description is set */
void vcb_candidates_run_chained(VcbConnection *connection); /* a setRemoteDescription is done, well or not */
void vcb_candidates_clear(VcbConnection *connection);
