/* ${VARIABLES} of the environment in scalars: ${NAME}, ${NAME:-default}, and $$ for a dollar sign. */
#pragma once

#include <glib.h>

/* Replace them. *ret_any tells whether there was one. The error (VCB_ERROR_USAGE) names the variable and the
 * remedy. A default is taken where the variable is unset or empty, as in a shell; it is plain text up to the
 * brace. */
char *vcb_variables_expand(const char *text, gboolean *ret_any, GError **error);

/* The text that expands to `text`: each $ doubled. New string. */
char *vcb_variables_escape(const char *text);
