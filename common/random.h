/* Random streams that can be replayed: one stream for each purpose, named, so that switching one consumer on
 * never moves the draws of another. A stream is GLib's Mersenne Twister, seeded from SHA-256 over the name.
 */
#pragma once

#include <glib.h>

/* Seeds are integers up to 2^53 - 1, so that they survive JSON. */
#define VCB_SEED_MAX ((guint64)9007199254740991)

/* The seed of a child purpose, e.g. vcb_seed_derive(run_seed, "call/0003"). The same inputs give the same
 * seed on every machine. */
guint64 vcb_seed_derive(guint64 seed, const char *purpose);

/* A stream of its own for (seed, purpose); free with g_rand_free. */
GRand *vcb_random_stream(guint64 seed, const char *purpose);
