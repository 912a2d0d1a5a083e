#include "signaling/frame.h"

#include <string.h>

VcbFrame *vcb_frame_new(const char *text)
{
    gsize length = strlen(text);
    VcbFrame *frame = g_malloc(sizeof *frame + VCB_FRAME_HEADROOM + length + 1);

    frame->refs = 1;
    frame->length = length;
    memcpy(vcb_frame_text(frame), text, length + 1);
    return frame;
}

VcbFrame *vcb_frame_ref(VcbFrame *frame)
{
    frame->refs++;
    return frame;
}

void vcb_frame_unref(VcbFrame *frame)
{
    if (frame && --frame->refs == 0)
        g_free(frame);
}

VcbNote *vcb_note_new(const char *room, const char *call, gint64 id, const char *type, const char *from,
                      const char *to, int initiator)
{
    VcbNote *note = g_new0(VcbNote, 1);

    *note = (VcbNote){.room = g_strdup(room),
                      .call = g_strdup(call),
                      .id = id,
                      .type = type,
                      .from = g_strdup(from),
                      .to = g_strdup(to),
                      .initiator = initiator};
    return note;
}

void vcb_note_free(VcbNote *note)
{
    if (!note)
        return;
    g_free(note->room);
    g_free(note->call);
    g_free(note->from);
    g_free(note->to);
    g_free(note);
}
