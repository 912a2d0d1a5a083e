/* Sockets of cross traffic: non-blocking, close-on-exec, with the congestion control that was asked for. */
#pragma once

#include "network/traffic/config.h"

/* A socket of `type` (SOCK_STREAM, SOCK_DGRAM) that is bound, and listens where it is a stream. -1 and an error
 * (VCB_ERROR_INVALID) with the errno in words. */
int vcb_traffic_listen(const VcbTrafficConfig *config, int type, int *ret_port, GError **error);

/* A socket that is connecting (streams: writable once it is settled; SO_ERROR tells). -1 and an error. */
int vcb_traffic_connect(const VcbTrafficConfig *config, int type, GError **error);

/* Choose the congestion control of a TCP socket; accepted sockets inherit that of the listening one. FALSE and an
 * error (VCB_ERROR_INVALID) that says which names the kernel lists and how to allow one more. */
gboolean vcb_traffic_set_congestion(int fd, const char *name, GError **error);

/* The error that waits at a socket (SO_ERROR), 0: none. */
int vcb_traffic_socket_error(int fd);

/* Close; what waits in the kernel is thrown away (a RST goes to the other side), so that nothing goes on using the
 * line after the end. */
void vcb_traffic_abort(int fd);
