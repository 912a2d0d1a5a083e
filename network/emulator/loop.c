#include "network/emulator/loop.h"

#include "common/error.h"
#include "network/link/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define MOST_EVENTS 64
#define LONGEST_RUN_NS (20 * 1000000)
#define REST_NS 1000000

struct VcbLoopWatch {
    VcbLoopWatch *next_dead;
    int fd;
    gboolean is_dead;
    void (*ready)(guint32 events, void *user_data);
    void *user_data;
};

struct VcbLoop {
    int epoll_fd, timer_fd;
    gint64 armed_ns;    /* what the timer is set to; VCB_NEVER_NS: to nothing */
    VcbLoopWatch *dead; /* unwatched, but perhaps still among the events at hand */
    const VcbLoopTasks *tasks;
    void *user_data;
    gint64 rested_ns; /* when it last waited */
    gboolean has_quit;
};

gint64 vcb_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

VcbLoop *vcb_loop_new(GError **error)
{
    VcbLoop *loop = g_new0(VcbLoop, 1);
    /* Edge-triggered, so that it never has to be read: setting it anew makes it tick anew. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};

    loop->armed_ns = VCB_NEVER_NS;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->epoll_fd < 0 || loop->timer_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &event) != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "cannot make an epoll and a timer: %s",
                    g_strerror(errno));
        vcb_loop_free(loop);
        return NULL;
    }
    return loop;
}

static void bury(VcbLoop *loop)
{
    while (loop->dead) {
        VcbLoopWatch *watch = loop->dead;

        loop->dead = watch->next_dead;
        g_free(watch);
    }
}

void vcb_loop_free(VcbLoop *loop)
{
    if (!loop)
        return;
    bury(loop);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    if (loop->timer_fd >= 0)
        close(loop->timer_fd);
    g_free(loop);
}

VcbLoopWatch *vcb_loop_watch(VcbLoop *loop, int fd, guint32 events,
                             void (*ready)(guint32 events, void *user_data), void *user_data)
{
    VcbLoopWatch *watch = g_new0(VcbLoopWatch, 1);
    struct epoll_event event = {.events = events, .data.ptr = watch};

    watch->fd = fd;
    watch->ready = ready;
    watch->user_data = user_data;
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        g_error("epoll: descriptor %d: %s", fd, g_strerror(errno));
    return watch;
}

void vcb_loop_unwatch(VcbLoop *loop, VcbLoopWatch *watch)
{
    if (!watch)
        return;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->is_dead = TRUE;
    watch->next_dead = loop->dead;
    loop->dead = watch;
}

void vcb_loop_quit(VcbLoop *loop)
{
    loop->has_quit = TRUE;
}

void vcb_loop_let_due_go(VcbLoop *loop)
{
    gint64 now_ns = vcb_now_ns();

    if (loop->tasks->next_ns(loop->user_data) <= now_ns)
        loop->tasks->advance(now_ns, loop->user_data);
}

static void arm(VcbLoop *loop, gint64 at_ns)
{
    struct itimerspec setting = {0};

    if (at_ns == loop->armed_ns)
        return;
    loop->armed_ns = at_ns;
    if (at_ns != VCB_NEVER_NS) {
        setting.it_value.tv_sec = at_ns / 1000000000;
        setting.it_value.tv_nsec = at_ns % 1000000000;
    }
    timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &setting, NULL);
}

/* Nobody else may run on this processor while a process with real-time priority does: let them. */
static void rest(VcbLoop *loop, gint64 now_ns)
{
    const struct timespec moment = {.tv_nsec = REST_NS};

    if (now_ns - loop->rested_ns < LONGEST_RUN_NS)
        return;
    clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
    loop->rested_ns = vcb_now_ns();
}

/* Wait until something is ready or due. Returns the number of events. */
static int wait_for_events(VcbLoop *loop, struct epoll_event *events, gboolean has_work)
{
    gint64 next_ns = loop->tasks->next_ns(loop->user_data), before_ns = vcb_now_ns();
    gboolean waits = !has_work && next_ns > before_ns;
    int n;

    if (waits)
        arm(loop, next_ns);
    n = epoll_wait(loop->epoll_fd, events, MOST_EVENTS, waits ? -1 : 0);
    if (waits && n > 0 && vcb_now_ns() - before_ns > 20000) /* longer than the call itself takes */
        loop->rested_ns = vcb_now_ns();
    return n;
}

void vcb_loop_run(VcbLoop *loop, const VcbLoopTasks *tasks, void *user_data, gboolean may_hog)
{
    struct epoll_event events[MOST_EVENTS];

    loop->tasks = tasks;
    loop->user_data = user_data;
    loop->rested_ns = vcb_now_ns();
    while (!loop->has_quit) {
        gboolean has_work;
        int n;

        vcb_loop_let_due_go(loop);
        has_work = tasks->work(user_data);
        if (!may_hog)
            rest(loop, vcb_now_ns());
        n = wait_for_events(loop, events, has_work);
        for (int i = 0; i < n; i++) {
            VcbLoopWatch *watch = events[i].data.ptr;

            if (!watch) { /* the timer */
                loop->armed_ns = VCB_NEVER_NS;
                continue;
            }
            vcb_loop_let_due_go(loop);
            if (!watch->is_dead)
                watch->ready(events[i].events, watch->user_data);
        }
        bury(loop);
    }
}
