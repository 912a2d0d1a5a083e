/* Giving up privileges for good: capabilities of every set, and the ways by which an exec could bring them back. What remains is the
 * user: a process of root's still owns root's files, but may do nothing that only root may.
 *
 * Async-signal-safe: may be called between fork and exec. It clears the parent-death signal: set that afterwards. */
#pragma once

#include <glib.h>
#include <linux/capability.h>

#define VCB_CAPABILITY(number) (G_GUINT64_CONSTANT(1) << (number)) /* VCB_CAPABILITY(CAP_NET_ADMIN) */

/* Keep at most these capabilities (0: none) and never gain one again: not in the calling thread, nor in what it starts. NULL: done.
 * Otherwise the step that failed, as static text, with errno. */
const char *vcb_privileges_keep(guint64 capabilities);
