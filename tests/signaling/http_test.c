/* The real server's HTTP side, TLS, tokens, and how it starts and fails to start. */
#include "common/clock.h"
#include "common/test.h"
#include "tests/signaling/signald.h"
#include "tests/signaling/ws_client.h"

#include <glib/gstdio.h>
#include <jwt.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECRET "s3cret"

static char *get(guint port, const char *method, const char *target)
{
    g_autofree char *request =
        g_strdup_printf("%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, target);

    return http_request(port, request);
}

static int status_of(const char *answer)
{
    return strlen(answer) > 12 ? atoi(answer + 9) : 0;
}

static void pages_come_with_their_security_headers(void)
{
    Signald *signald = signald_start(NULL);
    g_autofree char *page = get(signald->port, "GET", "/"), *head = get(signald->port, "HEAD", "/");
    g_autofree char *room = get(signald->port, "GET", "/room-1?name=alice");
    g_autofree char *css = get(signald->port, "GET", "/style.css");

    CU_ASSERT_EQUAL(status_of(page), 200);
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "content-security-policy: default-src 'none'; script-src 'self';"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "x-content-type-options: nosniff\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "content-type: text/html; charset=utf-8\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "<title>vcbench signaling server</title>"));
    CU_ASSERT_PTR_NULL(strcasestr(page, "unsafe-inline"));
    CU_ASSERT_EQUAL(status_of(head), 200);
    CU_ASSERT_TRUE(g_str_has_suffix(head, "\r\n\r\n"));
    CU_ASSERT_TRUE(strstr(page, "content-length: ") && strstr(head, "content-length: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(room, "<title>vcbench signaling server</title>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(css, "content-type: text/css; charset=utf-8\r\n"));
    signald_stop(signald);
}

static void traversal_and_unknown_paths_are_404(void)
{
    static const char *const targets[] = {
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%252e%252e/meson.build",
        "/../meson.build",
        "/web/../../meson.build",
        "/..%5cmeson.build",
        "/nothing.js",
        "/a/b",
        "/.git",
        "/index.html%00.css",
    };
    Signald *signald = signald_start(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(targets); i++) {
        g_autofree char *answer = get(signald->port, "GET", targets[i]);
        int status = status_of(answer);

        /* lws hangs up on a NUL in the path by itself. */
        if (status != 404 && !(i + 1 == G_N_ELEMENTS(targets) && status != 200))
            g_printerr("%s: %d\n", targets[i], status);
        CU_ASSERT_TRUE(status == 404 || (i + 1 == G_N_ELEMENTS(targets) && status != 200));
        CU_ASSERT_PTR_NULL(strstr(answer, "root:"));
        CU_ASSERT_PTR_NULL(strstr(answer, "vcbench-signald'"));
    }
    signald_stop(signald);
}

static void other_methods_are_405(void)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    Signald *signald = signald_start(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
        g_autofree char *answer = get(signald->port, methods[i], "/");

        CU_ASSERT_EQUAL(status_of(answer), 405);
        CU_ASSERT_PTR_NOT_NULL(strstr(answer, "allow: GET, HEAD\r\n"));
    }
    signald_stop(signald);
}

static void a_large_file_arrives_whole(void)
{
    g_autofree char *folder = g_dir_make_tmp("vcb-web-XXXXXX", NULL), *file = NULL, *flag = NULL,
                    *answer = NULL;
    g_autofree char *content = g_malloc(3000000);
    const char *body;
    Signald *signald;

    for (gsize i = 0; i < 3000000; i++)
        content[i] = (char)('a' + i % 23);
    file = g_build_filename(folder, "large.txt", NULL);
    flag = g_strdup_printf("--web=%s", folder);
    CU_ASSERT_TRUE(g_file_set_contents(file, content, 3000000, NULL));
    signald = signald_start((const char *const[]){flag, NULL});
    answer = get(signald->port, "GET", "/large.txt");
    body = strstr(answer, "\r\n\r\n");
    CU_ASSERT_PTR_NOT_NULL_FATAL(body);
    CU_ASSERT_EQUAL(strlen(body + 4), 3000000);
    CU_ASSERT_EQUAL(memcmp(body + 4, content, 3000000), 0);
    signald_stop(signald);
    g_unlink(file);
    g_rmdir(folder);
}

static void bad_rooms_and_names_are_400(void)
{
    static const char *const paths[] = {"/a/b",         "/.x",   "/r?name=a%20b",
                                        "/r?name=../x", "/r%00", "/r?name=%ff"};
    Signald *signald = signald_start(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(WsClient) client = ws_client_new(signald->port, paths[i], NULL, NULL);

        if (client->status == 101)
            g_printerr("%s\n", paths[i]);
        CU_ASSERT_TRUE(client->status == 400 || client->status == 0); /* 0: lws hung up */
    }
    signald_stop(signald);
}

/* -- Tokens
 * -------------------------------------------------------------------------------------------------------- */

static char *token(const char *secret, const char *grants)
{
    jwt_t *jwt = NULL;
    char *text, *copy;

    CU_ASSERT_EQUAL_FATAL(jwt_new(&jwt), 0);
    CU_ASSERT_EQUAL(jwt_add_grants_json(jwt, grants), 0);
    CU_ASSERT_EQUAL(jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)secret, (int)strlen(secret)), 0);
    text = jwt_encode_str(jwt);
    copy = g_strdup(text);
    free(text);
    jwt_free(jwt);
    return copy;
}

static int status_with_token(Signald *signald, const char *room, const char *text)
{
    g_autofree char *path = g_strdup_printf("/%s?name=x&token=%s", room, text);
    g_autoptr(WsClient) client = ws_client_new(signald->port, path, NULL, NULL);

    return client->status;
}

static void only_a_valid_token_joins(void)
{
    Signald *signald = signald_start((const char *const[]){"--token-secret=" SECRET, NULL});
    g_autofree char *good = token(SECRET, "{\"room\":\"r\"}"), *wrong = token("other", "{\"room\":\"r\"}");
    g_autofree char *expired = token(SECRET, "{\"exp\":1600000000}"),
                    *named = token(SECRET, "{\"name\":\"alice\"}");
    g_autofree char *header = g_strdup_printf("Authorization: Bearer %s", named);
    g_autoptr(WsClient) without = ws_client_new(signald->port, "/r", NULL, NULL);

    CU_ASSERT_EQUAL(without->status, 401);
    CU_ASSERT_PTR_NOT_NULL(strstr(without->head, "www-authenticate: Bearer\r\n"));
    signald_expect(signald, "refused", "code", "unauthorized", NULL);
    CU_ASSERT_EQUAL(status_with_token(signald, "r", wrong), 401);
    CU_ASSERT_EQUAL(status_with_token(signald, "r", expired), 401);
    CU_ASSERT_EQUAL(status_with_token(signald, "r", "eyJhbGciOiJub25lIn0.e30."), 401);
    CU_ASSERT_EQUAL(status_with_token(signald, "other", good), 401);
    CU_ASSERT_EQUAL(status_with_token(signald, "r", good), 101);

    g_autoptr(WsClient) client = ws_client_new(signald->port, "/s?name=mallory", header, NULL);
    CU_ASSERT_EQUAL_FATAL(client->status, 101);
    g_autoptr(cJSON) count = ws_client_expect(client, "user-count");
    VCB_ASSERT_STRING(vcb_json_string(count, "you", NULL), "alice");
    signald_stop(signald);
}

/* -- TLS
 * -----------------------------------------------------------------------------------------------------------
 */

/* A key and a self-signed certificate for 127.0.0.1, as PEM files. */
static void make_certificate(const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    FILE *file;

    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"127.0.0.1", -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_set_pubkey(certificate, key);
    CU_ASSERT_TRUE(X509_sign(certificate, key, EVP_sha256()) > 0);
    file = fopen(cert_path, "w");
    CU_ASSERT_EQUAL(PEM_write_X509(file, certificate), 1);
    fclose(file);
    file = fopen(key_path, "w");
    CU_ASSERT_EQUAL(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void wss_works_with_a_certificate_of_ones_own(void)
{
    g_autofree char *folder = g_dir_make_tmp("vcb-tls-XXXXXX", NULL);
    g_autofree char *cert = g_build_filename(folder, "cert.pem", NULL),
                    *key = g_build_filename(folder, "key.pem", NULL);
    g_autofree char *cert_flag = g_strdup_printf("--tls-cert=%s", cert),
                    *key_flag = g_strdup_printf("--tls-key=%s", key);
    g_autofree char *wrong_flag = g_strdup_printf("--tls-key=%s", cert);
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    Signald *signald;

    make_certificate(cert, key);
    /* The certificate is its own authority: a connection that verifies proves that it is ours. */
    CU_ASSERT_EQUAL(SSL_CTX_load_verify_file(tls, cert), 1);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    signald = signald_start((const char *const[]){cert_flag, key_flag, NULL});
    CU_ASSERT_TRUE(vcb_json_bool(signald->events->pdata[0], "tls", FALSE));
    {
        g_autoptr(WsClient) a = ws_client_new(signald->port, "/r?name=a", NULL, tls);
        g_autoptr(WsClient) b = ws_client_new(signald->port, "/r?name=b", NULL, tls);
        g_autoptr(WsClient) plain = ws_client_new(signald->port, "/r?name=c", NULL, NULL);

        CU_ASSERT_EQUAL_FATAL(a->status, 101);
        CU_ASSERT_NOT_EQUAL(plain->status, 101);
        ws_client_skip(a, "user-count");
        ws_client_skip(a, "user-count");
        ws_client_skip(b, "user-count");
        for (int i = 0; i < 20; i++) {
            ws_client_send(a, "{\"type\":\"answer\",\"answer\":{\"type\":\"answer\",\"sdp\":\"v=0\"}}");
            ws_client_skip(b, "answer");
            ws_client_send(b, "{\"type\":\"answer\",\"answer\":{\"type\":\"answer\",\"sdp\":\"v=0\"}}");
            ws_client_skip(a, "answer");
        }
    }
    signald_stop(signald);

    /* A key that is none: said at once. */
    signald = signald_start((const char *const[]){cert_flag, wrong_flag, NULL});
    signald_expect(signald, "failed", NULL);
    CU_ASSERT_EQUAL(signald_wait_exit(signald), 3);
    signald_free(signald);
    SSL_CTX_free(tls);
    g_unlink(cert);
    g_unlink(key);
    g_rmdir(folder);
}

/* -- Starting
 * -------------------------------------------------------------------------------------------------------- */

static void a_port_in_use_is_said_on_the_channel(void)
{
    Signald *first = signald_start(NULL), *second;
    g_autofree char *flag = g_strdup_printf("--port=%u", first->port);
    const cJSON *failed;

    second = signald_start((const char *const[]){flag, NULL});
    failed = signald_expect(second, "failed", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(failed, "message", ""), "the port is in use"));
    CU_ASSERT_EQUAL(signald_wait_exit(second), 3);
    signald_free(second);
    signald_stop(first);
}

/* Without vcbench, to its end. New strings. */
static int run_alone(const char *const *flags, char **ret_stdout, char **ret_stderr)
{
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    int wait_status = -1;

    g_ptr_array_add(argv, (gpointer)g_getenv("VCB_SIGNALD"));
    for (; *flags; flags++)
        g_ptr_array_add(argv, (gpointer)*flags);
    g_ptr_array_add(argv, NULL);
    CU_ASSERT_TRUE(g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, ret_stdout,
                                ret_stderr, &wait_status, NULL));
    return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
}

static void alone_it_says_what_is_wrong_and_what_to_do(void)
{
    Signald *signald = signald_start(NULL);
    g_autofree char *in_use = g_strdup_printf("--port=%u", signald->port);
    const struct {
        const char *flags[4];
        int status;
        const char *words;
    } cases[] = {
        {{in_use}, 3, "choose another with --port"},
        {{"--host=192.0.2.1", "--port=0"}, 3, "--host"},
        {{"--host=no such host"}, 3, "--host no such host"},
        {{"--tls-cert=/nonexistent", "--tls-key=/nonexistent", "--port=0"}, 3, "certificate"},
        {{"--tls-cert=x"}, 2, "--tls-key is missing"},
        {{"--port=99999"}, 2, "from 0 to 65535"},
        {{"--port=x"}, 2, "--port"},
        {{"--max-rate=0"}, 2, "--max-rate"},
        {{"--dead-after=1", "--ping-interval=2"}, 2, "--dead-after"},
        {{"--colour"}, 2, "--colour"},
        {{"word"}, 2, "word"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *out = NULL, *err = NULL;

        CU_ASSERT_EQUAL(run_alone(cases[i].flags, &out, &err), cases[i].status);
        VCB_ASSERT_STRING(out, "");
        if (!strstr(err, cases[i].words))
            g_printerr("%s", err);
        CU_ASSERT_PTR_NOT_NULL(strstr(err, cases[i].words));
        CU_ASSERT_TRUE(g_str_has_prefix(err, "vcbench-signald: "));
    }
    signald_stop(signald);
}

static void alone_it_prints_where_it_listens(void)
{
    const char *argv[] = {g_getenv("VCB_SIGNALD"), "--port", "0", NULL};
    g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "MAX_RATE", "7", TRUE);
    GPid pid;
    int out;
    char line[128] = "";
    ssize_t n;
    guint port;
    int wait_status;

    CU_ASSERT_TRUE_FATAL(g_spawn_async_with_pipes(NULL, (char **)(gpointer)argv, environment,
                                                  G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &pid, NULL, &out,
                                                  NULL, NULL));
    n = read(out, line, sizeof line - 1);
    CU_ASSERT_TRUE_FATAL(n > 0);
    CU_ASSERT_EQUAL(sscanf(line, "vcbench-signald listening on ws://127.0.0.1:%u\n", &port), 1);
    {
        g_autoptr(WsClient) client = ws_client_new(port, "/r", NULL, NULL);
        int errors = 0;

        ws_client_skip(client, "user-count");
        for (int i = 0; i < 20; i++)
            ws_client_send(client, "x");
        for (cJSON *json; (json = ws_client_receive(client)); cJSON_Delete(json))
            errors++;
        CU_ASSERT_EQUAL(errors, 8); /* seven answers, and too-many: the environment counts */
    }
    kill(pid, SIGINT);
    CU_ASSERT_EQUAL(waitpid(pid, &wait_status, 0), pid);
    CU_ASSERT_TRUE(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
    close(out);
}

VCB_TEST_MAIN("signald: http",
              {"pages come with their security headers", pages_come_with_their_security_headers},
              {"traversal and unknown paths are 404", traversal_and_unknown_paths_are_404},
              {"other methods are 405", other_methods_are_405},
              {"a large file arrives whole", a_large_file_arrives_whole},
              {"bad rooms and names are 400", bad_rooms_and_names_are_400},
              {"only a valid token joins", only_a_valid_token_joins},
              {"wss works with a certificate of one's own", wss_works_with_a_certificate_of_ones_own},
              {"a port in use is said on the channel", a_port_in_use_is_said_on_the_channel},
              {"alone it says what is wrong and what to do", alone_it_says_what_is_wrong_and_what_to_do},
              {"alone it prints where it listens", alone_it_prints_where_it_listens})
