#include "harness/measure/run_data.h"

#include "common/error.h"

#include <string.h>

static void event_free(gpointer data)
{
    VcbEvent *event = data;

    cJSON_Delete(event->json);
    g_free(event);
}

static void call_free(gpointer data)
{
    VcbCallData *call = data;

    g_free(call->id);
    g_strfreev(call->peers);
    g_ptr_array_unref(call->events);
    g_free(call);
}

void vcb_run_data_free(VcbRunData *data)
{
    if (!data)
        return;
    g_ptr_array_unref(data->calls);
    g_ptr_array_unref(data->run_events);
    g_ptr_array_unref(data->events);
    g_hash_table_unref(data->networks);
    cJSON_Delete(data->empty);
    g_free(data);
}

gboolean vcb_event_matches(const VcbEvent *event, const char *source, const char *type, const char *key,
                           const char *value)
{
    return (!source || strcmp(event->source, source) == 0) && strcmp(event->type, type) == 0 &&
           (!key || g_strcmp0(vcb_json_string(event->json, key, NULL), value) == 0);
}

const VcbEvent *vcb_call_data_first(const VcbCallData *call, const char *source, const char *type,
                                    const char *key, const char *value)
{
    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];

        if (vcb_event_matches(event, source, type, key, value))
            return event;
    }
    return NULL;
}

/* What `plan` says of a call; an empty object where it says nothing. */
static const cJSON *planned(const VcbRunData *data, const char *id)
{
    const cJSON *item;

    cJSON_ArrayForEach (item, vcb_json_array(data->start, "plan")) {
        if (g_strcmp0(vcb_json_string(item, "id", NULL), id) == 0)
            return item;
    }
    return data->empty;
}

static char **names_of(const cJSON *array)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const cJSON *item;

    cJSON_ArrayForEach (item, array) {
        if (cJSON_IsString(item))
            g_ptr_array_add(names, g_strdup(item->valuestring));
    }
    g_ptr_array_add(names, NULL);
    return (char **)g_ptr_array_steal(names, NULL);
}

/* Numbers come from the call's own call-start, and from the plan where the log lacks that line. */
static void describe(VcbRunData *data, VcbCallData *call, const cJSON *line)
{
    gint64 variant = vcb_json_int(line, "variant", 0);
    const cJSON *peers = vcb_json_array(line, "peers");

    call->pair = (int)vcb_json_int(line, "pair", 0);
    call->repeat = (int)vcb_json_int(line, "repeat", 0);
    call->network = vcb_json_string(line, "network", call->network);
    call->seed = (guint64)MAX(vcb_json_int(line, "seed", 0), 0);
    call->variant = variant >= 0 && variant < data->n_variants ? (guint)variant : 0;
    if (!peers)
        peers = cJSON_GetArrayItem(vcb_json_array(data->start, "peers"), (int)call->variant);
    g_strfreev(call->peers);
    call->peers = names_of(peers);
}

static VcbCallData *call_of(VcbRunData *data, GHashTable *by_id, const char *id)
{
    VcbCallData *call = g_hash_table_lookup(by_id, id);

    if (!call) {
        call = g_new0(VcbCallData, 1);
        call->id = g_strdup(id);
        call->events = g_ptr_array_new();
        call->start_us = call->end_us = -1;
        call->outcome = "interrupted";
        call->reason = "";
        call->network = "";
        describe(data, call, planned(data, id));
        g_hash_table_insert(by_id, call->id, call);
        g_ptr_array_add(data->calls, call);
    }
    return call;
}

static void take_call_event(VcbRunData *data, VcbCallData *call, VcbEvent *event)
{
    g_ptr_array_add(call->events, event);
    if (strcmp(event->source, "vcbench") != 0)
        return;
    if (strcmp(event->type, "call-start") == 0 && call->start_us < 0) {
        call->start_us = event->t_us;
        describe(data, call, event->json);
    } else if (strcmp(event->type, "call-end") == 0 && call->end_us < 0) {
        call->end_us = event->t_us;
        call->outcome = vcb_json_string(event->json, "outcome", "error");
        call->reason = vcb_json_string(event->json, "reason", "");
    }
}

static void take_run_event(VcbRunData *data, VcbEvent *event)
{
    g_ptr_array_add(data->run_events, event);
    if (strcmp(event->source, "vcbench") != 0)
        return;
    if (strcmp(event->type, "run-start") == 0 && data->start == data->empty) {
        data->start = event->json;
        data->n_variants = (guint)MAX(cJSON_GetArraySize(vcb_json_array(event->json, "variants")), 1);
    } else if (strcmp(event->type, "run-end") == 0) {
        data->end = event->json;
    }
}

/* Lines of a shared network belong to several calls: they go by the network's name, not by the call's. */
static void take_network_event(VcbRunData *data, VcbEvent *event)
{
    const char *name = vcb_json_string(event->json, "network", "");
    GPtrArray *events = *name ? g_hash_table_lookup(data->networks, name) : NULL;

    if (!*name)
        return;
    if (!events) {
        events = g_ptr_array_new();
        g_hash_table_insert(data->networks, (gpointer)name, events);
    }
    g_ptr_array_add(events, event);
}

static gint compare_stamps(gconstpointer a, gconstpointer b)
{
    const VcbEvent *left = *(VcbEvent *const *)a, *right = *(VcbEvent *const *)b;

    return left->t_us < right->t_us ? -1 : left->t_us > right->t_us;
}

static void take_line(VcbRunData *data, GHashTable *by_id, const char *line, gsize length, gboolean whole)
{
    cJSON *json = cJSON_ParseWithLength(line, length);
    const char *call;
    VcbEvent *event;

    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        if (whole)
            data->unreadable_lines++;
        else
            data->cut = TRUE;
        return;
    }
    event = g_new0(VcbEvent, 1);
    event->json = json;
    event->t_us = vcb_json_int(json, "t_us", 0);
    event->source = vcb_json_string(json, "source", "");
    event->type = vcb_json_string(json, "type", "");
    g_ptr_array_add(data->events, event);
    if (strcmp(event->source, "network") == 0 || strcmp(event->type, "traffic") == 0)
        take_network_event(data, event);
    call = vcb_json_string(json, "call", NULL);
    if (call && *call)
        take_call_event(data, call_of(data, by_id, call), event);
    else
        take_run_event(data, event);
}

/* Which network each call was in: as its call-start says, or else a line of the emulator that names the call. */
static void join_networks(VcbRunData *data)
{
    g_autoptr(GHashTable) sharing = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    gpointer events;

    g_hash_table_iter_init(&iter, data->networks);
    while (g_hash_table_iter_next(&iter, NULL, &events))
        g_ptr_array_sort(events, compare_stamps); /* stable */
    for (guint i = 0; i < data->calls->len; i++) {
        VcbCallData *call = data->calls->pdata[i];
        guint n;

        for (guint e = 0; !*call->network && e < call->events->len; e++) {
            const VcbEvent *event = call->events->pdata[e];

            if (strcmp(event->source, "network") == 0)
                call->network = vcb_json_string(event->json, "network", "");
        }
        if (!*call->network)
            continue;
        call->network_events = g_hash_table_lookup(data->networks, call->network);
        n = GPOINTER_TO_UINT(g_hash_table_lookup(sharing, call->network));
        g_hash_table_insert(sharing, (gpointer)call->network, GUINT_TO_POINTER(n + 1));
    }
    for (guint i = 0; i < data->calls->len; i++) {
        VcbCallData *call = data->calls->pdata[i];

        call->n_sharing = GPOINTER_TO_UINT(g_hash_table_lookup(sharing, call->network));
    }
}

VcbRunData *vcb_run_data_parse(const char *text, gsize length)
{
    g_autoptr(GHashTable) by_id = g_hash_table_new(g_str_hash, g_str_equal);
    VcbRunData *data = g_new0(VcbRunData, 1);
    const char *end = text + length;

    data->events = g_ptr_array_new_with_free_func(event_free);
    data->run_events = g_ptr_array_new();
    data->calls = g_ptr_array_new_with_free_func(call_free);
    data->networks = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
    data->start = data->empty = cJSON_CreateObject();
    data->n_variants = 1;
    for (const char *line = text; line < end;) {
        const char *newline = memchr(line, '\n', (gsize)(end - line));
        const char *stop = newline ? newline : end;

        if (stop > line)
            take_line(data, by_id, line, (gsize)(stop - line), newline != NULL);
        line = stop + 1;
    }
    for (guint i = 0; i < data->calls->len; i++)
        g_ptr_array_sort(((VcbCallData *)data->calls->pdata[i])->events, compare_stamps); /* stable */
    join_networks(data);
    return data;
}

VcbRunData *vcb_run_data_load(const char *path, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents(path, &text, &length, &cause)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "no run log to read: %s", cause->message);
        return NULL;
    }
    return vcb_run_data_parse(text, length);
}

const char *vcb_run_data_variant_name(const VcbRunData *data, guint variant)
{
    return vcb_json_string(cJSON_GetArrayItem(vcb_json_array(data->start, "variants"), (int)variant), "name",
                           "");
}
