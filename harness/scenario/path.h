/* Dotted paths into the language: "peer.video.codec", "peers.alice.candidate_queue", "ice.servers.0.urls".
 * They stand in `matrix`, in `when`, and in --set. */
#pragma once

#include "harness/scenario/node.h"
#include "harness/scenario/settings_table.h"

/* Check a path against the table, and a peer's name in it against the tree. Returns its segments
 * (g_strfreev); what follows `matrix` or `expect` is one segment, dots included. *ret_setting (may be NULL)
 * is the row it ends at, NULL where it ends at a peer or a list's entry. The error's message is "what is
 * wrong; what was meant". */
char **vcb_path_split(const char *path, const VcbNode *root, const VcbSetting **ret_setting, GError **error);

/* A new tree with `value` at the path (see above), the default peers' names put in where they are needed. */
VcbNode *vcb_path_apply(VcbNode *root, const char *const *segments, VcbNode *value, GError **error);

/* Whether one is the other, or lies within it. */
gboolean vcb_path_overlap(const char *const *a, const char *const *b);
