/* What is told each second: a message at a time, so that packets are never kept waiting for hundreds of them. */
#include "network/emulator/emulated.h"

void vcb_emulated_report_link(VcbEmulatedNetwork *network, VcbLinkObserver *observer, gint64 now_ns,
                              gboolean final)
{
    cJSON *message = vcb_message_of_network("link", now_ns, network);

    if (final)
        cJSON_AddTrueToObject(message, "final");
    vcb_link_observer_report(observer, message, now_ns);
    vcb_emulator_say(network->emulator, message);
}

typedef struct {
    VcbEmulatedNetwork *network;
    guint place, wanted; /* the first router from `wanted` on that dropped something is reported */
    gboolean all, has_reported;
} RouterReport;

static void report_router(VcbNetwork *internet_network, const char *router, const guint64 *dropped,
                          guint mappings, void *user_data)
{
    RouterReport *report = user_data;
    guint64 sum = 0;
    cJSON *message;

    if (report->place++ < report->wanted || (report->has_reported && !report->all))
        return;
    for (guint i = 0; i < VCB_N_FATES; i++)
        sum += dropped[i];
    if (!sum)
        return;
    message = vcb_message_of_network("router", vcb_now_ns(), report->network);
    if (report->all)
        cJSON_AddTrueToObject(message, "final");
    cJSON_AddStringToObject(message, "router", router);
    cJSON_AddItemToObject(message, "dropped", vcb_counters_dropped_json(dropped));
    vcb_json_add_int(message, "mappings", mappings);
    vcb_emulator_say(report->network->emulator, message);
    report->has_reported = TRUE;
    report->network->next_router = report->place;
}

void vcb_emulated_report_routers_finally(VcbEmulatedNetwork *network)
{
    RouterReport report = {.network = network, .all = TRUE};

    vcb_network_foreach_router(network->network, report_router, &report);
}

static gboolean report_next_router(VcbEmulatedNetwork *network)
{
    RouterReport report = {.network = network, .wanted = network->next_router};

    vcb_network_foreach_router(network->network, report_router, &report);
    return report.has_reported;
}

void vcb_emulator_count_drops(VcbEmulatedNetwork *network)
{
    VcbEmulator *emulator = network->emulator;
    VcbHostsRequest *request = g_new0(VcbHostsRequest, 1);

    request->network = network;
    g_queue_push_tail(&emulator->requests, request);
    vcb_hosts_count_drops(emulator->hosts, network->tag);
}

/* FALSE: nothing of this network is left for this second. */
static gboolean report_of_network(VcbEmulatedNetwork *network)
{
    while (network->next_link < network->links->len) {
        VcbLinkObserver *observer = network->links->pdata[network->next_link++];

        if (vcb_link_observer_is_in_use(observer)) {
            vcb_emulated_report_link(network, observer, vcb_now_ns(), FALSE);
            return TRUE;
        }
    }
    return report_next_router(network);
}

void vcb_emulator_report_audit(VcbEmulator *emulator, gboolean final)
{
    VcbAuditClocks now = vcb_audit_clocks_now();
    cJSON *message = vcb_message_new("audit", now.monotonic_ns), *fields;

    emulator->audit.tx_dropped = emulator->removed_tx_dropped;
    for (guint i = 0; i < emulator->networks->len; i++)
        emulator->audit.tx_dropped += ((VcbEmulatedNetwork *)emulator->networks->pdata[i])->tx_dropped;
    fields = vcb_audit_report(&emulator->audit, &now, final);
    while (fields->child) {
        cJSON *item = cJSON_DetachItemViaPointer(fields, fields->child);

        cJSON_AddItemToObject(message, item->string, item);
    }
    cJSON_Delete(fields);
    vcb_emulator_say(emulator, message);
}

gboolean vcb_emulator_report_slice(VcbEmulator *emulator)
{
    for (guint i = 0; i < emulator->networks->len; i++) {
        VcbEmulatedNetwork *network = emulator->networks->pdata[i];

        if (network->state != VCB_EMULATED_RUNNING || network->reported_tick == emulator->tick)
            continue;
        if (report_of_network(network))
            return TRUE;
        vcb_emulator_count_drops(network);
        network->reported_tick = emulator->tick;
        network->next_link = network->next_router = 0;
    }
    if (emulator->audited_tick != emulator->tick) {
        emulator->audited_tick = emulator->tick;
        vcb_emulator_report_audit(emulator, FALSE);
        if (emulator->capture)
            vcb_capture_flush(emulator->capture);
    }
    return FALSE;
}
