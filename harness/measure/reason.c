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

char *vcb_reason_of(const VcbCallData *call, const VcbSetup *setup, gboolean *ret_process_died)
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
