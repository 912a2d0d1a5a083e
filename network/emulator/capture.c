#include "network/emulator/capture.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES (256 * 1024)
#define MOST_WAITING_BYTES (64 * 1024 * 1024)

/* Block types, options and the link type by their names in the draft. */
enum { SHB = 0x0a0d0d0a, IDB = 1, EPB = 6 };
enum { OPT_ENDOFOPT = 0, OPT_COMMENT = 1, SHB_USERAPPL = 4, IF_NAME = 2, IF_TSRESOL = 9 };
enum { LINKTYPE_RAW = 101 };

struct VcbCapture {
    int fd;
    char *path;
    GByteArray *buffer; /* whole blocks */
    gsize block;        /* where the block that is being written begins */
    guint n_interfaces;
    gint64 wall_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC when it was opened */
    gboolean stopped;      /* early */
    gboolean is_over;

    /* Shared with the writer. */
    GThread *writer;     /* NULL until there is something to write */
    GAsyncQueue *filled; /* owned GByteArrays; an empty one ends the writer */
    gint waiting_bytes;  /* atomic */
    gint failed_with;    /* atomic: errno of the writer, 0 while all is well */
    gboolean told;
};

static gint64 clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

static gboolean write_all(int fd, const guint8 *data, gsize n)
{
    while (n) {
        ssize_t written = write(fd, data, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return FALSE;
        data += written;
        n -= (gsize)written;
    }
    return TRUE;
}

/* The thread: after a failure it only empties the queue. */
static gpointer write_buffers(gpointer user_data)
{
    VcbCapture *capture = user_data;
    off_t whole = 0; /* the file's length in whole blocks */

    for (;;) {
        GByteArray *buffer = g_async_queue_pop(capture->filled);
        guint n = buffer->len;

        if (n && !g_atomic_int_get(&capture->failed_with)) {
            if (write_all(capture->fd, buffer->data, n)) {
                whole += (off_t)n;
            } else {
                g_atomic_int_set(&capture->failed_with, errno);
                if (ftruncate(capture->fd, whole) != 0)
                    g_atomic_int_set(&capture->failed_with, errno);
            }
        }
        g_atomic_int_add(&capture->waiting_bytes, -(gint)n);
        g_byte_array_unref(buffer);
        if (!n)
            return NULL;
    }
}

/* Whole blocks go to the writer, unless it has failed or cannot keep up: then the capture ends here. */
static void hand_over(VcbCapture *capture)
{
    if (g_atomic_int_get(&capture->failed_with) ||
        g_atomic_int_get(&capture->waiting_bytes) > MOST_WAITING_BYTES) {
        capture->stopped = TRUE;
        g_byte_array_set_size(capture->buffer, 0);
        return;
    }
    if (!capture->writer)
        capture->writer = g_thread_new("capture", write_buffers, capture);
    g_atomic_int_add(&capture->waiting_bytes, (gint)capture->buffer->len);
    g_async_queue_push(capture->filled, capture->buffer);
    capture->buffer = g_byte_array_sized_new(BUFFER_BYTES + 2 * VCB_PACKET_MAX);
}

static void put16(VcbCapture *capture, guint16 value)
{
    g_byte_array_append(capture->buffer, (const guint8 *)&value, sizeof value);
}

static void put32(VcbCapture *capture, guint32 value)
{
    g_byte_array_append(capture->buffer, (const guint8 *)&value, sizeof value);
}

/* Bytes, padded to a multiple of four. */
static void put_padded(VcbCapture *capture, const void *data, gsize n)
{
    static const guint8 zeros[3];

    g_byte_array_append(capture->buffer, data, (guint)n);
    g_byte_array_append(capture->buffer, zeros, (guint)(-n & 3));
}

static void put_option(VcbCapture *capture, guint16 code, const void *data, gsize n)
{
    put16(capture, code);
    put16(capture, (guint16)n);
    put_padded(capture, data, n);
}

static void begin_block(VcbCapture *capture, guint32 type)
{
    capture->block = capture->buffer->len;
    put32(capture, type);
    put32(capture, 0); /* the length, when it is known */
}

static void end_block(VcbCapture *capture)
{
    guint32 length;

    put_option(capture, OPT_ENDOFOPT, NULL, 0);
    length = (guint32)(capture->buffer->len - capture->block) + 4;
    memcpy(capture->buffer->data + capture->block + 4, &length, sizeof length);
    put32(capture, length);
    if (capture->buffer->len >= BUFFER_BYTES)
        hand_over(capture);
}

static void write_section_header(VcbCapture *capture)
{
    static const char application[] = "vcbench-net " VCB_VERSION;
    g_autofree char *comment = g_strdup_printf("wall_clock_offset_us=%" G_GINT64_FORMAT
                                               ": what CLOCK_REALTIME, in which packets are stamped, was "
                                               "ahead of CLOCK_MONOTONIC, in which times in comments are",
                                               capture->wall_offset_ns / 1000);

    begin_block(capture, SHB);
    put32(capture, 0x1a2b3c4d); /* byte order */
    put16(capture, 1);
    put16(capture, 0);
    put32(capture, 0xffffffff); /* section length: not said */
    put32(capture, 0xffffffff);
    put_option(capture, SHB_USERAPPL, application, strlen(application));
    put_option(capture, OPT_COMMENT, comment, strlen(comment));
    end_block(capture);
}

VcbCapture *vcb_capture_open(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    VcbCapture *capture;

    if (fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", path, g_strerror(errno));
        return NULL;
    }
    capture = g_new0(VcbCapture, 1);
    capture->fd = fd;
    capture->path = g_strdup(path);
    capture->buffer = g_byte_array_sized_new(BUFFER_BYTES + 2 * VCB_PACKET_MAX);
    capture->filled = g_async_queue_new();
    capture->wall_offset_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
    write_section_header(capture);
    return capture;
}

void vcb_capture_finish(VcbCapture *capture)
{
    vcb_capture_flush(capture);
    if (capture->writer) {
        g_async_queue_push(capture->filled, g_byte_array_new());
        g_thread_join(g_steal_pointer(&capture->writer));
    }
    capture->is_over = TRUE;
}

void vcb_capture_close(VcbCapture *capture)
{
    if (!capture)
        return;
    if (!capture->is_over)
        vcb_capture_finish(capture);
    g_async_queue_unref(capture->filled);
    g_byte_array_unref(capture->buffer);
    close(capture->fd);
    g_free(capture->path);
    g_free(capture);
}

guint vcb_capture_add_interface(VcbCapture *capture, const char *name)
{
    const guint8 nanoseconds = 9; /* 10^-9 */

    if (capture->stopped || capture->is_over)
        return 0;
    begin_block(capture, IDB);
    put16(capture, LINKTYPE_RAW);
    put16(capture, 0);
    put32(capture, 0); /* no limit to a packet's length */
    put_option(capture, IF_NAME, name, strlen(name));
    put_option(capture, IF_TSRESOL, &nanoseconds, 1);
    end_block(capture);
    return capture->n_interfaces++;
}

static char *put_text(char *at, const char *text)
{
    gsize n = strlen(text);

    memcpy(at, text, n);
    return at + n;
}

/* printf takes longer than all the rest of a packet. */
static char *put_number(char *at, gint64 number)
{
    char digits[24];
    guint n = 0;

    for (guint64 rest = (guint64)MAX(number, 0); rest || !n; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    while (n)
        *at++ = digits[--n];
    return at;
}

static gsize describe(char *comment, const VcbPacket *packet, VcbFate fate, gint64 actual_ns)
{
    char *at = comment;

    if (fate == VCB_FATE_DELIVERED) {
        at = put_text(at, "verdict=delivered ideal_us=");
        at = put_number(at, packet->due_ns / 1000);
        at = put_text(at, " actual_us=");
        at = put_number(at, actual_ns / 1000);
    } else {
        at = put_text(at, "verdict=dropped reason=");
        at = put_text(at, vcb_fate_name(fate));
    }
    if (packet->is_copy)
        at = put_text(at, " copy=1");
    if (packet->is_corrupted)
        at = put_text(at, " corrupted=1");
    return (gsize)(at - comment);
}

void vcb_capture_packet(VcbCapture *capture, guint interface, const VcbPacket *packet, VcbFate fate,
                        gint64 actual_ns)
{
    guint64 stamp = (guint64)(packet->came_ns + capture->wall_offset_ns);
    char comment[160];

    if (capture->stopped || capture->is_over)
        return;
    begin_block(capture, EPB);
    put32(capture, interface);
    put32(capture, (guint32)(stamp >> 32));
    put32(capture, (guint32)stamp);
    put32(capture, packet->length);
    put32(capture, packet->length);
    put_padded(capture, packet->data, packet->length);
    put_option(capture, OPT_COMMENT, comment, describe(comment, packet, fate, actual_ns));
    end_block(capture);
}

void vcb_capture_flush(VcbCapture *capture)
{
    /* An empty buffer would end the writer. */
    if (!capture->stopped && !capture->is_over && capture->buffer->len)
        hand_over(capture);
}

char *vcb_capture_take_problem(VcbCapture *capture)
{
    int problem = g_atomic_int_get(&capture->failed_with);

    if (capture->told || !(capture->stopped || (capture->is_over && problem)))
        return NULL;
    capture->told = TRUE;
    return g_strdup_printf("the capture has ended: %s: %s", capture->path,
                           problem ? g_strerror(problem) : "the disk takes less than comes");
}
