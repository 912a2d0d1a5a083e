/* Networks from their descriptions: routers, realms, interfaces, and whose an address is. */
#include "network/internet/tree.h"

#include "common/error.h"

#include <arpa/inet.h>
#include <string.h>

static guint hash_address(gconstpointer key)
{
    const VcbAddress *address = key;
    guint64 words[2];

    memcpy(words, address->bytes, sizeof words);
    words[0] = (words[0] ^ words[1] * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15)) *
               G_GUINT64_CONSTANT(0xff51afd7ed558ccd);
    return (guint)(words[0] ^ (words[0] >> 32));
}

static gboolean equal_address(gconstpointer a, gconstpointer b)
{
    return memcmp(((const VcbAddress *)a)->bytes, ((const VcbAddress *)b)->bytes, 16) == 0;
}

static gpointer v4_key(const guint8 *address)
{
    guint32 word;

    memcpy(&word, address, sizeof word);
    return GUINT_TO_POINTER(word);
}

const Target *vcb_tree_lookup_v4(const Realm *realm, const guint8 *address)
{
    return g_hash_table_lookup(realm->targets, v4_key(address));
}

const Target *vcb_tree_lookup_v6(const VcbInternet *internet, const guint8 *address)
{
    VcbAddress key = {.is_v6 = TRUE};

    memcpy(key.bytes, address, sizeof key.bytes);
    return g_hash_table_lookup(internet->v6, &key);
}

static Realm *realm_new(Realm *outer)
{
    Realm *realm = g_new0(Realm, 1);

    realm->targets = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    realm->outer = outer;
    return realm;
}

Router *vcb_tree_root_new(VcbInternet *internet)
{
    Router *root = g_new0(Router, 1);

    root->internet = internet;
    root->name = g_strdup("internet");
    root->errors_ns = G_MININT64;
    root->path = g_new(Router *, 1);
    root->path[0] = root;
    root->realm = realm_new(NULL);
    internet->v6 = g_hash_table_new_full(hash_address, equal_address, NULL, g_free);
    return root;
}

void vcb_tree_router_free(Router *router)
{
    if (!router)
        return;
    if (router->realm && (!router->parent || router->realm != router->parent->realm)) {
        g_hash_table_unref(router->realm->targets);
        g_free(router->realm);
    }
    vcb_nat_free(router->nat);
    vcb_firewall_free(router->firewall);
    g_free(router->path);
    g_free(router->name);
    g_free(router);
}

static void interface_free(VcbInterface *interface)
{
    g_free(interface->host);
    g_free(interface->name);
    g_free(interface->addresses);
    g_free(interface);
}

static gboolean fail(GError **error, const char *kind, const char *name, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static gboolean fail(GError **error, const char *kind, const char *name, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s \"%s\": %s", kind, name, text);
    return FALSE;
}

/* An address becomes a target's, unless it is somebody's already. */
static gboolean claim(const VcbAddress *address, Realm *realm, Router *router, VcbInterface *interface,
                      const char *kind, const char *name, GError **error)
{
    VcbInternet *internet = router->internet;
    Target *target;
    const Target *present = address->is_v6 ? vcb_tree_lookup_v6(internet, address->bytes)
                                           : vcb_tree_lookup_v4(realm, address->bytes);

    if (present) {
        char text[INET6_ADDRSTRLEN];

        inet_ntop(address->is_v6 ? AF_INET6 : AF_INET, address->bytes, text, sizeof text);
        return fail(error, kind, name, "the address %s is taken by %s \"%s\"", text,
                    present->interface ? "host" : "the NAT of router",
                    present->interface ? present->interface->host : present->router->name);
    }
    target = g_new0(Target, 1);
    *target = (Target){.address = *address, .router = router, .interface = interface};
    if (address->is_v6)
        g_hash_table_insert(internet->v6, &target->address, target);
    else
        g_hash_table_insert(realm->targets, v4_key(address->bytes), target);
    return TRUE;
}

/* Only what is this router's: a build that failed may have met somebody else's address. */
static void release(const VcbAddress *address, Realm *realm, const Router *router,
                    const VcbInterface *interface)
{
    const Target *target = address->is_v6 ? vcb_tree_lookup_v6(router->internet, address->bytes)
                                          : vcb_tree_lookup_v4(realm, address->bytes);

    if (!target || target->router != router || target->interface != interface)
        return;
    if (address->is_v6)
        g_hash_table_remove(router->internet->v6, address);
    else
        g_hash_table_remove(realm->targets, v4_key(address->bytes));
}

Router *vcb_tree_find_router(const VcbNetwork *network, const char *name)
{
    for (guint i = 0; i < network->routers->len; i++) {
        Router *router = g_ptr_array_index(network->routers, i);

        if (strcmp(router->name, name) == 0)
            return router;
    }
    return NULL;
}

VcbInterface *vcb_tree_find_interface(const VcbNetwork *network, const char *host, const char *name)
{
    for (guint i = 0; i < network->interfaces->len; i++) {
        VcbInterface *interface = g_ptr_array_index(network->interfaces, i);

        if (strcmp(interface->host, host) == 0 && strcmp(interface->name, name) == 0)
            return interface;
    }
    return NULL;
}

static Router *find_parent(const VcbNetwork *network, const char *name)
{
    return strcmp(name, "internet") == 0 ? network->internet->root : vcb_tree_find_router(network, name);
}

static void tell_mapping(guint8 protocol, const guint8 *internal, guint16 internal_port,
                         const guint8 *external, guint16 external_port, void *user_data)
{
    Router *router = user_data;
    VcbInternet *internet = router->internet;
    char from[INET_ADDRSTRLEN + 6], to[INET_ADDRSTRLEN + 6];

    if (!internet->events.mapping_made)
        return;
    g_snprintf(from, sizeof from, "%u.%u.%u.%u:%u", internal[0], internal[1], internal[2], internal[3],
               internal_port);
    g_snprintf(to, sizeof to, "%u.%u.%u.%u:%u", external[0], external[1], external[2], external[3],
               external_port);
    internet->events.mapping_made(router->network, router->name,
                                  protocol == VCB_IP_UDP   ? "udp"
                                  : protocol == VCB_IP_TCP ? "tcp"
                                                           : "icmp",
                                  from, to, internet->user_data);
}

static gboolean add_router(VcbNetwork *network, const VcbRouterDescription *description, GError **error)
{
    Router *parent = find_parent(network, description->parent), *router;

    if (vcb_tree_find_router(network, description->name))
        return fail(error, "router", description->name, "the name is given twice");
    if (!parent)
        return fail(error, "router", description->name, "its parent \"%s\" is no router before it",
                    description->parent);
    router = g_new0(Router, 1);
    g_ptr_array_add(network->routers, router);
    router->internet = network->internet;
    router->network = network;
    router->name = g_strdup(description->name);
    router->parent = parent;
    router->errors_ns = G_MININT64;
    router->depth = parent->depth + 1;
    router->path = g_new(Router *, router->depth + 1);
    memcpy(router->path, parent->path, (parent->depth + 1) * sizeof *router->path);
    router->path[router->depth] = router;
    router->realm = description->nat ? realm_new(parent->realm) : parent->realm;
    router->is_direct = description->is_direct;
    if (description->firewall)
        router->firewall = vcb_firewall_new(description->firewall);
    if (!description->nat)
        return TRUE;
    router->nat = vcb_nat_new(description->nat, network->seed, description->name, tell_mapping, router);
    for (guint i = 0; i < description->nat->n_external; i++) {
        if (!claim(&description->nat->external[i], parent->realm, router, NULL, "router", router->name,
                   error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_interface(VcbNetwork *network, const char *host,
                              const VcbInterfaceDescription *description, GError **error)
{
    Router *router = find_parent(network, description->router);
    VcbInterface *interface;

    if (!router)
        return fail(error, "host", host, "the router \"%s\" of its interface %s does not exist",
                    description->router, description->name);
    interface = g_new0(VcbInterface, 1);
    g_ptr_array_add(network->interfaces, interface);
    interface->network = network;
    interface->router = router;
    interface->host = g_strdup(host);
    interface->name = g_strdup(description->name);
    interface->addresses =
        g_memdup2(description->addresses, description->n_addresses * sizeof *interface->addresses);
    interface->n_addresses = description->n_addresses;
    interface->up = description->up;
    for (guint i = 0; i < interface->n_addresses; i++) {
        if (!claim(&interface->addresses[i].address, router->realm, router, interface, "host", host, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean add_host(VcbNetwork *network, const VcbHostDescription *host, GError **error)
{
    for (guint i = 0; i < network->interfaces->len; i++) {
        const VcbInterface *interface = g_ptr_array_index(network->interfaces, i);

        if (strcmp(interface->host, host->name) == 0)
            return fail(error, "host", host->name, "the name is given twice");
    }
    for (guint i = 0; i < host->n_interfaces; i++) {
        if (!add_interface(network, host->name, &host->interfaces[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_change(const VcbNetwork *network, const VcbNetworkChange *change, GError **error)
{
    if (change->router)
        return vcb_tree_find_router(network, change->router) ||
               fail(error, "router", change->router, "the timeline names it, but it does not exist");
    if (change->down && !vcb_tree_find_interface(network, change->host, change->down))
        return fail(error, "host", change->host, "the timeline names its interface %s, which does not exist",
                    change->down);
    if (change->up && !vcb_tree_find_interface(network, change->host, change->up))
        return fail(error, "host", change->host, "the timeline names its interface %s, which does not exist",
                    change->up);
    return TRUE;
}

static gboolean add_timeline(VcbNetwork *network, const VcbNetworkDescription *description, GError **error)
{
    network->timeline = g_new0(VcbNetworkChange, MAX(description->n_timeline, 1));
    for (guint i = 0; i < description->n_timeline; i++) {
        const VcbNetworkChange *from = &description->timeline[i];

        if (!check_change(network, from, error))
            return FALSE;
        network->timeline[network->n_timeline++] = (VcbNetworkChange){
            .at_ns = from->at_ns,
            .router = g_strdup(from->router),
            .direction = g_strdup(from->direction),
            .set = from->set ? cJSON_Duplicate(from->set, TRUE) : NULL,
            .host = g_strdup(from->host),
            .down = g_strdup(from->down),
            .up = g_strdup(from->up),
        };
    }
    return TRUE;
}

static gboolean build(VcbNetwork *network, const VcbNetworkDescription *description, GError **error)
{
    for (guint i = 0; i < description->n_routers; i++) {
        if (!add_router(network, &description->routers[i], error))
            return FALSE;
    }
    for (guint i = 0; i < description->n_hosts; i++) {
        if (!add_host(network, &description->hosts[i], error))
            return FALSE;
    }
    return add_timeline(network, description, error);
}

VcbNetwork *vcb_tree_build(VcbInternet *internet, const VcbNetworkDescription *description, GError **error)
{
    VcbNetwork *network = g_new0(VcbNetwork, 1);

    network->internet = internet;
    network->name = g_strdup(description->name);
    network->call = g_strdup(description->call);
    network->seed = description->seed;
    network->routers = g_ptr_array_new();
    network->interfaces = g_ptr_array_new_with_free_func((GDestroyNotify)interface_free);
    network->origin_ns = VCB_NEVER_NS;
    network->moment.at_ns = VCB_NEVER_NS;
    if (!build(network, description, error)) {
        vcb_tree_destroy(network);
        return NULL;
    }
    return network;
}

static void release_nat(const Router *router)
{
    guint n;
    const VcbAddress *addresses = router->nat ? vcb_nat_addresses(router->nat, &n) : NULL;

    for (guint i = 0; addresses && i < n; i++)
        release(&addresses[i], router->parent->realm, router, NULL);
}

static void clear_change(VcbNetworkChange *change)
{
    g_free(change->router);
    g_free(change->direction);
    cJSON_Delete(change->set);
    g_free(change->host);
    g_free(change->down);
    g_free(change->up);
}

void vcb_tree_destroy(VcbNetwork *network)
{
    for (guint i = 0; i < network->interfaces->len; i++) {
        const VcbInterface *interface = g_ptr_array_index(network->interfaces, i);

        for (guint j = 0; j < interface->n_addresses; j++)
            release(&interface->addresses[j].address, interface->router->realm, interface->router, interface);
    }
    /* Children first: their outer addresses stand in realms of those above. */
    for (guint i = network->routers->len; i-- > 0;) {
        Router *router = g_ptr_array_index(network->routers, i);

        release_nat(router);
        vcb_tree_router_free(router);
    }
    for (guint i = 0; i < network->n_timeline; i++)
        clear_change(&network->timeline[i]);
    g_free(network->timeline);
    g_ptr_array_unref(network->interfaces);
    g_ptr_array_unref(network->routers);
    g_free(network->name);
    g_free(network->call);
    g_free(network);
}
