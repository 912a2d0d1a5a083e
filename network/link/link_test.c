/* What one packet meets, and a few behind each other: every rule once, with time by hand. */
#include "common/test.h"
#include "network/link/link_fixture.h"

#include <string.h>

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

static void four_thousand_bytes(VcbLinkSettings *settings)
{
    settings->rate_bps = 1e6;
    settings->queue_unit = VCB_QUEUE_BYTES;
    settings->queue_limit = 4000;
}

static void counts_the_bytes_that_wait(void)
{
    g_autoptr(Fixture) f = plain(four_thousand_bytes);

    fixture_send(f, 0, 9000); /* in transmission: no matter */
    fixture_send(f, 0, 3000);
    fixture_send(f, 0, 1001); /* one byte too many */
    fixture_send(f, 0, 1000);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->queue_bytes, 4000);
    CU_ASSERT_EQUAL(f->records->len, 1);
    ASSERT_RECORD(f, 0, 2, VCB_FATE_QUEUE_FULL, 0);
}

static void no_place(VcbLinkSettings *settings)
{
    settings->rate_bps = 1e6;
    settings->queue_limit = 0;
}

static void a_link_without_a_queue_still_sends(void)
{
    g_autoptr(Fixture) f = plain(no_place);

    fixture_send(f, 0, 1000);
    fixture_send(f, 7999999, 1000);
    fixture_send(f, 8 * MS_NS, 1000);
    fixture_run(f, S_NS, 0);
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_DELIVERED), 2);
    ASSERT_RECORD(f, 0, 1, VCB_FATE_QUEUE_FULL, 7999999);
}

static void nothing_but_a_queue_limit(VcbLinkSettings *settings)
{
    settings->queue_limit = 0;
}

static void without_capacity_nothing_waits(void)
{
    g_autoptr(Fixture) f = plain(nothing_but_a_queue_limit);

    for (int i = 0; i < 100; i++)
        fixture_send(f, 0, 1500);
    CU_ASSERT_EQUAL(fixture_count(f, VCB_FATE_DELIVERED), 100);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->queue_bytes, 0);
}

static void mtu_1280(VcbLinkSettings *settings)
{
    settings->mtu = 1280;
}

static void drops_what_is_longer_than_the_mtu(void)
{
    g_autoptr(Fixture) f = plain(mtu_1280);

    fixture_send(f, 1, 1281);
    fixture_send(f, 2, 1280);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_MTU, 1);
    CU_ASSERT_EQUAL(fixture_record(f, 0)->flipped_bits, 0);
    CU_ASSERT_EQUAL(fixture_record(f, 0)->length, 1281);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_DELIVERED, 2);
}

static void delay_50(VcbLinkSettings *settings)
{
    one_mbps(settings);
    settings->delay_ns = 50 * MS_NS;
}

static void the_delay_begins_behind_the_queue(void)
{
    g_autoptr(Fixture) f = plain(delay_50);

    fixture_send(f, 0, 1000);
    fixture_send(f, 0, 1000);
    fixture_run(f, 57999999, 0);
    CU_ASSERT_EQUAL(f->records->len, 0);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->queued, 2);
    fixture_run(f, S_NS, 0);
    ASSERT_RECORD(f, 0, 0, VCB_FATE_DELIVERED, 58 * MS_NS);
    ASSERT_RECORD(f, 1, 1, VCB_FATE_DELIVERED, 66 * MS_NS);
}

static void lateness_moves_no_ideal_time(void)
{
    g_autoptr(Fixture) punctual = plain(delay_50), late = plain(delay_50);

    for (int i = 0; i < 50; i++) {
        fixture_run(punctual, i * 7 * MS_NS, 0);
        fixture_send(punctual, i * 7 * MS_NS, 1000);
        if (i % 10 == 9) { /* a caller that looks once in 70 ms, but knows when packets came */
            late->now_ns = i * 7 * MS_NS;
            for (int j = i - 9; j <= i; j++)
                fixture_send(late, j * 7 * MS_NS, 1000);
            vcb_link_advance(late->link, late->now_ns);
        }
    }
    fixture_run(punctual, S_NS, 0);
    late->now_ns = S_NS;
    vcb_link_advance(late->link, S_NS);
    CU_ASSERT_EQUAL(punctual->records->len, late->records->len);
    CU_ASSERT_TRUE(fixture_count(late, VCB_FATE_QUEUE_FULL) > 0);
    for (guint32 ordinal = 0; ordinal < 50; ordinal++) {
        const Record *a = NULL, *b = NULL;

        for (guint i = 0; i < punctual->records->len; i++) {
            if (fixture_record(punctual, i)->ordinal == ordinal)
                a = fixture_record(punctual, i);
            if (fixture_record(late, i)->ordinal == ordinal)
                b = fixture_record(late, i);
        }
        CU_ASSERT_TRUE(a && b && a->fate == b->fate && a->due_ns == b->due_ns && b->due_ns <= b->now_ns);
    }
}

static void twice_and_broken(VcbLinkSettings *settings)
{
    delay_50(settings);
    settings->duplicate_rate = settings->corrupt_rate = 1;
}

static void a_copy_leaves_right_behind_and_is_the_same(void)
{
    g_autoptr(Fixture) f = plain(twice_and_broken);

    fixture_send(f, 0, 1000);
    fixture_send(f, 0, 1000);
    fixture_run(f, S_NS, 0);
    CU_ASSERT_EQUAL(f->records->len, 4);
    for (guint i = 0; i < 4; i++) {
        ASSERT_RECORD(f, i, i / 2, VCB_FATE_DELIVERED, (i < 2 ? 58 : 66) * MS_NS);
        CU_ASSERT_EQUAL(fixture_record(f, i)->is_copy, i % 2);
        CU_ASSERT_EQUAL(fixture_record(f, i)->first_flipped, fixture_record(f, i - i % 2)->first_flipped);
    }
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->duplicated, 2);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->corrupted, 2);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->delivered_bytes, 4000);
    CU_ASSERT_TRUE(fixture_is_conserved(f));
}

static void all_broken(VcbLinkSettings *settings)
{
    settings->corrupt_rate = 1;
}

static void damage_is_one_bit_behind_the_ip_header(void)
{
    g_autoptr(Fixture) f = plain(all_broken);
    gboolean hit[16] = {FALSE};

    for (guint i = 0; i < 500; i++) {
        fixture_send(f, i, 22); /* two bytes behind the header */
        CU_ASSERT_TRUE(fixture_record(f, i)->is_corrupted);
        CU_ASSERT_EQUAL(fixture_record(f, i)->flipped_bits, 1);
        CU_ASSERT_FATAL(fixture_record(f, i)->first_flipped >= 160 &&
                        fixture_record(f, i)->first_flipped < 176);
        hit[fixture_record(f, i)->first_flipped - 160] = TRUE;
    }
    for (guint i = 0; i < 16; i++)
        CU_ASSERT_TRUE(hit[i]);
    fixture_send(f, 500, 20); /* nothing but its header */
    CU_ASSERT_EQUAL(fixture_record(f, 500)->flipped_bits, 0);
    CU_ASSERT_FALSE(fixture_record(f, 500)->is_corrupted);
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->corrupted, 500);
}

static guint first_damage; /* byte of the packet that on_headers saw, or length */

static void on_headers(VcbLink *link, VcbPacket *packet, gint64 now_ns, void *user_data)
{
    const guint8 *first = user_data;

    first_damage = packet->data[0] == *first ? 1 : 0;
    while (first_damage > 0 && first_damage < packet->length && packet->data[first_damage] == 0)
        first_damage++;
    vcb_packet_free(packet);
}

/* Options of IPv4 and the longer header of IPv6 are headers, too. */
static void headers_stay_whole(void)
{
    static const struct {
        guint8 first;
        guint header, length;
    } cases[] = {{0x4f, 60, 61}, {0x46, 24, 25}, {0x60, 40, 41}, {0x60, 40, 40}, {0x4f, 60, 60}};
    static const VcbLinkEvents events = {.deliver = on_headers};
    VcbLinkSettings settings;

    vcb_link_settings_init(&settings);
    settings.corrupt_rate = 1;
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        VcbLink *link = vcb_link_new(&settings, 1, "x", 0, &events, (void *)&cases[i].first);

        for (int n = 0; n < 50; n++) {
            VcbPacket *packet = vcb_packet_new();

            packet->length = (guint16)cases[i].length;
            memset(packet->data, 0, packet->length);
            packet->data[0] = cases[i].first;
            vcb_link_send(link, packet, 0);
            CU_ASSERT_EQUAL(first_damage, cases[i].header);
        }
        vcb_link_free(link, 0);
    }
    vcb_packet_pool_clear();
}

static void removing_drops_all_that_is_on_it(void)
{
    Fixture *f = plain(twice_and_broken);
    GArray *records = g_array_ref(f->records);

    for (int i = 0; i < 3; i++)
        fixture_send(f, 0, 1000);
    fixture_run(f, 9 * MS_NS, 0); /* the first and its copy under way, one in transmission, one waits */
    CU_ASSERT_EQUAL(vcb_link_counters(f->link)->queued, 4);
    fixture_free(f);
    CU_ASSERT_EQUAL(records->len, 4);
    for (guint i = 0; i < records->len; i++)
        CU_ASSERT_EQUAL(g_array_index(records, Record, i).fate, VCB_FATE_REMOVED);
    g_array_unref(records);
    vcb_link_free(NULL, 0);
}

/* Two links behind each other, the second one fed from within the first one's callback. */
static void on_forward(VcbLink *link, VcbPacket *packet, gint64 now_ns, void *user_data)
{
    packet->came_ns = packet->due_ns;
    vcb_link_send(((Fixture *)user_data)->link, packet, now_ns);
}

static void links_in_a_row_add_up_exactly(void)
{
    static const VcbLinkEvents forward = {.deliver = on_forward};
    g_autoptr(Fixture) second = plain(delay_50);
    VcbLinkSettings settings;
    VcbLink *first;

    vcb_link_settings_init(&settings);
    settings.delay_ns = 30 * MS_NS;
    settings.rate_bps = 1e6;
    first = vcb_link_new(&settings, 1, "bob/up", 0, &forward, second);
    for (int i = 0; i < 3; i++) {
        VcbPacket *packet = vcb_packet_new();

        packet->length = 1000;
        vcb_link_send(first, packet, 0);
    }
    vcb_link_advance(first, 100 * MS_NS); /* much too late; the second link does not mind */
    fixture_run(second, S_NS, 0);
    for (guint i = 0; i < 3; i++)
        ASSERT_RECORD(second, i, i, VCB_FATE_DELIVERED, (96 + 8 * i) * MS_NS);
    vcb_link_free(first, S_NS);
}

/* A copy of one link is a packet like any other on the next. */
static void a_link_tells_only_what_it_did_itself(void)
{
    static const VcbLinkEvents forward = {.deliver = on_forward};
    g_autoptr(Fixture) second = plain(NULL);
    VcbPacket *packet = vcb_packet_new();
    VcbLinkSettings settings;
    VcbLink *first;

    vcb_link_settings_init(&settings);
    settings.duplicate_rate = settings.corrupt_rate = settings.reorder_rate = 1;
    settings.rate_bps = 1e6;
    first = vcb_link_new(&settings, 1, "bob/up", 0, &forward, second);
    packet->length = 1000;
    vcb_link_send(first, packet, 0);
    vcb_link_advance(first, S_NS);
    CU_ASSERT_EQUAL(second->records->len, 2);
    for (guint i = 0; i < 2; i++) {
        const Record *record = fixture_record(second, i);

        CU_ASSERT_TRUE(!record->is_copy && !record->is_corrupted && !record->is_held_back);
        CU_ASSERT_EQUAL(record->queued_ns, 0);
        CU_ASSERT_EQUAL(record->ordinal, i);
    }
    vcb_link_free(first, S_NS);
}

static void fates_have_the_names_of_the_page(void)
{
    VCB_ASSERT_STRING(vcb_fate_name(VCB_FATE_DELIVERED), "delivered");
    VCB_ASSERT_STRING(vcb_fate_name(VCB_FATE_QUEUE_FULL), "queue-full");
    VCB_ASSERT_STRING(vcb_fate_name(VCB_FATE_HOST_FULL), "host-full");
    VCB_ASSERT_STRING(vcb_fate_name(VCB_FATE_FRAGMENT), "fragment");
}

static void a_packet_from_the_pool_is_blank(void)
{
    VcbPacket *packet = vcb_packet_new(), *copy;

    packet->length = 3;
    packet->flow = 7;
    packet->is_copy = packet->is_doomed = packet->skips_links = TRUE;
    memcpy(packet->data, "abc", 3);
    copy = vcb_packet_copy(packet);
    CU_ASSERT_TRUE(copy != packet && copy->length == 3 && copy->flow == 7 && copy->skips_links);
    CU_ASSERT_EQUAL(memcmp(copy->data, "abc", 3), 0);
    vcb_packet_free(packet);
    packet = vcb_packet_new();
    CU_ASSERT_TRUE(packet->length == 0 && packet->flow == 0 && !packet->is_copy && !packet->is_doomed &&
                   !packet->skips_links && !packet->next);
    vcb_packet_free(packet);
    vcb_packet_free(copy);
    vcb_packet_free(NULL);
    vcb_packet_pool_clear();
}

VCB_TEST_MAIN("link", {"delivers at once where nothing delays", delivers_at_once_where_nothing_delays},
              {"a packet takes its bits by the rate", a_packet_takes_its_bits_by_the_rate},
              {"drops the packet that overflows the queue", drops_the_packet_that_overflows_the_queue},
              {"counts the bytes that wait", counts_the_bytes_that_wait},
              {"a link without a queue still sends", a_link_without_a_queue_still_sends},
              {"without capacity nothing waits", without_capacity_nothing_waits},
              {"drops what is longer than the MTU", drops_what_is_longer_than_the_mtu},
              {"the delay begins behind the queue", the_delay_begins_behind_the_queue},
              {"lateness moves no ideal time", lateness_moves_no_ideal_time},
              {"a copy leaves right behind and is the same", a_copy_leaves_right_behind_and_is_the_same},
              {"damage is one bit behind the IP header", damage_is_one_bit_behind_the_ip_header},
              {"headers stay whole", headers_stay_whole},
              {"removing drops all that is on it", removing_drops_all_that_is_on_it},
              {"links in a row add up exactly", links_in_a_row_add_up_exactly},
              {"a link tells only what it did itself", a_link_tells_only_what_it_did_itself},
              {"fates have the names of the page", fates_have_the_names_of_the_page},
              {"a packet from the pool is blank", a_packet_from_the_pool_is_blank})
