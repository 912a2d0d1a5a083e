#include "harness/scenario/path.h"

#include "common/error.h"
#include "common/suggest.h"

#include <string.h>

static gboolean refuse(const char *path, const char *segment, const char *const *known, GError **error)
{
    const char *nearest = vcb_suggest(segment, known);
    g_autofree char *all = nearest ? NULL : g_strjoinv(", ", (char **)known);

    if (nearest)
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "there is no setting `%s`; did you mean `%s` for `%s`?", path, nearest, segment);
    else
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "there is no setting `%s`; instead of `%s` there could be %s", path, segment, all);
    return FALSE;
}

static gboolean check_name(const char *path, const char *name, const VcbNode *root, GError **error)
{
    const VcbNode *peers = vcb_node_get(root, "peers");
    const char *known[] = {"alice", "bob", NULL};

    if (peers && peers->kind == VCB_NODE_MAPPING)
        for (guint i = 0; i < MIN(peers->keys->len, 2); i++)
            known[i] = ((const VcbNode *)g_ptr_array_index(peers->keys, i))->text;
    return g_strv_contains(known, name) || refuse(path, name, known, error);
}

static gboolean check(const char *path, char **segments, const VcbNode *root, const VcbSetting **ret_setting,
                      GError **error)
{
    const VcbSetting *table = VCB_SETTINGS, *setting = NULL;
    guint64 number;

    for (guint i = 0; segments[i]; i++) {
        if (setting && (setting->type == VCB_TYPE_PEERS || setting->type == VCB_TYPE_HOSTS)) {
            if (!check_name(path, segments[i], root, error))
                return FALSE;
            setting = NULL;
            continue;
        }
        if (setting && setting->type == VCB_TYPE_LIST) {
            if (!g_ascii_string_to_unsigned(segments[i], 10, 0, G_MAXINT, &number, NULL)) {
                g_set_error(
                    error, VCB_ERROR, VCB_ERROR_USAGE,
                    "there is no setting `%s`; `%s` is a list, whose entries count from 0, e.g. `%s.0`", path,
                    setting->key, setting->key);
                return FALSE;
            }
            setting = NULL;
            continue;
        }
        if (setting && setting->type == VCB_TYPE_SHORTS && g_ascii_isdigit(segments[i][0])) {
            setting = NULL;
            continue;
        }
        if (setting && (setting->type == VCB_TYPE_MATRIX || setting->type == VCB_TYPE_EXPECT))
            return TRUE;
        if (!table) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "there is no setting `%s`; `%s` is %s", path,
                        setting->key, setting->type == VCB_TYPE_INTS ? "set as a whole" : "one value");
            return FALSE;
        }
        setting = vcb_setting_find(table, segments[i]);
        if (!setting) {
            g_autofree const char **keys = vcb_setting_keys(table);

            return refuse(path, segments[i], keys, error);
        }
        table = setting->children;
    }
    if (ret_setting)
        *ret_setting = setting;
    return TRUE;
}

char **vcb_path_split(const char *path, const VcbNode *root, const VcbSetting **ret_setting, GError **error)
{
    gboolean whole = g_str_has_prefix(path, "matrix.") || g_str_has_prefix(path, "expect.");
    g_auto(GStrv) segments = g_strsplit(path, ".", whole ? 2 : 16);

    if (!segments[0]) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "an empty path; write e.g. peer.video.codec");
        return NULL;
    }
    return check(path, segments, root, ret_setting, error) ? g_steal_pointer(&segments) : NULL;
}

static const VcbNode *nth(const VcbNode *list, const char *number)
{
    guint64 n;

    return g_ascii_string_to_unsigned(number, 10, 0, G_MAXUINT, &n, NULL) && n < list->values->len
               ? g_ptr_array_index(list->values, (guint)n)
               : NULL;
}

/* Whether a value at `segments` may be short for a mapping; the key that it is the value of then. */
static const char *short_key_at(const char *const *segments, guint n)
{
    const VcbSetting *table = VCB_SETTINGS, *setting = NULL;
    gboolean below = FALSE; /* a name or number was the last */

    for (guint i = 0; i < n; i++) {
        if (setting && !below &&
            (setting->type == VCB_TYPE_PEERS || setting->type == VCB_TYPE_HOSTS ||
             setting->type == VCB_TYPE_LIST ||
             (setting->type == VCB_TYPE_SHORTS && g_ascii_isdigit(segments[i][0])))) {
            below = TRUE;
            continue;
        }
        below = FALSE;
        setting = table ? vcb_setting_find(table, segments[i]) : NULL;
        if (!setting)
            return NULL;
        table = setting->children;
    }
    return setting && (below || setting->type != VCB_TYPE_HOSTS) ? setting->short_key : NULL;
}

/* A tree in which every value on the way that is short for a mapping is that mapping: `network: wifi` becomes
 * `network: {profile: wifi}` when something below it is set. */
static VcbNode *spell_out(VcbNode *root, const char *const *segments)
{
    VcbNode *tree = vcb_node_ref(root);
    const VcbNode *node = root;

    for (guint i = 0; segments[i] && segments[i + 1]; i++) {
        const char *key;

        node = node->kind == VCB_NODE_MAPPING    ? vcb_node_get(node, segments[i])
               : node->kind == VCB_NODE_SEQUENCE ? nth(node, segments[i])
                                                 : NULL;
        if (!node)
            break;
        key = short_key_at(segments, i + 1);
        if (key && node->kind == VCB_NODE_SCALAR && !vcb_node_is_null(node) &&
            !g_ascii_isdigit(segments[i + 1][0])) {
            g_autoptr(VcbNode) spelled = vcb_node_new(VCB_NODE_MAPPING, node);
            g_autofree const char **way = g_memdup2(segments, (i + 2) * sizeof *segments);
            VcbNode *changed;
            guint bar = 0;

            way[i + 1] = NULL;
            vcb_node_append(spelled, vcb_node_new_scalar(node, key, FALSE), vcb_node_ref((VcbNode *)node));
            changed = vcb_node_with(root, way, spelled, &bar);
            g_assert(changed); /* it is the way that we came */
            vcb_node_unref(tree);
            return changed; /* below a value there is nothing */
        }
    }
    return tree;
}

VcbNode *vcb_path_apply(VcbNode *root, const char *const *segments, VcbNode *value, GError **error)
{
    g_autoptr(VcbNode) base = spell_out(root, segments);
    VcbNode *changed;
    guint bar = 0;

    if (g_str_equal(segments[0], "peers") && segments[1] && !vcb_node_get(root, "peers")) {
        static const char *const NAMES[] = {"alice", "bob"};
        VcbNode *peers = vcb_node_new(VCB_NODE_MAPPING, value);

        for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++)
            vcb_node_append(peers, vcb_node_new_scalar(value, NAMES[i], FALSE),
                            vcb_node_new(VCB_NODE_MAPPING, value));
        vcb_node_unref(base);
        base = vcb_node_with(root, (const char *const[]){"peers", NULL}, peers, &bar);
        vcb_node_unref(peers);
    }
    bar = 0;
    changed = vcb_node_with(base, segments, value, &bar);
    if (!changed) {
        g_autofree char *path = g_strjoinv(".", (char **)segments);

        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "`%s` cannot be reached, as there is no place for `%s` in what stands above it; change "
                    "that first",
                    path, segments[bar]);
    }
    return changed;
}

gboolean vcb_path_overlap(const char *const *a, const char *const *b)
{
    while (*a && *b)
        if (!g_str_equal(*a++, *b++))
            return FALSE;
    return TRUE;
}
