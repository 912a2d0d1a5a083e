/* Strict reading of JSON: every field is known, of its type and in its range, or the error says where, and what was
 * found. A field that is absent leaves its target as it was.
 *
 * `where` is the path of the object ("routers[2].up"; "" for the message itself). All errors are VCB_ERROR_USAGE. */
#pragma once

#include "common/json.h"

/* Is it an object, with these fields only (`known` ends with NULL), each once? */
gboolean vcb_read_fields(const cJSON *object, const char *where, const char *const *known, GError **error);

gboolean vcb_read_number(const cJSON *object, const char *where, const char *key, double min, double max,
                         double *target, GError **error);
gboolean vcb_read_fraction(const cJSON *object, const char *where, const char *key, double *target,
                           GError **error);
gboolean vcb_read_int(const cJSON *object, const char *where, const char *key, gint64 min, gint64 max,
                      gint64 *target, GError **error);
/* Microseconds in JSON, parts of one too, nanoseconds in the target. */
gboolean vcb_read_us(const cJSON *object, const char *where, const char *key, gint64 min_us, gint64 max_us,
                     gint64 *target_ns, GError **error);
gboolean vcb_read_bool(const cJSON *object, const char *where, const char *key, gboolean *target,
                       GError **error);
/* One of `words`, whose last is NULL; the target gets its place. */
gboolean vcb_read_word(const cJSON *object, const char *where, const char *key, const char *const *words,
                       int *target, GError **error);
/* Owned by the object. */
gboolean vcb_read_string(const cJSON *object, const char *where, const char *key, const char **target,
                         GError **error);
gboolean vcb_read_array(const cJSON *object, const char *where, const char *key, const cJSON **target,
                        GError **error);
gboolean vcb_read_object(const cJSON *object, const char *where, const char *key, const cJSON **target,
                         GError **error);

/* object[key] must be there. */
gboolean vcb_read_required(const cJSON *object, const char *where, const char *key, GError **error);

/* "where.key", "key" where `where` is "". New string. */
char *vcb_read_path(const char *where, const char *key);

/* Set an error "where.key: <text>", or "where: <text>" where key is NULL. Always FALSE. */
gboolean vcb_read_fail(GError **error, const char *where, const char *key, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
