/* Two webrtcbins in one pipeline, for probes: candidates go straight from one to the other, descriptions when
 * told. The main thread may wait for promises, for webrtcbin has a thread of its own. */
#pragma once

#include <gst/gst.h>
#include <gst/webrtc/webrtc.h>

typedef struct {
    GstElement *pipeline;
    GstElement *a, *b;    /* in the pipeline */
    gint candidates_of_a; /* atomic: given to b so far */
    gint connected;       /* atomic: how many are */
} ProbePair;

/* gst_init, both bound to 127.0.0.1, max-bundle, not started. Exits with 77 where webrtcbin or libnice's
 * plugin is missing. */
void probe_pair_init(ProbePair *pair);

/* The same, each bound to an address of its own. */
void probe_pair_init_at(ProbePair *pair, const char *address_of_a, const char *address_of_b);

/* Add a live source ("videotestsrc ! ... ! application/x-rtp,...") and link it to `webrtc`. */
void probe_pair_add_source(ProbePair *pair, GstElement *webrtc, const char *description);

/* createOffer or createAnswer; the caller frees. NULL where there is an error. */
GstWebRTCSessionDescription *probe_create(GstElement *webrtc, const char *type);

/* setLocalDescription or setRemoteDescription ("set-local-description"); the caller keeps it. */
void probe_set(GstElement *webrtc, const char *what, GstWebRTCSessionDescription *description);

/* b answers a's offer, a takes the answer. */
void probe_pair_answer(ProbePair *pair, GstWebRTCSessionDescription *offer);

/* Run the main loop until *counter is at least `least`; FALSE after 10 s. */
gboolean probe_wait(gint *counter, gint least);

void probe_run_for_ms(guint duration_ms);

void probe_pair_clear(ProbePair *pair);
