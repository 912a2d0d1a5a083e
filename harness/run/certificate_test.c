#include "harness/run/certificate.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

typedef struct {
    char *folder, *certificate_path, *key_path;
} Fixture;

static Fixture make(const char *const *addresses)
{
    Fixture fixture = {.folder = g_dir_make_tmp("vcb-certificate-XXXXXX", NULL)};
    g_autoptr(GError) error = NULL;

    fixture.certificate_path = g_build_filename(fixture.folder, "certificate.pem", NULL);
    fixture.key_path = g_build_filename(fixture.folder, "key.pem", NULL);
    CU_ASSERT_TRUE_FATAL(
        vcb_certificate_write(addresses, fixture.certificate_path, fixture.key_path, &error));
    return fixture;
}

static void clear(Fixture *fixture)
{
    g_unlink(fixture->certificate_path);
    g_unlink(fixture->key_path);
    g_rmdir(fixture->folder);
    g_free(fixture->certificate_path);
    g_free(fixture->key_path);
    g_free(fixture->folder);
}

static X509 *read_certificate(const Fixture *fixture)
{
    FILE *file = fopen(fixture->certificate_path, "r");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);

    fclose(file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(certificate);
    return certificate;
}

static const char *const ADDRESSES[] = {"198.18.0.20", "2001:db8::14", NULL};

static void the_key_is_the_certificates_and_only_the_owners(void)
{
    Fixture fixture = make(ADDRESSES);
    X509 *certificate = read_certificate(&fixture);
    FILE *file = fopen(fixture.key_path, "r");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    struct stat status;

    fclose(file);
    CU_ASSERT_PTR_NOT_NULL_FATAL(key);
    CU_ASSERT_EQUAL(X509_check_private_key(certificate, key), 1);
    CU_ASSERT_EQUAL(X509_verify(certificate, key), 1);
    CU_ASSERT_EQUAL(stat(fixture.key_path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0600);
    EVP_PKEY_free(key);
    X509_free(certificate);
    clear(&fixture);
}

static void it_names_each_address_and_no_other(void)
{
    Fixture fixture = make(ADDRESSES);
    X509 *certificate = read_certificate(&fixture);

    CU_ASSERT_EQUAL(X509_check_ip_asc(certificate, "198.18.0.20", 0), 1);
    CU_ASSERT_EQUAL(X509_check_ip_asc(certificate, "2001:db8::14", 0), 1);
    CU_ASSERT_EQUAL(X509_check_ip_asc(certificate, "198.18.0.21", 0), 0);
    X509_free(certificate);
    clear(&fixture);
}

static void it_holds_now_and_no_longer_than_a_day(void)
{
    Fixture fixture = make(ADDRESSES);
    X509 *certificate = read_certificate(&fixture);
    time_t tomorrow = time(NULL) + 24 * 3600 + 60;

    CU_ASSERT_TRUE(X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0);
    CU_ASSERT_TRUE(X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0);
    CU_ASSERT_TRUE(X509_cmp_time(X509_get0_notAfter(certificate), &tomorrow) < 0);
    X509_free(certificate);
    clear(&fixture);
}

static void a_folder_that_is_not_there_is_an_error(void)
{
    g_autoptr(GError) error = NULL;

    CU_ASSERT_FALSE(
        vcb_certificate_write(ADDRESSES, "/nonexistent/certificate.pem", "/nonexistent/key.pem", &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/nonexistent/certificate.pem"));
}

static void an_address_that_is_none_is_an_error(void)
{
    const char *const addresses[] = {"no address", NULL};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_FALSE(vcb_certificate_write(addresses, "/nonexistent/a", "/nonexistent/b", &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "a certificate cannot be made"));
}

VCB_TEST_MAIN("certificate",
              {"the key is the certificate's, and only the owner's",
               the_key_is_the_certificates_and_only_the_owners},
              {"it names each address and no other", it_names_each_address_and_no_other},
              {"it holds now and no longer than a day", it_holds_now_and_no_longer_than_a_day},
              {"a folder that is not there is an error", a_folder_that_is_not_there_is_an_error},
              {"an address that is none is an error", an_address_that_is_none_is_an_error})
