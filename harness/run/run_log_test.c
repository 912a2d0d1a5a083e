#include "common/test.h"
#include "harness/run/run_dir.h"
#include "harness/run/run_log.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char *temporary(void)
{
    char *path = g_dir_make_tmp("vcb-run-XXXXXX", NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    return path;
}

static void delete_tree(const char *path)
{
    const char *const argv[] = {"rm", "-rf", path, NULL};

    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

static void a_line_is_on_the_disk_when_write_returns(void)
{
    g_autofree char *folder = temporary(), *path = g_build_filename(folder, "events.jsonl", NULL),
                    *text = NULL;
    g_autoptr(VcbRunLog) log = vcb_run_log_new(folder, NULL);
    cJSON *event = vcb_run_log_event("state");

    cJSON_AddStringToObject(event, "name", "connectionState");
    cJSON_AddStringToObject(event, "source", "a lie");
    vcb_json_add_int(event, "t_us", 1234567890123);
    vcb_run_log_write(log, "0001", "alice", event);
    CU_ASSERT_TRUE(g_file_get_contents(path, &text, NULL, NULL)); /* while the log is open */
    VCB_ASSERT_STRING(text,
                      "{\"t_us\":1234567890123,\"call\":\"0001\",\"source\":\"alice\",\"type\":\"state\","
                      "\"name\":\"connectionState\"}\n");
    CU_ASSERT_PTR_NULL(vcb_run_log_error(log));
    delete_tree(folder);
}

static void an_event_without_a_stamp_or_call_gets_what_it_needs(void)
{
    g_autofree char *folder = temporary(), *path = g_build_filename(folder, "events.jsonl", NULL),
                    *text = NULL;
    g_autoptr(VcbRunLog) log = vcb_run_log_new(folder, NULL);
    g_autoptr(cJSON) line = NULL;

    vcb_run_log_write(log, NULL, "vcbench", vcb_run_log_event("note"));
    CU_ASSERT_TRUE(g_file_get_contents(path, &text, NULL, NULL));
    line = cJSON_Parse(text);
    CU_ASSERT_TRUE(vcb_json_int(line, "t_us", 0) > 0);
    CU_ASSERT_FALSE(vcb_json_has(line, "call"));
    delete_tree(folder);
}

/* A limit on the file's size stands in for a full disk: write(2) fails in the same place. */
static void a_full_disk_is_told_once_and_keeps_what_was_written(void)
{
    g_autofree char *folder = temporary(), *path = g_build_filename(folder, "events.jsonl", NULL),
                    *text = NULL;
    g_autoptr(VcbRunLog) log = vcb_run_log_new(folder, NULL);
    struct rlimit before, limit;
    gsize length;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 4096;
    CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (int i = 0; i < 200; i++)
        vcb_run_log_write(log, NULL, "vcbench", vcb_run_log_event("note"));
    setrlimit(RLIMIT_FSIZE, &before);
    CU_ASSERT_PTR_NOT_NULL_FATAL(vcb_run_log_error(log));
    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_run_log_error(log)->message, "File too large"));
    CU_ASSERT_TRUE(g_file_get_contents(path, &text, &length, NULL));
    CU_ASSERT_TRUE(length > 4000 && length <= 4096);
    CU_ASSERT_EQUAL(text[length - 1], '\n'); /* no half a line */
    g_clear_pointer(&text, g_free);
    vcb_run_log_write(log, NULL, "vcbench", vcb_run_log_event("dropped"));
    vcb_run_log_resume(log);
    vcb_run_log_write(log, NULL, "vcbench", vcb_run_log_event("run-end"));
    CU_ASSERT_TRUE(g_file_get_contents(path, &text, &length, NULL));
    CU_ASSERT_PTR_NULL(strstr(text, "dropped"));
    CU_ASSERT_TRUE(g_str_has_suffix(text, "\"run-end\"}\n"));
    CU_ASSERT_PTR_NOT_NULL(vcb_run_log_error(log));
    delete_tree(folder);
}

static void runs_of_one_second_get_folders_of_their_own_and_latest_is_the_newest(void)
{
    g_autofree char *out = temporary(), *link = g_build_filename(out, "s", "latest", NULL), *target = NULL;
    g_autofree char *first = vcb_run_dir_new(out, "s", 7, NULL), *second = vcb_run_dir_new(out, "s", 7, NULL);
    g_autofree char *name = g_path_get_basename(second), *logs = g_build_filename(second, "logs", NULL);
    g_autofree char *reserve = g_build_filename(second, ".reserve", NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_STRING_NOT_EQUAL(first, second);
    target = g_file_read_link(link, NULL);
    VCB_ASSERT_STRING(target, name);
    CU_ASSERT_TRUE(g_file_test(logs, G_FILE_TEST_IS_DIR));
    CU_ASSERT_TRUE(g_file_test(reserve, G_FILE_TEST_EXISTS));
    vcb_run_dir_release_reserve(second);
    CU_ASSERT_FALSE(g_file_test(reserve, G_FILE_TEST_EXISTS));
    delete_tree(out);
}

static void a_folder_that_cannot_be_made_is_an_error_with_a_remedy(void)
{
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NULL(vcb_run_dir_new("/dev/null/results", "s", 1, &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/dev/null/results"));
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "--out"));
}

VCB_TEST_MAIN("run_log",
              {"a line is on the disk when write returns", a_line_is_on_the_disk_when_write_returns},
              {"an event without a stamp or call gets what it needs",
               an_event_without_a_stamp_or_call_gets_what_it_needs},
              {"a full disk is told once and keeps what was written",
               a_full_disk_is_told_once_and_keeps_what_was_written},
              {"runs of one second get folders of their own, latest is the newest",
               runs_of_one_second_get_folders_of_their_own_and_latest_is_the_newest},
              {"a folder that cannot be made is an error with a remedy",
               a_folder_that_cannot_be_made_is_an_error_with_a_remedy})
