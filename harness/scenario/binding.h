/* A tree on its way to become settings: the two ends, what is wrong, and for each setting the place where it was
 * written. What reads the tree (bind.h) notes the places; what checks settings against each other (checks.h) asks for
 * them. */
#pragma once

#include "harness/scenario/problems.h"
#include "harness/scenario/settings_table.h"

/* Where each setting came from, so that a check of two settings can point at the one to change. */
typedef struct {
    VcbSettings *settings; /* no-ref */
    const VcbNode *root;   /* no-ref */
    GHashTable *where;     /* "peers.0.video.size" (peers by number) -> VcbNode *, no-ref */
    VcbProblems *problems; /* no-ref */
    gboolean broken;       /* a value could not be read, which has been said: settings may be missing */
} VcbBinding;

/* Remember where a setting was written. */
void vcb_binding_note(VcbBinding *binding, const char *path, const VcbNode *node);

/* The node of a setting; where it has none, that of the nearest group around it. Never NULL. */
const VcbNode *vcb_binding_where(const VcbBinding *binding, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Whether the setting itself was written. */
gboolean vcb_binding_has(const VcbBinding *binding, const char *format, ...) G_GNUC_PRINTF(2, 3);
