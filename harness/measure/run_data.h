/* The run log, read back: docs/run-log.md as structures. The first step of every report.
 *
 *   events.jsonl -> lines -> VcbEvent -> sorted into calls -> VcbRunData
 *
 * Reading never fails on what a log holds: a cut last line, a line that is no JSON, types that nobody knows,
 * a missing run-start or run-end are all facts about the run, and are told as such. */
#pragma once

#include "common/json.h"

typedef struct {
    gint64 t_us;        /* CLOCK_MONOTONIC, stamped by the source */
    const char *source; /* no-ref, inside `json`; "" where absent */
    const char *type;   /* the same */
    cJSON *json;        /* owned: the whole line */
} VcbEvent;

typedef struct {
    char *id;
    int pair, repeat;
    guint variant; /* index, always below the run's n_variants */
    guint64 seed;
    char **peers;        /* owned, NULL-terminated */
    GPtrArray *events;   /* VcbEvent, no-ref, in the order of their stamps */
    const char *network; /* no-ref: name of its emulated network; "" where there is none */
    const GPtrArray *
        network_events; /* no-ref: all that the emulator and cross traffic said in that network, other calls' lines
                                        too where it is shared; NULL where it said nothing */
    guint n_sharing;     /* calls in that network, this one counted; 0 where there is none */
    gint64 start_us;     /* call-start; -1: the log has none */
    gint64 end_us;       /* call-end; -1: none */
    const char *outcome; /* no-ref: of call-end; "interrupted" where the log ends first */
    const char *reason;  /* no-ref: of call-end; "" where it gives none */
} VcbCallData;

typedef struct {
    GPtrArray *events;      /* VcbEvent, owned, in the order of the log */
    GPtrArray *run_events;  /* VcbEvent, no-ref: those without a call */
    GPtrArray *calls;       /* VcbCallData, owned, in the order in which they started */
    const cJSON *start;     /* no-ref: run-start's line; an empty object where there is none */
    const cJSON *end;       /* no-ref: run-end's line; NULL where there is none */
    guint n_variants;       /* at least 1 */
    guint unreadable_lines; /* no JSON object, the cut last line not among them */
    gboolean cut;           /* the last line was cut */
    GHashTable *networks;   /* owned: name -> GPtrArray of VcbEvent, no-ref, in the order of their stamps */
    cJSON *empty;           /* owned */
} VcbRunData;

/* Read `length` bytes of JSON lines. Never NULL. */
VcbRunData *vcb_run_data_parse(const char *text, gsize length);

/* Read a file. NULL: it cannot be read (VCB_ERROR_USAGE). */
VcbRunData *vcb_run_data_load(const char *path, GError **error);
void vcb_run_data_free(VcbRunData *data);

/* A variant's name: "" where there is no matrix. Owned by the data. */
const char *vcb_run_data_variant_name(const VcbRunData *data, guint variant);

/* The first event of a call with this source (NULL: any), type, and string field `key` equal to `value` (key
 * NULL: any). NULL where there is none. */
const VcbEvent *vcb_call_data_first(const VcbCallData *call, const char *source, const char *type,
                                    const char *key, const char *value);
gboolean vcb_event_matches(const VcbEvent *event, const char *source, const char *type, const char *key,
                           const char *value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbRunData, vcb_run_data_free)
