/* The YAML tree of a scenario: immutable, counted nodes, each with the place it was written at.
 *
 *   root (mapping) --keys[i]/values[i]--> scalar | sequence | mapping
 *
 * An alias is the same node under a second parent, so that the memory stays that of the file however often an
 * anchor is used; `weight` is the size of the tree once it is written out, which bounds what walks it. A
 * changed tree (--set, a matrix value) is a new root that shares every node off the changed path. One thread
 * at a time. */
#pragma once

#include "common/json.h"

typedef enum {
    VCB_NODE_SCALAR,
    VCB_NODE_SEQUENCE,
    VCB_NODE_MAPPING,
} VcbNodeKind;

typedef struct VcbNode VcbNode;

struct VcbNode {
    guint refs;
    VcbNodeKind kind;
    int line, column;  /* from 1; 0: nowhere in the file */
    char *origin;      /* GRefString "--set path=value" where it came from the command line; NULL: the file */
    char *text;        /* of a scalar, with its ${VARIABLES} replaced */
    char *written;     /* of a scalar that held variables: as it stands in the file; else NULL */
    gboolean quoted;   /* of a scalar */
    gboolean broken;   /* what is wrong with it has been said; it stands here only to keep the place */
    GPtrArray *keys;   /* of a mapping: VcbNode *, scalars */
    GPtrArray *values; /* of a mapping or a sequence: VcbNode * */
    guint weight;      /* nodes of the tree below, this one included; stops at G_MAXUINT */
    guint height;      /* levels of it: 1 for a scalar */
};

/* Place and origin are copied from `where`, which may be NULL. New node, one reference. */
VcbNode *vcb_node_new_scalar(const VcbNode *where, const char *text, gboolean quoted);
VcbNode *vcb_node_new(VcbNodeKind kind, const VcbNode *where);

/* Put a child into a node under construction; takes over both references. key is NULL for a sequence. */
void vcb_node_append(VcbNode *parent, VcbNode *key, VcbNode *value);

VcbNode *vcb_node_ref(VcbNode *node);
void vcb_node_unref(VcbNode *node);

/* The value under a key of a mapping, or NULL (also where `node` is NULL or no mapping). Borrowed. */
VcbNode *vcb_node_get(const VcbNode *node, const char *key);
/* The key's own node: the place to point at where the key is what is wrong. Borrowed. */
VcbNode *vcb_node_get_key(const VcbNode *node, const char *key);

/* An empty value, `null` or `~`, not quoted. */
gboolean vcb_node_is_null(const VcbNode *node);

/* The unquoted or quoted scalar `word`. */
gboolean vcb_node_is_word(const VcbNode *node, const char *word);

/* A new tree in which the value at the path of segments is `value`. Missing mappings on the way are made; a
 * segment that counts ("0") steps into a sequence. NULL where the way is barred; *ret_bar is then the number
 * of the segment that could not be entered. `root` and `value` stay the caller's. */
VcbNode *vcb_node_with(VcbNode *root, const char *const *segments, VcbNode *value, guint *ret_bar);

/* Equal in kind, text and order, wherever they stand. */
gboolean vcb_node_equal(const VcbNode *a, const VcbNode *b);

/* As JSON, scalars typed as YAML 1.2 does (true, false, null, numbers, else strings); what lies deeper keeps
 * its
 * ${VARIABLES}, as there may be secrets among them. New value. */
cJSON *vcb_node_to_json(const VcbNode *node);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbNode, vcb_node_unref)
