#include "signaling/scheduler.h"

#include "common/error.h"

#include <string.h>

/* One way of treating a message. A new one is a row in ACTIONS and the functions that it names. */
struct VcbAction {
    const char *name;
    gboolean for_start_call; /* else for relayed messages */
    /* What the rule's own fields must be; NULL: nothing in particular. */
    gboolean (*check)(const VcbRule *rule, GError **error);
    /* Decide about a copy that the rule matches; NULL for start-call. */
    void (*apply)(VcbScheduler *scheduler, guint rule, const VcbCopy *copy, gint64 now_us);
};

/* A copy that waits: for a time, or (held) for other messages. It owns its strings and a reference of the
 * payload. */
typedef struct {
    VcbCopy copy;
    guint rule;
    gint64 due_us; /* G_MAXINT64: never by time */
    gboolean held; /* else delayed */
    guint missing; /* of `until`; only where the rule has one */
} Waiting;

struct VcbScheduler {
    GArray *rules;
    VcbSchedulerCallbacks callbacks;
    gpointer user_data;
    GQueue waiting; /* Waiting, in the order of submission */
    GHashTable
        *counted; /* "rule/from/to" -> how many copies that rule's fields matched; only of rules with nth */
};

static const VcbRule *rule_at(const VcbScheduler *scheduler, guint index)
{
    return &g_array_index(scheduler->rules, VcbRule, index);
}

static void decided(VcbScheduler *scheduler, const char *action, guint rule, const VcbCopy *copy,
                    const char *reason)
{
    VcbDecision decision = {.action = action, .rule = rule, .copy = copy, .reason = reason};

    scheduler->callbacks.decided(&decision, scheduler->user_data);
}

static Waiting *waiting_new(VcbScheduler *scheduler, guint rule, const VcbCopy *copy)
{
    Waiting *waiting = g_new0(Waiting, 1);

    waiting->copy = *copy;
    waiting->copy.from = g_strdup(copy->from);
    waiting->copy.to = g_strdup(copy->to);
    waiting->copy.payload = scheduler->callbacks.payload_ref(copy->payload);
    waiting->rule = rule;
    waiting->due_us = G_MAXINT64;
    return waiting;
}

static void waiting_free(VcbScheduler *scheduler, Waiting *waiting)
{
    scheduler->callbacks.payload_unref(waiting->copy.payload);
    g_free((char *)waiting->copy.from);
    g_free((char *)waiting->copy.to);
    g_free(waiting);
}

static gboolean is_let_go_by(const VcbScheduler *scheduler, const Waiting *held, const VcbCopy *delivered)
{
    const char *until = rule_at(scheduler, held->rule)->until;

    return held->held && until && (strcmp(until, "any") == 0 || strcmp(until, delivered->kind) == 0) &&
           strcmp(held->copy.from, delivered->from) == 0 && strcmp(held->copy.to, delivered->to) == 0;
}

/* Count a delivered copy for what is held, and move what that lets go to the end of `released`. */
static void collect_released(VcbScheduler *scheduler, const VcbCopy *delivered, GQueue *released)
{
    for (GList *link = scheduler->waiting.head, *next; link; link = next) {
        Waiting *waiting = link->data;

        next = link->next;
        if (!is_let_go_by(scheduler, waiting, delivered) || --waiting->missing > 0)
            continue;
        g_queue_unlink(&scheduler->waiting, link);
        g_queue_push_tail_link(released, link);
    }
}

/* Send a copy on. That may let go others, and these again others. */
static void deliver(VcbScheduler *scheduler, const VcbCopy *copy)
{
    GQueue released = G_QUEUE_INIT;
    Waiting *waiting;

    scheduler->callbacks.deliver(copy, scheduler->user_data);
    collect_released(scheduler, copy, &released);
    while ((waiting = g_queue_pop_head(&released))) {
        const VcbRule *rule = rule_at(scheduler, waiting->rule);
        g_autofree char *reason = g_strdup_printf("%u %s sent on", rule->count, rule->until);

        decided(scheduler, "released", waiting->rule, &waiting->copy, reason);
        scheduler->callbacks.deliver(&waiting->copy, scheduler->user_data);
        collect_released(scheduler, &waiting->copy, &released);
        waiting_free(scheduler, waiting);
    }
}

static gboolean check_hold(const VcbRule *rule, GError **error)
{
    if (rule->until || rule->time_us > 0)
        return TRUE;
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                "hold: `until` or `time_ms` is needed, or it would never end");
    return FALSE;
}

static void apply_hold(VcbScheduler *scheduler, guint index, const VcbCopy *copy, gint64 now_us)
{
    const VcbRule *rule = rule_at(scheduler, index);
    Waiting *waiting = waiting_new(scheduler, index, copy);
    g_autoptr(GString) reason = g_string_new(NULL);

    waiting->held = TRUE;
    waiting->missing = rule->until ? rule->count : 0;
    if (rule->until)
        g_string_append_printf(reason, "until %u %s", rule->count, rule->until);
    if (rule->time_us > 0) {
        waiting->due_us = now_us + rule->time_us;
        g_string_append_printf(reason, "%sat most %.10g ms", rule->until ? ", " : "",
                               (double)rule->time_us / 1000);
    }
    g_queue_push_tail(&scheduler->waiting, waiting);
    decided(scheduler, "held", index, copy, reason->str);
}

static gboolean check_delay(const VcbRule *rule, GError **error)
{
    if (rule->time_us > 0)
        return TRUE;
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "delay: `time_ms` is needed");
    return FALSE;
}

static void apply_delay(VcbScheduler *scheduler, guint index, const VcbCopy *copy, gint64 now_us)
{
    Waiting *waiting = waiting_new(scheduler, index, copy);
    g_autofree char *reason =
        g_strdup_printf("by %.10g ms", (double)rule_at(scheduler, index)->time_us / 1000);

    waiting->due_us = now_us + rule_at(scheduler, index)->time_us;
    g_queue_push_tail(&scheduler->waiting, waiting);
    decided(scheduler, "delayed", index, copy, reason);
}

static void apply_drop(VcbScheduler *scheduler, guint index, const VcbCopy *copy, gint64 now_us)
{
    decided(scheduler, "dropped", index, copy, "by rule");
}

static void apply_duplicate(VcbScheduler *scheduler, guint index, const VcbCopy *copy, gint64 now_us)
{
    decided(scheduler, "duplicated", index, copy, "by rule");
    deliver(scheduler, copy);
    deliver(scheduler, copy);
}

static const VcbAction ACTIONS[] = {
    {.name = "hold", .check = check_hold, .apply = apply_hold},
    {.name = "delay", .check = check_delay, .apply = apply_delay},
    {.name = "drop", .apply = apply_drop},
    {.name = "duplicate", .apply = apply_duplicate},
    {.name = "both-initiate", .for_start_call = TRUE},
};

const VcbAction *vcb_scheduler_find_action(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ACTIONS); i++)
        if (g_strcmp0(name, ACTIONS[i].name) == 0)
            return &ACTIONS[i];
    return NULL;
}

const char *const *vcb_scheduler_action_names(void)
{
    static const char *names[G_N_ELEMENTS(ACTIONS) + 1];

    for (gsize i = 0; i < G_N_ELEMENTS(ACTIONS); i++)
        names[i] = ACTIONS[i].name;
    return names;
}

gboolean vcb_scheduler_action_is_for_start_call(const VcbAction *action)
{
    return action->for_start_call;
}

gboolean vcb_scheduler_check_rule(const VcbRule *rule, GError **error)
{
    return !rule->action->check || rule->action->check(rule, error);
}

/* The copy's number among those of its sender and receiver that the rule's fields match, from 1. */
static guint count_match(VcbScheduler *scheduler, guint index, const VcbCopy *copy)
{
    g_autofree char *key = g_strdup_printf("%u/%s/%s", index, copy->from ? copy->from : "", copy->to);
    guint n = GPOINTER_TO_UINT(g_hash_table_lookup(scheduler->counted, key)) + 1;

    g_hash_table_insert(scheduler->counted, g_steal_pointer(&key), GUINT_TO_POINTER(n));
    return n;
}

static gboolean fields_match(const VcbRule *rule, const VcbCopy *copy)
{
    return (!rule->message || strcmp(rule->message, copy->kind) == 0) &&
           (!rule->from || g_strcmp0(rule->from, copy->from) == 0) &&
           (!rule->to || strcmp(rule->to, copy->to) == 0);
}

/* The first rule for this copy, or -1. Looks at all rules, so that each counts what it matches. */
static int first_match(VcbScheduler *scheduler, const VcbCopy *copy, gboolean is_start_call)
{
    int first = -1;

    for (guint i = 0; i < scheduler->rules->len; i++) {
        const VcbRule *rule = rule_at(scheduler, i);

        if (rule->action->for_start_call != is_start_call || !fields_match(rule, copy))
            continue;
        if (rule->nth > 0 && count_match(scheduler, i, copy) != rule->nth)
            continue;
        if (first < 0)
            first = (int)i;
    }
    return first;
}

VcbScheduler *vcb_scheduler_new(GArray *rules, const VcbSchedulerCallbacks *callbacks, gpointer user_data)
{
    VcbScheduler *scheduler = g_new0(VcbScheduler, 1);

    scheduler->rules = g_array_ref(rules);
    scheduler->callbacks = *callbacks;
    scheduler->user_data = user_data;
    g_queue_init(&scheduler->waiting);
    scheduler->counted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return scheduler;
}

void vcb_scheduler_free(VcbScheduler *scheduler)
{
    Waiting *waiting;

    if (!scheduler)
        return;
    while ((waiting = g_queue_pop_head(&scheduler->waiting)))
        waiting_free(scheduler, waiting);
    g_hash_table_unref(scheduler->counted);
    g_array_unref(scheduler->rules);
    g_free(scheduler);
}

void vcb_scheduler_submit(VcbScheduler *scheduler, const VcbCopy *copy, gint64 now_us)
{
    int rule = first_match(scheduler, copy, FALSE);

    if (rule < 0)
        deliver(scheduler, copy);
    else
        rule_at(scheduler, (guint)rule)->action->apply(scheduler, (guint)rule, copy, now_us);
}

gboolean vcb_scheduler_start_call(VcbScheduler *scheduler, const VcbCopy *copy, gboolean initiator)
{
    int rule = first_match(scheduler, copy, TRUE);

    if (rule < 0 || initiator)
        return initiator;
    decided(scheduler, "both-initiate", (guint)rule, copy, "told to initiate as well");
    return TRUE;
}

/* The one whose time comes first; among equals the one that was submitted first. */
static GList *next_link(const VcbScheduler *scheduler)
{
    GList *next = NULL;

    for (GList *link = scheduler->waiting.head; link; link = link->next)
        if (!next || ((Waiting *)link->data)->due_us < ((Waiting *)next->data)->due_us)
            next = link;
    return next;
}

gint64 vcb_scheduler_next_us(const VcbScheduler *scheduler)
{
    GList *next = next_link(scheduler);

    return next ? ((Waiting *)next->data)->due_us : G_MAXINT64;
}

void vcb_scheduler_advance(VcbScheduler *scheduler, gint64 now_us)
{
    while (vcb_scheduler_next_us(scheduler) <= now_us) {
        GList *link = next_link(scheduler);
        Waiting *waiting = link->data;

        g_queue_delete_link(&scheduler->waiting, link);
        if (waiting->held) {
            g_autofree char *reason = g_strdup_printf(
                "%.10g ms have passed", (double)rule_at(scheduler, waiting->rule)->time_us / 1000);

            decided(scheduler, "released", waiting->rule, &waiting->copy, reason);
        }
        deliver(scheduler, &waiting->copy);
        waiting_free(scheduler, waiting);
    }
}

void vcb_scheduler_forget_receiver(VcbScheduler *scheduler, const char *to)
{
    for (GList *link = scheduler->waiting.head, *next; link; link = next) {
        Waiting *waiting = link->data;

        next = link->next;
        if (strcmp(waiting->copy.to, to) != 0)
            continue;
        g_queue_delete_link(&scheduler->waiting, link);
        decided(scheduler, "dropped", waiting->rule, &waiting->copy, "its receiver left");
        waiting_free(scheduler, waiting);
    }
}
