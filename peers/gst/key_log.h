/* The secrets of this process's DTLS connections, for whoever looks at a capture of the call (Wireshark, tshark -o
 * tls.keylog_file:FILE): a line for each connection in the format that SSLKEYLOGFILE has in every TLS library,
 *
 *   CLIENT_RANDOM <32 bytes in hex> <48 bytes in hex>
 *
 * GStreamer's DTLS plugin neither writes such a file nor hands out its SSL_CTX. So this program defines SSL_CTX_new itself, and
 * exports it: the plugin's reference is bound to the program's definition before OpenSSL's. Ours calls OpenSSL's and asks the
 * new SSL_CTX for its keys. Connections that are TLS over TCP (signaling) are left out. */
#pragma once

#include <glib.h>

/* Append to this file from now on (made with mode 0600); several processes may share it, for a line is one write. Call before
 * the first DTLS element exists. FALSE and an error (VCB_ERROR_INVALID) with the errno in words. */
gboolean vcb_key_log_open(const char *path, GError **error);

/* Has a DTLS context passed through here? FALSE once a DTLS element exists: this plugin makes its contexts by other means, and no
 * keys will come. Any thread. */
gboolean vcb_key_log_is_in_effect(void);
