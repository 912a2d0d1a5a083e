/* Which addresses libnice gathers from. Our hosts' interfaces are named and addressed accordingly (docs/network.md), and a handover is
 * planned with this in mind:
 *
 *  - by name it leaves out docker*, veth*, virbr*, vnet* (chosen when it was compiled), and nothing else: eth0, wlan0, wwan0, tun0, tap0
 *    are taken;
 *  - an interface that is down, or has no address, gives nothing;
 *  - IPv6 alone is enough; the link-local address (fe80::) becomes a candidate beside the global one, once it may be used;
 *  - it looks once, when gathering begins: an address that appears afterwards becomes no candidate (no netlink, no GNetworkMonitor
 *    in it). So a host whose second interface comes up only at the handover stays on the first one's dead candidates until an ICE
 *    restart; a second interface that is up from the start has candidates from the start. */
#include "tests/probe/namespace.h"
#include "tests/probe/probe.h"

#include <nice/agent.h>

#define WATCHED_MS 3000

static void on_gathered(NiceAgent *agent, guint stream, gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

static gboolean on_time(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

static void on_data(NiceAgent *agent, guint stream, guint component, guint size, gchar *data,
                    gpointer user_data)
{
}

static void run_until(gboolean *done)
{
    while (!*done)
        g_main_context_iteration(NULL, TRUE);
}

/* An agent that has gathered. */
static NiceAgent *gather(guint *ret_stream)
{
    NiceAgent *agent = nice_agent_new(NULL, NICE_COMPATIBILITY_RFC5245);
    gboolean done = FALSE;

    g_object_set(agent, "ice-tcp", FALSE, "upnp", FALSE, NULL);
    *ret_stream = nice_agent_add_stream(agent, 1);
    nice_agent_attach_recv(agent, *ret_stream, 1, NULL, on_data, NULL);
    g_signal_connect(agent, "candidate-gathering-done", G_CALLBACK(on_gathered), &done);
    if (nice_agent_gather_candidates(agent, *ret_stream))
        run_until(&done);
    g_signal_handlers_disconnect_by_data(agent, &done);
    return agent;
}

static gboolean has(NiceAgent *agent, guint stream, const char *address)
{
    GSList *candidates = nice_agent_get_local_candidates(agent, stream, 1);
    gboolean found = FALSE;

    for (GSList *at = candidates; at; at = at->next) {
        char text[NICE_ADDRESS_STRING_LEN];

        nice_address_to_string(&((NiceCandidate *)at->data)->addr, text);
        found |= g_str_equal(text, address);
    }
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
    return found;
}

static void try_names(void)
{
    static const struct {
        const char *name;
        gboolean taken;
    } names[] = {{"eth0", TRUE},   {"wlan0", TRUE},    {"wwan0", TRUE},   {"tun0", TRUE},  {"tap0", TRUE},
                 {"veth0", FALSE}, {"docker0", FALSE}, {"virbr0", FALSE}, {"vnet0", FALSE}};
    NiceAgent *agent;
    guint stream;

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *address = g_strdup_printf("10.0.%u.1/24", i);

        probe_add_interface(names[i].name, address);
    }
    probe_add_interface("down0", "10.0.100.1/24");
    probe_ip("link set down0 down");
    agent = gather(&stream);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *address = g_strdup_printf("10.0.%u.1", i);
        gboolean taken = has(agent, stream, address);

        PROBE_FOUND("%s: %s\n", names[i].name, taken ? "gathered from" : "left out");
        PROBE_EXPECT(taken == names[i].taken, "%s is not treated as network.interface of a scenario assumes",
                     names[i].name);
        probe_ip("link delete %s", names[i].name);
    }
    PROBE_EXPECT(!has(agent, stream, "10.0.100.1"), "an interface that is down gives a candidate");
    PROBE_EXPECT(!has(agent, stream, "127.0.0.1"), "the loopback interface gives a candidate");
    probe_ip("link delete down0");
    g_object_unref(agent);
}

static void try_ipv6(void)
{
    NiceAgent *agent;
    guint stream;

    probe_add_interface("eth0", "2001:db8::2/64");
    agent = gather(&stream);
    PROBE_EXPECT(has(agent, stream, "2001:db8::2"), "with IPv6 alone there are no candidates");
    PROBE_FOUND("IPv6 alone: gathered from\n");
    probe_ip("link delete eth0");
    g_object_unref(agent);
}

static void try_late_address(void)
{
    NiceAgent *agent;
    guint stream;
    gboolean over = FALSE;

    probe_add_interface("wlan0", "10.0.1.1/24");
    agent = gather(&stream);
    PROBE_EXPECT(has(agent, stream, "10.0.1.1"), "no candidate on wlan0");
    probe_add_interface("wwan0", "10.0.2.1/24");
    probe_ip("link delete wlan0");
    g_timeout_add(WATCHED_MS, on_time, &over); /* the passing of time is what is being tried */
    run_until(&over);
    PROBE_FOUND("an address that came after gathering: %s\n",
                has(agent, stream, "10.0.2.1") ? "is a candidate now" : "is no candidate");
    PROBE_SKIP_IF(
        has(agent, stream, "10.0.2.1"),
        "this libnice follows the interfaces: a handover needs no ICE restart, better than assumed");
    PROBE_EXPECT(has(agent, stream, "10.0.1.1"),
                 "the candidate of the interface that went away was withdrawn");
    g_object_unref(agent);
}

int main(void)
{
    probe_namespace_enter();
    try_names();
    try_ipv6();
    try_late_address();
    return 0;
}
