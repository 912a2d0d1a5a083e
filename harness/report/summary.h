/* What a summary shows first, on a terminal, in Markdown, and at the top of the page. */
#pragma once

#include <glib.h>

typedef struct {
    const char *metric; /* full name */
    const char *label;  /* for people */
} VcbKeyFigure;

extern const VcbKeyFigure VCB_KEY_FIGURES[];
extern const gsize VCB_N_KEY_FIGURES;
