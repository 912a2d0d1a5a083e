#include "signaling/codec.h"

#include <assert.h>
#include <string.h>

static const char *const TYPE_NAMES[] = {
    [VCB_SIGNAL_READY] = "ready",           [VCB_SIGNAL_OFFER] = "offer",
    [VCB_SIGNAL_ANSWER] = "answer",         [VCB_SIGNAL_ICE_CANDIDATE] = "ice-candidate",
    [VCB_SIGNAL_USER_COUNT] = "user-count", [VCB_SIGNAL_START_CALL] = "start-call",
    [VCB_SIGNAL_ERROR] = "error",
};
static_assert(G_N_ELEMENTS(TYPE_NAMES) == VCB_N_SIGNALS, "a name for each type");

static const char *const REFUSAL_NAMES[] = {
    [VCB_REFUSAL_BAD_MESSAGE] = "bad-message",   [VCB_REFUSAL_UNKNOWN_TYPE] = "unknown-type",
    [VCB_REFUSAL_TOO_LARGE] = "too-large",       [VCB_REFUSAL_TOO_MANY] = "too-many",
    [VCB_REFUSAL_TOO_SLOW] = "too-slow",         [VCB_REFUSAL_ROOM_FULL] = "room-full",
    [VCB_REFUSAL_NO_SUCH_PEER] = "no-such-peer", [VCB_REFUSAL_UNAUTHORIZED] = "unauthorized",
};
static_assert(G_N_ELEMENTS(REFUSAL_NAMES) == VCB_N_REFUSALS, "a name for each refusal");

const char *vcb_signal_type_name(VcbSignalType type)
{
    return TYPE_NAMES[type];
}

const char *vcb_signal_kind(const VcbSignal *signal)
{
    return signal->end_of_candidates ? "end-of-candidates" : TYPE_NAMES[signal->type];
}

gboolean vcb_signal_is_relayed(VcbSignalType type)
{
    return type == VCB_SIGNAL_OFFER || type == VCB_SIGNAL_ANSWER || type == VCB_SIGNAL_ICE_CANDIDATE;
}

const char *vcb_refusal_name(VcbRefusal refusal)
{
    return REFUSAL_NAMES[refusal];
}

gboolean vcb_name_is_valid(const char *name)
{
    gsize length = strlen(name);

    if (length < 1 || length > VCB_LONGEST_NAME || name[0] == '.')
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isalnum(name[i]) && !strchr("-_.", name[i]))
            return FALSE;
    return TRUE;
}

/* A string with \u0000 in it would be cut short by every C reader on the way: what was checked would not be
 * what another peer reads. */
static gboolean has_escaped_nul(const char *text, gsize length)
{
    for (gsize i = 0; i + 5 < length; i++) {
        if (text[i] != '\\')
            continue;
        if (memcmp(text + i + 1, "u0000", 5) == 0)
            return TRUE;
        i++; /* the character that is escaped, be it a backslash */
    }
    return FALSE;
}

/* JSON readers differ in which of two equal keys they take, so that one message could be two: a field that
 * the server decides by may stand there once only. */
static const char *find_doubled_key(const cJSON *json)
{
    static const char *const keys[] = {"type", "to", "from", "offer", "answer", "candidate"};
    guint seen[G_N_ELEMENTS(keys)] = {0};
    const cJSON *item;

    cJSON_ArrayForEach (item, json) {
        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
            if (strcmp(item->string, keys[i]) == 0 && seen[i]++)
                return keys[i];
    }
    return NULL;
}

/* RTCSessionDescriptionInit: {type, sdp}. */
static char *check_description(const cJSON *json, const char *key, const char *other_type)
{
    const cJSON *description = vcb_json_object(json, key);
    const char *type = vcb_json_string(description, "type", "");

    if (!description)
        return g_strdup_printf("%s: an object {type, sdp} is needed", key);
    if (strcmp(type, key) != 0 && g_strcmp0(type, other_type) != 0)
        return g_strdup_printf("%s.type: \"%s\" is needed", key, key);
    if (!vcb_json_string(description, "sdp", NULL))
        return g_strdup_printf("%s.sdp: a string is needed", key);
    return NULL;
}

/* RTCIceCandidateInit: {candidate, sdpMid, sdpMLineIndex}, of which W3C WebRTC section 4.8.1 wants one of the
 * last two where the candidate is not empty. */
static char *check_candidate(const cJSON *json, gboolean *ret_end)
{
    const cJSON *init = vcb_json_object(json, "candidate");
    const char *line = vcb_json_string(init, "candidate", NULL);
    double index = vcb_json_number(init, "sdpMLineIndex", -1);

    if (!line)
        return g_strdup("candidate: an object {candidate, sdpMid, sdpMLineIndex} is needed");
    if (vcb_json_has(init, "sdpMid") && !vcb_json_string(init, "sdpMid", NULL))
        return g_strdup("candidate.sdpMid: a string is needed");
    if (vcb_json_has(init, "sdpMLineIndex") && !(index >= 0 && index <= 65535 && index == (double)(int)index))
        return g_strdup("candidate.sdpMLineIndex: an integer from 0 to 65535 is needed");
    if (*line && !vcb_json_has(init, "sdpMid") && !vcb_json_has(init, "sdpMLineIndex"))
        return g_strdup("candidate: sdpMid or sdpMLineIndex is needed");
    *ret_end = !*line;
    return NULL;
}

static char *check_fields(VcbSignal *signal)
{
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(signal->json, "to");

    if (to && (!cJSON_IsString(to) || !*to->valuestring))
        return g_strdup("to: the name of a peer is needed");
    signal->to = to ? to->valuestring : NULL;
    switch (signal->type) {
    case VCB_SIGNAL_OFFER:
        return check_description(signal->json, "offer", NULL);
    case VCB_SIGNAL_ANSWER:
        return check_description(signal->json, "answer", "pranswer");
    case VCB_SIGNAL_ICE_CANDIDATE:
        return check_candidate(signal->json, &signal->end_of_candidates);
    default:
        return NULL;
    }
}

static gboolean is_from_clients(VcbSignalType type)
{
    return type == VCB_SIGNAL_READY || vcb_signal_is_relayed(type);
}

/* NULL where all is well. */
static char *parse(const char *text, gsize length, VcbSignal *signal, VcbRefusal *ret_refusal)
{
    const char *end, *type, *doubled;

    *ret_refusal = VCB_REFUSAL_BAD_MESSAGE;
    if (!g_utf8_validate_len(text, length, NULL))
        return g_strdup("not UTF-8 text");
    if (has_escaped_nul(text, length))
        return g_strdup("a string holds \\u0000");
    signal->json = cJSON_ParseWithLengthOpts(text, length, &end, FALSE);
    if (!signal->json)
        return g_strdup("not JSON");
    for (; end < text + length; end++)
        if (!strchr(" \t\r\n", *end))
            return g_strdup("text after the JSON object");
    type = vcb_json_string(signal->json, "type", NULL);
    if (!cJSON_IsObject(signal->json) || !type)
        return g_strdup("a JSON object with a `type` is needed");
    if ((doubled = find_doubled_key(signal->json)))
        return g_strdup_printf("%s: stands there twice", doubled);

    for (signal->type = 0; signal->type < VCB_N_SIGNALS; signal->type++)
        if (strcmp(type, TYPE_NAMES[signal->type]) == 0)
            break;
    if (signal->type == VCB_N_SIGNALS || !is_from_clients(signal->type)) {
        *ret_refusal = VCB_REFUSAL_UNKNOWN_TYPE;
        return g_strdup_printf("%.64s: a client sends ready, offer, answer and ice-candidate", type);
    }
    return check_fields(signal);
}

gboolean vcb_signal_parse(const char *text, gsize length, VcbSignal *ret_signal, VcbRefusal *ret_refusal,
                          char **ret_reason)
{
    g_auto(VcbSignal) signal = {0};
    VcbRefusal refusal;
    char *reason = parse(text, length, &signal, &refusal);

    if (reason) {
        /* The reason may quote the client, cut inside a character. */
        *ret_reason = g_utf8_make_valid(reason, -1);
        *ret_refusal = refusal;
        g_free(reason);
        return FALSE;
    }
    *ret_signal = signal;
    signal.json = NULL;
    return TRUE;
}

void vcb_signal_clear(VcbSignal *signal)
{
    g_clear_pointer(&signal->json, cJSON_Delete);
}

/* Like vcb_json_print, but with a buffer that fits from the start: this is the way of every relayed message.
 */
static char *print(const cJSON *json, gsize expected)
{
    char *text = cJSON_PrintBuffered(json, (int)expected, FALSE);
    char *copy = g_strdup(text);

    cJSON_free(text);
    return copy;
}

char *vcb_signal_print_from(VcbSignal *signal, const char *from)
{
    cJSON_DeleteItemFromObjectCaseSensitive(signal->json, "from");
    cJSON_AddStringToObject(signal->json, "from", from);
    return print(signal->json, 512);
}

static cJSON *message_with_peers(VcbSignalType type, const char *you, const char *const *peers)
{
    cJSON *json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "type", TYPE_NAMES[type]);
    cJSON_AddStringToObject(json, "you", you);
    cJSON_AddItemToObject(json, "peers",
                          cJSON_CreateStringArray(peers, (int)g_strv_length((char **)(gpointer)peers)));
    return json;
}

char *vcb_signal_print_user_count(const char *you, const char *const *peers)
{
    g_autoptr(cJSON) json = message_with_peers(VCB_SIGNAL_USER_COUNT, you, peers);

    vcb_json_add_int(json, "count", g_strv_length((char **)(gpointer)peers));
    return print(json, 256);
}

char *vcb_signal_print_start_call(const char *you, const char *const *peers, gboolean initiator)
{
    g_autoptr(cJSON) json = message_with_peers(VCB_SIGNAL_START_CALL, you, peers);

    cJSON_AddBoolToObject(json, "initiator", initiator);
    return print(json, 256);
}

char *vcb_signal_print_error(VcbRefusal refusal, const char *message)
{
    g_autoptr(cJSON) json = cJSON_CreateObject();

    cJSON_AddStringToObject(json, "type", TYPE_NAMES[VCB_SIGNAL_ERROR]);
    cJSON_AddStringToObject(json, "code", vcb_refusal_name(refusal));
    cJSON_AddStringToObject(json, "message", message);
    return print(json, 256);
}
