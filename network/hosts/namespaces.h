/* User and network namespaces of the calling process (the host maker). Errors (VCB_ERROR_INVALID) name the call and
 * errno. */
#pragma once

#include <glib.h>

/* Go into a new user namespace in which this process's user and group are what they are outside, and nobody else exists. */
gboolean vcb_namespaces_enter_new_user(GError **error);

/* Go into a new network namespace, with lo up, and settings by which an unprivileged process can do what a real host's can: ports
 * from 0, ping. Its descriptor, or -1. */
int vcb_namespaces_enter_new_network(GError **error);

gboolean vcb_namespaces_enter_network(int fd, GError **error);

/* What opens namespaces where one of these was refused, after a look at the machine's switches. New text, never NULL. */
char *vcb_namespaces_remedy(void);
