#include "network/emulator/priority.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Above nothing but other programs: the kernel's own threads that time depends on run higher. */
#define FIFO_PRIORITY 10
#define DEMOTED_AFTER_US 500000
#define KILLED_AFTER_US 2000000

static volatile sig_atomic_t was_demoted;

static void demote(int signal_number)
{
    const struct sched_param none = {0};
    int saved = errno;

    sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none);
    was_demoted = 1;
    errno = saved;
}

static int take_fifo(void)
{
    const struct rlimit limit = {DEMOTED_AFTER_US, KILLED_AFTER_US};
    const struct sched_param priority = {.sched_priority = FIFO_PRIORITY};
    const struct sigaction action = {.sa_handler = demote, .sa_flags = SA_RESTART};

    if (sigaction(SIGXCPU, &action, NULL) != 0 || setrlimit(RLIMIT_RTTIME, &limit) != 0)
        return errno;
    return sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0 ? 0 : errno;
}

/* Memory that is locked counts against a limit once privileges are gone: without a limit, or not at all, since an allocation
 * that fails ends the process. */
static int lock_memory(void)
{
    const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

    if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0)
        return errno;
    return mlockall(MCL_CURRENT | MCL_FUTURE) == 0 ? 0 : errno;
}

VcbPriority vcb_priority_raise(void)
{
    VcbPriority priority = {.fifo_errno = take_fifo(), .lock_errno = lock_memory()};

    priority.is_fifo = priority.fifo_errno == 0;
    priority.is_memory_locked = priority.lock_errno == 0;
    return priority;
}

void vcb_priority_sharpen_timers(void)
{
    prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
}

gboolean vcb_priority_take_loss(void)
{
    if (!was_demoted)
        return FALSE;
    was_demoted = 0;
    return TRUE;
}

const char *vcb_priority_scheduler(const VcbPriority *priority)
{
    return priority->is_fifo ? "fifo" : "other";
}
