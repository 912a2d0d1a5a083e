#include "network/link/link_fixture.h"

#include <string.h>

/* Byte i of a packet: known again when it leaves, whatever the length. */
static guint8 content(guint i)
{
    return i == 0 ? 0x45 : (guint8)(i * 37 + 11);
}

static void write_down(Fixture *fixture, const VcbPacket *packet, VcbFate fate, gint64 now_ns)
{
    Record record = {
        .ordinal = packet->ordinal,
        .fate = fate,
        .came_ns = packet->came_ns,
        .due_ns = packet->due_ns,
        .now_ns = now_ns,
        .queued_ns = packet->queued_ns,
        .is_copy = packet->is_copy,
        .is_corrupted = packet->is_corrupted,
        .is_held_back = packet->is_held_back,
        .length = packet->length,
    };

    for (guint i = 0; i < packet->length; i++) {
        guint8 difference = packet->data[i] ^ content(i);

        for (guint bit = 0; difference && bit < 8; bit++) {
            if (!(difference & (0x80 >> bit)))
                continue;
            if (record.flipped_bits++ == 0)
                record.first_flipped = i * 8 + bit;
        }
    }
    g_array_append_val(fixture->records, record);
}

static void on_deliver(VcbLink *link, VcbPacket *packet, gint64 now_ns, void *user_data)
{
    write_down(user_data, packet, VCB_FATE_DELIVERED, now_ns);
    vcb_packet_free(packet);
}

static void on_dropped(VcbLink *link, const VcbPacket *packet, VcbFate fate, gint64 now_ns, void *user_data)
{
    write_down(user_data, packet, fate, now_ns);
}

static const VcbLinkEvents events = {.deliver = on_deliver, .dropped = on_dropped};

Fixture *fixture_new(const VcbLinkSettings *settings, guint64 seed)
{
    Fixture *fixture = g_new0(Fixture, 1);

    fixture->records = g_array_new(FALSE, FALSE, sizeof(Record));
    fixture->link = vcb_link_new(settings, seed, "alice/up", 0, &events, fixture);
    return fixture;
}

void fixture_free(Fixture *fixture)
{
    vcb_link_free(fixture->link, fixture->now_ns);
    g_array_unref(fixture->records);
    g_free(fixture);
    vcb_packet_pool_clear();
}

void fixture_send(Fixture *fixture, gint64 came_ns, guint length)
{
    VcbPacket *packet = vcb_packet_new();

    packet->came_ns = came_ns;
    packet->length = (guint16)length;
    for (guint i = 0; i < length; i++)
        packet->data[i] = content(i);
    fixture->now_ns = MAX(fixture->now_ns, came_ns);
    vcb_link_send(fixture->link, packet, fixture->now_ns);
}

void fixture_run(Fixture *fixture, gint64 now_ns, gint64 lateness_ns)
{
    for (;;) {
        gint64 next_ns = vcb_link_next_ns(fixture->link);

        if (next_ns > now_ns || next_ns == VCB_NEVER_NS)
            break;
        fixture->now_ns = MAX(fixture->now_ns, MIN(next_ns + lateness_ns, now_ns));
        vcb_link_advance(fixture->link, fixture->now_ns);
    }
    fixture->now_ns = MAX(fixture->now_ns, now_ns);
}

const Record *fixture_record(const Fixture *fixture, guint place)
{
    if (place >= fixture->records->len)
        g_error("record %u is asked for, there are %u", place, fixture->records->len);
    return &g_array_index(fixture->records, Record, place);
}

guint fixture_count(const Fixture *fixture, VcbFate fate)
{
    guint n = 0;

    for (guint i = 0; i < fixture->records->len; i++)
        n += fixture_record(fixture, i)->fate == fate;
    return n;
}

gboolean fixture_is_conserved(const Fixture *fixture)
{
    const VcbLinkCounters *counters = vcb_link_counters(fixture->link);
    guint64 dropped = 0;

    for (guint i = 0; i < VCB_N_FATES; i++)
        dropped += counters->dropped[i];
    return counters->sent + counters->duplicated == counters->delivered + dropped + counters->queued;
}
