#include "harness/measure/reason.h"

#include <string.h>

static const VcbEvent *first_death(const VcbCallData *call)
{
    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, "vcbench", "process-exit", NULL, NULL) &&
            !vcb_json_bool(event->json, "expected", TRUE))
            return event;
    }
    return NULL;
}

static const VcbEvent *first_error(const VcbCallData *call, gboolean fatal_only)
{
    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, NULL, "error", NULL, NULL) &&
            (!fatal_only || vcb_json_bool(event->json, "fatal", FALSE)))
            return event;
    }
    return NULL;
}

static char *error_text(const VcbEvent *error)
{
    return g_strdup_printf("%s: %s: %s", error->source, vcb_json_string(error->json, "name", "error"),
                           vcb_json_string(error->json, "message", "(no message)"));
}

static const char *last_state(const VcbCallData *call, const char *peer, const char *name)
{
    for (guint i = call->events->len; i-- > 0;) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, peer, "state", "name", name))
            return vcb_json_string(event->json, "value", NULL);
    }
    return NULL;
}

/* "; alice: iceConnectionState checking, bob: signalingState have-local-offer": how far each peer came. */
static char *states_text(const VcbCallData *call)
{
    static const char *const NAMES[] = {"dtlsState", "iceConnectionState", "signalingState"};
    GString *text = g_string_new(NULL);

    for (char **peer = call->peers; *peer; peer++) {
        for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
            const char *value = last_state(call, *peer, NAMES[i]);

            if (!value || strcmp(value, "new") == 0)
                continue;
            g_string_append_printf(text, "%s%s: %s %s", text->len ? ", " : "; last states: ", *peer, NAMES[i],
                                   value);
            break;
        }
    }
    return g_string_free(text, FALSE);
}

/* Which servers the peers were given, in words: as run-start says, or else by whether a TURN server ran. */
static const char *servers_text(const VcbRunData *data, const VcbCallData *call)
{
    static const char OFFERED[] = "TURN was offered", NOT_OFFERED[] = "TURN was not offered";
    static const struct {
        const char *server, *transport, *text;
    } SERVERS[] = {{"none", NULL, "neither STUN nor TURN was offered"},
                   {"stun", NULL, "STUN was offered, TURN was not"},
                   {"coturn", "udp", "TURN was offered, by UDP alone"},
                   {"coturn", "tcp", "TURN was offered, by TCP alone"},
                   {"coturn", "tls", "TURN was offered, by TLS alone"},
                   {"coturn", NULL, OFFERED}};
    const cJSON *network = cJSON_GetArrayItem(vcb_json_array(data->start, "networks"), (int)call->variant);

    for (gsize i = 0; i < G_N_ELEMENTS(SERVERS); i++) {
        if (g_str_equal(vcb_json_string(network, "turn_server", ""), SERVERS[i].server) &&
            (!SERVERS[i].transport ||
             g_str_equal(vcb_json_string(network, "turn_transport", ""), SERVERS[i].transport)))
            return SERVERS[i].text;
    }
    if (vcb_json_has(network, "turn"))
        return vcb_json_bool(network, "turn", FALSE) ? OFFERED : NOT_OFFERED;
    for (guint i = 0; i < data->run_events->len; i++) {
        if (vcb_event_matches(data->run_events->pdata[i], "vcbench", "process-start", "process",
                              "turnserver"))
            return OFFERED;
    }
    return NOT_OFFERED;
}

static void append_drops(GString *text, const VcbCallData *call, const VcbEvent *router)
{
    static const struct {
        const char *reason, *who, *did;
    } REASONS[] = {{"nat-filtered", "NAT", "filtered"},
                   {"nat-hairpin", "NAT", "did not hairpin"},
                   {"firewall", "firewall", "dropped"}};
    const cJSON *dropped = vcb_json_object(router->json, "dropped");
    const char *peer;
    g_autofree char *name = vcb_network_data_name(call, vcb_json_string(router->json, "router", "?"), &peer);

    for (gsize i = 0; name && i < G_N_ELEMENTS(REASONS); i++) {
        double n = vcb_json_number(dropped, REASONS[i].reason, 0);

        if (n > 0)
            g_string_append_printf(text, "%s%s's %s %s %.0f packet%s", text->len ? ", " : "", name,
                                   REASONS[i].who, REASONS[i].did, n, n == 1 ? "" : "s");
    }
    if (g_str_equal(vcb_json_string(router->json, "router", ""), "internet")) {
        double n = vcb_json_number(dropped, "no-route", 0);

        if (n > 0)
            g_string_append_printf(
                text, "%sthe internet had no route for %.0f packet%s (private addresses have none)",
                text->len ? ", " : "", n, n == 1 ? "" : "s");
    }
}

/* "; no candidate pair worked: bob's NAT filtered 34 packets; STUN was offered, TURN was not". "" where no NAT and no
 * firewall was in the way. */
static char *held_back_text(const VcbRunData *data, const VcbCallData *call, const VcbNetworkData *network)
{
    g_autoptr(GString) drops = g_string_new(NULL);

    for (guint i = 0; network && i < network->routers->len; i++)
        append_drops(drops, call, network->routers->pdata[i]);
    if (!drops->len)
        return g_strdup("");
    return g_strdup_printf("; no candidate pair worked: %s; %s", drops->str, servers_text(data, call));
}

static char *reason_of_events(const VcbCallData *call, const VcbSetup *setup, gboolean *ret_process_died)
{
    const VcbEvent *death = first_death(call), *fatal = first_error(call, TRUE),
                   *error = first_error(call, FALSE);
    const char *said = *call->reason ? call->reason : NULL;

    *ret_process_died = death != NULL;
    if (call->end_us >= 0 && said) {
        /* Whoever led the call saw what came first. What a deadline cannot say, a peer's first error may. */
        if (setup->connected_us == VCB_UNKNOWN_US && error && !fatal && !death) {
            g_autofree char *first = error_text(error);

            return g_strdup_printf("%s; first error: %s", said, first);
        }
        return g_strdup(said);
    }
    if (call->end_us >= 0 && strcmp(call->outcome, "failed") != 0)
        return g_strdup(call->outcome);
    /* The log was cut before the call's end: the events alone tell. */
    if (death && (!fatal || death->t_us <= fatal->t_us))
        return g_strdup_printf("%s: the process ended: %s", vcb_json_string(death->json, "process", "?"),
                               vcb_json_string(death->json, "status", "(no status)"));
    if (fatal)
        return error_text(fatal);
    if (call->end_us < 0)
        return g_strdup("the log ends before the call did");
    if (setup->connected_us == VCB_UNKNOWN_US) {
        g_autofree char *states = states_text(call), *first = error ? error_text(error) : NULL;

        return g_strdup_printf("did not connect%s%s%s", first ? "; first error: " : "", first ? first : "",
                               states);
    }
    return error ? error_text(error) : g_strdup("failed; the log does not say why");
}

char *vcb_reason_of(const VcbRunData *data, const VcbCallData *call, const VcbSetup *setup,
                    const VcbNetworkData *network, gboolean *ret_process_died)
{
    g_autofree char *why = reason_of_events(call, setup, ret_process_died), *held_back = NULL;

    if (setup->connected_us != VCB_UNKNOWN_US || *ret_process_died || strcmp(call->outcome, "failed") != 0)
        return g_steal_pointer(&why);
    held_back = held_back_text(data, call, network);
    return g_strconcat(why, held_back, NULL);
}
