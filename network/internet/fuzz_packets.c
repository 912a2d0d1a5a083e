/* Fuzz target: no packets that hosts may send make the tree crash, leak or send out what is no packet. A home behind a NAT, a
 * firewall and links with every impairment, under a carrier's NAT, and a server; both sides send.
 *
 *   input: records of 4 bytes (who sends and how much time goes by; a mode; the length in two bytes) and a packet's bytes
 *
 *   LLVMFuzzerTestOneInput       for libFuzzer (clang -fsanitize=fuzzer, with -DVCB_LIBFUZZER)
 *   fuzz_packets [ROUNDS [SEED]] bounded: mutations of good packets, for the test suite
 *   fuzz_packets FILE...         replays files */
#include "network/internet/internet.h"
#include "network/internet/ip.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORD 4
#define SEALED 1 /* mode: make the IPv4 header's checksum right, so that the packet gets further than there */

static const char NETWORK[] =
    "{\"network\":\"n\",\"seed\":1,\"routers\":["
    "{\"name\":\"carrier\",\"parent\":\"internet\",\"nat\":{\"mapping\":\"address-and-port-dependent\","
    "\"filtering\":\"address-and-port-"
    "dependent\",\"ports\":\"preserve\",\"lifetime_us\":100000,\"external\":[\"198.18.1.1\"]},\"up\":{"
    "\"mtu\":700,\"duplicate\":0.1,"
    "\"corrupt\":0.1},\"down\":{\"mtu\":600,\"reorder\":{\"rate\":0.1}}},"
    "{\"name\":\"home\",\"parent\":\"carrier\",\"nat\":{\"external\":[\"100.64.0.1\",\"100.64.0.2\"]},"
    "\"firewall\":{\"inbound\":"
    "\"stateful\","
    "\"udp\":\"block\",\"udp_ports\":[9,3478]},\"up\":{\"rate_bps\":5000000,\"queue\":{\"packets\":5},"
    "\"delay_us\":1000},\"down\":{"
    "\"discipline\":\"codel\",\"rate_bps\":5000000,\"jitter\":{\"us\":500,\"reorder\":true}}}],\"hosts\":["
    "{\"name\":\"alice\",\"interfaces\":[{\"name\":\"eth0\",\"router\":\"home\",\"addresses\":[\"192.168.1.2/"
    "24\",\"2001:db8:1::2/"
    "64\"]}]},"
    "{\"name\":\"anna\",\"interfaces\":[{\"name\":\"eth0\",\"router\":\"home\",\"addresses\":[\"192.168.1.3/"
    "24\"]}]},"
    "{\"name\":\"server\",\"interfaces\":[{\"name\":\"eth0\",\"router\":\"internet\",\"addresses\":[\"198.18."
    "0.10/15\",\"2001:db8::a/"
    "64\"]}]}]}";

static const char *const HOSTS[] = {"alice", "anna", "server"};

static guint64 n_output;

static gboolean take(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data)
{
    VcbPacket *copy = vcb_packet_copy(packet);
    VcbIp ip;

    /* Damage on a link may have made the transport unreadable; the IP header stays whole. */
    g_assert(vcb_ip_parse(copy, &ip) || packet->is_corrupted || packet->length >= 20);
    g_assert(packet->length > 0 && packet->due_ns <= now_ns);
    vcb_packet_free(copy);
    n_output++;
    return TRUE;
}

static VcbInternet *make_internet(VcbNetwork **ret_network)
{
    static const VcbInternetEvents EVENTS = {.output = take};
    g_autoptr(cJSON) json = cJSON_Parse(NETWORK);
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbNetworkDescription) description = vcb_network_description_parse(json, &error);
    VcbInternet *internet = vcb_internet_new(&EVENTS, NULL);

    *ret_network = description ? vcb_internet_add(internet, description, 0, &error) : NULL;
    if (!*ret_network)
        g_error("%s", error->message);
    return internet;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VcbNetwork *network;
    VcbInternet *internet = make_internet(&network);
    gint64 now_ns = 0;

    while (size >= RECORD) {
        const char *host = HOSTS[(data[0] & 15) % G_N_ELEMENTS(HOSTS)];
        gsize length = MIN(MIN((gsize)vcb_ip_read16(data + 2), size - RECORD), VCB_PACKET_MAX);
        VcbPacket *packet = vcb_packet_new();

        now_ns += (data[0] >> 4) * G_GINT64_CONSTANT(3000000);
        memcpy(packet->data, data + RECORD, length);
        packet->length = (guint16)length;
        if (data[1] & SEALED && length >= 20) {
            guint header = MIN((packet->data[0] & 15) * 4u, (guint)length);

            vcb_ip_write16(packet->data + 10, 0);
            vcb_ip_write16(packet->data + 10, vcb_ip_finish_sum(vcb_ip_sum(packet->data, header, 0)));
        }
        vcb_internet_input(internet, vcb_network_interface(network, host, "eth0"), packet, now_ns);
        data += RECORD + length;
        size -= RECORD + length;
    }
    vcb_internet_advance(internet, now_ns + 500000);
    vcb_internet_free(internet, now_ns + 500000);
    vcb_packet_pool_clear();
    return 0;
}

#ifndef VCB_LIBFUZZER

static void append16(GByteArray *bytes, guint value)
{
    guint8 pair[2] = {(guint8)(value >> 8), (guint8)value};

    g_byte_array_append(bytes, pair, 2);
}

static const guint8 V4[][4] = {{192, 168, 1, 2}, {192, 168, 1, 3}, {198, 18, 0, 10},
                               {198, 18, 1, 1},  {100, 64, 0, 1},  {10, 9, 9, 9}};
static const guint8 V6[][16] = {{0x20, 1, 0xd, 0xb8, 0, 1, [15] = 2}, {0x20, 1, 0xd, 0xb8, [15] = 0xa}};

/* A packet with a plausible body, appended; `depth`: ICMP errors quote others. */
static void append_packet(GByteArray *bytes, GRand *random, int from, int depth)
{
    static const guint8 PROTOCOLS[] = {17, 17, 17, 6, 1, 1, 58, 44, 0, 132};
    gboolean is_v6 = g_rand_int_range(random, 0, 4) == 0;
    guint8 protocol = PROTOCOLS[g_rand_int_range(random, 0, G_N_ELEMENTS(PROTOCOLS))];
    guint8 header[40] = {0};
    guint start = bytes->len, begin;
    int to = g_rand_int_range(random, 0, is_v6 ? G_N_ELEMENTS(V6) : G_N_ELEMENTS(V4));

    if (depth > 0) /* what is quoted went out from the carrier */
        from = g_rand_int_range(random, 0, G_N_ELEMENTS(V4));
    if (is_v6) {
        header[0] = 0x60;
        header[6] = protocol == 1 ? 58 : protocol;
        header[7] = (guint8)g_rand_int_range(random, 1, 65);
        memcpy(header + 8, V6[from == 2], 16);
        memcpy(header + 24, V6[to], 16);
    } else {
        header[0] = 0x45;
        header[5] = (guint8)g_rand_int_range(random, 0, 4);
        if (g_rand_int_range(random, 0, 4) == 0)
            header[6] = (guint8)(g_rand_int_range(random, 0, 4) << 5);
        header[7] = (guint8)(g_rand_int_range(random, 0, 8) == 0);
        header[8] = (guint8)g_rand_int_range(random, 1, 65);
        header[9] = protocol;
        memcpy(header + 12, V4[from], 4);
        memcpy(header + 16, V4[to], 4);
    }
    g_byte_array_append(bytes, header, is_v6 ? 40 : 20);
    begin = bytes->len;
    if (protocol == 1 || protocol == 58) {
        static const guint8 TYPES[] = {0, 8, 3, 11, 1, 2, 128, 129};

        append16(bytes, (guint)TYPES[g_rand_int_range(random, 0, G_N_ELEMENTS(TYPES))] << 8 | 4);
        append16(bytes, 0);
        append16(bytes, (guint)g_rand_int_range(random, 9, 12));
        append16(bytes, 1300);
        if (depth < 2)
            append_packet(bytes, random, from, depth + 1);
    } else {
        append16(bytes, (guint)g_rand_int_range(random, 9, 12));
        append16(bytes, (guint)g_rand_int_range(random, 9, 12));
        append16(bytes, 8);
        append16(bytes, (guint)g_rand_int_range(random, 0, 65536));
        for (int words = g_rand_int_range(random, 0, g_rand_int_range(random, 0, 5) ? 20 : 500); words > 0;
             words--)
            append16(bytes, (guint)g_rand_int_range(random, 0, 65536));
    }
    if (is_v6)
        vcb_ip_write16(bytes->data + start + 4, (guint16)(bytes->len - start - 40));
    else
        vcb_ip_write16(bytes->data + start + 2, (guint16)(bytes->len - start));
    if (!is_v6)
        vcb_ip_write16(bytes->data + start + 10, vcb_ip_finish_sum(vcb_ip_sum(bytes->data + start, 20, 0)));
    if (protocol == 1) /* a NAT looks at errors with a right checksum only */
        vcb_ip_write16(bytes->data + begin + 2,
                       vcb_ip_finish_sum(vcb_ip_sum(bytes->data + begin, bytes->len - begin, 0)));
}

static void append_record(GByteArray *input, GRand *random)
{
    int host = g_rand_int_range(random, 0, G_N_ELEMENTS(HOSTS));
    guint8 record[RECORD] = {(guint8)(g_rand_int_range(random, 0, 16) << 4 | host),
                             (guint8)g_rand_int_range(random, 0, 2)};
    guint start = input->len, length;

    g_byte_array_append(input, record, RECORD);
    append_packet(input, random, host, 0);
    length = input->len - start - RECORD;
    vcb_ip_write16(input->data + start + 2, (guint16)length);
    for (int edits = MAX(g_rand_int_range(random, -3, 4), 0); edits > 0; edits--) {
        guint at = (guint)g_rand_int_range(random, 0, (gint32)MIN(length, 60));

        input->data[start + RECORD + at] = (guint8)g_rand_int_range(random, 0, 256);
    }
    if (g_rand_int_range(random, 0, 10) == 0) /* cut */
        vcb_ip_write16(input->data + start + 2, (guint16)g_rand_int_range(random, 0, (gint32)length));
}

static int replay(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        g_autofree char *data = NULL;
        gsize size;

        if (!g_file_get_contents(argv[i], &data, &size, NULL))
            return 1;
        LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    }
    return 0;
}

int main(int argc, char **argv)
{
    guint64 rounds = 1000, seed = g_random_int();
    g_autoptr(GRand) random = NULL;

    if (argc > 1 && !g_ascii_string_to_unsigned(argv[1], 10, 0, G_MAXUINT32, &rounds, NULL))
        return replay(argc, argv);
    if (argc > 2)
        seed = g_ascii_strtoull(argv[2], NULL, 10);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    random = g_rand_new_with_seed((guint32)seed);
    printf("fuzz_packets: %" G_GUINT64_FORMAT " rounds, seed %" G_GUINT64_FORMAT "\n", rounds, seed);
    fflush(stdout);
    for (guint64 i = 0; i < rounds; i++) {
        g_autoptr(GByteArray) input = g_byte_array_new();

        for (int records = g_rand_int_range(random, 1, 60); records > 0; records--)
            append_record(input, random);
        LLVMFuzzerTestOneInput(input->data, input->len);
    }
    printf("fuzz_packets: passed, %" G_GUINT64_FORMAT " packets came out\n", n_output);
    return n_output > rounds ? 0 : 1; /* else they all died at the first router */
}

#endif
