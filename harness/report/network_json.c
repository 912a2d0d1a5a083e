/* The emulated network in run.json: what each call's links counted, and the emulator's audit of itself. */
#include "harness/report/writers.h"

#include "harness/measure/network_metrics.h"
#include "harness/measure/statistics.h"
#include "harness/measure/truth.h"

#include <math.h>

/* Nothing where it is not known. */
static void add_number(cJSON *object, const char *key, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, key, fabs(value) < 1e9 ? round(value * 1e6) / 1e6 : value);
}

static void add_copy(cJSON *object, const char *key, const cJSON *value)
{
    if (value)
        cJSON_AddItemToObject(object, key, cJSON_Duplicate(value, TRUE));
}

static cJSON *link_json(const VcbLinkData *link)
{
    const VcbLinkLine *line = vcb_link_data_last(link);
    g_autoptr(GArray) delays = vcb_link_delays_ms(link, 0, link->lines->len - 1);
    cJSON *object = cJSON_CreateObject(), *delay;

    cJSON_AddStringToObject(object, "link", link->name);
    cJSON_AddStringToObject(object, "direction", vcb_link_direction_name(link->direction));
    if (link->is_shared)
        cJSON_AddTrueToObject(object, "shared");
    add_number(object, "sent", line->sent);
    add_number(object, "sent_bytes", line->sent_bytes);
    add_number(object, "duplicated", line->duplicated);
    add_number(object, "delivered", line->delivered);
    add_number(object, "delivered_bytes", line->delivered_bytes);
    add_copy(object, "dropped", vcb_json_object(line->json, "dropped"));
    add_number(object, "queued", line->queued);
    add_copy(object, "corrupted", cJSON_GetObjectItemCaseSensitive(line->json, "corrupted"));
    add_copy(object, "reordered", cJSON_GetObjectItemCaseSensitive(line->json, "reordered"));
    delay = cJSON_AddObjectToObject(object, "delay_ms");
    add_number(delay, "p50", vcb_weighted_quantile(delays, 0.5));
    add_number(delay, "p95", vcb_weighted_quantile(delays, 0.95));
    add_number(delay, "p99", vcb_weighted_quantile(delays, 0.99));
    add_number(delay, "max", vcb_weighted_quantile(delays, 1));
    return object;
}

static cJSON *router_json(const VcbCallData *call, const VcbEvent *event)
{
    cJSON *object = cJSON_CreateObject();
    const char *peer;
    g_autofree char *name = vcb_network_data_name(call, vcb_json_string(event->json, "router", ""), &peer);

    vcb_json_add_string(object, "router", name);
    add_copy(object, "dropped", vcb_json_object(event->json, "dropped"));
    add_copy(object, "mappings", cJSON_GetObjectItemCaseSensitive(event->json, "mappings"));
    return object;
}

static cJSON *stream_json(const VcbStreamTruth *truth)
{
    cJSON *object = cJSON_CreateObject();

    vcb_json_add_int(object, "ssrc", truth->ssrc);
    cJSON_AddStringToObject(object, "kind", vcb_kind_name(truth->kind));
    if (truth->payload_type >= 0)
        vcb_json_add_int(object, "payload_type", truth->payload_type);
    vcb_json_add_string(object, "sender", truth->sender);
    vcb_json_add_string(object, "receiver", truth->receiver);
    add_number(object, "packets_sent", truth->packets_sent);
    add_number(object, "packets_received", truth->packets_received);
    add_number(object, "packets_lost", truth->packets_lost);
    add_number(object, "bytes_received", truth->bytes_received);
    add_number(object, "link_sent", truth->link_sent);
    add_number(object, "link_dropped", truth->link_dropped);
    add_number(object, "link_delivered", truth->link_delivered);
    add_number(object, "link_bytes", truth->link_bytes);
    return object;
}

cJSON *vcb_network_call_json(const VcbCallAnalysis *call)
{
    cJSON *object = cJSON_CreateObject(), *array;

    cJSON_AddStringToObject(object, "name", call->network->name);
    array = cJSON_AddArrayToObject(object, "links");
    for (guint i = 0; i < call->network->links->len; i++)
        cJSON_AddItemToArray(array, link_json(call->network->links->pdata[i]));
    array = cJSON_AddArrayToObject(object, "routers");
    for (guint i = 0; i < call->network->routers->len; i++)
        cJSON_AddItemToArray(array, router_json(call->data, call->network->routers->pdata[i]));
    vcb_json_add_int(object, "nat_mappings", call->network->mappings->len);
    array = cJSON_AddArrayToObject(object, "streams");
    for (guint i = 0; i < call->truth->len; i++)
        cJSON_AddItemToArray(array, stream_json(call->truth->pdata[i]));
    return object;
}

cJSON *vcb_network_run_json(const VcbNetworkAudit *audit)
{
    cJSON *object = cJSON_CreateObject(), *lateness;

    vcb_json_add_string(object, "backend", vcb_json_string(audit->ready, "backend", NULL));
    vcb_json_add_string(object, "namespaces", vcb_json_string(audit->ready, "namespaces", NULL));
    vcb_json_add_string(object, "scheduler", vcb_json_string(audit->ready, "scheduler", NULL));
    add_copy(object, "memory_locked", cJSON_GetObjectItemCaseSensitive(audit->ready, "memory_locked"));
    lateness = cJSON_AddObjectToObject(object, "lateness_ms");
    add_number(lateness, "n", audit->lateness_n);
    add_number(lateness, "p50", audit->lateness_p50_ms);
    add_number(lateness, "p99", audit->lateness_p99_ms);
    add_number(lateness, "max", audit->lateness_max_ms);
    add_number(object, "max_lateness_ms", audit->bound_ms);
    add_number(object, "tx_dropped", audit->tx_dropped);
    add_number(object, "clock_step_ms", audit->clock_step_ms);
    add_number(object, "busy_pct", audit->busy_pct);
    cJSON_AddStringToObject(object, "verdict", vcb_verdict_name(audit->verdict));
    return object;
}
