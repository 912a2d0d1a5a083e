/* YAML text to a tree of nodes, by libfyaml's event parser. */
#pragma once

#include "harness/scenario/problems.h"

/* Parse one document. Every problem is added to `problems`, in our words; the library prints nothing. NULL:
 * there is no tree at all; otherwise a tree, which is to be trusted only if no problem was added. origin
 * NULL: a file; otherwise the text came from the command line, and problems point there ("--set path=value").
 *
 * Beyond the grammar these are problems: more than one document, a key that comes twice, a key that is no
 * scalar, tags, an alias without its anchor, more than 32 levels, more than 20000 nodes (aliases counted each
 * time), text that is not UTF-8 or has control characters. `<<` merges, ${VARIABLES} are replaced. */
VcbNode *vcb_yaml_parse(const char *text, gsize length, const char *origin, VcbProblems *problems);
