/* The message scheduler of one room: between receive and relay, it does to messages what a network, a slow
 * client or an unlucky moment would do, by rule, the same way each time. Pure: time is fed by hand, and the
 * same submissions at the same times make the same decisions.
 *
 *   submit -> which rule? --- none ----------------------------------------> deliver
 *                         |-- duplicate -----------------------------------> deliver, deliver
 *                         |-- delay -> waiting -- its time (advance) ------> deliver
 *                         |-- hold --> waiting -- enough of `until` were
 *                         |                       delivered, or its time --> deliver
 *                         `-- drop
 *
 * A copy is one message to one receiver. The first rule that matches a copy decides. Every rule counts
 * (`nth`) all copies that its fields match, also those that an earlier rule decided, for each sender and
 * receiver on its own. Copies that wait do not stop the ones that come later: these overtake. What is
 * released in one moment goes in the order in which it was submitted. */
#pragma once

#include "signaling/rule.h"

typedef struct VcbScheduler VcbScheduler;

typedef struct {
    gint64 id;
    const char *kind; /* a message type, or "end-of-candidates"; a static string */
    const char *from; /* NULL: the server */
    const char *to;
    gpointer payload;
} VcbCopy;

typedef struct {
    const char *action; /* "held", "released", "delayed", "dropped", "duplicated", "both-initiate" */
    guint rule;         /* index */
    const VcbCopy *copy;
    const char *reason;
} VcbDecision;

/* Neither may call back into the scheduler. Copies and reasons are valid during the call. */
typedef struct {
    void (*deliver)(const VcbCopy *copy, gpointer user_data);
    void (*decided)(const VcbDecision *decision, gpointer user_data);
    gpointer (*payload_ref)(gpointer payload); /* called for what has to wait */
    void (*payload_unref)(gpointer payload);
} VcbSchedulerCallbacks;

/* rules: as of vcb_rules_from_json; a reference is taken. */
VcbScheduler *vcb_scheduler_new(GArray *rules, const VcbSchedulerCallbacks *callbacks, gpointer user_data);
void vcb_scheduler_free(VcbScheduler *scheduler);

/* A message on its way to one receiver. */
void vcb_scheduler_submit(VcbScheduler *scheduler, const VcbCopy *copy, gint64 now_us);

/* A start-call on its way (copy->from is NULL): what `initiator` shall say, where `initiator` is true of it.
 */
gboolean vcb_scheduler_start_call(VcbScheduler *scheduler, const VcbCopy *copy, gboolean initiator);

/* When `advance` has something to do next; G_MAXINT64: nothing waits for a time. */
gint64 vcb_scheduler_next_us(const VcbScheduler *scheduler);

/* Deliver everything whose time has come by now_us, in the order of those times. */
void vcb_scheduler_advance(VcbScheduler *scheduler, gint64 now_us);

/* This receiver left: what waits for it is dropped. */
void vcb_scheduler_forget_receiver(VcbScheduler *scheduler, const char *to);

/* The table of actions, for reading rules. */
const VcbAction *vcb_scheduler_find_action(const char *name);
const char *const *vcb_scheduler_action_names(void);
gboolean vcb_scheduler_action_is_for_start_call(const VcbAction *action);
gboolean vcb_scheduler_check_rule(const VcbRule *rule, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbScheduler, vcb_scheduler_free)
