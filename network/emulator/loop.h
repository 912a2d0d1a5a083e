/* The loop: descriptors by epoll, one timer at absolute times of CLOCK_MONOTONIC, and work that waits for nothing but its turn.
 *
 *   due? -> advance -> a slice of work -> wait for descriptors or the timer -> each ready one, a bounded batch -> due? ...
 *
 * Whatever comes in, packets that are due go first: every callback does a bounded amount of work (some 50 us), and what is due is
 * looked at between any two of them. One thread. */
#pragma once

#include <glib.h>

/* CLOCK_MONOTONIC in ns. */
gint64 vcb_now_ns(void);

typedef struct VcbLoop VcbLoop;
typedef struct VcbLoopWatch VcbLoopWatch;

typedef struct {
    /* When `advance` has something to do; VCB_NEVER_NS. */
    gint64 (*next_ns)(void *user_data);
    void (*advance)(gint64 now_ns, void *user_data);
    /* A slice of work that may wait; TRUE: there is more. */
    gboolean (*work)(void *user_data);
} VcbLoopTasks;

VcbLoop *vcb_loop_new(GError **error);
void vcb_loop_free(VcbLoop *loop); /* NULL is fine */

/* Call `ready` while the descriptor has one of these epoll events. The descriptor stays the caller's: unwatch before
 * closing it. A watch may end itself or any other from within a callback. */
VcbLoopWatch *vcb_loop_watch(VcbLoop *loop, int fd, guint32 events,
                             void (*ready)(guint32 events, void *user_data), void *user_data);
void vcb_loop_unwatch(VcbLoop *loop, VcbLoopWatch *watch); /* NULL is fine */

/* Until vcb_loop_quit. may_hog FALSE: the process runs with real-time priority, so that it must not keep a
 * processor for longer than a moment (priority.h); after 20 ms without a pause the loop rests for 1 ms. */
void vcb_loop_run(VcbLoop *loop, const VcbLoopTasks *tasks, void *user_data, gboolean may_hog);
void vcb_loop_quit(VcbLoop *loop);

/* Advance what is due, from within a callback that does more than a few us of work. */
void vcb_loop_let_due_go(VcbLoop *loop);
