#include "common/child.h"
#include "common/channel.h"
#include "common/clock.h"
#include "common/error.h"
#include "common/test.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    gboolean ended;
    int wait_status;
    gint64 at_us;
} Ending;

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    Ending *ending = user_data;

    ending->ended = TRUE;
    ending->wait_status = wait_status;
    ending->at_us = vcb_clock_now_us();
}

static gboolean on_deadline(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

static void wait_for(const gboolean *flag)
{
    gboolean late = FALSE;
    guint timer = g_timeout_add(5000, on_deadline, &late);

    while (!*flag && !late)
        g_main_context_iteration(NULL, TRUE);
    CU_ASSERT_FALSE(late);
    if (!late)
        g_source_remove(timer);
}

static VcbChild *shell(const char *script, const char *log_path, gboolean with_control, Ending *ending)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    VcbChildParams params = {.argv = argv, .log_path = log_path, .with_control = with_control};
    g_autoptr(GError) error = NULL;
    VcbChild *child = vcb_child_spawn(&params, on_exited, ending, &error);

    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(child);
    return child;
}

static void a_missing_program_is_an_error_with_its_errno(void)
{
    const char *argv[] = {"/nonexistent/program", NULL};
    const char *named[] = {"no-such-program-anywhere", NULL};
    VcbChildParams params = {.argv = argv};
    g_autoptr(GError) error = NULL, second = NULL;

    CU_ASSERT_PTR_NULL(vcb_child_spawn(&params, NULL, NULL, &error));
    VCB_ASSERT_STRING(error->message, "/nonexistent/program: No such file or directory");
    CU_ASSERT_EQUAL(error->code, VCB_ERROR_INVALID);
    params.argv = named;
    CU_ASSERT_PTR_NULL(vcb_child_spawn(&params, NULL, NULL, &second));
    CU_ASSERT_PTR_NOT_NULL(strstr(second->message, "no-such-program-anywhere"));
}

static void the_exit_status_and_output_are_kept(void)
{
    Ending ending = {0};
    g_autofree char *log = g_build_filename(g_get_tmp_dir(), "vcb-child-XXXXXX", NULL);
    g_autofree char *text = NULL;
    int fd = g_mkstemp(log);
    VcbChild *child = shell("echo out; echo err >&2; exit 3", log, FALSE, &ending);

    wait_for(&ending.ended);
    g_autofree char *words = vcb_child_describe_status(ending.wait_status);
    VCB_ASSERT_STRING(words, "exit status 3");
    CU_ASSERT_TRUE(g_file_get_contents(log, &text, NULL, NULL));
    VCB_ASSERT_STRING(text, "out\nerr\n");
    vcb_child_free(child);
    close(fd);
    unlink(log);
}

static void a_death_is_noticed_within_100_ms(void)
{
    Ending ending = {0};
    VcbChild *child = shell("exec sleep 60", NULL, FALSE, &ending);
    gint64 killed_us = vcb_clock_now_us();

    kill(vcb_child_pid(child), SIGKILL);
    wait_for(&ending.ended);
    CU_ASSERT_TRUE(ending.at_us - killed_us < 100 * 1000);
    g_autofree char *words = vcb_child_describe_status(ending.wait_status);
    VCB_ASSERT_STRING(words, "killed by signal 9 (SIGKILL)");
    vcb_child_free(child);
}

static void stop_kills_the_one_that_will_not_go(void)
{
    Ending ending = {0};
    VcbChild *child =
        shell("trap '' TERM; echo ready >&3; while :; do read x <&3; done", NULL, TRUE, &ending);
    int fd = vcb_child_take_control_fd(child);
    char line[6];

    CU_ASSERT_EQUAL(read(fd, line, sizeof line), 6); /* the trap is set */
    vcb_child_stop(child, 50 * 1000);
    wait_for(&ending.ended);
    CU_ASSERT_TRUE(WIFSIGNALED(ending.wait_status) && WTERMSIG(ending.wait_status) == SIGKILL);
    vcb_child_free(child);
    close(fd);
}

static void a_child_takes_its_own_children_along(void)
{
    Ending ending = {0};
    VcbChild *child = shell("sleep 60 & echo $! >&3; wait", NULL, TRUE, &ending);
    int fd = vcb_child_take_control_fd(child);
    char line[32] = "";
    ssize_t n = read(fd, line, sizeof line - 1);

    CU_ASSERT_TRUE_FATAL(n > 1);
    vcb_child_free(child); /* while both run */
    /* Its end of the socket closes when the last holder is gone: an event, not a guess. */
    while ((n = read(fd, line, sizeof line)) > 0)
        ;
    CU_ASSERT_EQUAL(n, 0);
    close(fd);
    CU_ASSERT_FALSE(ending.ended);
}

VCB_TEST_MAIN("child",
              {"a missing program is an error with its errno", a_missing_program_is_an_error_with_its_errno},
              {"the exit status and output are kept", the_exit_status_and_output_are_kept},
              {"a death is noticed within 100 ms", a_death_is_noticed_within_100_ms},
              {"stop kills the one that will not go", stop_kills_the_one_that_will_not_go},
              {"a child takes its own children along", a_child_takes_its_own_children_along})
