/* How hosts end, and that nothing is left: `ending_test tun|veth root|user`.
 *
 * A namespace that nobody holds cannot be looked at. But namespaces are counted: the test goes into a user namespace of its own,
 * in which at most so many network namespaces may be; that new ones can be made again is the proof that the old ones are gone, with
 * all that was in them. */
#include "common/clock.h"
#include "common/test.h"
#include "network/hosts/lab.h"
#include "network/hosts/namespaces.h"
#include "network/hosts/wire.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static VcbBackend backend;
static VcbNamespaces namespaces;

static void limit_network_namespaces(int most)
{
    g_autofree char *text = g_strdup_printf("%d", most);
    FILE *file = fopen("/proc/sys/user/max_net_namespaces", "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_TRUE(fputs(text, file) >= 0);
    CU_ASSERT_EQUAL(fclose(file), 0);
}

/* Whether there is room for one more network namespace: in a process that ends at once. */
static gboolean has_room_for_one(void)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0)
        _exit(unshare(CLONE_NEWNET) == 0 ? 0 : 1);
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Wait until at most n network namespaces are left. FALSE: not within 20 s. */
static gboolean wait_until_left(int n)
{
    gint64 deadline_us = vcb_clock_now_us() + 20 * G_USEC_PER_SEC;
    gboolean gone;

    limit_network_namespaces(n + 1);
    while (!(gone = has_room_for_one()) && vcb_clock_now_us() < deadline_us)
        sched_yield();
    limit_network_namespaces(1000);
    return gone;
}

static VcbHosts *start(void)
{
    g_autoptr(GError) error = NULL;
    VcbHosts *hosts = vcb_hosts_start(backend, namespaces, &error);

    if (error)
        CU_FAIL_FATAL(error->message);
    return hosts;
}

/* --- Killed ---------------------------------------------------------------------------------------------------------- */

/* An emulator with so many hosts, that says when they are there, and waits. */
static void be_an_emulator(int ready, guint n_hosts)
{
    VcbHosts *hosts = start();
    VcbNetworkDescription *description = lab_describe(n_hosts, 1, 1500);
    VcbHostsReply network = lab_create(hosts, 1, description);

    vcb_hosts_create(hosts, 2, description); /* and it is killed in the midst of making more */
    if (network.n_ports == n_hosts && write(ready, "x", 1) == 1)
        for (;;)
            pause();
    _exit(1);
}

static void a_killed_emulator_leaves_nothing(void)
{
    int ready[2], status;
    char byte;
    pid_t emulator, other;
    gint64 killed_us;

    CU_ASSERT_TRUE_FATAL(wait_until_left(0));
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* the maker becomes ours when its parent is gone */
    CU_ASSERT_EQUAL_FATAL(pipe(ready), 0);
    emulator = fork();
    if (emulator == 0)
        be_an_emulator(ready[1], 150);
    close(ready[1]);
    CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 1);
    limit_network_namespaces(151); /* as many as there are at least: the hosts and the far side */
    CU_ASSERT_FALSE(has_room_for_one());
    killed_us = vcb_clock_now_us();
    kill(emulator, SIGKILL);
    CU_ASSERT_EQUAL(waitpid(emulator, &status, 0), emulator);
    /* The end of the pipe: whoever had it is gone. Then reap whoever was left to us. */
    CU_ASSERT_EQUAL(read(ready[0], &byte, 1), 0);
    other = waitpid(-1, &status, 0);
    CU_ASSERT_TRUE(other > 0);
    CU_ASSERT_TRUE(waitpid(-1, &status, 0) < 0 && errno == ECHILD); /* no process */
    CU_ASSERT_TRUE(wait_until_left(0));
    g_print("(150 hosts and more gone in %.0f ms) ", (double)(vcb_clock_now_us() - killed_us) / 1000);
    close(ready[0]);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

static void hosts_end_when_they_are_freed(void)
{
    VcbHosts *hosts = start();
    VcbNetworkDescription *description = lab_describe(2, 1, 1500);
    VcbHostsReply network = lab_create(hosts, 1, description);

    vcb_hosts_reply_clear(&network);
    vcb_hosts_free(hosts);
    vcb_wire_free_hosts(description);
    CU_ASSERT_TRUE(wait_until_left(0));
}

static void a_dead_maker_is_an_error(void)
{
    VcbHosts *hosts = start();
    VcbHostsReply reply = {0};
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", (int)getpid(), (int)getpid()),
                    *text = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, NULL, NULL)); /* the maker is our only child */
    kill((pid_t)strtol(text, NULL, 10), SIGKILL);
    CU_ASSERT_TRUE(lab_wait(vcb_hosts_fd(hosts), 5000));
    CU_ASSERT_FALSE(vcb_hosts_read(hosts, &reply, &error));
    VCB_ASSERT_STRING(error ? error->message : NULL, "the host maker is gone");
    vcb_hosts_remove(hosts, 1); /* to nobody: no signal, no crash */
    vcb_hosts_free(hosts);
}

/* --- Many ------------------------------------------------------------------------------------------------------------ */

static void three_hundred_hosts_come_and_go(void)
{
    VcbHosts *hosts = start();
    VcbNetworkDescription *description = lab_describe(150, 1, 1500);
    gint64 begin_us, up_us, gone_us;

    CU_ASSERT_TRUE_FATAL(wait_until_left(1)); /* the far side */
    begin_us = vcb_clock_now_us();
    vcb_hosts_create(hosts, 1, description);
    vcb_hosts_create(hosts, 2, description);
    VcbHostsReply first = lab_reply(hosts, VCB_HOSTS_CREATED), second = lab_reply(hosts, VCB_HOSTS_CREATED);
    up_us = vcb_clock_now_us();
    CU_ASSERT_EQUAL(first.n_ports, 150);
    CU_ASSERT_EQUAL(second.n_ports, 150);
    vcb_hosts_reply_clear(&first);
    vcb_hosts_reply_clear(&second);
    vcb_hosts_remove(hosts, 1);
    vcb_hosts_remove(hosts, 2);
    CU_ASSERT_TRUE(wait_until_left(1));
    gone_us = vcb_clock_now_us();
    g_print("(300 hosts up in %.0f ms, gone in %.0f ms) ", (double)(up_us - begin_us) / 1000,
            (double)(gone_us - up_us) / 1000);
    CU_ASSERT_TRUE(gone_us - begin_us < 20 * G_USEC_PER_SEC);
    for (int i = 0; i < 2; i++) {
        VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_REMOVED);
        vcb_hosts_reply_clear(&reply);
    }
    vcb_hosts_free(hosts);
    vcb_wire_free_hosts(description);
}

static int run_claims(void)
{
    static const VcbTest claims[] = {
        {"hosts end when they are freed", hosts_end_when_they_are_freed},
        {"a killed emulator leaves nothing", a_killed_emulator_leaves_nothing},
        {"a dead maker is an error", a_dead_maker_is_an_error},
        {"three hundred hosts come and go", three_hundred_hosts_come_and_go},
    };

    return vcb_test_run("hosts' end", claims, G_N_ELEMENTS(claims));
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL, refusal = NULL;
    VcbHosts *trial;

    backend = argc > 1 && strcmp(argv[1], "tun") == 0 ? VCB_BACKEND_TUN : VCB_BACKEND_VETH;
    namespaces = argc > 2 && strcmp(argv[2], "user") == 0 ? VCB_NAMESPACES_USER : VCB_NAMESPACES_ROOT;
    if (namespaces == VCB_NAMESPACES_USER && geteuid() == 0 && !lab_become_ordinary()) {
        g_print("skipped: cannot become an ordinary user here; run the test as one\n");
        return 77;
    }
    if (!vcb_namespaces_enter_new_user(&error)) {
        g_autofree char *remedy = vcb_namespaces_remedy();

        g_print("skipped: %s (%s)\n", error->message, remedy);
        return 77;
    }
    prctl(PR_SET_DUMPABLE, 1);
    trial = vcb_hosts_start(backend, namespaces, &refusal);
    if (!trial) {
        g_print("skipped: %s\n", refusal->message);
        return 77;
    }
    vcb_hosts_free(trial);
    return run_claims();
}
