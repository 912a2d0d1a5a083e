/* A link between the test's hands: packets with an IPv4 header go in at moments that the test names, and what becomes of each
 * is written down. */
#pragma once

#include "network/link/link.h"

#define US_NS G_GINT64_CONSTANT(1000)
#define MS_NS G_GINT64_CONSTANT(1000000)
#define S_NS G_GINT64_CONSTANT(1000000000)

typedef struct {
    guint32 ordinal;
    VcbFate fate;
    gint64 came_ns, due_ns, now_ns, queued_ns;
    gboolean is_copy, is_corrupted, is_held_back;
    guint flipped_bits; /* that differ from what was sent */
    guint first_flipped;
    guint length;
} Record;

typedef struct {
    VcbLink *link;
    gint64 now_ns;
    GArray *records; /* of Record, in the order in which they were told */
} Fixture;

/* settings are copied; the origin is 0. */
Fixture *fixture_new(const VcbLinkSettings *settings, guint64 seed);
void fixture_free(Fixture *fixture); /* after which the pool is empty */

/* length 20 or more; the clock moves to came_ns where it is behind. */
void fixture_send(Fixture *fixture, gint64 came_ns, guint length);
/* Carry out everything up to now_ns, as late as the next event plus `lateness_ns` each time. */
void fixture_run(Fixture *fixture, gint64 now_ns, gint64 lateness_ns);

const Record *fixture_record(const Fixture *fixture, guint place); /* fails loudly where there is none */
guint fixture_count(const Fixture *fixture, VcbFate fate);
/* sent + duplicated = delivered + dropped + queued */
gboolean fixture_is_conserved(const Fixture *fixture);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)
