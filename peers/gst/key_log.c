#include "peers/gst/key_log.h"

#include "common/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

/* Longest line: TLS 1.3's labels and SHA-384 secrets; 1.2 has 176 bytes. */
#define LONGEST_LINE 512

static int log_fd = -1;       /* set once, before other threads exist */
static gint context_was_made; /* atomic */

/* On the thread of the connection. One write a line, so that lines of several processes never mix (O_APPEND). */
static void on_secret(const SSL *ssl, const char *line)
{
    char text[LONGEST_LINE];
    gsize length = strlen(line);
    ssize_t written;

    if (!SSL_is_dtls(ssl) || length + 1 > sizeof text)
        return;
    memcpy(text, line, length);
    text[length] = '\n';
    do
        written = write(log_fd, text, length + 1);
    while (written < 0 && errno == EINTR);
    if (written != (ssize_t)length + 1)
        g_warning("DTLS key log: %s", written < 0 ? g_strerror(errno) : "a line was cut short");
    OPENSSL_cleanse(text, sizeof text);
}

/* In place of OpenSSL's, for this program and every library and plugin in it. */
SSL_CTX *SSL_CTX_new(const SSL_METHOD *method)
{
    static gsize found;
    static SSL_CTX *(*real)(const SSL_METHOD *method);
    SSL_CTX *context;

    if (g_once_init_enter(&found)) {
        real = (SSL_CTX * (*)(const SSL_METHOD *)) dlsym(RTLD_NEXT, "SSL_CTX_new");
        g_once_init_leave(&found, 1);
    }
    context = real ? real(method) : NULL;
    if (context && method == DTLS_method())
        g_atomic_int_set(&context_was_made, TRUE);
    if (context && log_fd >= 0)
        SSL_CTX_set_keylog_callback(context, on_secret);
    return context;
}

gboolean vcb_key_log_open(const char *path, GError **error)
{
    int fd;

    if (!g_path_is_absolute(path)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "DTLS key log %s: not an absolute path", path);
        return FALSE;
    }
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "DTLS key log %s: %s", path, g_strerror(errno));
        return FALSE;
    }
    if (log_fd >= 0)
        close(log_fd);
    log_fd = fd;
    return TRUE;
}

gboolean vcb_key_log_is_in_effect(void)
{
    return g_atomic_int_get(&context_was_made);
}
