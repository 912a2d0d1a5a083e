/* The matrix: its axes, and the tree of each combination of their values. */
#pragma once

#include "harness/scenario/path.h"
#include "harness/scenario/problems.h"

#define VCB_MATRIX_MOST_VARIANTS 256

typedef struct {
    char *path; /* "peer.candidate_queue" */
    char **segments;
    char *label;           /* as much of the path's end as tells it from the other axes */
    gboolean secret;       /* its values are shown as they are written */
    const VcbNode *key;    /* no-ref */
    const VcbNode *values; /* no-ref: a sequence that is not empty */
} VcbAxis;

typedef struct {
    GPtrArray *axes; /* VcbAxis * */
    guint n_variants;
} VcbMatrix;

/* Read `matrix:` of the tree; without one there are no axes and one variant. Problems are added, and what
 * they are about is left out. The matrix points into the tree. */
void vcb_matrix_init(VcbMatrix *matrix, const VcbNode *root, VcbProblems *problems);
void vcb_matrix_clear(VcbMatrix *matrix);

/* The value of an axis in a variant; the first axis changes slowest. Borrowed. */
VcbNode *vcb_matrix_value(const VcbMatrix *matrix, guint axis, guint variant);

/* "candidate_queue=false, codec=vp9"; "" where there are no axes. New string. */
char *vcb_matrix_name(const VcbMatrix *matrix, guint variant);

/* A value as YAML's flow style has it: "vp9", "[symmetric, full-cone]". New string. */
char *vcb_matrix_value_text(const cJSON *value);

/* {"peer.candidate_queue": false}. New object. */
cJSON *vcb_matrix_json(const VcbMatrix *matrix, guint variant);

/* The tree with the variant's values in place; NULL where a path cannot be reached (a problem is added). */
VcbNode *vcb_matrix_apply(const VcbMatrix *matrix, guint variant, VcbNode *root, VcbProblems *problems);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbMatrix, vcb_matrix_clear)
