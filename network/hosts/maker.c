#include "network/hosts/maker.h"

#include "common/error.h"
#include "network/hosts/made.h"
#include "network/hosts/namespaces.h"
#include "network/hosts/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct VcbMaker {
    VcbBackend backend;
    VcbNamespaces namespaces;
    int user_namespace_fd;
    VcbFarSide far;       /* also the network namespace of this process; its rtnetlink owned */
    GHashTable *networks; /* owned: guint64 * -> VcbMadeNetwork *, both owned */
    guint next_number;
};

/* --- What works here --------------------------------------------------------------------------------------------- */

static void leave_far_side(VcbMaker *maker)
{
    g_clear_pointer(&maker->far.rtnetlink, vcb_rtnetlink_close);
    if (maker->far.namespace_fd >= 0)
        close(maker->far.namespace_fd);
    maker->far.namespace_fd = -1;
}

static gboolean enter_namespaces(VcbMaker *maker, VcbNamespaces namespaces, GError **error)
{
    leave_far_side(maker);
    if (namespaces == VCB_NAMESPACES_USER) {
        if (!vcb_namespaces_enter_new_user(error))
            return FALSE;
        maker->user_namespace_fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
        if (maker->user_namespace_fd < 0) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "/proc/self/ns/user: %s", g_strerror(errno));
            return FALSE;
        }
    }
    maker->namespaces = namespaces;
    maker->far.namespace_fd = vcb_namespaces_enter_new_network(error);
    return maker->far.namespace_fd >= 0 && (maker->far.rtnetlink = vcb_rtnetlink_open(error));
}

#define TRIAL_HOST "trial"
#define TRIAL_INTERFACE "eth0"
#define TRIAL_PREFIX TRIAL_HOST ": " TRIAL_INTERFACE ": "

/* Make a host and let it go. */
static gboolean try_backend(VcbMaker *maker, VcbBackend backend, GError **error)
{
    static VcbInterfaceAddress address = {.address = {.bytes = {192, 0, 2, 1}}, .prefix_length = 24};
    static VcbInterfaceDescription interface = {
        .name = (char *)TRIAL_INTERFACE, .addresses = &address, .n_addresses = 1, .mtu = 1500, .up = TRUE};
    static VcbHostDescription host = {
        .name = (char *)TRIAL_HOST, .interfaces = &interface, .n_interfaces = 1};
    const VcbNetworkDescription description = {.hosts = &host, .n_hosts = 1};
    g_autoptr(VcbMadeNetwork) network =
        vcb_made_network_new(&description, backend, maker->next_number++, &maker->far, error);

    if (!network)
        return FALSE;
    maker->backend = backend;
    return TRUE;
}

static const char *namespaces_words(VcbNamespaces namespaces)
{
    return namespaces == VCB_NAMESPACES_ROOT ? "as root" : "in a user namespace";
}

static gboolean find_out(VcbMaker *maker, VcbBackend wanted_backend, VcbNamespaces wanted_namespaces,
                         GString *refusals)
{
    gboolean namespaces_closed = FALSE;

    for (VcbNamespaces n = VCB_NAMESPACES_ROOT; n <= VCB_NAMESPACES_USER; n++) {
        g_autoptr(GError) error = NULL;

        if (wanted_namespaces != VCB_NAMESPACES_AUTO && wanted_namespaces != n)
            continue;
        if (!enter_namespaces(maker, n, &error)) {
            namespaces_closed = TRUE;
            g_string_append_printf(refusals, "\n  %s: %s", namespaces_words(n), error->message);
            continue;
        }
        for (VcbBackend b = VCB_BACKEND_TUN; b <= VCB_BACKEND_VETH; b++) {
            g_autoptr(GError) refusal = NULL;
            const char *text;

            if (wanted_backend != VCB_BACKEND_AUTO && wanted_backend != b)
                continue;
            if (try_backend(maker, b, &refusal))
                return TRUE;
            text = refusal->message;
            if (g_str_has_prefix(text, TRIAL_PREFIX))
                text += strlen(TRIAL_PREFIX);
            g_string_append_printf(refusals, "\n  %s, %s: %s", namespaces_words(n),
                                   b == VCB_BACKEND_TUN ? "tun" : "veth", text);
        }
    }
    if (namespaces_closed) {
        g_autofree char *remedy = vcb_namespaces_remedy();

        g_string_append_printf(refusals, "\n  to open namespaces: %s", remedy);
    }
    return FALSE;
}

VcbMaker *vcb_maker_new(VcbBackend backend, VcbNamespaces namespaces, GError **error)
{
    g_autoptr(VcbMaker) maker = g_new0(VcbMaker, 1);
    g_autoptr(GString) refusals = g_string_new(NULL);

    maker->user_namespace_fd = maker->far.namespace_fd = -1;
    maker->networks =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, (GDestroyNotify)vcb_made_network_free);
    if (find_out(maker, backend, namespaces, refusals))
        return g_steal_pointer(&maker);
    g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "this machine permits no emulated hosts:%s",
                refusals->str);
    return NULL;
}

void vcb_maker_free(VcbMaker *maker)
{
    if (!maker)
        return;
    g_hash_table_unref(maker->networks);
    leave_far_side(maker);
    if (maker->user_namespace_fd >= 0)
        close(maker->user_namespace_fd);
    g_free(maker);
}

VcbBackend vcb_maker_backend(const VcbMaker *maker)
{
    return maker->backend;
}

VcbNamespaces vcb_maker_namespaces(const VcbMaker *maker)
{
    return maker->namespaces;
}

int vcb_maker_user_namespace_fd(const VcbMaker *maker)
{
    return maker->user_namespace_fd;
}

/* --- Requests ----------------------------------------------------------------------------------------------------- */

static VcbMadeNetwork *find_network(VcbMaker *maker, guint64 tag, GError **error)
{
    VcbMadeNetwork *network = g_hash_table_lookup(maker->networks, &tag);

    if (!network)
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "there is no such network");
    return network;
}

/* Descriptors (the maker's own) are appended to `fds`: namespaces, then ports. */
static void create(VcbMaker *maker, guint64 tag, GVariant *hosts, VcbWireReply *reply, GArray *fds,
                   GError **error)
{
    VcbNetworkDescription *description = vcb_wire_unpack_hosts(hosts);
    VcbMadeNetwork *network = NULL;
    guint first_number = maker->next_number;

    reply->type = VCB_HOSTS_CREATED;
    if (!description || g_hash_table_contains(maker->networks, &tag))
        g_set_error(error, VCB_ERROR, VCB_ERROR_INTERNAL, "a request that cannot be");
    else {
        /* Also where it fails: what was half made ends a little later, and its numbers are in use until then. */
        for (guint h = 0; h < description->n_hosts; h++)
            maker->next_number += description->hosts[h].n_interfaces;
        network = vcb_made_network_new(description, maker->backend, first_number, &maker->far, error);
    }
    vcb_wire_free_hosts(description);
    if (!network)
        return;
    g_hash_table_insert(maker->networks, g_memdup2(&tag, sizeof tag), network);
    reply->n_hosts = network->n_hosts;
    reply->n_ports = network->n_interfaces;
    reply->first_number = first_number;
    for (guint h = 0; h < network->n_hosts; h++)
        g_array_append_val(fds, network->hosts[h].namespace_fd);
    for (guint h = 0; h < network->n_hosts; h++)
        for (guint i = 0; i < network->hosts[h].n_interfaces; i++)
            g_array_append_val(fds, network->hosts[h].interfaces[i].fd);
}

static void set_interface(VcbMaker *maker, guint64 tag, GVariant *arguments, VcbWireReply *reply,
                          GError **error)
{
    VcbMadeNetwork *network = find_network(maker, tag, error);
    const char *host, *down, *up;

    reply->type = VCB_HOSTS_CHANGED;
    if (!network)
        return;
    g_variant_get(arguments, "(&s&s&s)", &host, &down, &up);
    vcb_made_network_set_interface(network, host, down, up, &maker->far, error);
}

static void count(VcbMaker *maker, guint64 tag, VcbWireReply *reply, GError **error)
{
    VcbMadeNetwork *network = find_network(maker, tag, error);

    reply->type = VCB_HOSTS_COUNTED;
    if (network)
        vcb_made_network_dropped(network, &reply->tx_dropped, error);
}

static void remove_network(VcbMaker *maker, guint64 tag, VcbWireReply *reply, GError **error)
{
    reply->type = VCB_HOSTS_REMOVED;
    if (find_network(maker, tag, error))
        g_hash_table_remove(maker->networks, &tag);
}

static GVariant *arguments_of(GByteArray *data, const GVariantType *type)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data->data, data->len);
    g_autoptr(GVariant) raw = g_variant_ref_sink(g_variant_new_from_bytes(type, bytes, FALSE));

    return g_variant_get_normal_form(raw);
}

static gboolean send_reply(int socket, VcbWireReply *reply, const GArray *fds)
{
    guint sent = 0;

    do {
        guint n = MIN(fds->len - sent, VCB_WIRE_DESCRIPTORS);

        reply->continues = sent + n < fds->len;
        if (!vcb_wire_send(socket, reply, sizeof *reply, n ? &g_array_index(fds, int, sent) : NULL, n))
            return FALSE;
        sent += n;
    } while (sent < fds->len);
    return TRUE;
}

/* FALSE: nobody is there to be answered. */
static gboolean answer(VcbMaker *maker, int socket, const VcbWireRequest *request, GByteArray *data)
{
    g_autoptr(GVariant) arguments = NULL;
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GError) error = NULL;
    VcbWireReply reply = {.tag = request->tag};

    switch ((VcbWireOperation)request->operation) {
    case VCB_WIRE_CREATE:
        arguments = arguments_of(data, VCB_WIRE_HOSTS_TYPE);
        create(maker, request->tag, arguments, &reply, fds, &error);
        break;
    case VCB_WIRE_SET_INTERFACE:
        arguments = arguments_of(data, VCB_WIRE_INTERFACE_TYPE);
        set_interface(maker, request->tag, arguments, &reply, &error);
        break;
    case VCB_WIRE_COUNT:
        count(maker, request->tag, &reply, &error);
        break;
    case VCB_WIRE_REMOVE:
        remove_network(maker, request->tag, &reply, &error);
        break;
    case VCB_WIRE_END:
        break;
    }
    if (error)
        g_strlcpy(reply.problem, error->message, sizeof reply.problem);
    if (send_reply(socket, &reply, fds))
        return TRUE;
    if (!fds->len || errno == EPIPE || errno == ECONNRESET)
        return FALSE;
    /* The kernel refused the descriptors, e.g. ETOOMANYREFS beyond RLIMIT_NOFILE of them under way. */
    g_snprintf(reply.problem, sizeof reply.problem, "handing over %u descriptors: %s", fds->len,
               g_strerror(errno));
    g_hash_table_remove(maker->networks, &request->tag);
    reply.n_hosts = reply.n_ports = 0;
    reply.continues = FALSE;
    return vcb_wire_send(socket, &reply, sizeof reply, NULL, 0);
}

gboolean vcb_maker_serve(VcbMaker *maker, int socket)
{
    g_autoptr(GByteArray) data = g_byte_array_new();
    g_autofree guint8 *packet = g_malloc(VCB_WIRE_PACKET);

    for (;;) {
        gssize n = vcb_wire_receive(socket, packet, VCB_WIRE_PACKET, NULL);
        VcbWireRequest request;

        if (n < (gssize)sizeof request) /* 0: the emulator is gone */
            return FALSE;
        memcpy(&request, packet, sizeof request);
        if (request.operation == VCB_WIRE_END)
            return TRUE;
        g_byte_array_append(data, packet + sizeof request, (guint)((gsize)n - sizeof request));
        if (request.continues)
            continue;
        if (!answer(maker, socket, &request, data))
            return FALSE;
        g_byte_array_set_size(data, 0);
    }
}
