/* A tree to settings: every key looked up in the table, every value parsed, defaults filled in.
 *
 *   defaults <- peer -> both peers <- peers.NAME; everything else straight into VcbSettings */
#pragma once

#include "harness/scenario/problems.h"
#include "harness/scenario/settings_table.h"

/* Fill `settings` (which holds nothing yet) from a tree: defaults, then what the tree says, then the checks
 * of checks.h. Problems are added; the settings are to be used only where there are none. */
void vcb_settings_bind(VcbSettings *settings, const VcbNode *root, const char *default_name,
                       VcbProblems *problems);
