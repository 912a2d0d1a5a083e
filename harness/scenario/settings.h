/* A tree to settings: every key looked up in the table, every value parsed, defaults filled in.
 *
 *   defaults <- peer -> both peers <- peers.NAME; everything else straight into VcbSettings */
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

/* Fill `settings` (which holds nothing yet) from a tree: defaults, then what the tree says, then the checks
 * of checks.h. Problems are added; the settings are to be used only where there are none. */
void vcb_settings_bind(VcbSettings *settings, const VcbNode *root, const char *default_name,
                       VcbProblems *problems);

/* The node of a setting; where it has none, that of the nearest group around it. Never NULL. */
const VcbNode *vcb_binding_where(const VcbBinding *binding, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Whether the setting itself was written. */
gboolean vcb_binding_has(const VcbBinding *binding, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Free what the settings own. Zeroed settings are fine. */
void vcb_settings_clear(VcbSettings *settings);

/* Equal in every setting of the table. */
gboolean vcb_settings_equal(const VcbSettings *a, const VcbSettings *b);

/* The text of the scalar at a path below `base`, whose rows are `table`; lists are not entered. NULL where it
 * has none. */
char *vcb_settings_text(const VcbSetting *table, gconstpointer base, const char *path);
