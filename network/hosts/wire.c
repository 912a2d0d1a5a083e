#include "network/hosts/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

GVariant *vcb_wire_pack_hosts(const VcbNetworkDescription *description)
{
    GVariantBuilder hosts;

    g_variant_builder_init(&hosts, VCB_WIRE_HOSTS_TYPE);
    for (guint h = 0; h < description->n_hosts; h++) {
        const VcbHostDescription *host = &description->hosts[h];

        g_variant_builder_open(&hosts, G_VARIANT_TYPE("(sa(sa(byay)iib))"));
        g_variant_builder_add(&hosts, "s", host->name);
        g_variant_builder_open(&hosts, G_VARIANT_TYPE("a(sa(byay)iib)"));
        for (guint i = 0; i < host->n_interfaces; i++) {
            const VcbInterfaceDescription *interface = &host->interfaces[i];

            g_variant_builder_open(&hosts, G_VARIANT_TYPE("(sa(byay)iib)"));
            g_variant_builder_add(&hosts, "s", interface->name);
            g_variant_builder_open(&hosts, G_VARIANT_TYPE("a(byay)"));
            for (guint a = 0; a < interface->n_addresses; a++) {
                const VcbInterfaceAddress *address = &interface->addresses[a];

                g_variant_builder_add(&hosts, "(by@ay)", address->address.is_v6,
                                      (guint8)address->prefix_length,
                                      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, address->address.bytes,
                                                                sizeof address->address.bytes, 1));
            }
            g_variant_builder_close(&hosts);
            g_variant_builder_add(&hosts, "i", interface->mtu);
            g_variant_builder_add(&hosts, "i", interface->metric);
            g_variant_builder_add(&hosts, "b", interface->up);
            g_variant_builder_close(&hosts);
        }
        g_variant_builder_close(&hosts);
        g_variant_builder_close(&hosts);
    }
    return g_variant_builder_end(&hosts);
}

static gboolean unpack_address(GVariant *packed, VcbInterfaceAddress *address)
{
    g_autoptr(GVariant) bytes = g_variant_get_child_value(packed, 2);
    gsize size;
    const void *data = g_variant_get_fixed_array(bytes, &size, 1);
    gboolean is_v6;
    guint8 prefix_length;

    if (size != sizeof address->address.bytes)
        return FALSE;
    g_variant_get_child(packed, 0, "b", &is_v6);
    g_variant_get_child(packed, 1, "y", &prefix_length);
    address->address.is_v6 = is_v6;
    address->prefix_length = prefix_length;
    memcpy(address->address.bytes, data, size);
    return TRUE;
}

static gboolean unpack_interface(GVariant *packed, VcbInterfaceDescription *interface)
{
    g_autoptr(GVariant) addresses = NULL;
    gboolean up;

    g_variant_get(packed, "(s@a(byay)iib)", &interface->name, &addresses, &interface->mtu, &interface->metric,
                  &up);
    interface->up = up;
    interface->n_addresses = (guint)g_variant_n_children(addresses);
    interface->addresses = g_new0(VcbInterfaceAddress, interface->n_addresses);
    for (guint a = 0; a < interface->n_addresses; a++) {
        g_autoptr(GVariant) address = g_variant_get_child_value(addresses, a);

        if (!unpack_address(address, &interface->addresses[a]))
            return FALSE;
    }
    return TRUE;
}

VcbNetworkDescription *vcb_wire_unpack_hosts(GVariant *hosts)
{
    VcbNetworkDescription *description;
    gboolean good = TRUE;

    if (!g_variant_is_of_type(hosts, VCB_WIRE_HOSTS_TYPE) || !g_variant_is_normal_form(hosts))
        return NULL;
    description = g_new0(VcbNetworkDescription, 1);
    description->n_hosts = (guint)g_variant_n_children(hosts);
    description->hosts = g_new0(VcbHostDescription, description->n_hosts);
    for (guint h = 0; h < description->n_hosts; h++) {
        VcbHostDescription *host = &description->hosts[h];
        g_autoptr(GVariant) interfaces = NULL;

        g_variant_get_child(hosts, h, "(s@a(sa(byay)iib))", &host->name, &interfaces);
        host->n_interfaces = (guint)g_variant_n_children(interfaces);
        host->interfaces = g_new0(VcbInterfaceDescription, host->n_interfaces);
        for (guint i = 0; i < host->n_interfaces; i++) {
            g_autoptr(GVariant) interface = g_variant_get_child_value(interfaces, i);

            good = unpack_interface(interface, &host->interfaces[i]) && good;
        }
    }
    if (!good)
        g_clear_pointer(&description, vcb_wire_free_hosts);
    return description;
}

void vcb_wire_free_hosts(VcbNetworkDescription *description)
{
    if (!description)
        return;
    for (guint h = 0; h < description->n_hosts; h++) {
        VcbHostDescription *host = &description->hosts[h];

        for (guint i = 0; i < host->n_interfaces; i++) {
            g_free(host->interfaces[i].name);
            g_free(host->interfaces[i].addresses);
        }
        g_free(host->interfaces);
        g_free(host->name);
    }
    g_free(description->hosts);
    g_free(description);
}

void vcb_wire_link_address(guint number, guint8 ret_address[6])
{
    const guint8 address[6] = {0x02,
                               0x00, /* locally administered */
                               (guint8)(number >> 24),
                               (guint8)(number >> 16),
                               (guint8)(number >> 8),
                               (guint8)number};

    memcpy(ret_address, address, sizeof address);
}

typedef union {
    struct cmsghdr header;
    char space[CMSG_SPACE(253 * sizeof(int))];
} Control;

gboolean vcb_wire_send(int socket, gconstpointer data, gsize size, const int *fds, guint n_fds)
{
    struct iovec part = {.iov_base = (void *)data, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    Control control = {0};
    ssize_t n;

    g_assert(n_fds <= VCB_WIRE_DESCRIPTORS);
    if (n_fds) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof *fds);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(n_fds * sizeof *fds);
        memcpy(CMSG_DATA(&control.header), fds, n_fds * sizeof *fds);
    }
    do
        n = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)size;
}

gssize vcb_wire_receive(int socket, gpointer data, gsize size, GArray *fds)
{
    struct iovec part = {.iov_base = data, .iov_len = size};
    Control control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n;

    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        gsize count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (gsize i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (fds)
                g_array_append_val(fds, fd);
            else
                close(fd);
        }
    }
    return n;
}
