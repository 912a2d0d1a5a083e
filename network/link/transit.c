#include "network/link/transit.h"

void vcb_transit_clear(VcbTransit *transit)
{
    g_assert(transit->n == 0);
    g_clear_pointer(&transit->entries, g_free);
    transit->size = 0;
}

static gboolean is_before(const VcbTransitEntry *a, const VcbTransitEntry *b)
{
    return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->number < b->number);
}

void vcb_transit_push(VcbTransit *transit, VcbPacket *packet)
{
    VcbTransitEntry entry = {packet->due_ns, transit->next_number++, packet};
    guint place = transit->n++;

    if (transit->n > transit->size) {
        transit->size = MAX(2 * transit->size, 16u);
        transit->entries = g_renew(VcbTransitEntry, transit->entries, transit->size);
    }
    while (place > 0 && is_before(&entry, &transit->entries[(place - 1) / 2])) {
        transit->entries[place] = transit->entries[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    transit->entries[place] = entry;
}

VcbPacket *vcb_transit_pop(VcbTransit *transit)
{
    VcbPacket *packet;
    VcbTransitEntry last;
    guint place = 0;

    if (transit->n == 0)
        return NULL;
    packet = transit->entries[0].packet;
    last = transit->entries[--transit->n];
    for (;;) { /* the gap at the top sinks to where the last one fits */
        guint child = 2 * place + 1;

        if (child + 1 < transit->n && is_before(&transit->entries[child + 1], &transit->entries[child]))
            child++;
        if (child >= transit->n || !is_before(&transit->entries[child], &last))
            break;
        transit->entries[place] = transit->entries[child];
        place = child;
    }
    transit->entries[place] = last;
    return packet;
}
