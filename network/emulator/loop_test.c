#include "network/emulator/loop.h"

#include "common/test.h"
#include "network/emulator/priority.h"
#include "network/link/packet.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
    VcbLoop *loop;
    VcbLoopWatch *watches[2];
    gint64 due_ns, interval_ns, end_ns;
    gint64
        idle_since_ns; /* the end of the latest callback: what was due then must be done before the next one */
    guint advanced, called, worked, overlooked;
    guint work_left;
} Scene;

static gint64 next_ns(void *user_data)
{
    return ((Scene *)user_data)->due_ns;
}

static void advance(gint64 now_ns, void *user_data)
{
    Scene *scene = user_data;

    CU_ASSERT_TRUE(now_ns >= scene->due_ns);
    scene->advanced++;
    scene->due_ns = now_ns + scene->interval_ns;
    if (now_ns >= scene->end_ns)
        vcb_loop_quit(scene->loop);
}

static gboolean work(void *user_data)
{
    Scene *scene = user_data;

    if (!scene->work_left)
        return FALSE;
    scene->worked++;
    return --scene->work_left > 0;
}

static const VcbLoopTasks TASKS = {next_ns, advance, work};

/* Takes 30 us, and never reads what makes it ready: a flood. */
static void on_flood(guint32 events, void *user_data)
{
    Scene *scene = user_data;
    gint64 until_ns = vcb_now_ns() + 30000;

    scene->overlooked += scene->due_ns <= scene->idle_since_ns;
    scene->called++;
    while (vcb_now_ns() < until_ns)
        ;
    scene->idle_since_ns = vcb_now_ns();
}

static void flood_for(Scene *scene, guint ms, gboolean may_hog)
{
    int fds[8][2];
    VcbLoopWatch *watches[8];

    *scene = (Scene){.loop = vcb_loop_new(NULL), .interval_ns = 100000, .work_left = 20};
    scene->due_ns = vcb_now_ns();
    scene->end_ns = scene->due_ns + (gint64)ms * 1000000;
    for (guint i = 0; i < 8; i++) {
        CU_ASSERT_EQUAL_FATAL(pipe(fds[i]), 0);
        CU_ASSERT_EQUAL(write(fds[i][1], "x", 1), 1);
        watches[i] = vcb_loop_watch(scene->loop, fds[i][0], EPOLLIN, on_flood, scene);
    }
    vcb_loop_run(scene->loop, &TASKS, scene, may_hog);
    for (guint i = 0; i < 8; i++) {
        vcb_loop_unwatch(scene->loop, watches[i]);
        close(fds[i][0]);
        close(fds[i][1]);
    }
    vcb_loop_free(scene->loop);
}

static void what_is_due_goes_before_any_flood(void)
{
    Scene scene;

    flood_for(&scene, 50, TRUE);
    CU_ASSERT_TRUE(scene.called > 20);
    CU_ASSERT_TRUE(scene.advanced > 20);
    CU_ASSERT_EQUAL(scene.overlooked, 0);
    CU_ASSERT_EQUAL(scene.worked, 20); /* and work has its turn as well */
}

static long pauses(gboolean may_hog)
{
    struct rusage before, after;
    Scene scene;

    getrusage(RUSAGE_THREAD, &before);
    flood_for(&scene, 130, may_hog);
    getrusage(RUSAGE_THREAD, &after);
    return after.ru_nvcsw - before.ru_nvcsw;
}

static void it_rests_where_it_must_not_hog(void)
{
    long rests = 0;

    CU_ASSERT_EQUAL(pauses(TRUE), 0);
    /* One in 21 ms of its own; how many that are of the clock's, others on this machine decide. */
    for (guint i = 0; i < 30 && rests < 10; i++)
        rests += pauses(FALSE);
    CU_ASSERT_TRUE(rests >= 10);
}

static void on_timer_only(gint64 delay_ns, gint64 *ret_late_ns)
{
    Scene scene = {.loop = vcb_loop_new(NULL)};

    scene.due_ns = scene.end_ns = vcb_now_ns() + delay_ns;
    vcb_loop_run(scene.loop, &TASKS, &scene, TRUE);
    *ret_late_ns = vcb_now_ns() - scene.end_ns;
    CU_ASSERT_EQUAL(scene.advanced, 1);
    vcb_loop_free(scene.loop);
}

static void it_waits_for_the_moment_and_not_less(void)
{
    for (gint64 delay_ns = 1; delay_ns < 20000000; delay_ns *= 3) {
        gint64 late_ns = -1;

        on_timer_only(delay_ns, &late_ns);
        CU_ASSERT_TRUE(late_ns >= 0);
    }
}

/* Whichever is called first ends both: the other must not be called any more, though it was ready at the same time. */
static void on_ready(guint32 events, void *user_data)
{
    Scene *scene = user_data;

    scene->called++;
    vcb_loop_unwatch(scene->loop, scene->watches[0]);
    vcb_loop_unwatch(scene->loop, scene->watches[1]);
    scene->due_ns = scene->end_ns = vcb_now_ns() + 1000000;
}

static void a_watch_that_has_ended_is_not_called(void)
{
    Scene scene = {.loop = vcb_loop_new(NULL), .due_ns = VCB_NEVER_NS};
    int fds[2][2];

    for (guint i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL_FATAL(pipe(fds[i]), 0);
        CU_ASSERT_EQUAL(write(fds[i][1], "x", 1), 1);
        scene.watches[i] = vcb_loop_watch(scene.loop, fds[i][0], EPOLLIN, on_ready, &scene);
    }
    vcb_loop_run(scene.loop, &TASKS, &scene, TRUE);
    CU_ASSERT_EQUAL(scene.called, 1);
    for (guint i = 0; i < 2; i++) {
        close(fds[i][0]);
        close(fds[i][1]);
    }
    vcb_loop_free(scene.loop);
}

/* In a child: real-time priority, and then a loop without end or pause. */
static void hang(void)
{
    VcbPriority priority = vcb_priority_raise();
    gint64 until_ns = vcb_now_ns() + 10000000000;

    if (!priority.is_fifo)
        _exit(77);
    while (sched_getscheduler(0) != (SCHED_OTHER | SCHED_RESET_ON_FORK))
        if (vcb_now_ns() > until_ns)
            _exit(1);
    _exit(vcb_priority_take_loss() && !vcb_priority_take_loss() ? 0 : 2);
}

static void a_process_that_hangs_loses_its_real_time_priority(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        hang();
    CU_ASSERT_EQUAL(waitpid(pid, &status, 0), pid);
    CU_ASSERT_TRUE_FATAL(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        printf("not tried: real-time priority is not permitted here (root has it, or RLIMIT_RTPRIO) ");
    else
        CU_ASSERT_EQUAL(WEXITSTATUS(status), 0);
}

VCB_TEST_MAIN("loop", {"what is due goes before any flood", what_is_due_goes_before_any_flood},
              {"it rests where it must not hog", it_rests_where_it_must_not_hog},
              {"it waits for the moment, and not less", it_waits_for_the_moment_and_not_less},
              {"a watch that has ended is not called", a_watch_that_has_ended_is_not_called},
              {"a process that hangs loses its real-time priority",
               a_process_that_hangs_loses_its_real_time_priority})
