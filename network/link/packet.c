/* Packets and their pool: a list of free ones, last in, first out, so that a packet in use is still in the cache. */
#include "network/link/packet.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static VcbPacket *pool;

static const char *const fate_names[] = {
    [VCB_FATE_DELIVERED] = "delivered",
    [VCB_FATE_LOSS] = "loss",
    [VCB_FATE_QUEUE_FULL] = "queue-full",
    [VCB_FATE_CODEL] = "codel",
    [VCB_FATE_MTU] = "mtu",
    [VCB_FATE_LINK_DOWN] = "link-down",
    [VCB_FATE_REMOVED] = "removed",
    [VCB_FATE_NAT_FILTERED] = "nat-filtered",
    [VCB_FATE_NAT_HAIRPIN] = "nat-hairpin",
    [VCB_FATE_FIREWALL] = "firewall",
    [VCB_FATE_NO_ROUTE] = "no-route",
    [VCB_FATE_TTL] = "ttl",
    [VCB_FATE_MALFORMED] = "malformed",
    [VCB_FATE_HOST_FULL] = "host-full",
    [VCB_FATE_FRAGMENT] = "fragment",
};
static_assert(G_N_ELEMENTS(fate_names) == VCB_N_FATES, "every fate has a name");

const char *vcb_fate_name(VcbFate fate)
{
    g_assert(fate < VCB_N_FATES);
    return fate_names[fate];
}

static VcbPacket *take(void)
{
    VcbPacket *packet = pool;

    if (packet)
        pool = packet->next;
    else
        packet = g_malloc(sizeof *packet);
    return packet;
}

VcbPacket *vcb_packet_new(void)
{
    VcbPacket *packet = take();

    memset(packet, 0, offsetof(VcbPacket, data));
    return packet;
}

VcbPacket *vcb_packet_copy(const VcbPacket *packet)
{
    VcbPacket *copy = take();

    memcpy(copy, packet, offsetof(VcbPacket, data) + packet->length);
    copy->next = NULL;
    return copy;
}

void vcb_packet_free(VcbPacket *packet)
{
    if (!packet)
        return;
    packet->next = pool;
    pool = packet;
}

void vcb_packet_pool_clear(void)
{
    while (pool)
        g_free(take());
}
