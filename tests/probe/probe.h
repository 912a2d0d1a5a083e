/* A probe tries one thing that our code takes for granted of the kernel or of a library, and prints what it
 * found. Exit status 0: it is so. 1: it is not, and the code named in the probe must change. 77: this machine
 * or version differs in a way that does no harm, said in words. */
#pragma once

#include <glib.h>
#include <stdlib.h>

#define PROBE_SKIP 77

#define PROBE_FOUND(...) g_print(__VA_ARGS__)

#define PROBE_EXPECT(condition, ...)                                                                         \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            g_print("NOT SO: " __VA_ARGS__);                                                                 \
            g_print(" (%s, %s:%d)\n", #condition, __FILE__, __LINE__);                                       \
            exit(1);                                                                                         \
        }                                                                                                    \
    } while (0)

#define PROBE_SKIP_IF(condition, ...)                                                                        \
    do {                                                                                                     \
        if (condition) {                                                                                     \
            g_print("skipped: " __VA_ARGS__);                                                                \
            g_print("\n");                                                                                   \
            exit(PROBE_SKIP);                                                                                \
        }                                                                                                    \
    } while (0)
