/* Fuzz target: no JSON makes the reader of descriptions crash, leak, or refuse without saying where; what it takes can be built
 * or is refused, and let go again.
 *
 *   LLVMFuzzerTestOneInput           for libFuzzer (clang -fsanitize=fuzzer, with -DVCB_LIBFUZZER)
 *   fuzz_description [ROUNDS [SEED]] bounded: mutations of the descriptions below, for the test suite
 *   fuzz_description FILE...         replays files */
#include "network/internet/internet.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean take(VcbInterface *interface, const VcbPacket *packet, gint64 now_ns, void *user_data)
{
    return TRUE;
}

static void build(const VcbNetworkDescription *description)
{
    static const VcbInternetEvents EVENTS = {.output = take};
    VcbInternet *internet = vcb_internet_new(&EVENTS, NULL);
    g_autoptr(GError) error = NULL;
    VcbNetwork *network = vcb_internet_add(internet, description, 0, &error);

    g_assert(!network == !!error);
    if (network) {
        vcb_network_start(network, 0);
        vcb_internet_advance(internet, 1000000000);
    } else {
        g_assert(*error->message && g_utf8_validate(error->message, -1, NULL));
    }
    vcb_internet_free(internet, 1000000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(cJSON) json = cJSON_ParseWithLength((const char *)data, size);
    g_autoptr(VcbNetworkDescription) description = NULL;
    g_autoptr(GError) error = NULL;

    if (!json)
        return 0;
    description = vcb_network_description_parse(json, &error);
    g_assert(!description == !!error);
    if (description)
        build(description);
    else
        g_assert(strchr(error->message, ':') && g_utf8_validate(error->message, -1, NULL));
    return 0;
}

#ifndef VCB_LIBFUZZER

static const char *const SEEDS[] = {
    "{\"network\":\"0001\",\"call\":\"0001\",\"seed\":7,\"routers\":[{\"name\":\"alice\",\"parent\":"
    "\"internet\",\"up\":{\"rate_bps\":"
    "1000000,"
    "\"queue\":{\"us\":300000},\"discipline\":\"codel\",\"delay_us\":50000,\"jitter\":{\"distribution\":"
    "\"normal\",\"us\":1000,"
    "\"reorder\":true},\"loss\":{\"p\":0.1,\"r\":0.2,\"h\":0,\"k\":1,\"by\":\"time\"},\"mtu\":1280},\"down\":"
    "{\"rate_steps\":[{"
    "\"at_us\":0,\"rate_bps\":1000},{\"at_us\":5,\"rate_bps\":0}]},\"nat\":{\"mapping\":\"address-"
    "dependent\",\"external\":["
    "\"198.18.1.1\"]},\"firewall\":{\"udp\":\"block\",\"udp_ports\":[3478],\"inbound\":\"stateful\"}}],"
    "\"hosts\":[{\"name\":"
    "\"alice\",\"interfaces\":[{\"name\":\"eth0\",\"router\":\"alice\",\"addresses\":[\"192.168.1.2/"
    "24\",\"2001:db8::2/64\"]}]}],"
    "\"timeline\":[{\"at_us\":4,\"router\":\"alice\",\"direction\":\"up\",\"set\":{\"up\":false}},{\"at_us\":"
    "5,\"host\":\"alice\","
    "\"down\":\"eth0\"}]}",
    "{\"network\":\"n\",\"routers\":[{\"name\":\"a\",\"parent\":\"internet\"},{\"name\":\"b\",\"parent\":"
    "\"a\",\"direct\":true,\"up\":{"
    "\"rate_trace_ms\":[1,2,2,7],\"reorder\":{\"rate\":0.1},\"duplicate\":0.1,\"corrupt\":0.1,\"mtu_icmp\":"
    "false}}]}",
    "{\"network\":\"n\",\"hosts\":[{\"name\":\"h\",\"interfaces\":[{\"name\":\"e\",\"router\":\"internet\","
    "\"addresses\":[\"1.2.3.4/"
    "8\"]},"
    "{\"name\":\"f\",\"router\":\"internet\",\"addresses\":[\"1.2.3.5/"
    "8\"],\"metric\":3,\"mtu\":9000,\"up\":false}]}]}",
};

static const char *const PIECES[] = {
    "\"internet\"",
    "\"a\"",
    "\"name\":",
    "\"nat\":{\"external\":[\"1.2.3.4\"]},",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "1e-300",
    "65536",
    "9007199254740993",
    "0.5",
    "[]",
    "{}",
    "\"\"",
    "\"1.2.3.4/8\"",
    "\"::/0\"",
    "\"1.2.3.4\"",
    "\\u0000",
    "\xff",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"up\":",
    "\"queue\":{\"bytes\":1},",
};

static void mutate(GString *text, GRand *random)
{
    for (int edits = g_rand_int_range(random, 0, 6); edits > 0; edits--) {
        gssize at = g_rand_int_range(random, 0, (gint32)text->len + 1);
        gssize wanted = g_rand_int_range(random, 0, 40), length = MIN(wanted, (gssize)text->len - at);
        const char *digit = strpbrk(text->str + at, "0123456789\"");

        switch (g_rand_int_range(random, 0, 5)) {
        case 0:
            if (at < (gssize)text->len)
                text->str[at] = (char)g_rand_int_range(random, 1, 256);
            break;
        case 1:
            g_string_insert(text, at, PIECES[g_rand_int_range(random, 0, G_N_ELEMENTS(PIECES))]);
            break;
        case 2:
            g_string_erase(text, at, length);
            break;
        case 3: {
            g_autofree char *part = g_strndup(text->str + at, (gsize)length);

            g_string_insert(text, at, part);
            break;
        }
        default: /* another value in the place of one: what is left still is JSON, mostly */
            if (digit) {
                gssize begin = digit - text->str, end = begin + 1;

                while (end < (gssize)text->len && !strchr(",]}", text->str[end]))
                    end++;
                g_string_erase(text, begin, end - begin);
                g_string_insert(text, begin, PIECES[g_rand_int_range(random, 0, G_N_ELEMENTS(PIECES))]);
            }
        }
    }
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
    guint64 rounds = 20000, seed = g_random_int();
    g_autoptr(GRand) random = NULL;

    if (argc > 1 && !g_ascii_string_to_unsigned(argv[1], 10, 0, G_MAXUINT32, &rounds, NULL))
        return replay(argc, argv);
    if (argc > 2)
        seed = g_ascii_strtoull(argv[2], NULL, 10);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
    random = g_rand_new_with_seed((guint32)seed);
    printf("fuzz_description: %" G_GUINT64_FORMAT " rounds, seed %" G_GUINT64_FORMAT "\n", rounds, seed);
    fflush(stdout);
    for (gsize i = 0; i < G_N_ELEMENTS(SEEDS); i++) {
        g_autoptr(cJSON) json = cJSON_Parse(SEEDS[i]);
        g_autoptr(VcbNetworkDescription) description = vcb_network_description_parse(json, NULL);

        g_assert(description); /* or the mutations would all be refused at the same place */
    }
    for (guint64 i = 0; i < rounds; i++) {
        g_autoptr(GString) text = g_string_new(SEEDS[g_rand_int_range(random, 0, G_N_ELEMENTS(SEEDS))]);

        mutate(text, random);
        LLVMFuzzerTestOneInput((const uint8_t *)text->str, text->len);
    }
    printf("fuzz_description: passed\n");
    return 0;
}

#endif
