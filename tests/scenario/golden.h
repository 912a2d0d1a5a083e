/* Compare a text with a file, or with --update write the file. */
#pragma once

#include <CUnit/Basic.h>
#include <glib.h>

static inline void golden_check(const char *path, const char *actual, gboolean update)
{
    g_autofree char *expected = NULL;
    g_autoptr(GError) error = NULL;

    if (update) {
        if (!g_file_set_contents(path, actual, -1, &error))
            g_printerr("%s\n", error->message);
        CU_ASSERT_PTR_NULL(error);
        return;
    }
    if (!g_file_get_contents(path, &expected, NULL, &error)) {
        g_printerr("%s; run this test with --update to write it\n", error->message);
        CU_FAIL("no golden file");
        return;
    }
    if (!g_str_equal(expected, actual))
        g_printerr("%s differs; expected:\n%s\ngot:\n%s\n(run this test with --update where the new text is "
                   "right)\n",
                   path, expected, actual);
    CU_ASSERT_TRUE(g_str_equal(expected, actual));
}
