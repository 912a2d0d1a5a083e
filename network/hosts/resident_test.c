/* Children that live in hosts (common/child.h), in one of the four ways: `resident_test tun|veth root|user`. */
#include "common/child.h"
#include "common/test.h"
#include "network/hosts/lab.h"
#include "network/hosts/wire.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static VcbHosts *hosts; /* of all claims */

typedef struct {
    VcbNetworkDescription *description;
    VcbHostsReply network;
    VcbChildNamespaces place;
} Home;

static void home_init(Home *home)
{
    home->description = lab_describe(1, 1, 1500);
    home->network = lab_create(hosts, 1, home->description);
    home->place = (VcbChildNamespaces){.user_fd = vcb_hosts_user_namespace_fd(hosts),
                                       .network_fd = home->network.namespace_fds[0]};
}

static void home_clear(Home *home)
{
    vcb_hosts_reply_clear(&home->network);
    vcb_hosts_remove(hosts, 1);
    VcbHostsReply reply = lab_reply(hosts, VCB_HOSTS_REMOVED);
    vcb_hosts_reply_clear(&reply);
    vcb_wire_free_hosts(home->description);
}

static VcbChild *spawn(const Home *home, const char *script, GError **error)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    VcbChildParams params = {.argv = argv, .with_control = TRUE, .namespaces = &home->place};

    return vcb_child_spawn(&params, NULL, NULL, error);
}

static void a_child_of_a_host_has_its_interfaces_and_no_rights(void)
{
    static const char script[] =
        "{ grep -E '^(Uid|Cap|NoNewPrivs)' /proc/self/status; cat /proc/net/dev; echo end; } >&3; read x <&3";
    Home home;
    g_autoptr(GError) error = NULL;
    GString *text = g_string_new(NULL);

    home_init(&home);
    VcbChild *child = spawn(&home, script, &error);
    VCB_ASSERT_STRING(error ? error->message : NULL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(child);
    int control = vcb_child_take_control_fd(child);
    while (!g_str_has_suffix(text->str, "end\n")) {
        char bytes[512];
        ssize_t n = read(control, bytes, sizeof bytes);

        CU_ASSERT_TRUE_FATAL(n > 0);
        g_string_append_len(text, bytes, n);
    }
    g_autofree char *ids =
        g_strdup_printf("Uid:\t%d\t%d\t%d\t%d\n", (int)getuid(), (int)getuid(), (int)getuid(), (int)getuid());
    CU_ASSERT_PTR_NOT_NULL(strstr(text->str, ids));
    for (const char *set = "Inh\0Prm\0Eff\0Bnd\0Amb\0"; *set; set += strlen(set) + 1) {
        g_autofree char *line = g_strdup_printf("Cap%s:\t0000000000000000\n", set);

        CU_ASSERT_PTR_NOT_NULL(strstr(text->str, line));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(text->str, "NoNewPrivs:\t1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text->str, "eth0:"));

    /* What is measured of each peer can still be read from outside. */
    static const char *const MEASURED[] = {"smaps_rollup", "stat", "status"};
    for (gsize i = 0; i < G_N_ELEMENTS(MEASURED); i++) {
        g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)vcb_child_pid(child), MEASURED[i]),
                        *content = NULL;

        CU_ASSERT_TRUE(g_file_get_contents(path, &content, NULL, NULL));
        CU_ASSERT_TRUE(i > 0 || strstr(content, "\nPss:"));
    }
    close(control);
    vcb_child_free(child);
    g_string_free(text, TRUE);
    home_clear(&home);
}

static void a_child_of_a_host_writes_files_as_its_user(void)
{
    g_autofree char *folder = g_dir_make_tmp("vcb-hosts-XXXXXX", NULL), *path = NULL, *script = NULL;
    struct stat status;
    Home home;
    char byte;

    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    path = g_build_filename(folder, "file", NULL);
    script = g_strdup_printf("echo here > '%s'; echo >&3", path);
    home_init(&home);
    VcbChild *child = spawn(&home, script, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(child);
    int control = vcb_child_take_control_fd(child);
    CU_ASSERT_EQUAL(read(control, &byte, 1), 1);
    CU_ASSERT_EQUAL(stat(path, &status), 0);
    CU_ASSERT_EQUAL(status.st_uid, getuid());
    CU_ASSERT_EQUAL(status.st_size, 5);
    close(control);
    vcb_child_free(child);
    home_clear(&home);
    unlink(path);
    rmdir(folder);
}

static void a_child_of_a_host_dies_with_its_parent(void)
{
    int alive[2], status;
    char byte;
    Home home;
    pid_t parent;

    home_init(&home);
    CU_ASSERT_EQUAL_FATAL(pipe(alive), 0); /* not close-on-exec: the child holds the writing end */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    parent = fork();
    if (parent == 0) {
        g_autofree char *script = g_strdup_printf("echo >&%d; exec sleep 60", alive[1]);

        if (!spawn(&home, script, NULL))
            _exit(1);
        close(alive[1]);
        for (;;)
            pause();
    }
    close(alive[1]);
    CU_ASSERT_EQUAL(read(alive[0], &byte, 1), 1);
    kill(parent, SIGKILL);
    CU_ASSERT_TRUE(lab_wait(alive[0], 5000));
    CU_ASSERT_EQUAL(read(alive[0], &byte, 1), 0);
    CU_ASSERT_TRUE(waitpid(parent, &status, 0) == parent);
    close(alive[0]);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    home_clear(&home);
    while (waitpid(-1, &status, WNOHANG) > 0)
        ;
}

static void a_child_that_cannot_enter_says_at_which_step(void)
{
    VcbChildNamespaces nowhere = {.user_fd = -1, .network_fd = STDERR_FILENO};
    const char *argv[] = {"/bin/true", NULL};
    VcbChildParams params = {.argv = argv, .namespaces = &nowhere};
    g_autoptr(GError) error = NULL, second = NULL;

    CU_ASSERT_PTR_NULL(vcb_child_spawn(&params, NULL, NULL, &error));
    CU_ASSERT_TRUE(g_str_has_prefix(error->message, "/bin/true: entering the network namespace: "));
    nowhere.user_fd = STDERR_FILENO;
    CU_ASSERT_PTR_NULL(vcb_child_spawn(&params, NULL, NULL, &second));
    CU_ASSERT_TRUE(g_str_has_prefix(second->message, "/bin/true: entering the user namespace: "));
}

static int run_claims(void)
{
    static const VcbTest claims[] = {
        {"a child of a host has its interfaces and no rights",
         a_child_of_a_host_has_its_interfaces_and_no_rights},
        {"a child of a host writes files as its user", a_child_of_a_host_writes_files_as_its_user},
        {"a child of a host dies with its parent", a_child_of_a_host_dies_with_its_parent},
        {"a child that cannot enter says at which step", a_child_that_cannot_enter_says_at_which_step},
    };

    return vcb_test_run("residents", claims, G_N_ELEMENTS(claims));
}

int main(int argc, char **argv)
{
    int status;

    hosts = lab_start_as_told(argc, argv);
    if (!hosts)
        return 77;
    status = run_claims();
    vcb_hosts_free(hosts);
    return status;
}
