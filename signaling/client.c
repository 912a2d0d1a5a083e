#include "signaling/client.h"

#include "common/clock.h"
#include "signaling/rate.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

static_assert(VCB_FRAME_HEADROOM >= LWS_PRE, "lws writes its header in front of the text");

#define STATUS_POLICY 1008
#define STATUS_TOO_BIG 1009
#define CLOSE_TIME_US ((gint64)3 * G_USEC_PER_SEC)
#define MOST_FRAGMENTS 1024 /* of a message: empty ones cost nothing of its size, but time */
#define MOST_QUEUED_MESSAGES 4096
#define MOST_WRITES_AT_ONCE 16 /* so that one busy client leaves time for the others */

/* What is queued for a client may hold several of the largest messages. */
#define MOST_QUEUED_BYTES(options) MAX((gsize)1 << 20, 4 * (gsize)(options)->max_message_bytes)

typedef struct {
    VcbFrame *frame; /* owned reference */
    VcbNote *note;   /* owned; may be NULL */
} Outgoing;

struct VcbClient {
    struct lws *wsi;           /* no-ref */
    VcbHub *hub;               /* no-ref */
    VcbChannel *events;        /* no-ref; may be NULL */
    const VcbOptions *options; /* no-ref */
    VcbMember *member;         /* the hub's; NULL: in no room (any more) */
    GByteArray *partial;       /* a message of which not all has come; NULL: none */
    guint fragments;
    GQueue out; /* Outgoing */
    gsize out_bytes;
    VcbTokenBucket bucket;
    gint64 heard_us, pinged_us;
    gboolean ping_due;
    int close_status;     /* 0: open */
    gboolean established; /* lws has let it write once, so that its handshake is out */
    gboolean closing;     /* lws has the close in hand: it sends the frame and waits for the answer */
    const char *close_reason;
    gint64 close_by_us;
};

static void outgoing_free(gpointer data)
{
    Outgoing *outgoing = data;

    vcb_frame_unref(outgoing->frame);
    vcb_note_free(outgoing->note);
    g_free(outgoing);
}

static void drop_queue(VcbClient *client)
{
    g_queue_clear_full(&client->out, outgoing_free);
    client->out_bytes = 0;
}

VcbClient *vcb_client_new(struct lws *wsi, VcbHub *hub, VcbChannel *events, const VcbOptions *options)
{
    VcbClient *client = g_new0(VcbClient, 1);
    const int on = 1;

    client->wsi = wsi;
    client->hub = hub;
    client->events = events;
    client->options = options;
    g_queue_init(&client->out);
    client->heard_us = vcb_clock_now_us();
    vcb_token_bucket_init(&client->bucket, options->max_rate, client->heard_us);
    /* A candidate must not wait for the acknowledgement of the one before (RFC 896). */
    setsockopt(lws_get_socket_fd(wsi), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return client;
}

void vcb_client_free(VcbClient *client)
{
    if (!client)
        return;
    vcb_client_gone(client, "closed");
    drop_queue(client);
    if (client->partial)
        g_byte_array_unref(client->partial);
    g_free(client);
}

void vcb_client_gone(VcbClient *client, const char *reason)
{
    VcbMember *member = g_steal_pointer(&client->member);

    if (member)
        vcb_hub_leave(client->hub, member, client->close_reason ? client->close_reason : reason);
}

/* Close the connection under lws's feet: it sees the end as it would see any other, from its own callback.
 * What the kernel still has for that client is thrown away with it. */
static void cut_off(VcbClient *client, const char *reason)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int fd = lws_get_socket_fd(client->wsi);

    vcb_client_gone(client, reason);
    drop_queue(client);
    client->close_status = STATUS_POLICY;
    client->close_reason = reason;
    client->close_by_us = G_MAXINT64;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    shutdown(fd, SHUT_RDWR);
}

static void begin_close(VcbClient *client, int status, const char *reason)
{
    if (client->close_status)
        return;
    client->close_status = status;
    client->close_reason = reason;
    client->close_by_us = vcb_clock_now_us() + CLOSE_TIME_US;
    lws_callback_on_writable(client->wsi);
}

void vcb_client_close_by_hub(gpointer user_data, int status, const char *reason)
{
    VcbClient *client = user_data;

    client->member = NULL;
    begin_close(client, status, reason);
}

void vcb_client_close(VcbClient *client, int status, const char *reason)
{
    vcb_client_gone(client, reason);
    begin_close(client, status, reason);
}

/* Tell it why, then close. */
static void expel(VcbClient *client, VcbRefusal refusal, int status, const char *message)
{
    if (client->member)
        vcb_hub_refuse(client->hub, client->member, refusal, message);
    vcb_client_close(client, status, vcb_refusal_name(refusal));
}

void vcb_client_join(VcbClient *client, const char *room, const char *wanted_name)
{
    client->member = vcb_hub_join(client->hub, room, wanted_name, client);
}

/* Hand one message to lws, which keeps what the socket does not take at once: all of it is written, or the
 * client is gone. */
static int write_now(VcbClient *client, VcbFrame *frame, const VcbNote *note)
{
    gint64 t_us = vcb_clock_now_us();

    if (lws_write(client->wsi, vcb_frame_text(frame), frame->length, LWS_WRITE_TEXT) < 0)
        return -1;
    vcb_events_sent(client->events, note, frame->length, t_us);
    return 0;
}

static int write_next(VcbClient *client)
{
    Outgoing *outgoing = g_queue_pop_head(&client->out);
    int result = write_now(client, outgoing->frame, outgoing->note);

    client->out_bytes -= outgoing->frame->length;
    outgoing_free(outgoing);
    return result;
}

/* It does not read what it is sent. The hub may be in the middle of a room just now, so that the client
 * leaves its room at the next tick. */
static void give_up_on_slow(VcbClient *client)
{
    drop_queue(client);
    begin_close(client, STATUS_POLICY, vcb_refusal_name(VCB_REFUSAL_TOO_SLOW));
    if (client->member)
        vcb_hub_refuse(client->hub, client->member, VCB_REFUSAL_TOO_SLOW, "too much is queued for it");
}

void vcb_client_send(gpointer user_data, VcbFrame *frame, VcbNote *note)
{
    VcbClient *client = user_data;
    Outgoing *outgoing;

    if (client->close_status) {
        vcb_note_free(note);
        return;
    }
    /* Where nothing stands before it, at once: to wait for lws's word that the socket takes it costs another
     * turn of the loop, and more than all the rest. A failure is seen by lws when it reads. */
    if (client->established && g_queue_is_empty(&client->out) && !lws_partial_buffered(client->wsi)) {
        write_now(client, frame, note);
        vcb_note_free(note);
        return;
    }
    outgoing = g_new(Outgoing, 1);
    *outgoing = (Outgoing){.frame = vcb_frame_ref(frame), .note = note};
    g_queue_push_tail(&client->out, outgoing);
    client->out_bytes += frame->length;
    if (client->out_bytes > MOST_QUEUED_BYTES(client->options) ||
        g_queue_get_length(&client->out) > MOST_QUEUED_MESSAGES)
        give_up_on_slow(client);
    else
        lws_callback_on_writable(client->wsi);
}

static void take_message(VcbClient *client, const char *text, gsize length)
{
    gint64 now_us = vcb_clock_now_us();

    if (!vcb_token_bucket_take(&client->bucket, now_us)) {
        g_autofree char *message =
            g_strdup_printf("more than %u messages a second", client->options->max_rate);

        expel(client, VCB_REFUSAL_TOO_MANY, STATUS_POLICY, message);
        return;
    }
    client->heard_us = now_us;
    if (lws_frame_is_binary(client->wsi))
        vcb_hub_refuse(client->hub, client->member, VCB_REFUSAL_BAD_MESSAGE, "not a text message");
    else
        vcb_hub_receive(client->hub, client->member, text, length, now_us);
}

void vcb_client_receive(VcbClient *client, const char *data, gsize length)
{
    gsize so_far = client->partial ? client->partial->len : 0;
    gboolean whole = lws_is_final_fragment(client->wsi) && lws_remaining_packet_payload(client->wsi) == 0;
    g_autoptr(GByteArray) message = NULL;

    if (client->close_status || !client->member)
        return;
    /* What is announced of this frame counts before it has come. */
    if (so_far + length + lws_remaining_packet_payload(client->wsi) > client->options->max_message_bytes) {
        g_autofree char *reason =
            g_strdup_printf("a message of more than %u bytes", client->options->max_message_bytes);

        expel(client, VCB_REFUSAL_TOO_LARGE, STATUS_TOO_BIG, reason);
        return;
    }
    if (whole && !client->partial) {
        take_message(client, data, length);
        return;
    }
    if (!client->partial)
        client->partial = g_byte_array_new();
    g_byte_array_append(client->partial, (const guint8 *)data, (guint)length);
    if (++client->fragments > MOST_FRAGMENTS + client->options->max_message_bytes / 1024) {
        expel(client, VCB_REFUSAL_TOO_MANY, STATUS_POLICY, "a message in too many fragments");
        return;
    }
    if (!whole)
        return;
    message = g_steal_pointer(&client->partial);
    client->fragments = 0;
    take_message(client, (const char *)message->data, message->len);
}

void vcb_client_heard(VcbClient *client)
{
    client->heard_us = vcb_clock_now_us();
}

static int write_ping(VcbClient *client)
{
    /* Not an empty one: lws keeps the pong of an empty ping to itself. And ASCII: after a text message lws looks for UTF-8 in a
     * pong, too, and closes with 1007 where it finds something else. */
    static const char PAYLOAD[] = {'s', 't', 'i', 'l', 'l', '?'};
    guchar buffer[LWS_PRE + sizeof PAYLOAD];

    client->ping_due = FALSE;
    client->pinged_us = vcb_clock_now_us();
    memcpy(buffer + LWS_PRE, PAYLOAD, sizeof PAYLOAD);
    return lws_write(client->wsi, buffer + LWS_PRE, sizeof PAYLOAD, LWS_WRITE_PING) < 0 ? -1 : 0;
}

int vcb_client_write(VcbClient *client)
{
    /* Asked once more, lws would no longer wait for the answer, and the frame might be lost with the
     * connection. */
    if (client->closing)
        return 0;
    client->established = TRUE;
    if (client->ping_due && !client->close_status && write_ping(client) < 0)
        return -1;
    for (int i = 0; i < MOST_WRITES_AT_ONCE && !g_queue_is_empty(&client->out); i++) {
        if (i > 0 && lws_send_pipe_choked(client->wsi))
            break;
        if (write_next(client) < 0)
            return -1;
    }
    if (!g_queue_is_empty(&client->out)) {
        lws_callback_on_writable(client->wsi);
        return 0;
    }
    if (!client->close_status)
        return 0;
    client->closing = TRUE;
    lws_close_reason(client->wsi, (enum lws_close_status)client->close_status,
                     (unsigned char *)(gpointer)client->close_reason, strlen(client->close_reason));
    return -1;
}

void vcb_client_tick(VcbClient *client, gint64 now_us)
{
    if (client->close_status) {
        vcb_client_gone(client, client->close_reason);
        if (now_us >= client->close_by_us)
            cut_off(client, client->close_reason);
    } else if (now_us - client->heard_us >= client->options->dead_after_us) {
        cut_off(client, "dead");
    } else if (now_us - MAX(client->heard_us, client->pinged_us) >= client->options->ping_interval_us) {
        client->ping_due = TRUE;
        lws_callback_on_writable(client->wsi);
    }
}
