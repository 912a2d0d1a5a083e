#include "network/emulator/probe.h"

#include "common/json.h"
#include "network/emulator/priority.h"
#include "network/hosts/hosts.h"

#include <stdio.h>

static const char *backend_name(VcbBackend backend)
{
    return backend == VCB_BACKEND_TUN ? "tun" : "veth";
}

static const char *namespaces_name(VcbNamespaces namespaces)
{
    return namespaces == VCB_NAMESPACES_ROOT ? "root" : "user";
}

static cJSON *try_combination(VcbBackend backend, VcbNamespaces namespaces)
{
    g_autoptr(GError) error = NULL;
    VcbHosts *hosts = vcb_hosts_start(backend, namespaces, &error);
    cJSON *item = cJSON_CreateObject();

    cJSON_AddStringToObject(item, "backend", backend_name(backend));
    cJSON_AddStringToObject(item, "namespaces", namespaces_name(namespaces));
    cJSON_AddBoolToObject(item, "works", hosts != NULL);
    if (error)
        cJSON_AddStringToObject(item, "problem", error->message);
    vcb_hosts_free(hosts);
    return item;
}

static void add_choice(cJSON *answer)
{
    VcbHosts *hosts = vcb_hosts_start(VCB_BACKEND_AUTO, VCB_NAMESPACES_AUTO, NULL);

    if (hosts) {
        cJSON_AddStringToObject(answer, "backend", backend_name(vcb_hosts_backend(hosts)));
        cJSON_AddStringToObject(answer, "namespaces", namespaces_name(vcb_hosts_namespaces(hosts)));
    } else {
        cJSON_AddNullToObject(answer, "backend");
        cJSON_AddNullToObject(answer, "namespaces");
    }
    vcb_hosts_free(hosts);
}

static void add_priority(cJSON *answer)
{
    VcbPriority priority = vcb_priority_raise();

    cJSON_AddStringToObject(answer, "scheduler", vcb_priority_scheduler(&priority));
    if (!priority.is_fifo)
        cJSON_AddStringToObject(answer, "scheduler_problem", g_strerror(priority.fifo_errno));
    cJSON_AddBoolToObject(answer, "memory_locked", priority.is_memory_locked);
    if (!priority.is_memory_locked)
        cJSON_AddStringToObject(answer, "memory_problem", g_strerror(priority.lock_errno));
}

int vcb_net_probe(void)
{
    g_autoptr(cJSON) answer = cJSON_CreateObject();
    cJSON *combinations = cJSON_AddArrayToObject(answer, "combinations");
    g_autofree char *text = NULL;

    for (VcbBackend backend = VCB_BACKEND_TUN; backend <= VCB_BACKEND_VETH; backend++)
        for (VcbNamespaces namespaces = VCB_NAMESPACES_ROOT; namespaces <= VCB_NAMESPACES_USER; namespaces++)
            cJSON_AddItemToArray(combinations, try_combination(backend, namespaces));
    add_choice(answer);
    add_priority(answer);
    text = vcb_json_print(answer);
    puts(text);
    return 0;
}
