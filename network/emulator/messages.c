/* The beginnings of every message that vcbench-net says. */
#include "network/emulator/emulated.h"

cJSON *vcb_message_new(const char *type, gint64 t_ns)
{
    cJSON *message = cJSON_CreateObject();

    vcb_json_add_int(message, "t_us", t_ns / 1000);
    cJSON_AddStringToObject(message, "type", type);
    return message;
}

cJSON *vcb_message_of_network(const char *type, gint64 t_ns, const VcbEmulatedNetwork *network)
{
    cJSON *message = vcb_message_new(type, t_ns);

    cJSON_AddStringToObject(message, "network", network->description->name);
    vcb_json_add_string(message, "call", network->description->call);
    return message;
}

void vcb_emulator_say(VcbEmulator *emulator, cJSON *message)
{
    emulator->callbacks.say(message, NULL, 0, emulator->user_data);
    cJSON_Delete(message);
}

void vcb_emulator_say_error(VcbEmulator *emulator, const char *network, const char *text)
{
    cJSON *message = vcb_message_new("error", vcb_now_ns());

    vcb_json_add_string(message, "network", network);
    cJSON_AddStringToObject(message, "message", text);
    vcb_emulator_say(emulator, message);
}
