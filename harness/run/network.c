#include "harness/run/network.h"

#include "common/error.h"
#include "harness/run/programs.h"
#include "harness/run/server_process.h"

#include <unistd.h>

#define START_TIMEOUT_MS 10000
#define FINISH_GRACE_US                                                                                      \
    (5 * 1000 * 1000) /* more than it takes itself at most: main.c, STOP_NS, and the capture's rest */

struct VcbEmulator {
    VcbRunLog *log; /* no-ref */
    VcbEmulatorEvents events;
    gpointer user_data;
    VcbServerProcess *process; /* NULL once ended */
    int user_fd;               /* the namespace that owns all others; -1: none to enter */
    GHashTable *networks;      /* name (no-ref) -> VcbEmulatedNetwork, no-ref */
    gboolean ready, failed, finishing;
};

struct VcbEmulatedNetwork {
    VcbEmulator *emulator; /* no-ref; NULL once the emulator has ended */
    VcbNetworkPlan *plan;  /* owned */
    char *call;            /* owned; NULL: the run's */
    VcbEmulatedNetworkEvents events;
    gpointer user_data;
    int *fds; /* owned, one a host of the plan; -1: none */
    gboolean created, removing;
};

/* ---- what it says ---- */

static VcbEmulatedNetwork *network_of(const VcbEmulator *emulator, const cJSON *message)
{
    return g_hash_table_lookup(emulator->networks, vcb_json_string(message, "network", ""));
}

void vcb_emulator_fail(VcbEmulator *emulator, const GError *error)
{
    if (emulator->failed)
        return;
    emulator->failed = TRUE;
    emulator->events.failed(error, emulator->user_data);
}

static void fail(VcbEmulator *emulator, const char *message)
{
    g_autoptr(GError) error = g_error_new_literal(VCB_ERROR, VCB_ERROR_INVALID, message);

    vcb_emulator_fail(emulator, error);
}

static void on_ready(VcbEmulator *emulator, VcbChannel *channel, const cJSON *message)
{
    if (vcb_json_int(message, "fds", 0) > 0)
        emulator->user_fd = vcb_channel_take_fd(channel);
    emulator->ready = TRUE;
    vcb_server_process_ready(emulator->process);
    emulator->events.ready(emulator->user_data);
}

static void on_created(VcbEmulator *emulator, VcbChannel *channel, const cJSON *message)
{
    VcbEmulatedNetwork *network = network_of(emulator, message);
    g_autofree char *problem = NULL;
    const cJSON *name;
    guint missing = 0;

    if (!network)
        return; /* nobody waits for it any more; the channel closes what was not taken */
    cJSON_ArrayForEach (name, vcb_json_array(message, "hosts")) {
        int fd = vcb_channel_take_fd(channel);
        gboolean placed = FALSE;

        for (guint i = 0; fd >= 0 && cJSON_IsString(name) && i < network->plan->n_hosts; i++) {
            if (g_str_equal(network->plan->hosts[i].name, name->valuestring) && network->fds[i] < 0) {
                network->fds[i] = fd;
                placed = TRUE;
            }
        }
        if (fd >= 0 && !placed)
            close(fd);
    }
    network->created = TRUE;
    for (guint i = 0; i < network->plan->n_hosts; i++)
        missing += network->fds[i] < 0;
    if (missing) /* the kernel hands over only as many as this process may have */
        problem =
            g_strdup_printf("%u of the emulated network's %u hosts cannot be reached: too many open files "
                            "(more with ulimit -n)",
                            missing, network->plan->n_hosts);
    network->events.created(network, problem, network->user_data);
}

static void on_removed(VcbEmulator *emulator, VcbChannel *channel, const cJSON *message)
{
    VcbEmulatedNetwork *network = network_of(emulator, message);

    if (network && network->removing) {
        g_hash_table_remove(emulator->networks, network->plan->name);
        network->emulator = NULL;
        network->events.removed(network, network->user_data);
    }
}

static void on_error(VcbEmulator *emulator, VcbChannel *channel, const cJSON *message)
{
    VcbEmulatedNetwork *network = network_of(emulator, message);
    const char *text = vcb_json_string(message, "message", "it failed");

    if (network && !network->created) {
        g_autofree char *problem = g_strdup_printf("the emulated network could not be made: %s", text);

        g_hash_table_remove(emulator->networks, network->plan->name);
        network->emulator = NULL;
        if (network->removing) /* while it was being made: it is gone all the same */
            network->events.removed(network, network->user_data);
        else
            network->events.created(network, problem, network->user_data);
    } else {
        /* A run in which something that was asked for did not happen would show something else. */
        g_autofree char *problem = g_strdup_printf("the network's emulator: %s", text);

        fail(emulator, problem);
    }
}

static void on_failed(VcbEmulator *emulator, VcbChannel *channel, const cJSON *message)
{
    g_autofree char *problem =
        g_strdup_printf("the network's emulator: %s", vcb_json_string(message, "message", "it failed"));

    vcb_server_process_ready(emulator->process);
    fail(emulator, problem);
}

static const struct {
    const char *type;
    void (*run)(VcbEmulator *emulator, VcbChannel *channel, const cJSON *message);
} MESSAGES[] = {
    {"ready", on_ready}, {"created", on_created}, {"removed", on_removed},
    {"error", on_error}, {"failed", on_failed},
};

static void on_message(VcbServerProcess *process, cJSON *message, gpointer user_data)
{
    VcbEmulator *emulator = user_data;
    const char *type = vcb_json_string(message, "type", "");
    const VcbEmulatedNetwork *network = network_of(emulator, message);
    g_autofree char *call = g_strdup(network ? network->call : vcb_json_string(message, "call", NULL));
    VcbChannel *channel = vcb_server_process_channel(process);

    /* The log first: it is the truth, and what follows may end calls. */
    vcb_run_log_write(emulator->log, call, "network", cJSON_Duplicate(message, TRUE));
    for (gsize i = 0; i < G_N_ELEMENTS(MESSAGES); i++) {
        if (g_str_equal(MESSAGES[i].type, type)) {
            MESSAGES[i].run(emulator, channel, message);
            return;
        }
    }
}

/* ---- its end ---- */

static void on_late(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    fail(user_data, reason);
}

/* Whoever waits for a network need not wait any more. */
static void forget_networks(VcbEmulator *emulator, const char *reason)
{
    g_autoptr(GList) networks = g_hash_table_get_values(emulator->networks);

    g_hash_table_remove_all(emulator->networks);
    for (GList *link = networks; link; link = link->next)
        ((VcbEmulatedNetwork *)link->data)->emulator = NULL;
    for (GList *link = networks; link; link = link->next) {
        VcbEmulatedNetwork *network = link->data;

        if (network->removing)
            network->events.removed(network, network->user_data);
        else if (!network->created)
            network->events.created(network, reason, network->user_data);
    }
}

static void on_ended(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    VcbEmulator *emulator = user_data;
    g_autofree char *kept = g_strdup(reason);

    g_clear_pointer(&emulator->process, vcb_server_process_free);
    if (emulator->finishing) {
        forget_networks(emulator, kept);
        emulator->events.ended(emulator->user_data);
    } else if (!emulator->ready) {
        fail(emulator, kept);
    } else {
        /* First the calls get to know why, then that their networks are gone. */
        if (!emulator->failed)
            emulator->events.died(kept, emulator->user_data);
        forget_networks(emulator, kept);
    }
}

/* ---- life ---- */

static void add_choice(GPtrArray *argv, const char *option, const char *variable)
{
    const char *value = g_getenv(variable);

    if (value && *value) {
        g_ptr_array_add(argv, (gpointer)option);
        g_ptr_array_add(argv, (gpointer)value);
    }
}

VcbEmulator *vcb_emulator_new(const char *directory, gboolean with_capture, VcbRunLog *log,
                              const VcbEmulatorEvents *events, gpointer user_data, GError **error)
{
    static const VcbServerProcessEvents process_events = {on_message, on_late, on_ended};
    g_autofree char *program = vcb_program_find(VCB_PROGRAM_NET, error),
                    *capture = g_build_filename(directory, "capture.pcapng", NULL);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    VcbEmulator *emulator;

    if (!program)
        return NULL;
    g_ptr_array_add(argv, program);
    add_choice(argv, "--backend", "VCBENCH_NET_BACKEND");
    add_choice(argv, "--namespaces", "VCBENCH_NET_NAMESPACES");
    if (with_capture) {
        g_ptr_array_add(argv, (gpointer) "--capture");
        g_ptr_array_add(argv, capture);
    }
    g_ptr_array_add(argv, NULL);
    emulator = g_new0(VcbEmulator, 1);
    emulator->log = log;
    emulator->events = *events;
    emulator->user_data = user_data;
    emulator->user_fd = -1;
    emulator->networks = g_hash_table_new(g_str_hash, g_str_equal);
    emulator->process = vcb_server_process_new(
        &(VcbServerProcessParams){
            .name = "network",
            .title = "the network's emulator",
            .argv = (const char *const *)argv->pdata,
            .with_control = TRUE,
            .start_timeout_ms = START_TIMEOUT_MS,
            .goal = "become ready",
        },
        directory, log, &process_events, emulator, error);
    if (!emulator->process) {
        vcb_emulator_free(emulator);
        return NULL;
    }
    return emulator;
}

void vcb_emulator_free(VcbEmulator *emulator)
{
    if (!emulator)
        return;
    vcb_server_process_free(emulator->process);
    g_hash_table_unref(emulator->networks);
    if (emulator->user_fd >= 0)
        close(emulator->user_fd);
    g_free(emulator);
}

gboolean vcb_emulator_finish(VcbEmulator *emulator)
{
    if (!emulator->process)
        return FALSE;
    emulator->finishing = TRUE;
    vcb_server_process_finish(emulator->process, TRUE, FINISH_GRACE_US);
    return TRUE;
}

pid_t vcb_emulator_pid(const VcbEmulator *emulator)
{
    return emulator ? vcb_server_process_pid(emulator->process) : 0;
}

/* ---- a network ---- */

VcbEmulatedNetwork *vcb_emulated_network_new(VcbEmulator *emulator, VcbNetworkPlan *plan, const char *call,
                                             const VcbEmulatedNetworkEvents *events, gpointer user_data)
{
    VcbEmulatedNetwork *network = g_new0(VcbEmulatedNetwork, 1);

    network->emulator = emulator;
    network->plan = plan;
    network->call = g_strdup(call);
    network->events = *events;
    network->user_data = user_data;
    network->fds = g_new(int, MAX(plan->n_hosts, 1));
    for (guint i = 0; i < plan->n_hosts; i++)
        network->fds[i] = -1;
    g_assert(!g_hash_table_contains(emulator->networks, plan->name));
    g_hash_table_insert(emulator->networks, plan->name, network);
    if (emulator->process)
        vcb_server_process_send(emulator->process, plan->create);
    return network;
}

static void send_about(VcbEmulatedNetwork *network, const char *type, gint64 origin_us)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    cJSON_AddStringToObject(message, "network", network->plan->name);
    if (origin_us >= 0)
        vcb_json_add_int(message, "origin_us", origin_us);
    if (network->emulator && network->emulator->process)
        vcb_server_process_send(network->emulator->process, message);
}

void vcb_emulated_network_start(VcbEmulatedNetwork *network, gint64 origin_us)
{
    send_about(network, "start", origin_us);
}

gboolean vcb_emulated_network_remove(VcbEmulatedNetwork *network)
{
    if (!network->emulator || !network->emulator->process)
        return FALSE;
    if (!network->removing) {
        network->removing = TRUE;
        send_about(network, "remove", -1);
    }
    return TRUE;
}

void vcb_emulated_network_free(VcbEmulatedNetwork *network)
{
    if (!network)
        return;
    if (network->emulator) {
        vcb_emulated_network_remove(network);
        g_hash_table_remove(network->emulator->networks, network->plan->name);
    }
    for (guint i = 0; i < network->plan->n_hosts; i++)
        if (network->fds[i] >= 0)
            close(network->fds[i]);
    vcb_network_plan_free(network->plan);
    g_free(network->fds);
    g_free(network->call);
    g_free(network);
}

gboolean vcb_emulated_network_host(const VcbEmulatedNetwork *network, const char *host,
                                   VcbChildNamespaces *ret_namespaces)
{
    for (guint i = 0; i < network->plan->n_hosts; i++) {
        if (g_str_equal(network->plan->hosts[i].name, host) && network->fds[i] >= 0 && network->emulator) {
            *ret_namespaces = (VcbChildNamespaces){network->emulator->user_fd, network->fds[i]};
            return TRUE;
        }
    }
    return FALSE;
}

const VcbPlannedHost *vcb_emulated_network_plan_of(const VcbEmulatedNetwork *network, const char *host)
{
    for (guint i = 0; i < network->plan->n_hosts; i++)
        if (g_str_equal(network->plan->hosts[i].name, host))
            return &network->plan->hosts[i];
    return NULL;
}
