/* "did you mean": the known word nearest to what a person typed. */
#pragma once

#include <glib.h>

/* The word of the NULL-terminated list nearest to `typed` by edits (insert, delete, replace, swap of
 * neighbours,
 * '-', '_' and ' ' alike, case ignored), or NULL where none is near enough to be a likely slip. Owned by the
 * list. */
const char *vcb_suggest(const char *typed, const char *const *known);
