/* The calls that are under way together.
 *
 *   start: all processes -> join_next: one connects after the other -> all are measured -> is_over -> retire
 *   shared: a network, then all processes -> ... -> when all are connected, they begin together -> ... -> the network goes
 *
 * Processes start together and before any call of their wave, because starting them costs processor time that
 * a call under measurement would feel. Each call connects beside the media of the others, but not beside their
 * handshakes. Main thread only. */
#pragma once

#include "harness/run/call.h"

typedef struct VcbWave VcbWave;

/* `changed` is called when a call has moved on. `context` must outlive the wave. */
VcbWave *vcb_wave_new(const VcbCallContext *context, void (*changed)(gpointer user_data), gpointer user_data);
void vcb_wave_free(VcbWave *wave); /* with the calls that are still there; NULL is fine */

/* Start the plan's next calls, from *next on, which is moved behind them: at most `jobs`, or those that share a network.
 * The wave before must have been retired. */
void vcb_wave_start(VcbWave *wave, const VcbPlan *plan, guint *next, int jobs);

/* Let one call connect if all are ready and none is connecting; let those of a shared network begin when all that will
 * connect have. */
void vcb_wave_join_next(VcbWave *wave);

gboolean vcb_wave_is_over(const VcbWave *wave); /* every call has ended; also where there is none */

/* It is over: free its calls, after `each` has seen them. */
void vcb_wave_retire(VcbWave *wave, void (*each)(const VcbCall *call, gpointer user_data));

guint vcb_wave_n_calls(const VcbWave *wave);

/* End its calls early: see call.h. */
void vcb_wave_fail_unconnected(VcbWave *wave, const char *reason);
void vcb_wave_fail_emulated(VcbWave *wave, const char *reason); /* those with an emulated network */
void vcb_wave_interrupt(VcbWave *wave, const char *reason);
void vcb_wave_kill(VcbWave *wave);
