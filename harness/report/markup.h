/* Text from a log made safe for XML and HTML. What peers write is not to be trusted. */
#pragma once

#include <glib.h>

/* Escape & < > " ', drop what XML 1.0 does not allow (control characters but for tab and newlines, U+FFFE,
 * U+FFFF; section 2.2), mend invalid UTF-8. NULL is "". */
void vcb_markup_append(GString *out, const char *text);
char *vcb_markup_escape(const char *text); /* New string. */
