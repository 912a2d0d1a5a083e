/* A network namespace for a probe, with interfaces as the probe likes them: nothing of the machine's own network is seen or touched. */
#pragma once

#include <glib.h>

/* Leave the machine's network: this process is in an empty one with `lo` up. As an ordinary user in a user namespace, too. Call before
 * any thread exists. Exits with 77 where the kernel forbids it, or `ip` is missing. */
void probe_namespace_enter(void);

/* Run `ip` with these arguments ("link set eth0 down"); the probe ends where it fails. */
void probe_ip(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* An interface, up, with this address ("10.0.1.1/24"), usable at once. It is one end of a veth pair whose other end has no address. */
void probe_add_interface(const char *name, const char *address);
