#include "harness/scenario/bind.h"

#include "common/suggest.h"
#include "harness/scenario/fields.h"

static const char *kind_name(const VcbNode *node)
{
    return node->kind == VCB_NODE_MAPPING    ? "a mapping"
           : node->kind == VCB_NODE_SEQUENCE ? "a list"
                                             : "one value";
}

static void add_unknown(VcbBinding *binding, const VcbSetting *table, const VcbNode *key, VcbPlace place)
{
    g_autofree const char **keys = vcb_setting_keys(table);
    g_auto(GStrv) elsewhere = vcb_setting_locate(key->text);
    const char *nearest = vcb_suggest(key->text, keys);
    g_autofree char *group = *place.label ? g_strdup_printf("`%s`", place.label) : g_strdup("a scenario");

    if (elsewhere[0] && !*elsewhere[0]) {
        vcb_problems_add(binding->problems, key, "`%s` is no key of %s; it belongs at the top level",
                         key->text, group);
    } else if (elsewhere[0]) {
        g_autofree char *groups = g_strjoinv("` or `", elsewhere);

        vcb_problems_add(binding->problems, key, "`%s` is no key of %s; it belongs in `%s`", key->text, group,
                         groups);
    } else if (nearest) {
        vcb_problems_add(binding->problems, key, "`%s` is no key of %s; did you mean `%s`?", key->text, group,
                         nearest);
    } else {
        g_autofree char *all = g_strjoinv(", ", (char **)keys);

        vcb_problems_add(binding->problems, key, "`%s` is no key of %s; it has %s", key->text, group, all);
    }
}

static void bind_scalar(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base)
{
    g_auto(VcbValue) value = {0};
    g_autoptr(GError) error = NULL;

    if (node->kind != VCB_NODE_SCALAR) {
        vcb_problems_add(binding->problems, node, "`%s` takes one value, not %s; e.g. `%s: %s`", setting->key,
                         kind_name(node), setting->key,
                         setting->fallback                ? setting->fallback
                         : setting->choices               ? setting->choices[0]
                         : setting->unit == VCB_UNIT_TIME ? "2s"
                                                          : "text");
        return;
    }
    if (vcb_node_is_null(node)) {
        if (setting->fallback)
            vcb_problems_add(binding->problems, node,
                             "`%s` has no value; give it one, or leave it out for %s", setting->key,
                             setting->fallback);
        else
            vcb_problems_add(binding->problems, node, "`%s` has no value; give it one, or leave it out",
                             setting->key);
        return;
    }
    if (vcb_value_parse(setting, node->text, &value, &error))
        vcb_field_store(setting, base, &value);
    else
        vcb_problems_add(binding->problems, node, "%s", error->message);
}

gboolean vcb_bind_expect_mapping(VcbBinding *binding, const VcbNode *node, const char *key,
                                 const char *otherwise)
{
    if (node->kind == VCB_NODE_MAPPING)
        return TRUE;
    if (vcb_node_is_null(node))
        vcb_problems_add(binding->problems, node,
                         "`%s` has no value; indent its keys below it, or leave it out", key);
    else
        vcb_problems_add(binding->problems, node, "`%s` is a mapping%s, not %s; indent its keys below it",
                         key, otherwise, kind_name(node));
    return FALSE;
}

static void bind_optional(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base,
                          VcbPlace place)
{
    gboolean *enabled = VCB_FIELD_AT(gboolean, base, setting->offset);

    if (vcb_node_is_word(node, "none")) {
        *enabled = FALSE;
        return;
    }
    *enabled = TRUE;
    if (vcb_bind_expect_mapping(binding, node, setting->key, " or `none`"))
        vcb_bind_table(binding, setting->children, node, VCB_FIELD_AT(char, base, setting->offset), place,
                       FALSE);
}

static void bind_list(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base,
                      VcbPlace place)
{
    char *items;
    guint n;

    if (node->kind != VCB_NODE_SEQUENCE) {
        vcb_problems_add(binding->problems, node, "`%s` is a list, not %s; begin each entry with `- `",
                         setting->key, kind_name(node));
        return;
    }
    n = node->values->len;
    vcb_fields_clear_list(setting, base);
    items = g_malloc0_n(MAX(n, 1), setting->item_size);
    *VCB_FIELD_AT(char *, base, setting->offset) = items;
    *VCB_FIELD_AT(guint, base, setting->count_offset) = n;
    for (guint i = 0; i < n; i++) {
        const VcbNode *item = g_ptr_array_index(node->values, i);
        g_autofree char *path = g_strdup_printf("%s.%u", place.path, i);

        vcb_fields_fill(setting->children, items + i * setting->item_size);
        vcb_binding_note(binding, path, item);
        binding->broken = binding->broken || item->broken;
        if (item->kind == VCB_NODE_MAPPING)
            vcb_bind_table(binding, setting->children, item, items + i * setting->item_size,
                           (VcbPlace){path, place.label}, TRUE);
        else if (!item->broken)
            vcb_problems_add(binding->problems, item,
                             "an entry of `%s` is a mapping, not %s; e.g. `- {%s: ...}`", setting->key,
                             kind_name(item), setting->children->key);
    }
}

static void bind_strings(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base)
{
    g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);

    if (node->kind != VCB_NODE_SEQUENCE || !node->values->len) {
        vcb_problems_add(binding->problems, node,
                         "`%s` is a list of at least one text, not %s; e.g. `%s: [./mypeer]`", setting->key,
                         node->kind == VCB_NODE_SEQUENCE ? "an empty one" : kind_name(node), setting->key);
        return;
    }
    for (guint i = 0; i < node->values->len; i++) {
        const VcbNode *item = g_ptr_array_index(node->values, i);

        if (item->kind != VCB_NODE_SCALAR || (i == 0 && !*item->text && !item->broken))
            vcb_problems_add(binding->problems, item,
                             "an entry of `%s` is a text, the first a program's name", setting->key);
        else
            g_ptr_array_add(strings, g_strdup(item->text));
    }
    g_ptr_array_add(strings, NULL);
    g_strfreev(*VCB_FIELD_AT(char **, base, setting->offset));
    *VCB_FIELD_AT(char **, base, setting->offset) =
        (char **)g_ptr_array_free(g_steal_pointer(&strings), FALSE);
}

static void bind_engine(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base,
                        VcbPlace place)
{
    VcbPeerSettings *peer = base;
    const char *engine;

    if (node->kind == VCB_NODE_SCALAR && g_strv_contains(setting->choices, node->text)) {
        engine = node->text;
        g_clear_pointer(&peer->exec, g_strfreev);
    } else if (node->kind == VCB_NODE_MAPPING) {
        engine = "exec";
        vcb_bind_table(binding, setting->children, node, base, place, FALSE);
        if (!vcb_node_get(node, "exec"))
            vcb_problems_add(binding->problems, node,
                             "`engine` lacks `exec`; write `engine: {exec: [./mypeer]}`");
    } else {
        const char *nearest =
            node->kind == VCB_NODE_SCALAR ? vcb_suggest(node->text, setting->choices) : NULL;

        if (nearest)
            vcb_problems_add(binding->problems, node, "there is no engine `%s`; did you mean `%s`?",
                             node->text, nearest);
        else
            vcb_problems_add(
                binding->problems, node,
                "`engine` is not known like this; write `webrtcbin`, or `{exec: [./mypeer]}` for a "
                "program that speaks the peer protocol");
        return;
    }
    g_free(peer->engine);
    peer->engine = g_strdup(engine);
}

/* `value`, short for {short_key: value}, or the mapping; what stood there before counts no more. */
static void bind_short(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base,
                       VcbPlace place)
{
    VcbSetting alone = *vcb_setting_short(setting);

    alone.key = setting->key; /* as that is what was written */
    vcb_fields_reset(setting->children, base);
    if (node->kind == VCB_NODE_MAPPING)
        vcb_bind_table(binding, setting->children, node, base, place, FALSE);
    else if (node->kind == VCB_NODE_SCALAR)
        bind_scalar(binding, &alone, node, base);
    else
        vcb_problems_add(binding->problems, node,
                         "`%s` takes one value or a mapping, not a list; e.g. `%s: %s`", setting->key,
                         setting->key, setting->fallback ? setting->fallback : "{...}");
}

static void bind_shorts(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base,
                        VcbPlace place)
{
    guint n = node->kind == VCB_NODE_SEQUENCE ? node->values->len : 1;
    char *items;

    vcb_fields_clear_list(setting, base);
    items = g_malloc0_n(MAX(n, 1), setting->item_size);
    *VCB_FIELD_AT(char *, base, setting->offset) = items;
    *VCB_FIELD_AT(guint, base, setting->count_offset) = n;
    for (guint i = 0; i < n; i++) {
        const VcbNode *item = node->kind == VCB_NODE_SEQUENCE ? g_ptr_array_index(node->values, i) : node;
        g_autofree char *path = g_strdup_printf("%s.%u", place.path, i);

        vcb_binding_note(binding, path, item);
        binding->broken = binding->broken || item->broken;
        if (!item->broken)
            bind_short(binding, setting, item, items + i * setting->item_size, (VcbPlace){path, place.label});
    }
}

static void bind_ints(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base)
{
    VcbSetting one = *setting;
    guint n = node->kind == VCB_NODE_SEQUENCE ? node->values->len : 0;
    int *numbers;

    one.type = VCB_TYPE_INT;
    if (!n) {
        vcb_problems_add(binding->problems, node,
                         "`%s` is a list of at least one number, not %s; e.g. `%s: [443]`", setting->key,
                         node->kind == VCB_NODE_SEQUENCE ? "an empty one" : kind_name(node), setting->key);
        return;
    }
    vcb_fields_clear_list(setting, base);
    numbers = g_new0(int, n);
    *VCB_FIELD_AT(int *, base, setting->offset) = numbers;
    *VCB_FIELD_AT(guint, base, setting->count_offset) = n;
    for (guint i = 0; i < n; i++) {
        const VcbNode *item = g_ptr_array_index(node->values, i);

        one.offset = i * sizeof *numbers;
        bind_scalar(binding, &one, item, numbers);
    }
}

/* One row, whatever its type; what needs the whole tree (peers, matrix, expect, what makes up a network) is read elsewhere. */
static void bind_setting(VcbBinding *binding, const VcbSetting *setting, const VcbNode *node, gpointer base,
                         VcbPlace place)
{
    switch (setting->type) {
    case VCB_TYPE_GROUP:
        if (vcb_bind_expect_mapping(binding, node, setting->key, ""))
            vcb_bind_table(binding, setting->children, node, VCB_FIELD_AT(char, base, setting->offset), place,
                           FALSE);
        break;
    case VCB_TYPE_OPTIONAL:
        bind_optional(binding, setting, node, base, place);
        break;
    case VCB_TYPE_LIST:
        bind_list(binding, setting, node, base, place);
        break;
    case VCB_TYPE_STRINGS:
        bind_strings(binding, setting, node, base);
        break;
    case VCB_TYPE_ENGINE:
        bind_engine(binding, setting, node, base, place);
        break;
    case VCB_TYPE_SHORT:
        bind_short(binding, setting, node, VCB_FIELD_AT(char, base, setting->offset), place);
        break;
    case VCB_TYPE_SHORTS:
        bind_shorts(binding, setting, node, base, place);
        break;
    case VCB_TYPE_INTS:
        bind_ints(binding, setting, node, base);
        break;
    case VCB_TYPE_PEER:
    case VCB_TYPE_PEERS:
    case VCB_TYPE_MATRIX:
    case VCB_TYPE_EXPECT:
    case VCB_TYPE_LINK:
    case VCB_TYPE_NETWORK:
    case VCB_TYPE_HOSTS:
        break;
    default:
        bind_scalar(binding, setting, node, base);
    }
}

/* The selector's word ("source": "file"), or NULL where it is absent or wrong. */
static const char *selector_word(const VcbSetting *table, const VcbSetting *setting, const VcbNode *node,
                                 gconstpointer base)
{
    const VcbSetting *selector = vcb_setting_find(table, setting->selector);
    const VcbNode *written = vcb_node_get(node, setting->selector);
    g_auto(VcbValue) value = {0};

    if (written &&
        (written->kind != VCB_NODE_SCALAR || !vcb_value_parse(selector, written->text, &value, NULL)))
        return NULL;
    return vcb_field_load(selector, base).text;
}

/* Keys that say nothing here, and keys that are missing. */
static void check_selected(VcbBinding *binding, const VcbSetting *table, const VcbNode *node, gpointer base,
                           gboolean list_item, const char *label)
{
    for (const VcbSetting *setting = table; setting->key; setting++) {
        const VcbNode *key = vcb_node_get_key(node, setting->key);
        const char *word = setting->selector ? selector_word(table, setting, node, base) : NULL;
        gboolean applies = !setting->applies || !word || g_strv_contains(setting->applies, word);

        if (list_item && !key && setting->required_where &&
            (g_str_equal(setting->required_where, "*") || g_strcmp0(setting->required_where, word) == 0))
            vcb_problems_add(binding->problems, node, "an entry of `%s` lacks `%s`; add it: %s", label,
                             setting->key, setting->description);
        if (applies)
            continue;
        if (key) {
            g_autofree char *words = g_strjoinv(" or ", (char **)setting->applies);

            if (list_item)
                vcb_problems_add(binding->problems, key, "`%s` says nothing with `%s: %s`; it is for %s",
                                 setting->key, setting->selector, word, words);
            else
                vcb_problems_add_unused(binding->problems, key,
                                        "`%s` says nothing with `%s: %s`; it is for %s", setting->key,
                                        setting->selector, word, words);
        }
        if (list_item && vcb_setting_is_scalar(setting)) { /* a default that says nothing is none */
            VcbValue nothing = {0};

            vcb_field_store(setting, base, &nothing);
        }
    }
}

void vcb_bind_table(VcbBinding *binding, const VcbSetting *table, const VcbNode *node, gpointer base,
                    VcbPlace place, gboolean list_item)
{
    for (guint i = 0; i < node->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(node->keys, i), *value = g_ptr_array_index(node->values, i);
        const VcbSetting *setting = vcb_setting_find(table, key->text);
        const char *dot = *place.path ? "." : "";
        g_autofree char *path = g_strconcat(place.path, dot, key->text, NULL);
        g_autofree char *label = g_strconcat(place.label, *place.label ? "." : "", key->text, NULL);

        if (!setting) {
            /* `x-...` at the top holds what anchors share. */
            if (table != VCB_SETTINGS || !g_str_has_prefix(key->text, "x-"))
                add_unknown(binding, table, key, place);
            continue;
        }
        vcb_binding_note(binding, path, value);
        binding->broken = binding->broken || value->broken;
        if (!value->broken)
            bind_setting(binding, setting, value, base, (VcbPlace){path, label});
    }
    check_selected(binding, table, node, base, list_item, place.label);
}
