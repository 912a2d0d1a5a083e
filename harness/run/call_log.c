#include "harness/run/call_log.h"

#include <glib/gstdio.h>

static void log_event(const VcbCallContext *context, const VcbPlannedCall *call, cJSON *event)
{
    vcb_run_log_write(context->log, call->id, "vcbench", event);
}

void vcb_call_log_start(const VcbCallContext *context, const VcbPlannedCall *call, const char *network)
{
    const VcbSettings *settings = &context->scenario->variants[call->variant].settings;
    cJSON *event = vcb_run_log_event("call-start"), *names;

    cJSON_AddNumberToObject(event, "pair", call->pair);
    cJSON_AddNumberToObject(event, "repeat", call->repeat);
    cJSON_AddNumberToObject(event, "variant", call->variant);
    vcb_json_add_int(event, "seed", (gint64)call->seed);
    if (settings->net.enabled)
        cJSON_AddStringToObject(event, "network", network);
    names = cJSON_AddArrayToObject(event, "peers");
    for (int i = 0; i < 2; i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(settings->peers[i].name));
    log_event(context, call, event);
}

void vcb_call_log_phase(const VcbCallContext *context, const VcbPlannedCall *call, VcbCallPhase phase)
{
    cJSON *event = vcb_run_log_event("call-phase");

    cJSON_AddStringToObject(event, "phase", vcb_call_phase_name(phase));
    log_event(context, call, event);
}

void vcb_call_log_timeline(const VcbCallContext *context, const VcbPlannedCall *call,
                           const VcbTimelineEntry *entry)
{
    cJSON *event = vcb_run_log_event("timeline");

    cJSON_AddStringToObject(event, "action", entry->action);
    vcb_json_add_string(event, "peer", entry->peer);
    vcb_json_add_string(event, "text", entry->text);
    log_event(context, call, event);
}

void vcb_call_log_note(const VcbCallContext *context, const VcbPlannedCall *call, const char *text)
{
    cJSON *event = vcb_run_log_event("note");

    cJSON_AddStringToObject(event, "message", text);
    log_event(context, call, event);
}

void vcb_call_log_end(const VcbCallContext *context, const VcbPlannedCall *call, VcbOutcome outcome,
                      const char *reason)
{
    cJSON *event = vcb_run_log_event("call-end");

    cJSON_AddStringToObject(event, "outcome", vcb_outcome_name(outcome));
    cJSON_AddStringToObject(event, "reason", reason);
    log_event(context, call, event);
}

void vcb_call_log_sdp(const VcbCallContext *context, const VcbPlannedCall *call, const char *peer,
                      const char *step, const char *sdp)
{
    g_autofree char *folder = g_build_filename(context->directory, "sdp", NULL);
    g_autofree char *path = g_strdup_printf("%s/%s-%s-%s.sdp", folder, call->id, peer, step);

    g_mkdir_with_parents(folder, 0755);
    g_file_set_contents(path, sdp, -1, NULL);
}
