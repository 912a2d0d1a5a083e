/* Being on time on a busy machine: SCHED_FIFO, memory that is never paged out, timers without slack.
 *
 * A process with real-time priority that never waits keeps everybody else off its processor. Three bounds against that, from the
 * inside out: the loop rests for 1 ms after 20 ms without a pause (loop.c), so that others get 5 % at least; where that fails,
 * RLIMIT_RTTIME's signal after 0.5 s without a pause puts the process back to SCHED_OTHER; where that fails, its hard limit
 * kills it after 2 s. Children and threads start with SCHED_OTHER. */
#pragma once

#include <glib.h>

typedef struct {
    gboolean is_fifo;
    gboolean is_memory_locked;
    int fifo_errno, lock_errno; /* why not */
} VcbPriority;

/* Take what is permitted, and say what that was. Before privileges are dropped, and after the host maker was forked. */
VcbPriority vcb_priority_raise(void);

/* Timers fire when they are due, not up to 50 us later. Needs no right. */
void vcb_priority_sharpen_timers(void);

/* Whether RLIMIT_RTTIME has taken SCHED_FIFO away; told once. */
gboolean vcb_priority_take_loss(void);

/* One word for a message: "fifo", "other". */
const char *vcb_priority_scheduler(const VcbPriority *priority);
