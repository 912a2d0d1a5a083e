/* Which TURN transports libnice 0.1.21 really speaks (RFC 8656 sections 3.1 and 7.1). peers/gst/capabilities.c and ice.c
 * stand on it:
 *
 *  - turn: over UDP and over TCP: an allocation is made, and two agents that may only use relays connect; `ice-tcp=false` leaves
 *    TURN over TCP alone (it is about TCP candidates);
 *  - turns: is no TLS. The URL is taken, but what goes to the server's port is a plain STUN message (00 03 ...: Allocate), in the clear;
 *X The pseudo-TLS
 *    that libnice has is for old Google and Microsoft servers only;
 *  - a TURN server is asked only from addresses of its own family. Over IPv6 no REQUESTED-ADDRESS-FAMILY is sent, so a server by the RFC
 *    allocates an IPv4 address; coturn does so unless told `--allocation-default-address-family=keep`, after which the relay is IPv6. */
#include "tests/probe/namespace.h"
#include "tests/probe/probe.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <nice/agent.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define V4 "10.0.1.1"
#define V6 "2001:db8::2"
#define PORT 3478
#define PATIENCE_MS 15000
#define TURNS_WATCHED_MS 5000

static gboolean on_time(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

static void on_gathered(NiceAgent *agent, guint stream, gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

static void on_data(NiceAgent *agent, guint stream, guint component, guint size, gchar *data,
                    gpointer user_data)
{
}

/* Run the main loop until *done; FALSE after the deadline. */
static gboolean run_until(const gboolean *done, guint most_ms)
{
    gboolean late = FALSE;
    guint timer = g_timeout_add(most_ms, on_time, &late);

    while (!*done && !late)
        g_main_context_iteration(NULL, TRUE);
    if (!late)
        g_source_remove(timer);
    return *done;
}

/* ---- a TURN server ---- */

static void die_with_parent(gpointer user_data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean accepts(const char *text)
{
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(text, PORT);
    g_autoptr(GSocket) socket =
        g_socket_new(g_socket_address_get_family(address), G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL);

    return socket && g_socket_connect(socket, address, NULL, NULL);
}

static GPid start_coturn(const char *folder, const char *family)
{
    g_autofree char *database = g_strdup_printf("--userdb=%s/turndb", folder);
    g_autofree char *pid_file = g_strdup_printf("--pidfile=%s/pid", folder);
    g_autofree char *allocation = g_strdup_printf("--allocation-default-address-family=%s", family);
    char *argv[] = {"turnserver",
                    "-n",
                    "--no-cli",
                    "--listening-ip=" V4,
                    "--listening-ip=" V6,
                    "--relay-ip=" V4,
                    "--relay-ip=" V6,
                    "--listening-port=3478",
                    "--user=u:p",
                    "--lt-cred-mech",
                    "--realm=vcb",
                    "--no-tls",
                    "--no-dtls",
                    "--log-file=stdout",
                    "--simple-log",
                    allocation,
                    database,
                    pid_file,
                    NULL};
    g_autoptr(GError) error = NULL;
    GPid pid;
    gint64 deadline_us = g_get_monotonic_time() + PATIENCE_MS * 1000;

    PROBE_SKIP_IF(!g_spawn_async(NULL, argv, NULL,
                                 G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                                     G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                                 die_with_parent, NULL, &pid, &error),
                  "%s: install coturn", error->message);
    while (!(accepts(V4) && accepts(V6))) { /* it announces nothing: asked until it answers */
        PROBE_EXPECT(g_get_monotonic_time() < deadline_us, "coturn does not listen");
        g_usleep(20000);
    }
    return pid;
}

static void stop_coturn(GPid pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* ---- an agent ---- */

static NiceAgent *new_agent(const char *server, NiceRelayType type, gboolean controlling, guint *ret_stream)
{
    NiceAgent *agent = nice_agent_new(NULL, NICE_COMPATIBILITY_RFC5245);

    /* As peers/gst/ice.c sets it. */
    g_object_set(agent, "ice-tcp", FALSE, "upnp", FALSE, "force-relay", TRUE, "controlling-mode", controlling,
                 NULL);
    *ret_stream = nice_agent_add_stream(agent, 1);
    nice_agent_set_relay_info(agent, *ret_stream, 1, server, PORT, "u", "p", type);
    nice_agent_attach_recv(agent, *ret_stream, 1, NULL, on_data, NULL);
    return agent;
}

static void on_closed(GObject *agent, GAsyncResult *result, gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
}

/* Give the allocations back first. */
static void drop(NiceAgent *agent)
{
    gboolean done = FALSE;

    nice_agent_close_async(agent, on_closed, &done);
    PROBE_EXPECT(run_until(&done, PATIENCE_MS), "closing does not end");
    g_object_unref(agent);
}

/* The relayed address, or NULL. New string. */
static char *gather(NiceAgent *agent, guint stream)
{
    gboolean done = FALSE;
    gulong handler = g_signal_connect(agent, "candidate-gathering-done", G_CALLBACK(on_gathered), &done);
    GSList *candidates;
    char *relay = NULL;

    PROBE_EXPECT(nice_agent_gather_candidates(agent, stream) && run_until(&done, PATIENCE_MS),
                 "gathering does not end");
    g_signal_handler_disconnect(agent, handler);
    candidates = nice_agent_get_local_candidates(agent, stream, 1);
    for (GSList *at = candidates; at; at = at->next) {
        const NiceCandidate *candidate = at->data;

        if (candidate->type == NICE_CANDIDATE_TYPE_RELAYED && !relay) {
            relay = g_new0(char, NICE_ADDRESS_STRING_LEN);
            nice_address_to_string(&candidate->addr, relay);
        }
    }
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
    return relay;
}

static void on_state(NiceAgent *agent, guint stream, guint component, guint state, gpointer user_data)
{
    if (state == NICE_COMPONENT_STATE_READY)
        *(gboolean *)user_data = TRUE;
}

static void introduce(NiceAgent *agent, guint stream, NiceAgent *other, guint other_stream)
{
    g_autofree char *user = NULL, *password = NULL;
    GSList *candidates = nice_agent_get_local_candidates(other, other_stream, 1);

    nice_agent_get_local_credentials(other, other_stream, &user, &password);
    nice_agent_set_remote_credentials(agent, stream, user, password);
    nice_agent_set_remote_candidates(agent, stream, 1, candidates);
    g_slist_free_full(candidates, (GDestroyNotify)nice_candidate_free);
}

/* Two agents with nothing but relays; the relay's address, or NULL where none was given. New string. */
static char *connect_by_relay(const char *server, NiceRelayType type)
{
    guint stream_a, stream_b;
    NiceAgent *a = new_agent(server, type, TRUE, &stream_a), *b = new_agent(server, type, FALSE, &stream_b);
    g_autofree char *relay_a = gather(a, stream_a), *relay_b = gather(b, stream_b);
    gboolean a_ready = FALSE, b_ready = FALSE;

    if (relay_a && relay_b) {
        g_signal_connect(a, "component-state-changed", G_CALLBACK(on_state), &a_ready);
        g_signal_connect(b, "component-state-changed", G_CALLBACK(on_state), &b_ready);
        introduce(a, stream_a, b, stream_b);
        introduce(b, stream_b, a, stream_a);
        PROBE_EXPECT(run_until(&a_ready, PATIENCE_MS) && run_until(&b_ready, PATIENCE_MS),
                     "two agents with relays at %s do not connect", relay_a);
    }
    drop(a);
    drop(b);
    return g_steal_pointer(&relay_a);
}

/* ---- what is tried ---- */

static void try_plain(const char *folder)
{
    GPid coturn = start_coturn(folder, "ipv4");
    g_autofree char *udp = connect_by_relay(V4, NICE_RELAY_TYPE_TURN_UDP);
    g_autofree char *tcp = connect_by_relay(V4, NICE_RELAY_TYPE_TURN_TCP);
    g_autofree char *v6 = connect_by_relay(V6, NICE_RELAY_TYPE_TURN_UDP);

    stop_coturn(coturn);
    PROBE_FOUND("TURN over UDP: relay at %s; over TCP: %s; asked over IPv6: %s\n", udp ? udp : "none",
                tcp ? tcp : "none", v6 ? v6 : "none");
    PROBE_EXPECT(g_strcmp0(udp, V4) == 0 && g_strcmp0(tcp, V4) == 0, "TURN over UDP and TCP give a relay");
    PROBE_EXPECT(g_strcmp0(v6, V4) == 0, "by default the relay of an IPv6 client is an IPv4 one");
}

static void try_ipv6_relay(const char *folder)
{
    GPid coturn = start_coturn(folder, "keep");
    g_autofree char *udp = connect_by_relay(V6, NICE_RELAY_TYPE_TURN_UDP);
    g_autofree char *tcp = connect_by_relay(V6, NICE_RELAY_TYPE_TURN_TCP);

    stop_coturn(coturn);
    PROBE_FOUND("coturn keeps the family; over UDP: %s; over TCP: %s\n", udp ? udp : "none",
                tcp ? tcp : "none");
    PROBE_EXPECT(g_strcmp0(udp, V6) == 0 && g_strcmp0(tcp, V6) == 0, "with `keep`, the relay is an IPv6 one");
}

static gboolean on_accept(GSocketService *service, GSocketConnection *connection, GObject *source,
                          gpointer user_data)
{
    guint8 *first = user_data;
    GSocket *socket = g_socket_connection_get_socket(connection);

    if (first[0] == 0xff) /* not written yet */
        g_socket_receive_with_blocking(socket, (char *)first, 8, TRUE, NULL, NULL);
    return FALSE; /* and it is closed, as a TLS server does */
}

static void try_turns(void)
{
    g_autoptr(GSocketService) service = g_socket_service_new();
    g_autoptr(GInetAddress) any = g_inet_address_new_any(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new(any, PORT);
    guint8 first[8] = {0xff};
    guint stream;
    NiceAgent *agent;
    gboolean done = FALSE;

    PROBE_EXPECT(g_socket_listener_add_address(G_SOCKET_LISTENER(service), address, G_SOCKET_TYPE_STREAM,
                                               G_SOCKET_PROTOCOL_TCP, NULL, NULL, NULL),
                 "cannot listen");
    g_signal_connect(service, "incoming", G_CALLBACK(on_accept), first);
    agent = new_agent(V4, NICE_RELAY_TYPE_TURN_TLS, TRUE, &stream);
    g_signal_connect(agent, "candidate-gathering-done", G_CALLBACK(on_gathered), &done);
    PROBE_EXPECT(nice_agent_gather_candidates(agent, stream), "gathering does not begin");
    run_until(&done, TURNS_WATCHED_MS);
    drop(agent);
    g_socket_service_stop(service);
    g_socket_listener_close(G_SOCKET_LISTENER(service));
    PROBE_FOUND("turns: first bytes %02x %02x %02x %02x %02x %02x %02x %02x\n", first[0], first[1], first[2],
                first[3], first[4], first[5], first[6], first[7]);
    PROBE_SKIP_IF(first[0] == 0x16 && first[1] == 0x03,
                  "this libnice speaks TLS to turns: servers, better than peers/gst/capabilities.c assumes");
    PROBE_EXPECT(first[0] == 0x00 && first[1] == 0x03 && memcmp(first + 4, "\x21\x12\xa4\x42", 4) == 0,
                 "what goes to a turns: server is a plain Allocate request");
    PROBE_FOUND("gathering with it ended within %d s: %s\n", TURNS_WATCHED_MS / 1000, done ? "yes" : "no");
}

int main(void)
{
    g_autofree char *folder = NULL, *database = NULL;

    probe_namespace_enter();
    probe_add_interface("eth0", V4 "/24");
    probe_ip("address add " V6 "/64 dev eth0 nodad");
    folder = g_dir_make_tmp("vcb-probe-XXXXXX", NULL);
    database = g_build_filename(folder, "turndb", NULL);
    try_turns();
    try_plain(folder);
    try_ipv6_relay(folder);
    g_unlink(database);
    g_rmdir(folder);
    return 0;
}
