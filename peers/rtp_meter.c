#include "peers/rtp_meter.h"

#include <string.h>

#define MOST_STREAMS 64 /* SSRCs in each direction; more would be an attack */
#define DUPLICATE_WINDOW 1024
#define SENDER_REPORTS 16 /* remembered for round trips */

typedef struct {
    const char *kind; /* interned; NULL: not negotiated */
    char *codec;      /* owned */
    int clock_rate;
    int apt;
} Payload;

typedef struct {
    guint32 ssrc;
    int payload_type;
    gboolean is_rtx;
    guint64 packets, payload_bytes, header_bytes;
    /* RFC 3550 A.1, without its probation: extended sequence numbers */
    guint64 base_sequence, highest_sequence;
    guint64 unique;                /* packets without duplicates */
    guint8 seen[DUPLICATE_WINDOW]; /* 1: this sequence number (mod window) has come */
    /* RFC 3550 A.8 */
    gint64 last_arrival_us;
    guint32 last_rtp_time;
    double jitter; /* in units of the clock */
    gboolean has_jitter;
    guint64 nack, pli, fir;
    /* what the far end said of this stream (remote-inbound-rtp) */
    gboolean has_remote;
    double remote_jitter;
    gint32 remote_lost;
    double remote_fraction_lost;
    gint64 round_trip_us; /* -1: none yet */
    double round_trip_total_s;
    guint64 round_trips;
} Stream;

typedef struct {
    guint32 middle; /* the middle 32 bits of the NTP time of a sender report */
    gint64 sent_us;
} SenderReport;

struct VcbRtpMeter {
    Payload payloads[128];
    GPtrArray *streams[2]; /* of Stream, by VcbDirection */
    gint64 first_in_us[2]; /* audio, video */
    gint64 open_us;        /* when the first packet of any kind came in; -1: none yet */
    SenderReport reports[SENDER_REPORTS];
    guint next_report;
};

static guint32 read32(const guint8 *p)
{
    return ((guint32)p[0] << 24) | ((guint32)p[1] << 16) | ((guint32)p[2] << 8) | p[3];
}

static guint16 read16(const guint8 *p)
{
    return (guint16)((p[0] << 8) | p[1]);
}

VcbRtpMeter *vcb_rtp_meter_new(void)
{
    VcbRtpMeter *meter = g_new0(VcbRtpMeter, 1);

    for (int i = 0; i < 2; i++) {
        meter->streams[i] = g_ptr_array_new_with_free_func(g_free);
        meter->first_in_us[i] = -1;
        meter->open_us = -1;
    }
    return meter;
}

void vcb_rtp_meter_free(VcbRtpMeter *meter)
{
    if (!meter)
        return;
    for (int i = 0; i < 2; i++)
        g_ptr_array_unref(meter->streams[i]);
    for (int i = 0; i < 128; i++)
        g_free(meter->payloads[i].codec);
    g_free(meter);
}

void vcb_rtp_meter_set_payload(VcbRtpMeter *meter, int payload_type, const char *kind, const char *codec,
                               int clock_rate, int apt)
{
    if (payload_type < 0 || payload_type > 127)
        return;
    Payload *payload = &meter->payloads[payload_type];
    g_free(payload->codec);
    *payload = (Payload){g_intern_string(kind), g_strdup(codec), clock_rate, apt};
}

static Stream *find(const VcbRtpMeter *meter, VcbDirection direction, guint32 ssrc)
{
    const GPtrArray *streams = meter->streams[direction];

    for (guint i = 0; i < streams->len; i++) {
        Stream *stream = streams->pdata[i];

        if (stream->ssrc == ssrc)
            return stream;
    }
    return NULL;
}

static Stream *add(VcbRtpMeter *meter, VcbDirection direction, guint32 ssrc, int payload_type)
{
    if (meter->streams[direction]->len >= MOST_STREAMS)
        return NULL;
    Stream *stream = g_new0(Stream, 1);
    stream->ssrc = ssrc;
    stream->payload_type = payload_type;
    stream->is_rtx = meter->payloads[payload_type].apt >= 0;
    stream->round_trip_us = -1;
    g_ptr_array_add(meter->streams[direction], stream);
    return stream;
}

/* Bytes before the payload (RFC 3550 section 5.1 and 5.3.1); 0 where this is not an RTP packet. */
static gsize header_size(const guint8 *packet, gsize size)
{
    gsize length;

    if (size < 12 || packet[0] >> 6 != 2)
        return 0;
    length = 12 + 4 * (gsize)(packet[0] & 0x0f);
    if (packet[0] & 0x10) {
        if (size < length + 4)
            return 0;
        length += 4 + 4 * (gsize)read16(packet + length + 2);
    }
    return length <= size ? length : 0;
}

/* The 16-bit number as the nearest extended one (RFC 3550 A.1). */
static guint64 extend(guint64 highest, guint16 sequence)
{
    gint16 ahead = (gint16)(sequence - (guint16)highest);

    return highest + (guint64)(gint64)ahead;
}

/* Take note of a sequence number; returns FALSE where the packet is a duplicate. */
static gboolean note_sequence(Stream *stream, guint16 sequence)
{
    guint64 extended;

    if (stream->unique == 0) {
        /* One cycle up, so that a packet from before the first one does not go below zero. */
        stream->base_sequence = stream->highest_sequence = (guint64)sequence + 65536;
        stream->seen[stream->base_sequence % DUPLICATE_WINDOW] = 1;
        stream->unique = 1;
        return TRUE;
    }
    extended = extend(stream->highest_sequence, sequence);
    if (extended > stream->highest_sequence) {
        guint64 jump = MIN(extended - stream->highest_sequence, DUPLICATE_WINDOW);

        for (guint64 i = 0; i < jump; i++)
            stream->seen[(extended - i) % DUPLICATE_WINDOW] = 0;
        stream->highest_sequence = extended;
    } else if (stream->highest_sequence - extended >= DUPLICATE_WINDOW ||
               stream->seen[extended % DUPLICATE_WINDOW]) {
        return FALSE; /* seen before, or too old to tell: never let it hide a loss */
    }
    stream->seen[extended % DUPLICATE_WINDOW] = 1;
    stream->base_sequence = MIN(stream->base_sequence, extended);
    stream->unique++;
    return TRUE;
}

/* RFC 3550 section 6.4.1 and A.8. */
static void note_jitter(Stream *stream, guint32 rtp_time, gint64 t_us, int clock_rate)
{
    if (stream->has_jitter && rtp_time != stream->last_rtp_time) {
        double arrival = (double)(t_us - stream->last_arrival_us) * clock_rate / 1e6;
        double difference = arrival - (double)(gint32)(rtp_time - stream->last_rtp_time);

        stream->jitter += (ABS(difference) - stream->jitter) / 16.0;
    } else if (stream->has_jitter) {
        return; /* the packets of one frame share a time stamp: only its first one tells of the path */
    }
    stream->has_jitter = TRUE;
    stream->last_arrival_us = t_us;
    stream->last_rtp_time = rtp_time;
}

void vcb_rtp_meter_rtp(VcbRtpMeter *meter, VcbDirection direction, const guint8 *packet, gsize size,
                       gint64 t_us)
{
    gsize header = header_size(packet, size), padding = 0;
    int payload_type;
    Payload *payload;
    Stream *stream;

    if (!header)
        return;
    if (direction == VCB_DIRECTION_IN && meter->open_us < 0)
        meter->open_us = t_us;
    payload_type = packet[1] & 0x7f;
    payload = &meter->payloads[payload_type];
    if (!payload->kind)
        return;
    stream = find(meter, direction, read32(packet + 8));
    if (!stream && !(stream = add(meter, direction, read32(packet + 8), payload_type)))
        return;
    if (packet[0] & 0x20 && size > header)
        padding = MIN((gsize)packet[size - 1], size - header);

    stream->packets++;
    stream->header_bytes += header + padding;
    stream->payload_bytes += size - header - padding;
    note_sequence(stream, read16(packet + 2));
    if (direction == VCB_DIRECTION_IN) {
        gint64 *first = &meter->first_in_us[g_str_equal(payload->kind, "video")];

        note_jitter(stream, read32(packet + 4), t_us, payload->clock_rate);
        if (*first < 0)
            *first = t_us;
    }
}

/* A report block about a stream that we send (RFC 3550 section 6.4.1). */
static void note_report_block(VcbRtpMeter *meter, const guint8 *block, gint64 t_us)
{
    Stream *stream = find(meter, VCB_DIRECTION_OUT, read32(block));
    guint32 last_report = read32(block + 16), delay = read32(block + 20);
    int clock_rate;

    if (!stream)
        return;
    clock_rate = meter->payloads[stream->payload_type].clock_rate;
    stream->has_remote = TRUE;
    stream->remote_fraction_lost = block[4] / 256.0;
    stream->remote_lost = (gint32)(read32(block + 4) << 8) >> 8; /* 24 bits, signed */
    stream->remote_jitter = clock_rate > 0 ? read32(block + 12) / (double)clock_rate : 0;
    /* The round trip by our own clock: when did we send the report that the block answers? Needs no NTP time. A
     * report that the engine made before the transport was open has waited in front of its encryption, for as long
     * as ICE and DTLS took: its answer tells of that, not of the path. */
    for (guint i = 0; last_report && i < SENDER_REPORTS; i++) {
        if (meter->reports[i].middle == last_report && meter->reports[i].sent_us >= meter->open_us) {
            gint64 round_trip = t_us - meter->reports[i].sent_us - (gint64)((double)delay * 1e6 / 65536.0);

            stream->round_trip_us = MAX(round_trip, 0);
            stream->round_trip_total_s += (double)stream->round_trip_us / 1e6;
            stream->round_trips++;
            break;
        }
    }
}

/* Feedback about a stream: one that we receive where we send the feedback, one that we send where it came in.
 */
static void note_feedback(VcbRtpMeter *meter, VcbDirection direction, int type, int format,
                          const guint8 *packet, gsize size)
{
    VcbDirection about = direction == VCB_DIRECTION_OUT ? VCB_DIRECTION_IN : VCB_DIRECTION_OUT;
    Stream *stream = find(meter, about, read32(packet + 8));

    if (type == 205 && format == 1 && stream) { /* RFC 4585 section 6.2.1 */
        stream->nack++;
    } else if (type == 206 && format == 1 && stream) { /* RFC 4585 section 6.3.1 */
        stream->pli++;
    } else if (type == 206 &&
               format == 4) { /* RFC 5104 section 4.3.1: the streams are named in the entries */
        for (gsize at = 12; at + 8 <= size; at += 8) {
            stream = find(meter, about, read32(packet + at));
            if (stream)
                stream->fir++;
        }
    }
}

void vcb_rtp_meter_rtcp(VcbRtpMeter *meter, VcbDirection direction, const guint8 *packet, gsize size,
                        gint64 t_us)
{
    if (direction == VCB_DIRECTION_IN && meter->open_us < 0)
        meter->open_us = t_us;
    while (size >= 8 && packet[0] >> 6 == 2) {
        gsize length = 4 * ((gsize)read16(packet + 2) + 1);
        int type = packet[1], count = packet[0] & 0x1f;
        gsize blocks = type == 200 ? 28 : 8; /* sender report, receiver report: where report blocks begin */

        if (length > size)
            return;
        if (type == 200 && length >= 28 && direction == VCB_DIRECTION_OUT) {
            meter->reports[meter->next_report++ % SENDER_REPORTS] = (SenderReport){
                .middle = ((guint32)read16(packet + 10) << 16) | read16(packet + 12),
                .sent_us = t_us,
            };
        }
        if ((type == 200 || type == 201) && direction == VCB_DIRECTION_IN) {
            for (int i = 0; i < count && blocks + 24 <= length; i++, blocks += 24)
                note_report_block(meter, packet + blocks, t_us);
        }
        if ((type == 205 || type == 206) && length >= 12)
            note_feedback(meter, direction, type, count, packet, length);
        packet += length;
        size -= length;
    }
}

/* The RTX stream that repeats a primary one: the same kind, in the same direction. */
static guint64 retransmitted(const VcbRtpMeter *meter, VcbDirection direction, const Stream *primary)
{
    guint64 packets = 0;

    for (guint i = 0; i < meter->streams[direction]->len; i++) {
        const Stream *stream = meter->streams[direction]->pdata[i];

        if (stream->is_rtx && meter->payloads[stream->payload_type].apt == primary->payload_type)
            packets += stream->packets;
    }
    return packets;
}

static cJSON *add_object(cJSON *report, const char *type, const Stream *stream, const Payload *payload)
{
    cJSON *object = cJSON_CreateObject();
    g_autofree char *id = g_strdup_printf("%s-%u", type, stream->ssrc);
    g_autofree char *codec = g_strdup_printf("codec-%d", stream->payload_type);

    cJSON_AddStringToObject(object, "type", type);
    cJSON_AddStringToObject(object, "id", id);
    cJSON_AddStringToObject(object, "kind", payload->kind);
    vcb_json_add_int(object, "ssrc", stream->ssrc);
    cJSON_AddStringToObject(object, "codecId", codec);
    cJSON_AddItemToArray(report, object);
    return object;
}

static void report_in(const VcbRtpMeter *meter, const Stream *stream, cJSON *report)
{
    const Payload *payload = &meter->payloads[stream->payload_type];
    cJSON *object = add_object(report, "inbound-rtp", stream, payload);
    guint64 expected = stream->highest_sequence - stream->base_sequence + 1;

    vcb_json_add_int(object, "packetsReceived", (gint64)stream->unique);
    vcb_json_add_int(object, "bytesReceived", (gint64)stream->payload_bytes);
    vcb_json_add_int(object, "headerBytesReceived", (gint64)stream->header_bytes);
    vcb_json_add_int(object, "packetsLost", (gint64)(expected - stream->unique));
    cJSON_AddNumberToObject(object, "jitter", payload->clock_rate ? stream->jitter / payload->clock_rate : 0);
    vcb_json_add_int(object, "nackCount", (gint64)stream->nack);
    vcb_json_add_int(object, "pliCount", (gint64)stream->pli);
    vcb_json_add_int(object, "firCount", (gint64)stream->fir);
    vcb_json_add_int(object, "retransmittedPacketsReceived",
                     (gint64)retransmitted(meter, VCB_DIRECTION_IN, stream));
}

static void report_out(const VcbRtpMeter *meter, const Stream *stream, cJSON *report)
{
    const Payload *payload = &meter->payloads[stream->payload_type];
    cJSON *object = add_object(report, "outbound-rtp", stream, payload);

    vcb_json_add_int(object, "packetsSent", (gint64)stream->packets);
    vcb_json_add_int(object, "bytesSent", (gint64)stream->payload_bytes);
    vcb_json_add_int(object, "headerBytesSent", (gint64)stream->header_bytes);
    vcb_json_add_int(object, "nackCount", (gint64)stream->nack);
    vcb_json_add_int(object, "pliCount", (gint64)stream->pli);
    vcb_json_add_int(object, "firCount", (gint64)stream->fir);
    vcb_json_add_int(object, "retransmittedPacketsSent",
                     (gint64)retransmitted(meter, VCB_DIRECTION_OUT, stream));
    if (!stream->has_remote)
        return;
    object = add_object(report, "remote-inbound-rtp", stream, payload);
    vcb_json_add_int(object, "packetsLost", stream->remote_lost);
    cJSON_AddNumberToObject(object, "fractionLost", stream->remote_fraction_lost);
    cJSON_AddNumberToObject(object, "jitter", stream->remote_jitter);
    if (stream->round_trip_us >= 0) {
        cJSON_AddNumberToObject(object, "roundTripTime", (double)stream->round_trip_us / 1e6);
        cJSON_AddNumberToObject(object, "totalRoundTripTime", stream->round_trip_total_s);
        vcb_json_add_int(object, "roundTripTimeMeasurements", (gint64)stream->round_trips);
    }
}

static void report_codec(const VcbRtpMeter *meter, int payload_type, cJSON *report)
{
    const Payload *payload = &meter->payloads[payload_type];
    g_autofree char *id = g_strdup_printf("codec-%d", payload_type);
    g_autofree char *mime = g_strdup_printf("%s/%s", payload->kind, payload->codec);
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "type", "codec");
    cJSON_AddStringToObject(object, "id", id);
    vcb_json_add_int(object, "payloadType", payload_type);
    cJSON_AddStringToObject(object, "mimeType", mime);
    vcb_json_add_int(object, "clockRate", payload->clock_rate);
    cJSON_AddItemToArray(report, object);
}

void vcb_rtp_meter_report(const VcbRtpMeter *meter, cJSON *report)
{
    gboolean used[128] = {FALSE};

    for (int direction = 0; direction < 2; direction++) {
        for (guint i = 0; i < meter->streams[direction]->len; i++) {
            const Stream *stream = meter->streams[direction]->pdata[i];

            if (stream->is_rtx)
                continue;
            used[stream->payload_type] = TRUE;
            if (direction == VCB_DIRECTION_IN)
                report_in(meter, stream, report);
            else
                report_out(meter, stream, report);
        }
    }
    for (int payload_type = 0; payload_type < 128; payload_type++)
        if (used[payload_type])
            report_codec(meter, payload_type, report);
}

gint64 vcb_rtp_meter_first_in_us(const VcbRtpMeter *meter, const char *kind)
{
    return meter->first_in_us[g_str_equal(kind, "video")];
}
