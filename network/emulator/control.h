/* The control channel on the emulator's loop: JSON lines between vcbench and the emulator, with descriptors.
 *
 *   epoll (edge-triggered) -> the channel's own GMainContext -> messages -> emulator        emulator -> say -> channel
 */
#pragma once

#include "network/emulator/emulator.h"

typedef struct VcbNetControl VcbNetControl;

/* Takes the descriptor over. `ended`: vcbench is gone. */
VcbNetControl *vcb_net_control_new(int fd, VcbLoop *loop, void (*ended)(void *user_data), void *user_data);
void vcb_net_control_free(VcbNetControl *control); /* NULL is fine */

/* Whom commands go to; until then they are answered with errors. */
void vcb_net_control_set_emulator(VcbNetControl *control, VcbEmulator *emulator);

/* One message, and the descriptors with it, which stay the caller's. */
void vcb_net_control_say(VcbNetControl *control, const cJSON *message, const int *fds, guint n);

/* TRUE: messages wait that a turn did not have time for. A slice of work: handle some of them. */
gboolean vcb_net_control_work(VcbNetControl *control);

/* The last words: send what is queued, for at most so long. */
void vcb_net_control_flush(VcbNetControl *control, gint64 at_most_us);
