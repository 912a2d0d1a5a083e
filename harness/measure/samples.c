#include "harness/measure/samples.h"

#include <math.h>
#include <string.h>

typedef enum {
    OVER_STREAMS_SUM,
    OVER_STREAMS_MEAN,
    OVER_STREAMS_MAX,
} OverStreams;

/* Where each field stands in the W3C objects. `fallback`: an older or alternative name. */
typedef struct {
    VcbField field;
    OverStreams over;
    const char *in;  /* of inbound-rtp */
    const char *out; /* of outbound-rtp */
    const char *out_fallback;
    const char *remote; /* of remote-inbound-rtp: what the other side says of what is sent */
} Place;

static const Place PLACES[] = {
    {VCB_FIELD_PACKETS, OVER_STREAMS_SUM, "packetsReceived", "packetsSent", NULL, NULL},
    {VCB_FIELD_BYTES, OVER_STREAMS_SUM, "bytesReceived", "bytesSent", NULL, NULL},
    {VCB_FIELD_LOST, OVER_STREAMS_SUM, "packetsLost", NULL, NULL, "packetsLost"},
    {VCB_FIELD_JITTER, OVER_STREAMS_MEAN, "jitter", NULL, NULL, "jitter"},
    {VCB_FIELD_RTT, OVER_STREAMS_MEAN, NULL, NULL, NULL, "roundTripTime"},
    {VCB_FIELD_NACK, OVER_STREAMS_SUM, "nackCount", "nackCount", NULL, NULL},
    {VCB_FIELD_PLI, OVER_STREAMS_SUM, "pliCount", "pliCount", NULL, NULL},
    {VCB_FIELD_FIR, OVER_STREAMS_SUM, "firCount", "firCount", NULL, NULL},
    {VCB_FIELD_RETRANSMITTED, OVER_STREAMS_SUM, "retransmittedPacketsReceived", "retransmittedPacketsSent",
     NULL, NULL},
    {VCB_FIELD_FRAMES, OVER_STREAMS_SUM, "framesDecoded", "framesEncoded", "framesSent", NULL},
    {VCB_FIELD_FRAMES_DROPPED, OVER_STREAMS_SUM, "framesDropped", NULL, NULL, NULL},
    {VCB_FIELD_FREEZES, OVER_STREAMS_SUM, "freezeCount", NULL, NULL, NULL},
    {VCB_FIELD_FREEZE_TIME, OVER_STREAMS_SUM, "totalFreezesDuration", NULL, NULL, NULL},
    {VCB_FIELD_LONGEST_GAP, OVER_STREAMS_MAX, "vcbLongestFrameGap", NULL, NULL, NULL},
    {VCB_FIELD_WIDTH, OVER_STREAMS_MAX, "frameWidth", "frameWidth", NULL, NULL},
    {VCB_FIELD_HEIGHT, OVER_STREAMS_MAX, "frameHeight", "frameHeight", NULL, NULL},
    {VCB_FIELD_SILENCE, OVER_STREAMS_SUM, "vcbSilenceDuration", NULL, NULL, NULL},
    {VCB_FIELD_LEVEL, OVER_STREAMS_MEAN, "audioLevel", NULL, NULL, NULL},
    {VCB_FIELD_SAMPLES, OVER_STREAMS_SUM, "totalSamplesReceived", NULL, NULL, NULL},
    {VCB_FIELD_CONCEALED, OVER_STREAMS_SUM, "concealedSamples", NULL, NULL, NULL},
};

static gboolean is_stream(const cJSON *object, const char *type, VcbKind kind)
{
    const char *its_kind = vcb_json_string(object, "kind", vcb_json_string(object, "mediaType", ""));

    return strcmp(vcb_json_string(object, "type", ""), type) == 0 &&
           strcmp(its_kind, vcb_kind_name(kind)) == 0;
}

/* Put one field together over all objects of a type. NAN where none has it. */
static double gather(const cJSON *report, const char *type, VcbKind kind, const char *name, OverStreams over)
{
    const cJSON *object;
    double result = NAN;
    guint n = 0;

    cJSON_ArrayForEach (object, report) {
        double value = is_stream(object, type, kind) ? vcb_json_number(object, name, NAN) : NAN;

        if (!isfinite(value))
            continue;
        n++;
        if (isnan(result))
            result = value;
        else
            result = over == OVER_STREAMS_MAX ? fmax(result, value) : result + value;
    }
    return over == OVER_STREAMS_MEAN && n ? result / n : result;
}

static double read_field(const cJSON *report, const Place *place, VcbKind kind, VcbDirection direction)
{
    double value = NAN;

    if (direction == VCB_DIRECTION_IN)
        return place->in ? gather(report, "inbound-rtp", kind, place->in, place->over) : NAN;
    if (place->out)
        value = gather(report, "outbound-rtp", kind, place->out, place->over);
    if (isnan(value) && place->out_fallback)
        value = gather(report, "outbound-rtp", kind, place->out_fallback, place->over);
    if (isnan(value) && place->remote)
        value = gather(report, "remote-inbound-rtp", kind, place->remote, place->over);
    return value;
}

GArray *vcb_samples_of(const VcbCallData *call, const char *peer, VcbKind kind, VcbDirection direction)
{
    GArray *samples = g_array_new(FALSE, FALSE, sizeof(VcbSample));
    const char *type = direction == VCB_DIRECTION_IN ? "inbound-rtp" : "outbound-rtp";

    for (guint i = 0; i < call->events->len; i++) {
        const VcbEvent *event = call->events->pdata[i];
        const cJSON *report, *object;
        gboolean has_stream = FALSE;
        VcbSample sample;

        if (!vcb_event_matches(event, peer, "stats", NULL, NULL))
            continue;
        report = vcb_json_array(event->json, "report");
        cJSON_ArrayForEach (object, report)
            has_stream = has_stream || is_stream(object, type, kind);
        if (!has_stream)
            continue;
        sample.t_us = event->t_us;
        for (guint f = 0; f < VCB_N_FIELDS; f++)
            sample.value[f] = NAN;
        for (gsize p = 0; p < G_N_ELEMENTS(PLACES); p++)
            sample.value[PLACES[p].field] = read_field(report, &PLACES[p], kind, direction);
        g_array_append_val(samples, sample);
    }
    return samples;
}

gboolean vcb_samples_has_sent(const VcbCallData *call, const char *peer, VcbKind kind)
{
    for (guint i = call->events->len; i-- > 0;) {
        const VcbEvent *event = call->events->pdata[i];
        double sent;

        if (!vcb_event_matches(event, peer, "stats", NULL, NULL))
            continue;
        sent = gather(vcb_json_array(event->json, "report"), "outbound-rtp", kind, "packetsSent",
                      OVER_STREAMS_SUM);
        if (sent > 0)
            return TRUE;
    }
    return FALSE;
}

double vcb_sample_increase(const VcbSample *first, const VcbSample *last, VcbField field)
{
    double increase = last->value[field] - first->value[field]; /* NAN if either is */

    return increase < 0 ? 0 : increase;
}

double vcb_sample_loss_pct(const VcbSample *first, const VcbSample *last, VcbDirection direction,
                           double *ret_lost, double *ret_sent)
{
    double lost = vcb_sample_increase(first, last, VCB_FIELD_LOST);
    double packets = vcb_sample_increase(first, last, VCB_FIELD_PACKETS);
    /* What is told as lost of `packets` sent may come from an earlier report interval: it cannot be more than
     * was sent. */
    double sent = direction == VCB_DIRECTION_IN ? lost + packets : packets;

    if (!isfinite(lost) || !(sent > 0))
        return NAN;
    lost = fmin(lost, sent);
    if (ret_lost)
        *ret_lost = lost;
    if (ret_sent)
        *ret_sent = sent;
    return 100 * lost / sent;
}
