#include "network/internet/fixture.h"

#include "network/internet/tree.h"

#include <arpa/inet.h>
#include <string.h>

static gboolean on_output(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data)
{
    Lab *lab = user_data;
    Delivery delivery = {.interface = interface, .packet = vcb_packet_copy(packet), .now_ns = now_ns};

    if (lab->is_host_full) {
        vcb_packet_free(delivery.packet);
        return FALSE;
    }
    CU_ASSERT_TRUE(packet->due_ns <= now_ns);
    CU_ASSERT_TRUE(vcb_ip_parse(delivery.packet, &delivery.ip));
    g_array_append_val(lab->deliveries, delivery);
    return TRUE;
}

static void on_fate(VcbLinkPlace *place, const VcbPacket *packet, VcbFate fate, gint64 now_ns,
                    void *user_data)
{
    ((Lab *)user_data)->link_fates[fate]++;
}

static void on_router_dropped(VcbNetwork *network, const char *router, const VcbPacket *packet, VcbFate fate,
                              gint64 now_ns, void *user_data)
{
    ((Lab *)user_data)->router_dropped[fate]++;
}

static void on_link_added(VcbLinkPlace *place, void *user_data)
{
    ((Lab *)user_data)->n_links++;
}

static void on_link_removed(VcbLinkPlace *place, void *user_data)
{
    ((Lab *)user_data)->n_links--;
}

static void on_mapping(VcbNetwork *network, const char *router, const char *protocol, const char *internal,
                       const char *external, void *user_data)
{
    Lab *lab = user_data;

    lab->n_mappings++;
    g_free(lab->last_mapping);
    lab->last_mapping = g_strjoin(" ", router, protocol, internal, external, NULL);
}

static void on_changed(VcbNetwork *network, const VcbNetworkChange *change, gint64 planned_ns, gint64 now_ns,
                       void *user_data)
{
    CU_ASSERT_TRUE(planned_ns <= now_ns);
    ((Lab *)user_data)->n_changes++;
}

static void clear_delivery(gpointer data)
{
    vcb_packet_free(((Delivery *)data)->packet);
}

Lab *lab_new(void)
{
    static const VcbInternetEvents EVENTS = {
        .output = on_output,
        .fate = on_fate,
        .link_added = on_link_added,
        .link_removed = on_link_removed,
        .router_dropped = on_router_dropped,
        .mapping_made = on_mapping,
        .changed = on_changed,
    };
    Lab *lab = g_new0(Lab, 1);

    lab->internet = vcb_internet_new(&EVENTS, lab);
    lab->deliveries = g_array_new(FALSE, FALSE, sizeof(Delivery));
    g_array_set_clear_func(lab->deliveries, clear_delivery);
    return lab;
}

void lab_free(Lab *lab)
{
    vcb_internet_free(lab->internet, lab->internet->now_ns);
    CU_ASSERT_EQUAL(lab->n_links, 0);
    g_array_unref(lab->deliveries);
    g_free(lab->last_mapping);
    g_free(lab);
    vcb_packet_pool_clear();
}

static VcbNetwork *add(Lab *lab, const char *json, GError **error)
{
    g_autofree char *text = g_strdelimit(g_strdup(json), "'", '"');
    g_autoptr(cJSON) message = cJSON_Parse(text);
    g_autoptr(VcbNetworkDescription) description = NULL;

    g_assert(message);
    description = vcb_network_description_parse(message, error);
    return description ? vcb_internet_add(lab->internet, description, lab->internet->now_ns, error) : NULL;
}

VcbNetwork *lab_add(Lab *lab, const char *json)
{
    g_autoptr(GError) error = NULL;
    VcbNetwork *network = add(lab, json, &error);

    if (!network)
        g_error("%s", error->message);
    return network;
}

char *lab_add_failing(Lab *lab, const char *json)
{
    g_autoptr(GError) error = NULL;

    if (add(lab, json, &error))
        return g_strdup("it worked");
    return g_strdup(error->message);
}

static VcbPacket *make(const char *source, const char *destination, guint8 protocol, guint length)
{
    VcbPacket *packet = vcb_packet_new();
    VcbAddress from, to;
    guint8 *header = packet->data;

    if (!vcb_address_parse(source, &from) || !vcb_address_parse(destination, &to) || from.is_v6 != to.is_v6)
        g_error("%s to %s", source, destination);
    memset(packet->data, 0, length + 40);
    if (from.is_v6) {
        packet->length = (guint16)(length + 40);
        header[0] = 0x60;
        vcb_ip_write16(header + 4, (guint16)length);
        header[6] = protocol == VCB_IP_ICMP ? VCB_IP_ICMPV6 : protocol;
        header[7] = 64;
        memcpy(header + 8, from.bytes, 16);
        memcpy(header + 24, to.bytes, 16);
    } else {
        packet->length = (guint16)(length + 20);
        header[0] = 0x45;
        vcb_ip_write16(header + 2, packet->length);
        header[8] = 64;
        header[9] = protocol;
        memcpy(header + 12, from.bytes, 4);
        memcpy(header + 16, to.bytes, 4);
    }
    return packet;
}

static guint8 *transport(VcbPacket *packet)
{
    return packet->data + (packet->data[0] >> 4 == 4 ? 20 : 40);
}

VcbPacket *lab_udp(const char *source, guint16 source_port, const char *destination, guint16 destination_port,
                   guint size, guint32 mark)
{
    VcbPacket *packet = make(source, destination, VCB_IP_UDP, 8 + size);
    guint8 *udp = transport(packet);

    vcb_ip_write16(udp, source_port);
    vcb_ip_write16(udp + 2, destination_port);
    vcb_ip_write16(udp + 4, (guint16)(8 + size));
    for (guint i = 0; i < size; i++)
        udp[8 + i] = i < 4 ? (guint8)(mark >> (24 - 8 * i)) : (guint8)(i * 7 + mark);
    lab_seal(packet);
    return packet;
}

VcbPacket *lab_tcp(const char *source, guint16 source_port, const char *destination, guint16 destination_port)
{
    VcbPacket *packet = make(source, destination, VCB_IP_TCP, 20);
    guint8 *tcp = transport(packet);

    vcb_ip_write16(tcp, source_port);
    vcb_ip_write16(tcp + 2, destination_port);
    tcp[12] = 0x50;
    tcp[13] = 2; /* SYN */
    lab_seal(packet);
    return packet;
}

VcbPacket *lab_echo(const char *source, const char *destination, guint8 type, guint16 identifier)
{
    VcbPacket *packet = make(source, destination, VCB_IP_ICMP, 16);
    guint8 *echo = transport(packet);

    echo[0] = type;
    vcb_ip_write16(echo + 4, identifier);
    echo[7] = 1;
    lab_seal(packet);
    return packet;
}

/* Bit by bit after RFC 1071, with nothing of ip.c. */
static guint16 checksum(const guint8 *data, gsize length, guint32 start)
{
    guint64 sum = start;

    for (gsize i = 0; i < length; i++)
        sum += i % 2 ? data[i] : (guint64)data[i] << 8;
    while (sum > 0xffff)
        sum = (sum >> 16) + (sum & 0xffff);
    return (guint16)sum;
}

/* Where the transport's checksum is, and what the sum over the transport begins with. `whole` FALSE: it cannot be checked. */
static guint8 *find_checksum(guint8 *packet, guint length, guint *ret_begin, guint32 *ret_start,
                             gboolean *ret_whole)
{
    gboolean is_v6 = packet[0] >> 4 == 6;
    guint begin = is_v6 ? 40 : (packet[0] & 15) * 4u, size;
    guint8 protocol = packet[is_v6 ? 6 : 9];
    guint total = is_v6 ? 40u + vcb_ip_read16(packet + 4) : vcb_ip_read16(packet + 2);

    *ret_begin = begin;
    *ret_whole = total <= length && (is_v6 || (vcb_ip_read16(packet + 6) & 0x3fff) == 0);
    size = total - begin;
    *ret_start = protocol == VCB_IP_ICMP ? 0
                 : is_v6                 ? checksum(packet + 8, 32, size + protocol)
                                         : checksum(packet + 12, 8, size + protocol);
    return packet + begin + (protocol == VCB_IP_UDP ? 6 : protocol == VCB_IP_TCP ? 16 : 2);
}

void lab_seal(VcbPacket *packet)
{
    gboolean whole;
    guint32 start;
    guint begin;
    guint8 *sum = find_checksum(packet->data, packet->length, &begin, &start, &whole);
    guint16 value;

    if (packet->data[0] >> 4 == 4) {
        vcb_ip_write16(packet->data + 10, 0);
        vcb_ip_write16(packet->data + 10, (guint16)~checksum(packet->data, begin, 0));
    }
    vcb_ip_write16(sum, 0);
    value = (guint16)~checksum(packet->data + begin, packet->length - begin, start);
    vcb_ip_write16(sum, value == 0 ? 0xffff : value);
}

static gboolean is_sealed(guint8 *packet, guint length, gboolean is_quote)
{
    gboolean whole, is_v6 = packet[0] >> 4 == 6;
    guint32 start;
    guint begin;
    guint8 *sum = find_checksum(packet, length, &begin, &start, &whole), type;
    guint total = is_v6 ? 40u + vcb_ip_read16(packet + 4) : vcb_ip_read16(packet + 2);

    if (!is_v6 && checksum(packet, begin, 0) != 0xffff)
        return FALSE;
    if (whole && !(packet[9] == VCB_IP_UDP && !is_v6 && vcb_ip_read16(sum) == 0) &&
        checksum(packet + begin, total - begin, start) != 0xffff)
        return FALSE;
    if (is_quote || packet[is_v6 ? 6 : 9] != (is_v6 ? VCB_IP_ICMPV6 : VCB_IP_ICMP))
        return TRUE;
    type = packet[begin];
    if (is_v6 ? type < 128 : type == 3 || type == 11)
        return is_sealed(packet + begin + 8, length - begin - 8, TRUE);
    return TRUE;
}

gboolean lab_is_sealed(const VcbPacket *packet)
{
    VcbPacket *copy = vcb_packet_copy(packet);
    gboolean sealed = is_sealed(copy->data, copy->length, FALSE);

    vcb_packet_free(copy);
    return sealed;
}

static VcbInterface *find(VcbNetwork *network, const char *host)
{
    g_auto(GStrv) parts = g_strsplit(host, "/", 2);
    VcbInterface *interface = vcb_network_interface(network, parts[0], parts[1] ? parts[1] : "eth0");

    if (!interface)
        g_error("no host %s", host);
    return interface;
}

void lab_send(Lab *lab, VcbNetwork *network, const char *host, VcbPacket *packet, gint64 now_ns)
{
    vcb_internet_input(lab->internet, find(network, host), packet, now_ns);
}

static gboolean is_of(const Delivery *delivery, const char *host)
{
    return strcmp(delivery->interface->host, host) == 0;
}

const Delivery *lab_last(const Lab *lab, const char *host)
{
    for (guint i = lab->deliveries->len; i-- > 0;) {
        const Delivery *delivery = &g_array_index(lab->deliveries, Delivery, i);

        if (is_of(delivery, host))
            return delivery;
    }
    return NULL;
}

guint lab_count(const Lab *lab, const char *host)
{
    guint n = 0;

    for (guint i = 0; i < lab->deliveries->len; i++)
        n += is_of(&g_array_index(lab->deliveries, Delivery, i), host) != 0;
    return n;
}

void lab_forget(Lab *lab)
{
    g_array_set_size(lab->deliveries, 0);
}

static const char *end_text(const Delivery *delivery, gboolean is_source)
{
    static char text[2][INET6_ADDRSTRLEN + 8];
    char *target = text[is_source ? 0 : 1];
    const VcbIp *ip;

    if (!delivery)
        return "nothing";
    ip = &delivery->ip;
    inet_ntop(ip->is_v6 ? AF_INET6 : AF_INET, is_source ? ip->source : ip->destination, target,
              INET6_ADDRSTRLEN);
    g_snprintf(target + strlen(target), 8, ":%u", is_source ? ip->source_port : ip->destination_port);
    return target;
}

const char *lab_source(const Delivery *delivery)
{
    return end_text(delivery, TRUE);
}

const char *lab_destination(const Delivery *delivery)
{
    return end_text(delivery, FALSE);
}

guint32 lab_mark(const VcbPacket *packet)
{
    const guint8 *data = packet->data + (packet->data[0] >> 4 == 4 ? 28 : 48);

    return (guint32)vcb_ip_read16(data) << 16 | vcb_ip_read16(data + 2);
}
