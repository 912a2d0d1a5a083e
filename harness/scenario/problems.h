/* What is wrong with a scenario, collected, so that a person sees all of it at once.
 *
 *   lan.yaml:4:3: `duraton` is no key here; did you mean `duration`?
 *       4 |   duraton: 5s
 *         |   ^
 *
 * The same problem found in several variants of a matrix is told once; where only some of them have it, the
 * first is named. */
#pragma once

#include "harness/scenario/node.h"

typedef struct VcbProblems VcbProblems;

/* `file` as the person gave it; `text`: its content, for the excerpts; it must live as long. NULL: no
 * excerpts. */
VcbProblems *vcb_problems_new(const char *file, const char *text);
void vcb_problems_free(VcbProblems *problems);

/* `file` of the above. */
const char *vcb_problems_file(const VcbProblems *problems);

/* Add one at a node's place: "what is wrong; what was meant". where NULL: the file as a whole. */
void vcb_problems_add(VcbProblems *problems, const VcbNode *where, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Like it, but told only where every variant has it: a setting that is without use in one variant may serve
 * another. */
void vcb_problems_add_unused(VcbProblems *problems, const VcbNode *where, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Like it, at a line and column (from 1); origin: "--set path=value", or NULL. */
void vcb_problems_add_at(VcbProblems *problems, const char *origin, int line, int column, const char *format,
                         ...) G_GNUC_PRINTF(5, 6);

/* What is added from here on belongs to this variant (its name is copied). */
void vcb_problems_begin_variant(VcbProblems *problems, const char *name);
/* ... and from here on to none; call it after the last variant. */
void vcb_problems_end_variants(VcbProblems *problems);

/* How many would be told now. */
guint vcb_problems_count(VcbProblems *problems);

/* How often one was added, the same one again included, those of vcb_problems_add_unused not: whether what
 * was done since went well. */
guint vcb_problems_added(const VcbProblems *problems);

/* All of them in the order of the file, at most 20, as one error (VCB_ERROR_USAGE). NULL where there are
 * none. */
GError *vcb_problems_to_error(VcbProblems *problems);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbProblems, vcb_problems_free)
