#include "network/internet/tree.h"

#include "common/error.h"

#include <string.h>

enum { MOMENT_OF_LINK, MOMENT_OF_NETWORK };

VcbInternet *vcb_internet_new(const VcbInternetEvents *events, void *user_data)
{
    VcbInternet *internet = g_new0(VcbInternet, 1);

    g_assert(events->output);
    internet->events = *events;
    internet->user_data = user_data;
    internet->networks = g_hash_table_new(g_str_hash, g_str_equal);
    internet->root = vcb_tree_root_new(internet);
    return internet;
}

void vcb_internet_free(VcbInternet *internet, gint64 now_ns)
{
    GHashTableIter iter;
    gpointer network;

    if (!internet)
        return;
    while (g_hash_table_iter_init(&iter, internet->networks), g_hash_table_iter_next(&iter, NULL, &network))
        vcb_internet_remove(internet, network, now_ns);
    g_hash_table_unref(internet->networks);
    g_hash_table_unref(internet->v6);
    vcb_tree_router_free(internet->root);
    vcb_heap_clear(&internet->heap);
    g_free(internet->arrivals);
    g_free(internet);
}

/* Time. What happens, happens in the order of ideal moments, each link only so far, so that what two links feed into a third
 * comes there in its order however late the caller is. */

static void replan_network(VcbNetwork *network)
{
    gint64 at_ns = VCB_NEVER_NS;

    if (network->origin_ns != VCB_NEVER_NS && network->next_change < network->n_timeline)
        at_ns = network->origin_ns + network->timeline[network->next_change].at_ns;
    vcb_heap_set(&network->internet->heap, &network->moment, at_ns);
}

static gboolean change_one(Place *place, const cJSON *set, GError **error)
{
    VcbInternet *internet = place->router->internet;
    VcbLinkSettings settings;
    gboolean fits;

    vcb_link_settings_copy(&settings, vcb_link_settings(place->place.link));
    fits = vcb_link_settings_apply(&settings, set, "set", error);
    if (fits) {
        vcb_link_change(place->place.link, &settings, internet->ideal_ns);
        vcb_forward_replan(place);
    }
    vcb_link_settings_clear(&settings);
    return fits;
}

static gboolean change(VcbNetwork *network, const char *router_name, const char *direction, const cJSON *set,
                       GError **error)
{
    Router *router = vcb_tree_find_router(network, router_name);
    gboolean is_up = strcmp(direction, "down") != 0, is_down = strcmp(direction, "up") != 0;

    if (!router) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "router \"%s\": there is none in \"%s\"", router_name,
                    network->name);
        return FALSE;
    }
    if (is_up && is_down && strcmp(direction, "both") != 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "direction: \"%s\" is none of up, down, both",
                    direction);
        return FALSE;
    }
    /* What fits one direction fits the other, so a failure leaves both as they were. */
    return (!is_up || change_one(&router->places[UP], set, error)) &&
           (!is_down || change_one(&router->places[DOWN], set, error));
}

static void run_change(VcbNetwork *network)
{
    VcbInternet *internet = network->internet;
    const VcbNetworkChange *due = &network->timeline[network->next_change++];
    gint64 planned_ns = network->origin_ns + due->at_ns;

    if (due->router) {
        g_autoptr(GError) error = NULL;

        /* Names and fields were checked when the network was made. */
        if (!change(network, due->router, due->direction, due->set, &error))
            g_error("a checked change failed: %s", error->message);
    } else {
        if (due->down)
            vcb_tree_find_interface(network, due->host, due->down)->up = FALSE;
        if (due->up)
            vcb_tree_find_interface(network, due->host, due->up)->up = TRUE;
    }
    replan_network(network);
    if (internet->events.changed)
        internet->events.changed(network, due, planned_ns, internet->now_ns, internet->user_data);
}

static void run_until(VcbInternet *internet, gint64 now_ns)
{
    VcbMoment *moment;

    internet->now_ns = MAX(internet->now_ns, now_ns);
    while ((moment = vcb_heap_first(&internet->heap)) && moment->at_ns <= now_ns) {
        internet->ideal_ns = MAX(internet->ideal_ns, moment->at_ns);
        if (moment->kind == MOMENT_OF_NETWORK) {
            run_change(moment->owner);
        } else {
            Place *place = moment->owner;

            vcb_link_advance(place->place.link, internet->ideal_ns);
            vcb_forward_replan(place);
        }
        vcb_forward_arrivals(internet);
    }
    internet->ideal_ns = MAX(internet->ideal_ns, now_ns);
}

void vcb_internet_input(VcbInternet *internet, VcbInterface *interface, VcbPacket *packet, gint64 now_ns)
{
    run_until(internet, now_ns);
    packet->came_ns = packet->due_ns = internet->ideal_ns;
    vcb_forward_input(interface, packet);
    vcb_forward_arrivals(internet);
}

gint64 vcb_internet_next_ns(const VcbInternet *internet)
{
    const VcbMoment *moment = vcb_heap_first(&internet->heap);

    return moment ? moment->at_ns : VCB_NEVER_NS;
}

void vcb_internet_advance(VcbInternet *internet, gint64 now_ns)
{
    run_until(internet, now_ns);
}

/* Networks. */

static void add_link(Router *router, Direction direction, const VcbLinkSettings *settings)
{
    VcbInternet *internet = router->internet;
    Place *place = &router->places[direction];
    g_autofree char *purpose = NULL;

    place->router = router;
    place->direction = direction;
    place->place.network = router->network;
    place->place.router = router->name;
    place->place.direction = direction == UP ? "up" : "down";
    purpose = g_strdup_printf("%s/%s", router->name, place->place.direction);
    place->place.link =
        vcb_link_new(settings, router->network->seed, purpose, VCB_NEVER_NS, &vcb_forward_link_events, place);
    place->moment = (VcbMoment){
        .at_ns = VCB_NEVER_NS, .rank = internet->next_rank++, .owner = place, .kind = MOMENT_OF_LINK};
    if (internet->events.link_added)
        internet->events.link_added(&place->place, internet->user_data);
}

VcbNetwork *vcb_internet_add(VcbInternet *internet, const VcbNetworkDescription *description, gint64 now_ns,
                             GError **error)
{
    VcbNetwork *network;

    if (g_hash_table_contains(internet->networks, description->name)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "network \"%s\": the name is taken",
                    description->name);
        return NULL;
    }
    network = vcb_tree_build(internet, description, error);
    if (!network)
        return NULL;
    run_until(internet, now_ns);
    g_hash_table_insert(internet->networks, network->name, network);
    /* Its rank goes before those of its links: a change meets the packets of its own moment. */
    network->moment = (VcbMoment){
        .at_ns = VCB_NEVER_NS, .rank = internet->next_rank++, .owner = network, .kind = MOMENT_OF_NETWORK};
    for (guint i = 0; i < network->routers->len; i++) {
        Router *router = g_ptr_array_index(network->routers, i);

        add_link(router, UP, &description->routers[i].up);
        add_link(router, DOWN, &description->routers[i].down);
        internet->n_direct += router->is_direct != 0;
    }
    return network;
}

static void remove_link(Place *place, gint64 now_ns)
{
    VcbInternet *internet = place->router->internet;

    vcb_heap_set(&internet->heap, &place->moment, VCB_NEVER_NS);
    vcb_link_free(place->place.link, now_ns);
    place->place.link = NULL;
    if (internet->events.link_removed)
        internet->events.link_removed(&place->place, internet->user_data);
}

void vcb_internet_remove(VcbInternet *internet, VcbNetwork *network, gint64 now_ns)
{
    run_until(internet, now_ns);
    for (guint i = 0; i < network->routers->len; i++) {
        Router *router = g_ptr_array_index(network->routers, i);

        remove_link(&router->places[UP], internet->ideal_ns);
        remove_link(&router->places[DOWN], internet->ideal_ns);
        internet->n_direct -= router->is_direct != 0;
    }
    vcb_heap_set(&internet->heap, &network->moment, VCB_NEVER_NS);
    g_hash_table_remove(internet->networks, network->name);
    vcb_tree_destroy(network);
}

VcbNetwork *vcb_internet_find(VcbInternet *internet, const char *name)
{
    return g_hash_table_lookup(internet->networks, name);
}

const char *vcb_network_name(const VcbNetwork *network)
{
    return network->name;
}

const char *vcb_network_call(const VcbNetwork *network)
{
    return network->call;
}

void vcb_network_start(VcbNetwork *network, gint64 origin_ns)
{
    network->origin_ns = origin_ns;
    for (guint i = 0; i < network->routers->len; i++) {
        Router *router = g_ptr_array_index(network->routers, i);

        for (Direction direction = UP; direction <= DOWN; direction++) {
            vcb_link_set_origin(router->places[direction].place.link, origin_ns);
            vcb_forward_replan(&router->places[direction]);
        }
    }
    replan_network(network);
}

VcbInterface *vcb_network_interface(VcbNetwork *network, const char *host, const char *interface)
{
    return vcb_tree_find_interface(network, host, interface);
}

void vcb_interface_set_user_data(VcbInterface *interface, void *user_data)
{
    interface->user_data = user_data;
}

void *vcb_interface_user_data(const VcbInterface *interface)
{
    return interface->user_data;
}

void vcb_interface_set_up(VcbInterface *interface, gboolean up)
{
    interface->up = up;
}

gboolean vcb_network_change(VcbNetwork *network, const char *router, const char *direction, const cJSON *set,
                            gint64 now_ns, GError **error)
{
    run_until(network->internet, now_ns);
    return change(network, router, direction, set, error);
}

void vcb_network_foreach_link(VcbNetwork *network, void (*visit)(VcbLinkPlace *place, void *user_data),
                              void *user_data)
{
    for (guint i = 0; i < network->routers->len; i++) {
        Router *router = g_ptr_array_index(network->routers, i);

        visit(&router->places[UP].place, user_data);
        visit(&router->places[DOWN].place, user_data);
    }
}

void vcb_network_foreach_router(VcbNetwork *network,
                                void (*visit)(VcbNetwork *network, const char *router, const guint64 *dropped,
                                              guint mappings, void *user_data),
                                void *user_data)
{
    VcbInternet *internet = network->internet;

    for (guint i = 0; i < network->routers->len; i++) {
        const Router *router = g_ptr_array_index(network->routers, i);
        guint mappings = router->nat ? vcb_nat_mappings(router->nat, internet->ideal_ns) : 0;

        visit(network, router->name, router->dropped, mappings, user_data);
    }
    visit(network, internet->root->name, network->dropped_at_root, 0, user_data);
}
