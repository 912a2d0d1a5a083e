/* A vcbench-peer process under test: its control channel, and everything that it has said, in order.
 *
 * Patterns are JSON objects written with ' for ": a message matches where it has at least these fields with
 * these values. A wait ends on the message, or fails the test after 20 s. */
#pragma once

#include "common/json.h"
#include "tests/peer/room.h"

typedef struct VcbSubject VcbSubject;

/* Start the program that VCBENCH_PEER names. `environment`: as in VcbChildParams, or NULL. */
VcbSubject *vcb_subject_new(const char *const *environment);
void vcb_subject_free(VcbSubject *subject);

/* Send a command, with ' for " (an apostrophe cannot be sent). */
void vcb_subject_send(VcbSubject *subject, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Send bytes as they are. */
void vcb_subject_send_raw(VcbSubject *subject, const char *text);

/* configure with 320x180 VP8, Opus, data channel, candidates of 127.0.0.1, and `more` fields (a pattern, or
 * NULL) in place of those. */
void vcb_subject_configure(VcbSubject *subject, const char *name, const char *more);

/* Wait until it is ready, with nothing unsupported; join the room, wait until it is in. */
void vcb_subject_join(VcbSubject *subject, const VcbTestRoom *room);

const char *vcb_subject_name(const VcbSubject *subject);

/* The first message that matches, of those after `after` (NULL: of all); NULL where there is none (yet).
 * Owned by the subject. */
const cJSON *vcb_subject_find(const VcbSubject *subject, const cJSON *after, const char *pattern);
guint vcb_subject_count(const VcbSubject *subject, const char *pattern);

/* The same, when it comes. Never NULL: the test ends where it does not come. */
const cJSON *vcb_subject_wait_after(VcbSubject *subject, const cJSON *after, const char *pattern);
const cJSON *vcb_subject_wait(VcbSubject *subject, const char *pattern);

/* The stamp of the first message that matches; -1 where there is none. */
gint64 vcb_subject_stamp(const VcbSubject *subject, const char *pattern);

/* Close the control channel, as a vcbench that has died. */
void vcb_subject_close_control(VcbSubject *subject);

/* Wait for its end; returns the wait status, and how long it took. */
int vcb_subject_wait_end(VcbSubject *subject, gint64 *ret_took_us);

/* Run the main loop until the condition holds; FALSE after 20 s. */
gboolean vcb_run_until(gboolean (*condition)(gpointer user_data), gpointer user_data);

/* Run the main loop for so long: where the passing of time itself is what is being tried. */
void vcb_run_for(gint64 duration_us);

/* Does `value` have at least the fields and values of `pattern`? */
gboolean vcb_json_has_all(const cJSON *value, const cJSON *pattern);

/* hang-up, wait for the last stats (returned, owned by the subject) and bye. */
const cJSON *vcb_subject_hang_up(VcbSubject *subject);

/* quit, and the exit status must be 0. */
void vcb_subject_quit(VcbSubject *subject);

/* The report object of this type and kind (kind NULL: any) in a `stats` message; NULL where there is none. */
const cJSON *vcb_stats_object(const cJSON *stats, const char *type, const char *kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbSubject, vcb_subject_free)
