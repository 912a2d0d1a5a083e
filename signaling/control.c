#include "signaling/control.h"

#include "common/error.h"

#include <string.h>

struct VcbControl {
    VcbChannel *channel;
    VcbHub *hub; /* no-ref */
    void (*ended)(gpointer user_data);
    gpointer user_data;
};

static gboolean obey(VcbControl *control, const cJSON *message, GError **error)
{
    const char *type = vcb_json_string(message, "type", "");

    if (!control->hub) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: the server is not running", type);
        return FALSE;
    }
    if (strcmp(type, "room") == 0)
        return vcb_hub_announce_room(control->hub, message, error);
    if (strcmp(type, "close-room") == 0) {
        vcb_hub_close_room(control->hub, vcb_json_string(message, "room", ""));
        return TRUE;
    }
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "\"%s\" is not a command; room and close-room are", type);
    return FALSE;
}

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    g_autoptr(GError) error = NULL;

    if (!obey(user_data, message, &error))
        vcb_events_error(channel, error->message);
}

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    vcb_events_error(channel, "a line is not a JSON object");
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    VcbControl *control = user_data;

    control->ended(control->user_data);
}

VcbControl *vcb_control_new(int fd, void (*ended)(gpointer user_data), gpointer user_data)
{
    static const VcbChannelCallbacks callbacks = {on_message, on_malformed, on_closed};
    VcbControl *control = g_new0(VcbControl, 1);

    control->ended = ended;
    control->user_data = user_data;
    control->channel = vcb_channel_new(fd, NULL, &callbacks, control);
    return control;
}

void vcb_control_free(VcbControl *control)
{
    if (!control)
        return;
    vcb_channel_free(control->channel);
    g_free(control);
}

void vcb_control_set_hub(VcbControl *control, VcbHub *hub)
{
    control->hub = hub;
}

VcbChannel *vcb_control_channel(VcbControl *control)
{
    return control ? control->channel : NULL;
}
