#include "harness/scenario/metric_names.h"

#include "common/error.h"
#include "common/suggest.h"

#include <string.h>

static const VcbMetricInfo *find(const char *name)
{
    for (gsize i = 0; i < VCB_N_METRICS; i++)
        if (g_str_equal(VCB_METRICS[i].name, name))
            return &VCB_METRICS[i];
    return NULL;
}

/* The only kind or direction that it is measured of; NULL: both. */
static const char *only_kind(const VcbMetricInfo *metric)
{
    return metric->kinds == VCB_KIND_BOTH ? NULL : vcb_kind_name(metric->kinds);
}

static const char *only_direction(const VcbMetricInfo *metric)
{
    return metric->directions == VCB_DIRECTION_BOTH ? NULL : vcb_direction_name(metric->directions);
}

/* No metric ends like this: name the nearest, in the form that it is written in. */
static void set_unknown(const char *name, const char *base, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    g_autofree char *before = g_strndup(name, strlen(name) - strlen(base));
    gboolean of_stream = g_str_has_suffix(before, "in.") || g_str_has_suffix(before, "out.");
    const char *nearest;

    /* After "video.in." only a stream's metric makes sense. */
    for (gsize i = 0; i < VCB_N_METRICS; i++)
        if (!of_stream || VCB_METRICS[i].scope == VCB_SCOPE_STREAM)
            g_ptr_array_add(known, (gpointer)VCB_METRICS[i].name);
    g_ptr_array_add(known, NULL);
    nearest = vcb_suggest(base, (const char *const *)known->pdata);
    if (nearest) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "there is no metric `%s`; did you mean `%s%s`?", name,
                    before, nearest);
    } else {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "there is no metric `%s`; docs/metrics.md has them all, e.g. connect_time_ms", name);
    }
}

static gboolean is_of_call(const VcbMetricInfo *metric)
{
    return metric->scope == VCB_SCOPE_CALL || metric->scope == VCB_SCOPE_RUN;
}

static gboolean check_stream(const VcbMetricInfo *base, const char *name, char **parts, guint n,
                             VcbExpectTarget *ref, GError **error)
{
    const char *kind = n >= 2 ? parts[n - 2] : NULL, *direction = n >= 1 ? parts[n - 1] : NULL;
    const char *of_kind = only_kind(base), *of_direction = only_direction(base);

    if (n < 2 || (!g_str_equal(direction, "in") && !g_str_equal(direction, "out")) ||
        (!g_str_equal(kind, "audio") && !g_str_equal(kind, "video"))) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "`%s` is measured for each stream; say of which, e.g. `%s.%s.%s`", base->name,
                    of_kind ? of_kind : "video", of_direction ? of_direction : "in", base->name);
        return FALSE;
    }
    if (of_kind && !g_str_equal(of_kind, kind)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is measured of %s only; write `%s.%s.%s`",
                    base->name, of_kind, of_kind, direction, base->name);
        return FALSE;
    }
    if (of_direction && !g_str_equal(of_direction, direction)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is measured %s only; write `%s.%s.%s`",
                    base->name,
                    g_str_equal(of_direction, "in") ? "where a stream comes in" : "where a stream goes out",
                    kind, of_direction, base->name);
        return FALSE;
    }
    ref->kind = g_str_equal(kind, "audio") ? "audio" : "video";
    ref->direction = g_str_equal(direction, "in") ? "in" : "out";
    return TRUE;
}

/* "alice.up." in front of a link's metric; a bare name is of all links of the call. */
static gboolean check_link(const VcbMetricInfo *base, const char *name, char **parts, guint n,
                           const char *const peers[2], VcbExpectTarget *ref, GError **error)
{
    const char *const all[] = {peers[0], peers[1], NULL}, *const links[] = {peers[0], peers[1], "bottleneck",
                                                                            "carrier", NULL};
    const char *nearest;

    if (n == 0)
        return TRUE;
    if (n != 2 || vcb_link_direction_from_name(parts[1]) == VCB_LINK_NONE) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "`%s`: `%s` is measured of a call, or of one direction of a link: `%s.up.%s`", name,
                    base->name, peers[0], base->name);
        return FALSE;
    }
    if (!vcb_metric_is_link(parts[0], all)) {
        nearest = vcb_suggest(parts[0], links);
        g_set_error(
            error, VCB_ERROR, VCB_ERROR_USAGE,
            nearest ? "`%s`: there is no link `%s`; did you mean `%s`?"
                    : "`%s`: there is no link `%s`; links go by peers' names (`%s`), `bottleneck`, `carrier`",
            name, parts[0], nearest ? nearest : peers[0]);
        return FALSE;
    }
    ref->direction = vcb_link_direction_name(vcb_link_direction_from_name(parts[1]));
    return TRUE;
}

/* The first part, where one is left, names a peer; of a process's metric also one of ours. */
static gboolean check_owner(const VcbMetricInfo *base, const char *name, const char *owner,
                            const char *const peers[2], VcbExpectTarget *ref, GError **error)
{
    const char *known[] = {peers[0],  peers[1],  base->scope == VCB_SCOPE_PROCESS ? "signald" : NULL,
                           "vcbench", "network", NULL};
    const char *nearest;

    for (int i = 0; known[i]; i++) {
        if (g_str_equal(owner, known[i])) {
            ref->peer = i < 2 ? i : -1;
            return TRUE;
        }
    }
    nearest = vcb_suggest(owner, known);
    if (nearest)
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s`: there is no peer `%s`; did you mean `%s`?",
                    name, owner, nearest);
    else
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s`: there is no peer `%s`; the peers are %s and %s",
                    name, owner, peers[0], peers[1]);
    return FALSE;
}

gboolean vcb_expect_target_parse(const char *name, const char *const peers[2], VcbExpectTarget *ret_ref,
                                 GError **error)
{
    g_auto(GStrv) parts = g_strsplit(name, ".", 8);
    guint n = g_strv_length(parts);
    const char *last = n ? parts[n - 1] : "";
    VcbExpectTarget ref = {.base = find(last), .peer = -1};

    if (!ref.base) {
        set_unknown(name, last, error);
        return FALSE;
    }
    n--;
    if (ref.base->scope == VCB_SCOPE_STREAM) {
        if (!check_stream(ref.base, name, parts, n, &ref, error))
            return FALSE;
        n -= 2;
    }
    if (ref.base->scope == VCB_SCOPE_LINK) {
        if (!check_link(ref.base, name, parts, n, peers, &ref, error))
            return FALSE;
        n = 0;
    }
    if (is_of_call(ref.base) ? n > 0 : n > 1) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s`: nothing may stand before `%s`; leave it out",
                    name, is_of_call(ref.base) ? last : parts[1]);
        return FALSE;
    }
    if (n == 1 && !check_owner(ref.base, name, parts[0], peers, &ref, error))
        return FALSE;
    *ret_ref = ref;
    return TRUE;
}
