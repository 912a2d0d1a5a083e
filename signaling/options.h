/* The server's options: flag, else environment, else default. */
#pragma once

#include <glib.h>

typedef struct {
    char *host;     /* numeric or a name of this machine; "127.0.0.1" */
    guint port;     /* 0: any free one; 8080 */
    char *tls_cert; /* PEM files; both or neither (then ws and http instead of wss and https) */
    char *tls_key;
    char *token_secret;      /* HS256 secret; NULL: no token is asked for */
    char *web;               /* folder of static files; NULL: none */
    guint max_message_bytes; /* of one message, however it is cut into frames; 65536 */
    guint max_rate;          /* messages a second of one client; 200 */
    guint room_size;         /* of rooms that vcbench does not announce; 2 */
    guint max_connections;   /* WebSockets at once; 1000 */
    gint64 ping_interval_us; /* after so long a silence a client is pinged; 20 s */
    gint64 dead_after_us;    /* after so long a silence it is removed; twice the ping interval */
} VcbOptions;

typedef enum {
    VCB_OPTIONS_RUN,
    VCB_OPTIONS_EXIT, /* --help or --version was printed */
    VCB_OPTIONS_BAD,  /* see the error */
} VcbOptionsResult;

/* Read argv (which is changed) and the environment. The options are to be cleared also where the result is
 * not RUN. */
VcbOptionsResult vcb_options_parse(VcbOptions *options, int *argc, char ***argv, GError **error);
void vcb_options_clear(VcbOptions *options);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbOptions, vcb_options_clear)
