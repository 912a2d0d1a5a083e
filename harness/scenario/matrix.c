#include "harness/scenario/matrix.h"

#include <string.h>

static void axis_free(VcbAxis *axis)
{
    g_free(axis->path);
    g_strfreev(axis->segments);
    g_free(axis->label);
    g_free(axis);
}

void vcb_matrix_clear(VcbMatrix *matrix)
{
    g_clear_pointer(&matrix->axes, g_ptr_array_unref);
}

static gboolean check_values(const VcbNode *key, const VcbNode *values, VcbProblems *problems)
{
    if (values->kind != VCB_NODE_SEQUENCE || !values->values->len) {
        vcb_problems_add(problems, values, "`%s` needs a list of values to go through; e.g. `[true, false]`",
                         key->text);
        return FALSE;
    }
    for (guint i = 0; i < values->values->len; i++)
        for (guint k = 0; k < i; k++)
            if (vcb_node_equal(g_ptr_array_index(values->values, i), g_ptr_array_index(values->values, k))) {
                vcb_problems_add(problems, g_ptr_array_index(values->values, i),
                                 "this value of `%s` stands in the list already; leave it out", key->text);
                return FALSE;
            }
    return TRUE;
}

static VcbAxis *read_axis(const VcbNode *root, const VcbNode *key, const VcbNode *values,
                          VcbProblems *problems)
{
    g_autoptr(GError) error = NULL;
    const VcbSetting *setting = NULL;
    g_auto(GStrv) segments = vcb_path_split(key->text, root, &setting, &error);
    const VcbSetting *top = segments ? vcb_setting_find(VCB_SETTINGS, segments[0]) : NULL;
    VcbAxis *axis;

    if (!segments) {
        vcb_problems_add(problems, key, "%s", error->message);
        return NULL;
    }
    if ((setting && setting->run_wide) || top->type == VCB_TYPE_MATRIX || top->type == VCB_TYPE_EXPECT) {
        vcb_problems_add(problems, key,
                         "`%s` holds for the whole run, so no matrix can go over it; take it out", key->text);
        return NULL;
    }
    if (setting && (setting->type == VCB_TYPE_GROUP)) {
        vcb_problems_add(problems, key, "`%s` is a group of settings; name one of them, e.g. `%s.%s`",
                         key->text, key->text, setting->children->key);
        return NULL;
    }
    if (!check_values(key, values, problems))
        return NULL;
    axis = g_new0(VcbAxis, 1);
    axis->path = g_strdup(key->text);
    axis->segments = g_steal_pointer(&segments);
    axis->secret = setting && setting->secret;
    axis->key = key;
    axis->values = values;
    return axis;
}

static char *last_segments(const VcbAxis *axis, guint n)
{
    guint all = g_strv_length(axis->segments);

    return g_strjoinv(".", axis->segments + (all > n ? all - n : 0));
}

/* Each axis's label: the shortest end of its path that no other axis's path has. */
static void make_labels(VcbMatrix *matrix)
{
    for (guint i = 0; i < matrix->axes->len; i++) {
        VcbAxis *axis = g_ptr_array_index(matrix->axes, i);
        gboolean alone = FALSE;

        for (guint n = 1; !alone; n++) {
            g_free(axis->label);
            axis->label = last_segments(axis, n);
            alone = TRUE;
            for (guint k = 0; k < matrix->axes->len; k++) {
                g_autofree char *other = last_segments(g_ptr_array_index(matrix->axes, k), n);

                alone = alone && (k == i || !g_str_equal(axis->label, other));
            }
        }
    }
}

void vcb_matrix_init(VcbMatrix *matrix, const VcbNode *root, VcbProblems *problems)
{
    const VcbNode *node = vcb_node_get(root, "matrix");
    guint64 n = 1;

    matrix->axes = g_ptr_array_new_with_free_func((GDestroyNotify)axis_free);
    matrix->n_variants = 1;
    if (!node)
        return;
    if (node->kind != VCB_NODE_MAPPING) {
        vcb_problems_add(
            problems, node,
            "`matrix` maps paths to lists of values; e.g. `peer.candidate_queue: [true, false]` below it");
        return;
    }
    for (guint i = 0; i < node->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(node->keys, i);
        VcbAxis *axis = read_axis(root, key, g_ptr_array_index(node->values, i), problems);
        gboolean overlaps = FALSE;

        for (guint k = 0; axis && k < matrix->axes->len && !overlaps; k++) {
            const VcbAxis *other = g_ptr_array_index(matrix->axes, k);

            overlaps =
                vcb_path_overlap((const char *const *)axis->segments, (const char *const *)other->segments);
            if (overlaps)
                vcb_problems_add(problems, key, "`%s` and `%s` set the same thing; keep one of them",
                                 axis->path, other->path);
        }
        if (!axis)
            continue;
        if (overlaps || n * axis->values->values->len > VCB_MATRIX_MOST_VARIANTS) {
            if (!overlaps)
                vcb_problems_add(problems, key, "the matrix has more than %d variants; shorten its lists",
                                 VCB_MATRIX_MOST_VARIANTS);
            axis_free(axis);
            continue;
        }
        n *= axis->values->values->len;
        g_ptr_array_add(matrix->axes, axis);
    }
    matrix->n_variants = (guint)n;
    make_labels(matrix);
}

static guint value_index(const VcbMatrix *matrix, guint axis, guint variant)
{
    guint below = 1;

    for (guint i = axis + 1; i < matrix->axes->len; i++)
        below *= ((const VcbAxis *)g_ptr_array_index(matrix->axes, i))->values->values->len;
    return variant / below % ((const VcbAxis *)g_ptr_array_index(matrix->axes, axis))->values->values->len;
}

VcbNode *vcb_matrix_value(const VcbMatrix *matrix, guint axis, guint variant)
{
    const VcbAxis *a = g_ptr_array_index(matrix->axes, axis);

    return g_ptr_array_index(a->values->values, value_index(matrix, axis, variant));
}

static void append_flow(GString *text, const cJSON *value)
{
    gboolean is_object = cJSON_IsObject(value);
    const cJSON *item;

    if (!is_object && !cJSON_IsArray(value)) {
        g_autofree char *scalar =
            cJSON_IsString(value) ? g_strdup(value->valuestring) : vcb_json_print(value);

        g_string_append(text, scalar);
        return;
    }
    g_string_append_c(text, is_object ? '{' : '[');
    cJSON_ArrayForEach (item, value) {
        g_string_append_printf(text, "%s%s%s", item->prev && item != value->child ? ", " : "",
                               is_object ? item->string : "", is_object ? ": " : "");
        append_flow(text, item);
    }
    g_string_append_c(text, is_object ? '}' : ']');
}

char *vcb_matrix_value_text(const cJSON *value)
{
    GString *text = g_string_new(NULL);

    append_flow(text, value);
    return g_string_free(text, FALSE);
}

static gboolean is_short(const char *text)
{
    return g_utf8_strlen(text, -1) <= 40 && !strpbrk(text, "\n\t");
}

/* "[symmetric, full-cone]" for a part of the network, which holds no secrets; NULL where it is long. */
static char *network_text(const VcbAxis *axis, const VcbNode *value)
{
    g_autoptr(cJSON) json = NULL;
    g_autofree char *text = NULL;

    if (!g_str_equal(axis->segments[0], "network"))
        return NULL;
    json = vcb_node_to_json(value);
    text = vcb_matrix_value_text(json);
    return is_short(text) ? g_steal_pointer(&text) : NULL;
}

char *vcb_matrix_name(const VcbMatrix *matrix, guint variant)
{
    g_autoptr(GString) name = g_string_new(NULL);

    for (guint i = 0; i < matrix->axes->len; i++) {
        const VcbAxis *axis = g_ptr_array_index(matrix->axes, i);
        const VcbNode *value = vcb_matrix_value(matrix, i, variant);
        g_autofree char *flow = value->kind == VCB_NODE_SCALAR ? NULL : network_text(axis, value);

        g_string_append_printf(name, "%s%s=", i ? ", " : "", axis->label);
        /* What is no word goes by its number in the list; a secret does, too. */
        if (value->kind == VCB_NODE_SCALAR && !axis->secret && is_short(value->text))
            g_string_append(name, value->text);
        else if (flow)
            g_string_append(name, flow);
        else
            g_string_append_printf(name, "#%u", value_index(matrix, i, variant) + 1);
    }
    return g_string_free(g_steal_pointer(&name), FALSE);
}

cJSON *vcb_matrix_json(const VcbMatrix *matrix, guint variant)
{
    cJSON *json = cJSON_CreateObject();

    for (guint i = 0; i < matrix->axes->len; i++) {
        const VcbAxis *axis = g_ptr_array_index(matrix->axes, i);
        const VcbNode *value = vcb_matrix_value(matrix, i, variant);

        cJSON_AddItemToObject(json, axis->path,
                              axis->secret && value->written ? cJSON_CreateString(value->written)
                                                             : vcb_node_to_json(value));
    }
    return json;
}

VcbNode *vcb_matrix_apply(const VcbMatrix *matrix, guint variant, VcbNode *root, VcbProblems *problems)
{
    g_autoptr(VcbNode) tree = vcb_node_ref(root);

    for (guint i = 0; i < matrix->axes->len; i++) {
        const VcbAxis *axis = g_ptr_array_index(matrix->axes, i);
        g_autoptr(GError) error = NULL;
        VcbNode *changed = vcb_path_apply(tree, (const char *const *)axis->segments,
                                          vcb_matrix_value(matrix, i, variant), &error);

        if (!changed) {
            vcb_problems_add(problems, axis->key, "%s", error->message);
            return NULL;
        }
        vcb_node_unref(tree);
        tree = changed;
    }
    return g_steal_pointer(&tree);
}
