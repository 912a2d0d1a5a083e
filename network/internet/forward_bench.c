/* What a packet costs in the tree, one core, without sockets: alice and bob, each behind a port restricted NAT, a stateful firewall and a
 * line with rate, delay and loss, speak over many flows; 1000 idle lines beside them. Prints ns of CPU a packet from host to host.
 *
 *   forward_bench [PACKETS] */
#include "network/internet/internet.h"
#include "network/internet/ip.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define FLOWS 64
#define PAYLOAD 1000

static guint64 n_output;
static guint16 external_ports[2][FLOWS]; /* of alice's and bob's flows, by inner port - 4000 */

static gboolean take(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data)
{
    n_output++;
    return TRUE;
}

static void note_mapping(VcbNetwork *network, const char *router, const char *protocol, const char *internal,
                         const char *external, void *user_data)
{
    guint inner = (guint)g_ascii_strtoull(strchr(internal, ':') + 1, NULL, 10) - 4000;

    external_ports[strcmp(router, "bob") == 0][inner] =
        (guint16)g_ascii_strtoull(strchr(external, ':') + 1, NULL, 10);
}

/* This process's own: what others do beside it does not count. */
static gint64 cpu_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (gint64)time.tv_sec * 1000000000 + time.tv_nsec;
}

static char *describe(void)
{
    static const char LINE[] = "\"up\":{\"rate_bps\":1e10,\"delay_us\":10000,\"loss\":{\"k\":0.99}},"
                               "\"down\":{\"rate_bps\":1e10,\"delay_us\":10000,\"loss\":{\"k\":0.99}}";
    GString *json = g_string_new("{\"network\":\"n\",\"routers\":[");

    for (int i = 0; i < 2; i++)
        g_string_append_printf(json,
                               "{\"name\":\"%s\",\"parent\":\"internet\",%s,\"nat\":{\"filtering\":\"address-"
                               "and-port-dependent\","
                               "\"external\":[\"198.18.1.%d\"]},\"firewall\":{\"inbound\":\"stateful\"}},",
                               i ? "bob" : "alice", LINE, i + 1);
    for (int i = 0; i < 998; i++)
        g_string_append_printf(json, "%s{\"name\":\"r%d\",\"parent\":\"internet\",%s}", i ? "," : "", i,
                               LINE);
    g_string_append(json, "],\"hosts\":[");
    for (int i = 0; i < 2; i++)
        g_string_append_printf(
            json,
            "%s{\"name\":\"%s\",\"interfaces\":[{\"name\":\"eth0\",\"router\":\"%s\",\"addresses\":["
            "\"192.168.%d.2/24\"]}]}",
            i ? "," : "", i ? "bob" : "alice", i ? "bob" : "alice", i + 1);
    g_string_append(json, "]}");
    return g_string_free(json, FALSE);
}

static VcbPacket *make(int from, guint flow, guint16 to_port)
{
    VcbPacket *packet = vcb_packet_new();
    guint8 *data = packet->data;
    const guint8 header[28] = {0x45, 0,    0,   0,   0,
                               0,    0x40, 0,   64,  VCB_IP_UDP,
                               0,    0,    192, 168, (guint8)(from + 1),
                               2,    198,  18,  1,   (guint8)(2 - from)};

    memcpy(data, header, sizeof header);
    packet->length = sizeof header + PAYLOAD;
    vcb_ip_write16(data + 2, packet->length);
    vcb_ip_write16(data + 10, vcb_ip_finish_sum(vcb_ip_sum(data, 20, 0)));
    vcb_ip_write16(data + 20, (guint16)(4000 + flow));
    vcb_ip_write16(data + 22, to_port);
    vcb_ip_write16(data + 24, 8 + PAYLOAD);
    vcb_ip_write16(data + 26, 0x1234);
    return packet;
}

int main(int argc, char **argv)
{
    static const VcbInternetEvents EVENTS = {.output = take, .mapping_made = note_mapping};
    guint64 n = argc > 1 ? g_ascii_strtoull(argv[1], NULL, 10) : 1000000;
    g_autofree char *text = describe();
    g_autoptr(cJSON) json = cJSON_Parse(text);
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbNetworkDescription) description = vcb_network_description_parse(json, &error);
    VcbInternet *internet = vcb_internet_new(&EVENTS, NULL);
    VcbNetwork *network = description ? vcb_internet_add(internet, description, 0, &error) : NULL;
    VcbInterface *hosts[2];
    gint64 now_ns = 0, began_ns, took_ns;

    if (!network)
        g_error("%s", error->message);
    hosts[0] = vcb_network_interface(network, "alice", "eth0");
    hosts[1] = vcb_network_interface(network, "bob", "eth0");
    for (guint i = 0; i < 2 * FLOWS; i++) /* open every flow from both sides */
        vcb_internet_input(internet, hosts[i % 2], make((int)(i % 2), i / 2, (guint16)(4000 + i / 2)),
                           now_ns += 1000000);
    vcb_internet_advance(internet, now_ns += 100000000);
    n_output = 0;
    began_ns = cpu_ns();
    for (guint64 i = 0; i < n; i++) {
        int from = (int)(i % 2);
        guint flow = (guint)(i / 2 % FLOWS);

        vcb_internet_input(internet, hosts[from], make(from, flow, external_ports[!from][flow]),
                           now_ns += 5000);
    }
    vcb_internet_advance(internet, now_ns += 100000000);
    took_ns = cpu_ns() - began_ns;
    printf("%" G_GUINT64_FORMAT " packets of %d bytes, 1000 lines: %.0f ns of CPU a packet, %.1f %% came\n",
           n, 28 + PAYLOAD, (double)took_ns / (double)n, 100.0 * (double)n_output / (double)n);
    vcb_internet_free(internet, now_ns);
    vcb_packet_pool_clear();
    /* Lost by the two lines only: 1 % twice. */
    return n_output > n * 97 / 100 && n_output < n * 99 / 100 ? 0 : 1;
}
