/* What vcbench needs on top of cJSON: ownership by g_autoptr, and readers that take a default, so that a
 * field that is absent or of the wrong type reads as "not said" rather than as a crash. */
#pragma once

#include <cjson/cJSON.h>
#include <glib.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cJSON, cJSON_Delete)

/* Read object[key]; `fallback` where it is absent or of another type. Strings stay owned by the object. */
const char *vcb_json_string(const cJSON *object, const char *key, const char *fallback);
double vcb_json_number(const cJSON *object, const char *key, double fallback);
gint64 vcb_json_int(const cJSON *object, const char *key, gint64 fallback);
gboolean vcb_json_bool(const cJSON *object, const char *key, gboolean fallback);
gboolean vcb_json_has(const cJSON *object, const char *key); /* present, and not null */

/* object[key] as an array or object; NULL where it is absent or of another type. Owned by `object`. */
const cJSON *vcb_json_array(const cJSON *object, const char *key);
const cJSON *vcb_json_object(const cJSON *object, const char *key);

/* Add a 64-bit integer; exact up to 2^53, which the monotonic clock in us reaches after 285 years. */
void vcb_json_add_int(cJSON *object, const char *key, gint64 value);

/* Add a string, or nothing where it is NULL. */
void vcb_json_add_string(cJSON *object, const char *key, const char *value);

/* One line of text without the newline. New string (g_free). */
char *vcb_json_print(const cJSON *value);

/* Compare for the tests and for keys: equal in value, whatever the order of keys. */
gboolean vcb_json_equal(const cJSON *a, const cJSON *b);
