/* What one packet meets, and a few behind each other: every rule once, with time by hand. */
#include "common/test.h"
#include "network/link/link_fixture.h"

static Fixture *plain(void (*set)(VcbLinkSettings *))
{
    VcbLinkSettings settings;

    vcb_link_settings_init(&settings);
    if (set)
        set(&settings);
    return fixture_new(&settings, 1);
}

#define ASSERT_RECORD(fixture, place, expected_ordinal, expected_fate, expected_due_ns)                      \
    do {                                                                                                     \
        const Record *vcb_r = fixture_record(fixture, place);                                                \
        CU_ASSERT_EQUAL(vcb_r->ordinal, expected_ordinal);                                                   \
        VCB_ASSERT_STRING(vcb_fate_name(vcb_r->fate), vcb_fate_name(expected_fate));                         \
        VCB_ASSERT_NEAR((double)vcb_r->due_ns, (double)(expected_due_ns), 0);                                \
    } while (0)

static void delivers_at_once_where_nothing_delays(void)
{
    g_autoptr(Fixture) f = plain(NULL);

    fixture_send(f, 5 * MS_NS, 100);
    CU_ASSERT_EQUAL(f->records->len, 1);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_DELIVERED, 5 * MS_NS);
    CU_ASSERT_EQUAL(vcb_link_next_ns(f->link), VCB_NEVER_NS);
    CU_ASSERT_TRUE(fixture_is_conserved(f));
}

static void one_mbps(VcbLinkSettings *settings)
{
    settings->rate_bps = 1e6;
    settings->queue_limit = 2;
}

static void a_packet_takes_its_bits_by_the_rate(void)
{
    g_autoptr(Fixture) f = plain(one_mbps);

    fixture_send(f, 0, 1000); /* 8 ms each */
    fixture_send(f, MS_NS, 1000);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->queue_bytes, 1000);
    CU_ASSERT_EQUAL(vcb_link_next_ns(f->link), 8 * MS_NS);
    fixture_run(f, 20 * MS_NS, 0);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_DELIVERED, 8 * MS_NS);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_DELIVERED, 16 * MS_NS);
    CU_ASSERT_EQUAL(fixture_record(f, 0)->queued_ns, 0);
    CU_ASSERT_EQUAL(fixture_record(f, 1)->queued_ns, 7 * MS_NS);
}

static void drops_the_packet_that_overflows_the_queue(void)
{
    g_autoptr(Fixture) f = plain(one_mbps);

    for (int i = 0; i < 4; i++) /* one in transmission, two wait */
        fixture_send(f, 0, 1000);
    ASSERT_RECORD(f, 0, 3, VCB_FATE_QUEUE_FULL, 0);
    fixture_send(f, 8 * MS_NS, 1000); /* one has left at this very moment */
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 1, 0, VCB_FATE_DELIVERED, 8 * MS_NS);
    ASSERT_RECORD(f, 4, 4, VCB_FATE_DELIVERED, 32 * MS_NS);
    CU_ASSERT_EQUAL(f->records->len, 5);
}

VCB_TEST_MAIN("link", {"delivers at once where nothing delays", delivers_at_once_where_nothing_delays},
              {"a packet takes its bits by the rate", a_packet_takes_its_bits_by_the_rate},
              {"drops the packet that overflows the queue", drops_the_packet_that_overflows_the_queue})
