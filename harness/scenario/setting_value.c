/* Scalars of the table: text to value and back. */
#include "harness/scenario/settings_table.h"

#include "common/error.h"
#include "common/suggest.h"

#include <math.h>
#include <string.h>

/* Ways in which people write the timeline's actions; '-', '_' and blanks are alike. */
static const char *const ACTION_ALIASES[][2] = {
    {"mute-audio", "mute"},          {"unmute-audio", "unmute"},      {"mute-microphone", "mute"},
    {"unmute-microphone", "unmute"}, {"mute-video", "stop-video"},    {"unmute-video", "start-video"},
    {"stop-camera", "stop-video"},   {"start-camera", "start-video"}, {"chat", "send-chat"},
    {"send-message", "send-chat"},   {"hangup", "hang-up"},           {"ice-restart", "restart-ice"},
};

gboolean vcb_setting_is_scalar(const VcbSetting *setting)
{
    return setting->type <= VCB_TYPE_QUEUE;
}

const VcbSetting *vcb_setting_short(const VcbSetting *setting)
{
    const VcbSetting *child = vcb_setting_find(setting->children, setting->short_key);

    g_assert(child);
    return child;
}

void vcb_value_clear(VcbValue *value)
{
    g_clear_pointer(&value->text, g_free);
}

/* "a, b or c" */
static char *list_words(const char *const *words)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; words[i]; i++)
        g_string_append_printf(out, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
    return g_string_free(out, FALSE);
}

static gboolean parse_choice(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    const char *nearest;
    g_autofree char *all = NULL;

    if (g_strv_contains(setting->choices, text)) {
        ret_value->text = g_strdup(text);
        return TRUE;
    }
    nearest = vcb_suggest(text, setting->choices);
    all = list_words(setting->choices);
    if (nearest)
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` cannot be `%s`; did you mean `%s`? It takes %s",
                    setting->key, text, nearest, all);
    else
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` cannot be `%s`; it takes %s", setting->key, text,
                    all);
    return FALSE;
}

static gboolean parse_action(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    g_autofree char *word = g_ascii_strdown(text, -1);

    g_strdelimit(g_strstrip(word), " _", '-');
    for (gsize i = 0; i < G_N_ELEMENTS(ACTION_ALIASES); i++) {
        if (g_str_equal(word, ACTION_ALIASES[i][0])) {
            ret_value->text = g_strdup(ACTION_ALIASES[i][1]);
            return TRUE;
        }
    }
    return parse_choice(setting, word, ret_value, error);
}

static gboolean parse_string(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    if (setting->pattern && !g_regex_match_simple(setting->pattern, text, G_REGEX_DOLLAR_ENDONLY, 0)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` cannot be `%s`; it is %s", setting->key, text,
                    setting->form);
        return FALSE;
    }
    ret_value->text = g_strdup(text);
    return TRUE;
}

static gboolean parse_bool(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    static const char *const TRUE_WORDS[] = {"yes", "on", "1", "True", "TRUE", "y", NULL};

    if (g_str_equal(text, "true") || g_str_equal(text, "false")) {
        ret_value->whole = text[0] == 't';
        return TRUE;
    }
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is true or false, not `%s`; write %s", setting->key,
                text, g_strv_contains(TRUE_WORDS, text) ? "true" : "false");
    return FALSE;
}

static char *format_number(const VcbSetting *setting, double value)
{
    return vcb_units_format(setting->unit, value);
}

char *vcb_setting_range(const VcbSetting *setting)
{
    g_autofree char *low = NULL, *high = NULL;

    if (setting->high == 0)
        return NULL;
    if (setting->type == VCB_TYPE_SIZE)
        return g_strdup_printf("%.0fx%.0f to %.0fx%.0f", setting->low, setting->low, setting->high,
                               setting->high);
    low = format_number(setting, setting->low);
    high = format_number(setting, setting->high);
    return g_strdup_printf("%s to %s", low, high);
}

static gboolean check_range(const VcbSetting *setting, double value, const char *text, GError **error)
{
    g_autofree char *range = NULL;

    if (setting->high == 0 || (value >= setting->low && value <= setting->high))
        return TRUE;
    range = vcb_setting_range(setting);
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` cannot be %s; it goes from %s%s%s", setting->key,
                text, range, setting->reason ? ": " : "", setting->reason ? setting->reason : "");
    return FALSE;
}

static gboolean parse_int(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    gint64 number = 0;
    g_autoptr(GError) parse_error = NULL;
    g_autofree char *zero = setting->zero ? g_strdup_printf(", or `%s`", setting->zero) : g_strdup("");

    if (setting->zero && g_str_equal(text, setting->zero)) {
        ret_value->whole = 0;
        return TRUE;
    }
    if (!g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, &parse_error)) {
        if (g_error_matches(parse_error, G_NUMBER_PARSER_ERROR, G_NUMBER_PARSER_ERROR_OUT_OF_BOUNDS))
            return check_range(setting, HUGE_VAL, text, error);
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is a whole number%s, not `%s`; write e.g. %s",
                    setting->key, zero, text, setting->fallback ? setting->fallback : "1");
        return FALSE;
    }
    if (!check_range(setting, (double)number, text, error))
        return FALSE;
    ret_value->whole = number;
    return TRUE;
}

static gboolean parse_quantity(const VcbSetting *setting, const char *text, VcbValue *ret_value,
                               GError **error)
{
    double number;

    if (setting->zero && g_str_equal(text, setting->zero)) {
        ret_value->number = 0;
        ret_value->whole = 0;
        return TRUE;
    }
    if (!vcb_units_parse(setting->unit, text, &number, error)) {
        g_prefix_error(error, "`%s`: ", setting->key);
        if (setting->zero)
            g_prefix_error(error, "`%s` is a quantity or `%s`. ", setting->key, setting->zero);
        return FALSE;
    }
    if (!check_range(setting, number, text, error))
        return FALSE;
    if (setting->type == VCB_TYPE_WHOLE)
        ret_value->whole = (gint64)number;
    else
        ret_value->number = number;
    return TRUE;
}

static gboolean parse_size(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    int width, height;

    if (!vcb_units_parse_size(text, &width, &height, error)) {
        g_prefix_error(error, "`%s`: ", setting->key);
        return FALSE;
    }
    if (!check_range(setting, width, text, error) || !check_range(setting, height, text, error))
        return FALSE;
    if (width % 2 || height % 2) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` cannot be %s: %s; write %dx%d", setting->key,
                    text, setting->reason, width + width % 2, height + height % 2);
        return FALSE;
    }
    ret_value->whole = width;
    ret_value->height = height;
    return TRUE;
}

/* Three ways to say how long a queue is, told apart by their units; packets have none. */
static gboolean parse_queue(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    static const struct {
        const char *name;
        VcbUnit unit;
        double low, high;
        const char *range;
    } WAYS[] = {{"packets", VCB_UNIT_NONE, 1, 1000000, "1 to 1000000 packets"},
                {"us", VCB_UNIT_TIME, 1 * 1000, 60 * 1e6, "1ms to 60s"},
                {"bytes", VCB_UNIT_BYTES, 1500, 1e9, "1500B, one packet, to 1GB"}};

    for (gsize i = 0; i < G_N_ELEMENTS(WAYS); i++) {
        double number;

        if (!vcb_units_parse(WAYS[i].unit, text, &number, NULL))
            continue;
        if (number < WAYS[i].low || number > WAYS[i].high) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` cannot be %s; it goes from %s", setting->key,
                        text, WAYS[i].range);
            return FALSE;
        }
        if (number != floor(number)) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                        "`%s` cannot be %s: packets come whole; write e.g. 50, or a time such as 100ms",
                        setting->key, text);
            return FALSE;
        }
        ret_value->text = g_strdup(WAYS[i].name);
        ret_value->whole = (gint64)number;
        return TRUE;
    }
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                "`%s` is a time, bytes or packets, not `%s`; write e.g. 100ms, 64KiB or 50", setting->key,
                text);
    return FALSE;
}

static char *format_queue(const VcbValue *value)
{
    return g_str_equal(value->text, "us")      ? vcb_units_format(VCB_UNIT_TIME, (double)value->whole)
           : g_str_equal(value->text, "bytes") ? vcb_units_format(VCB_UNIT_BYTES, (double)value->whole)
                                               : g_strdup_printf("%" G_GINT64_FORMAT, value->whole);
}

gboolean vcb_value_parse(const VcbSetting *setting, const char *text, VcbValue *ret_value, GError **error)
{
    switch (setting->type) {
    case VCB_TYPE_CHOICE:
        return parse_choice(setting, text, ret_value, error);
    case VCB_TYPE_ACTION:
        return parse_action(setting, text, ret_value, error);
    case VCB_TYPE_STRING:
    case VCB_TYPE_PEER_NAME: /* whether there is such a peer is checked when the peers are known */
        return parse_string(setting, text, ret_value, error);
    case VCB_TYPE_BOOL:
        return parse_bool(setting, text, ret_value, error);
    case VCB_TYPE_INT:
    case VCB_TYPE_SEED:
        return parse_int(setting, text, ret_value, error);
    case VCB_TYPE_WHOLE:
    case VCB_TYPE_NUMBER:
    case VCB_TYPE_FRACTION:
        return parse_quantity(setting, text, ret_value, error);
    case VCB_TYPE_QUEUE:
        return parse_queue(setting, text, ret_value, error);
    case VCB_TYPE_SIZE:
        return parse_size(setting, text, ret_value, error);
    default:
        g_assert_not_reached();
    }
}

char *vcb_value_format(const VcbSetting *setting, const VcbValue *value)
{
    switch (setting->type) {
    case VCB_TYPE_BOOL:
        return g_strdup(value->whole ? "true" : "false");
    case VCB_TYPE_INT:
    case VCB_TYPE_SEED:
        if (setting->zero && value->whole == 0)
            return g_strdup(setting->zero);
        return g_strdup_printf("%" G_GINT64_FORMAT, value->whole);
    case VCB_TYPE_WHOLE:
        if (setting->zero && value->whole == 0)
            return g_strdup(setting->zero);
        return vcb_units_format(setting->unit, (double)value->whole);
    case VCB_TYPE_NUMBER:
    case VCB_TYPE_FRACTION:
        if (setting->zero && value->number == 0)
            return g_strdup(setting->zero);
        return vcb_units_format(setting->unit, value->number);
    case VCB_TYPE_QUEUE:
        return format_queue(value);
    case VCB_TYPE_SIZE:
        return g_strdup_printf("%dx%d", (int)value->whole, (int)value->height);
    default:
        return g_strdup(value->text);
    }
}
