#include "common/channel.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_QUEUED ((gsize)16 << 20)
#define MOST_FDS_AT_ONCE 253 /* the kernel's SCM_MAX_FD */

/* Descriptors travel with bytes. Sent: with the byte at position `at`. Received: they came with bytes of which the last was before
 * position `end`, and so belong to a line that ends at `end` or later; but to none that has ended before these bytes, at `at`.
 * Positions count from the channel's first byte. */
typedef struct {
    guint64 at, end;
    GArray *fds; /* of int; owned, with the descriptors */
} FdBatch;

struct VcbChannel {
    int fd; /* -1 once closed */
    gboolean freed;
    guint depth; /* > 0: inside a callback, so that freeing waits */
    GMainContext *context;
    VcbChannelCallbacks callbacks;
    gpointer user_data;
    gboolean is_socket; /* only then may descriptors be sent */
    GByteArray *in;
    GByteArray *out;
    guint64 in_start, out_start;    /* position of their first byte */
    GQueue in_batches, out_batches; /* FdBatch, owned, by position */
    guint64 line_end;               /* position behind the line whose message is being handed over; 0: none */
    int fds_left;                   /* descriptors that this message may still take */
    GSource *reader;                /* owned */
    GSource *writer;                /* owned; NULL while nothing is queued */
    gboolean failed;
};

static void drop_source(GSource **source)
{
    if (*source) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static void free_batch(FdBatch *batch)
{
    for (guint i = 0; i < batch->fds->len; i++)
        close(g_array_index(batch->fds, int, i));
    g_array_unref(batch->fds);
    g_free(batch);
}

static FdBatch *push_batch(GQueue *queue, guint64 at, guint64 end)
{
    FdBatch *batch = g_new0(FdBatch, 1);

    batch->at = at;
    batch->end = end;
    batch->fds = g_array_new(FALSE, FALSE, sizeof(int));
    g_queue_push_tail(queue, batch);
    return batch;
}

/* Descriptors that can belong to no line beyond this position. */
static void close_batches(VcbChannel *channel, guint64 position)
{
    FdBatch *batch;

    while ((batch = g_queue_peek_head(&channel->in_batches)) && batch->end <= position)
        free_batch(g_queue_pop_head(&channel->in_batches));
}

static void destroy(VcbChannel *channel)
{
    drop_source(&channel->reader);
    drop_source(&channel->writer);
    if (channel->fd >= 0)
        close(channel->fd);
    g_byte_array_unref(channel->in);
    g_byte_array_unref(channel->out);
    g_queue_clear_full(&channel->in_batches, (GDestroyNotify)free_batch);
    g_queue_clear_full(&channel->out_batches, (GDestroyNotify)free_batch);
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

static void deliver(VcbChannel *channel, const char *line, guint64 end)
{
    g_autoptr(cJSON) message = cJSON_Parse(line);

    if (cJSON_IsObject(message)) {
        channel->line_end = end;
        channel->fds_left = (int)CLAMP(vcb_json_int(message, "fds", 0), 0, VCB_CHANNEL_MAX_FDS);
        channel->callbacks.message(channel, message, channel->user_data);
        while (channel->fds_left > 0) {
            int fd = vcb_channel_take_fd(channel);

            if (fd < 0)
                break;
            close(fd);
        }
        channel->line_end = 0;
    } else if (channel->callbacks.malformed && *line)
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
        deliver(channel, (const char *)begin, channel->in_start + start);
        close_batches(channel, channel->in_start + start);
    }
    if (channel->freed)
        return;
    if (start)
        g_byte_array_remove_range(channel->in, 0, (guint)start);
    channel->in_start += start;
    if (channel->in->len > VCB_CHANNEL_LONGEST_LINE) {
        g_autofree char *head = g_strndup((const char *)channel->in->data, 80);

        channel->in_start += channel->in->len;
        close_batches(channel, channel->in_start);
        g_byte_array_set_size(channel->in, 0);
        if (channel->callbacks.malformed)
            channel->callbacks.malformed(channel, head, channel->user_data);
    }
}

/* Room for the descriptors of one sendmsg or recvmsg. */
typedef union {
    struct cmsghdr header;
    char space[CMSG_SPACE(MOST_FDS_AT_ONCE * sizeof(int))];
} FdRoom;

static guint n_fds_waiting(const VcbChannel *channel)
{
    guint sum = 0;

    for (const GList *link = channel->in_batches.head; link; link = link->next)
        sum += ((const FdBatch *)link->data)->fds->len;
    return sum;
}

/* Keep the descriptors that came with n bytes; more of them than any message may have are closed. */
static void keep_fds(VcbChannel *channel, struct msghdr *received, gsize n)
{
    guint64 at = channel->in_start + channel->in->len;
    FdBatch *batch = NULL;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(received); header; header = CMSG_NXTHDR(received, header)) {
        gsize count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (gsize i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (n_fds_waiting(channel) >= 2 * VCB_CHANNEL_MAX_FDS) {
                close(fd);
                continue;
            }
            if (!batch)
                batch = push_batch(&channel->in_batches, at, at + n);
            g_array_append_val(batch->fds, fd);
        }
    }
}

static ssize_t receive(VcbChannel *channel, guint8 *data, gsize size)
{
    struct iovec part = {.iov_base = data, .iov_len = size};
    FdRoom room;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    ssize_t n;

    if (!channel->is_socket)
        return read(channel->fd, data, size);
    n = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC);
    if (n > 0)
        keep_fds(channel, &message, (gsize)n);
    return n;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer user_data)
{
    VcbChannel *channel = user_data;
    gboolean ended = FALSE;

    enter(channel);
    /* Bounded, so that a flood on one channel cannot starve the loop. */
    for (int i = 0; i < 16; i++) {
        guint8 chunk[16384];
        ssize_t n = receive(channel, chunk, sizeof chunk);

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

/* Write bytes, at most up to the next ones that descriptors travel with. */
static ssize_t send_piece(VcbChannel *channel)
{
    FdBatch *batch = g_queue_peek_head(&channel->out_batches);
    struct iovec part = {.iov_base = channel->out->data, .iov_len = channel->out->len};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    FdRoom room = {0};
    ssize_t n;

    if (!channel->is_socket)
        return write(channel->fd, channel->out->data, channel->out->len);
    if (batch && batch->at == channel->out_start) {
        const FdBatch *next = g_queue_peek_nth(&channel->out_batches, 1);
        gsize size = batch->fds->len * sizeof(int);

        message.msg_control = &room;
        message.msg_controllen = CMSG_SPACE(size);
        room.header.cmsg_level = SOL_SOCKET;
        room.header.cmsg_type = SCM_RIGHTS;
        room.header.cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(&room.header), batch->fds->data, size);
        if (next)
            part.iov_len = (gsize)(next->at - channel->out_start);
    } else if (batch)
        part.iov_len = (gsize)(batch->at - channel->out_start);
    n = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
    if (n > 0 && message.msg_control)
        free_batch(g_queue_pop_head(&channel->out_batches));
    return n;
}

static void write_some(VcbChannel *channel)
{
    while (channel->out->len && !channel->failed) {
        ssize_t n = send_piece(channel);

        if (n > 0) {
            g_byte_array_remove_range(channel->out, 0, (guint)n);
            channel->out_start += (guint64)n;
        } else if (n < 0 && errno == EINTR)
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
    struct stat status;

    channel->fd = fd;
    channel->is_socket = fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
    channel->context = g_main_context_ref(context ? context : g_main_context_default());
    channel->callbacks = *callbacks;
    channel->user_data = user_data;
    channel->in = g_byte_array_new();
    channel->out = g_byte_array_new();
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    channel->reader = watch(channel, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
    return channel;
}

/* FALSE: the channel takes nothing any more. */
static gboolean may_queue(VcbChannel *channel)
{
    if (channel->failed || channel->freed)
        return FALSE;
    if (channel->out->len > MOST_QUEUED) { /* the other side does not read: treat it as gone */
        channel->failed = TRUE;
        return FALSE;
    }
    return TRUE;
}

static void queue_line(VcbChannel *channel, const cJSON *message)
{
    g_autofree char *line = vcb_json_print(message);

    g_byte_array_append(channel->out, (const guint8 *)line, (guint)strlen(line));
    g_byte_array_append(channel->out, (const guint8 *)"\n", 1);
    write_some(channel);
    if (channel->out->len && !channel->failed && !channel->writer)
        channel->writer = watch(channel, G_IO_OUT | G_IO_ERR, on_writable);
}

void vcb_channel_send(VcbChannel *channel, const cJSON *message)
{
    if (may_queue(channel))
        queue_line(channel, message);
}

/* Descriptors of our own travel, so that the caller need not know when they have left. Batches stand at the first bytes of the line,
 * one each: `{"fds":1}` is longer than there are batches. */
static gboolean queue_fds(VcbChannel *channel, const int *fds, guint n_fds)
{
    guint64 at = channel->out_start + channel->out->len;

    for (guint start = 0; start < n_fds; start += MOST_FDS_AT_ONCE, at++) {
        FdBatch *batch = push_batch(&channel->out_batches, at, at);

        for (guint i = start; i < MIN(n_fds, start + MOST_FDS_AT_ONCE); i++) {
            int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

            if (fd < 0)
                return FALSE;
            g_array_append_val(batch->fds, fd);
        }
    }
    return TRUE;
}

void vcb_channel_send_with_fds(VcbChannel *channel, const cJSON *message, const int *fds, guint n_fds)
{
    g_autoptr(cJSON) copy = cJSON_Duplicate(message, TRUE);

    g_assert(n_fds >= 1 && n_fds <= VCB_CHANNEL_MAX_FDS);
    if (!may_queue(channel))
        return;
    cJSON_DeleteItemFromObjectCaseSensitive(copy, "fds");
    cJSON_AddNumberToObject(copy, "fds", n_fds);
    /* A message without its descriptors would be a lie: no more descriptors, no more channel. */
    if (channel->is_socket && queue_fds(channel, fds, n_fds))
        queue_line(channel, copy);
    else
        channel->failed = TRUE;
}

int vcb_channel_take_fd(VcbChannel *channel)
{
    FdBatch *batch = g_queue_peek_head(&channel->in_batches);
    int fd;

    if (!batch || channel->fds_left <= 0 || batch->at >= channel->line_end)
        return -1;
    channel->fds_left--;
    fd = g_array_index(batch->fds, int, 0);
    g_array_remove_index(batch->fds, 0);
    if (!batch->fds->len)
        free_batch(g_queue_pop_head(&channel->in_batches));
    return fd;
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
