/* Fuzz target: whatever settings a link is given, whatever comes, whenever, and however late the caller is: no packet is lost
 * track of, none leaves before its time or before another that was to leave earlier, and the link always knows what comes
 * next.
 *
 * With clang's -fsanitize=fuzzer this file is the target alone (define VCB_LIBFUZZER). Without, it has a main that makes random
 * inputs for a bounded number of rounds: link_fuzz [ROUNDS [SEED]] or link_fuzz FILE... */
#include "common/random.h"
#include "network/link/link.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PACKETS 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *data;
    size_t left;
} Input;

typedef struct {
    guint64 told[VCB_N_FATES], copies, bytes;
    gint64 now_ns, last_due_ns;
    gboolean in_order; /* no packet has come with a stamp of the past since last_due_ns was reset */
} Truth;

static guint byte(Input *input)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->data++;
}

/* Small numbers, large ones, and those at the edges. */
static gint64 number(Input *input)
{
    guint exponent = byte(input) % 36;

    return (gint64)(1 + byte(input)) << exponent >> 8;
}

static double fraction(Input *input)
{
    static const double edges[] = {0, 1, 1e-9, 0.5};
    guint value = byte(input);

    return value < 4 ? edges[value] : value / 255.0;
}

/* One setting changes, or a few. */
static void change(VcbLinkSettings *settings, Input *input)
{
    guint n;

    switch (byte(input) % 14) {
    case 0:
        settings->rate_bps = (double)number(input);
        break;
    case 1:
        n = byte(input) % 5;
        g_free(settings->rate_steps);
        settings->rate_steps = g_new0(VcbRateStep, n);
        settings->n_rate_steps = n;
        for (guint i = 0; i < n; i++)
            settings->rate_steps[i] = (VcbRateStep){
                (i ? settings->rate_steps[i - 1].at_ns : 0) + number(input), (double)number(input)};
        break;
    case 2:
        n = byte(input) % 5;
        g_free(settings->trace_ms);
        settings->trace_ms = g_new0(guint32, n);
        settings->n_trace = n;
        for (guint i = 0; i < n; i++)
            settings->trace_ms[i] = (i ? settings->trace_ms[i - 1] : 0) + byte(input);
        if (n && settings->trace_ms[n - 1] == 0)
            settings->trace_ms[n - 1] = 1;
        break;
    case 3:
        settings->queue_unit = (VcbQueueUnit)(byte(input) % 3);
        settings->queue_limit = number(input);
        break;
    case 4:
        settings->discipline = (VcbDiscipline)(byte(input) % 2);
        settings->codel_target_ns = number(input);
        settings->codel_interval_ns = number(input);
        break;
    case 5:
        settings->delay_ns = number(input);
        break;
    case 6:
        settings->jitter = (VcbJitterDistribution)(byte(input) % 4);
        settings->jitter_ns = number(input);
        settings->jitter_limit_ns = byte(input) % 2 ? number(input) : 0;
        settings->jitter_shape = byte(input) / 16.0;
        settings->jitter_reorders = byte(input) % 2;
        break;
    case 7:
        settings->loss_p = fraction(input);
        settings->loss_r = fraction(input);
        settings->loss_h = fraction(input);
        settings->loss_k = fraction(input);
        break;
    case 8:
        settings->loss_by_time = byte(input) % 2;
        settings->loss_slot_ns = 1000000 + number(input);
        break;
    case 9:
        settings->reorder_rate = fraction(input);
        settings->reorder_delay_ns = number(input);
        break;
    case 10:
        settings->duplicate_rate = fraction(input);
        break;
    case 11:
        settings->corrupt_rate = fraction(input);
        break;
    case 12:
        settings->mtu = byte(input) * 8;
        break;
    default:
        settings->up = byte(input) % 4 > 0;
    }
}

static void check_told(VcbLink *link, const VcbPacket *packet, VcbFate fate, gint64 now_ns, Truth *truth)
{
    truth->told[fate]++;
    truth->copies += packet->is_copy;
    g_assert(packet->due_ns <= now_ns && packet->due_ns >= packet->came_ns && packet->queued_ns >= 0);
    g_assert(vcb_link_counters(link)->dropped[fate] + (fate == VCB_FATE_DELIVERED) > 0);
}

static void on_deliver(VcbLink *link, VcbPacket *packet, gint64 now_ns, void *user_data)
{
    Truth *truth = user_data;

    check_told(link, packet, VCB_FATE_DELIVERED, now_ns, truth);
    g_assert(!packet->is_doomed);
    g_assert(!truth->in_order || packet->due_ns >= truth->last_due_ns);
    truth->last_due_ns = packet->due_ns;
    truth->bytes += packet->length;
    vcb_packet_free(packet);
}

static void on_dropped(VcbLink *link, const VcbPacket *packet, VcbFate fate, gint64 now_ns, void *user_data)
{
    g_assert(fate > VCB_FATE_DELIVERED && fate <= VCB_FATE_REMOVED);
    check_told(link, packet, fate, now_ns, user_data);
}

static void check_counters(const VcbLink *link, const Truth *truth)
{
    const VcbLinkCounters *counters = vcb_link_counters(link);
    guint64 dropped = 0;

    for (guint fate = 0; fate < VCB_N_FATES; fate++) {
        g_assert(truth->told[fate] == (fate ? counters->dropped[fate] : counters->delivered));
        dropped += counters->dropped[fate];
    }
    g_assert(counters->sent + counters->duplicated == counters->delivered + dropped + counters->queued);
    g_assert(truth->bytes == counters->delivered_bytes);
    g_assert(counters->queued > 0 || vcb_link_next_ns(link) == VCB_NEVER_NS);
    g_assert(counters->queued > 0 || counters->queue_bytes == 0);
}

static void send(VcbLink *link, Truth *truth, Input *input)
{
    VcbPacket *packet = vcb_packet_new();
    guint past = byte(input);
    gint64 length = number(input), ago_ns = number(input); /* apart: MIN evaluates what it is given twice */

    packet->length = (guint16)MIN(length, VCB_PACKET_MAX);
    memset(packet->data, (int)byte(input), packet->length);
    packet->came_ns = truth->now_ns;
    if (past < 32) {
        packet->came_ns -= MIN(ago_ns, truth->now_ns);
        truth->in_order = FALSE;
    }
    vcb_link_send(link, packet, truth->now_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const VcbLinkEvents events = {.deliver = on_deliver, .dropped = on_dropped};
    Input input = {data, size};
    Truth truth = {.in_order = TRUE};
    VcbLinkSettings settings;
    VcbLink *link;
    guint64 sent = 0, told = 0;

    vcb_link_settings_init(&settings);
    link = vcb_link_new(&settings, byte(&input), "fuzz", byte(&input) % 2 ? VCB_NEVER_NS : number(&input),
                        &events, &truth);
    while (input.left > 0 && sent < MAX_PACKETS) {
        gint64 next_ns = vcb_link_next_ns(link);

        switch (byte(&input) % 16) {
        case 0:
        case 1:
            change(&settings, &input);
            vcb_link_change(link, &settings, truth.now_ns);
            break;
        case 2:
            /* Not far in the past, as slots are counted from there. */
            vcb_link_set_origin(link, byte(&input) % 4 ? truth.now_ns + number(&input) : truth.now_ns);
            break;
        case 3: /* to the very moment */
            if (next_ns < VCB_NEVER_NS / 2)
                truth.now_ns = MAX(truth.now_ns, next_ns);
            vcb_link_advance(link, truth.now_ns);
            g_assert(vcb_link_next_ns(link) > truth.now_ns);
            break;
        case 4:
        case 5: /* late */
            truth.now_ns += number(&input) / 16;
            vcb_link_advance(link, truth.now_ns);
            g_assert(vcb_link_next_ns(link) > truth.now_ns);
            break;
        case 6: /* the clock goes on, and nobody looks */
            truth.now_ns += number(&input) / 16;
            break;
        default:
            send(link, &truth, &input);
            sent++;
        }
        check_counters(link, &truth);
    }
    g_assert(vcb_link_counters(link)->sent == sent);
    vcb_link_free(link, truth.now_ns);
    for (guint fate = 0; fate < VCB_N_FATES; fate++)
        told += truth.told[fate];
    g_assert(told == sent + truth.copies);
    vcb_link_settings_clear(&settings);
    vcb_packet_pool_clear();
    return 0;
}

#ifndef VCB_LIBFUZZER

static void random_rounds(int rounds, guint64 seed)
{
    g_autoptr(GRand) random = vcb_random_stream(seed, "link_fuzz");
    uint8_t data[4096];

    printf("seed %" G_GUINT64_FORMAT ", %d rounds\n", seed, rounds);
    fflush(stdout); /* before an assertion ends it */
    for (int round = 0; round < rounds; round++) {
        size_t size = (size_t)g_rand_int_range(random, 1, sizeof data);

        for (size_t i = 0; i < size; i++)
            data[i] = (uint8_t)g_rand_int(random);
        LLVMFuzzerTestOneInput(data, size);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !g_ascii_isdigit(*argv[1])) {
        for (int i = 1; i < argc; i++) {
            g_autofree char *data = NULL;
            gsize size;

            if (!g_file_get_contents(argv[i], &data, &size, NULL))
                return 1;
            LLVMFuzzerTestOneInput((const uint8_t *)data, size);
        }
        return 0;
    }
    random_rounds(argc > 1 ? atoi(argv[1]) : 500, argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 20261123);
    return 0;
}

#endif
