/* A certificate for a server that lives as long as a run: EC P-256, signed by itself, good for a day. */
#pragma once

#include <glib.h>

/* Make a key and a certificate for these addresses ("198.18.0.20", "2001:db8::14"; NULL-terminated, as
 * subjectAltName, RFC 5280 section 4.2.1.6), and write them as PEM; the key's file is readable by its owner alone.
 * The error names the step. */
gboolean vcb_certificate_write(const char *const *addresses, const char *certificate_path,
                               const char *key_path, GError **error);
