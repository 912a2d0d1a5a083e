/* Fuzz target: no text makes the parser crash, leak, print or accept what --show cannot give back.
 *
 *   LLVMFuzzerTestOneInput      for libFuzzer (clang -fsanitize=fuzzer, with -DVCB_LIBFUZZER; run it with
 *                               -detect_leaks=0: libfyaml 0.7.12 leaks 4 KiB after some syntax errors)
 *   fuzz_scenario SEED COUNT FILE...   bounded and seeded: mutations of the files, for the test suite */
#include "harness/scenario/scenario.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup("", size); /* zeros, one more than size */
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbScenario) scenario = NULL;

    memcpy(text, data, size);
    scenario = vcb_scenario_load_text("fuzz.yaml", text, size, NULL, &error);
    g_assert(!scenario == !!error);
    if (scenario) {
        g_autofree char *shown = vcb_scenario_show(scenario);
        g_autoptr(VcbScenario) back =
            vcb_scenario_load_text("shown.yaml", shown, strlen(shown), NULL, &error);

        if (!back)
            fprintf(stderr, "what was shown is refused: %s\n%s\n", error->message, shown);
        g_assert(back);
    } else {
        g_assert(*error->message && g_utf8_validate(error->message, -1, NULL));
    }
    return 0;
}

#ifndef VCB_LIBFUZZER

/* Tokens that mean something to YAML or to the language: blind bytes seldom hit them. */
static const char *const TOKENS[] = {
    "\n",
    "\n  ",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "<<: ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "#",
    "---\n",
    "...\n",
    "!!str ",
    "? ",
    "%YAML 1.2\n",
    "\t",
    "\r\n",
    "${",
    "${A:-b}",
    "$$",
    "~",
    "null",
    "true",
    "none",
    "0",
    "-1",
    "5s",
    "1e9",
    "999999999999999999999",
    "800kbps",
    "640x360",
    "peer:",
    "peers:",
    "matrix:",
    "expect:",
    "video",
    "\xc3\xa9",
    "\xff",
    "\\x00",
    "\xe2\x80\xa8",
    "connected: ",
    "variants:",
    "when: ",
    "..",
    "<",
    ">= ",
    "inject",
    "network: ",
    "network:\n  ",
    "link: {loss: ",
    "loss: {p: 1%, r: 5%}",
    "burst: 3",
    "queue: 64KiB",
    "rate_steps: [{at: 1s, rate: 1Mbps}]",
    "trace: traces/4g-drive.trace",
    "nat: [",
    "symmetric",
    "hosts: {bob: ",
    "profile: wifi",
    "timeline: [{at: 1s, ",
    "do: handover, to: wwan0",
    "bottleneck: alice",
    "5%",
    "unlimited",
};

static void mutate(GString *text, GRand *random)
{
    int edits = 1 + g_rand_int_range(random, 0, 6);

    for (int i = 0; i < edits; i++) {
        gsize at = text->len ? (gsize)g_rand_int_range(random, 0, (gint32)text->len) : 0;
        gsize n =
            text->len > at ? (gsize)g_rand_int_range(random, 0, (gint32)MIN(text->len - at, 40) + 1) : 0;

        switch (g_rand_int_range(random, 0, 6)) {
        case 0:
            g_string_erase(text, (gssize)at, (gssize)n);
            break;
        case 1: {
            g_autofree char *copy = g_strndup(text->str + at, n);
            gsize to = text->len ? (gsize)g_rand_int_range(random, 0, (gint32)text->len) : 0;

            g_string_insert(text, (gssize)to, copy);
            break;
        }
        case 2:
            if (text->len)
                text->str[at] = (char)g_rand_int_range(random, 0, 256);
            break;
        default:
            g_string_insert(text, (gssize)at, TOKENS[g_rand_int_range(random, 0, G_N_ELEMENTS(TOKENS))]);
        }
    }
}

int main(int argc, char **argv)
{
    guint32 seed = argc > 1 ? (guint32)g_ascii_strtoull(argv[1], NULL, 10) : 1;
    guint count = argc > 2 ? (guint)g_ascii_strtoull(argv[2], NULL, 10) : 1000;
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    printf("seed %u, %u mutations of %d files\n", seed, count, MAX(argc - 3, 0));
    for (int i = 3; i < argc; i++) {
        char *text = NULL;

        if (!g_file_get_contents(argv[i], &text, NULL, NULL))
            return 2;
        g_ptr_array_add(texts, text);
    }
    if (!texts->len)
        return 2;
    { /* what stands beside the scenarios is found there */
        g_autofree char *folder = g_path_get_dirname(argv[3]);

        if (chdir(folder) != 0)
            return 2;
    }
    for (guint i = 0; i < count; i++) {
        g_autoptr(GString) text =
            g_string_new(g_ptr_array_index(texts, g_rand_int_range(random, 0, (gint32)texts->len)));

        mutate(text, random);
        /* Written first, so that a crash leaves what caused it. */
        if (g_getenv("VCB_FUZZ_KEEP"))
            g_file_set_contents(g_getenv("VCB_FUZZ_KEEP"), text->str, (gssize)text->len, NULL);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    return 0;
}

#endif
