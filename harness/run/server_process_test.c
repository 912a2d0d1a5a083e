#include "harness/run/server_process.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

typedef struct {
    GMainLoop *loop;
    char *folder;
    VcbRunLog *log;
    VcbServerProcess *process;
    GString *heard; /* "late: ...; ended: ..." in order */
    char *said;     /* type of the last message */
} Fixture;

static void on_message(VcbServerProcess *process, cJSON *message, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_free(fixture->said);
    fixture->said = g_strdup(vcb_json_string(message, "type", ""));
    vcb_server_process_ready(process);
    g_main_loop_quit(fixture->loop);
}

static void on_late(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_string_append_printf(fixture->heard, "late: %s; ", reason);
    g_main_loop_quit(fixture->loop);
}

static void on_ended(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    Fixture *fixture = user_data;

    g_string_append_printf(fixture->heard, "ended: %s; ", reason);
    g_clear_pointer(&fixture->process, vcb_server_process_free); /* as owners do */
    g_main_loop_quit(fixture->loop);
}

static gboolean on_test_deadline(gpointer user_data)
{
    g_printerr("the test's own deadline is over\n");
    abort();
}

static void start(Fixture *fixture, const char *script, guint start_timeout_ms)
{
    static const VcbServerProcessEvents events = {on_message, on_late, on_ended};
    const char *argv[] = {"sh", "-c", script, NULL};
    g_autofree char *logs = NULL;
    g_autoptr(GError) error = NULL;

    *fixture = (Fixture){.loop = g_main_loop_new(NULL, FALSE), .heard = g_string_new(NULL)};
    fixture->folder = g_dir_make_tmp("vcb-server-XXXXXX", NULL);
    logs = g_build_filename(fixture->folder, "logs", NULL);
    g_mkdir(logs, 0755);
    fixture->log = vcb_run_log_new(fixture->folder, NULL);
    fixture->process = vcb_server_process_new(
        &(VcbServerProcessParams){
            .name = "server",
            .title = "the server",
            .argv = argv,
            .with_control = TRUE,
            .start_timeout_ms = start_timeout_ms,
            .goal = "begin",
        },
        fixture->folder, fixture->log, &events, fixture, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fixture->process);
}

static void run(Fixture *fixture)
{
    guint deadline = g_timeout_add(20000, on_test_deadline, NULL);

    g_main_loop_run(fixture->loop);
    g_source_remove(deadline);
}

/* The last line of a type in the log; NULL: none. */
static cJSON *last_line(const Fixture *fixture, const char *type)
{
    g_autofree char *path = g_build_filename(fixture->folder, "events.jsonl", NULL), *text = NULL;
    g_auto(GStrv) lines = NULL;
    cJSON *found = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        cJSON *event = cJSON_Parse(*line);

        if (g_str_equal(vcb_json_string(event, "type", ""), type)) {
            cJSON_Delete(found);
            found = g_steal_pointer(&event);
        }
        cJSON_Delete(event);
    }
    return found;
}

static void clear(Fixture *fixture)
{
    static const char *const files[] = {"logs/server.log", "logs", "events.jsonl", "."};

    vcb_server_process_free(fixture->process);
    vcb_run_log_free(fixture->log);
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(fixture->folder, files[i], NULL);

        g_remove(path);
    }
    g_rmdir(fixture->folder);
    g_free(fixture->folder);
    g_free(fixture->said);
    g_string_free(fixture->heard, TRUE);
    g_main_loop_unref(fixture->loop);
}

static void what_does_not_become_ready_is_late(void)
{
    Fixture fixture;

    start(&fixture, "exec sleep 60", 50);
    run(&fixture);
    VCB_ASSERT_STRING(fixture.heard->str,
                      "late: the server did not begin within 0 s (its log: logs/server.log); ");
    CU_ASSERT_NOT_EQUAL(vcb_server_process_pid(fixture.process), 0);
    clear(&fixture);
}

static void a_message_is_told_and_ready_takes_the_deadline_off(void)
{
    Fixture fixture;

    start(&fixture, "echo '{\"type\":\"hello\"}' >&$VCBENCH_CONTROL_FD; sleep 0.3; exit 3", 10000);
    run(&fixture);
    VCB_ASSERT_STRING(fixture.said, "hello");
    run(&fixture);
    VCB_ASSERT_STRING(fixture.heard->str,
                      "ended: the server ended: exit status 3 (its log: logs/server.log); ");
    clear(&fixture);
}

static void an_end_that_nobody_asked_for_is_logged_as_such(void)
{
    Fixture fixture;
    g_autoptr(cJSON) line = NULL;

    start(&fixture, "exit 0", 10000);
    run(&fixture);
    line = last_line(&fixture, "process-exit");
    VCB_ASSERT_STRING(vcb_json_string(line, "status", ""), "exit status 0");
    CU_ASSERT_FALSE(vcb_json_bool(line, "expected", TRUE));
    clear(&fixture);
}

static void one_that_is_told_to_finish_may_say_its_last(void)
{
    Fixture fixture;
    g_autoptr(cJSON) line = NULL;

    start(&fixture,
          "trap 'echo \"{\\\"type\\\":\\\"last\\\"}\" >&$VCBENCH_CONTROL_FD; exit 0' TERM;"
          " echo '{\"type\":\"first\"}' >&$VCBENCH_CONTROL_FD; while :; do sleep 0.01; done",
          10000);
    run(&fixture);
    VCB_ASSERT_STRING(fixture.said, "first");
    vcb_server_process_finish(fixture.process, TRUE, 10 * G_USEC_PER_SEC);
    while (fixture.process)
        run(&fixture);
    VCB_ASSERT_STRING(fixture.said, "last");
    line = last_line(&fixture, "process-exit");
    CU_ASSERT_TRUE(vcb_json_bool(line, "expected", FALSE));
    clear(&fixture);
}

static void one_that_does_not_finish_is_killed_after_the_grace(void)
{
    Fixture fixture;

    start(&fixture,
          "trap '' TERM; echo '{\"type\":\"first\"}' >&$VCBENCH_CONTROL_FD; while :; do sleep 0.01; done",
          10000);
    run(&fixture);
    vcb_server_process_finish(fixture.process, TRUE, 100 * 1000);
    run(&fixture);
    VCB_ASSERT_STRING(fixture.heard->str,
                      "ended: the server ended: killed by signal 9 (SIGKILL) (its log: logs/server.log); ");
    clear(&fixture);
}

static void a_program_that_is_not_there_is_an_error(void)
{
    static const VcbServerProcessEvents events = {on_message, on_late, on_ended};
    const char *argv[] = {"vcbench-no-such-program", NULL};
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NULL(vcb_server_process_new(
        &(VcbServerProcessParams){
            .name = "server", .title = "the server", .argv = argv, .start_timeout_ms = 1000, .goal = "begin"},
        "/nonexistent", NULL, &events, NULL, &error));
    VCB_ASSERT_STRING(error->message,
                      "the server cannot be started: vcbench-no-such-program: no such program in PATH");
}

VCB_TEST_MAIN("server_process", {"what does not become ready is late", what_does_not_become_ready_is_late},
              {"a message is told, and ready takes the deadline off",
               a_message_is_told_and_ready_takes_the_deadline_off},
              {"an end that nobody asked for is logged as such",
               an_end_that_nobody_asked_for_is_logged_as_such},
              {"one that is told to finish may say its last", one_that_is_told_to_finish_may_say_its_last},
              {"one that does not finish is killed after the grace",
               one_that_does_not_finish_is_killed_after_the_grace},
              {"a program that is not there is an error", a_program_that_is_not_there_is_an_error})
