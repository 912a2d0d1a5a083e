#include "signaling/http.h"

#include "signaling/static_files.h"

#include <string.h>

#define CHUNK 4096
#define LARGEST_HEADER 2048
#define LONGEST_TOKEN 8192

/* Pages take scripts, styles, media and connections from this server alone, run no inline script, and are
 * shown in nobody's frame (CSP level 3; Fetch and HTML standards for the others). */
static const struct {
    const char *name, *value;
} SECURITY_HEADERS[] = {
    {"content-security-policy:",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
     "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"x-content-type-options:", "nosniff"},
    {"x-frame-options:", "DENY"},
    {"referrer-policy:", "no-referrer"},
    {"cross-origin-opener-policy:", "same-origin"},
    {"cross-origin-resource-policy:", "same-origin"},
    {"cache-control:", "no-cache"},
};

struct VcbHttpBody {
    GBytes *content;
    gsize written;
};

void vcb_http_body_free(VcbHttpBody *body)
{
    if (!body)
        return;
    g_bytes_unref(body->content);
    g_free(body);
}

static gboolean add_header(struct lws *wsi, const char *name, const char *value, guchar **p, guchar *end)
{
    return lws_add_http_header_by_name(wsi, (const guchar *)name, (const guchar *)value, (int)strlen(value),
                                       p, end) == 0;
}

/* The head of an answer. Returns its end, or NULL where lws failed. */
static guchar *write_head(struct lws *wsi, unsigned int status, const char *type, gsize length, guchar *start,
                          guchar *end)
{
    guchar *p = start;

    if (lws_add_http_common_headers(wsi, status, type, (lws_filepos_t)length, &p, end) != 0)
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(SECURITY_HEADERS); i++)
        if (!add_header(wsi, SECURITY_HEADERS[i].name, SECURITY_HEADERS[i].value, &p, end))
            return NULL;
    if (status == HTTP_STATUS_METHOD_NOT_ALLOWED && !add_header(wsi, "allow:", "GET, HEAD", &p, end))
        return NULL;
    if (status == HTTP_STATUS_UNAUTHORIZED && !add_header(wsi, "www-authenticate:", "Bearer", &p, end))
        return NULL;
    return lws_finalize_http_header(wsi, &p, end) == 0 ? p : NULL;
}

int vcb_http_refuse(struct lws *wsi, unsigned int status, const char *text)
{
    guchar buffer[LWS_PRE + LARGEST_HEADER + 512], *start = buffer + LWS_PRE, *p;
    g_autofree char *body = g_strdup_printf("%u %.400s\n", status, text);
    gsize length = strlen(body);
    /* The text of an answer to HEAD is announced, but not sent (RFC 9110 section 9.3.2). */
    gboolean is_head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;

    p = write_head(wsi, status, "text/plain; charset=utf-8", length, start, start + LARGEST_HEADER);
    if (!p)
        return -1;
    if (!is_head) {
        memcpy(p, body, length);
        p += length;
    }
    return lws_write(wsi, start, (gsize)(p - start), LWS_WRITE_HTTP) < 0 ? -1 : 0;
}

gboolean vcb_http_get_path(struct lws *wsi, char *path, int size)
{
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0)
        return lws_hdr_copy(wsi, path, size, WSI_TOKEN_GET_URI) > 0;
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0)
        return lws_hdr_copy(wsi, path, size, WSI_TOKEN_HEAD_URI) > 0;
    return FALSE;
}

char *vcb_http_get_argument(struct lws *wsi, const char *key)
{
    g_autofree char *buffer = g_malloc(LONGEST_TOKEN);
    gsize length = strlen(key);

    for (int i = 0;; i++) {
        int n = lws_hdr_copy_fragment(wsi, buffer, LONGEST_TOKEN, WSI_TOKEN_HTTP_URI_ARGS, i);

        if (n < 0)
            return NULL;
        if ((gsize)n > length && strncmp(buffer, key, length) == 0 && buffer[length] == '=')
            return g_strdup(buffer + length + 1);
    }
}

char *vcb_http_get_bearer(struct lws *wsi)
{
    g_autofree char *buffer = g_malloc(LONGEST_TOKEN);

    if (lws_hdr_copy(wsi, buffer, LONGEST_TOKEN, WSI_TOKEN_HTTP_AUTHORIZATION) <= 0 ||
        g_ascii_strncasecmp(buffer, "Bearer ", 7) != 0)
        return NULL;
    return g_strdup(g_strstrip(buffer + 7));
}

static int complete(struct lws *wsi)
{
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

int vcb_http_serve(struct lws *wsi, const char *folder, VcbHttpBody **ret_body)
{
    gboolean is_get = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) > 0;
    guchar buffer[LWS_PRE + LARGEST_HEADER], *start = buffer + LWS_PRE, *p;
    g_auto(VcbStaticFile) file = {0};
    char path[1024];
    gsize length;

    if (!is_get && lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) == 0) {
        /* Its body, if there is one, is not worth reading. */
        vcb_http_refuse(wsi, HTTP_STATUS_METHOD_NOT_ALLOWED, "Method Not Allowed: GET and HEAD are");
        return -1;
    }
    if (!folder || !vcb_http_get_path(wsi, path, sizeof path) || !vcb_static_files_read(folder, path, &file))
        return vcb_http_refuse(wsi, HTTP_STATUS_NOT_FOUND, "Not Found") != 0 ? -1 : complete(wsi);

    length = g_bytes_get_size(file.content);
    p = write_head(wsi, HTTP_STATUS_OK, file.type, length, start, buffer + sizeof buffer);
    if (!p || lws_write(wsi, start, (gsize)(p - start), LWS_WRITE_HTTP_HEADERS) < 0)
        return -1;
    if (!is_get || length == 0)
        return complete(wsi);
    *ret_body = g_new0(VcbHttpBody, 1);
    (*ret_body)->content = g_bytes_ref(file.content);
    lws_callback_on_writable(wsi);
    return 0;
}

int vcb_http_write(struct lws *wsi, VcbHttpBody **body)
{
    guchar buffer[LWS_PRE + CHUNK];
    gsize size, n;
    const guint8 *data;

    if (!*body)
        return 0;
    data = g_bytes_get_data((*body)->content, &size);
    n = MIN(size - (*body)->written, CHUNK);
    memcpy(buffer + LWS_PRE, data + (*body)->written, n);
    (*body)->written += n;
    if (lws_write(wsi, buffer + LWS_PRE, n,
                  (*body)->written == size ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0)
        return -1;
    if ((*body)->written < size) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    g_clear_pointer(body, vcb_http_body_free);
    return complete(wsi);
}
