/* The HTTP side of the server: pages of the web folder, refusals, and the headers that keep a page to itself.
 */
#pragma once

#include <glib.h>
#include <libwebsockets.h>

/* An answer of which not all is written yet. */
typedef struct VcbHttpBody VcbHttpBody;
void vcb_http_body_free(VcbHttpBody *body); /* NULL is fine */

/* Answer the request of this connection from `folder` (NULL: nothing is served). GET and HEAD only. Returns
 * what lws wants of LWS_CALLBACK_HTTP; what remains to be written is in ret_body (untouched where nothing
 * remains). */
int vcb_http_serve(struct lws *wsi, const char *folder, VcbHttpBody **ret_body);

/* It can be written to: go on. What lws wants of LWS_CALLBACK_HTTP_WRITEABLE; *body becomes NULL at its end.
 */
int vcb_http_write(struct lws *wsi, VcbHttpBody **body);

/* Answer with a status and one line of text, instead of a page or of an upgrade. Returns 0 where it was
 * written. */
int vcb_http_refuse(struct lws *wsi, unsigned int status, const char *text);

/* The path that was asked for, decoded. FALSE: too long, or of another method than GET and HEAD. */
gboolean vcb_http_get_path(struct lws *wsi, char *path, int size);

/* The value of a query argument, decoded. New string; NULL: not there. */
char *vcb_http_get_argument(struct lws *wsi, const char *key);

/* The token of "Authorization: Bearer TOKEN". New string; NULL: not there. */
char *vcb_http_get_bearer(struct lws *wsi);
