#include "common/suggest.h"

#include <string.h>

#define LONGEST 64

static char fold(char c)
{
    return c == '-' || c == ' ' ? '_' : g_ascii_tolower(c);
}

/* Optimal string alignment distance (Damerau-Levenshtein without overlapping swaps). */
static guint distance(const char *a, const char *b)
{
    guint d[LONGEST + 1][LONGEST + 1];
    gsize n = strlen(a), m = strlen(b);

    if (n > LONGEST || m > LONGEST)
        return G_MAXUINT;
    for (gsize i = 0; i <= n; i++)
        d[i][0] = (guint)i;
    for (gsize j = 0; j <= m; j++)
        d[0][j] = (guint)j;
    for (gsize i = 1; i <= n; i++) {
        for (gsize j = 1; j <= m; j++) {
            guint cost = fold(a[i - 1]) == fold(b[j - 1]) ? 0 : 1;

            d[i][j] = MIN(MIN(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + cost);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]))
                d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n][m];
}

const char *vcb_suggest(const char *typed, const char *const *known)
{
    const char *nearest = NULL;
    guint best = G_MAXUINT;

    for (; known && *known; known++) {
        guint edits = distance(typed, *known);
        guint allowed = (guint)MAX(strlen(typed), strlen(*known)) / 3 + 1;

        if (edits < best && edits <= allowed) {
            best = edits;
            nearest = *known;
        }
    }
    return nearest;
}
