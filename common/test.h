/* The frame of every unit test: a list of named claims, run by CUnit, one executable a file.
 *
 *   static void queue_drops_the_packet_that_overflows(void) { CU_ASSERT_EQUAL(...); }
 *   VCB_TEST_MAIN("queue", { "drops the packet that overflows", queue_drops_the_packet_that_overflows })
 */
#pragma once

#include <CUnit/Basic.h>
#include <glib.h>

typedef struct {
    const char *claim;
    void (*run)(void);
} VcbTest;

static inline int vcb_test_run(const char *suite_name, const VcbTest *tests, gsize n_tests)
{
    unsigned int failures;

    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite(suite_name, NULL, NULL);
    for (gsize i = 0; suite && i < n_tests; i++)
        CU_add_test(suite, tests[i].claim, tests[i].run);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    failures = CU_get_number_of_failures() + CU_get_number_of_tests_failed();
    if (CU_get_number_of_tests_run() != n_tests)
        failures++;
    CU_cleanup_registry();
    return failures ? 1 : 0;
}

#define VCB_TEST_MAIN(suite_name, ...)                                                                       \
    int main(void)                                                                                           \
    {                                                                                                        \
        static const VcbTest tests[] = {__VA_ARGS__};                                                        \
        return vcb_test_run(suite_name, tests, G_N_ELEMENTS(tests));                                         \
    }

/* Compare strings with both printed when they differ. */
#define VCB_ASSERT_STRING(actual, expected)                                                                  \
    do {                                                                                                     \
        const char *vcb_a = (actual), *vcb_e = (expected);                                                   \
        if (g_strcmp0(vcb_a, vcb_e) != 0)                                                                    \
            g_printerr("%s:%d: got \"%s\", expected \"%s\"\n", __FILE__, __LINE__, vcb_a ? vcb_a : "(null)", \
                       vcb_e ? vcb_e : "(null)");                                                            \
        CU_ASSERT_TRUE(g_strcmp0(vcb_a, vcb_e) == 0);                                                        \
    } while (0)

#define VCB_ASSERT_NEAR(actual, expected, tolerance)                                                         \
    do {                                                                                                     \
        double vcb_a = (actual), vcb_e = (expected);                                                         \
        if (!(vcb_a - vcb_e <= (tolerance) && vcb_e - vcb_a <= (tolerance)))                                 \
            g_printerr("%s:%d: got %.9g, expected %.9g\n", __FILE__, __LINE__, vcb_a, vcb_e);                \
        CU_ASSERT_TRUE(vcb_a - vcb_e <= (tolerance) && vcb_e - vcb_a <= (tolerance));                        \
    } while (0)
