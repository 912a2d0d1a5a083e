#include "common/channel.h"

#include "common/clock.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LONGEST_LINE ((gsize)4 << 20)
#define MOST_QUEUED ((gsize)16 << 20)

struct VcbChannel {
    int fd; /* -1 once closed */
    gboolean freed;
    guint depth; /* > 0: inside a callback, so that freeing waits */
    GMainContext *context;
    VcbChannelCallbacks callbacks;
    gpointer user_data;
    GByteArray *in;
    GByteArray *out;
    GSource *reader; /* owned */
    GSource *writer; /* owned; NULL while nothing is queued */
    gboolean failed;
};

static void drop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static void destroy(VcbChannel *channel)
{
    drop_source(&channel->reader);
    drop_source(&channel->writer);
    if (channel->fd >= 0)
        close(channel->fd);
    g_byte_array_unref(channel->in);
    g_byte_array_unref(channel->out);
    g_main_context_unref(channel->context);
    g_free(channel);
}

static void enter(VcbChannel *channel)
{
    channel->depth++;
}

/* Returns FALSE where the channel is gone now. */
static gboolean leave(VcbChannel *channel)
{
    if (--channel->depth == 0 && channel->freed) {
        destroy(channel);
        return FALSE;
    }
    return !channel->freed;
}

static void deliver(VcbChannel *channel, const char *line)
{
    g_autoptr(cJSON) message = cJSON_Parse(line);

    if (cJSON_IsObject(message))
        channel->callbacks.message(channel, message, channel->user_data);
    else if (channel->callbacks.malformed && *line)
        channel->callbacks.malformed(channel, line, channel->user_data);
}

/* Hand over every whole line of the input buffer. */
static void deliver_lines(VcbChannel *channel)
{
    gsize start = 0;

    while (!channel->freed && start < channel->in->len) {
        guint8 *begin = channel->in->data + start;
        guint8 *newline = memchr(begin, '\n', channel->in->len - start);

        if (!newline)
            break;
        *newline = '\0';
        start += (gsize)(newline - begin) + 1;
        deliver(channel, (const char *)begin);
    }
    if (channel->freed)
        return;
    if (start)
        g_byte_array_remove_range(channel->in, 0, (guint)start);
    if (channel->in->len > LONGEST_LINE) {
        g_autofree char *head = g_strndup((const char *)channel->in->data, 80);

        g_byte_array_set_size(channel->in, 0);
        if (channel->callbacks.malformed)
            channel->callbacks.malformed(channel, head, channel->user_data);
    }
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VcbChannel *channel = user_data;
    gboolean ended = FALSE;

    enter(channel);
    /* Bounded, so that a flood on one channel cannot starve the loop. */
    for (int i = 0; i < 16; i++) {
        guint8 chunk[16384];
        ssize_t n = read(fd, chunk, sizeof chunk);

        if (n > 0) {
            g_byte_array_append(channel->in, chunk, (guint)n);
            if ((gsize)n < sizeof chunk)
                break;
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        ended = TRUE;
        break;
    }
    deliver_lines(channel);
    if (!channel->freed && (ended || channel->failed)) {
        drop_source(&channel->reader);
        drop_source(&channel->writer);
        channel->failed = TRUE;
        if (channel->callbacks.closed)
            channel->callbacks.closed(channel, channel->user_data);
    }
    return leave(channel) && !ended ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void write_some(VcbChannel *channel)
{
    while (channel->out->len && !channel->failed) {
        ssize_t n = write(channel->fd, channel->out->data, channel->out->len);

        if (n > 0)
            g_byte_array_remove_range(channel->out, 0, (guint)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && errno == EAGAIN)
            break;
        else
            channel->failed = TRUE; /* the reader sees the end as well, and says so */
    }
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer user_data)
{
    VcbChannel *channel = user_data;

    write_some(channel);
    if (channel->out->len && !channel->failed)
        return G_SOURCE_CONTINUE;
    drop_source(&channel->writer);
    return G_SOURCE_REMOVE;
}

static GSource *watch(VcbChannel *channel, GIOCondition condition, GUnixFDSourceFunc function)
{
    GSource *source = g_unix_fd_source_new(channel->fd, condition);

    g_source_set_callback(source, G_SOURCE_FUNC(function), channel, NULL);
    g_source_attach(source, channel->context);
    return source;
}

VcbChannel *vcb_channel_new(int fd, GMainContext *context, const VcbChannelCallbacks *callbacks,
                            gpointer user_data)
{
    VcbChannel *channel = g_new0(VcbChannel, 1);

    channel->fd = fd;
    channel->context = g_main_context_ref(context ? context : g_main_context_default());
    channel->callbacks = *callbacks;
    channel->user_data = user_data;
    channel->in = g_byte_array_new();
    channel->out = g_byte_array_new();
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    channel->reader = watch(channel, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
    return channel;
}

void vcb_channel_send(VcbChannel *channel, const cJSON *message)
{
    g_autofree char *line = vcb_json_print(message);

    if (channel->failed || channel->freed)
        return;
    if (channel->out->len > MOST_QUEUED) { /* the other side does not read: treat it as gone */
        channel->failed = TRUE;
        return;
    }
    g_byte_array_append(channel->out, (const guint8 *)line, (guint)strlen(line));
    g_byte_array_append(channel->out, (const guint8 *)"\n", 1);
    write_some(channel);
    if (channel->out->len && !channel->failed && !channel->writer)
        channel->writer = watch(channel, G_IO_OUT | G_IO_ERR, on_writable);
}

void vcb_channel_flush(VcbChannel *channel, gint64 deadline_us)
{
    write_some(channel);
    while (channel->out->len && !channel->failed) {
        struct pollfd poller = {.fd = channel->fd, .events = POLLOUT};
        gint64 left_us = deadline_us - vcb_clock_now_us();

        if (left_us <= 0 || poll(&poller, 1, (int)(left_us / 1000) + 1) <= 0)
            return;
        write_some(channel);
    }
}

void vcb_channel_free(VcbChannel *channel)
{
    if (!channel || channel->freed)
        return;
    channel->freed = TRUE;
    drop_source(&channel->reader);
    drop_source(&channel->writer);
    if (channel->depth == 0)
        destroy(channel);
}
