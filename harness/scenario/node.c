#include "harness/scenario/node.h"

#include "harness/scenario/units.h"

#include <string.h>

VcbNode *vcb_node_new(VcbNodeKind kind, const VcbNode *where)
{
    VcbNode *node = g_new0(VcbNode, 1);

    node->refs = 1;
    node->kind = kind;
    node->weight = 1;
    node->height = 1;
    if (where) {
        node->line = where->line;
        node->column = where->column;
        node->origin = where->origin ? g_ref_string_acquire(where->origin) : NULL;
    }
    if (kind != VCB_NODE_SCALAR)
        node->values = g_ptr_array_new_with_free_func((GDestroyNotify)vcb_node_unref);
    if (kind == VCB_NODE_MAPPING)
        node->keys = g_ptr_array_new_with_free_func((GDestroyNotify)vcb_node_unref);
    return node;
}

VcbNode *vcb_node_new_scalar(const VcbNode *where, const char *text, gboolean quoted)
{
    VcbNode *node = vcb_node_new(VCB_NODE_SCALAR, where);

    node->text = g_strdup(text);
    node->quoted = quoted;
    return node;
}

static void add_weight(VcbNode *parent, const VcbNode *child)
{
    parent->weight = parent->weight > G_MAXUINT - child->weight ? G_MAXUINT : parent->weight + child->weight;
    parent->height = MAX(parent->height, child->height + 1);
}

void vcb_node_append(VcbNode *parent, VcbNode *key, VcbNode *value)
{
    g_assert((parent->kind == VCB_NODE_MAPPING) == (key != NULL));
    if (key) {
        g_ptr_array_add(parent->keys, key);
        add_weight(parent, key);
    }
    g_ptr_array_add(parent->values, value);
    add_weight(parent, value);
}

VcbNode *vcb_node_ref(VcbNode *node)
{
    node->refs++;
    return node;
}

void vcb_node_unref(VcbNode *node)
{
    if (!node || --node->refs > 0)
        return;
    g_clear_pointer(&node->keys, g_ptr_array_unref);
    g_clear_pointer(&node->values, g_ptr_array_unref);
    g_clear_pointer(&node->origin, g_ref_string_release);
    g_free(node->text);
    g_free(node->written);
    g_free(node);
}

static gboolean find(const VcbNode *node, const char *key, guint *ret_index)
{
    for (guint i = 0; node && node->kind == VCB_NODE_MAPPING && i < node->keys->len; i++) {
        const VcbNode *candidate = g_ptr_array_index(node->keys, i);

        if (g_str_equal(candidate->text, key)) {
            *ret_index = i;
            return TRUE;
        }
    }
    return FALSE;
}

VcbNode *vcb_node_get(const VcbNode *node, const char *key)
{
    guint i;

    return find(node, key, &i) ? g_ptr_array_index(node->values, i) : NULL;
}

VcbNode *vcb_node_get_key(const VcbNode *node, const char *key)
{
    guint i;

    return find(node, key, &i) ? g_ptr_array_index(node->keys, i) : NULL;
}

gboolean vcb_node_is_word(const VcbNode *node, const char *word)
{
    return node && node->kind == VCB_NODE_SCALAR && g_str_equal(node->text, word);
}

gboolean vcb_node_is_null(const VcbNode *node)
{
    return node && node->kind == VCB_NODE_SCALAR && !node->quoted &&
           (!*node->text || g_str_equal(node->text, "~") || g_str_equal(node->text, "null"));
}

/* Copy one node with its children's references, for the one on the changed path. */
static VcbNode *copy_shallow(const VcbNode *node)
{
    VcbNode *copy = vcb_node_new(node->kind, node);

    for (guint i = 0; i < node->values->len; i++)
        vcb_node_append(copy, node->keys ? vcb_node_ref(g_ptr_array_index(node->keys, i)) : NULL,
                        vcb_node_ref(g_ptr_array_index(node->values, i)));
    return copy;
}

static void replace(VcbNode *parent, guint index, VcbNode *value)
{
    VcbNode **slot = (VcbNode **)&g_ptr_array_index(parent->values, index);

    parent->weight -= MIN(parent->weight - 1, (*slot)->weight);
    vcb_node_unref(*slot);
    *slot = value;
    add_weight(parent, value);
}

VcbNode *vcb_node_with(VcbNode *root, const char *const *segments, VcbNode *value, guint *ret_bar)
{
    g_autoptr(VcbNode) changed = NULL;
    VcbNode *below, *child = NULL;
    guint index = 0;
    gboolean there = FALSE;

    if (!segments[0])
        return vcb_node_ref(value);
    if ((!root || vcb_node_is_null(root)) && g_ascii_isdigit(segments[0][0]))
        return NULL; /* an entry of a list that is not there */
    if (!root || vcb_node_is_null(root))
        changed = vcb_node_new(VCB_NODE_MAPPING, value);
    else if (root->kind == VCB_NODE_SCALAR)
        return NULL;
    else
        changed = copy_shallow(root);

    if (changed->kind == VCB_NODE_SEQUENCE) {
        guint64 number;

        if (!g_ascii_string_to_unsigned(segments[0], 10, 0, G_MAXUINT, &number, NULL) ||
            number >= changed->values->len)
            return NULL;
        index = (guint)number;
        there = TRUE;
    } else {
        there = find(changed, segments[0], &index);
    }
    if (there)
        child = g_ptr_array_index(changed->values, index);
    ++*ret_bar;
    below = vcb_node_with(child, segments + 1, value, ret_bar);
    if (!below)
        return NULL;
    --*ret_bar;
    if (there)
        replace(changed, index, below);
    else
        vcb_node_append(changed, vcb_node_new_scalar(value, segments[0], FALSE), below);
    return g_steal_pointer(&changed);
}

gboolean vcb_node_equal(const VcbNode *a, const VcbNode *b)
{
    if (a == b)
        return TRUE;
    if (!a || !b || a->kind != b->kind)
        return FALSE;
    if (a->kind == VCB_NODE_SCALAR)
        return g_str_equal(a->text, b->text);
    if (a->values->len != b->values->len)
        return FALSE;
    for (guint i = 0; i < a->values->len; i++) {
        if (a->keys && !vcb_node_equal(g_ptr_array_index(a->keys, i), g_ptr_array_index(b->keys, i)))
            return FALSE;
        if (!vcb_node_equal(g_ptr_array_index(a->values, i), g_ptr_array_index(b->values, i)))
            return FALSE;
    }
    return TRUE;
}

static cJSON *scalar_to_json(const VcbNode *node)
{
    double number;

    if (node->quoted)
        return cJSON_CreateString(node->text);
    if (vcb_node_is_null(node))
        return cJSON_CreateNull();
    if (g_str_equal(node->text, "true") || g_str_equal(node->text, "false"))
        return cJSON_CreateBool(node->text[0] == 't');
    if (vcb_units_parse(VCB_UNIT_NONE, node->text, &number, NULL))
        return cJSON_CreateNumber(number);
    return cJSON_CreateString(node->text);
}

cJSON *vcb_node_to_json(const VcbNode *node)
{
    cJSON *json;

    if (node->kind == VCB_NODE_SCALAR)
        return scalar_to_json(node);
    json = node->keys ? cJSON_CreateObject() : cJSON_CreateArray();
    for (guint i = 0; i < node->values->len; i++) {
        const VcbNode *child = g_ptr_array_index(node->values, i);
        cJSON *value = child->written ? cJSON_CreateString(child->written) : vcb_node_to_json(child);

        if (node->keys)
            cJSON_AddItemToObject(json, ((VcbNode *)g_ptr_array_index(node->keys, i))->text, value);
        else
            cJSON_AddItemToArray(json, value);
    }
    return json;
}
