/* A direction of a link, from JSON (docs/network-emulator.md, the table of a direction). */
#include "network/internet/description.h"

#include "network/internet/reader.h"

/* Bounds that keep every product of times and rates inside 64 bits; far beyond any line. */
#define RATE_MAX 1e12                        /* bit/s */
#define TIME_MAX_US ((gint64)3600000000)     /* an hour: delays, queues */
#define SPAN_MAX_US ((gint64)31536000000000) /* a year: moments of a timeline */
#define SLOT_MIN_US ((gint64)1000) /* all slots of an idle hour are gone through when the next packet comes */
#define STEPS_MAX 100000
#define TRACE_MAX 4000000
#define QUEUE_PACKETS_MAX 1000000
#define QUEUE_BYTES_MAX ((gint64)1 << 40)

static gboolean read_steps(VcbLinkSettings *settings, const cJSON *array, const char *where, GError **error)
{
    static const char *const KNOWN[] = {"at_us", "rate_bps", NULL};
    guint n = (guint)cJSON_GetArraySize(array), i = 0;
    const cJSON *item;

    if (n > STEPS_MAX)
        return vcb_read_fail(error, where, "rate_steps", "more than %d steps", STEPS_MAX);
    g_free(settings->rate_steps);
    settings->rate_steps = n ? g_new0(VcbRateStep, n) : NULL;
    settings->n_rate_steps = n;
    cJSON_ArrayForEach (item, array) {
        VcbRateStep *step = &settings->rate_steps[i];
        g_autofree char *key = g_strdup_printf("rate_steps[%u]", i);
        g_autofree char *place = vcb_read_path(where, key);

        if (!vcb_read_fields(item, place, KNOWN, error) || !vcb_read_required(item, place, "at_us", error) ||
            !vcb_read_required(item, place, "rate_bps", error) ||
            !vcb_read_us(item, place, "at_us", 0, SPAN_MAX_US, &step->at_ns, error) ||
            !vcb_read_number(item, place, "rate_bps", 0, RATE_MAX, &step->rate_bps, error))
            return FALSE;
        if (i > 0 && step->at_ns <= step[-1].at_ns)
            return vcb_read_fail(error, place, "at_us", "is not later than the step before");
        i++;
    }
    return TRUE;
}

static gboolean read_trace(VcbLinkSettings *settings, const cJSON *array, const char *where, GError **error)
{
    guint n = (guint)cJSON_GetArraySize(array), i = 0;
    const cJSON *item;

    if (n > TRACE_MAX)
        return vcb_read_fail(error, where, "rate_trace_ms", "more than %d moments", TRACE_MAX);
    g_free(settings->trace_ms);
    settings->trace_ms = n ? g_new0(guint32, n) : NULL;
    settings->n_trace = n;
    cJSON_ArrayForEach (item, array) {
        double ms = cJSON_IsNumber(item) ? item->valuedouble : -1;

        if (!(ms >= 0) || !(ms <= (double)(SPAN_MAX_US / 1000)) || !(ms <= G_MAXUINT32) ||
            ms != (double)(guint32)ms)
            return vcb_read_fail(error, where, "rate_trace_ms", "[%u] is no whole number of milliseconds", i);
        settings->trace_ms[i] = (guint32)ms;
        if (i > 0 && settings->trace_ms[i] < settings->trace_ms[i - 1])
            return vcb_read_fail(error, where, "rate_trace_ms", "[%u] is earlier than the one before", i);
        i++;
    }
    if (n && settings->trace_ms[n - 1] == 0)
        return vcb_read_fail(error, where, "rate_trace_ms", "the last moment must be above 0");
    return TRUE;
}

/* A rate is given in one of three ways: naming one puts the others away, so that a change to a plain rate works on a
 * line that had a trace. */
static gboolean read_rate(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                          GError **error)
{
    const cJSON *steps = NULL, *trace = NULL;

    if (!vcb_read_array(direction, where, "rate_steps", &steps, error) ||
        !vcb_read_array(direction, where, "rate_trace_ms", &trace, error))
        return FALSE;
    if (steps || trace || cJSON_HasObjectItem(direction, "rate_bps")) {
        g_clear_pointer(&settings->rate_steps, g_free);
        g_clear_pointer(&settings->trace_ms, g_free);
        settings->n_rate_steps = settings->n_trace = 0;
        settings->rate_bps = 0;
    }
    return vcb_read_number(direction, where, "rate_bps", 0, RATE_MAX, &settings->rate_bps, error) &&
           (!steps || read_steps(settings, steps, where, error)) &&
           (!trace || read_trace(settings, trace, where, error));
}

static gboolean read_queue(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                           GError **error)
{
    static const char *const KNOWN[] = {"packets", "bytes", "us", NULL};
    g_autofree char *place = vcb_read_path(where, "queue");
    const cJSON *queue = NULL;

    if (!vcb_read_object(direction, where, "queue", &queue, error))
        return FALSE;
    if (!queue)
        return TRUE;
    if (!vcb_read_fields(queue, place, KNOWN, error))
        return FALSE;
    if (cJSON_GetArraySize(queue) != 1)
        return vcb_read_fail(error, place, NULL, "takes exactly one of packets, bytes, us");
    settings->queue_unit = vcb_json_has(queue, "packets") ? VCB_QUEUE_PACKETS
                           : vcb_json_has(queue, "bytes") ? VCB_QUEUE_BYTES
                                                          : VCB_QUEUE_TIME;
    return vcb_read_int(queue, place, "packets", 1, QUEUE_PACKETS_MAX, &settings->queue_limit, error) &&
           vcb_read_int(queue, place, "bytes", 1, QUEUE_BYTES_MAX, &settings->queue_limit, error) &&
           vcb_read_us(queue, place, "us", 1, TIME_MAX_US, &settings->queue_limit, error);
}

static gboolean read_jitter(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                            GError **error)
{
    static const char *const KNOWN[] = {"distribution", "us", "limit_us", "shape", "reorder", NULL};
    static const char *const WORDS[] = {"uniform", "normal", "pareto", NULL};
    static const VcbJitterDistribution KINDS[] = {VCB_JITTER_UNIFORM, VCB_JITTER_NORMAL, VCB_JITTER_PARETO};
    g_autofree char *place = vcb_read_path(where, "jitter");
    const cJSON *jitter = NULL;
    int kind = 0;

    if (!vcb_read_object(direction, where, "jitter", &jitter, error))
        return FALSE;
    if (!jitter)
        return TRUE;
    settings->jitter_ns = settings->jitter_limit_ns = 0;
    settings->jitter_shape = 3;
    settings->jitter_reorders = FALSE;
    /* A Pareto distribution with a shape of 1 or less has no mean. */
    if (!vcb_read_fields(jitter, place, KNOWN, error) || !vcb_read_required(jitter, place, "us", error) ||
        !vcb_read_word(jitter, place, "distribution", WORDS, &kind, error) ||
        !vcb_read_us(jitter, place, "us", 0, TIME_MAX_US, &settings->jitter_ns, error) ||
        !vcb_read_us(jitter, place, "limit_us", 0, TIME_MAX_US, &settings->jitter_limit_ns, error) ||
        !vcb_read_number(jitter, place, "shape", 1.01, 1000, &settings->jitter_shape, error) ||
        !vcb_read_bool(jitter, place, "reorder", &settings->jitter_reorders, error))
        return FALSE;
    settings->jitter = settings->jitter_ns > 0 ? KINDS[kind] : VCB_JITTER_NONE;
    return TRUE;
}

static gboolean read_loss(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                          GError **error)
{
    static const char *const KNOWN[] = {"p", "r", "h", "k", "by", "slot_us", NULL};
    static const char *const BY[] = {"packet", "time", NULL};
    g_autofree char *place = vcb_read_path(where, "loss");
    const cJSON *loss = NULL;
    int by = 0;

    if (!vcb_read_object(direction, where, "loss", &loss, error))
        return FALSE;
    if (!loss)
        return TRUE;
    settings->loss_p = settings->loss_h = 0;
    settings->loss_r = settings->loss_k = 1;
    settings->loss_slot_ns = 10000000;
    if (!vcb_read_fields(loss, place, KNOWN, error) ||
        !vcb_read_fraction(loss, place, "p", &settings->loss_p, error) ||
        !vcb_read_fraction(loss, place, "r", &settings->loss_r, error) ||
        !vcb_read_fraction(loss, place, "h", &settings->loss_h, error) ||
        !vcb_read_fraction(loss, place, "k", &settings->loss_k, error) ||
        !vcb_read_word(loss, place, "by", BY, &by, error) ||
        !vcb_read_us(loss, place, "slot_us", SLOT_MIN_US, TIME_MAX_US, &settings->loss_slot_ns, error))
        return FALSE;
    settings->loss_by_time = by == 1;
    return TRUE;
}

static gboolean read_reorder(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                             GError **error)
{
    static const char *const KNOWN[] = {"rate", "delay_us", NULL};
    g_autofree char *place = vcb_read_path(where, "reorder");
    const cJSON *reorder = NULL;

    if (!vcb_read_object(direction, where, "reorder", &reorder, error))
        return FALSE;
    if (!reorder)
        return TRUE;
    settings->reorder_delay_ns = 20000000;
    return vcb_read_fields(reorder, place, KNOWN, error) &&
           vcb_read_required(reorder, place, "rate", error) &&
           vcb_read_fraction(reorder, place, "rate", &settings->reorder_rate, error) &&
           vcb_read_us(reorder, place, "delay_us", 0, TIME_MAX_US, &settings->reorder_delay_ns, error);
}

static gboolean read_direction(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                               GError **error)
{
    static const char *const KNOWN[] = {
        "rate_bps",          "rate_steps", "rate_trace_ms", "queue", "discipline", "codel_target_us",
        "codel_interval_us", "delay_us",   "jitter",        "loss",  "reorder",    "duplicate",
        "corrupt",           "mtu",        "mtu_icmp",      "up",    NULL,
    };
    static const char *const DISCIPLINES[] = {"drop-tail", "codel", NULL};
    int discipline = settings->discipline == VCB_DISCIPLINE_CODEL;
    gint64 mtu = settings->mtu;

    if (!vcb_read_fields(direction, where, KNOWN, error) || !read_rate(settings, direction, where, error) ||
        !read_queue(settings, direction, where, error) ||
        !vcb_read_word(direction, where, "discipline", DISCIPLINES, &discipline, error) ||
        !vcb_read_us(direction, where, "codel_target_us", 1, TIME_MAX_US, &settings->codel_target_ns,
                     error) ||
        !vcb_read_us(direction, where, "codel_interval_us", 1, TIME_MAX_US, &settings->codel_interval_ns,
                     error) ||
        !vcb_read_us(direction, where, "delay_us", 0, TIME_MAX_US, &settings->delay_ns, error) ||
        !read_jitter(settings, direction, where, error) || !read_loss(settings, direction, where, error) ||
        !read_reorder(settings, direction, where, error) ||
        !vcb_read_fraction(direction, where, "duplicate", &settings->duplicate_rate, error) ||
        !vcb_read_fraction(direction, where, "corrupt", &settings->corrupt_rate, error) ||
        !vcb_read_int(direction, where, "mtu", 0, VCB_PACKET_MAX, &mtu, error) ||
        !vcb_read_bool(direction, where, "mtu_icmp", &settings->mtu_icmp, error) ||
        !vcb_read_bool(direction, where, "up", &settings->up, error))
        return FALSE;
    /* RFC 791: every link carries 68 bytes; less leaves no room for a fragment. */
    if (mtu != 0 && mtu < 68)
        return vcb_read_fail(error, where, "mtu", "%d is below 68, the least of IPv4", (int)mtu);
    settings->discipline = discipline ? VCB_DISCIPLINE_CODEL : VCB_DISCIPLINE_DROP_TAIL;
    settings->mtu = (guint)mtu;
    return TRUE;
}

gboolean vcb_link_settings_apply(VcbLinkSettings *settings, const cJSON *direction, const char *where,
                                 GError **error)
{
    VcbLinkSettings next;

    vcb_link_settings_copy(&next, settings);
    if (!read_direction(&next, direction, where, error)) {
        vcb_link_settings_clear(&next);
        return FALSE;
    }
    vcb_link_settings_clear(settings);
    *settings = next;
    return TRUE;
}
