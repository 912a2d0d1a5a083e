/* The internet tells what happens to packets: counted, captured, and for new NAT mappings told to vcbench. */
#include "network/emulator/emulated.h"

#include <string.h>

#define MOST_MAPPINGS_TOLD 100

static VcbEmulatedNetwork *network_of(VcbEmulator *emulator, VcbNetwork *network)
{
    return emulator->adding ? emulator->adding : g_hash_table_lookup(emulator->by_network, network);
}

static void on_link_added(VcbLinkPlace *place, void *user_data)
{
    VcbEmulator *emulator = user_data;
    VcbEmulatedNetwork *network = network_of(emulator, place->network);
    VcbLinkObserver *observer = vcb_link_observer_new(place);

    place->observer = observer;
    g_ptr_array_add(network->links, observer);
}

/* Its last packets are accounted for: the last report. */
static void on_link_removed(VcbLinkPlace *place, void *user_data)
{
    VcbEmulator *emulator = user_data;
    VcbEmulatedNetwork *network = network_of(emulator, place->network);

    if (network->state != VCB_EMULATED_MAKING)
        vcb_emulated_report_link(network, place->observer, vcb_now_ns(), TRUE);
    g_ptr_array_remove(network->links, place->observer);
    place->observer = NULL;
}

static void on_came(VcbLinkPlace *place, VcbPacket *packet, gint64 now_ns, void *user_data)
{
    vcb_link_observer_came(place->observer, packet);
}

/* The capture's interfaces are made with their first packet, so that a file names only what it has. */
static void capture_on_link(VcbEmulator *emulator, VcbLinkPlace *place, const VcbPacket *packet, VcbFate fate)
{
    VcbLinkObserver *observer = place->observer;

    if (!observer->capture_interface) {
        g_autofree char *name =
            g_strdup_printf("%s/%s/%s", vcb_network_name(place->network), place->router, place->direction);

        observer->capture_interface = vcb_capture_add_interface(emulator->capture, name) + 1;
    }
    vcb_capture_packet(emulator->capture, observer->capture_interface - 1, packet, fate, vcb_now_ns());
}

static void on_fate(VcbLinkPlace *place, const VcbPacket *packet, VcbFate fate, gint64 now_ns,
                    void *user_data)
{
    VcbEmulator *emulator = user_data;

    vcb_link_observer_fate(place->observer, packet, fate);
    if (emulator->capture)
        capture_on_link(emulator, place, packet, fate);
}

static void on_router_dropped(VcbNetwork *internet_network, const char *router, const VcbPacket *packet,
                              VcbFate fate, gint64 now_ns, void *user_data)
{
    VcbEmulator *emulator = user_data;
    VcbEmulatedNetwork *network;
    guint interface;

    if (!emulator->capture)
        return;
    network = network_of(emulator, internet_network);
    if (!network->capture_routers)
        network->capture_routers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    interface = GPOINTER_TO_UINT(g_hash_table_lookup(network->capture_routers, router));
    if (!interface) {
        g_autofree char *name = g_strdup_printf("%s/%s/dropped", vcb_network_name(internet_network), router);

        interface = vcb_capture_add_interface(emulator->capture, name) + 1;
        g_hash_table_insert(network->capture_routers, g_strdup(router), GUINT_TO_POINTER(interface));
    }
    vcb_capture_packet(emulator->capture, interface - 1, packet, fate, vcb_now_ns());
}

static void on_mapping_made(VcbNetwork *internet_network, const char *router, const char *protocol,
                            const char *internal, const char *external, void *user_data)
{
    VcbEmulator *emulator = user_data;
    VcbEmulatedNetwork *network = network_of(emulator, internet_network);
    cJSON *message;

    if (network->mappings_told++ >= MOST_MAPPINGS_TOLD)
        return;
    message = vcb_message_of_network("nat-mapping", vcb_now_ns(), network);
    cJSON_AddStringToObject(message, "router", router);
    cJSON_AddStringToObject(message, "protocol", protocol);
    cJSON_AddStringToObject(message, "internal", internal);
    cJSON_AddStringToObject(message, "external", external);
    vcb_emulator_say(emulator, message);
}

/* The timeline: the internet has done its part, the host maker does the rest. */
static void on_timeline(VcbNetwork *internet_network, const VcbNetworkChange *change, gint64 planned_ns,
                        gint64 now_ns, void *user_data)
{
    VcbEmulatedNetwork *network = network_of(user_data, internet_network);

    if (change->host)
        vcb_emulated_ask_for_interface(network, change->host, change->down, change->up, planned_ns);
    else
        vcb_emulated_say_changed_link(network, change->router, change->direction, change->set, planned_ns);
}

const VcbInternetEvents vcb_emulator_internet_events = {
    .output = vcb_port_output,
    .link_added = on_link_added,
    .link_removed = on_link_removed,
    .came = on_came,
    .fate = on_fate,
    .router_dropped = on_router_dropped,
    .mapping_made = on_mapping_made,
    .changed = on_timeline,
};
