#include "network/internet/reader.h"

#include "common/error.h"
#include "common/suggest.h"

#include <math.h>
#include <string.h>

#define SHOWN_MAX 60 /* bytes of a value that a message quotes */

char *vcb_read_path(const char *where, const char *key)
{
    return *where ? g_strdup_printf("%s.%s", where, key) : g_strdup(key);
}

gboolean vcb_read_fail(GError **error, const char *where, const char *key, const char *format, ...)
{
    g_autofree char *path = key ? vcb_read_path(where, key) : g_strdup(*where ? where : "message");
    g_autofree char *text = NULL;
    g_autofree char *valid = NULL;
    g_autofree char *whole = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    whole = g_strdup_printf("%s: %s", path, text);
    valid = g_utf8_make_valid(whole, -1);
    g_set_error_literal(error, VCB_ERROR, VCB_ERROR_USAGE, valid);
    return FALSE;
}

/* The value as the message quotes it, cut where it is long. New string. */
static char *shown(const cJSON *item)
{
    g_autofree char *text = vcb_json_print(item);

    if (!text)
        return g_strdup("?");
    if (strlen(text) > SHOWN_MAX)
        strcpy(text + SHOWN_MAX - 3, "...");
    return g_steal_pointer(&text);
}

static gboolean fail_value(GError **error, const char *where, const char *key, const cJSON *item,
                           const char *what)
{
    g_autofree char *value = shown(item);

    return vcb_read_fail(error, where, key, "%s is %s", value, what);
}

static const cJSON *find(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

gboolean vcb_read_fields(const cJSON *object, const char *where, const char *const *known, GError **error)
{
    const cJSON *item;

    if (!cJSON_IsObject(object))
        return fail_value(error, where, NULL, object, "no object");
    cJSON_ArrayForEach (item, object) {
        if (!g_strv_contains(known, item->string)) {
            const char *near = vcb_suggest(item->string, known);

            return vcb_read_fail(error, where, item->string, "unknown field%s%s%s",
                                 near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        }
        if (find(object, item->string) != item)
            return vcb_read_fail(error, where, item->string, "given twice");
    }
    return TRUE;
}

gboolean vcb_read_required(const cJSON *object, const char *where, const char *key, GError **error)
{
    return find(object, key) ? TRUE : vcb_read_fail(error, where, key, "is missing");
}

gboolean vcb_read_number(const cJSON *object, const char *where, const char *key, double min, double max,
                         double *target, GError **error)
{
    const cJSON *item = find(object, key);
    g_autofree char *what = NULL;

    if (!item)
        return TRUE;
    if (cJSON_IsNumber(item) && item->valuedouble >= min && item->valuedouble <= max) {
        *target = item->valuedouble;
        return TRUE;
    }
    what = g_strdup_printf("no number from %.15g to %.15g", min, max);
    return fail_value(error, where, key, item, what);
}

gboolean vcb_read_fraction(const cJSON *object, const char *where, const char *key, double *target,
                           GError **error)
{
    const cJSON *item = find(object, key);

    if (!item)
        return TRUE;
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || !(item->valuedouble <= 1))
        return fail_value(error, where, key, item, "no fraction from 0 to 1");
    *target = item->valuedouble;
    return TRUE;
}

gboolean vcb_read_int(const cJSON *object, const char *where, const char *key, gint64 min, gint64 max,
                      gint64 *target, GError **error)
{
    const cJSON *item = find(object, key);
    g_autofree char *what = NULL;

    if (!item)
        return TRUE;
    if (cJSON_IsNumber(item) && item->valuedouble >= (double)min && item->valuedouble <= (double)max &&
        trunc(item->valuedouble) == item->valuedouble) {
        *target = (gint64)item->valuedouble;
        return TRUE;
    }
    what = g_strdup_printf("no whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    return fail_value(error, where, key, item, what);
}

gboolean vcb_read_us(const cJSON *object, const char *where, const char *key, gint64 min_us, gint64 max_us,
                     gint64 *target_ns, GError **error)
{
    double us = NAN;

    if (!vcb_read_number(object, where, key, (double)min_us, (double)max_us, &us, error))
        return FALSE;
    if (!isnan(us))
        *target_ns = (gint64)llround(us * 1000);
    return TRUE;
}

gboolean vcb_read_bool(const cJSON *object, const char *where, const char *key, gboolean *target,
                       GError **error)
{
    const cJSON *item = find(object, key);

    if (!item)
        return TRUE;
    if (!cJSON_IsBool(item))
        return fail_value(error, where, key, item, "neither true nor false");
    *target = cJSON_IsTrue(item) != 0;
    return TRUE;
}

gboolean vcb_read_string(const cJSON *object, const char *where, const char *key, const char **target,
                         GError **error)
{
    const cJSON *item = find(object, key);

    if (!item)
        return TRUE;
    if (!cJSON_IsString(item))
        return fail_value(error, where, key, item, "no string");
    *target = item->valuestring;
    return TRUE;
}

gboolean vcb_read_word(const cJSON *object, const char *where, const char *key, const char *const *words,
                       int *target, GError **error)
{
    const char *word = NULL;
    g_autofree char *all = NULL;

    if (!vcb_read_string(object, where, key, &word, error))
        return FALSE;
    if (!word)
        return TRUE;
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0) {
            *target = i;
            return TRUE;
        }
    }
    all = g_strjoinv(", ", (char **)words);
    return vcb_read_fail(error, where, key, "\"%.*s\" is none of %s", SHOWN_MAX, word, all);
}

gboolean vcb_read_array(const cJSON *object, const char *where, const char *key, const cJSON **target,
                        GError **error)
{
    const cJSON *item = find(object, key);

    if (!item)
        return TRUE;
    if (!cJSON_IsArray(item))
        return fail_value(error, where, key, item, "no array");
    *target = item;
    return TRUE;
}

gboolean vcb_read_object(const cJSON *object, const char *where, const char *key, const cJSON **target,
                         GError **error)
{
    const cJSON *item = find(object, key);

    if (!item)
        return TRUE;
    if (!cJSON_IsObject(item))
        return fail_value(error, where, key, item, "no object");
    *target = item;
    return TRUE;
}
