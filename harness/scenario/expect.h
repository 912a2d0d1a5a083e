/* `expect:` to a list of expectations, one for each variant that they hold for. */
#pragma once

#include "harness/scenario/matrix.h"
#include "harness/scenario/scenario.h"

/* Append what `expect:` of the tree says to `expectations` (VcbExpectation; clear each with
 * vcb_expectation_clear), in the order of the file, each for its variants. An expectation under `variants`
 * takes the place of the general one on the same metric and statistic. Problems are added. sound: the rest of
 * the scenario had none; otherwise the lines are checked as far as they can be, and nothing is appended. */
void vcb_expect_read(const VcbNode *root, const VcbMatrix *matrix, const VcbVariant *variants, gboolean sound,
                     GArray *expectations, VcbProblems *problems);
void vcb_expectation_clear(VcbExpectation *expectation);

/* The comparison as it is written in a scenario: "< 1500", "1500..2500". New string. */
char *vcb_expectation_comparison(const VcbExpectation *expectation);
