/* One text on its way out: written once, shared by all clients that it goes to, with room in front for the
 * WebSocket header. Each client's queue adds a note of what it is, for the run log. */
#pragma once

#include <glib.h>

/* Bytes in front of the text that the WebSocket library may write to; client.c checks that they are enough.
 */
#define VCB_FRAME_HEADROOM 16

typedef struct {
    guint refs;
    gsize length; /* of the text */
    guchar bytes[];
} VcbFrame;

VcbFrame *vcb_frame_new(const char *text);
VcbFrame *vcb_frame_ref(VcbFrame *frame);
void vcb_frame_unref(VcbFrame *frame); /* NULL is fine */

static inline guchar *vcb_frame_text(VcbFrame *frame)
{
    return frame->bytes + VCB_FRAME_HEADROOM;
}

/* What a frame is to the run log. */
typedef struct {
    char *room, *call; /* call NULL: vcbench did not announce the room */
    gint64 id;         /* the message's number in its room */
    const char *type;  /* static */
    char *from, *to;   /* from NULL: the server */
    int initiator;     /* of start-call: 0 or 1; else -1 */
} VcbNote;

VcbNote *vcb_note_new(const char *room, const char *call, gint64 id, const char *type, const char *from,
                      const char *to, int initiator);
void vcb_note_free(VcbNote *note); /* NULL is fine */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbFrame, vcb_frame_unref)
