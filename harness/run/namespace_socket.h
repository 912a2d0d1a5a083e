/* A socket inside a host of the emulated network, used from outside of it.
 *
 *   vcbench -- fork --> child: setns, socket -- SCM_RIGHTS --> vcbench
 *
 * A socket belongs for ever to the network namespace in which it was made, so that vcbench can talk inside a host
 * without being there. A thread cannot do the same: a process with more than one thread may not enter a user
 * namespace (setns(2)). */
#pragma once

#include "common/child.h"

/* New socket of family AF_INET or AF_INET6 and type (flags as of socket(2)); the caller's. `namespaces` NULL: an ordinary
 * one. -1 and an error where it cannot be made. Blocks for as long as a fork takes, about a millisecond. */
int vcb_namespace_socket(const VcbChildNamespaces *namespaces, int family, int type, GError **error);
