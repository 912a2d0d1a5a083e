/* CoDel: its state by hand, then a queue that stands, beside drop-tail. */
#include "common/test.h"
#include "network/link/codel.h"
#include "network/link/link_fixture.h"

#include <math.h>

static void push(VcbQueue *queue, gint64 came_ns, guint n)
{
    for (; n > 0; n--) {
        VcbPacket *packet = vcb_packet_new();

        packet->came_ns = came_ns;
        packet->length = 1000;
        vcb_queue_push(queue, packet);
    }
}

/* Dequeue at now_ns; how many were dropped. */
static guint dequeue(VcbCodel *codel, VcbQueue *queue, gint64 now_ns)
{
    VcbPacket *dropped;
    guint n = 0;

    vcb_packet_free(vcb_codel_dequeue(codel, queue, now_ns, &dropped));
    while (dropped) {
        VcbPacket *packet = dropped;

        dropped = packet->next;
        vcb_packet_free(packet);
        n++;
    }
    return n;
}

static void empty(VcbQueue *queue)
{
    VcbPacket *packet;

    while ((packet = vcb_queue_pop(queue)))
        vcb_packet_free(packet);
    vcb_packet_pool_clear();
}

/* RFC 8289 sections 3.3 and 5.6: nothing for an interval, then drops at interval / sqrt(1), / sqrt(2), ... behind each other. */
static void drops_come_faster_by_the_control_law(void)
{
    VcbCodel codel;
    VcbQueue queue = {0};
    gint64 expected_ns = 110 * MS_NS; /* it is above the target from 10 ms on, for 100 ms */
    guint dropped = 0;

    vcb_codel_init(&codel, 5 * MS_NS, 100 * MS_NS);
    push(&queue, 0, 1500);
    for (gint64 now_ns = 10 * MS_NS; now_ns < S_NS; now_ns += MS_NS) {
        guint n = dequeue(&codel, &queue, now_ns);

        CU_ASSERT_EQUAL(n, now_ns >= expected_ns ? 1 : 0);
        if (now_ns >= expected_ns) {
            dropped++;
            expected_ns += (gint64)(100e6 / sqrt(dropped));
        }
    }
    CU_ASSERT_TRUE(dropped > 20);
    empty(&queue);
}

static void one_short_wait_ends_the_dropping(void)
{
    VcbCodel codel;
    VcbQueue queue = {0};

    vcb_codel_init(&codel, 5 * MS_NS, 100 * MS_NS);
    push(&queue, 0, 6);
    push(&queue, 399 * MS_NS, 1);
    push(&queue, 0, 10);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 100 * MS_NS), 0);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 200 * MS_NS), 1);
    CU_ASSERT_TRUE(codel.is_dropping);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 299 * MS_NS), 0);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 300 * MS_NS), 1); /* drop_next */
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 400 * MS_NS), 0); /* this one came 1 ms ago */
    CU_ASSERT_FALSE(codel.is_dropping);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 401 * MS_NS), 0); /* above again, a new interval begins */
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 500 * MS_NS), 0);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 501 * MS_NS), 1);
    empty(&queue);
}

/* Section 5.5: where dropping begins again soon, it goes on at about the rate that it had. */
static void remembers_its_rate_for_a_while(void)
{
    for (int soon = 0; soon < 2; soon++) {
        VcbCodel codel;
        VcbQueue queue = {0};
        gint64 now_ns;

        vcb_codel_init(&codel, 5 * MS_NS, 100 * MS_NS);
        push(&queue, 0, 1500);
        for (now_ns = 10 * MS_NS; now_ns < 800 * MS_NS; now_ns += MS_NS)
            dequeue(&codel, &queue, now_ns);
        CU_ASSERT_TRUE(codel.count > 10);
        now_ns += soon ? 0 : 3 * S_NS;
        empty(&queue);
        CU_ASSERT_EQUAL(dequeue(&codel, &queue, now_ns), 0); /* it was empty: not dropping */
        CU_ASSERT_FALSE(codel.is_dropping);
        push(&queue, now_ns, 1500);
        for (gint64 end_ns = now_ns + 110 * MS_NS; now_ns < end_ns; now_ns += MS_NS)
            dequeue(&codel, &queue, now_ns);
        CU_ASSERT_TRUE(codel.is_dropping);
        CU_ASSERT_TRUE(soon ? codel.last_count > 10 : codel.last_count == 1);
        empty(&queue);
    }
}

static void a_queue_of_one_packet_never_stands(void)
{
    VcbCodel codel;
    VcbQueue queue = {0};

    vcb_codel_init(&codel, 5 * MS_NS, 100 * MS_NS);
    push(&queue, 0, 1);
    for (gint64 now_ns = S_NS; now_ns < 10 * S_NS; now_ns += 50 * MS_NS) {
        push(&queue, now_ns - 500 * MS_NS, 1); /* 1000 bytes stay behind each time: less than an MTU */
        CU_ASSERT_EQUAL(dequeue(&codel, &queue, now_ns), 0);
    }
    empty(&queue);
}

static void late_for_several_drops_makes_up_for_them(void)
{
    VcbCodel codel;
    VcbQueue queue = {0};

    vcb_codel_init(&codel, 5 * MS_NS, 100 * MS_NS);
    push(&queue, 0, 100);
    dequeue(&codel, &queue, 10 * MS_NS);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 110 * MS_NS), 1);
    /* The next ones are due at 210, 280.7, 338.4 and 388.4 ms. */
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 350 * MS_NS), 3);
    CU_ASSERT_EQUAL(codel.count, 4);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 388 * MS_NS), 0);
    CU_ASSERT_EQUAL(dequeue(&codel, &queue, 389 * MS_NS), 1);
    empty(&queue);
}

/* A sender that halves what it sends at a drop and adds a packet a round trip, as TCP does, over a link of 5 Mbit/s and 50 ms:
 * the mean wait in the queue in the second half of a minute. */
static double mean_wait_ms(VcbDiscipline discipline, double *ret_used)
{
    VcbLinkSettings settings;
    Fixture *f;
    double window = 10, wait_ns = 0;
    guint under_way = 0, seen = 0, n = 0, bytes = 0;
    gint64 halved_ns = 0;

    vcb_link_settings_init(&settings);
    settings.rate_bps = 5e6;
    settings.delay_ns = 50 * MS_NS;
    settings.discipline = discipline;
    settings.queue_limit = 200;
    f = fixture_new(&settings, 1);
    for (gint64 now_ns = 0; now_ns < 60 * S_NS; now_ns += MS_NS) {
        fixture_run(f, now_ns, 0);
        for (; seen < f->records->len; seen++) {
            const Record *record = fixture_record(f, seen);

            under_way--;
            if (record->fate == VCB_FATE_DELIVERED) {
                window += 1 / window;
            } else if (now_ns - halved_ns > 100 * MS_NS) {
                window = MAX(window / 2, 2);
                halved_ns = now_ns;
            }
            if (now_ns > 30 * S_NS && record->fate == VCB_FATE_DELIVERED) {
                wait_ns += (double)record->queued_ns;
                bytes += record->length;
                n++;
            }
        }
        for (; under_way < window; under_way++)
            fixture_send(f, now_ns, 1250);
    }
    *ret_used = bytes * 8 / 30.0 / 5e6;
    fixture_free(f);
    return wait_ns / n / 1e6;
}

static void holds_a_standing_queue_near_the_target(void)
{
    double used_codel, used_tail;
    double codel_ms = mean_wait_ms(VCB_DISCIPLINE_CODEL, &used_codel);
    double tail_ms = mean_wait_ms(VCB_DISCIPLINE_DROP_TAIL, &used_tail);

    g_print("(codel %.1f ms, %.0f %% used; drop-tail %.1f ms, %.0f %%) ", codel_ms, 100 * used_codel, tail_ms,
            100 * used_tail);
    CU_ASSERT_TRUE(codel_ms < 3 * 5);
    CU_ASSERT_TRUE(used_codel > 0.8);
    CU_ASSERT_TRUE(tail_ms > 200); /* 200 packets are 400 ms */
    CU_ASSERT_TRUE(used_tail > 0.98);
}

static void the_limit_holds_under_codel_too(void)
{
    VcbLinkSettings settings;
    g_autoptr(Fixture) f = NULL;

    vcb_link_settings_init(&settings);
    settings.rate_bps = 1e6;
    settings.discipline = VCB_DISCIPLINE_CODEL;
    settings.queue_limit = 10;
    f = fixture_new(&settings, 1);
    for (int i = 0; i < 12; i++)
        fixture_send(f, 0, 1000);
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_QUEUE_FULL), 1);
    fixture_run(f, 8 * MS_NS, 0);
    fixture_send(f, 8 * MS_NS, 1000);
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_QUEUE_FULL), 1);
}

/* As a burst that cannot be stopped shows: it goes on dropping, and the reason and moment are told. */
static void drops_are_told_when_the_line_was_free(void)
{
    VcbLinkSettings settings;
    g_autoptr(Fixture) f = NULL;
    guint seen = 0;

    vcb_link_settings_init(&settings);
    settings.rate_bps = 1e6;
    settings.discipline = VCB_DISCIPLINE_CODEL;
    f = fixture_new(&settings, 1);
    for (int i = 0; i < 100; i++)
        fixture_send(f, 0, 1000);
    fixture_run(f, 2 * S_NS, 3 * MS_NS);
    for (guint i = 0; i < f->records->len; i++) {
        const Record *record = fixture_record(f, i);

        if (record->fate == VCB_FATE_CODEL) {
            if (seen++ == 0)
                VCB_ASSERT_NEAR((double)record->due_ns / 1e6, 112,
                                0); /* above from 8 ms on: 108, then the next end */
            CU_ASSERT_TRUE(record->due_ns % (8 * MS_NS) == 0 && record->now_ns >= record->due_ns);
        }
    }
    CU_ASSERT_TRUE(seen > 10);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->dropped[VCB_FATE_CODEL], seen);
    CU_ASSERT_TRUE(fixture_is_conserved(f));
}

/* One of a jumbo MTU that waits is less than an MTU, too. */
static void the_longest_packet_is_the_mtu(void)
{
    VcbCodel codel;
    VcbQueue queue = {0};

    vcb_codel_init(&codel, 5 * MS_NS, 100 * MS_NS);
    push(&queue, 0, 1);
    queue.tail->length = 9000;
    queue.n_bytes = 9000;
    for (gint64 now_ns = S_NS; now_ns < 10 * S_NS; now_ns += 50 * MS_NS) {
        push(&queue, now_ns - 500 * MS_NS, 1);
        queue.tail->length = 9000;
        queue.n_bytes = 18000;
        CU_ASSERT_EQUAL(dequeue(&codel, &queue, now_ns), 0);
    }
    empty(&queue);
}

/* How many of a burst of 100 packets of 8 ms each CoDel drops, switched on or changed after the burst came. */
static guint drops_after(VcbDiscipline before, gint64 target_ns)
{
    VcbLinkSettings settings;
    g_autoptr(Fixture) f = NULL;

    vcb_link_settings_init(&settings);
    settings.rate_bps = 1e6;
    settings.discipline = before;
    settings.codel_target_ns = S_NS;
    f = fixture_new(&settings, 1);
    for (int i = 0; i < 100; i++)
        fixture_send(f, 0, 1000);
    settings.discipline = VCB_DISCIPLINE_CODEL;
    settings.codel_target_ns = target_ns;
    vcb_link_change(f->link, &settings, 0);
    fixture_run(f, 2 * S_NS, 0);
    return fixture_count(f, VCB_FATE_CODEL);
}

static void its_settings_can_change(void)
{
    CU_ASSERT_EQUAL(drops_after(VCB_DISCIPLINE_CODEL, S_NS), 0);
    CU_ASSERT_TRUE(drops_after(VCB_DISCIPLINE_CODEL, 5 * MS_NS) > 10);
    CU_ASSERT_EQUAL(drops_after(VCB_DISCIPLINE_DROP_TAIL, S_NS), 0);
    CU_ASSERT_TRUE(drops_after(VCB_DISCIPLINE_DROP_TAIL, 5 * MS_NS) > 10);
}

/* What it remembers from long ago ends with it. */
static void switched_off_and_on_it_begins_anew(void)
{
    VcbLinkSettings settings;
    g_autoptr(Fixture) f = NULL;
    guint dropped;

    vcb_link_settings_init(&settings);
    settings.rate_bps = 1e6;
    settings.discipline = VCB_DISCIPLINE_CODEL;
    f = fixture_new(&settings, 1);
    for (int i = 0; i < 200; i++)
        fixture_send(f, 0, 1000);
    fixture_run(f, 500 * MS_NS, 0); /* it is dropping, every few packets */
    dropped = fixture_count(f, VCB_FATE_CODEL);
    CU_ASSERT_TRUE(dropped > 5);
    settings.discipline = VCB_DISCIPLINE_DROP_TAIL;
    vcb_link_change(f->link, &settings, 500 * MS_NS);
    settings.discipline = VCB_DISCIPLINE_CODEL;
    vcb_link_change(f->link, &settings, 500 * MS_NS);
    fixture_run(f, 600 * MS_NS, 0); /* an interval above the target first */
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_CODEL), dropped);
    fixture_run(f, 620 * MS_NS, 0);
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_CODEL), dropped + 1);
}

VCB_TEST_MAIN("codel", {"drops come faster by the control law", drops_come_faster_by_the_control_law},
              {"one short wait ends the dropping", one_short_wait_ends_the_dropping},
              {"remembers its rate for a while", remembers_its_rate_for_a_while},
              {"a queue of one packet never stands", a_queue_of_one_packet_never_stands},
              {"late for several drops makes up for them", late_for_several_drops_makes_up_for_them},
              {"holds a standing queue near the target", holds_a_standing_queue_near_the_target},
              {"the limit holds under codel, too", the_limit_holds_under_codel_too},
              {"the longest packet is the MTU", the_longest_packet_is_the_mtu},
              {"its settings can change", its_settings_can_change},
              {"switched off and on it begins anew", switched_off_and_on_it_begins_anew},
              {"drops are told when the line was free", drops_are_told_when_the_line_was_free})
