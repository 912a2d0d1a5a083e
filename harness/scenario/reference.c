/* The key reference of docs/scenario.md, made from the table. */
#include "harness/scenario/scenario.h"

#include "harness/scenario/settings_table.h"

#include <string.h>

/* What the row takes. */
static char *values(const VcbSetting *setting)
{
    g_autofree char *range = vcb_setting_range(setting);
    g_autofree char *words = setting->choices ? g_strjoinv("`, `", (char **)setting->choices) : NULL;

    switch (setting->type) {
    case VCB_TYPE_CHOICE:
    case VCB_TYPE_ACTION:
        return g_strdup_printf("`%s`", words);
    case VCB_TYPE_BOOL:
        return g_strdup("`true`, `false`");
    case VCB_TYPE_ENGINE:
        return g_strdup_printf("`%s`, `{exec: [...]}`", words);
    case VCB_TYPE_OPTIONAL:
        return g_strdup("mapping, `none`");
    case VCB_TYPE_GROUP:
    case VCB_TYPE_PEER:
    case VCB_TYPE_PEERS:
    case VCB_TYPE_MATRIX:
    case VCB_TYPE_EXPECT:
        return g_strdup("mapping");
    case VCB_TYPE_LIST:
        return g_strdup("list of mappings");
    case VCB_TYPE_STRINGS:
        return g_strdup("list of texts");
    case VCB_TYPE_STRING:
        return g_strdup(setting->form ? setting->form : "text");
    case VCB_TYPE_PEER_NAME:
        return setting->form ? g_strdup(setting->form)
                             : g_strdup_printf("a peer's name, `%s`", setting->fallback);
    case VCB_TYPE_SHORT:
    case VCB_TYPE_SHORTS:
    case VCB_TYPE_NETWORK: {
        g_autofree char *alone = values(vcb_setting_short(setting));

        return g_strdup_printf("%s, %smapping", alone, setting->type == VCB_TYPE_SHORTS ? "list, " : "");
    }
    case VCB_TYPE_LINK:
    case VCB_TYPE_HOSTS:
        return g_strdup("mapping");
    case VCB_TYPE_INTS:
        return g_strdup("list of ports");
    case VCB_TYPE_QUEUE:
        return g_strdup("a time, bytes, packets");
    default:
        if (setting->zero && !range)
            return g_strdup_printf("`%s`", setting->zero);
        if (setting->zero)
            return g_strdup_printf("%s, `%s`", range, setting->zero);
        return range ? g_steal_pointer(&range) : g_strdup("");
    }
}

static void append_rows(GString *out, const VcbSetting *table, const char *prefix)
{
    for (const VcbSetting *setting = table; setting->key; setting++) {
        g_autofree char *takes = values(setting);
        g_autofree char *fallback =
            setting->fallback ? g_strdup_printf("`%s`", setting->fallback) : g_strdup("");
        g_autofree char *condition = NULL;
        g_autofree char *path =
            *prefix ? g_strdup_printf("%s.%s", prefix, setting->key) : g_strdup(setting->key);

        if (setting->elsewhere && setting->selector)
            continue; /* keys of a link that stand in an entry of the timeline: `do` there tells of them */
        if (setting->applies) {
            g_autofree char *all = g_strjoinv("`, `", (char **)setting->applies);

            condition = g_strdup_printf(" (with `%s` `%s`)", setting->selector, all);
        }
        if (setting->required_where && !setting->fallback) {
            g_free(fallback);
            fallback = g_strdup("required");
        } else if (setting->required_where) {
            g_free(fallback);
            fallback =
                g_strdup_printf("`%s`; required with `%s`", setting->fallback, setting->required_where);
        }
        g_string_append_printf(out, "| `%s` | %s | %s | %s%s%s%s%s%s%s |\n", path, takes, fallback,
                               setting->description, condition ? condition : "", setting->reason ? "; " : "",
                               setting->reason ? setting->reason : "", setting->elsewhere ? "; as `" : "",
                               setting->elsewhere ? setting->elsewhere : "", setting->elsewhere ? "`" : "");
        if (setting->elsewhere)
            continue;
        if (setting->type == VCB_TYPE_LIST) {
            g_autofree char *item = g_strconcat(path, "[]", NULL);

            append_rows(out, setting->children, item);
        } else if (setting->children && setting->type != VCB_TYPE_PEERS) {
            append_rows(out, setting->children, path);
        }
    }
}

char *vcb_scenario_reference(void)
{
    GString *out = g_string_new("| key | takes | default | |\n|---|---|---|---|\n");

    append_rows(out, VCB_SETTINGS, "");
    return g_string_free(out, FALSE);
}
