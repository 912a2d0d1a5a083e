/* What a router remembers of a fragmented packet's first fragment, so that those which follow in order meet the same fate
 * (RFC 4787 REQ-14, RFC 6146 section 3.4). The last 128 fragmented packets, for at most 30 s (RFC 1122 section 3.3.2: what
 * receivers wait for a packet to be whole). */
#pragma once

#include "network/internet/ip.h"

typedef struct VcbFragments VcbFragments;

typedef struct {
    guint8 source[16], destination[16]; /* what the first fragment's addresses were changed to */
} VcbFragmentPath;

VcbFragments *vcb_fragments_new(void);
void vcb_fragments_free(VcbFragments *fragments); /* NULL is fine */

/* The first fragment passes: `ip` as it came. */
void vcb_fragments_add(VcbFragments *fragments, const VcbIp *ip, const VcbFragmentPath *path, gint64 now_ns);
/* A later one came. NULL: its first was not seen, or did not pass. */
const VcbFragmentPath *vcb_fragments_find(const VcbFragments *fragments, const VcbIp *ip, gint64 now_ns);
