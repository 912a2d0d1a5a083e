#include "network/emulator/counters.h"

#include "network/emulator/audit.h"

VcbLinkObserver *vcb_link_observer_new(VcbLinkPlace *place)
{
    VcbLinkObserver *observer = g_new0(VcbLinkObserver, 1);

    observer->place = place;
    return observer;
}

void vcb_link_observer_free(VcbLinkObserver *observer)
{
    vcb_histogram_clear(&observer->delay);
    vcb_histogram_clear(&observer->queue);
    vcb_rtp_flows_free(observer->flows);
    g_free(observer);
}

void vcb_link_observer_came(VcbLinkObserver *observer, VcbPacket *packet)
{
    vcb_rtp_flows_came(&observer->flows, packet);
}

void vcb_link_observer_fate(VcbLinkObserver *observer, const VcbPacket *packet, VcbFate fate)
{
    vcb_rtp_flows_fate(observer->flows, packet, fate);
    if (fate == VCB_FATE_DELIVERED) {
        vcb_histogram_add(&observer->delay, packet->due_ns - packet->came_ns);
        vcb_histogram_add(&observer->queue, packet->queued_ns);
    }
    if (observer->is_detached &&
        fate != VCB_FATE_DELIVERED) { /* nothing else happens on a link that is going */
        observer->counters.dropped[fate]++;
        observer->counters.queued--;
        observer->counters.queue_bytes = 0;
    }
}

void vcb_link_observer_detach(VcbLinkObserver *observer, gint64 now_ns)
{
    observer->counters = *vcb_link_counters(observer->place->link);
    observer->rate_bps = vcb_link_rate_bps(observer->place->link, now_ns);
    observer->is_detached = TRUE;
}

gboolean vcb_link_observer_is_in_use(const VcbLinkObserver *observer)
{
    return vcb_link_counters(observer->place->link)->sent > 0;
}

cJSON *vcb_counters_dropped_json(const guint64 *dropped)
{
    cJSON *object = cJSON_CreateObject();

    for (guint fate = VCB_FATE_DELIVERED + 1; fate < VCB_N_FATES; fate++)
        if (dropped[fate])
            vcb_json_add_int(object, vcb_fate_name((VcbFate)fate), (gint64)dropped[fate]);
    return object;
}

void vcb_link_observer_report(VcbLinkObserver *observer, cJSON *message, gint64 now_ns)
{
    static const int delay_percentiles[] = {50, 95, 99}, queue_percentiles[] = {50};
    const VcbLinkPlace *place = observer->place;
    const VcbLinkCounters *counters =
        observer->is_detached ? &observer->counters : vcb_link_counters(place->link);
    double rate_bps = observer->is_detached ? observer->rate_bps : vcb_link_rate_bps(place->link, now_ns);
    cJSON *flows = vcb_rtp_flows_json(observer->flows);

    cJSON_AddStringToObject(message, "link", place->router);
    cJSON_AddStringToObject(message, "direction", place->direction);
    vcb_json_add_int(message, "sent", (gint64)counters->sent);
    vcb_json_add_int(message, "sent_bytes", (gint64)counters->sent_bytes);
    vcb_json_add_int(message, "duplicated", (gint64)counters->duplicated);
    vcb_json_add_int(message, "delivered", (gint64)counters->delivered);
    vcb_json_add_int(message, "delivered_bytes", (gint64)counters->delivered_bytes);
    cJSON_AddItemToObject(message, "dropped", vcb_counters_dropped_json(counters->dropped));
    vcb_json_add_int(message, "queued", (gint64)counters->queued);
    vcb_json_add_int(message, "corrupted", (gint64)counters->corrupted);
    vcb_json_add_int(message, "reordered", (gint64)counters->reordered);
    cJSON_AddItemToObject(
        message, "delay_us",
        vcb_audit_histogram_json(&observer->delay, delay_percentiles, G_N_ELEMENTS(delay_percentiles)));
    cJSON_AddNumberToObject(message, "rate_bps", rate_bps);
    vcb_json_add_int(message, "queue_bytes", (gint64)counters->queue_bytes);
    cJSON_AddItemToObject(
        message, "queue_us",
        vcb_audit_histogram_json(&observer->queue, queue_percentiles, G_N_ELEMENTS(queue_percentiles)));
    if (flows)
        cJSON_AddItemToObject(message, "flows", flows);
    vcb_histogram_reset(&observer->delay);
    vcb_histogram_reset(&observer->queue);
}
