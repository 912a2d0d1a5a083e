#include "network/link/queue.h"

void vcb_queue_push(VcbQueue *queue, VcbPacket *packet)
{
    packet->next = NULL;
    if (queue->tail)
        queue->tail->next = packet;
    else
        queue->head = packet;
    queue->tail = packet;
    queue->n_packets++;
    queue->n_bytes += packet->length;
}

VcbPacket *vcb_queue_pop(VcbQueue *queue)
{
    VcbPacket *packet = queue->head;

    if (!packet)
        return NULL;
    queue->head = packet->next;
    if (!queue->head)
        queue->tail = NULL;
    packet->next = NULL;
    queue->n_packets--;
    queue->n_bytes -= packet->length;
    return packet;
}
