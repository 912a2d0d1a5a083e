#include "common/json.h"

#include <math.h>

const char *vcb_json_string(const cJSON *object, const char *key, const char *fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsString(item) ? item->valuestring : fallback;
}

double vcb_json_number(const cJSON *object, const char *key, double fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

gint64 vcb_json_int(const cJSON *object, const char *key, gint64 fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    /* Doubles outside this range have no int64 value (C17 6.3.1.4): treat them as another type. */
    if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) < 9.0e18))
        return fallback;
    return (gint64)item->valuedouble;
}

gboolean vcb_json_bool(const cJSON *object, const char *key, gboolean fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsBool(item) ? cJSON_IsTrue(item) : fallback;
}

gboolean vcb_json_has(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return item && !cJSON_IsNull(item);
}

const cJSON *vcb_json_array(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsArray(item) ? item : NULL;
}

const cJSON *vcb_json_object(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    return cJSON_IsObject(item) ? item : NULL;
}

void vcb_json_add_int(cJSON *object, const char *key, gint64 value)
{
    cJSON_AddNumberToObject(object, key, (double)value);
}

void vcb_json_add_string(cJSON *object, const char *key, const char *value)
{
    if (value)
        cJSON_AddStringToObject(object, key, value);
}

char *vcb_json_print(const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    char *copy = g_strdup(text);

    cJSON_free(text);
    return copy;
}

gboolean vcb_json_equal(const cJSON *a, const cJSON *b)
{
    return cJSON_Compare(a, b, TRUE);
}
