/* A video file as a live source: decoded, scaled and paced in a pipeline of its own, played again from its
 * beginning when it ends, its frames handed to an appsrc that stamps them as they come.
 *
 *   filesrc ! decodebin ! scale, rate ! appsink (paced) --frames--> appsrc of the call's pipeline
 */
#pragma once

#include <gst/gst.h>

typedef struct VcbPlayout VcbPlayout;

/* `caps`: raw video caps that the frames are converted to. Starts at once. NULL and an error where the file
 * cannot be decoded. */
VcbPlayout *vcb_playout_new(const char *path, const char *caps, GstElement *appsrc, GError **error);
void vcb_playout_free(VcbPlayout *playout);
