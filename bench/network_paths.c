#include "bench/network_paths.h"

#include "common/channel.h"
#include "common/child.h"
#include "common/error.h"
#include "network/hosts/rtnetlink.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLY_DEADLINE_US (10 * G_USEC_PER_SEC)

struct BenchPath {
    int user_fd, a_fd, b_fd; /* namespaces; user_fd -1: this process's own */
    const char *b_address;
    gboolean has_netem;
    VcbChild *emulator; /* NULL: the kernel alone */
    VcbChannel *channel;
    GQueue replies; /* owned cJSON */
    char *scheduler;
};

/* --- the kernel alone --- */

static gboolean write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    gboolean written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return written;
}

/* A child makes namespaces and waits until they have been opened from outside. */
static void hold_namespaces(gboolean with_user, const char *user_map, const char *group_map, int ready,
                            int release)
{
    char byte = 'x';
    int network, fds[2];

    if (with_user) {
        if (unshare(CLONE_NEWUSER) != 0 || !write_file("/proc/self/setgroups", "deny") ||
            !write_file("/proc/self/uid_map", user_map) || !write_file("/proc/self/gid_map", group_map))
            _exit(1);
    }
    for (int i = 0; i < 2; i++) {
        if (unshare(CLONE_NEWNET) != 0 || (network = open("/proc/self/ns/net", O_RDONLY)) < 0)
            _exit(1);
        fds[i] = network;
    }
    /* Their numbers are this process's: /proc/PID/fd/N opens them from outside. */
    if (dprintf(ready, "%d %d\n", fds[0], fds[1]) < 0 || read(release, &byte, 1) < 0)
        _exit(1);
    _exit(0);
}

static int open_of(pid_t pid, const char *what)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, what);

    return open(path, O_RDONLY | O_CLOEXEC);
}

static gboolean make_namespaces(BenchPath *path, GError **error)
{
    gboolean with_user = geteuid() != 0;
    g_autofree char *user_map = g_strdup_printf("0 %u 1", geteuid()),
                    *group_map = g_strdup_printf("0 %u 1", getegid()), *a = NULL, *b = NULL;
    int ready[2], release[2], first = -1, second = -1;
    char text[64] = "";
    pid_t pid;

    if (pipe2(ready, O_CLOEXEC) != 0 || pipe2(release, O_CLOEXEC) != 0)
        return FALSE;
    pid = fork();
    if (pid == 0) {
        close(ready[0]);
        close(release[1]);
        hold_namespaces(with_user, user_map, group_map, ready[1], release[0]);
    }
    close(ready[1]);
    close(release[0]);
    if (read(ready[0], text, sizeof text - 1) > 0 && sscanf(text, "%d %d", &first, &second) == 2) {
        a = g_strdup_printf("fd/%d", first);
        b = g_strdup_printf("fd/%d", second);
        path->user_fd = with_user ? open_of(pid, "ns/user") : -1;
        path->a_fd = open_of(pid, a);
        path->b_fd = open_of(pid, b);
    }
    close(ready[0]);
    close(release[1]);
    waitpid(pid, NULL, 0);
    if (path->a_fd < 0 || path->b_fd < 0 || (with_user && path->user_fd < 0)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID,
                    "cannot make network namespaces: `vcbench doctor` says why");
        return FALSE;
    }
    return TRUE;
}

static void enter(const BenchPath *path, int network_fd)
{
    if ((path->user_fd >= 0 && setns(path->user_fd, CLONE_NEWUSER) != 0) ||
        setns(network_fd, CLONE_NEWNET) != 0)
        _exit(99);
}

/* In a child on the host: give the interface its address. */
static gboolean set_up(const char *interface, guint8 last, GError **error)
{
    g_autoptr(VcbRtnetlink) rtnetlink = vcb_rtnetlink_open(error);
    const VcbInterfaceAddress address = {.address = {.bytes = {10, 0, 0, last}}, .prefix_length = 24};
    const VcbLinkChange up = {.flags = IFF_UP, .mask = IFF_UP};
    int index = rtnetlink ? vcb_rtnetlink_index(rtnetlink, interface, error) : 0;

    return index > 0 && vcb_rtnetlink_silence_link(rtnetlink, index, error) &&
           vcb_rtnetlink_address(rtnetlink, index, &address, TRUE, error) &&
           vcb_rtnetlink_change_link(rtnetlink, index, &up, error);
}

static gboolean add_pair(const BenchPath *path, GError **error)
{
    const guint8 link_address[6] = {2, 0, 0, 0, 0, 1};
    g_autoptr(VcbRtnetlink) rtnetlink = vcb_rtnetlink_open(error);

    return rtnetlink && vcb_rtnetlink_add_veth(rtnetlink, "a", link_address, "b", path->b_fd, error);
}

/* delay_us < 0: take netem away. Returns 0 or errno. */
static int set_netem(gint64 delay_us)
{
    enum { LIMIT = 100000 }; /* packets: never the bound here */
    char buffer[512];
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    struct tcmsg *message;
    struct tc_netem_qopt options = {.limit = LIMIT};
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    struct nlattr *nest;
    ssize_t n;
    int failed = 0;

    if (!socket)
        return errno;
    header->nlmsg_type = RTM_NEWQDISC;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
    message = mnl_nlmsg_put_extra_header(header, sizeof *message);
    message->tcm_ifindex = (int)if_nametoindex("a");
    message->tcm_parent = TC_H_ROOT;
    mnl_attr_put_strz(header, TCA_KIND, "netem");
    nest = mnl_attr_nest_start(header, TCA_OPTIONS); /* a struct, and attributes behind it */
    memcpy(mnl_nlmsg_get_payload_tail(header), &options, sizeof options);
    header->nlmsg_len += MNL_ALIGN(sizeof options);
    mnl_attr_put_u64(header, TCA_NETEM_LATENCY64, (guint64)delay_us * 1000);
    mnl_attr_nest_end(header, nest);
    if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0 ||
        mnl_socket_sendto(socket, header, header->nlmsg_len) < 0)
        failed = errno;
    else if ((n = mnl_socket_recvfrom(socket, buffer, sizeof buffer)) < 0 ||
             mnl_cb_run(buffer, (size_t)n, 0, mnl_socket_get_portid(socket), NULL, NULL) < 0)
        failed = errno;
    mnl_socket_close(socket);
    return failed;
}

typedef enum { STEP_PAIR, STEP_A, STEP_B, STEP_NETEM } Step;

/* A step in a child on the host that it is about; its errno-like exit status, 0: done. */
static int do_step(const BenchPath *path, Step step, gint64 delay_us)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        g_autoptr(GError) error = NULL;
        gboolean done = TRUE;

        enter(path, step == STEP_B ? path->b_fd : path->a_fd);
        if (step == STEP_NETEM)
            _exit(set_netem(delay_us));
        if (step == STEP_PAIR)
            done = add_pair(path, &error);
        else
            done = set_up(step == STEP_A ? "a" : "b", step == STEP_A ? 1 : 2, &error);
        if (!done)
            g_printerr("%s\n", error->message);
        _exit(done ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

BenchPath *bench_path_new_kernel(gboolean with_netem, GError **error)
{
    g_autoptr(BenchPath) path = g_new0(BenchPath, 1);
    int failed;

    path->user_fd = path->a_fd = path->b_fd = -1;
    path->b_address = "10.0.0.2";
    g_queue_init(&path->replies);
    if (!make_namespaces(path, error))
        return NULL;
    if (do_step(path, STEP_PAIR, 0) || do_step(path, STEP_A, 0) || do_step(path, STEP_B, 0)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "cannot make a veth pair between two namespaces");
        return NULL;
    }
    if (with_netem && (failed = do_step(path, STEP_NETEM, 0))) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s",
                    failed == ENOENT ? "this kernel has no netem (sch_netem)" : g_strerror(failed));
        return NULL;
    }
    path->has_netem = with_netem;
    return g_steal_pointer(&path);
}

/* --- through the emulator --- */

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    BenchPath *path = user_data;
    const char *type = vcb_json_string(message, "type", "");

    if (strcmp(type, "link") == 0 || strcmp(type, "audit") == 0)
        return;
    for (gint64 i = vcb_json_int(message, "fds", 0); i > 0; i--) {
        int fd = vcb_channel_take_fd(channel);

        if (strcmp(type, "ready") == 0)
            path->user_fd = fd;
        else if (path->a_fd < 0)
            path->a_fd = fd;
        else
            path->b_fd = fd;
    }
    g_queue_push_tail(&path->replies, cJSON_Duplicate(message, TRUE));
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
}

static gboolean on_deadline(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean await_reply(BenchPath *path, const char *type, GError **error)
{
    gboolean late = FALSE, came = FALSE;
    guint timer = g_timeout_add(REPLY_DEADLINE_US / 1000, on_deadline, &late);

    while (!came && !late) {
        g_autoptr(cJSON) reply = g_queue_pop_head(&path->replies);

        if (!reply) {
            g_main_context_iteration(NULL, TRUE);
            continue;
        }
        came = strcmp(vcb_json_string(reply, "type", ""), type) == 0;
        if (came && vcb_json_has(reply, "scheduler"))
            path->scheduler = g_strdup(vcb_json_string(reply, "scheduler", ""));
        if (vcb_json_has(reply, "message")) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s", vcb_json_string(reply, "message", ""));
            break;
        }
    }
    if (!late)
        g_source_remove(timer);
    else
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "vcbench-net does not say %s", type);
    return came;
}

static void say(BenchPath *path, const char *json)
{
    g_autoptr(cJSON) message = cJSON_Parse(json);

    g_assert(message);
    vcb_channel_send(path->channel, message);
}

/* Beside this program where both are installed; as the build says otherwise. */
static char *find_emulator(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = self ? g_path_get_dirname(self) : g_strdup(".");
    const char *named = g_getenv("VCB_NET");

    return named ? g_strdup(named) : g_build_filename(folder, "vcbench-net", NULL);
}

BenchPath *bench_path_new_emulated(const char *backend, GError **error)
{
    static const VcbChannelCallbacks callbacks = {.message = on_message, .closed = on_closed};
    g_autoptr(BenchPath) path = g_new0(BenchPath, 1);
    g_autofree char *program = find_emulator(), *flag = g_strdup_printf("--backend=%s", backend);
    const char *argv[] = {program, flag, NULL};
    VcbChildParams params = {.argv = argv, .with_control = TRUE};

    path->user_fd = path->a_fd = path->b_fd = -1;
    path->b_address = "10.0.2.2";
    g_queue_init(&path->replies);
    path->emulator = vcb_child_spawn(&params, NULL, NULL, error);
    if (!path->emulator)
        return NULL;
    path->channel = vcb_channel_new(vcb_child_take_control_fd(path->emulator), NULL, &callbacks, path);
    if (!await_reply(path, "ready", error))
        return NULL;
    say(path, "{\"type\": \"create\", \"network\": \"bench\", \"seed\": 1,"
              " \"routers\": [{\"name\": \"a\", \"parent\": \"internet\"}, {\"name\": \"b\", \"parent\": "
              "\"internet\"}],"
              " \"hosts\": [{\"name\": \"a\", \"interfaces\": [{\"name\": \"eth0\", \"router\": \"a\", "
              "\"addresses\": [\"10.0.1.2/24\"]}]},"
              " {\"name\": \"b\", \"interfaces\": [{\"name\": \"eth0\", \"router\": \"b\", \"addresses\": "
              "[\"10.0.2.2/24\"]}]}]}");
    if (!await_reply(path, "created", error))
        return NULL;
    return g_steal_pointer(&path);
}

/* --- both --- */

void bench_path_free(BenchPath *path)
{
    if (!path)
        return;
    vcb_channel_free(path->channel);
    vcb_child_free(path->emulator);
    g_queue_clear_full(&path->replies, (GDestroyNotify)cJSON_Delete);
    if (path->user_fd >= 0)
        close(path->user_fd);
    if (path->a_fd >= 0)
        close(path->a_fd);
    if (path->b_fd >= 0)
        close(path->b_fd);
    g_free(path->scheduler);
    g_free(path);
}

gboolean bench_path_set(BenchPath *path, gint64 delay_us, double rate_bps)
{
    g_autofree char *command = NULL;
    g_autoptr(GError) error = NULL;

    if (!path->emulator)
        return rate_bps <= 0 && (delay_us == 0 || path->has_netem) &&
               (!path->has_netem || do_step(path, STEP_NETEM, delay_us) == 0);
    command = g_strdup_printf(
        "{\"type\": \"change\", \"network\": \"bench\", \"router\": \"a\", \"direction\": \"up\","
        " \"set\": {\"delay_us\": %" G_GINT64_FORMAT
        ", \"rate_bps\": %.0f, \"queue\": {\"packets\": 20000}}}",
        delay_us, rate_bps);
    say(path, command);
    if (await_reply(path, "change", &error))
        return TRUE;
    g_printerr("%s\n", error->message);
    return FALSE;
}

void bench_path_enter_a(const BenchPath *path)
{
    enter(path, path->a_fd);
}

void bench_path_enter_b(const BenchPath *path)
{
    enter(path, path->b_fd);
}

const char *bench_path_b_address(const BenchPath *path)
{
    return path->b_address;
}

double bench_path_cpu_s(const BenchPath *path)
{
    g_autofree char *file = NULL, *text = NULL;

    if (!path->emulator)
        return 0;
    file = g_strdup_printf("/proc/%d/schedstat", vcb_child_pid(path->emulator));
    return g_file_get_contents(file, &text, NULL, NULL) ? g_ascii_strtod(text, NULL) / 1e9 : 0;
}

const char *bench_path_scheduler(const BenchPath *path)
{
    return path->scheduler;
}
