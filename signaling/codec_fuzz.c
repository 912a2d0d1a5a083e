/* Fuzz target: whatever a client sends, the codec takes it or refuses it, and what it takes can be relayed
 * and read again.
 *
 * With clang's -fsanitize=fuzzer this file is the target alone (define VCB_LIBFUZZER). Without, it has a main
 * that replays the seeds below and random changes of them for a bounded number of rounds: codec_fuzz [ROUNDS
 * [SEED]] or codec_fuzz FILE... */
#include "signaling/codec.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_relayed(VcbSignal *signal)
{
    g_autofree char *text = vcb_signal_print_from(signal, "alice");
    g_autofree char *reason = NULL;
    g_auto(VcbSignal) again = {0};
    VcbRefusal refusal;

    g_assert(vcb_signal_parse(text, strlen(text), &again, &refusal, &reason));
    g_assert(again.type == signal->type && again.end_of_candidates == signal->end_of_candidates);
    g_assert(g_strcmp0(again.to, signal->to) == 0);
    g_assert(g_strcmp0(vcb_json_string(again.json, "from", NULL), "alice") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Of exactly this size, so that a byte too far is seen. */
    g_autofree char *text = g_memdup2(data, size);
    g_autofree char *reason = NULL;
    g_auto(VcbSignal) signal = {0};
    VcbRefusal refusal;

    if (vcb_signal_parse(text ? text : "", size, &signal, &refusal, &reason)) {
        check_relayed(&signal);
    } else {
        g_autofree char *error = vcb_signal_print_error(refusal, reason);
        g_autoptr(cJSON) json = cJSON_Parse(error);

        g_assert(json && g_utf8_validate(error, -1, NULL));
    }
    return 0;
}

#ifndef VCB_LIBFUZZER

static const char *const SEEDS[] = {
    "{\"type\":\"ready\"}",
    "{\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\n\"}}",
    "{\"type\":\"answer\",\"to\":\"bob\",\"answer\":{\"type\":\"answer\",\"sdp\":\"v=0\\r\\n\"}}",
    "{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1 1 UDP 2122 127.0.0.1 5000 typ "
    "host\","
    "\"sdpMid\":\"0\",\"sdpMLineIndex\":0}}",
    "{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"\",\"sdpMid\":null}}",
    "{\"type\":\"offer\",\"from\":\"x\",\"x\":[1,-2.5e3,true,null,{\"a\":{\"b\":[[]]}}],\"offer\":{\"type\":"
    "\"offer\","
    "\"sdp\":\"\\u00e4\\ud83d\\ude00\\\\u0000\"}}",
    "[[[[[[[[[[[[[[[[",
    "{\"type\":\"ready\",\"type\":\"offer\"}",
    "\xef\xbb\xbf{\"type\":\"ready\"}",
    "",
};

static const char *const PIECES[] = {
    "\"type\":", "\"from\":", "\"to\":", "\"candidate\":", "{", "}",    "[",    "]",        "\"",
    "\\",        "\\u0000",   "\\ud800", "1e999",          "-", "null", "\xff", "\xc3\xa4", ","};

/* A few random edits: a byte changed, a piece put in, a part cut out, doubled, or taken from another seed. */
static void mutate(GString *text, GRand *random)
{
    for (int edits = g_rand_int_range(random, 0, 8); edits > 0; edits--) {
        gssize at = g_rand_int_range(random, 0, (gint32)text->len + 1);
        gssize wanted = g_rand_int_range(random, 0, 32), length = MIN(wanted, (gssize)text->len - at);
        const char *seed = SEEDS[g_rand_int_range(random, 0, G_N_ELEMENTS(SEEDS))];

        switch (g_rand_int_range(random, 0, 5)) {
        case 0:
            if (at < (gssize)text->len)
                text->str[at] = (char)g_rand_int_range(random, 0, 256);
            break;
        case 1:
            g_string_insert(text, at, PIECES[g_rand_int_range(random, 0, G_N_ELEMENTS(PIECES))]);
            break;
        case 2:
            g_string_erase(text, at, length);
            break;
        case 3: {
            g_autofree char *part = g_memdup2(text->str + at, (gsize)length);

            g_string_insert_len(text, at, part ? part : "", length);
            break;
        }
        default:
            g_string_insert(text, at, seed + g_rand_int_range(random, 0, (gint32)strlen(seed) + 1));
            break;
        }
    }
}

static int replay(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        g_autofree char *data = NULL;
        gsize size;

        if (!g_file_get_contents(argv[i], &data, &size, NULL))
            return 1;
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    }
    return 0;
}

int main(int argc, char **argv)
{
    guint64 rounds = 20000, seed = (guint64)g_get_real_time() & G_MAXUINT32;
    g_autoptr(GRand) random = NULL;

    if (argc > 1 && !g_ascii_string_to_unsigned(argv[1], 10, 0, G_MAXUINT32, &rounds, NULL))
        return replay(argc, argv);
    if (argc > 2)
        seed = g_ascii_strtoull(argv[2], NULL, 10);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL);
    random = g_rand_new_with_seed((guint32)seed);
    printf("codec_fuzz: %" G_GUINT64_FORMAT " rounds, seed %" G_GUINT64_FORMAT "\n", rounds, seed);
    fflush(stdout);
    for (gsize i = 0; i < G_N_ELEMENTS(SEEDS); i++)
        LLVMFuzzerTestOneInput((const uint8_t *)SEEDS[i], strlen(SEEDS[i]));
    for (guint64 i = 0; i < rounds; i++) {
        g_autoptr(GString) text = g_string_new(SEEDS[g_rand_int_range(random, 0, G_N_ELEMENTS(SEEDS))]);

        mutate(text, random);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    printf("codec_fuzz: passed\n");
    return 0;
}

#endif
