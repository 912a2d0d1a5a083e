/* 100,000 packets through one link: every rate inside its 99 % bounds, the same seed the same fates, and no stage's draws
 * moved by another stage's settings. The seeds are printed; VCBENCH_SEED sets the first. */
#include "common/test.h"
#include "network/link/link_fixture.h"

#include <math.h>
#include <string.h>

#define N 100000
#define N_SEEDS 20
#define SPACING_NS MS_NS

static guint64 first_seed(void)
{
    const char *text = g_getenv("VCBENCH_SEED");
    guint64 seed = text ? g_ascii_strtoull(text, NULL, 10) : 20261123;

    g_print("(VCBENCH_SEED=%" G_GUINT64_FORMAT ") ", seed);
    return seed;
}

static Fixture *run(const VcbLinkSettings *settings, guint64 seed, guint n)
{
    Fixture *f = fixture_new(settings, seed);

    for (guint i = 0; i < n; i++) {
        fixture_run(f, i * SPACING_NS, 0);
        fixture_send(f, i * SPACING_NS, 28 + i % 73);
    }
    fixture_run(f, f->now_ns + 10 * S_NS, 0);
    return f;
}

/* P(X <= count) for X of n trials of p each: the sum of the terms, by logarithms. */
static double binomial_at_most(gint64 count, gint64 n, double p)
{
    double sum = 0;

    for (gint64 i = 0; i <= count; i++)
        sum += exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log1p(-p));
    return MIN(sum, 1);
}

/* The narrowest bounds with at most half a percent beyond each. */
static void binomial_bounds(gint64 n, double p, gint64 *ret_least, gint64 *ret_most)
{
    gint64 mean = (gint64)(n * p), step = (gint64)(4 * sqrt(n * p * (1 - p))) + 2;
    gint64 least = MAX(mean - step, 0), most = mean;

    while (binomial_at_most(least, n, p) < 0.005)
        least++;
    while (binomial_at_most(most, n, p) < 0.995)
        most++;
    *ret_least = least;
    *ret_most = most;
}

static void bounds_are_those_of_the_tables(void)
{
    gint64 least, most;

    VCB_ASSERT_NEAR(binomial_at_most(3, 10, 0.5), 176.0 / 1024, 1e-12);
    binomial_bounds(100, 0.5, &least, &most);
    CU_ASSERT_TRUE(least == 37 && most == 63);
}

/* Of N_SEEDS seeds a share of 1 % may lie outside of 99 % bounds: up to three are no surprise in 10,000 runs. */
static void check(const char *what, const guint *counts, double p)
{
    gint64 least, most;
    guint outside = 0;

    binomial_bounds(N, p, &least, &most);
    for (guint i = 0; i < N_SEEDS; i++) {
        if (counts[i] < least || counts[i] > most) {
            g_print("[%s: %u of seed + %u is outside of %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "] ", what,
                    counts[i], i, least, most);
            outside++;
        }
    }
    CU_ASSERT_TRUE(outside <= 3);
}

/* RFC 4737 section 3.3: a packet is reordered if one that was sent later has arrived before. */
static guint count_reordered(const Fixture *f)
{
    gint64 next_expected = 0;
    guint n = 0;

    for (guint i = 0; i < f->records->len; i++) {
        const Record *record = fixture_record(f, i);

        if (record->fate != VCB_FATE_DELIVERED || record->is_copy)
            continue;
        if (record->ordinal < next_expected)
            n++;
        else
            next_expected = record->ordinal + 1;
    }
    return n;
}

static void every_rate_is_inside_its_bounds(void)
{
    guint lost[N_SEEDS], reordered[N_SEEDS], copied[N_SEEDS], broken[N_SEEDS];
    guint64 seed = first_seed();
    VcbLinkSettings settings;

    vcb_link_settings_init(&settings);
    settings.delay_ns = 30 * MS_NS;
    for (guint i = 0; i < N_SEEDS; i++) {
        Fixture *f;

        settings.loss_k = 0.98;
        settings.reorder_rate = settings.duplicate_rate = settings.corrupt_rate = 0;
        f = run(&settings, seed + i, N);
        lost[i] = fixture_count(f, VCB_FATE_LOSS);
        CU_ASSERT_EQUAL(f->records->len, N);
        fixture_free(f);

        settings.loss_k = 1;
        settings.reorder_rate = 0.03;
        settings.duplicate_rate = 0.005;
        settings.corrupt_rate = 0.001;
        f = run(&settings, seed + i, N);
        reordered[i] = count_reordered(f);
        CU_ASSERT_TRUE(reordered[i] + 2 >=
                       vcb_link_counters(f->link)->reordered); /* the last may have nobody behind */
        copied[i] = f->records->len - N;
        CU_ASSERT_EQUAL(copied[i], vcb_link_counters(f->link)->duplicated);
        broken[i] = 0;
        for (guint j = 0; j < f->records->len; j++) {
            const Record *record = fixture_record(f, j);

            CU_ASSERT_TRUE(record->flipped_bits == (record->is_corrupted ? 1 : 0));
            broken[i] += record->is_corrupted && !record->is_copy;
        }
        CU_ASSERT_EQUAL(broken[i], vcb_link_counters(f->link)->corrupted);
        fixture_free(f);
    }
    check("loss", lost, 0.02);
    check("reorder", reordered, 0.03);
    check("duplicate", copied, 0.005);
    check("corrupt", broken, 0.001);
}

/* Bursts are geometric with the mean 1 / r: with n bursts, the losses beyond the first of each are the failures before the
 * n-th success of probability r, so that their sum has mean n / r and variance n (1 - r) / r^2. */
static void bursts_have_their_mean_length(void)
{
    guint64 seed = first_seed();
    guint outside = 0;
    VcbLinkSettings settings;

    vcb_link_settings_init(&settings);
    settings.loss_r = 1 / 4.0;
    settings.loss_p = 0.05 / (0.95 * 4);
    settings.loss_h = 0;
    for (guint i = 0; i < N_SEEDS; i++) {
        g_autoptr(Fixture) f = run(&settings, seed + i, N);
        guint lost = 0, bursts = 0;
        gboolean was_lost = FALSE;

        for (guint j = 0; j < f->records->len; j++) {
            gboolean is_lost = fixture_record(f, j)->fate == VCB_FATE_LOSS;

            CU_ASSERT_EQUAL(fixture_record(f, j)->ordinal, j);
            lost += is_lost;
            bursts += is_lost && !was_lost;
            was_lost = is_lost;
        }
        if (fabs(lost / (double)bursts - 4) > 2.576 * sqrt(0.75) * 4 / sqrt(bursts)) {
            g_print("[bursts of %.3f with seed + %u] ", lost / (double)bursts, i);
            outside++;
        }
    }
    CU_ASSERT_TRUE(outside <= 3);
}

/* The fate of each packet that came, as one letter. */
static char *fates(const Fixture *f, guint n)
{
    char *text = g_malloc0(n + 1);

    memset(text, '?', n);
    for (guint i = 0; i < f->records->len; i++) {
        const Record *record = fixture_record(f, i);

        if (!record->is_copy)
            text[record->ordinal] = record->fate == VCB_FATE_DELIVERED ? '.' : (char)('a' + record->fate);
    }
    return text;
}

static void everything(VcbLinkSettings *settings)
{
    vcb_link_settings_init(settings);
    settings->delay_ns = 30 * MS_NS;
    settings->jitter = VCB_JITTER_NORMAL;
    settings->jitter_ns = 5 * MS_NS;
    settings->jitter_reorders = TRUE;
    settings->loss_p = 0.01;
    settings->loss_r = 0.3;
    settings->loss_h = 0.1;
    settings->loss_k = 0.995;
    settings->reorder_rate = 0.01;
    settings->duplicate_rate = 0.02;
    settings->corrupt_rate = 0.01;
}

static void the_same_seed_meets_the_same_fates(void)
{
    guint64 seed = first_seed();
    VcbLinkSettings settings;

    everything(&settings);
    for (guint i = 0; i < 3; i++) {
        g_autoptr(Fixture) a = run(&settings, seed + i, N);
        g_autoptr(Fixture) b = run(&settings, seed + i, N);
        g_autoptr(Fixture) other = run(&settings, seed + i + 1, N);
        g_autofree char *fates_a = fates(a, N), *fates_other = fates(other, N);

        CU_ASSERT_FATAL(a->records->len == b->records->len);
        CU_ASSERT_EQUAL(memcmp(a->records->data, b->records->data, a->records->len * sizeof(Record)), 0);
        CU_ASSERT_TRUE(strchr(fates_a, 'b') != NULL);
        CU_ASSERT_TRUE(strcmp(fates_a, fates_other) != 0);
    }
}

/* What one stage did to each packet, with everything else on, and with each other stage switched off or changed. */
typedef enum { LOST, HELD_BACK, COPIED, BROKEN, JITTERED, N_STAGES } Stage;

static GArray *traces_of(const Fixture *f, Stage stage, guint n)
{
    GArray *trace = g_array_sized_new(FALSE, TRUE, sizeof(gint64), n);

    g_array_set_size(trace, n);
    for (guint i = 0; i < f->records->len; i++) {
        const Record *record = fixture_record(f, i);
        gint64 *value = &g_array_index(trace, gint64, record->ordinal);

        if (stage == LOST && record->fate == VCB_FATE_LOSS)
            *value = 1;
        if (record->fate == VCB_FATE_LOSS)
            continue;
        if ((stage == COPIED && record->is_copy) || (stage == HELD_BACK && record->is_held_back))
            *value = 1;
        if (stage == BROKEN && record->is_corrupted)
            *value = record->first_flipped;
        if (stage == JITTERED)
            *value = record->due_ns - record->came_ns - (record->is_held_back ? 20 * MS_NS : 0);
    }
    return trace;
}

static void no_lost_packet(VcbLinkSettings *s)
{
    s->loss_p = 0;
    s->loss_k = 1;
}
static void lost_by_time(VcbLinkSettings *s)
{
    s->loss_by_time = TRUE;
}
static void no_reorder(VcbLinkSettings *s)
{
    s->reorder_rate = 0;
}
static void no_duplicate(VcbLinkSettings *s)
{
    s->duplicate_rate = 0;
}
static void no_damage(VcbLinkSettings *s)
{
    s->corrupt_rate = 0;
}
static void no_jitter(VcbLinkSettings *s)
{
    s->jitter = VCB_JITTER_NONE;
}
static void other_jitter(VcbLinkSettings *s)
{
    s->jitter = VCB_JITTER_PARETO;
    s->jitter_ns *= 3;
}

static void a_stage_never_moves_anothers_draws(void)
{
    static const struct {
        void (*change)(VcbLinkSettings *);
        Stage changes;
    } changes[] = {{no_lost_packet, LOST},  {lost_by_time, LOST}, {no_reorder, HELD_BACK},
                   {no_duplicate, COPIED},  {no_damage, BROKEN},  {no_jitter, JITTERED},
                   {other_jitter, JITTERED}};
    guint n = 20000;
    guint64 seed = first_seed();
    g_autoptr(Fixture) base = NULL;
    g_autofree char *base_fates = NULL;
    VcbLinkSettings settings;

    everything(&settings);
    base = run(&settings, seed, n);
    base_fates = fates(base, n);
    for (guint i = 0; i < G_N_ELEMENTS(changes); i++) {
        VcbLinkSettings changed = settings;
        g_autoptr(Fixture) f = NULL;
        g_autofree char *changed_fates = NULL;

        changes[i].change(&changed);
        f = run(&changed, seed, n);
        changed_fates = fates(f, n);
        for (Stage stage = LOST; stage < N_STAGES; stage++) {
            g_autoptr(GArray) before = traces_of(base, stage, n), after = traces_of(f, stage, n);
            guint differ = 0;

            for (guint packet = 0; packet < n; packet++) {
                /* What is lost on one side shows nothing of the other stages. */
                if (stage != LOST && (base_fates[packet] != '.' || changed_fates[packet] != '.'))
                    continue;
                differ += g_array_index(before, gint64, packet) != g_array_index(after, gint64, packet);
            }
            CU_ASSERT_TRUE(stage == changes[i].changes ? differ > 0 : differ == 0);
        }
    }
}

/* Capacity, the queue, an MTU and outages change which packets are dropped otherwise, but none that is doomed. */
static void the_nth_packet_has_the_nth_draw_whatever_happens(void)
{
    guint n = 20000;
    guint64 seed = first_seed();
    VcbLinkSettings settings;
    g_autoptr(Fixture) base = NULL, narrow = NULL;
    g_autofree char *base_fates = NULL, *narrow_fates = NULL;
    guint other_drops = 0, wrong = 0;

    everything(&settings);
    base = run(&settings, seed, n);
    base_fates = fates(base, n);
    settings.rate_bps = 500e3;
    settings.queue_limit = 5;
    settings.mtu = 96;
    narrow = fixture_new(&settings, seed);
    for (guint i = 0; i < n; i++) {
        if (i % 100 == 0) {
            settings.up = i % 500 != 0;
            fixture_run(narrow, i * SPACING_NS, 0);
            vcb_link_change(narrow->link, &settings, i * SPACING_NS);
        }
        fixture_run(narrow, i * SPACING_NS, 0);
        fixture_send(narrow, i * SPACING_NS, 28 + i % 73);
    }
    fixture_run(narrow, narrow->now_ns + 10 * S_NS, 0);
    narrow_fates = fates(narrow, n);
    for (guint i = 0; i < n; i++) {
        if (narrow_fates[i] == '.' || narrow_fates[i] == 'a' + VCB_FATE_LOSS)
            wrong += narrow_fates[i] != base_fates[i];
        else
            other_drops++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(fixture_count(narrow, VCB_FATE_QUEUE_FULL) > 100);
    CU_ASSERT_TRUE(fixture_count(narrow, VCB_FATE_MTU) > 100);
    CU_ASSERT_TRUE(fixture_count(narrow, VCB_FATE_LINK_DOWN) > 1000);
    CU_ASSERT_TRUE(other_drops < n / 2);
}

/* Another link of the same network draws from other streams. */
static void links_of_one_seed_differ(void)
{
    static const char *const purposes[] = {"alice/up", "alice/down"};
    guint64 lost[2][20] = {{0}};
    VcbLinkSettings settings;

    vcb_link_settings_init(&settings);
    settings.loss_k = 0.5;
    for (guint i = 0; i < 2; i++) {
        static const VcbLinkEvents nobody = {NULL, NULL};
        VcbLink *link = vcb_link_new(&settings, 1, purposes[i], 0, &nobody, NULL);

        for (guint n = 0; n < 20; n++) {
            vcb_link_send(link, vcb_packet_new(), 0);
            lost[i][n] = vcb_link_counters(link)->dropped[VCB_FATE_LOSS];
        }
        vcb_link_free(link, 0);
    }
    CU_ASSERT_TRUE(memcmp(lost[0], lost[1], sizeof lost[0]) != 0);
    vcb_packet_pool_clear();
}

VCB_TEST_MAIN("link statistics", {"bounds are those of the tables", bounds_are_those_of_the_tables},
              {"every rate is inside its bounds", every_rate_is_inside_its_bounds},
              {"bursts have their mean length", bursts_have_their_mean_length},
              {"the same seed meets the same fates", the_same_seed_meets_the_same_fates},
              {"a stage never moves another's draws", a_stage_never_moves_anothers_draws},
              {"the n-th packet has the n-th draw, whatever happens",
               the_nth_packet_has_the_nth_draw_whatever_happens},
              {"links of one seed differ", links_of_one_seed_differ})
