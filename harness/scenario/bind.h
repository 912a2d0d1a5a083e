/* What reads a tree into structs by the table, for the parts of the language that are put together from several places of
 * the tree (settings.c, network_bind.c, network_line.c). */
#pragma once

#include "harness/scenario/binding.h"

/* Where we are: for `where`, and as people call it ("peers.alice.video"). */
typedef struct {
    const char *path;
    const char *label;
} VcbPlace;

/* What the mapping `node` says, into the struct at `base`, over what is there. list_item: an entry of a list, which must have
 * all that is required. */
void vcb_bind_table(VcbBinding *binding, const VcbSetting *table, const VcbNode *node, gpointer base,
                    VcbPlace place, gboolean list_item);

/* FALSE and a problem where `node` is none; `otherwise`: what it could have been, " or `none`". */
gboolean vcb_bind_expect_mapping(VcbBinding *binding, const VcbNode *node, const char *key,
                                 const char *otherwise);
