/* The DTLS key log: what both peers of a real call write into one file. */
#include "tests/peer/call.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define CLIENT_RANDOM_LENGTH 64 /* hex digits */
#define SECRET_LENGTH 96

static char *new_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_dir_make_tmp("vcb-keys-XXXXXX", &error);

    g_assert_no_error(error);
    return folder;
}

static gboolean is_hex(const char *text, gsize length)
{
    return strlen(text) == length && strspn(text, "0123456789abcdefABCDEF") == length;
}

/* A call whose peers both write there; the lines. */
static char **lines_of_a_call(const char *path, const char *more)
{
    g_autofree char *log = g_strdup_printf("{'dtls_key_log': '%s'%s}", path, more);
    VcbTestCall call;
    g_autofree char *text = NULL;

    vcb_test_call_begin(&call, log, log, NULL, NULL);
    vcb_test_call_wait_connected(&call);
    vcb_test_call_end(&call);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL));
    CU_ASSERT_TRUE(g_str_has_suffix(text, "\n"));
    return g_strsplit(g_strchomp(text), "\n", -1);
}

static void both_sides_write_the_same_secret(void)
{
    g_autofree char *folder = new_folder();
    g_autofree char *path = g_build_filename(folder, "dtls-keys.txt", NULL);
    g_auto(GStrv) lines = lines_of_a_call(path, "");
    GStatBuf status;

    CU_ASSERT_EQUAL_FATAL(g_strv_length(lines), 2);
    for (int i = 0; i < 2; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", -1);

        CU_ASSERT_EQUAL_FATAL(g_strv_length(words), 3);
        VCB_ASSERT_STRING(words[0], "CLIENT_RANDOM");
        CU_ASSERT_TRUE(is_hex(words[1], CLIENT_RANDOM_LENGTH));
        CU_ASSERT_TRUE(is_hex(words[2], SECRET_LENGTH));
    }
    VCB_ASSERT_STRING(lines[0], lines[1]);
    CU_ASSERT_EQUAL(g_stat(path, &status), 0);
    CU_ASSERT_EQUAL(status.st_mode & 0777, 0600);
    g_unlink(path);
    g_rmdir(folder);
}

static gboolean listed_twice(char **lines, const char *line)
{
    guint n = 0;

    for (char **at = lines; *at; at++)
        n += g_str_equal(*at, line);
    return n == 2;
}

static void each_call_adds_lines_of_its_own(void)
{
    g_autofree char *folder = new_folder();
    g_autofree char *path = g_build_filename(folder, "dtls-keys.txt", NULL);
    g_auto(GStrv) first = lines_of_a_call(path, "");
    g_auto(GStrv) both = lines_of_a_call(path, "");

    CU_ASSERT_EQUAL_FATAL(g_strv_length(both), 4);
    VCB_ASSERT_STRING(both[0], first[0]);
    for (int i = 0; i < 4; i++)
        CU_ASSERT_TRUE(listed_twice(both, both[i]));
    g_unlink(path);
    g_rmdir(folder);
}

static void a_file_that_cannot_be_written_is_said_before_the_call(void)
{
    static const char *const paths[] = {"/nonexistent/dtls-keys.txt", "relative.txt"};

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *more = g_strdup_printf("{'dtls_key_log': '%s'}", paths[i]);
        VcbSubject *alice = vcb_subject_new(NULL);
        const cJSON *ready, *unsupported;

        vcb_subject_configure(alice, "alice", more);
        ready = vcb_subject_wait(alice, "{'type': 'ready'}");
        unsupported = cJSON_GetArrayItem(vcb_json_array(ready, "unsupported"), 0);
        VCB_ASSERT_STRING(vcb_json_string(unsupported, "setting", NULL), "record.dtls_keys");
        CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(unsupported, "reason", ""), paths[i]));
        vcb_subject_quit(alice);
        vcb_subject_free(alice);
    }
}

VCB_TEST_MAIN("key log", {"both sides write the same secret", both_sides_write_the_same_secret},
              {"each call adds lines of its own", each_call_adds_lines_of_its_own},
              {"a file that cannot be written is said before the call",
               a_file_that_cannot_be_written_is_said_before_the_call})
