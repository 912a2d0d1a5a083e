/* STAND-IN until the real one comes. */
#include "harness/run/network_plan.h"
#include <string.h>

static cJSON *host(const char *name, const char *iface, const char *router, const char *const *addresses)
{
    cJSON *h = cJSON_CreateObject(), *is, *i, *as;
    cJSON_AddStringToObject(h, "name", name);
    is = cJSON_AddArrayToObject(h, "interfaces");
    i = cJSON_CreateObject();
    cJSON_AddItemToArray(is, i);
    cJSON_AddStringToObject(i, "name", iface);
    cJSON_AddStringToObject(i, "router", router);
    as = cJSON_AddArrayToObject(i, "addresses");
    for (; *addresses; addresses++)
        cJSON_AddItemToArray(as, cJSON_CreateString(*addresses));
    return h;
}
static void add_router(cJSON *a, const char *name, gboolean direct)
{
    cJSON *r = cJSON_CreateObject();
    cJSON_AddStringToObject(r, "name", name);
    cJSON_AddStringToObject(r, "parent", "internet");
    if (direct)
        cJSON_AddBoolToObject(r, "direct", TRUE);
    cJSON *up = cJSON_AddObjectToObject(r, "up"), *down = cJSON_AddObjectToObject(r, "down");
    if (!direct && strcmp(name, "servers")) {
        cJSON_AddNumberToObject(up, "delay_us", 5000);
        cJSON_AddNumberToObject(down, "delay_us", 5000);
    }
    cJSON_AddItemToArray(a, r);
}
static VcbNetworkPlan *base(const char *name, guint64 seed, guint n)
{
    VcbNetworkPlan *p = g_new0(VcbNetworkPlan, 1);
    p->name = g_strdup(name);
    p->create = cJSON_CreateObject();
    cJSON_AddStringToObject(p->create, "type", "create");
    cJSON_AddStringToObject(p->create, "network", name);
    vcb_json_add_int(p->create, "seed", (gint64)seed);
    p->hosts = g_new0(VcbPlannedHost, n);
    p->n_hosts = n;
    return p;
}
VcbNetworkPlan *vcb_network_plan_servers(guint64 seed, gboolean with_turn, gboolean direct)
{
    VcbNetworkPlan *p = base("servers", seed, with_turn ? 2 : 1);
    cJSON *r = cJSON_AddArrayToObject(p->create, "routers"), *h = cJSON_AddArrayToObject(p->create, "hosts");
    const char *s[] = {"198.18.0.10/24", "2001:db8::a/64", NULL},
               *t[] = {"198.18.0.20/24", "198.18.0.21/24", "2001:db8::14/64", "2001:db8::15/64", NULL};
    add_router(r, "servers", direct);
    cJSON_AddItemToArray(h, host("signaling", "eth0", "servers", s));
    p->hosts[0] = (VcbPlannedHost){g_strdup("signaling"), g_strdup("198.18.0.10"), NULL};
    if (with_turn) {
        cJSON_AddItemToArray(h, host("turn", "eth0", "servers", t));
        p->hosts[1] = (VcbPlannedHost){g_strdup("turn"), g_strdup("198.18.0.20"), NULL};
    }
    return p;
}
VcbNetworkPlan *vcb_network_plan_call(const VcbSettings *settings, const char *name, const char *call,
                                      guint64 seed, guint number, guint n_pairs)
{
    gboolean shared = settings->net.shared;
    guint nt = settings->net.n_cross_traffic, k = 0;
    VcbNetworkPlan *p = base(name, seed, 2 * n_pairs + 2 * nt);
    cJSON *r = cJSON_AddArrayToObject(p->create, "routers"), *h = cJSON_AddArrayToObject(p->create, "hosts");
    if (call)
        cJSON_AddStringToObject(p->create, "call", call);
    for (guint pair = 1; pair <= n_pairs; pair++) {
        for (int i = 0; i < 2; i++) {
            char *n = vcb_network_plan_host_name(settings, i, (int)pair);
            char *a = g_strdup_printf("198.18.%u.%u/24", number + 1, k + 2);
            const char *as[] = {a, NULL};
            a = g_strdup_printf("198.18.%u.%u/30", number + 1, 4 * k + 2);
            as[0] = a;
            add_router(r, n, FALSE);
            cJSON_AddItemToArray(h, host(n, settings->net.hosts[i].interfaces[0].name, n, as));
            p->hosts[k++] =
                (VcbPlannedHost){n, g_strdup_printf("198.18.%u.%u", number + 1, 4 * (k) + 2), NULL};
            g_free(a);
        }
    }
    for (guint i = 0; i < nt; i++) {
        for (int far = 0; far < 2; far++) {
            char *n = g_strdup_printf("traffic-%u-%s", i + 1, far ? "far" : "near");
            char *ip = g_strdup_printf("198.18.%u.%u", number + 1, 4 * k + 2),
                 *a = g_strdup_printf("%s/30", ip);
            const char *as[] = {a, NULL};
            if (far)
                add_router(r, n, FALSE);
            char *alice = vcb_network_plan_host_name(settings, 0, 1);
            cJSON_AddItemToArray(h, host(n, "eth0", far ? n : alice, as));
            g_free(alice);
            p->hosts[k++] = (VcbPlannedHost){n, ip, NULL};
            g_free(a);
        }
    }
    (void)shared;
    return p;
}
void vcb_network_plan_free(VcbNetworkPlan *p)
{
    if (!p)
        return;
    for (guint i = 0; i < p->n_hosts; i++) {
        g_free(p->hosts[i].name);
        g_free(p->hosts[i].ipv4);
        g_free(p->hosts[i].ipv6);
    }
    g_free(p->hosts);
    g_free(p->name);
    cJSON_Delete(p->create);
    g_free(p);
}
char *vcb_network_plan_host_name(const VcbSettings *settings, int peer, int pair)
{
    return settings->net.shared ? g_strdup_printf("%s-%d", settings->peers[peer].name, pair)
                                : g_strdup(settings->peers[peer].name);
}
