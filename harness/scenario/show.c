/* The scenario as YAML with its defaults filled in: the tree, written again in the table's order and in the
 * table's forms. It is made from the tree and not from the settings, as a matrix goes over what was written:
 * were `peer` spelled out for each peer, a matrix over `peer.video.codec` would no longer reach them. */
#include "harness/scenario/scenario.h"

#include "harness/scenario/expect.h"
#include "harness/scenario/settings_table.h"
#include "harness/scenario/variables.h"

#include <string.h>

typedef struct {
    const VcbScenario *scenario;
    GString *out;
} Writer;

/* ---- scalars ---- */

static gboolean is_plain(const char *text)
{
    static const char *const WORDS[] = {"true", "false", "null", "~", NULL};
    static const char *const FIRST = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/";
    static const char *const REST =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+=;@()' -";
    gsize n = strlen(text);

    return n && n < 200 && strchr(FIRST, text[0]) && strspn(text, REST) == n && text[n - 1] != ' ' &&
           !g_strv_contains(WORDS, text);
}

static void append_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c == '\t')
            g_string_append(out, "\\t");
        else if (g_unichar_isprint(c))
            g_string_append_unichar(out, c);
        else if (c < 0x100)
            g_string_append_printf(out, "\\x%02x", c);
        else if (c < 0x10000)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_printf(out, "\\U%08x", c);
    }
    g_string_append_c(out, '"');
}

/* A text as a YAML scalar that reads back as the same string. */
static void append_text(GString *out, const char *text)
{
    if (is_plain(text))
        g_string_append(out, text);
    else
        append_quoted(out, text);
}

/* ... that is a string with its dollar signs. */
static void append_literal(GString *out, const char *text)
{
    g_autofree char *escaped = vcb_variables_escape(text);

    append_text(out, escaped);
}

/* The value of a scalar row, normalised: as the tree has it, or (node NULL) the default. */
static void append_value(GString *out, const VcbSetting *setting, const VcbNode *node)
{
    g_auto(VcbValue) value = {0};
    g_autofree char *text = NULL;
    gboolean fine;

    if (node && setting->secret && node->written) {
        append_text(out, node->written);
        return;
    }
    fine = vcb_value_parse(setting, node ? node->text : setting->fallback, &value, NULL);
    g_assert(fine); /* the scenario was loaded */
    text = vcb_value_format(setting, &value);
    if (setting->type > VCB_TYPE_PEER_NAME)
        g_string_append(out, text); /* a number or true or false, in no need of quotes */
    else
        append_literal(out, text);
}

/* A tree on one line. */
static void append_flow(GString *out, const VcbNode *node)
{
    if (node->kind == VCB_NODE_SCALAR) {
        g_autoptr(cJSON) json = vcb_node_to_json(node);

        if (node->written)
            append_text(out, node->written);
        else if (cJSON_IsNull(json))
            g_string_append(out, "null");
        else if (!cJSON_IsString(json))
            g_string_append(out, node->text);
        else if (node->quoted) {
            g_autofree char *escaped = vcb_variables_escape(node->text);

            append_quoted(out, escaped);
        } else
            append_literal(out, node->text);
        return;
    }
    g_string_append_c(out, node->keys ? '{' : '[');
    for (guint i = 0; i < node->values->len; i++) {
        if (i)
            g_string_append(out, ", ");
        if (node->keys) {
            append_text(out, ((const VcbNode *)g_ptr_array_index(node->keys, i))->text);
            g_string_append(out, ": ");
        }
        append_flow(out, g_ptr_array_index(node->values, i));
    }
    g_string_append_c(out, node->keys ? '}' : ']');
}

/* ---- tables ---- */

static void append_indent(GString *out, guint level)
{
    g_string_append_printf(out, "%*s", (int)(2 * level), "");
}

/* Whether the row says something, given its selector in the same mapping. */
static gboolean applies(const VcbSetting *table, const VcbSetting *setting, const VcbNode *node)
{
    const VcbSetting *selector = setting->selector ? vcb_setting_find(table, setting->selector) : NULL;
    const VcbNode *written = selector ? vcb_node_get(node, selector->key) : NULL;
    const char *text = written ? written->text : selector ? selector->fallback : NULL;
    g_auto(VcbValue) value = {0};

    return !text || !vcb_value_parse(selector, text, &value, NULL) ||
           g_strv_contains(setting->applies, value.text);
}

static void show_table(Writer *writer, const VcbSetting *table, const VcbNode *node, guint level,
                       gboolean fill);

/* `key:` and the group below it, or `key: {}`. */
static void show_group(Writer *writer, const VcbSetting *setting, const VcbNode *node, guint level,
                       gboolean fill)
{
    gsize before;

    g_string_append_c(writer->out, '\n');
    before = writer->out->len;
    show_table(writer, setting->children, node, level + 1, fill);
    if (writer->out->len == before) {
        g_string_truncate(writer->out, before - 1);
        g_string_append(writer->out, " {}\n");
    }
}

static void show_list(Writer *writer, const VcbSetting *setting, const VcbNode *node, guint level)
{
    if (!node || !node->values->len) {
        g_string_append(writer->out, " []\n");
        return;
    }
    g_string_append_c(writer->out, '\n');
    for (guint i = 0; i < node->values->len; i++) {
        gsize begin = writer->out->len + 2 * (level + 1);

        show_table(writer, setting->children, g_ptr_array_index(node->values, i), level + 2, TRUE);
        writer->out->str[begin] = '-';
    }
}

static void show_peers(Writer *writer, const VcbSetting *setting, const VcbNode *node)
{
    const VcbPeerSettings *peers = writer->scenario->variants[0].settings.peers;

    g_string_append_c(writer->out, '\n');
    for (guint i = 0; i < 2; i++) {
        const VcbNode *peer = vcb_node_get(node, peers[i].name);

        g_string_append_printf(writer->out, "  %s:", peers[i].name);
        show_group(writer, setting, vcb_node_is_null(peer) ? NULL : peer, 1, FALSE);
    }
}

/* A mapping, or the value that is short for one. */
static void show_short(Writer *writer, const VcbSetting *setting, const VcbNode *node, guint level,
                       gboolean fill)
{
    VcbSetting value = *vcb_setting_short(setting);

    if (node && node->kind == VCB_NODE_MAPPING) {
        show_group(writer, setting, node, level, fill);
        return;
    }
    value.fallback = setting->fallback;
    g_string_append_c(writer->out, ' ');
    append_value(writer->out, &value, node);
    g_string_append_c(writer->out, '\n');
}

/* Where there is no network there is nothing to fill in. */
static void show_network(Writer *writer, const VcbSetting *setting, const VcbNode *node, guint level)
{
    const VcbNode *profile = vcb_node_get(node, setting->short_key);

    show_short(writer, setting, vcb_node_is_word(profile, "loopback") ? profile : node, level, TRUE);
}

static void show_hosts(Writer *writer, const VcbSetting *setting, const VcbNode *node, guint level)
{
    const VcbPeerSettings *peers = writer->scenario->variants[0].settings.peers;
    gsize begin = writer->out->len;

    g_string_append_c(writer->out, '\n');
    for (guint i = 0; i < 2; i++) {
        const VcbNode *host = vcb_node_get(node, peers[i].name);

        if (!host || vcb_node_is_null(host))
            continue;
        append_indent(writer->out, level + 1);
        g_string_append_printf(writer->out, "%s:", peers[i].name);
        show_short(writer, setting, host, level + 1, FALSE);
    }
    if (writer->out->len == begin + 1) {
        g_string_truncate(writer->out, begin);
        g_string_append(writer->out, " {}\n");
    }
}

static void show_matrix(Writer *writer, const VcbNode *node)
{
    g_string_append_c(writer->out, '\n');
    for (guint i = 0; i < node->keys->len; i++) {
        g_string_append(writer->out, "  ");
        append_text(writer->out, ((const VcbNode *)g_ptr_array_index(node->keys, i))->text);
        g_string_append(writer->out, ": ");
        append_flow(writer->out, g_ptr_array_index(node->values, i));
        g_string_append_c(writer->out, '\n');
    }
}

/* The lines of one mapping of `expect:`, comparisons normalised. */
static void show_expectations(Writer *writer, const VcbNode *node, guint level)
{
    for (guint i = 0; i < node->keys->len; i++) {
        const char *key = ((const VcbNode *)g_ptr_array_index(node->keys, i))->text;
        const VcbNode *value = g_ptr_array_index(node->values, i);

        if (value->kind != VCB_NODE_SCALAR)
            continue;
        append_indent(writer->out, level);
        g_string_append_printf(writer->out, "%s: ", key);
        append_quoted(writer->out, value->text);
        g_string_append_c(writer->out, '\n');
    }
}

static void show_expect(Writer *writer, const VcbNode *node)
{
    const VcbNode *variants = vcb_node_get(node, "variants");

    g_string_append_c(writer->out, '\n');
    show_expectations(writer, node, 1);
    if (!variants || !variants->values->len)
        return;
    g_string_append(writer->out, "  variants:\n");
    for (guint i = 0; i < variants->values->len; i++) {
        const VcbNode *entry = g_ptr_array_index(variants->values, i);

        g_string_append(writer->out, "    - when: ");
        append_flow(writer->out, vcb_node_get(entry, "when"));
        g_string_append_c(writer->out, '\n');
        show_expectations(writer, entry, 3);
    }
}

static void show_setting(Writer *writer, const VcbSetting *setting, const VcbNode *value, guint level,
                         gboolean fill)
{
    append_indent(writer->out, level);
    g_string_append_printf(writer->out, "%s:", setting->key);
    switch (setting->type) {
    case VCB_TYPE_OPTIONAL:
        if (vcb_node_is_word(value, "none"))
            g_string_append(writer->out, " none\n");
        else
            show_group(writer, setting, value, level, fill);
        break;
    case VCB_TYPE_GROUP:
    case VCB_TYPE_PEER:
        show_group(writer, setting, value, level, fill);
        break;
    case VCB_TYPE_PEERS:
        show_peers(writer, setting, value);
        break;
    case VCB_TYPE_LIST:
        show_list(writer, setting, value, level);
        break;
    case VCB_TYPE_MATRIX:
        show_matrix(writer, value);
        break;
    case VCB_TYPE_EXPECT:
        show_expect(writer, value);
        break;
    case VCB_TYPE_LINK:
        show_group(writer, setting, value, level, FALSE);
        break;
    case VCB_TYPE_NETWORK:
        show_network(writer, setting, value, level);
        break;
    case VCB_TYPE_HOSTS:
        show_hosts(writer, setting, value, level);
        break;
    case VCB_TYPE_SHORT:
        show_short(writer, setting, value, level, TRUE);
        break;
    case VCB_TYPE_SHORTS:
        if (!value || value->kind != VCB_NODE_SEQUENCE) {
            show_short(writer, setting, value, level, TRUE);
            break;
        }
        G_GNUC_FALLTHROUGH;
    case VCB_TYPE_INTS:
    case VCB_TYPE_ENGINE:
    case VCB_TYPE_STRINGS:
        g_string_append_c(writer->out, ' ');
        if (value)
            append_flow(writer->out, value);
        else
            g_string_append(writer->out, setting->fallback);
        g_string_append_c(writer->out, '\n');
        break;
    default:
        g_string_append_c(writer->out, ' ');
        append_value(writer->out, setting, value);
        g_string_append_c(writer->out, '\n');
    }
}

/* Whether a row that nobody wrote is shown nevertheless. */
static gboolean is_filled_in(const VcbSetting *table, const VcbSetting *setting, const VcbNode *node)
{
    switch (setting->type) {
    case VCB_TYPE_GROUP:
    case VCB_TYPE_OPTIONAL:
    case VCB_TYPE_PEER:
    case VCB_TYPE_PEERS:
    case VCB_TYPE_STRINGS:
        return applies(table, setting, node);
    case VCB_TYPE_LIST: /* of a link only what is written counts */
        return !setting->elsewhere && applies(table, setting, node);
    case VCB_TYPE_MATRIX:
    case VCB_TYPE_EXPECT:
        return FALSE;
    default:
        return setting->fallback && applies(table, setting, node);
    }
}

/* Each row that the tree has; with `fill` also those that have a default. */
static void show_table(Writer *writer, const VcbSetting *table, const VcbNode *node, guint level,
                       gboolean fill)
{
    for (const VcbSetting *setting = table; setting->key; setting++) {
        const VcbNode *value = vcb_node_get(node, setting->key);

        if (table == VCB_SETTINGS && g_str_equal(setting->key, "name")) {
            g_string_append(writer->out, "name: ");
            append_text(writer->out, writer->scenario->name);
            g_string_append_c(writer->out, '\n');
        } else if (value || (fill && is_filled_in(table, setting, node))) {
            show_setting(writer, setting, value, level, fill);
        }
    }
}

char *vcb_scenario_show(const VcbScenario *scenario)
{
    g_autoptr(VcbProblems) problems = vcb_problems_new(scenario->path, NULL);
    g_auto(VcbMatrix) matrix = {0};
    g_autoptr(VcbNode) tree = NULL;
    Writer writer = {scenario, g_string_new(NULL)};

    /* With the first variant's values in place, so that no default is filled in that no variant has a use
     * for. */
    vcb_matrix_init(&matrix, scenario->tree, problems);
    tree = vcb_matrix_apply(&matrix, 0, scenario->tree, problems);
    g_assert(tree);
    show_table(&writer, VCB_SETTINGS, tree, 0, TRUE);
    return g_string_free(writer.out, FALSE);
}
