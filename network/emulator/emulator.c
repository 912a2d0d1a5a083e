/* Commands, networks' lives, and the host maker's replies. */
#include "network/emulator/emulator.h"

#include "common/error.h"
#include "network/emulator/emulated.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define TICK_NS G_GINT64_CONSTANT(1000000000)
#define FARTHEST_ORIGIN_US (G_GINT64_CONSTANT(86400) * 1000000) /* a day ahead */
/* While calls are under way the loop looks at its own lateness so often, for packets that wait to be read bear no time at which they
 * came: what keeps the whole process from running is seen nowhere else. */
#define BEAT_NS G_GINT64_CONSTANT(5000000)
#define MOST_BEATS 10000 /* that are caught up on at once */
#define MOST_REPLIES 16  /* of the host maker, at a time */

static void free_network(gpointer data)
{
    VcbEmulatedNetwork *network = data;

    vcb_emulated_close_ports(network);
    g_clear_pointer(&network->capture_routers, g_hash_table_unref);
    g_ptr_array_unref(network->links);
    vcb_network_description_free(network->description);
    g_free(network);
}

static void free_request(gpointer data)
{
    VcbHostsRequest *request = data;

    cJSON_Delete(request->change);
    g_free(request);
}

static void push_request(VcbEmulatedNetwork *network, cJSON *change)
{
    VcbHostsRequest *request = g_new0(VcbHostsRequest, 1);

    request->network = network;
    request->change = change;
    g_queue_push_tail(&network->emulator->requests, request);
}

VcbEmulatedNetwork *vcb_emulated_find(const VcbEmulator *emulator, const char *name)
{
    for (guint i = 0; i < emulator->networks->len; i++) {
        VcbEmulatedNetwork *network = emulator->networks->pdata[i];

        if (strcmp(network->description->name, name) == 0)
            return network;
    }
    return NULL;
}

/* --- create and remove --- */

static void forget(VcbEmulatedNetwork *network)
{
    VcbEmulator *emulator = network->emulator;

    emulator->removed_tx_dropped += network->tx_dropped;
    g_ptr_array_remove(emulator->networks, network); /* frees it */
    if (emulator->is_stopping && !emulator->networks->len)
        emulator->callbacks.stopped(emulator->user_data);
}

/* Routers and links go, with their last reports. */
static void remove_from_internet(VcbEmulatedNetwork *network)
{
    VcbEmulator *emulator = network->emulator;
    gint64 now_ns = vcb_now_ns();

    vcb_internet_advance(emulator->internet, now_ns);
    if (network->state != VCB_EMULATED_MAKING)
        vcb_emulated_report_routers_finally(network);
    for (guint i = 0; i < network->links->len; i++)
        vcb_link_observer_detach(network->links->pdata[i], now_ns);
    vcb_internet_remove(emulator->internet, network->network, now_ns);
    g_hash_table_remove(emulator->by_network, network->network);
    network->network = NULL;
    /* Not later: who closes a packet socket last waits for the kernel, and the host maker can do that for all of them at once. */
    vcb_emulated_close_ports(network);
}

static void remove_network(VcbEmulatedNetwork *network)
{
    VcbEmulator *emulator = network->emulator;

    remove_from_internet(network);
    network->state = VCB_EMULATED_REMOVING;
    if (network->has_started && !--emulator->n_started)
        emulator->next_beat_ns = VCB_NEVER_NS;
    vcb_emulator_count_drops(network); /* a last time */
    push_request(network, NULL);
    vcb_hosts_remove(emulator->hosts, network->tag);
}

static gboolean create_network(VcbEmulator *emulator, const cJSON *command, GError **error)
{
    g_autoptr(VcbNetworkDescription) description = vcb_network_description_parse(command, error);
    VcbEmulatedNetwork *network;

    if (!description)
        return FALSE;
    if (vcb_emulated_find(emulator, description->name)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "a network of the name \"%s\" is there already",
                    description->name);
        return FALSE;
    }
    network = g_new0(VcbEmulatedNetwork, 1);
    network->emulator = emulator;
    network->tag = ++emulator->last_tag;
    network->asked_ns = vcb_now_ns();
    network->reported_tick = emulator->tick;
    network->links = g_ptr_array_new_with_free_func((GDestroyNotify)vcb_link_observer_free);
    network->description = g_steal_pointer(&description);
    emulator->adding = network;
    network->network = vcb_internet_add(emulator->internet, network->description, network->asked_ns, error);
    emulator->adding = NULL;
    if (!network->network) {
        free_network(network);
        return FALSE;
    }
    g_hash_table_insert(emulator->by_network, network->network, network);
    g_ptr_array_add(emulator->networks, network);
    push_request(network, NULL);
    vcb_hosts_create(emulator->hosts, network->tag, network->description);
    return TRUE;
}

static void on_created(VcbEmulatedNetwork *network, VcbHostsReply *reply)
{
    VcbEmulator *emulator = network->emulator;
    cJSON *message, *names;
    gint64 now_ns;

    if (reply->problem) { /* nothing of it is left with the host maker */
        vcb_emulator_say_error(emulator, network->description->name, reply->problem);
        remove_from_internet(network);
        forget(network);
        return;
    }
    network->state = VCB_EMULATED_RUNNING;
    vcb_emulated_open_ports(network, reply->ports, reply->n_ports);
    now_ns = vcb_now_ns();
    message = vcb_message_of_network("created", now_ns, network);
    names = cJSON_AddArrayToObject(message, "hosts");
    for (guint i = 0; i < network->description->n_hosts; i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(network->description->hosts[i].name));
    vcb_json_add_int(message, "took_us", (now_ns - network->asked_ns) / 1000);
    emulator->callbacks.say(message, reply->namespace_fds, reply->n_hosts, emulator->user_data);
    cJSON_Delete(message);
    if (network->remove_when_made || emulator->is_stopping) {
        network->asked_ns = now_ns;
        remove_network(network);
    }
}

static void on_removed(VcbEmulatedNetwork *network)
{
    cJSON *message = vcb_message_of_network("removed", vcb_now_ns(), network);

    vcb_json_add_int(message, "took_us", (vcb_now_ns() - network->asked_ns) / 1000);
    vcb_emulator_say(network->emulator, message);
    forget(network);
}

/* --- changes --- */

static cJSON *new_change(VcbEmulatedNetwork *network, gint64 planned_ns)
{
    cJSON *message = vcb_message_of_network("change", vcb_now_ns(), network);

    if (planned_ns != VCB_NEVER_NS)
        vcb_json_add_int(message, "planned_us", planned_ns / 1000);
    return message;
}

void vcb_emulated_say_changed_link(VcbEmulatedNetwork *network, const char *router, const char *direction,
                                   const cJSON *set, gint64 planned_ns)
{
    cJSON *message = new_change(network, planned_ns);

    cJSON_AddStringToObject(message, "router", router);
    cJSON_AddStringToObject(message, "direction", direction);
    cJSON_AddItemToObject(message, "set", cJSON_Duplicate(set, TRUE));
    vcb_emulator_say(network->emulator, message);
}

void vcb_emulated_ask_for_interface(VcbEmulatedNetwork *network, const char *host, const char *down,
                                    const char *up, gint64 planned_ns)
{
    cJSON *message = new_change(network, planned_ns);

    cJSON_AddStringToObject(message, "host", host);
    vcb_json_add_string(message, "down", down);
    vcb_json_add_string(message, "up", up);
    push_request(network, message);
    vcb_hosts_set_interface(network->emulator->hosts, network->tag, host, down, up);
}

static void set_interface(VcbEmulatedNetwork *network, const char *host, const char *name, gboolean up)
{
    VcbInterface *interface = name ? vcb_network_interface(network->network, host, name) : NULL;

    if (interface)
        vcb_interface_set_up(interface, up);
}

static void on_changed(VcbEmulatedNetwork *network, cJSON *change, const char *problem)
{
    const char *host = vcb_json_string(change, "host", NULL);

    if (network->state != VCB_EMULATED_RUNNING)
        return;
    vcb_emulated_listen(network);
    if (problem) {
        set_interface(network, host, vcb_json_string(change, "up", NULL), FALSE);
        set_interface(network, host, vcb_json_string(change, "down", NULL), TRUE);
        vcb_emulator_say_error(network->emulator, network->description->name, problem);
        return;
    }
    cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(change, "t_us"), (double)(vcb_now_ns() / 1000));
    vcb_emulator_say(network->emulator, cJSON_Duplicate(change, TRUE));
}

/* --- the host maker --- */

static void on_reply(VcbEmulator *emulator, VcbHostsReply *reply)
{
    VcbHostsRequest *request = g_queue_pop_head(&emulator->requests);
    VcbEmulatedNetwork *network;

    g_assert(request && request->network->tag == reply->tag);
    network = request->network;
    switch (reply->type) {
    case VCB_HOSTS_CREATED:
        on_created(network, reply);
        break;
    case VCB_HOSTS_CHANGED:
        on_changed(network, request->change, reply->problem);
        break;
    case VCB_HOSTS_COUNTED:
        if (!reply->problem)
            network->tx_dropped = MAX(network->tx_dropped, reply->tx_dropped);
        break;
    case VCB_HOSTS_REMOVED:
        on_removed(network);
        break;
    }
    free_request(request);
}

static void on_hosts_ready(guint32 events, void *user_data)
{
    VcbEmulator *emulator = user_data;
    g_autoptr(GError) error = NULL;
    VcbHostsReply reply;

    for (guint i = 0; i < MOST_REPLIES && vcb_hosts_read(emulator->hosts, &reply, &error); i++) {
        on_reply(emulator, &reply);
        vcb_hosts_reply_clear(&reply);
        vcb_loop_let_due_go(emulator->loop);
    }
    if (error) {
        vcb_loop_unwatch(emulator->loop, g_steal_pointer(&emulator->hosts_watch));
        emulator->callbacks.failed(error->message, emulator->user_data);
    }
}

/* --- commands --- */

static gboolean start_network(VcbEmulatedNetwork *network, const cJSON *command, GError **error)
{
    gint64 origin_us = vcb_json_int(command, "origin_us", -1);

    if (origin_us < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "origin_us: microseconds of CLOCK_MONOTONIC are wanted");
        return FALSE;
    }
    /* Slots of loss by time are gone through from there on, one by one. */
    if (origin_us < network->asked_ns / 1000 || origin_us > vcb_now_ns() / 1000 + FARTHEST_ORIGIN_US) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "origin_us: it lies before the network was asked for, or more than a day ahead");
        return FALSE;
    }
    if (network->has_started) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "it has started already");
        return FALSE;
    }
    vcb_network_start(network->network, origin_us * 1000);
    network->has_started = TRUE;
    if (!network->emulator->n_started++)
        network->emulator->next_beat_ns = vcb_now_ns() + BEAT_NS;
    return TRUE;
}

static gboolean change_network(VcbEmulatedNetwork *network, const cJSON *command, GError **error)
{
    const cJSON *set = vcb_json_object(command, "set");
    const char *router = vcb_json_string(command, "router", NULL),
               *direction = vcb_json_string(command, "direction", "both");

    if (!set || !router) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s is wanted",
                    router ? "set: an object" : "router: a name");
        return FALSE;
    }
    if (!vcb_network_change(network->network, router, direction, set, vcb_now_ns(), error))
        return FALSE;
    vcb_emulated_say_changed_link(network, router, direction, set, VCB_NEVER_NS);
    return TRUE;
}

static gboolean has_interface(VcbEmulatedNetwork *network, const char *host, const char *name, GError **error)
{
    if (!name || vcb_network_interface(network->network, host, name))
        return TRUE;
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "host \"%s\" has no interface \"%s\"", host, name);
    return FALSE;
}

static gboolean change_host(VcbEmulatedNetwork *network, const cJSON *command, GError **error)
{
    const char *host = vcb_json_string(command, "host", NULL), *down = vcb_json_string(command, "down", NULL),
               *up = vcb_json_string(command, "up", NULL);

    if (!host || (!down && !up)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s is wanted",
                    host ? "down or up: an interface's name" : "host: a name");
        return FALSE;
    }
    if (!has_interface(network, host, down, error) || !has_interface(network, host, up, error))
        return FALSE;
    set_interface(network, host, down, FALSE);
    set_interface(network, host, up, TRUE);
    vcb_emulated_ask_for_interface(network, host, down, up, VCB_NEVER_NS);
    return TRUE;
}

static gboolean ask_to_remove(VcbEmulatedNetwork *network, const cJSON *command, GError **error)
{
    if (network->state == VCB_EMULATED_MAKING) {
        network->remove_when_made = TRUE;
        return TRUE;
    }
    network->asked_ns = vcb_now_ns();
    remove_network(network);
    return TRUE;
}

static const struct {
    const char *type;
    gboolean (*obey)(VcbEmulatedNetwork *network, const cJSON *command, GError **error);
    gboolean may_be_making;
} COMMANDS[] = {
    {"start", start_network, FALSE},
    {"change", change_network, FALSE},
    {"interface", change_host, FALSE},
    {"remove", ask_to_remove, TRUE},
};

static gboolean obey_about_network(VcbEmulator *emulator, const cJSON *command, guint i, GError **error)
{
    const char *name = vcb_json_string(command, "network", NULL);
    VcbEmulatedNetwork *network = name ? vcb_emulated_find(emulator, name) : NULL;

    if (!network || network->state == VCB_EMULATED_REMOVING) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "there is no network \"%s\"", name ? name : "");
        return FALSE;
    }
    if (network->state == VCB_EMULATED_MAKING && !COMMANDS[i].may_be_making) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "network \"%s\" is still being made", name);
        return FALSE;
    }
    return COMMANDS[i].obey(network, command, error);
}

gboolean vcb_emulator_obey(VcbEmulator *emulator, const cJSON *command, GError **error)
{
    const char *type = vcb_json_string(command, "type", "");

    if (emulator->is_stopping) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: the emulator is ending", type);
        return FALSE;
    }
    if (strcmp(type, "create") == 0) {
        if (create_network(emulator, command, error))
            return TRUE;
        g_prefix_error(error, "create: ");
        return FALSE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(COMMANDS); i++)
        if (strcmp(type, COMMANDS[i].type) == 0) {
            if (obey_about_network(emulator, command, i, error))
                return TRUE;
            g_prefix_error(error, "%s: ", type);
            return FALSE;
        }
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                "\"%s\" is not a command; create, start, change, interface and remove are", type);
    return FALSE;
}

/* --- the loop's tasks --- */

gint64 vcb_emulator_next_ns(const VcbEmulator *emulator)
{
    gint64 next_ns = vcb_internet_next_ns(emulator->internet);

    return MIN(next_ns, MIN(emulator->next_tick_ns, emulator->next_beat_ns));
}

/* Each beat that is due counts, also where many have come together. */
static void beat(VcbEmulator *emulator, gint64 now_ns)
{
    for (guint i = 0; i < MOST_BEATS && emulator->next_beat_ns <= now_ns; i++) {
        vcb_audit_late(&emulator->audit, now_ns - emulator->next_beat_ns);
        emulator->next_beat_ns += BEAT_NS;
    }
    if (emulator->next_beat_ns <= now_ns)
        emulator->next_beat_ns = now_ns + BEAT_NS;
}

void vcb_emulator_advance(VcbEmulator *emulator, gint64 now_ns)
{
    beat(emulator, now_ns);
    if (vcb_internet_next_ns(emulator->internet) <= now_ns)
        vcb_internet_advance(emulator->internet, now_ns);
    if (emulator->next_tick_ns <= now_ns) {
        emulator->tick++;
        emulator->next_tick_ns += TICK_NS * (1 + (now_ns - emulator->next_tick_ns) / TICK_NS);
    }
}

gboolean vcb_emulator_work(VcbEmulator *emulator)
{
    gboolean has_more = vcb_emulator_report_slice(emulator);
    g_autofree char *problem = emulator->capture ? vcb_capture_take_problem(emulator->capture) : NULL;

    if (problem)
        vcb_emulator_say_error(emulator, NULL, problem);
    return has_more;
}

/* --- its own life --- */

VcbEmulator *vcb_emulator_new(VcbLoop *loop, VcbHosts *hosts, VcbCapture *capture,
                              const VcbEmulatorCallbacks *callbacks, void *user_data)
{
    VcbEmulator *emulator = g_new0(VcbEmulator, 1);
    VcbAuditClocks now = vcb_audit_clocks_now();

    emulator->loop = loop;
    emulator->hosts = hosts;
    emulator->capture = capture;
    emulator->callbacks = *callbacks;
    emulator->user_data = user_data;
    emulator->networks = g_ptr_array_new_with_free_func(free_network);
    emulator->by_network = g_hash_table_new(NULL, NULL);
    emulator->next_tick_ns = now.monotonic_ns + TICK_NS;
    emulator->next_beat_ns = VCB_NEVER_NS;
    g_queue_init(&emulator->requests);
    vcb_audit_init(&emulator->audit, &now);
    emulator->internet = vcb_internet_new(&vcb_emulator_internet_events, emulator);
    emulator->hosts_watch = vcb_loop_watch(loop, vcb_hosts_fd(hosts), EPOLLIN, on_hosts_ready, emulator);
    return emulator;
}

void vcb_emulator_free(VcbEmulator *emulator)
{
    if (!emulator)
        return;
    for (guint i = 0; i < emulator->networks->len; i++) {
        VcbEmulatedNetwork *network = emulator->networks->pdata[i];

        if (network->network)
            remove_from_internet(network);
    }
    vcb_loop_unwatch(emulator->loop, emulator->hosts_watch);
    vcb_internet_free(emulator->internet, vcb_now_ns());
    g_ptr_array_unref(emulator->networks);
    g_hash_table_unref(emulator->by_network);
    g_queue_clear_full(&emulator->requests, free_request);
    vcb_audit_clear(&emulator->audit);
    g_free(emulator);
}

void vcb_emulator_stop(VcbEmulator *emulator)
{
    if (emulator->is_stopping)
        return;
    emulator->is_stopping = TRUE;
    for (guint i = 0; i < emulator->networks->len; i++) {
        VcbEmulatedNetwork *network = emulator->networks->pdata[i];

        if (network->state == VCB_EMULATED_RUNNING) {
            network->asked_ns = vcb_now_ns();
            remove_network(network);
        }
    }
    if (!emulator->networks->len)
        emulator->callbacks.stopped(emulator->user_data);
}
