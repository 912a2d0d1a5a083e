/* Metrics from events written by hand: one call of alice and bob, times in ms. */
#include "harness/measure/analysis.h"

#include "common/random.h"
#include "common/test.h"
#include "harness/measure/samples.h"
#include "harness/measure/series.h"

#include <math.h>
#include <string.h>

static GString *begin_log(void)
{
    return g_string_new(
        "{\"t_us\":0,\"source\":\"vcbench\",\"type\":\"run-start\",\"warmup_us\":1000000,"
        "\"stats_interval_us\":1000000,\"started_us\":0,\"peers\":[[\"alice\",\"bob\"]]}\n"
        "{\"t_us\":0,\"call\":\"1\",\"source\":\"vcbench\",\"type\":\"call-start\",\"peers\":[\"alice\","
        "\"bob\"]}\n");
}

G_GNUC_PRINTF(5, 6)
static void add(GString *log, gint64 t_ms, const char *source, const char *type, const char *fields, ...)
{
    va_list arguments;

    g_string_append_printf(log,
                           "{\"t_us\":%" G_GINT64_FORMAT ",\"call\":\"1\",\"source\":\"%s\",\"type\":\"%s\",",
                           t_ms * 1000, source, type);
    va_start(arguments, fields);
    g_string_append_vprintf(log, fields, arguments);
    va_end(arguments);
    g_string_append(log, "}\n");
}

static void add_state(GString *log, gint64 t_ms, const char *peer, const char *name, const char *value)
{
    add(log, t_ms, peer, "state", "\"name\":\"%s\",\"value\":\"%s\"", name, value);
}

static void add_setup(GString *log, gint64 offer, gint64 answer, gint64 ice, gint64 connected)
{
    add(log, 100, "signald", "signal", "\"message\":\"start-call\",\"action\":\"sent\",\"to\":\"alice\"");
    add(log, 101, "signald", "signal", "\"message\":\"start-call\",\"action\":\"sent\",\"to\":\"bob\"");
    add_state(log, offer, "bob", "step", "offer-received");
    add(log, offer + 1, "bob", "state",
        "\"name\":\"step\",\"value\":\"remote-description-set\",\"description\":\"offer\"");
    add(log, answer, "alice", "state",
        "\"name\":\"step\",\"value\":\"remote-description-set\",\"description\":\"answer\"");
    add_state(log, ice - 7, "alice", "iceConnectionState", "connected");
    add_state(log, ice, "bob", "iceConnectionState", "completed");
    add_state(log, connected, "alice", "connectionState", "connected");
    add_state(log, connected - 3, "bob", "connectionState", "connected");
}

/* A number that must be there. */
static double get(const VcbMetricSet *metrics, const char *name)
{
    double value = NAN;

    if (!vcb_metric_set_get(metrics, name, &value))
        g_printerr("no metric %s\n", name);
    return value;
}

static gboolean has(const VcbMetricSet *metrics, const char *name)
{
    double value;

    return vcb_metric_set_get(metrics, name, &value);
}

/* Analyse and free the log. The data stays until the next time: every test looks at one. */
static const VcbCallAnalysis *analyse(GString *log)
{
    static VcbRunData *data;
    static VcbAnalysis *analysis;

    g_clear_pointer(&analysis, vcb_analysis_free);
    g_clear_pointer(&data, vcb_run_data_free);
    if (!log)
        return NULL;
    data = vcb_run_data_parse(log->str, log->len);
    analysis = vcb_analysis_new(data);
    g_string_free(log, TRUE);
    return analysis->calls->pdata[0];
}

static void phases_lie_between_their_moments(void)
{
    GString *log = begin_log();
    const VcbMetricSet *metrics;

    add_setup(log, 250, 310, 370, 382);
    for (int p = 0; p < 2; p++) {
        add(log, 400 + p, p ? "bob" : "alice", "frame",
            "\"kind\":\"video\",\"direction\":\"in\",\"event\":\"first-packet\"");
        add(log, 430 + 5 * p, p ? "bob" : "alice", "frame",
            "\"kind\":\"video\",\"direction\":\"in\",\"event\":\"first-frame\"");
        add_state(log, 390 + p, p ? "bob" : "alice", "dataChannelState", "open");
    }
    metrics = analyse(log)->metrics;
    VCB_ASSERT_NEAR(get(metrics, "connected"), 1, 0);
    VCB_ASSERT_NEAR(get(metrics, "connect_time_ms"), 282, 0);
    VCB_ASSERT_NEAR(get(metrics, "phase_offer_ms"), 150, 0);
    VCB_ASSERT_NEAR(get(metrics, "phase_answer_ms"), 60, 0);
    VCB_ASSERT_NEAR(get(metrics, "phase_ice_ms"), 60, 0);
    VCB_ASSERT_NEAR(get(metrics, "phase_dtls_ms"), 12, 0);
    VCB_ASSERT_NEAR(get(metrics, "phase_first_packet_ms"), 19, 0);
    VCB_ASSERT_NEAR(get(metrics, "phase_first_frame_ms"), 34, 0);
    VCB_ASSERT_NEAR(get(metrics, "time_to_first_frame_ms"), 335, 0);
    VCB_ASSERT_NEAR(get(metrics, "datachannel_open_ms"), 291, 0);
    analyse(NULL);
}

/* Whatever the order in which the moments come, no phase is negative and the four add up. */
static void phases_add_up_in_any_order(void)
{
    g_autoptr(GRand) draws = vcb_random_stream(3, "phases");

    for (int round = 0; round < 200; round++) {
        GString *log = begin_log();
        const VcbMetricSet *metrics;
        double sum = 0;

        add_setup(log, g_rand_int_range(draws, 60, 400), g_rand_int_range(draws, 60, 400),
                  g_rand_int_range(draws, 60, 400), g_rand_int_range(draws, 105, 400));
        metrics = analyse(log)->metrics;
        for (int i = 0; i < 4; i++) {
            double phase = get(metrics, VCB_PHASE_METRICS[i]);

            CU_ASSERT_TRUE(phase >= 0);
            sum += phase;
        }
        VCB_ASSERT_NEAR(sum, get(metrics, "connect_time_ms"), 1e-9);
    }
    analyse(NULL);
}

static void one_side_alone_is_not_connected(void)
{
    GString *log = begin_log();
    const VcbMetricSet *metrics;

    add(log, 100, "signald", "signal", "\"message\":\"start-call\",\"action\":\"sent\",\"to\":\"alice\"");
    add_state(log, 300, "alice", "connectionState", "connected");
    metrics = analyse(log)->metrics;
    VCB_ASSERT_NEAR(get(metrics, "connected"), 0, 0);
    CU_ASSERT_FALSE(has(metrics, "connect_time_ms"));
    CU_ASSERT_FALSE(has(metrics, "phase_offer_ms"));
    analyse(NULL);
}

static void a_frame_that_never_comes_leaves_no_number(void)
{
    GString *log = begin_log();
    const VcbMetricSet *metrics;

    add_setup(log, 250, 310, 370, 382);
    add(log, 430, "alice", "frame", "\"kind\":\"video\",\"direction\":\"in\",\"event\":\"first-frame\"");
    add(log, 2000, "alice", "stats",
        "\"report\":[{\"type\":\"outbound-rtp\",\"kind\":\"video\",\"packetsSent\":50}]"); /* bob should have
                                                                                              seen one */
    metrics = analyse(log)->metrics;
    CU_ASSERT_FALSE(has(metrics, "time_to_first_frame_ms"));
    CU_ASSERT_TRUE(has(metrics, "connect_time_ms"));
    analyse(NULL);
}

static void add_inbound(GString *log, gint64 t_ms, const char *peer, int packets, int bytes, int lost,
                        int frames)
{
    add(log, t_ms, peer, "stats",
        "\"report\":[{\"type\":\"inbound-rtp\",\"kind\":\"video\",\"packetsReceived\":%d,\"bytesReceived\":%"
        "d,"
        "\"packetsLost\":%d,\"jitter\":0.002,\"framesDecoded\":%d},{\"type\":\"outbound-rtp\",\"kind\":"
        "\"video\","
        "\"packetsSent\":%d,\"bytesSent\":%d},{\"type\":\"remote-inbound-rtp\",\"kind\":\"video\","
        "\"roundTripTime\":0.04}]",
        packets, bytes, lost, frames, packets, bytes);
}

static void streams_are_measured_after_the_warm_up(void)
{
    GString *log = begin_log();
    const VcbMetricSet *metrics;

    add_setup(log, 250, 310, 370, 1000);
    add_inbound(log, 1000, "alice", 0, 0, 90, 0); /* in the warm-up: left out */
    add_inbound(log, 2000, "alice", 1000, 100000, 100, 10);
    add_inbound(log, 3000, "alice", 1100, 200000, 101, 40);
    add_inbound(log, 4000, "alice", 1198, 300000, 102, 70);
    add_inbound(log, 2500, "bob", 10, 1000, 0, 0);
    add_inbound(log, 4500, "bob", 110, 51000, 2, 50);
    metrics = analyse(log)->metrics;
    VCB_ASSERT_NEAR(get(metrics, "alice.video.in.bitrate_bps"), 800000, 0);
    VCB_ASSERT_NEAR(get(metrics, "bob.video.in.bitrate_bps"), 200000, 0);
    VCB_ASSERT_NEAR(get(metrics, "video.in.bitrate_bps"), 500000, 0);
    VCB_ASSERT_NEAR(get(metrics, "video.in.packets"), 298, 0);
    VCB_ASSERT_NEAR(get(metrics, "alice.video.in.packet_loss_pct"), 1, 1e-6);
    VCB_ASSERT_NEAR(get(metrics, "video.in.packet_loss_pct"), 100 * 4.0 / 302, 1e-6);
    VCB_ASSERT_NEAR(get(metrics, "alice.video.in.fps"), 30, 0);
    VCB_ASSERT_NEAR(get(metrics, "video.in.frames_decoded"), 110, 0);
    VCB_ASSERT_NEAR(get(metrics, "video.in.jitter_ms"), 2, 1e-9);
    VCB_ASSERT_NEAR(get(metrics, "video.out.rtt_ms"), 40, 1e-9);
    CU_ASSERT_FALSE(has(metrics, "video.in.freeze_count"));
    CU_ASSERT_FALSE(has(metrics, "audio.in.packets"));
    CU_ASSERT_FALSE(has(metrics, "video.out.packet_loss_pct"));
    analyse(NULL);
}

static void one_sample_measures_nothing(void)
{
    GString *log = begin_log();

    add_setup(log, 250, 310, 370, 1000);
    add_inbound(log, 1500, "alice", 10, 1000, 0, 0);
    add_inbound(log, 2500, "alice", 100, 10000, 0, 30);
    CU_ASSERT_FALSE(has(analyse(log)->metrics, "video.in.packets"));
    analyse(NULL);
}

/* Counters that jump, stand still, or go back as a broken engine's do. */
static void loss_never_leaves_its_range(void)
{
    g_autoptr(GRand) draws = vcb_random_stream(4, "loss");

    for (int round = 0; round < 2000; round++) {
        VcbSample first, last;

        for (int f = 0; f < VCB_N_FIELDS; f++) {
            first.value[f] = g_rand_int_range(draws, -50, 1000);
            last.value[f] = g_rand_int_range(draws, -50, 1000);
        }
        for (int direction = VCB_DIRECTION_IN; direction <= VCB_DIRECTION_OUT; direction++) {
            double lost = 0, sent = 0;
            double loss = vcb_sample_loss_pct(&first, &last, (VcbDirection)direction, &lost, &sent);

            CU_ASSERT_TRUE(isnan(loss) || (loss >= 0 && loss <= 100 && lost >= 0 && lost <= sent));
        }
    }
}

static void events_are_counted(void)
{
    GString *log = begin_log();
    const VcbMetricSet *metrics;

    add_state(log, 10, "bob", "step", "candidate-rejected");
    add_state(log, 11, "bob", "step", "candidate-queued");
    add_state(log, 12, "bob", "step", "candidate-queued");
    add(log, 13, "alice", "error", "\"name\":\"InvalidStateError\",\"message\":\"x\",\"fatal\":false");
    add_state(log, 20, "alice", "step", "chat-sent");
    add(log, 23, "bob", "chat", "\"text\":\"a\",\"sent_us\":20000");
    add(log, 31, "bob", "chat", "\"text\":\"b\",\"sent_us\":30000");
    for (int i = 1; i <= 3; i++)
        add(log, 40 + i, "alice", "state", "\"name\":\"step\",\"value\":\"datachannel-rtt\",\"rtt_us\":%d",
            i * 1000);
    metrics = analyse(log)->metrics;
    VCB_ASSERT_NEAR(get(metrics, "candidates_rejected"), 1, 0);
    VCB_ASSERT_NEAR(get(metrics, "candidates_queued"), 2, 0);
    VCB_ASSERT_NEAR(get(metrics, "errors"), 1, 0);
    VCB_ASSERT_NEAR(get(metrics, "chat_sent"), 1, 0);
    VCB_ASSERT_NEAR(get(metrics, "chat_received"), 2, 0);
    VCB_ASSERT_NEAR(get(metrics, "chat_delay_ms"), 2, 1e-9);
    VCB_ASSERT_NEAR(get(metrics, "datachannel_rtt_ms"), 2, 1e-9);
    analyse(NULL);
}

static void series_join_intervals_that_are_too_short(void)
{
    GString *log = begin_log();
    const VcbCallAnalysis *call;
    const VcbSeries *series = NULL;

    add_setup(log, 250, 310, 370, 1000);
    add_inbound(log, 1000, "alice", 0, 0, 0, 0);
    add_inbound(log, 2000, "alice", 100, 100000, 0, 30);
    add_inbound(log, 2010, "alice", 101, 101000, 0, 30); /* 10 ms later: no interval of its own */
    add_inbound(log, 3000, "alice", 200, 200000, 0, 60);
    call = analyse(log);
    for (guint i = 0; i < call->series->len && !series; i++) {
        const VcbSeries *candidate = call->series->pdata[i];

        if (candidate->kind == VCB_KIND_VIDEO && candidate->direction == VCB_DIRECTION_IN)
            series = candidate;
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(series);
    CU_ASSERT_EQUAL_FATAL(series->points->len, 2);
    VCB_ASSERT_NEAR(g_array_index(series->points, VcbPoint, 1).value[VCB_SERIES_BITRATE], 800000, 1e-6);
    VCB_ASSERT_NEAR(g_array_index(series->points, VcbPoint, 1).value[VCB_SERIES_FPS], 30, 1e-9);
    analyse(NULL);
}

static void selected_candidates_have_their_types(void)
{
    GString *log = begin_log();
    const VcbCallAnalysis *call;

    add(log, 2000, "alice", "stats",
        "\"report\":[{\"id\":\"T\",\"type\":\"transport\",\"selectedCandidatePairId\":\"P\"},{\"id\":\"P\","
        "\"type\":"
        "\"candidate-pair\",\"localCandidateId\":\"L\",\"remoteCandidateId\":\"R\"},{\"id\":\"L\",\"type\":"
        "\"local-candidate\",\"candidateType\":\"host\"},{\"id\":\"R\",\"type\":\"remote-candidate\","
        "\"candidateType\":\"relay\"}]");
    call = analyse(log);
    VCB_ASSERT_STRING(vcb_json_string(vcb_json_object(call->candidate_types, "alice"), "local", ""), "host");
    VCB_ASSERT_STRING(vcb_json_string(vcb_json_object(call->candidate_types, "alice"), "remote", ""),
                      "relay");
    CU_ASSERT_PTR_NULL(vcb_json_object(call->candidate_types, "bob"));
    analyse(NULL);
}

VCB_TEST_MAIN("metrics", {"phases lie between their moments", phases_lie_between_their_moments},
              {"phases add up in any order", phases_add_up_in_any_order},
              {"one side alone is not connected", one_side_alone_is_not_connected},
              {"a frame that never comes leaves no number", a_frame_that_never_comes_leaves_no_number},
              {"streams are measured after the warm-up", streams_are_measured_after_the_warm_up},
              {"one sample measures nothing", one_sample_measures_nothing},
              {"loss never leaves its range", loss_never_leaves_its_range},
              {"events are counted", events_are_counted},
              {"series join intervals that are too short", series_join_intervals_that_are_too_short},
              {"selected candidates have their types", selected_candidates_have_their_types})
