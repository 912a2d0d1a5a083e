#include "harness/run/certificate.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#define LIFETIME_S (24 * 3600)
#define CLOCK_SLACK_S 3600 /* valid a while before now: a peer's wall clock may be behind */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

static void set_openssl_error(GError **error, const char *step)
{
    char text[256];

    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "%s: %s", step, text);
}

static gboolean add_extension(X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    gboolean added;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    added = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

static X509 *make_certificate(EVP_PKEY *key, const char *const *addresses)
{
    g_autoptr(X509) certificate = X509_new();
    g_autoptr(GString) names = g_string_new(NULL);
    X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;

    for (; *addresses; addresses++)
        g_string_append_printf(names, "%sIP:%s", names->len ? "," : "", *addresses);
    if (!certificate || !X509_set_version(certificate, X509_VERSION_3) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) ||
        !X509_gmtime_adj(X509_getm_notBefore(certificate), -CLOCK_SLACK_S) ||
        !X509_gmtime_adj(X509_getm_notAfter(certificate), LIFETIME_S) ||
        !X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"vcbench", -1, -1,
                                    0) ||
        !X509_set_issuer_name(certificate, subject) || !X509_set_pubkey(certificate, key) ||
        !add_extension(certificate, NID_subject_alt_name, names->str) ||
        !X509_sign(certificate, key, EVP_sha256()))
        return NULL;
    return g_steal_pointer(&certificate);
}

static FILE *open_for_writing(const char *path, mode_t mode, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    if (fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    return fdopen(fd, "w");
}

gboolean vcb_certificate_write(const char *const *addresses, const char *certificate_path,
                               const char *key_path, GError **error)
{
    g_autoptr(EVP_PKEY) key = EVP_EC_gen("P-256");
    g_autoptr(X509) certificate = key ? make_certificate(key, addresses) : NULL;
    FILE *file;
    int written;

    if (!certificate) {
        set_openssl_error(error, "a certificate cannot be made");
        return FALSE;
    }
    if (!(file = open_for_writing(certificate_path, 0644, error)))
        return FALSE;
    written = PEM_write_X509(file, certificate);
    if (fclose(file) != 0 || !written) {
        set_openssl_error(error, certificate_path);
        return FALSE;
    }
    if (!(file = open_for_writing(key_path, 0600, error)))
        return FALSE;
    written = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    if (fclose(file) != 0 || !written) {
        set_openssl_error(error, key_path);
        return FALSE;
    }
    return TRUE;
}
