/* A WebSocket client for tests, written from RFC 6455 on a plain blocking socket (with TLS by OpenSSL): an
 * independent judge of the server, which can also be as rude as a test wants: send any bytes, not read, not
 * answer pings.
 *
 * Nothing here waits for more than DEADLINE: then a read fails, and with it the test. */
#pragma once

#include "common/json.h"

#include <openssl/ssl.h>

typedef struct {
    int fd;
    SSL *tls;   /* owned; NULL: plain */
    int status; /* of the answer to the upgrade, or of any HTTP request */
    char *head; /* the answer's status line and headers */
    gboolean ignores_pings;
    guint pings;      /* that came */
    int close_status; /* that came; 0: none */
} WsClient;

/* Connect to 127.0.0.1 and ask for an upgrade. `path` with its query; `header`: one more line ("Name: value")
 * or NULL; tls NULL: plain. Look at `status`: 101 where it is a WebSocket now. Never NULL; fails the test
 * where there is no connection. */
WsClient *ws_client_new(guint port, const char *path, const char *header, SSL_CTX *tls);
void ws_client_free(WsClient *client); /* just goes away, without a word */

/* One frame, masked; opcode as in RFC 6455 section 5.2. */
void ws_client_send_frame(WsClient *client, gboolean fin, guint8 opcode, const void *data, gsize length);
void ws_client_send(WsClient *client, const char *text);
void ws_client_send_raw(WsClient *client, const void *data, gsize length);
void ws_client_send_close(WsClient *client, guint16 status);

/* The next text message as JSON; NULL: the connection ended (look at close_status), or DEADLINE has passed.
 * Answers pings on the way. */
cJSON *ws_client_receive(WsClient *client);

/* The next message, which must be of this type. */
cJSON *ws_client_expect(WsClient *client, const char *type);
/* Likewise, without a look at it. */
void ws_client_skip(WsClient *client, const char *type);

/* Read to the end, and give the status that it was closed with (0: without one; -1: it was not closed in
 * time). */
int ws_client_expect_close(WsClient *client);

/* Whether something arrives within this time. */
gboolean ws_client_is_readable(WsClient *client, int timeout_ms);

/* Send this request and read the whole answer, until the server closes. New string. */
char *http_request(guint port, const char *request);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WsClient, ws_client_free)
