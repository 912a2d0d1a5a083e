/* libnice leaves the loopback interface out unless its address is named: peers/gst/ice.c names it, or a
 * machine with only `lo` would have no candidates at all. */
#include "tests/probe/probe.h"

#include <nice/agent.h>

static void on_gathered(NiceAgent *agent, guint stream, gpointer user_data)
{
    *(gboolean *)user_data = TRUE; /* may be said before the loop runs */
}

static gboolean on_deadline(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_CONTINUE;
}

static void on_data(NiceAgent *agent, guint stream, guint component, guint size, gchar *data,
                    gpointer user_data)
{
}

/* How many candidates there are, and how many of them on 127.0.0.1. */
static void gather(gboolean named, guint *ret_all, guint *ret_loopback)
{
    gboolean done = FALSE;
    guint deadline = g_timeout_add(5000, on_deadline, &done);
    NiceAgent *agent = nice_agent_new(NULL, NICE_COMPATIBILITY_RFC5245);
    guint stream;
    GSList *candidates;

    g_object_set(agent, "ice-tcp", FALSE, "upnp", FALSE, NULL);
    stream = nice_agent_add_stream(agent, 1);
    nice_agent_attach_recv(agent, stream, 1, NULL, on_data, NULL);
    g_signal_connect(agent, "candidate-gathering-done", G_CALLBACK(on_gathered), &done);
    if (named) {
        NiceAddress address;

        nice_address_init(&address);
        nice_address_set_from_string(&address, "127.0.0.1");
        nice_agent_add_local_address(agent, &address);
    }
    if (nice_agent_gather_candidates(agent, stream))
        while (!done)
            g_main_context_iteration(NULL, TRUE);
    g_source_remove(deadline);
    *ret_all = *ret_loopback = 0;
    candidates = nice_agent_get_local_candidates(agent, stream, 1);
    for (GSList *at = candidates; at; at = at->next) {
        char text[NICE_ADDRESS_STRING_LEN];

        nice_address_to_string(&((NiceCandidate *)at->data)->addr, text);
        (*ret_all)++;
        *ret_loopback += g_str_equal(text, "127.0.0.1");
    }
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
    g_object_unref(agent);
}

int main(void)
{
    guint all, loopback;

    gather(FALSE, &all, &loopback);
    PROBE_FOUND("by itself: %u candidates, %u of them on 127.0.0.1\n", all, loopback);
    PROBE_SKIP_IF(loopback > 0,
                  "this libnice offers the loopback interface by itself; naming it does no harm");
    gather(TRUE, &all, &loopback);
    PROBE_FOUND("told 127.0.0.1: %u candidates, %u of them on 127.0.0.1\n", all, loopback);
    PROBE_EXPECT(loopback == 1 && all == 1, "a named address must be the only one gathered from");
    return 0;
}
