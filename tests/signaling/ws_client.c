#include "tests/signaling/ws_client.h"

#include "common/clock.h"
#include "common/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_US (10 * G_USEC_PER_SEC)

/* The key and its answer of RFC 6455 section 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

static int connect_to(guint port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((guint16)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct timeval deadline = {.tv_sec = DEADLINE_US / G_USEC_PER_SEC};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CU_ASSERT_TRUE_FATAL(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* FALSE: the server closed meanwhile, which a test may want. */
static gboolean write_all(WsClient *client, const void *data, gsize length)
{
    const guint8 *bytes = data;

    while (length) {
        ssize_t n = client->tls ? SSL_write(client->tls, bytes, (int)length)
                                : send(client->fd, bytes, length, MSG_NOSIGNAL);

        if (n < 0 && !client->tls && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        bytes += n;
        length -= (gsize)n;
    }
    return TRUE;
}

static gboolean read_all(WsClient *client, void *data, gsize length)
{
    guint8 *bytes = data;

    while (length) {
        ssize_t n =
            client->tls ? SSL_read(client->tls, bytes, (int)length) : recv(client->fd, bytes, length, 0);

        if (n < 0 && !client->tls && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        bytes += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* Read up to the empty line that ends the head. */
static void read_head(WsClient *client)
{
    GString *head = g_string_new(NULL);
    char c;

    while (!g_str_has_suffix(head->str, "\r\n\r\n") && read_all(client, &c, 1))
        g_string_append_c(head, c);
    client->head = g_string_free(head, FALSE);
    if (strncmp(client->head, "HTTP/1.", 7) == 0 && strlen(client->head) > 12)
        client->status = (int)g_ascii_strtoull(client->head + 9, NULL, 10);
}

WsClient *ws_client_new(guint port, const char *path, const char *header, SSL_CTX *tls)
{
    WsClient *client = g_new0(WsClient, 1);
    g_autofree char *request = g_strdup_printf(
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n%s%s\r\n",
        path, port, header ? header : "", header ? "\r\n" : "");

    client->fd = connect_to(port);
    if (tls) {
        client->tls = SSL_new(tls);
        SSL_set_fd(client->tls, client->fd);
        CU_ASSERT_EQUAL_FATAL(SSL_connect(client->tls), 1);
    }
    write_all(client, request, strlen(request));
    read_head(client);
    if (client->status == 101)
        CU_ASSERT_PTR_NOT_NULL(strcasestr(client->head, "sec-websocket-accept: " ACCEPT "\r\n"));
    return client;
}

void ws_client_free(WsClient *client)
{
    if (!client)
        return;
    if (client->tls)
        SSL_free(client->tls);
    close(client->fd);
    g_free(client->head);
    g_free(client);
}

void ws_client_send_raw(WsClient *client, const void *data, gsize length)
{
    write_all(client, data, length);
}

void ws_client_send_frame(WsClient *client, gboolean fin, guint8 opcode, const void *data, gsize length)
{
    static const guint8 mask[4] = {0x12, 0x34, 0x56, 0x78};
    g_autoptr(GByteArray) frame = g_byte_array_new();
    guint8 head[14] = {(guint8)((fin ? 0x80 : 0) | opcode)};
    gsize n = 2;

    if (length < 126) {
        head[1] = (guint8)(0x80 | length);
    } else if (length < 65536) {
        head[1] = 0x80 | 126;
        head[2] = (guint8)(length >> 8);
        head[3] = (guint8)length;
        n = 4;
    } else {
        head[1] = 0x80 | 127;
        for (int i = 0; i < 8; i++)
            head[2 + i] = (guint8)((guint64)length >> (56 - 8 * i));
        n = 10;
    }
    g_byte_array_append(frame, head, (guint)n);
    g_byte_array_append(frame, mask, 4);
    if (length)
        g_byte_array_append(frame, data, (guint)length);
    for (gsize i = 0; i < length; i++)
        frame->data[n + 4 + i] ^= mask[i % 4];
    write_all(client, frame->data, frame->len);
}

void ws_client_send(WsClient *client, const char *text)
{
    ws_client_send_frame(client, TRUE, TEXT, text, strlen(text));
}

void ws_client_send_close(WsClient *client, guint16 status)
{
    const guint8 payload[2] = {(guint8)(status >> 8), (guint8)status};

    ws_client_send_frame(client, TRUE, CLOSE, payload, sizeof payload);
}

/* One whole frame (the server does not fragment). NULL: there is none any more. */
static GByteArray *read_frame(WsClient *client, guint8 *ret_opcode)
{
    GByteArray *payload;
    guint8 head[2], extended[8];
    guint64 length;

    if (!read_all(client, head, 2))
        return NULL;
    CU_ASSERT_EQUAL(head[0] & 0x70, 0); /* no extension was agreed on */
    CU_ASSERT_EQUAL(head[1] & 0x80, 0); /* a server does not mask */
    length = head[1] & 0x7f;
    if (length >= 126) {
        int n = length == 126 ? 2 : 8;

        if (!read_all(client, extended, (gsize)n))
            return NULL;
        length = 0;
        for (int i = 0; i < n; i++)
            length = length << 8 | extended[i];
    }
    CU_ASSERT_TRUE_FATAL(length < ((guint64)1 << 26));
    payload = g_byte_array_sized_new((guint)length + 1);
    g_byte_array_set_size(payload, (guint)length);
    if (length && !read_all(client, payload->data, length)) {
        g_byte_array_unref(payload);
        return NULL;
    }
    *ret_opcode = head[0] & 0x0f;
    return payload;
}

cJSON *ws_client_receive(WsClient *client)
{
    gint64 deadline_us = vcb_clock_now_us() + DEADLINE_US;
    GByteArray *payload;
    guint8 opcode;

    while (vcb_clock_now_us() < deadline_us && (payload = read_frame(client, &opcode))) {
        cJSON *json = NULL;

        if (opcode == TEXT)
            json = cJSON_ParseWithLength((const char *)payload->data, payload->len);
        else if (opcode == PING)
            client->pings++;
        if (opcode == PING && !client->ignores_pings)
            ws_client_send_frame(client, TRUE, PONG, payload->data, payload->len);
        if (opcode == CLOSE && payload->len >= 2)
            client->close_status = payload->data[0] << 8 | payload->data[1];
        g_byte_array_unref(payload);
        if (opcode == TEXT) {
            CU_ASSERT_PTR_NOT_NULL(json);
            return json;
        }
        if (opcode == CLOSE) {
            ws_client_send_close(client, 1000);
            return NULL;
        }
    }
    return NULL;
}

cJSON *ws_client_expect(WsClient *client, const char *type)
{
    cJSON *json = ws_client_receive(client);

    if (!json)
        g_printerr("instead of %s the connection ended (%d)\n", type, client->close_status);
    VCB_ASSERT_STRING(vcb_json_string(json, "type", "(nothing)"), type);
    return json;
}

void ws_client_skip(WsClient *client, const char *type)
{
    cJSON_Delete(ws_client_expect(client, type));
}

int ws_client_expect_close(WsClient *client)
{
    gint64 deadline_us = vcb_clock_now_us() + DEADLINE_US;
    cJSON *json;

    while ((json = ws_client_receive(client)))
        cJSON_Delete(json);
    return vcb_clock_now_us() < deadline_us ? client->close_status : -1;
}

gboolean ws_client_is_readable(WsClient *client, int timeout_ms)
{
    struct pollfd poller = {.fd = client->fd, .events = POLLIN};

    return (client->tls && SSL_pending(client->tls) > 0) || poll(&poller, 1, timeout_ms) > 0;
}

char *http_request(guint port, const char *request)
{
    WsClient client = {.fd = connect_to(port)};
    GString *answer = g_string_new(NULL);
    char chunk[4096];
    ssize_t n;

    write_all(&client, request, strlen(request));
    while ((n = recv(client.fd, chunk, sizeof chunk, 0)) > 0)
        g_string_append_len(answer, chunk, n);
    close(client.fd);
    return g_string_free(answer, FALSE);
}
