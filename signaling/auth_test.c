#include "signaling/auth.h"

#include "common/error.h"
#include "common/json.h"
#include "common/test.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "correct horse battery staple"
#define NOW 1700000000

static const char PUBLIC_KEY[] = "-----BEGIN PUBLIC KEY-----\n"
                                 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
                                 "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n"
                                 "-----END PUBLIC KEY-----\n";

static char *token(jwt_alg_t algorithm, const char *secret, const char *grants)
{
    jwt_t *jwt = NULL;
    char *text, *copy;

    CU_ASSERT_EQUAL_FATAL(jwt_new(&jwt), 0);
    CU_ASSERT_EQUAL(jwt_add_grants_json(jwt, grants), 0);
    CU_ASSERT_EQUAL(
        jwt_set_alg(jwt, algorithm, (const unsigned char *)secret, secret ? (int)strlen(secret) : 0), 0);
    text = jwt_encode_str(jwt);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    copy = g_strdup(text);
    free(text);
    jwt_free(jwt);
    return copy;
}

static char *base64url(const char *text, gsize length)
{
    char *encoded = g_base64_encode((const guchar *)text, length);

    g_strdelimit(encoded, "+", '-');
    g_strdelimit(encoded, "/", '_');
    *strchrnul(encoded, '=') = '\0';
    return encoded;
}

/* A token with any header, signed with HMAC-SHA256 whatever the header says. */
static char *forged(const char *header, const char *grants, const char *secret)
{
    g_autofree char *head = base64url(header, strlen(header)), *body = base64url(grants, strlen(grants));
    g_autofree char *signed_part = g_strdup_printf("%s.%s", head, body), *signature = NULL;
    g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, (const guchar *)secret, strlen(secret));
    guint8 digest[32];
    gsize length = sizeof digest;

    g_hmac_update(hmac, (const guchar *)signed_part, -1);
    g_hmac_get_digest(hmac, digest, &length);
    signature = base64url((const char *)digest, length);
    return g_strdup_printf("%s.%s", signed_part, signature);
}

static void a_good_token_gives_its_claims(void)
{
    static const struct {
        const char *grants, *room, *name;
    } cases[] = {
        {"{}", NULL, NULL},
        {"{\"room\":\"room-1\",\"name\":\"alice\"}", "room-1", "alice"},
        {"{\"exp\":1700000001}", NULL, NULL},
        {"{\"nbf\":1700000000,\"iat\":5,\"sub\":\"x\"}", NULL, NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *good = token(JWT_ALG_HS256, SECRET, cases[i].grants);
        g_auto(VcbClaims) claims = {0};
        g_autoptr(GError) error = NULL;

        CU_ASSERT_TRUE_FATAL(vcb_auth_check(SECRET, good, NOW, &claims, &error));
        VCB_ASSERT_STRING(claims.room, cases[i].room);
        VCB_ASSERT_STRING(claims.name, cases[i].name);
    }
}

static void assert_refused(const char *text, const char *secret)
{
    VcbClaims claims = {0};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_FALSE(vcb_auth_check(secret, text, NOW, &claims, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NULL(strstr(error->message, secret));
    CU_ASSERT_TRUE(claims.room == NULL && claims.name == NULL);
}

static void claims_that_do_not_hold_are_refused(void)
{
    static const char *const grants[] = {
        "{\"exp\":1700000000}", "{\"exp\":1}",     "{\"exp\":\"1800000000\"}",
        "{\"exp\":true}",       "{\"exp\":null}",  "{\"nbf\":1700000001}",
        "{\"nbf\":[]}",         "{\"room\":3}",    "{\"name\":[\"x\"]}",
        "{\"name\":\"a b\"}",   "{\"name\":\"\"}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(grants); i++) {
        g_autofree char *text = forged("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", grants[i], SECRET);

        assert_refused(text, SECRET);
    }
}

static void another_secret_is_refused(void)
{
    static const char *const secrets[] = {"x", "correct horse battery stapl", "correct horse battery staplee",
                                          "CORRECT"};

    for (gsize i = 0; i < G_N_ELEMENTS(secrets); i++) {
        g_autofree char *text = token(JWT_ALG_HS256, secrets[i], "{}");

        assert_refused(text, SECRET);
    }
}

static void a_changed_token_is_refused(void)
{
    g_autofree char *good = token(JWT_ALG_HS256, SECRET, "{\"room\":\"room-1\"}");
    gsize length = strlen(good);

    /* Not the very last character, whose low bits are padding. */
    for (gsize i = 0; i + 1 < length; i++) {
        g_autofree char *changed = g_strdup(good);

        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        assert_refused(changed, SECRET);
    }
    for (gsize i = 0; i + 1 < length; i++) {
        g_autofree char *cut = g_strndup(good, i);

        assert_refused(cut, SECRET);
    }
}

static void only_hs256_counts_whatever_the_token_says(void)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\"}",
        "{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
        "{\"typ\":\"JWT\"}",
        "{\"alg\":null}",
        "{\"alg\":256}",
        "{}",
        "[]",
        "HS256",
    };
    g_autofree char *none = token(JWT_ALG_NONE, NULL, "{}"), *hs512 = token(JWT_ALG_HS512, SECRET, "{}");

    assert_refused(none, SECRET);
    assert_refused(hs512, SECRET);
    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autofree char *text = forged(headers[i], "{}", SECRET);
        g_autofree char *unsigned_text = g_strdup(text);

        assert_refused(text, SECRET);
        strrchr(unsigned_text, '.')[1] = '\0';
        assert_refused(unsigned_text, SECRET);
    }
}

/* The classic confusion: a server that verifies RS256 with a public key is given HS256 with that key as the
 * secret. Ours is the other way round: with a public key as the secret, an asymmetric token must not be
 * verified with it. */
static void a_public_key_as_secret_verifies_no_asymmetric_token(void)
{
    static const char *const headers[] = {"{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
                                          "{\"alg\":\"ES256\",\"typ\":\"JWT\"}"};

    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++) {
        g_autofree char *text = forged(headers[i], "{}", PUBLIC_KEY);

        assert_refused(text, PUBLIC_KEY);
    }
}

static void texts_that_are_no_tokens_are_refused(void)
{
    static const char *const texts[] = {"",           ".", "..", "...", "a.b.c", "=.=.=", "\xff.\xff.\xff",
                                        "e30.e30.e30"};

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_refused(texts[i], SECRET);
}

VCB_TEST_MAIN("auth", {"a good token gives its claims", a_good_token_gives_its_claims},
              {"claims that do not hold are refused", claims_that_do_not_hold_are_refused},
              {"another secret is refused", another_secret_is_refused},
              {"a changed token is refused", a_changed_token_is_refused},
              {"only HS256 counts, whatever the token says", only_hs256_counts_whatever_the_token_says},
              {"a public key as secret verifies no asymmetric token",
               a_public_key_as_secret_verifies_no_asymmetric_token},
              {"texts that are no tokens are refused", texts_that_are_no_tokens_are_refused})
