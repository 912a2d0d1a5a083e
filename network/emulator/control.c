#include "network/emulator/control.h"

#include "common/channel.h"
#include "common/clock.h"
#include "network/emulator/emulated.h"

#include <sys/epoll.h>

/* Rounds of the channel's context before packets have their turn again. */
#define MOST_ROUNDS 4

struct VcbNetControl {
    VcbChannel *channel;
    GMainContext *context;
    VcbLoop *loop;
    VcbLoopWatch *watch;
    VcbEmulator *emulator; /* no-ref */
    gboolean has_more;
    void (*ended)(void *user_data);
    void *user_data;
};

static void say_error(VcbNetControl *control, const char *network, const char *text)
{
    g_autoptr(cJSON) message = vcb_message_new("error", vcb_now_ns());

    vcb_json_add_string(message, "network", network);
    cJSON_AddStringToObject(message, "message", text);
    vcb_channel_send(control->channel, message);
}

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    VcbNetControl *control = user_data;
    const char *network = vcb_json_string(message, "network", NULL);
    g_autoptr(GError) error = NULL;

    if (!control->emulator)
        say_error(control, network, "the emulator is not running");
    else if (!vcb_emulator_obey(control->emulator, message, &error))
        say_error(control, network, error->message);
}

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    say_error(user_data, NULL, "a line is not a JSON object");
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    VcbNetControl *control = user_data;

    control->ended(control->user_data);
}

/* Edge-triggered: the context is asked until it has nothing more, now or in further turns. */
gboolean vcb_net_control_work(VcbNetControl *control)
{
    for (guint i = 0; i < MOST_ROUNDS && control->has_more; i++)
        control->has_more = g_main_context_iteration(control->context, FALSE);
    return control->has_more;
}

static void on_ready(guint32 events, void *user_data)
{
    VcbNetControl *control = user_data;

    control->has_more = TRUE; /* its turn comes with the loop's work */
}

VcbNetControl *vcb_net_control_new(int fd, VcbLoop *loop, void (*ended)(void *user_data), void *user_data)
{
    static const VcbChannelCallbacks callbacks = {on_message, on_malformed, on_closed};
    VcbNetControl *control = g_new0(VcbNetControl, 1);

    control->context = g_main_context_new();
    control->loop = loop;
    control->ended = ended;
    control->user_data = user_data;
    control->channel = vcb_channel_new(fd, control->context, &callbacks, control);
    control->watch = vcb_loop_watch(loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, on_ready, control);
    return control;
}

void vcb_net_control_free(VcbNetControl *control)
{
    if (!control)
        return;
    vcb_loop_unwatch(control->loop, control->watch);
    vcb_channel_free(control->channel);
    g_main_context_unref(control->context);
    g_free(control);
}

void vcb_net_control_set_emulator(VcbNetControl *control, VcbEmulator *emulator)
{
    control->emulator = emulator;
}

void vcb_net_control_say(VcbNetControl *control, const cJSON *message, const int *fds, guint n)
{
    if (n)
        vcb_channel_send_with_fds(control->channel, message, fds, n);
    else
        vcb_channel_send(control->channel, message);
}

void vcb_net_control_flush(VcbNetControl *control, gint64 at_most_us)
{
    vcb_channel_flush(control->channel, vcb_clock_now_us() + at_most_us);
}
