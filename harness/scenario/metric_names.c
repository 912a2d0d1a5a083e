#include "harness/scenario/metric_names.h"

#include "common/error.h"
#include "common/suggest.h"

#include <string.h>

const VcbExpectMetric VCB_EXPECT_METRICS[] = {
    /* of a call */
    {"connected", VCB_EXPECT_CALL, NULL, NULL},
    {"connect_time_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"phase_offer_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"phase_answer_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"phase_ice_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"phase_dtls_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"phase_first_packet_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"phase_first_frame_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"time_to_first_frame_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"datachannel_open_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"datachannel_rtt_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"candidate_type_local", VCB_EXPECT_CALL, NULL, NULL},
    {"candidate_type_remote", VCB_EXPECT_CALL, NULL, NULL},
    {"candidates_rejected", VCB_EXPECT_CALL, NULL, NULL},
    {"candidates_queued", VCB_EXPECT_CALL, NULL, NULL},
    {"errors", VCB_EXPECT_CALL, NULL, NULL},
    {"chat_sent", VCB_EXPECT_CALL, NULL, NULL},
    {"chat_received", VCB_EXPECT_CALL, NULL, NULL},
    {"chat_delay_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"harness_cpu_share_pct", VCB_EXPECT_CALL, NULL, NULL},
    {"overhead_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"link_sent", VCB_EXPECT_CALL, NULL, NULL},
    {"link_lost", VCB_EXPECT_CALL, NULL, NULL},
    {"link_delay_ms", VCB_EXPECT_CALL, NULL, NULL},
    {"link_rate_bps", VCB_EXPECT_CALL, NULL, NULL},
    /* of a stream */
    {"bitrate_bps", VCB_EXPECT_STREAM, NULL, NULL},
    {"packets", VCB_EXPECT_STREAM, NULL, NULL},
    {"packet_loss_pct", VCB_EXPECT_STREAM, NULL, NULL},
    {"jitter_ms", VCB_EXPECT_STREAM, NULL, NULL},
    {"rtt_ms", VCB_EXPECT_STREAM, NULL, "out"},
    {"nack_count", VCB_EXPECT_STREAM, NULL, NULL},
    {"pli_count", VCB_EXPECT_STREAM, "video", NULL},
    {"fir_count", VCB_EXPECT_STREAM, "video", NULL},
    {"retransmitted_packets", VCB_EXPECT_STREAM, NULL, NULL},
    {"fps", VCB_EXPECT_STREAM, "video", NULL},
    {"frames_decoded", VCB_EXPECT_STREAM, "video", "in"},
    {"frames_dropped", VCB_EXPECT_STREAM, "video", "in"},
    {"freeze_count", VCB_EXPECT_STREAM, "video", "in"},
    {"freeze_ms", VCB_EXPECT_STREAM, "video", "in"},
    {"longest_gap_ms", VCB_EXPECT_STREAM, "video", "in"},
    {"frame_delay_ms", VCB_EXPECT_STREAM, "video", "in"},
    {"psnr_db", VCB_EXPECT_STREAM, "video", "in"},
    {"ssim", VCB_EXPECT_STREAM, "video", "in"},
    {"width", VCB_EXPECT_STREAM, "video", NULL},
    {"height", VCB_EXPECT_STREAM, "video", NULL},
    {"audio_delay_ms", VCB_EXPECT_STREAM, "audio", "in"},
    {"concealed_pct", VCB_EXPECT_STREAM, "audio", "in"},
    {"silence_ms", VCB_EXPECT_STREAM, "audio", "in"},
    {"audio_level", VCB_EXPECT_STREAM, "audio", "in"},
    /* of a process */
    {"cpu_pct", VCB_EXPECT_PROCESS, NULL, NULL},
    {"pss_bytes", VCB_EXPECT_PROCESS, NULL, NULL},
    {NULL, VCB_EXPECT_CALL, NULL, NULL},
};

static const VcbExpectMetric *find(const char *name)
{
    for (const VcbExpectMetric *metric = VCB_EXPECT_METRICS; metric->name; metric++)
        if (g_str_equal(metric->name, name))
            return metric;
    return NULL;
}

/* No metric ends like this: name the nearest, in the form that it is written in. */
static void set_unknown(const char *name, const char *base, GError **error)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    const char *nearest;

    for (const VcbExpectMetric *metric = VCB_EXPECT_METRICS; metric->name; metric++)
        g_ptr_array_add(known, (gpointer)metric->name);
    g_ptr_array_add(known, NULL);
    nearest = vcb_suggest(base, (const char *const *)known->pdata);
    if (nearest) {
        g_autofree char *whole = g_strndup(name, strlen(name) - strlen(base));

        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "there is no metric `%s`; did you mean `%s%s`?", name,
                    whole, nearest);
    } else {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "there is no metric `%s`; docs/metrics.md has them all, e.g. connect_time_ms", name);
    }
}

static gboolean check_stream(const VcbExpectMetric *base, const char *name, char **parts, guint n,
                             VcbExpectTarget *ref, GError **error)
{
    const char *kind = n >= 2 ? parts[n - 2] : NULL, *direction = n >= 1 ? parts[n - 1] : NULL;
    const char *example = base->kind ? base->kind : "video";

    if (n < 2 || (!g_str_equal(direction, "in") && !g_str_equal(direction, "out")) ||
        (!g_str_equal(kind, "audio") && !g_str_equal(kind, "video"))) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "`%s` is measured for each stream; say of which, e.g. `%s.%s.%s`", base->name, example,
                    base->direction ? base->direction : "in", base->name);
        return FALSE;
    }
    if (base->kind && !g_str_equal(base->kind, kind)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is measured of %s only; write `%s.%s.%s`",
                    base->name, base->kind, base->kind, direction, base->name);
        return FALSE;
    }
    if (base->direction && !g_str_equal(base->direction, direction)) {
        g_set_error(
            error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is measured %s only; write `%s.%s.%s`", base->name,
            g_str_equal(base->direction, "in") ? "where a stream comes in" : "where a stream goes out", kind,
            base->direction, base->name);
        return FALSE;
    }
    ref->kind = g_str_equal(kind, "audio") ? "audio" : "video";
    ref->direction = g_str_equal(direction, "in") ? "in" : "out";
    return TRUE;
}

/* The first part, where one is left, names a peer; of a process's metric also one of ours. */
static gboolean check_owner(const VcbExpectMetric *base, const char *name, const char *owner,
                            const char *const peers[2], VcbExpectTarget *ref, GError **error)
{
    const char *known[] = {peers[0], peers[1], base->scope == VCB_EXPECT_PROCESS ? "signald" : NULL,
                           "vcbench", NULL};
    const char *nearest;

    for (int i = 0; known[i]; i++) {
        if (g_str_equal(owner, known[i])) {
            ref->peer = i < 2 ? i : -1;
            return TRUE;
        }
    }
    nearest = vcb_suggest(owner, known);
    if (nearest)
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s`: there is no peer `%s`; did you mean `%s`?",
                    name, owner, nearest);
    else
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s`: there is no peer `%s`; the peers are %s and %s",
                    name, owner, peers[0], peers[1]);
    return FALSE;
}

gboolean vcb_expect_target_parse(const char *name, const char *const peers[2], VcbExpectTarget *ret_ref,
                                 GError **error)
{
    g_auto(GStrv) parts = g_strsplit(name, ".", 8);
    guint n = g_strv_length(parts);
    const char *last = n ? parts[n - 1] : "";
    VcbExpectTarget ref = {.base = find(last), .peer = -1};

    if (!ref.base) {
        set_unknown(name, last, error);
        return FALSE;
    }
    n--;
    if (ref.base->scope == VCB_EXPECT_STREAM) {
        if (!check_stream(ref.base, name, parts, n, &ref, error))
            return FALSE;
        n -= 2;
    }
    if (ref.base->scope == VCB_EXPECT_CALL ? n > 0 : n > 1) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s`: nothing may stand before `%s`; leave it out",
                    name, ref.base->scope == VCB_EXPECT_CALL ? last : parts[1]);
        return FALSE;
    }
    if (n == 1 && !check_owner(ref.base, name, parts[0], peers, &ref, error))
        return FALSE;
    *ret_ref = ref;
    return TRUE;
}
