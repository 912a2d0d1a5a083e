#include "signaling/auth.h"

#include "common/error.h"
#include "common/json.h"
#include "signaling/codec.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

typedef jwt_t Jwt;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Jwt, jwt_free)

static gboolean fail(GError **error, const char *message)
{
    g_set_error_literal(error, VCB_ERROR, VCB_ERROR_USAGE, message);
    return FALSE;
}

/* The grants as JSON; NULL where the token is not ours. The algorithm is looked at before anything is
 * verified: a token may choose neither "none" nor one that would read our secret as something else, such as a
 * public key (RFC 8725 section 3.1). */
static cJSON *verified_grants(const char *secret, const char *token)
{
    Jwt *jwt = NULL;
    g_autoptr(Jwt) unverified = NULL;
    g_autoptr(Jwt) verified = NULL;
    char *text;
    cJSON *grants;

    if (jwt_decode(&jwt, token, NULL, 0) != 0)
        return NULL;
    unverified = g_steal_pointer(&jwt);
    if (jwt_get_alg(unverified) != JWT_ALG_HS256 &&
        g_strcmp0(jwt_get_header(unverified, "alg"), jwt_alg_str(JWT_ALG_HS256)) != 0)
        return NULL;
    if (jwt_decode(&jwt, token, (const unsigned char *)secret, (int)strlen(secret)) != 0)
        return NULL;
    verified = g_steal_pointer(&jwt);
    if (jwt_get_alg(verified) != JWT_ALG_HS256)
        return NULL;
    text = jwt_get_grants_json(verified, NULL);
    grants = text ? cJSON_Parse(text) : NULL;
    free(text);
    return grants;
}

/* A claim that is there must be a number (NumericDate, RFC 7519 section 2). */
static gboolean read_time(const cJSON *grants, const char *key, double fallback, double *ret_time)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(grants, key);

    if (item && !cJSON_IsNumber(item))
        return FALSE;
    *ret_time = item ? item->valuedouble : fallback;
    return TRUE;
}

static gboolean read_word(const cJSON *grants, const char *key, const char **ret_word)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(grants, key);

    if (item && !cJSON_IsString(item))
        return FALSE;
    *ret_word = item ? item->valuestring : NULL;
    return TRUE;
}

gboolean vcb_auth_check(const char *secret, const char *token, gint64 now_s, VcbClaims *ret_claims,
                        GError **error)
{
    g_autoptr(cJSON) grants = verified_grants(secret, token);
    const char *room, *name;
    double expires, begins;

    if (!grants)
        return fail(error, "the token is not valid");
    if (!read_time(grants, "exp", G_MAXDOUBLE, &expires) || !read_time(grants, "nbf", 0, &begins) ||
        !read_word(grants, "room", &room) || !read_word(grants, "name", &name))
        return fail(error, "a claim of the token has the wrong type");
    if ((double)now_s >= expires)
        return fail(error, "the token has expired");
    if ((double)now_s < begins)
        return fail(error, "the token is not valid yet");
    if (name && !vcb_name_is_valid(name))
        return fail(error, "the token's name is not a peer's name");
    *ret_claims = (VcbClaims){.room = g_strdup(room), .name = g_strdup(name)};
    return TRUE;
}

void vcb_claims_clear(VcbClaims *claims)
{
    g_clear_pointer(&claims->room, g_free);
    g_clear_pointer(&claims->name, g_free);
}
