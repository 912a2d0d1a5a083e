/* Tokens on join: a JWT (RFC 7519) signed with HS256 and the server's secret. Pure: the clock is an argument.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *room; /* the only room that it opens; NULL: any */
    char *name; /* the peer's name; NULL: the peer's own choice */
} VcbClaims;

/* Check signature, `exp`, `nbf` (now_s: seconds since 1970) and the claims' types. Outputs only on success;
 * the error is short and tells nothing that helps in guessing. */
gboolean vcb_auth_check(const char *secret, const char *token, gint64 now_s, VcbClaims *ret_claims,
                        GError **error);

void vcb_claims_clear(VcbClaims *claims);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbClaims, vcb_claims_clear)
