#include "network/link/draw.h"

#include "common/random.h"

GRand *vcb_draw_stream(guint64 seed, const char *purpose, const char *stage)
{
    g_autofree char *name = g_strdup_printf("link/%s/%s", purpose, stage);

    return vcb_random_stream(seed, name);
}
