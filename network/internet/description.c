#include "network/internet/description.h"

#include "common/random.h"
#include "network/internet/reader.h"

#include <arpa/inet.h>
#include <string.h>

#define HOSTS_MAX 200 /* their descriptors travel in one message */
#define ROUTERS_MAX 1000
#define INTERFACES_MAX 16
#define ADDRESSES_MAX 32
#define CHANGES_MAX 10000
#define NAME_MAX_BYTES 200
#define INTERFACE_NAME_MAX 15 /* IFNAMSIZ less the zero */
#define MTU_MIN 576           /* RFC 1122: what every host can take */
#define SPAN_MAX_US ((gint64)31536000000000)

gboolean vcb_address_parse(const char *text, VcbAddress *ret_address)
{
    VcbAddress address = {0};

    if (inet_pton(AF_INET, text, address.bytes) == 1) {
        *ret_address = address;
        return TRUE;
    }
    if (inet_pton(AF_INET6, text, address.bytes) == 1) {
        address.is_v6 = TRUE;
        *ret_address = address;
        return TRUE;
    }
    return FALSE;
}

static char *element_path(const char *where, const char *key, guint i)
{
    g_autofree char *element = g_strdup_printf("%s[%u]", key, i);

    return vcb_read_path(where, element);
}

/* Names come back in messages, and in the capture between slashes. */
static gboolean read_name(const cJSON *object, const char *where, const char *key, char **target,
                          GError **error)
{
    const char *name = NULL;

    if (!vcb_read_required(object, where, key, error) || !vcb_read_string(object, where, key, &name, error))
        return FALSE;
    if (!*name || strlen(name) > NAME_MAX_BYTES || !g_utf8_validate(name, -1, NULL))
        return vcb_read_fail(error, where, key, "a name has 1 to %d bytes of UTF-8", NAME_MAX_BYTES);
    for (const char *c = name; *c; c++) {
        if ((guchar)*c < 0x20 || *c == 0x7f)
            return vcb_read_fail(error, where, key, "a name has no control characters");
    }
    *target = g_strdup(name);
    return TRUE;
}

static gboolean read_ports(const cJSON *object, const char *where, const char *key, guint16 **target,
                           guint *n_target, GError **error)
{
    const cJSON *array = NULL, *item;
    guint n, i = 0;

    if (!vcb_read_array(object, where, key, &array, error))
        return FALSE;
    if (!array)
        return TRUE;
    n = (guint)cJSON_GetArraySize(array);
    if (n > G_MAXUINT16)
        return vcb_read_fail(error, where, key, "more ports than there are");
    *target = g_new0(guint16, MAX(n, 1));
    cJSON_ArrayForEach (item, array) {
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= 1) || !(item->valuedouble <= G_MAXUINT16) ||
            item->valuedouble != (double)(guint16)item->valuedouble)
            return vcb_read_fail(error, where, key, "[%u] is no port from 1 to 65535", i);
        (*target)[i++] = (guint16)item->valuedouble;
    }
    *n_target = n;
    return TRUE;
}

static gboolean read_external(VcbNatSettings *nat, const cJSON *object, const char *where, GError **error)
{
    const cJSON *array = NULL, *item;
    guint n, i = 0;

    if (!vcb_read_required(object, where, "external", error) ||
        !vcb_read_array(object, where, "external", &array, error))
        return FALSE;
    n = (guint)cJSON_GetArraySize(array);
    if (n < 1 || n > ADDRESSES_MAX)
        return vcb_read_fail(error, where, "external", "takes 1 to %d addresses", ADDRESSES_MAX);
    nat->external = g_new0(VcbAddress, n);
    nat->n_external = n;
    cJSON_ArrayForEach (item, array) {
        if (!cJSON_IsString(item) || !vcb_address_parse(item->valuestring, &nat->external[i]) ||
            nat->external[i].is_v6)
            return vcb_read_fail(error, where, "external", "[%u] is no IPv4 address", i);
        i++;
    }
    return TRUE;
}

static gboolean read_nat(VcbNatSettings *nat, const cJSON *object, const char *where, GError **error)
{
    static const char *const KNOWN[] = {"mapping",     "filtering", "hairpin", "ports",
                                        "lifetime_us", "external",  NULL};
    static const char *const BEHAVIOURS[] = {"endpoint-independent", "address-dependent",
                                             "address-and-port-dependent", NULL};
    static const char *const PORTS[] = {"preserve", "parity", "random", "sequential", NULL};
    int mapping = VCB_NAT_ENDPOINT_INDEPENDENT, filtering = VCB_NAT_ENDPOINT_INDEPENDENT;
    int ports = VCB_NAT_PORTS_PRESERVE;

    nat->hairpin = TRUE;
    nat->lifetime_ns = (gint64)120 * 1000000000;
    if (!vcb_read_fields(object, where, KNOWN, error) ||
        !vcb_read_word(object, where, "mapping", BEHAVIOURS, &mapping, error) ||
        !vcb_read_word(object, where, "filtering", BEHAVIOURS, &filtering, error) ||
        !vcb_read_bool(object, where, "hairpin", &nat->hairpin, error) ||
        !vcb_read_word(object, where, "ports", PORTS, &ports, error) ||
        !vcb_read_us(object, where, "lifetime_us", 1, SPAN_MAX_US, &nat->lifetime_ns, error) ||
        !read_external(nat, object, where, error))
        return FALSE;
    nat->mapping = (VcbNatBehaviour)mapping;
    nat->filtering = (VcbNatBehaviour)filtering;
    nat->ports = (VcbNatPorts)ports;
    return TRUE;
}

static gboolean read_firewall(VcbFirewallSettings *firewall, const cJSON *object, const char *where,
                              GError **error)
{
    static const char *const KNOWN[] = {"udp", "udp_ports", "tcp_ports", "inbound", "ipv6", NULL};
    static const char *const ALLOW[] = {"allow", "block", NULL};
    static const char *const INBOUND[] = {"open", "stateful", NULL};
    int udp = 0, inbound = 0, ipv6 = 0;

    if (!vcb_read_fields(object, where, KNOWN, error) ||
        !vcb_read_word(object, where, "udp", ALLOW, &udp, error) ||
        !read_ports(object, where, "udp_ports", &firewall->udp_ports, &firewall->n_udp_ports, error) ||
        !read_ports(object, where, "tcp_ports", &firewall->tcp_ports, &firewall->n_tcp_ports, error) ||
        !vcb_read_word(object, where, "inbound", INBOUND, &inbound, error) ||
        !vcb_read_word(object, where, "ipv6", ALLOW, &ipv6, error))
        return FALSE;
    firewall->blocks_udp = udp == 1;
    firewall->is_stateful = inbound == 1;
    firewall->blocks_ipv6 = ipv6 == 1;
    firewall->limits_tcp = firewall->tcp_ports != NULL;
    return TRUE;
}

static gboolean read_link(VcbLinkSettings *settings, const cJSON *object, const char *where, const char *key,
                          GError **error)
{
    const cJSON *direction = NULL;
    g_autofree char *place = vcb_read_path(where, key);

    if (!vcb_read_object(object, where, key, &direction, error))
        return FALSE;
    return !direction || vcb_link_settings_apply(settings, direction, place, error);
}

static gboolean read_router(VcbRouterDescription *router, const cJSON *object, const char *where,
                            GError **error)
{
    static const char *const KNOWN[] = {"name", "parent", "up", "down", "nat", "firewall", "direct", NULL};
    g_autofree char *nat_place = vcb_read_path(where, "nat");
    g_autofree char *firewall_place = vcb_read_path(where, "firewall");
    const cJSON *nat = NULL, *firewall = NULL;

    vcb_link_settings_init(&router->up);
    vcb_link_settings_init(&router->down);
    if (!vcb_read_fields(object, where, KNOWN, error) ||
        !read_name(object, where, "name", &router->name, error) ||
        !read_name(object, where, "parent", &router->parent, error) ||
        !read_link(&router->up, object, where, "up", error) ||
        !read_link(&router->down, object, where, "down", error) ||
        !vcb_read_object(object, where, "nat", &nat, error) ||
        !vcb_read_object(object, where, "firewall", &firewall, error) ||
        !vcb_read_bool(object, where, "direct", &router->is_direct, error))
        return FALSE;
    if (strcmp(router->name, "internet") == 0)
        return vcb_read_fail(error, where, "name", "\"internet\" is the root of every network");
    if (nat) {
        router->nat = g_new0(VcbNatSettings, 1);
        if (!read_nat(router->nat, nat, nat_place, error))
            return FALSE;
    }
    if (firewall) {
        router->firewall = g_new0(VcbFirewallSettings, 1);
        if (!read_firewall(router->firewall, firewall, firewall_place, error))
            return FALSE;
    }
    return TRUE;
}

/* "192.168.1.2/24". */
static gboolean parse_interface_address(const char *text, VcbInterfaceAddress *address)
{
    const char *slash = strchr(text, '/');
    g_autofree char *head = NULL;
    guint64 length;

    if (!slash)
        return FALSE;
    head = g_strndup(text, (gsize)(slash - text));
    if (!vcb_address_parse(head, &address->address) ||
        !g_ascii_string_to_unsigned(slash + 1, 10, 1, address->address.is_v6 ? 128 : 32, &length, NULL))
        return FALSE;
    address->prefix_length = (guint)length;
    return TRUE;
}

static gboolean read_addresses(VcbInterfaceDescription *interface, const cJSON *object, const char *where,
                               GError **error)
{
    const cJSON *array = NULL, *item;
    guint n, i = 0;

    if (!vcb_read_required(object, where, "addresses", error) ||
        !vcb_read_array(object, where, "addresses", &array, error))
        return FALSE;
    n = (guint)cJSON_GetArraySize(array);
    if (n < 1 || n > ADDRESSES_MAX)
        return vcb_read_fail(error, where, "addresses", "takes 1 to %d addresses", ADDRESSES_MAX);
    interface->addresses = g_new0(VcbInterfaceAddress, n);
    interface->n_addresses = n;
    cJSON_ArrayForEach (item, array) {
        if (!cJSON_IsString(item) || !parse_interface_address(item->valuestring, &interface->addresses[i]))
            return vcb_read_fail(error, where, "addresses",
                                 "[%u] is no address with the length of its prefix, as 192.168.1.2/24", i);
        i++;
    }
    return TRUE;
}

static gboolean read_interface(VcbInterfaceDescription *interface, const cJSON *object, const char *where,
                               guint place, GError **error)
{
    static const char *const KNOWN[] = {"name", "router", "addresses", "metric", "mtu", "up", NULL};
    gint64 metric = 100 * (gint64)(place + 1), mtu = 1500;

    interface->up = TRUE;
    if (!vcb_read_fields(object, where, KNOWN, error) ||
        !read_name(object, where, "name", &interface->name, error) ||
        !read_name(object, where, "router", &interface->router, error) ||
        !read_addresses(interface, object, where, error) ||
        !vcb_read_int(object, where, "metric", 0, G_MAXINT, &metric, error) ||
        !vcb_read_int(object, where, "mtu", MTU_MIN, VCB_PACKET_MAX, &mtu, error) ||
        !vcb_read_bool(object, where, "up", &interface->up, error))
        return FALSE;
    /* What the kernel takes for an interface's name. */
    if (strlen(interface->name) > INTERFACE_NAME_MAX || strpbrk(interface->name, "/ :") ||
        strcmp(interface->name, ".") == 0 || strcmp(interface->name, "..") == 0 ||
        strcmp(interface->name, "lo") == 0)
        return vcb_read_fail(error, where, "name", "\"%s\" cannot be an interface's name", interface->name);
    for (guint i = 0; i < interface->n_addresses; i++) {
        if (interface->addresses[i].address.is_v6 && mtu < 1280)
            return vcb_read_fail(error, where, "mtu", "%d is below 1280, the least of IPv6", (int)mtu);
    }
    interface->metric = (int)metric;
    interface->mtu = (int)mtu;
    return TRUE;
}

static gboolean read_host(VcbHostDescription *host, const cJSON *object, const char *where, GError **error)
{
    static const char *const KNOWN[] = {"name", "interfaces", NULL};
    const cJSON *array = NULL, *item;
    guint n, i = 0;

    if (!vcb_read_fields(object, where, KNOWN, error) ||
        !read_name(object, where, "name", &host->name, error) ||
        !vcb_read_required(object, where, "interfaces", error) ||
        !vcb_read_array(object, where, "interfaces", &array, error))
        return FALSE;
    n = (guint)cJSON_GetArraySize(array);
    if (n < 1 || n > INTERFACES_MAX)
        return vcb_read_fail(error, where, "interfaces", "takes 1 to %d interfaces", INTERFACES_MAX);
    host->interfaces = g_new0(VcbInterfaceDescription, n);
    host->n_interfaces = n;
    cJSON_ArrayForEach (item, array) {
        g_autofree char *place = element_path(where, "interfaces", i);

        if (!read_interface(&host->interfaces[i], item, place, i, error))
            return FALSE;
        for (guint j = 0; j < i; j++) {
            if (strcmp(host->interfaces[j].name, host->interfaces[i].name) == 0)
                return vcb_read_fail(error, place, "name", "\"%s\" twice", host->interfaces[i].name);
        }
        i++;
    }
    return TRUE;
}

/* Does `set` fit on top of anything? Tried on the defaults, so that a timeline cannot fail in the middle of a call. */
static gboolean check_set(const cJSON *set, const char *where, GError **error)
{
    g_autofree char *place = vcb_read_path(where, "set");
    VcbLinkSettings settings;
    gboolean fits;

    vcb_link_settings_init(&settings);
    fits = vcb_link_settings_apply(&settings, set, place, error);
    vcb_link_settings_clear(&settings);
    return fits;
}

static gboolean read_optional_name(const cJSON *object, const char *where, const char *key, char **target,
                                   GError **error)
{
    return !vcb_json_has(object, key) || read_name(object, where, key, target, error);
}

static gboolean read_change(VcbNetworkChange *change, const cJSON *object, const char *where, GError **error)
{
    static const char *const OF_ROUTER[] = {"at_us", "router", "direction", "set", NULL};
    static const char *const OF_HOST[] = {"at_us", "host", "down", "up", NULL};
    static const char *const DIRECTIONS[] = {"up", "down", "both", NULL};
    gboolean is_host = cJSON_IsObject(object) && cJSON_HasObjectItem(object, "host");
    const cJSON *set = NULL;
    int direction = 2;

    if (!vcb_read_fields(object, where, is_host ? OF_HOST : OF_ROUTER, error) ||
        !vcb_read_required(object, where, "at_us", error) ||
        !vcb_read_us(object, where, "at_us", 0, SPAN_MAX_US, &change->at_ns, error))
        return FALSE;
    if (is_host) {
        if (!read_name(object, where, "host", &change->host, error) ||
            !read_optional_name(object, where, "down", &change->down, error) ||
            !read_optional_name(object, where, "up", &change->up, error))
            return FALSE;
        return change->down || change->up ||
               vcb_read_fail(error, where, NULL, "neither down nor up is given");
    }
    if (!read_name(object, where, "router", &change->router, error) ||
        !vcb_read_word(object, where, "direction", DIRECTIONS, &direction, error) ||
        !vcb_read_required(object, where, "set", error) ||
        !vcb_read_object(object, where, "set", &set, error) || !check_set(set, where, error))
        return FALSE;
    change->direction = g_strdup(DIRECTIONS[direction]);
    change->set = cJSON_Duplicate(set, TRUE);
    return TRUE;
}

/* Stable, so that what is asked for the same moment happens in the order it was written. */
static void sort_timeline(VcbNetworkChange *timeline, guint n)
{
    for (guint i = 1; i < n; i++) {
        VcbNetworkChange change = timeline[i];
        guint at = i;

        while (at > 0 && timeline[at - 1].at_ns > change.at_ns) {
            timeline[at] = timeline[at - 1];
            at--;
        }
        timeline[at] = change;
    }
}

static gboolean read_list(const cJSON *message, const char *key, guint max, const cJSON **ret_array,
                          guint *ret_n, GError **error)
{
    *ret_array = NULL;
    if (!vcb_read_array(message, "", key, ret_array, error))
        return FALSE;
    *ret_n = *ret_array ? (guint)cJSON_GetArraySize(*ret_array) : 0;
    return *ret_n <= max || vcb_read_fail(error, "", key, "%u are more than %u", *ret_n, max);
}

static gboolean read_network(VcbNetworkDescription *description, const cJSON *message, GError **error)
{
    static const char *const KNOWN[] = {"type",  "network",  "call", "seed", "routers",
                                        "hosts", "timeline", "fds",  NULL};
    const cJSON *routers, *hosts, *timeline, *item;
    gint64 seed = 0;
    guint n, i;

    if (!vcb_read_fields(message, "", KNOWN, error) ||
        !read_name(message, "", "network", &description->name, error) ||
        !read_optional_name(message, "", "call", &description->call, error) ||
        !vcb_read_int(message, "", "seed", 0, (gint64)VCB_SEED_MAX, &seed, error))
        return FALSE;
    description->seed = (guint64)seed;

    /* Counts go up with each element, so that what was read of a bad one is freed, too. */
    if (!read_list(message, "routers", ROUTERS_MAX, &routers, &n, error))
        return FALSE;
    description->routers = g_new0(VcbRouterDescription, MAX(n, 1));
    cJSON_ArrayForEach (item, routers) {
        g_autofree char *place = element_path("", "routers", description->n_routers);

        if (!read_router(&description->routers[description->n_routers++], item, place, error))
            return FALSE;
    }
    if (!read_list(message, "hosts", HOSTS_MAX, &hosts, &n, error))
        return FALSE;
    description->hosts = g_new0(VcbHostDescription, MAX(n, 1));
    cJSON_ArrayForEach (item, hosts) {
        g_autofree char *place = element_path("", "hosts", description->n_hosts);

        if (!read_host(&description->hosts[description->n_hosts++], item, place, error))
            return FALSE;
    }
    if (!read_list(message, "timeline", CHANGES_MAX, &timeline, &n, error))
        return FALSE;
    description->timeline = g_new0(VcbNetworkChange, MAX(n, 1));
    i = 0;
    cJSON_ArrayForEach (item, timeline) {
        g_autofree char *place = element_path("", "timeline", i++);

        if (!read_change(&description->timeline[description->n_timeline++], item, place, error))
            return FALSE;
    }
    sort_timeline(description->timeline, description->n_timeline);
    return TRUE;
}

VcbNetworkDescription *vcb_network_description_parse(const cJSON *message, GError **error)
{
    g_autoptr(VcbNetworkDescription) description = g_new0(VcbNetworkDescription, 1);

    if (!read_network(description, message, error))
        return NULL;
    return g_steal_pointer(&description);
}

static void clear_router(VcbRouterDescription *router)
{
    vcb_link_settings_clear(&router->up);
    vcb_link_settings_clear(&router->down);
    if (router->nat)
        g_free(router->nat->external);
    g_free(router->nat);
    if (router->firewall) {
        g_free(router->firewall->udp_ports);
        g_free(router->firewall->tcp_ports);
    }
    g_free(router->firewall);
    g_free(router->name);
    g_free(router->parent);
}

static void clear_host(VcbHostDescription *host)
{
    for (guint i = 0; i < host->n_interfaces; i++) {
        g_free(host->interfaces[i].name);
        g_free(host->interfaces[i].router);
        g_free(host->interfaces[i].addresses);
    }
    g_free(host->interfaces);
    g_free(host->name);
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

void vcb_network_description_free(VcbNetworkDescription *description)
{
    if (!description)
        return;
    for (guint i = 0; i < description->n_routers; i++)
        clear_router(&description->routers[i]);
    for (guint i = 0; i < description->n_hosts; i++)
        clear_host(&description->hosts[i]);
    for (guint i = 0; i < description->n_timeline; i++)
        clear_change(&description->timeline[i]);
    g_free(description->routers);
    g_free(description->hosts);
    g_free(description->timeline);
    g_free(description->name);
    g_free(description->call);
    g_free(description);
}
