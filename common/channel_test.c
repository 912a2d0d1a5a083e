#include "common/channel.h"
#include "common/clock.h"
#include "common/test.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    VcbChannel *channel;
    guint messages, malformed, closed;
    gint64 last;
    gboolean free_on_message;
} Seen;

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    Seen *seen = user_data;

    seen->messages++;
    seen->last = vcb_json_int(message, "n", -1);
    if (seen->free_on_message)
        g_clear_pointer(&seen->channel, vcb_channel_free);
}

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    ((Seen *)user_data)->malformed++;
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
    ((Seen *)user_data)->closed++;
}

static const VcbChannelCallbacks CALLBACKS = {on_message, on_malformed, on_closed};

static gboolean on_deadline(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

/* Run the loop until *counter reaches `least`, for at most 5 s. */
static void run_until(const guint *counter, guint least)
{
    gboolean late = FALSE;
    guint timer = g_timeout_add(5000, on_deadline, &late);

    while (*counter < least && !late)
        g_main_context_iteration(NULL, TRUE);
    CU_ASSERT_FALSE(late);
    if (!late)
        g_source_remove(timer);
}

static void make_pair(int fds[2])
{
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
}

static void lines_arrive_however_they_are_cut(void)
{
    static const char text[] = "{\"n\":1}\n\n{\"n\":2}\nnot json\n[3]\n{\"n\":4}\n{\"n\":";
    Seen seen = {0};
    int fds[2];

    make_pair(fds);
    seen.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &seen);
    for (gsize i = 0; i < strlen(text); i++) {
        CU_ASSERT_EQUAL(write(fds[1], text + i, 1), 1);
        g_main_context_iteration(NULL, FALSE);
    }
    run_until(&seen.messages, 3);
    CU_ASSERT_EQUAL(seen.last, 4);
    CU_ASSERT_EQUAL(seen.malformed, 2);
    close(fds[1]);
    run_until(&seen.closed, 1);
    CU_ASSERT_EQUAL(seen.messages, 3);
    vcb_channel_free(seen.channel);
}

static void a_channel_may_be_freed_by_its_own_message(void)
{
    Seen seen = {.free_on_message = TRUE};
    int fds[2];

    make_pair(fds);
    seen.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &seen);
    CU_ASSERT_EQUAL(write(fds[1], "{}\n{}\n", 6), 6);
    run_until(&seen.messages, 1);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    CU_ASSERT_EQUAL(seen.messages, 1);
    CU_ASSERT_PTR_NULL(seen.channel);
    close(fds[1]);
}

static void more_than_the_socket_holds_arrives_whole(void)
{
    Seen a = {0}, b = {0};
    int fds[2];
    g_autoptr(cJSON) message = cJSON_CreateObject();
    g_autofree char *filler = g_strnfill(1000, 'x');

    make_pair(fds);
    cJSON_AddStringToObject(message, "filler", filler);
    cJSON *n = cJSON_AddNumberToObject(message, "n", 0);
    a.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &a);
    b.channel = vcb_channel_new(fds[1], NULL, &CALLBACKS, &b);
    for (int i = 1; i <= 3000; i++) {
        cJSON_SetNumberValue(n, i);
        vcb_channel_send(a.channel, message);
    }
    run_until(&b.messages, 3000);
    CU_ASSERT_EQUAL(b.last, 3000);
    vcb_channel_free(a.channel);
    run_until(&b.closed, 1);
    vcb_channel_send(b.channel, message); /* to nobody: no signal, no crash */
    vcb_channel_free(b.channel);
}

static void an_endless_line_is_refused_in_bounded_memory(void)
{
    Seen seen = {0};
    int fds[2];
    char block[4096];

    make_pair(fds);
    memset(block, 'a', sizeof block);
    seen.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &seen);
    for (int i = 0; i < 1100; i++) {
        CU_ASSERT_EQUAL(write(fds[1], block, sizeof block), (ssize_t)sizeof block);
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    CU_ASSERT_EQUAL(seen.malformed, 1);
    vcb_channel_free(seen.channel);
    close(fds[1]);
}

VCB_TEST_MAIN("channel", {"lines arrive however they are cut", lines_arrive_however_they_are_cut},
              {"a channel may be freed by its own message", a_channel_may_be_freed_by_its_own_message},
              {"more than the socket holds arrives whole", more_than_the_socket_holds_arrives_whole},
              {"an endless line is refused in bounded memory", an_endless_line_is_refused_in_bounded_memory})
