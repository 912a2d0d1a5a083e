#include "harness/scenario/units.h"

#include "common/error.h"

#include <math.h>
#include <string.h>

typedef struct {
    const char *name;
    double factor;  /* of the base unit */
    gboolean shown; /* used by vcb_units_format */
} Scale;

/* Each from the largest to the smallest. */
static const Scale TIME[] = {{"h", 3600e6, TRUE}, {"min", 60e6, FALSE}, {"m", 60e6, FALSE}, {"s", 1e6, TRUE},
                             {"ms", 1e3, TRUE},   {"us", 1, TRUE},      {NULL, 0, FALSE}};
static const Scale RATE[] = {
    {"Gbps", 1e9, TRUE}, {"Mbps", 1e6, TRUE}, {"kbps", 1e3, TRUE}, {"bps", 1, TRUE}, {NULL, 0, FALSE}};
static const Scale BYTES[] = {
    {"GiB", 1073741824, TRUE}, {"GB", 1e9, FALSE}, {"MiB", 1048576, TRUE}, {"MB", 1e6, FALSE},
    {"KiB", 1024, TRUE},       {"kB", 1e3, FALSE}, {"B", 1, TRUE},         {NULL, 0, FALSE}};
static const Scale FREQUENCY[] = {{"kHz", 1e3, FALSE}, {"Hz", 1, TRUE}, {NULL, 0, FALSE}};
static const Scale PERCENT[] = {{"%", 1, TRUE}, {NULL, 0, FALSE}};

typedef struct {
    const Scale *scales;
    gboolean whole; /* rounded to whole base units */
    const char *what;
    const char *examples;
    const char *pattern;
} Unit;

#define NUMBER "[0-9]+(\\.[0-9]+)?"

static const Unit UNITS[] = {
    [VCB_UNIT_NONE] = {NULL, FALSE, "number", "0.5 or 12", "^-?" NUMBER "$"},
    [VCB_UNIT_TIME] = {TIME, TRUE, "time", "5s, 200ms or 2m",
                       "^(0|" NUMBER " ?([hH]|[mM]([iI][nN])?|[sS]|[mM][sS]|[uU][sS]))$"},
    [VCB_UNIT_RATE] = {RATE, TRUE, "bit rate", "800kbps or 1.5Mbps",
                       "^(0|" NUMBER " ?[gGmMkK]?[bB][pP][sS])$"},
    [VCB_UNIT_BYTES] = {BYTES, TRUE, "size", "64KiB or 1MB", "^(0|" NUMBER " ?([gGmMkK][iI]?)?[bB])$"},
    [VCB_UNIT_FREQUENCY] = {FREQUENCY, FALSE, "frequency", "440Hz or 1.2kHz",
                            "^(0|" NUMBER " ?[kK]?[hH][zZ])$"},
    [VCB_UNIT_PERCENT] = {PERCENT, FALSE, "percentage", "1.5%", "^(0|" NUMBER " ?%)$"},
};

const char *vcb_units_examples(VcbUnit unit)
{
    return UNITS[unit].examples;
}

const char *vcb_units_pattern(VcbUnit unit)
{
    return UNITS[unit].pattern;
}

/* Length of the decimal number at the beginning of text (digits, one point; no exponent, which `1e3` in a
 * rate would otherwise hide), 0 where there is none. */
static gsize number_length(const char *text)
{
    gsize n = *text == '-' ? 1 : 0, digits = strspn(text + n, "0123456789");

    if (!digits)
        return 0;
    n += digits;
    if (text[n] == '.' && g_ascii_isdigit(text[n + 1]))
        n += 1 + strspn(text + n + 1, "0123456789");
    return n;
}

gboolean vcb_units_parse(VcbUnit unit, const char *text, double *ret_value, GError **error)
{
    const Unit *u = &UNITS[unit];
    gsize n = number_length(text);
    g_autofree char *number = g_strndup(text, n);
    const char *rest = text + n;
    double value, factor = 1;

    if (!n) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is no %s; write e.g. %s", text, u->what,
                    u->examples);
        return FALSE;
    }
    value = g_ascii_strtod(number, NULL);
    if (*rest == ' ' && rest[1])
        rest++;
    if (!u->scales && *rest) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is no %s; write e.g. %s", text, u->what,
                    u->examples);
        return FALSE;
    }
    if (u->scales && !*rest && value != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` has no unit; write e.g. %s", text, u->examples);
        return FALSE;
    }
    if (u->scales && *rest) {
        const Scale *scale = u->scales;

        while (scale->name && g_ascii_strcasecmp(scale->name, rest))
            scale++;
        if (!scale->name) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is no unit of a %s; write e.g. %s", rest,
                        u->what, u->examples);
            return FALSE;
        }
        factor = scale->factor;
    }
    value *= factor;
    if (u->whole)
        value = round(value);
    /* Beyond 2^53 a double no longer counts in ones. */
    if (fabs(value) > 9007199254740992.0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is beyond every range", text);
        return FALSE;
    }
    *ret_value = value == 0 ? 0 : value; /* no negative zero */
    return TRUE;
}

gboolean vcb_units_parse_size(const char *text, int *ret_width, int *ret_height, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "x", 3);
    gint64 numbers[2];

    for (int i = 0; i < 2; i++) {
        if (g_strv_length(parts) != 2 ||
            !g_ascii_string_to_signed(parts[i], 10, 0, 1000000, &numbers[i], NULL)) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is no picture size; write e.g. 640x360",
                        text);
            return FALSE;
        }
    }
    *ret_width = (int)numbers[0];
    *ret_height = (int)numbers[1];
    return TRUE;
}

/* The shortest decimal without an exponent that reads back as the same double. */
static char *format_number(double value)
{
    for (int digits = 0; digits <= 30; digits++) { /* 17 that count, behind zeros */
        char format[16], buffer[400];              /* a double has at most 309 digits before the point */

        g_snprintf(format, sizeof format, "%%.%df", digits);
        g_ascii_formatd(buffer, sizeof buffer, format, value);
        if (g_ascii_strtod(buffer, NULL) == value)
            return g_strdup(buffer);
    }
    return g_strdup_printf("%.30f", value);
}

char *vcb_units_format(VcbUnit unit, double value)
{
    const Scale *scale = UNITS[unit].scales;
    g_autofree char *number = NULL;

    if (!scale)
        return format_number(value);
    if (value == 0)
        while (scale->name && g_ascii_strcasecmp(scale->name, "s") && scale[1].name)
            scale++;
    else
        for (const Scale *s = scale; s->name; s++) {
            if (!s->shown)
                continue;
            scale = s;
            if (fmod(value, s->factor) == 0)
                break;
        }
    number = format_number(value / scale->factor);
    return g_strconcat(number, scale->name, NULL);
}
