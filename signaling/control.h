/* The commands that vcbench gives over the control channel: rooms to expect, rooms to close. Its end ends the
 * server. */
#pragma once

#include "signaling/hub.h"

typedef struct VcbControl VcbControl;

/* Takes the descriptor over. `ended` is called once, when vcbench is gone. */
VcbControl *vcb_control_new(int fd, void (*ended)(gpointer user_data), gpointer user_data);
void vcb_control_free(VcbControl *control);

/* Commands go here from now on; NULL: nowhere (they are answered with an `error`). */
void vcb_control_set_hub(VcbControl *control, VcbHub *hub);

/* For vcb_events_*; NULL for a NULL control. */
VcbChannel *vcb_control_channel(VcbControl *control);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbControl, vcb_control_free)
