/* Settings that change while packets are on the link, and the origin that comes later. */
#include "common/test.h"
#include "network/link/link_fixture.h"

static void one_mbps(VcbLinkSettings *settings)
{
    settings->rate_bps = 1e6;
    settings->queue_limit = 2;
}

static void delay_50(VcbLinkSettings *settings)
{
    one_mbps(settings);
    settings->delay_ns = 50 * MS_NS;
}

static void eight_ms(VcbLinkSettings *settings)
{
    settings->rate_bps = 1e6;
    settings->queue_unit = VCB_QUEUE_TIME;
    settings->queue_limit = 8 * MS_NS;
}

static void counts_the_time_that_waits_at_the_present_rate(void)
{
    g_autoptr(Fixture) f = plain(eight_ms);
    VcbLinkSettings faster;

    fixture_send(f, 0, 500);
    fixture_send(f, 0, 1000);
    fixture_send(f, 0, 20);
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_QUEUE_FULL), 1);
    vcb_link_settings_copy(&faster, vcb_link_settings(f->link));
    faster.rate_bps = 2e6; /* what waits is 4 ms now */
    vcb_link_change(f->link, &faster, 0);
    vcb_link_settings_clear(&faster);
    fixture_send(f, 0, 1000);
    fixture_send(f, 0, 20);
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_QUEUE_FULL), 2);
}

static void all_lost_at_one_mbps(VcbLinkSettings *settings)
{
    one_mbps(settings);
    settings->loss_k = 0;
}

static void a_lost_packet_uses_capacity(void)
{
    g_autoptr(Fixture) f = plain(all_lost_at_one_mbps);
    VcbLinkSettings lossless;

    fixture_send(f, 0, 1000);
    vcb_link_settings_copy(&lossless, vcb_link_settings(f->link));
    lossless.loss_k = 1;
    vcb_link_change(f->link, &lossless, 0); /* its fate is drawn already */
    vcb_link_settings_clear(&lossless);
    fixture_send(f, 0, 1000);
    CU_ASSERT_EQUAL(f->records->len, 0);
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_LOSS, 8 * MS_NS);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_DELIVERED, 16 * MS_NS);
}

static void ten_to_one(VcbLinkSettings *settings)
{
    static VcbRateStep steps[] = {{0, 1e6}, {4 * MS_NS, 1e5}};

    settings->rate_steps = steps;
    settings->n_rate_steps = 2;
}

static void a_step_in_a_transmission_slows_the_rest(void)
{
    g_autoptr(Fixture) f = plain(ten_to_one);

    fixture_send(f, 0, 1000); /* half at 1 Mbit/s: 4 ms, half at 100 kbit/s: 40 ms */
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_DELIVERED, 44 * MS_NS);
}

static void change_rate(Fixture *f, double rate_bps, gint64 now_ns)
{
    VcbLinkSettings settings;

    vcb_link_settings_copy(&settings, vcb_link_settings(f->link));
    settings.rate_bps = rate_bps;
    vcb_link_change(f->link, &settings, now_ns);
    vcb_link_settings_clear(&settings);
}

static void a_change_in_a_transmission_speeds_up_the_rest(void)
{
    g_autoptr(Fixture) f = plain(one_mbps);

    fixture_send(f, 0, 1000);
    fixture_send(f, 0, 1000);
    change_rate(f, 2e6, 4 * MS_NS);
    CU_ASSERT_EQUAL(vcb_link_next_ns(f->link), 6 * MS_NS);
    change_rate(f, 2e6, 5 * MS_NS); /* no change at all */
    CU_ASSERT_EQUAL(vcb_link_next_ns(f->link), 6 * MS_NS);
    fixture_run(f, 7 * MS_NS, 0);
    change_rate(f, 0, 7 * MS_NS); /* no limit: what waits leaves at once */
    CU_ASSERT_EQUAL(vcb_link_next_ns(f->link), 7 * MS_NS);
    fixture_run(f, 7 * MS_NS, 0);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_DELIVERED, 6 * MS_NS);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_DELIVERED, 7 * MS_NS);
}

static void going_down_drops_what_waits(void)
{
    g_autoptr(Fixture) f = plain(delay_50);
    VcbLinkSettings settings;

    for (int i = 0; i < 3; i++)
        fixture_send(f, 0, 1000);
    vcb_link_settings_copy(&settings, vcb_link_settings(f->link));
    settings.up = FALSE;
    vcb_link_change(f->link, &settings, 10 * MS_NS); /* the first is under way */
    f->now_ns = 10 * MS_NS;
    ASSERT_RECORD(f, 0, 1, VCB_FATE_LINK_DOWN, 10 * MS_NS);
    ASSERT_RECORD(f, 1, 2, VCB_FATE_LINK_DOWN, 10 * MS_NS);
    fixture_send(f, 11 * MS_NS, 1000);
    ASSERT_RECORD(f, 2, 3, VCB_FATE_LINK_DOWN, 11 * MS_NS);
    settings.up = TRUE;
    vcb_link_change(f->link, &settings, 12 * MS_NS);
    fixture_send(f, 12 * MS_NS, 1000);
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 3, 0, VCB_FATE_DELIVERED, 58 * MS_NS);
    ASSERT_RECORD(f, 4, 4, VCB_FATE_DELIVERED, 70 * MS_NS);
    CU_ASSERT_TRUE(fixture_is_conserved(f));
    vcb_link_settings_clear(&settings);
}

static void a_shorter_delay_lets_nobody_overtake(void)
{
    g_autoptr(Fixture) f = plain(delay_50);
    VcbLinkSettings settings;

    vcb_link_settings_copy(&settings, vcb_link_settings(f->link));
    settings.rate_bps = 0;
    vcb_link_change(f->link, &settings, 0);
    fixture_send(f, 0, 100);
    settings.delay_ns = 10 * MS_NS;
    vcb_link_change(f->link, &settings, MS_NS);
    fixture_send(f, MS_NS, 100);
    fixture_send(f, 45 * MS_NS, 100);
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_DELIVERED, 50 * MS_NS);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_DELIVERED, 50 * MS_NS);
    ASSERT_RECORD(f, 2, 2, VCB_FATE_DELIVERED, 55 * MS_NS);
    vcb_link_settings_clear(&settings);
}

static void a_packet_held_back_holds_nobody_up(void)
{
    g_autoptr(Fixture) f = plain(delay_50);
    VcbLinkSettings settings;

    vcb_link_settings_copy(&settings, vcb_link_settings(f->link));
    settings.rate_bps = 0;
    settings.reorder_rate = 1;
    vcb_link_change(f->link, &settings, 0);
    fixture_send(f, 0, 100);
    settings.reorder_rate = 0;
    vcb_link_change(f->link, &settings, 0);
    fixture_send(f, 5 * MS_NS, 100);
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 0, 1, VCB_FATE_DELIVERED, 55 * MS_NS);
    ASSERT_RECORD(f, 1, 0, VCB_FATE_DELIVERED, 70 * MS_NS);
    CU_ASSERT_TRUE(fixture_record(f, 1)->is_held_back && !fixture_record(f, 0)->is_held_back);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->reordered, 1);
    vcb_link_settings_clear(&settings);
}

static void jitter_that_reorders_no_more_keeps_behind_all(void)
{
    g_autoptr(Fixture) f = plain(NULL);
    VcbLinkSettings settings = present(f);

    settings.delay_ns = 50 * MS_NS;
    settings.jitter_reorders = TRUE;
    vcb_link_change(f->link, &settings, 0);
    fixture_send(f, 0, 100);
    settings.delay_ns = 10 * MS_NS;
    vcb_link_change(f->link, &settings, MS_NS);
    fixture_send(f, MS_NS, 100);
    settings.jitter_reorders = FALSE;
    vcb_link_change(f->link, &settings, 2 * MS_NS);
    fixture_send(f, 2 * MS_NS, 100);
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 0, 1, VCB_FATE_DELIVERED, 11 * MS_NS);
    ASSERT_RECORD(f, 1, 0, VCB_FATE_DELIVERED, 50 * MS_NS);
    ASSERT_RECORD(f, 2, 2, VCB_FATE_DELIVERED, 50 * MS_NS);
    vcb_link_settings_clear(&settings);
}

static void each_ms(VcbLinkSettings *settings)
{
    static guint32 trace[] = {1};

    settings->trace_ms = trace;
    settings->n_trace = 1;
}

static void a_change_gives_no_opportunity_twice(void)
{
    g_autoptr(Fixture) f = plain(each_ms);
    VcbLinkSettings settings = present(f);

    fixture_send(f, 0, 1500);
    fixture_run(f, MS_NS, 0);
    settings.delay_ns = 5 * MS_NS;
    vcb_link_change(f->link, &settings, MS_NS);
    fixture_send(f, MS_NS, 1500);
    settings.trace_ms[0] = 4; /* another trace, from here on */
    vcb_link_change(f->link, &settings, MS_NS);
    fixture_send(f, MS_NS, 1500);
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_DELIVERED, MS_NS);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_DELIVERED, 9 * MS_NS);
    ASSERT_RECORD(f, 2, 2, VCB_FATE_DELIVERED, 13 * MS_NS);
    vcb_link_settings_clear(&settings);
}

static void steps_and_losses_count_from_an_origin_set_later(void)
{
    g_autoptr(Fixture) f = plain(ten_to_one);
    VcbLinkSettings settings = present(f);

    vcb_link_set_origin(f->link, VCB_NEVER_NS);
    fixture_send(f, 0, 1000);
    CU_ASSERT_EQUAL(vcb_link_next_ns(f->link), 8 * MS_NS); /* as the steps begin */
    vcb_link_set_origin(f->link, 2 * MS_NS);
    CU_ASSERT_EQUAL(vcb_link_next_ns(f->link), 26 * MS_NS); /* 6 ms of it; then it slows down */
    VCB_ASSERT_NEAR(vcb_link_rate_bps(f->link, 5 * MS_NS), 1e6, 0);
    VCB_ASSERT_NEAR(vcb_link_rate_bps(f->link, 6 * MS_NS), 1e5, 0);
    fixture_run(f, 100 * MS_NS, 0);

    settings.n_rate_steps = 0;
    settings.loss_by_time = TRUE;
    settings.loss_slot_ns = 10 * MS_NS;
    settings.loss_p = 1; /* good in the first slot, bad for ever after */
    settings.loss_r = 0;
    vcb_link_change(f->link, &settings, 100 * MS_NS);
    fixture_send(f, 100 * MS_NS, 100);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_LOSS, 100 * MS_NS);
    vcb_link_set_origin(f->link, 120 * MS_NS);
    fixture_send(f, 110 * MS_NS, 100);
    fixture_send(f, 129 * MS_NS, 100);
    fixture_send(f, 130 * MS_NS, 100);
    ASSERT_RECORD(f, 2, 2, VCB_FATE_DELIVERED, 110 * MS_NS);
    ASSERT_RECORD(f, 3, 3, VCB_FATE_DELIVERED, 129 * MS_NS);
    ASSERT_RECORD(f, 4, 4, VCB_FATE_LOSS, 130 * MS_NS);
    vcb_link_settings_clear(&settings);
}

static void twice(VcbLinkSettings *settings)
{
    settings->duplicate_rate = 1;
}

static void copies_leave_at_once_too_and_behind_what_is_overdue(void)
{
    g_autoptr(Fixture) f = plain(twice);
    VcbLinkSettings settings = present(f);

    fixture_send(f, 0, 100);
    CU_ASSERT_EQUAL(f->records->len, 2);
    settings.delay_ns = 10 * MS_NS;
    vcb_link_change(f->link, &settings, 0);
    fixture_send(f, 0, 100);
    CU_ASSERT_EQUAL(f->records->len, 2);
    settings.delay_ns = 0;
    vcb_link_change(f->link, &settings, 0);
    fixture_send(f, 20 * MS_NS, 100); /* nobody has looked at 10 ms */
    CU_ASSERT_EQUAL(f->records->len, 6);
    ASSERT_RECORD(f, 2, 1, VCB_FATE_DELIVERED, 10 * MS_NS);
    ASSERT_RECORD(f, 5, 2, VCB_FATE_DELIVERED, 20 * MS_NS);
    vcb_link_settings_clear(&settings);
}

VCB_TEST_MAIN(
    "link changes",
    {"counts the time that waits at the present rate", counts_the_time_that_waits_at_the_present_rate},
    {"a lost packet uses capacity", a_lost_packet_uses_capacity},
    {"a step in a transmission slows the rest", a_step_in_a_transmission_slows_the_rest},
    {"a change in a transmission speeds up the rest", a_change_in_a_transmission_speeds_up_the_rest},
    {"going down drops what waits", going_down_drops_what_waits},
    {"a shorter delay lets nobody overtake", a_shorter_delay_lets_nobody_overtake},
    {"a packet held back holds nobody up", a_packet_held_back_holds_nobody_up},
    {"jitter that reorders no more keeps behind all", jitter_that_reorders_no_more_keeps_behind_all},
    {"a change gives no opportunity twice", a_change_gives_no_opportunity_twice},
    {"steps and losses count from an origin set later", steps_and_losses_count_from_an_origin_set_later},
    {"copies leave at once too and behind what is overdue",
     copies_leave_at_once_too_and_behind_what_is_overdue})
