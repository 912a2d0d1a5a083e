#include "network/emulator/capture.h"

#include "common/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

/* A reader of its own: what the draft says, not what the writer does. */
typedef struct {
    guint8 *data;
    gsize length, at;
} Reader;

typedef struct {
    guint32 type;
    const guint8 *body;
    gsize length; /* of the body */
} Block;

static guint32 get32(const guint8 *data)
{
    guint32 value;

    memcpy(&value, data, 4);
    return value;
}

static guint16 get16(const guint8 *data)
{
    guint16 value;

    memcpy(&value, data, 2);
    return value;
}

static gboolean next_block(Reader *reader, Block *ret_block)
{
    const guint8 *at = reader->data + reader->at;
    gsize left = reader->length - reader->at;
    guint32 length;

    if (!left)
        return FALSE;
    CU_ASSERT_TRUE_FATAL(left >= 12);
    length = get32(at + 4);
    CU_ASSERT_TRUE_FATAL(length >= 12 && length <= left && length % 4 == 0);
    CU_ASSERT_EQUAL_FATAL(get32(at + length - 4), length);
    *ret_block = (Block){get32(at), at + 8, length - 12};
    reader->at += length;
    return TRUE;
}

/* An option's text; new string. */
static char *option(const Block *block, gsize at, guint16 code)
{
    while (at + 4 <= block->length && get16(block->body + at)) {
        gsize length = get16(block->body + at + 2);

        CU_ASSERT_TRUE_FATAL(at + 4 + length <= block->length);
        if (get16(block->body + at) == code)
            return g_strndup((const char *)block->body + at + 4, length);
        at += 4 + ((length + 3) & ~(gsize)3);
    }
    return NULL;
}

static char *new_path(void)
{
    char *path = g_build_filename(g_get_tmp_dir(), "vcb-capture-XXXXXX", NULL);

    close(g_mkstemp(path));
    return path;
}

static VcbPacket *new_packet(guint16 length, gint64 came_ns, gint64 due_ns)
{
    VcbPacket *packet = g_new0(VcbPacket, 1);

    packet->length = length;
    packet->came_ns = came_ns;
    packet->due_ns = due_ns;
    for (guint i = 0; i < length; i++)
        packet->data[i] = (guint8)(i * 7 + length);
    return packet;
}

static Reader open_file(const char *path)
{
    Reader reader = {0};

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, (char **)&reader.data, &reader.length, NULL));
    return reader;
}

static void expect_packet(Reader *reader, guint32 interface, const VcbPacket *packet, gint64 wall_offset_us,
                          const char *comment)
{
    g_autofree char *said = NULL;
    Block block;
    gint64 stamp;

    CU_ASSERT_TRUE_FATAL(next_block(reader, &block));
    CU_ASSERT_EQUAL(block.type, 6);
    CU_ASSERT_EQUAL(get32(block.body), interface);
    stamp = (gint64)((guint64)get32(block.body + 4) << 32 | get32(block.body + 8));
    VCB_ASSERT_NEAR((double)(stamp / 1000 - wall_offset_us), (double)packet->came_ns / 1000, 1);
    CU_ASSERT_EQUAL(get32(block.body + 12), packet->length);
    CU_ASSERT_EQUAL(get32(block.body + 16), packet->length);
    CU_ASSERT_EQUAL(memcmp(block.body + 20, packet->data, packet->length), 0);
    said = option(&block, 20 + ((packet->length + 3u) & ~3u), 1);
    VCB_ASSERT_STRING(said, comment);
}

static void what_is_written_reads_back(void)
{
    g_autofree char *path = new_path(), *comment = NULL, *name = NULL, *resolution = NULL;
    g_autofree VcbPacket *first = new_packet(61, 5000000123, 5010000999),
                         *second = new_packet(1500, 6000000000, 0);
    VcbCapture *capture = vcb_capture_open(path, NULL);
    gint64 wall_offset_us;
    Reader reader;
    Block block;

    CU_ASSERT_PTR_NOT_NULL_FATAL(capture);
    CU_ASSERT_EQUAL(vcb_capture_add_interface(capture, "call-1/alice/up"), 0);
    vcb_capture_packet(capture, 0, first, VCB_FATE_DELIVERED, 5010042000);
    CU_ASSERT_EQUAL(vcb_capture_add_interface(capture, "call-1/alice/down"), 1);
    second->is_copy = second->is_corrupted = TRUE;
    vcb_capture_packet(capture, 1, second, VCB_FATE_QUEUE_FULL, 6000000000);
    CU_ASSERT_PTR_NULL(vcb_capture_take_problem(capture));
    vcb_capture_close(capture);

    reader = open_file(path);
    CU_ASSERT_TRUE_FATAL(next_block(&reader, &block));
    CU_ASSERT_EQUAL(block.type, 0x0a0d0d0a);
    CU_ASSERT_EQUAL(get32(block.body), 0x1a2b3c4d);
    CU_ASSERT_EQUAL(get16(block.body + 4), 1);
    comment = option(&block, 16, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(comment);
    CU_ASSERT_TRUE_FATAL(g_str_has_prefix(comment, "wall_clock_offset_us="));
    wall_offset_us = g_ascii_strtoll(strchr(comment, '=') + 1, NULL, 10);
    VCB_ASSERT_NEAR((double)wall_offset_us, (double)(g_get_real_time() - g_get_monotonic_time()), 5e6);

    CU_ASSERT_TRUE_FATAL(next_block(&reader, &block));
    CU_ASSERT_EQUAL(block.type, 1);
    CU_ASSERT_EQUAL(get16(block.body), 101);
    name = option(&block, 8, 2);
    VCB_ASSERT_STRING(name, "call-1/alice/up");
    resolution = option(&block, 8, 9);
    CU_ASSERT_EQUAL(resolution[0], 9);
    expect_packet(&reader, 0, first, wall_offset_us, "verdict=delivered ideal_us=5010000 actual_us=5010042");
    CU_ASSERT_TRUE_FATAL(next_block(&reader, &block));
    CU_ASSERT_EQUAL(block.type, 1);
    expect_packet(&reader, 1, second, wall_offset_us, "verdict=dropped reason=queue-full copy=1 corrupted=1");
    CU_ASSERT_FALSE(next_block(&reader, &block));
    g_free(reader.data);
    g_unlink(path);
}

static void many_packets_pass_through_many_buffers_in_order(void)
{
    enum { N = 3000 };
    g_autofree char *path = new_path();
    VcbCapture *capture = vcb_capture_open(path, NULL);
    guint n = 0;
    Reader reader;
    Block block;

    vcb_capture_add_interface(capture, "a/b/up");
    for (guint i = 0; i < N; i++) {
        g_autofree VcbPacket *packet = new_packet((guint16)(20 + i % 1400), 1000000 * (gint64)i, 0);

        vcb_capture_packet(capture, 0, packet, VCB_FATE_LOSS, 0);
        if (i % 500 == 0)
            vcb_capture_flush(capture);
    }
    vcb_capture_close(capture);
    reader = open_file(path);
    while (next_block(&reader, &block))
        if (block.type == 6) {
            CU_ASSERT_EQUAL(get32(block.body + 12), 20 + n % 1400);
            n++;
        }
    CU_ASSERT_EQUAL(n, N);
    g_free(reader.data);
    g_unlink(path);
}

static void a_second_without_packets_does_not_end_the_capture(void)
{
    g_autofree char *path = new_path();
    g_autofree VcbPacket *packet = new_packet(100, 0, 0);
    VcbCapture *capture = vcb_capture_open(path, NULL);
    guint n_packets = 0;
    Reader reader;
    Block block;

    vcb_capture_add_interface(capture, "a/b/up");
    for (guint i = 0; i < 10; i++) {
        vcb_capture_packet(capture, 0, packet, VCB_FATE_LOSS, 0);
        vcb_capture_flush(capture);
        vcb_capture_flush(capture);
    }
    vcb_capture_close(capture);
    reader = open_file(path);
    while (next_block(&reader, &block))
        n_packets += block.type == 6;
    CU_ASSERT_EQUAL(n_packets, 10);
    g_free(reader.data);
    g_unlink(path);
}

/* A limit to the file's length is to write(2) what a full disk is: it fails in the middle of a buffer. */
static void a_full_disk_ends_the_capture_at_a_whole_block_and_is_told_once(void)
{
    g_autofree char *path = new_path(), *problem = NULL;
    g_autofree VcbPacket *packet = new_packet(1400, 0, 0);
    VcbCapture *capture = vcb_capture_open(path, NULL);
    struct rlimit usual, low;
    gsize n_blocks = 0;
    Reader reader;
    Block block;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &usual);
    low = (struct rlimit){700001, usual.rlim_max};
    setrlimit(RLIMIT_FSIZE, &low);
    vcb_capture_add_interface(capture, "a/b/up");
    for (guint i = 0; i < 1000000 && !problem; i++) {
        vcb_capture_packet(capture, 0, packet, VCB_FATE_LOSS, 0);
        problem = vcb_capture_take_problem(capture);
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(problem);
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, g_strerror(EFBIG)));
    vcb_capture_packet(capture, 0, packet, VCB_FATE_LOSS, 0);
    CU_ASSERT_PTR_NULL(vcb_capture_take_problem(capture));
    vcb_capture_close(capture);
    setrlimit(RLIMIT_FSIZE, &usual);

    reader = open_file(path);
    while (next_block(&reader, &block))
        n_blocks++;
    CU_ASSERT_TRUE(n_blocks > 100);
    CU_ASSERT_TRUE(reader.length <= 700001);
    g_free(reader.data);
    g_unlink(path);
}

/* What the last second wrote counts, too. */
static void a_disk_that_is_full_in_the_end_is_told(void)
{
    g_autofree char *path = new_path(), *problem = NULL;
    g_autofree VcbPacket *packet = new_packet(1400, 0, 0);
    VcbCapture *capture = vcb_capture_open(path, NULL);
    struct rlimit usual, low;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &usual);
    low = (struct rlimit){1000, usual.rlim_max};
    setrlimit(RLIMIT_FSIZE, &low);
    vcb_capture_add_interface(capture, "a/b/up");
    vcb_capture_packet(capture, 0, packet, VCB_FATE_LOSS, 0);
    CU_ASSERT_PTR_NULL(vcb_capture_take_problem(capture));
    vcb_capture_finish(capture);
    setrlimit(RLIMIT_FSIZE, &usual);
    problem = vcb_capture_take_problem(capture);
    CU_ASSERT_PTR_NOT_NULL_FATAL(problem);
    CU_ASSERT_PTR_NOT_NULL(strstr(problem, g_strerror(EFBIG)));
    CU_ASSERT_PTR_NULL(vcb_capture_take_problem(capture));
    vcb_capture_close(capture);
    g_unlink(path);
}

static void a_path_that_cannot_be_opened_is_an_error(void)
{
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NULL(vcb_capture_open("/proc/no-such-folder/capture.pcapng", &error));
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error->message, "/proc/no-such-folder/capture.pcapng"));
}

VCB_TEST_MAIN("capture", {"what is written reads back", what_is_written_reads_back},
              {"many packets pass through many buffers in order",
               many_packets_pass_through_many_buffers_in_order},
              {"a second without packets does not end the capture",
               a_second_without_packets_does_not_end_the_capture},
              {"a full disk ends the capture at a whole block, and is told once",
               a_full_disk_ends_the_capture_at_a_whole_block_and_is_told_once},
              {"a disk that is full in the end is told", a_disk_that_is_full_in_the_end_is_told},
              {"a path that cannot be opened is an error", a_path_that_cannot_be_opened_is_an_error})
