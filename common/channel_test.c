#include "common/channel.h"
#include "common/clock.h"
#include "common/test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    VcbChannel *channel;
    guint messages, malformed, closed;
    gint64 last;
    gboolean free_on_message;
    guint takes;  /* descriptors that it takes of each message */
    GArray *ends; /* what was taken: of int */
} Seen;

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    Seen *seen = user_data;

    seen->messages++;
    seen->last = vcb_json_int(message, "n", -1);
    for (guint i = 0; i < seen->takes; i++) {
        int fd = vcb_channel_take_fd(channel);

        g_array_append_val(seen->ends, fd);
    }
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

/* A pipe's reading end that says when the last holder of the writing end, *ret_writer, is gone. */
static int witness(int *ret_writer)
{
    int ends[2];

    CU_ASSERT_EQUAL_FATAL(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    *ret_writer = ends[1];
    return ends[0];
}

static gboolean writer_is_gone(int reader)
{
    char byte;

    return read(reader, &byte, 1) == 0;
}

static void descriptors_come_with_their_message_in_order(void)
{
    Seen a = {0}, b = {.takes = 301};
    int fds[2], readers[300], writers[300];
    g_autoptr(cJSON) message = cJSON_CreateObject(), plain = cJSON_CreateObject();

    make_pair(fds);
    b.ends = g_array_new(FALSE, FALSE, sizeof(int));
    a.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &a);
    b.channel = vcb_channel_new(fds[1], NULL, &CALLBACKS, &b);
    cJSON_AddNumberToObject(plain, "n", 1);
    cJSON_AddNumberToObject(message, "n", 2);
    vcb_channel_send(a.channel, plain);
    for (int i = 0; i < 300; i++)
        readers[i] = witness(&writers[i]);
    vcb_channel_send_with_fds(a.channel, message, writers, 300);
    for (int i = 0; i < 300; i++)
        close(writers[i]);
    vcb_channel_send(a.channel, plain);
    run_until(&b.messages, 3);
    CU_ASSERT_FALSE(vcb_json_has(message, "fds")); /* the caller's is as it was */
    CU_ASSERT_EQUAL_FATAL(b.ends->len, 3 * 301);
    for (guint i = 0; i < 301; i++) {
        CU_ASSERT_EQUAL(g_array_index(b.ends, int, i), -1);
        CU_ASSERT_EQUAL(g_array_index(b.ends, int, 602 + i), -1);
    }
    CU_ASSERT_EQUAL(g_array_index(b.ends, int, 601), -1);
    for (guint i = 0; i < 300; i++) {
        int fd = g_array_index(b.ends, int, 301 + i);
        char byte;

        CU_ASSERT_TRUE(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
        CU_ASSERT_EQUAL(write(fd, "x", 1), 1);
        CU_ASSERT_EQUAL(read(readers[i], &byte, 1), 1);
        close(fd);
        CU_ASSERT_TRUE(writer_is_gone(readers[i]));
        close(readers[i]);
    }
    vcb_channel_free(a.channel);
    vcb_channel_free(b.channel);
    g_array_unref(b.ends);
}

static void descriptors_wait_in_a_full_queue(void)
{
    Seen a = {0}, b = {.takes = 1};
    int fds[2], writer, reader = witness(&writer);
    g_autoptr(cJSON) message = cJSON_CreateObject();
    g_autofree char *filler = g_strnfill(1000, 'x');

    make_pair(fds);
    b.ends = g_array_new(FALSE, FALSE, sizeof(int));
    a.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &a);
    cJSON_AddStringToObject(message, "filler", filler);
    for (int i = 0; i < 2000; i++)
        if (i % 100 == 0)
            vcb_channel_send_with_fds(a.channel, message, &writer, 1);
        else
            vcb_channel_send(a.channel, message);
    close(writer);
    b.channel = vcb_channel_new(fds[1], NULL, &CALLBACKS, &b);
    run_until(&b.messages, 2000);
    for (guint i = 0; i < b.ends->len; i++) {
        int fd = g_array_index(b.ends, int, i);

        CU_ASSERT_EQUAL(fd >= 0, i % 100 == 0);
        if (fd >= 0)
            close(fd);
    }
    CU_ASSERT_TRUE(writer_is_gone(reader));
    close(reader);
    vcb_channel_free(a.channel);
    vcb_channel_free(b.channel);
    g_array_unref(b.ends);
}

/* Bytes with one descriptor, as a program sends them that is not ours. */
static void send_raw(int socket, const char *bytes, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } room = {0};
    struct iovec part = {.iov_base = (char *)bytes, .iov_len = strlen(bytes)};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};

    room.header.cmsg_level = SOL_SOCKET;
    room.header.cmsg_type = SCM_RIGHTS;
    room.header.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&room.header), &fd, sizeof fd);
    CU_ASSERT_EQUAL(sendmsg(socket, &message, 0), (ssize_t)strlen(bytes));
}

static void descriptors_that_nobody_takes_are_closed(void)
{
    static const char *const UNWANTED[] = {
        "{\"n\":1}\n",           /* sent without a word */
        "{\"n\":1,\"fds\":1}\n", /* said, and not taken */
        "{\"n\":1,\"fds\":-5}\n",
        "{\"n\":1,\"fds\":\"x\"}\n",
        "not json\n{\"n\":1}\n",
        "\n{\"n\":1}\n",
    };
    Seen seen = {0};
    int fds[2];

    make_pair(fds);
    seen.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &seen);
    for (guint i = 0; i < G_N_ELEMENTS(UNWANTED); i++) {
        int writer, reader = witness(&writer);

        send_raw(fds[1], UNWANTED[i], writer);
        close(writer);
        run_until(&seen.messages, i + 1);
        while (g_main_context_iteration(NULL, FALSE))
            ;
        CU_ASSERT_TRUE(writer_is_gone(reader));
        close(reader);
    }
    /* In the middle of a line for which it never comes. */
    int writer, reader = witness(&writer);
    send_raw(fds[1], "{\"n\":", writer);
    close(writer);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    vcb_channel_free(seen.channel);
    CU_ASSERT_TRUE(writer_is_gone(reader));
    close(reader);
    close(fds[1]);
}

static void a_descriptor_is_handed_out_once_whatever_messages_say(void)
{
    Seen seen = {.takes = 2};
    int fds[2], writer, reader = witness(&writer);

    make_pair(fds);
    seen.ends = g_array_new(FALSE, FALSE, sizeof(int));
    CU_ASSERT_EQUAL(write(fds[1], "{\"fds\":2}\n", 10), 10);
    send_raw(fds[1], "{\"fds\":1}\n", writer);
    close(writer);
    seen.channel = vcb_channel_new(fds[0], NULL, &CALLBACKS, &seen);
    run_until(&seen.messages, 2);
    /* Both lines came in one piece, so the receiver cannot tell whose it is: but there is one, and only once. */
    guint taken = 0;
    for (guint i = 0; i < seen.ends->len; i++)
        if (g_array_index(seen.ends, int, i) >= 0) {
            taken++;
            close(g_array_index(seen.ends, int, i));
        }
    CU_ASSERT_EQUAL(taken, 1);
    CU_ASSERT_TRUE(writer_is_gone(reader));
    close(reader);
    vcb_channel_free(seen.channel);
    close(fds[1]);
    g_array_unref(seen.ends);
}

VCB_TEST_MAIN("channel", {"lines arrive however they are cut", lines_arrive_however_they_are_cut},
              {"a channel may be freed by its own message", a_channel_may_be_freed_by_its_own_message},
              {"more than the socket holds arrives whole", more_than_the_socket_holds_arrives_whole},
              {"an endless line is refused in bounded memory", an_endless_line_is_refused_in_bounded_memory},
              {"descriptors come with their message in order", descriptors_come_with_their_message_in_order},
              {"descriptors wait in a full queue", descriptors_wait_in_a_full_queue},
              {"descriptors that nobody takes are closed", descriptors_that_nobody_takes_are_closed},
              {"a descriptor is handed out once, whatever messages say",
               a_descriptor_is_handed_out_once_whatever_messages_say})
