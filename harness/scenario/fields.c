#include "harness/scenario/fields.h"

#include "harness/scenario/settings.h"

#include <string.h>

G_STATIC_ASSERT(offsetof(VcbVideoSettings, enabled) == 0);
G_STATIC_ASSERT(offsetof(VcbAudioSettings, enabled) == 0);
G_STATIC_ASSERT(offsetof(VcbVideoSettings, height) == offsetof(VcbVideoSettings, width) + sizeof(int));

static gboolean is_text(const VcbSetting *setting)
{
    return setting->type <= VCB_TYPE_PEER_NAME;
}

/* Take a value's text over, or copy its number, into the struct. */
void vcb_field_store(const VcbSetting *setting, gpointer base, VcbValue *value)
{
    switch (setting->type) {
    case VCB_TYPE_BOOL:
    case VCB_TYPE_INT:
        *VCB_FIELD_AT(int, base, setting->offset) = (int)value->whole;
        break;
    case VCB_TYPE_SEED:
        *VCB_FIELD_AT(guint64, base, setting->offset) = (guint64)value->whole;
        break;
    case VCB_TYPE_WHOLE:
        *VCB_FIELD_AT(gint64, base, setting->offset) = value->whole;
        break;
    case VCB_TYPE_NUMBER:
        *VCB_FIELD_AT(double, base, setting->offset) = value->number;
        break;
    case VCB_TYPE_SIZE:
        VCB_FIELD_AT(int, base, setting->offset)[0] = (int)value->whole;
        VCB_FIELD_AT(int, base, setting->offset)[1] = (int)value->height;
        break;
    default:
        g_assert(is_text(setting));
        g_free(*VCB_FIELD_AT(char *, base, setting->offset));
        *VCB_FIELD_AT(char *, base, setting->offset) = g_steal_pointer(&value->text);
    }
}

/* The opposite; text is borrowed. */
VcbValue vcb_field_load(const VcbSetting *setting, gconstpointer base)
{
    switch (setting->type) {
    case VCB_TYPE_BOOL:
    case VCB_TYPE_INT:
        return (VcbValue){.whole = *VCB_FIELD_AT(int, base, setting->offset)};
    case VCB_TYPE_SEED:
        return (VcbValue){.whole = (gint64)*VCB_FIELD_AT(guint64, base, setting->offset)};
    case VCB_TYPE_WHOLE:
        return (VcbValue){.whole = *VCB_FIELD_AT(gint64, base, setting->offset)};
    case VCB_TYPE_NUMBER:
        return (VcbValue){.number = *VCB_FIELD_AT(double, base, setting->offset)};
    case VCB_TYPE_SIZE:
        return (VcbValue){.whole = VCB_FIELD_AT(int, base, setting->offset)[0],
                          .height = VCB_FIELD_AT(int, base, setting->offset)[1]};
    default:
        g_assert(is_text(setting));
        return (VcbValue){.text = *VCB_FIELD_AT(char *, base, setting->offset)};
    }
}

/* Every default of a table. */
void vcb_fields_fill(const VcbSetting *table, gpointer base)
{
    for (const VcbSetting *setting = table; setting->key; setting++) {
        if (setting->type == VCB_TYPE_OPTIONAL)
            *VCB_FIELD_AT(gboolean, base, setting->offset) = TRUE;
        if (setting->type == VCB_TYPE_GROUP || setting->type == VCB_TYPE_OPTIONAL)
            vcb_fields_fill(setting->children, VCB_FIELD_AT(char, base, setting->offset));
        if (setting->type == VCB_TYPE_ENGINE)
            *VCB_FIELD_AT(char *, base, setting->offset) = g_strdup(setting->fallback);
        if (setting->fallback && vcb_setting_is_scalar(setting)) {
            g_auto(VcbValue) value = {0};
            gboolean fine = vcb_value_parse(setting, setting->fallback, &value, NULL);

            g_assert(fine); /* a default that its own row refuses */
            vcb_field_store(setting, base, &value);
        }
    }
}

static void clear_table(const VcbSetting *table, gpointer base)
{
    for (const VcbSetting *setting = table; setting->key; setting++) {
        if (is_text(setting) || setting->type == VCB_TYPE_ENGINE) {
            g_clear_pointer(VCB_FIELD_AT(char *, base, setting->offset), g_free);
        } else if (setting->type == VCB_TYPE_STRINGS) {
            g_clear_pointer(VCB_FIELD_AT(char **, base, setting->offset), g_strfreev);
        } else if (setting->type == VCB_TYPE_LIST) {
            char *items = *VCB_FIELD_AT(char *, base, setting->offset);

            for (guint i = 0; i < *VCB_FIELD_AT(guint, base, setting->count_offset); i++)
                clear_table(setting->children, items + i * setting->item_size);
            g_clear_pointer(VCB_FIELD_AT(char *, base, setting->offset), g_free);
            *VCB_FIELD_AT(guint, base, setting->count_offset) = 0;
        }
        if (setting->type == VCB_TYPE_ENGINE)
            clear_table(setting->children, base);
        if (setting->type == VCB_TYPE_GROUP || setting->type == VCB_TYPE_OPTIONAL)
            clear_table(setting->children, VCB_FIELD_AT(char, base, setting->offset));
    }
}

void vcb_settings_clear(VcbSettings *settings)
{
    const VcbSetting *peer = vcb_setting_find(VCB_SETTINGS, "peer");

    clear_table(VCB_SETTINGS, settings);
    for (guint i = 0; i < 2; i++) {
        clear_table(peer->children, &settings->peers[i]);
        g_clear_pointer(&settings->peers[i].name, g_free);
    }
}

static gboolean table_equal(const VcbSetting *table, gconstpointer a, gconstpointer b);

static gboolean lists_equal(const VcbSetting *setting, gconstpointer a, gconstpointer b)
{
    guint n = *VCB_FIELD_AT(guint, a, setting->count_offset);
    const char *x = *VCB_FIELD_AT(char *, a, setting->offset), *y = *VCB_FIELD_AT(char *, b, setting->offset);

    if (n != *VCB_FIELD_AT(guint, b, setting->count_offset))
        return FALSE;
    for (guint i = 0; i < n; i++)
        if (!table_equal(setting->children, x + i * setting->item_size, y + i * setting->item_size))
            return FALSE;
    return TRUE;
}

static gboolean setting_equal(const VcbSetting *setting, gconstpointer a, gconstpointer b)
{
    switch (setting->type) {
    case VCB_TYPE_OPTIONAL:
        if (!*VCB_FIELD_AT(gboolean, a, setting->offset) != !*VCB_FIELD_AT(gboolean, b, setting->offset))
            return FALSE;
        return !*VCB_FIELD_AT(gboolean, a, setting->offset) ||
               table_equal(setting->children, VCB_FIELD_AT(char, a, setting->offset),
                           VCB_FIELD_AT(char, b, setting->offset));
    case VCB_TYPE_GROUP:
        return table_equal(setting->children, VCB_FIELD_AT(char, a, setting->offset),
                           VCB_FIELD_AT(char, b, setting->offset));
    case VCB_TYPE_LIST:
        return lists_equal(setting, a, b);
    case VCB_TYPE_STRINGS: {
        char **x = *VCB_FIELD_AT(char **, a, setting->offset),
             **y = *VCB_FIELD_AT(char **, b, setting->offset);

        return x == y || (x && y && g_strv_equal((const char *const *)x, (const char *const *)y));
    }
    case VCB_TYPE_ENGINE:
        return g_strcmp0(*VCB_FIELD_AT(char *, a, setting->offset),
                         *VCB_FIELD_AT(char *, b, setting->offset)) == 0 &&
               table_equal(setting->children, a, b);
    case VCB_TYPE_PEER:
    case VCB_TYPE_PEERS:
    case VCB_TYPE_MATRIX:
    case VCB_TYPE_EXPECT:
        return TRUE;
    default: {
        VcbValue x = vcb_field_load(setting, a), y = vcb_field_load(setting, b);

        return x.whole == y.whole && x.height == y.height && x.number == y.number &&
               !g_strcmp0(x.text, y.text);
    }
    }
}

static gboolean table_equal(const VcbSetting *table, gconstpointer a, gconstpointer b)
{
    for (const VcbSetting *setting = table; setting->key; setting++)
        if (!setting_equal(setting, a, b))
            return FALSE;
    return TRUE;
}

gboolean vcb_settings_equal(const VcbSettings *a, const VcbSettings *b)
{
    const VcbSetting *peer = vcb_setting_find(VCB_SETTINGS, "peer");

    for (guint i = 0; i < 2; i++)
        if (!g_str_equal(a->peers[i].name, b->peers[i].name) ||
            !table_equal(peer->children, &a->peers[i], &b->peers[i]))
            return FALSE;
    return table_equal(VCB_SETTINGS, a, b);
}

char *vcb_settings_text(const VcbSetting *table, gconstpointer base, const char *path)
{
    const char *dot = strchr(path, '.');
    g_autofree char *key = dot ? g_strndup(path, (gsize)(dot - path)) : g_strdup(path);
    const VcbSetting *setting = vcb_setting_find(table, key);
    VcbValue value;

    if (!setting)
        return NULL;
    if (dot)
        return setting->type == VCB_TYPE_GROUP || setting->type == VCB_TYPE_OPTIONAL
                   ? vcb_settings_text(setting->children, VCB_FIELD_AT(char, base, setting->offset), dot + 1)
                   : NULL;
    if (!vcb_setting_is_scalar(setting))
        return NULL;
    value = vcb_field_load(setting, base);
    return vcb_value_format(setting, &value);
}
