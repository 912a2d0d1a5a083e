#include "signaling/rule.h"

#include "common/error.h"
#include "common/suggest.h"
#include "signaling/scheduler.h"

#include <string.h>

static const char *const KINDS[] = {"offer", "answer", "ice-candidate", "end-of-candidates", "any", NULL};
static const char *const START_CALL_KINDS[] = {"start-call", "any", NULL};

static gboolean fail(GError **error, const char *field, const char *got, const char *const *known)
{
    const char *meant = got ? vcb_suggest(got, known) : NULL;
    g_autofree char *all = g_strjoinv(", ", (char **)(gpointer)known);

    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: \"%s\" is not one of %s%s%s%s", field, got ? got : "",
                all, meant ? "; \"" : "", meant ? meant : "", meant ? "\" was perhaps meant" : "");
    return FALSE;
}

/* Field `key` as a word of `known`; "any" and absent read as NULL. */
static gboolean read_kind(const cJSON *json, const char *key, const char *const *known, char **ret_kind,
                          GError **error)
{
    const char *word = vcb_json_string(json, key, NULL);

    if (vcb_json_has(json, key) && (!word || !g_strv_contains(known, word)))
        return fail(error, key, word, known);
    *ret_kind = word && strcmp(word, "any") != 0 ? g_strdup(word) : NULL;
    return TRUE;
}

static char *read_peer(const cJSON *json, const char *key)
{
    const char *name = vcb_json_string(json, key, "any");

    return strcmp(name, "any") == 0 ? NULL : g_strdup(name);
}

static void rule_clear(gpointer data)
{
    VcbRule *rule = data;

    g_free(rule->message);
    g_free(rule->from);
    g_free(rule->to);
    g_free(rule->until);
}

static gboolean read_rule(const cJSON *json, VcbRule *rule, GError **error)
{
    const char *action = vcb_json_string(json, "action", NULL);
    gint64 nth = vcb_json_int(json, "nth", 0), count = vcb_json_int(json, "count", 1);
    double time_ms = vcb_json_number(json, "time_ms", 0);

    rule->action = vcb_scheduler_find_action(action);
    if (!rule->action)
        return fail(error, "action", action, vcb_scheduler_action_names());
    if (!read_kind(json, "message",
                   vcb_scheduler_action_is_for_start_call(rule->action) ? START_CALL_KINDS : KINDS,
                   &rule->message, error) ||
        !read_kind(json, "until", KINDS, &rule->until, error))
        return FALSE;
    /* "until any" is a wish of its own, unlike no `until`. */
    if (g_strcmp0(vcb_json_string(json, "until", NULL), "any") == 0)
        rule->until = g_strdup("any");
    rule->from = read_peer(json, "from");
    rule->to = read_peer(json, "to");
    if (nth < 0 || nth > G_MAXINT || count < 1 || count > G_MAXINT || !(time_ms >= 0 && time_ms <= 86400e3)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "nth from 0, count from 1 and time_ms from 0 to 86400000 are needed");
        return FALSE;
    }
    rule->nth = (guint)nth;
    rule->count = (guint)count;
    rule->time_us = (gint64)(time_ms * 1000);
    return vcb_scheduler_check_rule(rule, error);
}

GArray *vcb_rules_from_json(const cJSON *rules, GError **error)
{
    g_autoptr(GArray) array = g_array_new(FALSE, TRUE, sizeof(VcbRule));
    const cJSON *item;

    g_array_set_clear_func(array, rule_clear);
    cJSON_ArrayForEach (item, rules) {
        g_array_set_size(array, array->len + 1);
        if (!read_rule(item, &g_array_index(array, VcbRule, array->len - 1), error)) {
            g_prefix_error(error, "rule %u: ", array->len - 1);
            return NULL;
        }
    }
    return g_steal_pointer(&array);
}
