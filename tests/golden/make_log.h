/* Shared by the makers of synthetic logs: lines, and the parts of a call that all of them have. */
#pragma once

#include <glib.h>

typedef struct {
    const char *name, *description, *settings;
    int pairs, repeat, seconds, cut_after;
    gboolean both_initiate, early_candidates, skipped;
    gboolean is_blocked; /* no candidate pair works */
    const char *matrix;  /* a path with the values true and false; NULL: none */
    const char *expectations, *timeline;
} Plan;

extern const char *const PEERS[]; /* alice, bob */

/* One line; `fields` follow t_us, call (NULL: none), source and type. */
G_GNUC_PRINTF(5, 6)
void emit(gint64 t_us, const char *call, const char *source, const char *type, const char *fields, ...);
void state(gint64 t_us, const char *call, const char *peer, const char *name, const char *value);

/* Draws from the log's one stream: around - by to around + by; TRUE with probability p. */
int jitter(int around, int by);
gboolean chance(double p);

/* `more`: further fields of run-start, of call-start; each begins with a comma. */
void write_run_start(const Plan *plan, gint64 started_us, const char *variants, const char *calls,
                     const char *more);
gint64 begin_call(gint64 t_us, const char *call, int pair, int repeat, guint variant, guint64 seed,
                  const char *more);
void end_call(gint64 t_us, const char *call, const char *outcome, const char *reason);

/* From start-call to connected: when that was, or -1 where it never comes. */
gint64 write_setup(gint64 t_us, const char *call, const Plan *plan, gboolean queue);

/* make_network_log.c. FALSE: no log of that name. */
gboolean write_network_log(const char *name);
