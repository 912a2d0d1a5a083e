/* Gilbert-Elliott against its theory, by packet and by time. */
#include "common/test.h"
#include "network/link/link_fixture.h"
#include "network/link/loss.h"

#include <math.h>
#include <string.h>

#define N 400000

typedef struct {
    double rate, mean_burst, mean_gap;
} Pattern;

/* N decisions: the n-th at n * spacing_ns. */
static Pattern pattern(const VcbLinkSettings *settings, guint64 seed, gint64 spacing_ns)
{
    VcbLoss loss;
    guint lost = 0, bursts = 0;
    gboolean was_lost = FALSE;

    vcb_loss_init(&loss, seed, "x", 0);
    for (gint64 i = 0; i < N; i++) {
        gboolean is_lost = vcb_loss_draw(&loss, settings, i * spacing_ns);

        lost += is_lost;
        bursts += is_lost && !was_lost;
        was_lost = is_lost;
    }
    vcb_loss_clear(&loss);
    return (Pattern){lost / (double)N, lost / (double)MAX(bursts, 1u), (N - lost) / (double)MAX(bursts, 1u)};
}

/* The chain of states is correlated: of a sum over it the variance is larger than a binomial one by this (its lag-one
 * correlation is 1 - p - r), which is exact where h = 0, k = 1 and an upper bound elsewhere. */
static double rate_tolerance(double rate, double p, double r)
{
    double correlation = MAX(1 - p - r, 0);

    return 4 * sqrt(rate * (1 - rate) / N * (1 + correlation) / (1 - correlation));
}

static void matches_the_theory_of_gilbert_and_elliott(void)
{
    static const struct {
        double p, r, h, k;
    } cases[] = {{0, 1, 0, 0.99},  {0.01, 0.25, 0, 1}, {0.05, 0.5, 0.5, 1},  {0.02, 0.1, 0.3, 0.999},
                 {0.3, 0.9, 0, 1}, {0.5, 0.5, 0, 1},   {0.001, 0.05, 0, 0.9}};

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        double p = cases[i].p, r = cases[i].r, h = cases[i].h, k = cases[i].k, bad = p / (p + r);
        double expected = (1 - k) * (1 - bad) + (1 - h) * bad;
        VcbLinkSettings settings = {.loss_p = p, .loss_r = r, .loss_h = h, .loss_k = k};
        Pattern by_packet = pattern(&settings, i, 1), by_time;

        settings.loss_by_time = TRUE;
        settings.loss_slot_ns = 10 * MS_NS;
        by_time = pattern(&settings, i, 10 * MS_NS); /* a packet a slot */
        VCB_ASSERT_NEAR(by_packet.rate, expected, rate_tolerance(expected, p, r));
        VCB_ASSERT_NEAR(by_time.rate, expected, rate_tolerance(expected, p, r));
        if (h > 0 || k < 1 || p == 0)
            continue;
        /* Without in-between, losses are the bad state: it lasts 1 / r, the good one 1 / p. */
        VCB_ASSERT_NEAR(by_packet.mean_burst * r, 1, 0.05);
        VCB_ASSERT_NEAR(by_time.mean_burst * r, 1, 0.05);
        VCB_ASSERT_NEAR(by_packet.mean_gap * p, 1, 0.05);
    }
}

static void a_rate_and_a_burst_come_out_as_asked(void)
{
    static const double rates[] = {0.01, 0.05, 0.2}, bursts[] = {1.25, 3, 10};

    for (guint i = 0; i < 9; i++) {
        double rate = rates[i / 3], burst = bursts[i % 3];
        VcbLinkSettings settings = {.loss_p = rate / ((1 - rate) * burst), .loss_r = 1 / burst, .loss_k = 1};
        Pattern result = pattern(&settings, i, 1);

        VCB_ASSERT_NEAR(result.rate, rate, rate_tolerance(rate, settings.loss_p, settings.loss_r));
        /* A burst is geometric: its deviation is below its mean; 4 standard errors over the bursts. */
        VCB_ASSERT_NEAR(result.mean_burst, burst, 4 * burst / sqrt(N * rate / burst));
    }
}

static void rates_of_zero_and_one_are_exact(void)
{
    VcbLinkSettings nothing = {.loss_r = 1, .loss_k = 1}, everything = {.loss_r = 1, .loss_k = 0};
    VcbLinkSettings always_bad = {.loss_p = 1, .loss_r = 0, .loss_h = 0, .loss_k = 1};
    VcbLinkSettings alternate = {.loss_p = 1, .loss_r = 1, .loss_h = 0, .loss_k = 1};
    VcbLoss loss;

    VCB_ASSERT_NEAR(pattern(&nothing, 1, 1).rate, 0, 0);
    VCB_ASSERT_NEAR(pattern(&everything, 1, 1).rate, 1, 0);
    VCB_ASSERT_NEAR(pattern(&always_bad, 1, 1).rate, 1, 0);
    vcb_loss_init(&loss, 1, "x", 0);
    for (int i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(vcb_loss_draw(&loss, &alternate, 0), i % 2 == 0);
    vcb_loss_clear(&loss);
}

/* Losses of every slot, asked for by a packet in each. */
static void fill(gboolean *ret_lost, guint n, const VcbLinkSettings *settings, gint64 origin_ns)
{
    VcbLoss loss;

    vcb_loss_init(&loss, 5, "x", origin_ns);
    for (guint i = 0; i < n; i++)
        ret_lost[i] = vcb_loss_draw(&loss, settings, origin_ns + i * settings->loss_slot_ns);
    vcb_loss_clear(&loss);
}

static const VcbLinkSettings by_time = {
    .loss_p = 0.2, .loss_r = 0.3, .loss_h = 0, .loss_k = 1, .loss_by_time = TRUE, .loss_slot_ns = 1000};

static void the_state_of_a_slot_does_not_depend_on_packets(void)
{
    gboolean lost[3000];
    VcbLoss loss;
    guint n_lost = 0;

    fill(lost, G_N_ELEMENTS(lost), &by_time, 0);
    vcb_loss_init(&loss, 5, "x", 0);
    for (guint slot = 0; slot < G_N_ELEMENTS(lost); slot += 1 + slot % 97) {
        for (guint n = 0; n < slot % 5; n++)
            CU_ASSERT_EQUAL(vcb_loss_draw(&loss, &by_time, slot * 1000 + n), lost[slot]);
        n_lost += lost[slot];
    }
    CU_ASSERT_TRUE(n_lost > 3);
    vcb_loss_clear(&loss);
}

static void slots_count_from_the_origin(void)
{
    gboolean lost[500], again[500];
    VcbLoss loss;

    fill(lost, G_N_ELEMENTS(lost), &by_time, 0);
    fill(again, G_N_ELEMENTS(again), &by_time, 123456789);
    CU_ASSERT_EQUAL(memcmp(lost, again, sizeof lost), 0);

    vcb_loss_init(&loss, 5, "x", VCB_NEVER_NS);
    for (gint64 i = 0; i < 100; i++) /* stands at its beginning: slot 0, which is good */
        CU_ASSERT_FALSE(vcb_loss_draw(&loss, &by_time, i * 5000));
    vcb_loss_set_origin(&loss, 1000000);
    CU_ASSERT_FALSE(vcb_loss_draw(&loss, &by_time, 500));
    for (guint i = 0; i < G_N_ELEMENTS(lost); i++)
        CU_ASSERT_EQUAL(vcb_loss_draw(&loss, &by_time, 1000000 + i * 1000), lost[i]);
    /* In mid-loss, it begins good once more. */
    for (guint i = G_N_ELEMENTS(lost); !vcb_loss_draw(&loss, &by_time, 1000000 + i * 1000); i++)
        ;
    vcb_loss_set_origin(&loss, 5000000);
    for (guint i = 0; i < G_N_ELEMENTS(lost); i++)
        CU_ASSERT_EQUAL(vcb_loss_draw(&loss, &by_time, 5000000 + i * 1000), lost[i]);
    vcb_loss_clear(&loss);
}

static void a_change_applies_to_the_slots_that_follow(void)
{
    VcbLinkSettings never_good = by_time, longer = by_time;
    gboolean lost[500];
    VcbLoss loss;

    never_good.loss_p = 1;
    never_good.loss_r = 0;
    fill(lost, G_N_ELEMENTS(lost), &by_time, 0);
    vcb_loss_init(&loss, 5, "x", 0);
    vcb_loss_change(&loss, &by_time, &never_good, 100500); /* nobody has asked for the first 100 */
    CU_ASSERT_EQUAL(vcb_loss_draw(&loss, &never_good, 100600), lost[100]);
    for (gint64 i = 101; i < 500; i++)
        CU_ASSERT_TRUE(vcb_loss_draw(&loss, &never_good, i * 1000));
    vcb_loss_clear(&loss);

    longer.loss_slot_ns = 10000; /* the slots that follow begin at 110000, 120000, ... with the next draws */
    vcb_loss_init(&loss, 5, "x", 0);
    vcb_loss_change(&loss, &by_time, &longer, 100500);
    for (guint i = 0; i < 100; i++)
        CU_ASSERT_EQUAL(vcb_loss_draw(&loss, &longer, 105000 + i * 10000), lost[100 + i]);
    vcb_loss_clear(&loss);
}

VCB_TEST_MAIN("loss",
              {"matches the theory of Gilbert and Elliott", matches_the_theory_of_gilbert_and_elliott},
              {"a rate and a burst come out as asked", a_rate_and_a_burst_come_out_as_asked},
              {"rates of zero and one are exact", rates_of_zero_and_one_are_exact},
              {"the state of a slot does not depend on packets",
               the_state_of_a_slot_does_not_depend_on_packets},
              {"slots count from the origin", slots_count_from_the_origin},
              {"a change applies to the slots that follow", a_change_applies_to_the_slots_that_follow})
