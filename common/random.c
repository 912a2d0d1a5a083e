#include "common/random.h"

#include <string.h>

#define DIGEST_WORDS 8

static void digest(guint64 seed, const char *purpose, guint32 ret_words[DIGEST_WORDS])
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *text = g_strdup_printf("%" G_GUINT64_FORMAT "/%s", seed, purpose);
    guint8 bytes[32];
    gsize length = sizeof bytes;

    g_checksum_update(sum, (const guchar *)text, -1);
    g_checksum_get_digest(sum, bytes, &length);
    for (guint i = 0; i < DIGEST_WORDS; i++) {
        guint32 word;

        memcpy(&word, bytes + 4 * i, sizeof word);
        ret_words[i] = GUINT32_FROM_BE(word);
    }
}

guint64 vcb_seed_derive(guint64 seed, const char *purpose)
{
    guint32 words[DIGEST_WORDS];

    digest(seed, purpose, words);
    return (((guint64)words[0] << 32) | words[1]) & VCB_SEED_MAX;
}

GRand *vcb_random_stream(guint64 seed, const char *purpose)
{
    guint32 words[DIGEST_WORDS];

    digest(seed, purpose, words);
    return g_rand_new_with_seed_array(words, DIGEST_WORDS);
}
