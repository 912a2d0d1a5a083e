/* The heap of packets under way. */
#include "common/random.h"
#include "common/test.h"
#include "network/link/transit.h"

static void push(VcbTransit *transit, gint64 due_ns, guint32 ordinal)
{
    VcbPacket *packet = vcb_packet_new();

    packet->due_ns = due_ns;
    packet->ordinal = ordinal;
    vcb_transit_push(transit, packet);
}

static void leaves_in_the_order_of_moments_then_of_coming(void)
{
    g_autoptr(GRand) random = vcb_random_stream(1, "transit");
    VcbTransit transit = {0};
    guint32 pushed = 0, popped = 0;
    gint64 now_ns = 0;

    CU_ASSERT_PTR_NULL(vcb_transit_pop(&transit));
    CU_ASSERT_EQUAL(vcb_transit_next_ns(&transit), VCB_NEVER_NS);
    while (popped < 20000) {
        gint64 last_due_ns = G_MININT64;
        guint32 last_ordinal = 0;

        for (gint32 n = g_rand_int_range(random, 0, 200); n > 0 && pushed < 20000; n--)
            push(&transit, now_ns + g_rand_int_range(random, 0, 100), pushed++);
        now_ns += g_rand_int_range(random, 1, 100);
        while (vcb_transit_next_ns(&transit) <= now_ns) {
            gint64 due_ns = vcb_transit_next_ns(&transit);
            VcbPacket *packet = vcb_transit_pop(&transit);

            CU_ASSERT_EQUAL(packet->due_ns, due_ns);
            CU_ASSERT_TRUE(due_ns > last_due_ns || (due_ns == last_due_ns && packet->ordinal > last_ordinal));
            last_due_ns = due_ns;
            last_ordinal = packet->ordinal;
            popped++;
            vcb_packet_free(packet);
        }
    }
    CU_ASSERT_EQUAL(transit.n, 0);
    vcb_transit_clear(&transit);
    vcb_packet_pool_clear();
}

VCB_TEST_MAIN("transit", {"leaves in the order of moments, then of coming",
                          leaves_in_the_order_of_moments_then_of_coming})
