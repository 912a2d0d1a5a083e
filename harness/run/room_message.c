#include "harness/run/room_message.h"

static cJSON *rule_message(const VcbInjectRule *rule)
{
    cJSON *object = cJSON_CreateObject();

    vcb_json_add_string(object, "action", rule->action);
    vcb_json_add_string(object, "message", rule->message);
    vcb_json_add_string(object, "from", rule->from);
    vcb_json_add_string(object, "to", rule->to);
    cJSON_AddNumberToObject(object, "nth", rule->nth);
    vcb_json_add_string(object, "until", rule->until);
    cJSON_AddNumberToObject(object, "count", MAX(rule->count, 1));
    cJSON_AddNumberToObject(object, "time_ms", (double)rule->time_us / 1000);
    return object;
}

cJSON *vcb_room_message(const VcbSettings *settings, const VcbPlannedCall *call)
{
    cJSON *message = cJSON_CreateObject(), *peers, *rules;

    cJSON_AddStringToObject(message, "type", "room");
    cJSON_AddStringToObject(message, "room", call->id);
    cJSON_AddStringToObject(message, "call", call->id);
    vcb_json_add_int(message, "seed", (gint64)call->seed);
    cJSON_AddNumberToObject(message, "size", settings->signaling.room_size);
    peers = cJSON_AddArrayToObject(message, "peers");
    for (int i = 0; i < 2; i++)
        cJSON_AddItemToArray(peers, cJSON_CreateString(settings->peers[i].name));
    rules = cJSON_AddArrayToObject(message, "rules");
    for (guint i = 0; i < settings->n_inject; i++)
        cJSON_AddItemToArray(rules, rule_message(&settings->inject[i]));
    return message;
}
