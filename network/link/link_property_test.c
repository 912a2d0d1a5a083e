/* Properties over random links, each against a second, simpler way to find the same: capacity in whole, steps and changes,
 * traces, and orders. The seed is printed; VCBENCH_SEED sets it. */
#include "common/random.h"
#include "common/test.h"
#include "network/link/link_fixture.h"

#include <math.h>

static GRand *random_of(const char *purpose)
{
    const char *text = g_getenv("VCBENCH_SEED");
    guint64 seed = text ? g_ascii_strtoull(text, NULL, 10) : (guint64)(g_get_monotonic_time() % 1000000);

    g_print("(VCBENCH_SEED=%" G_GUINT64_FORMAT ") ", seed);
    return vcb_random_stream(seed, purpose);
}

static guint random_length(GRand *random)
{
    return (guint)(g_rand_boolean(random) ? g_rand_int_range(random, 20, 200)
                                          : g_rand_int_range(random, 20, VCB_PACKET_MAX + 1));
}

/* The rate between two moments that the test knows of. */
typedef struct {
    gint64 from_ns;
    double rate_bps;
} Piece;

/* When `bits` that begin at *at are through: piece by piece, in long double. Pieces are sorted, the first is at 0. */
static void finish(long double *at, long double bits, const Piece *pieces, guint n)
{
    for (guint i = 0; i < n; i++) {
        long double end = i + 1 < n ? (long double)pieces[i + 1].from_ns : (long double)INFINITY, here;

        if (*at >= end)
            continue;
        if (pieces[i].rate_bps <= 0)
            return;
        here = (end - *at) * pieces[i].rate_bps / 1e9L;
        if (here >= bits) {
            *at += bits * 1e9L / pieces[i].rate_bps;
            return;
        }
        bits -= here;
        *at = end;
    }
}

/* The ideal end of each packet, by the pieces, and by the link at random lateness; the rate in steps, or by changes. */
static void check_capacity(GRand *random, guint n_pieces, gboolean by_changes)
{
    gint64 spacing_ns = g_rand_int_range(random, 1, 3000000), came_ns = 0, lateness_ns;
    guint n = 300, n_changed = 1;
    g_autofree Piece *pieces = g_new(Piece, n_pieces);
    g_autofree VcbRateStep *steps = g_new(VcbRateStep, n_pieces);
    g_autofree long double *ends = g_new(long double, n);
    long double at = 0;
    VcbLinkSettings settings;
    g_autoptr(Fixture) f = NULL;

    vcb_link_settings_init(&settings);
    settings.queue_limit = 100000;
    for (guint i = 0; i < n_pieces; i++) {
        pieces[i].from_ns = i == 0 ? 0
                                   : pieces[i - 1].from_ns +
                                         g_rand_int_range(random, 1, 2 * (gint32)spacing_ns * 100 / 3 + 2);
        pieces[i].rate_bps =
            i > 0 && g_rand_int_range(random, 0, 8) == 0 ? 0 : pow(10, g_rand_double_range(random, 4.5, 9.5));
        steps[i] = (VcbRateStep){pieces[i].from_ns, pieces[i].rate_bps};
    }
    settings.rate_bps = pieces[0].rate_bps;
    if (!by_changes) {
        settings.rate_steps = steps;
        settings.n_rate_steps = n_pieces;
    }
    lateness_ns = g_rand_boolean(random) ? 0 : g_rand_int_range(random, 0, 50000000);
    f = fixture_new(&settings, 1);
    for (guint i = 0; i < n; i++) {
        guint length = random_length(random);

        came_ns += g_rand_int_range(random, 0, (gint32)spacing_ns + 1);
        for (; by_changes && n_changed < n_pieces && pieces[n_changed].from_ns <= came_ns; n_changed++) {
            f->now_ns = MAX(f->now_ns, pieces[n_changed].from_ns);
            settings.rate_bps = pieces[n_changed].rate_bps;
            vcb_link_change(f->link, &settings, pieces[n_changed].from_ns);
        }
        fixture_send(f, came_ns, length);
        if (!by_changes)
            fixture_run(f, came_ns, lateness_ns);
        at = MAX(at, came_ns);
        finish(&at, length * 8.0L, pieces, n_pieces);
        ends[i] = at;
    }
    for (; by_changes && n_changed < n_pieces; n_changed++) {
        settings.rate_bps = pieces[n_changed].rate_bps;
        vcb_link_change(f->link, &settings, pieces[n_changed].from_ns);
        f->now_ns = MAX(f->now_ns, pieces[n_changed].from_ns);
    }
    fixture_run(f, 1000000 * S_NS, lateness_ns);
    CU_ASSERT_EQUAL_FATAL(f->records->len, n);
    for (guint i = 0; i < n; i++) {
        const Record *record = fixture_record(f, i);
        long double off = (long double)record->due_ns - ends[i];

        CU_ASSERT_EQUAL(record->ordinal, i);
        if (off > 1.5L || off < -1.5L)
            g_print("[packet %u: due %" G_GINT64_FORMAT ", by pieces %.3Lf] ", i, record->due_ns, ends[i]);
        CU_ASSERT_FATAL(off <= 1.5L && off >= -1.5L); /* rounded down, and 16 digits of a double */
        CU_ASSERT_TRUE(record->due_ns <= record->now_ns && record->due_ns >= record->came_ns);
    }
}

static void capacity_is_exact_whatever_the_sizes_and_the_lateness(void)
{
    g_autoptr(GRand) random = random_of("fixed");

    for (int i = 0; i < 200; i++)
        check_capacity(random, 1, FALSE);
}

static void steps_are_exact(void)
{
    g_autoptr(GRand) random = random_of("steps");

    for (int i = 0; i < 200; i++)
        check_capacity(random, (guint)g_rand_int_range(random, 2, 20), FALSE);
}

static void changes_in_mid_transmission_are_exact(void)
{
    g_autoptr(GRand) random = random_of("changes");

    for (int i = 0; i < 200; i++)
        check_capacity(random, (guint)g_rand_int_range(random, 2, 20), TRUE);
}

/* A hundred seconds of a link that is never idle, at rates whose packets take no whole number of nanoseconds, while the caller is late
 * by up to 20 ms: what came out is the rate times the time, to the nanosecond. */
static void a_hundred_seconds_of_capacity_are_exact(void)
{
    static const double rates[] = {33e3, 999983, 1234567.8};
    g_autoptr(GRand) random = random_of("seconds");

    for (guint i = 0; i < G_N_ELEMENTS(rates); i++) {
        VcbLinkSettings settings;
        g_autoptr(Fixture) f = NULL;
        long double bits = 0;
        gint64 last_ns = 0;

        vcb_link_settings_init(&settings);
        settings.rate_bps = rates[i];
        f = fixture_new(&settings, 1);
        fixture_send(f, 0, 1500);
        while (last_ns < 100 * S_NS) {
            /* Late, but what came meanwhile says when it did: before the line was idle. */
            gint64 came_ns = vcb_link_next_ns(f->link) - 1;

            f->now_ns = MAX(f->now_ns, came_ns + g_rand_int_range(random, 0, 20000000));
            while (vcb_link_counters(f->link)->queued < 40) {
                VcbPacket *packet = vcb_packet_new();

                packet->length = (guint16)g_rand_int_range(random, 20, 1400);
                packet->came_ns = came_ns;
                vcb_link_send(f->link, packet, f->now_ns);
            }
            vcb_link_advance(f->link, f->now_ns);
            for (guint j = 0; j < f->records->len; j++) {
                const Record *record = fixture_record(f, j);

                bits += record->length * 8;
                last_ns = record->due_ns;
                if (fabsl(bits * 1e9L / rates[i] - last_ns) > 1.01L) /* rounded down */
                    g_error("%.0Lf bits have left at %" G_GINT64_FORMAT " ns", bits, last_ns);
            }
            g_array_set_size(f->records, 0);
        }
        VCB_ASSERT_NEAR((double)(bits * 1e9L / last_ns / rates[i]), 1, 1e-9);
    }
}

/* A trace as a clock that ticks in milliseconds and looks into a queue. */
static void a_trace_serves_what_a_ticking_clock_would(void)
{
    g_autoptr(GRand) random = random_of("trace");

    for (int round = 0; round < 100; round++) {
        guint n_trace = (guint)g_rand_int_range(random, 1, 30), n = 200, head = 0;
        g_autofree guint32 *trace = g_new(guint32, n_trace);
        gint64 came[200], left[200], mean_ns = g_rand_int_range(random, 1, 4000000);
        VcbLinkSettings settings;
        g_autoptr(Fixture) f = NULL;

        for (guint i = 0; i < n_trace; i++)
            trace[i] = (i ? trace[i - 1] : 0) + (guint32)g_rand_int_range(random, 0, 4);
        trace[n_trace - 1] += trace[n_trace - 1] == 0;
        vcb_link_settings_init(&settings);
        settings.trace_ms = trace;
        settings.n_trace = n_trace;
        f = fixture_new(&settings, 1);
        for (guint i = 0; i < n; i++) {
            guint length = random_length(random);

            came[i] = (i ? came[i - 1] : 0) + g_rand_int_range(random, 0, 2 * (gint32)mean_ns);
            if (g_rand_boolean(random))
                came[i] -= came[i] % MS_NS, came[i] = MAX(came[i], i ? came[i - 1] : 0);
            left[i] = length;
            fixture_send(f, came[i], length);
            fixture_run(f, came[i], g_rand_int_range(random, 0, 3000000));
        }
        fixture_run(f, 1000000 * S_NS, MS_NS);
        for (gint64 turn = 0; head < n; turn++) {
            for (guint i = 0; i < n_trace && head < n; i++) {
                gint64 now_ns = (turn * trace[n_trace - 1] + trace[i]) * MS_NS, chance = 1500;

                while (head < n && came[head] <= now_ns && chance > 0) {
                    gint64 used = MIN(chance, left[head]);

                    chance -= used;
                    left[head] -= used;
                    if (left[head] == 0)
                        CU_ASSERT_EQUAL_FATAL(fixture_record(f, head++)->due_ns, now_ns);
                }
            }
        }
    }
}

/* Whatever the settings: without jitter that reorders, only packets held back leave late, and all leave in the order of their
 * ideal times. */
static void order_holds_where_nothing_breaks_it(void)
{
    g_autoptr(GRand) random = random_of("order");

    for (int round = 0; round < 100; round++) {
        gint64 last_due_ns = 0, now_ns = 0;
        guint32 next_in_order = 0;
        VcbLinkSettings settings;
        g_autoptr(Fixture) f = NULL;

        vcb_link_settings_init(&settings);
        settings.rate_bps = g_rand_boolean(random) ? 0 : pow(10, g_rand_double_range(random, 5, 8));
        settings.delay_ns = g_rand_int_range(random, 0, 50000000);
        settings.jitter = (VcbJitterDistribution)g_rand_int_range(random, 0, 4);
        settings.jitter_ns = g_rand_int_range(random, 0, 50000000);
        settings.reorder_rate = g_rand_boolean(random) ? 0 : 0.1;
        settings.duplicate_rate = settings.loss_p = 0.1;
        f = fixture_new(&settings, (guint64)round);
        for (int i = 0; i < 300; i++) {
            now_ns += g_rand_int_range(random, 0, 2000000);
            fixture_run(f, now_ns, g_rand_int_range(random, 0, 5000000));
            fixture_send(f, now_ns, random_length(random));
            if (i % 50 == 49) {
                settings.delay_ns = g_rand_int_range(random, 0, 50000000);
                vcb_link_change(f->link, &settings, now_ns);
            }
        }
        fixture_run(f, now_ns + 1000 * S_NS, 5 * MS_NS);
        for (guint i = 0; i < f->records->len; i++) {
            const Record *record = fixture_record(f, i);

            if (record->fate != VCB_FATE_DELIVERED)
                continue;
            CU_ASSERT_TRUE(record->due_ns >= last_due_ns && record->due_ns >= record->came_ns);
            CU_ASSERT_TRUE(record->is_held_back || record->ordinal + record->is_copy >= next_in_order);
            if (!record->is_held_back)
                next_in_order = record->ordinal + 1;
            last_due_ns = record->due_ns;
        }
        CU_ASSERT_TRUE(fixture_is_conserved(f));
        CU_ASSERT_EQUAL(vcb_link_counters(f->link)->queued, 0);
    }
}

VCB_TEST_MAIN("link properties",
              {"capacity is exact, whatever the sizes and the lateness",
               capacity_is_exact_whatever_the_sizes_and_the_lateness},
              {"steps are exact", steps_are_exact},
              {"changes in mid-transmission are exact", changes_in_mid_transmission_are_exact},
              {"a hundred seconds of capacity are exact", a_hundred_seconds_of_capacity_are_exact},
              {"a trace serves what a ticking clock would", a_trace_serves_what_a_ticking_clock_would},
              {"order holds where nothing breaks it", order_holds_where_nothing_breaks_it})
