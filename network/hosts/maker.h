/* The host maker: the process that makes namespaces and interfaces, and nothing else (docs/network-emulator.md).
 *
 *   start: try what is asked for, in order -> greeting (what works, or what is closed and what opens it) -> serve requests
 *
 * It sees no packet, and ends with its socket. */
#pragma once

#include "network/hosts/hosts.h"

typedef struct VcbMaker VcbMaker;

/* Try it out in the calling process, which enters namespaces of its own by that and must be single-threaded. NULL and an error: lines
 * that say what was tried, what refused, and what opens it. */
VcbMaker *vcb_maker_new(VcbBackend backend, VcbNamespaces namespaces, GError **error);
void vcb_maker_free(VcbMaker *maker);

VcbBackend vcb_maker_backend(const VcbMaker *maker);
VcbNamespaces vcb_maker_namespaces(const VcbMaker *maker);
int vcb_maker_user_namespace_fd(const VcbMaker *maker); /* -1: none; stays the maker's */

/* Answer requests (wire.h) until told to end (TRUE), or until the other side of the socket is gone. */
gboolean vcb_maker_serve(VcbMaker *maker, int socket);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbMaker, vcb_maker_free)
