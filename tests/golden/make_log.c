/* Writes synthetic run logs (docs/run-log.md) to stdout: what goes into the report's tests is known to the
 * last number.
 *
 *   make_log clean | glare | killed | matrix | relay-skipped | large | network | late
 *
 * clean          2 pairs x 2 repeats, chat, a mute on the timeline; every call connects
 * glare          both are told to initiate; every call breaks with InvalidStateError
 * killed         the same plan as clean; the log ends in the middle of a line, in the second call
 * matrix         candidates before the offer, candidate_queue true | false; expected to fail where it is
 * false relay-skipped  a peer without TURN: every call is skipped large          20 calls of 10 s, for
 * measuring the report itself
 *
 * network, late   over emulated networks: make_network_log.c
 *
 * All numbers come from one seeded stream and one virtual clock. */
#include "make_log.h"

#include "common/random.h"

#include <stdio.h>
#include <string.h>

static const char SETTINGS[] =
    "name: %s\\npairs: %d\\nrepeat: %d\\nduration: %ds\\nwarmup: 1s\\npeers:\\n"
    "  alice: {video: {source: test, size: 640x360, fps: 30, codec: vp8, bitrate: 800kbps}}\\n"
    "  bob: {video: {source: test, pattern: ball}}\\n";

static const Plan PLANS[] = {
    {.name = "clean",
     .description = "Two peers on loopback: picture, sound and a chat, both ways",
     .pairs = 2,
     .repeat = 2,
     .seconds = 5,
     .expectations =
         "{\"expression\":\"connect_time_ms.p95 < "
         "1500\",\"metric\":\"connect_time_ms\",\"statistic\":\"p95\","
         "\"comparison\":\"<\",\"value\":1500,\"variant\":0,\"line\":18},"
         "{\"expression\":\"video.in.packet_loss_pct.mean < 0.5\",\"metric\":\"video.in.packet_loss_pct\","
         "\"statistic\":\"mean\",\"comparison\":\"<\",\"value\":0.5,\"variant\":0,\"line\":19},"
         "{\"expression\":\"bob.video.in.fps.min 25 .. "
         "31\",\"metric\":\"bob.video.in.fps\",\"statistic\":\"min\","
         "\"comparison\":\"..\",\"value\":25,\"high\":31,\"variant\":0,\"line\":20}",
     .timeline = "{\"at_us\":2000000,\"action\":\"mute\",\"peer\":\"alice\",\"text\":\"\"}"},
    {.name = "glare",
     .description = "Both peers are told to initiate",
     .pairs = 1,
     .repeat = 3,
     .seconds = 5,
     .both_initiate = TRUE,
     .expectations =
         "{\"expression\":\"connected.mean == 1\",\"metric\":\"connected\",\"statistic\":\"mean\","
         "\"comparison\":\"==\",\"value\":1,\"variant\":0,\"line\":12},"
         "{\"expression\":\"vidoe.in.fps.mean > 25\",\"metric\":\"vidoe.in.fps\",\"statistic\":\"mean\","
         "\"comparison\":\">\",\"value\":25,\"variant\":0,\"line\":13}",
     .timeline = ""},
    {.name = "killed",
     .description = "The same as clean, killed in its second call",
     .pairs = 2,
     .repeat = 2,
     .seconds = 5,
     .cut_after = 160,
     .expectations = "",
     .timeline = ""},
    {.name = "matrix",
     .description = "Candidates come before the offer, with a queue and without",
     .pairs = 1,
     .repeat = 3,
     .seconds = 5,
     .early_candidates = TRUE,
     .matrix = "candidate_queue",
     .expectations = "{\"expression\":\"connected.min == 1\",\"metric\":\"connected\",\"statistic\":\"min\","
                     "\"comparison\":\"==\",\"value\":1,\"variant\":0,\"line\":20},"
                     "{\"expression\":\"candidates_queued.min >= 2\",\"metric\":\"candidates_queued\","
                     "\"statistic\":\"min\",\"comparison\":\">=\",\"value\":2,\"variant\":0,\"line\":21},"
                     "{\"expression\":\"connected.max == 0\",\"metric\":\"connected\",\"statistic\":\"max\","
                     "\"comparison\":\"==\",\"value\":0,\"variant\":1,\"line\":23},"
                     "{\"expression\":\"candidates_rejected.min >= 2\",\"metric\":\"candidates_rejected\","
                     "\"statistic\":\"min\",\"comparison\":\">=\",\"value\":2,\"variant\":1,\"line\":24}",
     .timeline = ""},
    {.name = "relay-skipped",
     .description = "A peer that does not speak TURN",
     .pairs = 1,
     .repeat = 2,
     .seconds = 5,
     .skipped = TRUE,
     .expectations = "",
     .timeline = ""},
    {.name = "large",
     .description = "Twenty calls of ten seconds, as a nightly run has them",
     .pairs = 4,
     .repeat = 5,
     .seconds = 10,
     .expectations =
         "{\"expression\":\"connect_time_ms.p95 < "
         "1500\",\"metric\":\"connect_time_ms\",\"statistic\":\"p95\","
         "\"comparison\":\"<\",\"value\":1500,\"variant\":0,\"line\":18},"
         "{\"expression\":\"video.in.packet_loss_pct.mean < 0.5\",\"metric\":\"video.in.packet_loss_pct\","
         "\"statistic\":\"mean\",\"comparison\":\"<\",\"value\":0.5,\"variant\":0,\"line\":19},"
         "{\"expression\":\"time_to_first_frame_ms.p95 < "
         "400\",\"metric\":\"time_to_first_frame_ms\",\"statistic\":"
         "\"p95\",\"comparison\":\"<\",\"value\":400,\"variant\":0,\"line\":21}",
     .timeline = "{\"at_us\":3000000,\"action\":\"stop-video\",\"peer\":\"alice\",\"text\":\"\"},"
                 "{\"at_us\":5000000,\"action\":\"start-video\",\"peer\":\"alice\",\"text\":\"\"},"
                 "{\"at_us\":6000000,\"action\":\"send-chat\",\"peer\":\"bob\",\"text\":\"hello\"}"},
};

const char *const PEERS[] = {"alice", "bob"};

static GRand *draws;
static int n_lines, cut_after;

int jitter(int around, int by)
{
    return around + g_rand_int_range(draws, -by, by + 1);
}

gboolean chance(double p)
{
    return g_rand_double(draws) < p;
}

/* After cut_after lines half a line is written, and that is all. */
void emit(gint64 t_us, const char *call, const char *source, const char *type, const char *fields, ...)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autofree char *more = NULL;
    va_list arguments;

    if (cut_after && n_lines > cut_after)
        return;
    g_string_append_printf(line, "{\"t_us\":%" G_GINT64_FORMAT, t_us);
    if (call)
        g_string_append_printf(line, ",\"call\":\"%s\"", call);
    g_string_append_printf(line, ",\"source\":\"%s\",\"type\":\"%s\"", source, type);
    va_start(arguments, fields);
    more = g_strdup_vprintf(fields, arguments);
    va_end(arguments);
    g_string_append_printf(line, "%s%s", *more ? "," : "", more);
    g_string_append(line, "}\n");
    if (cut_after && n_lines == cut_after)
        g_string_truncate(line, line->len / 2);
    fputs(line->str, stdout);
    n_lines++;
}

void state(gint64 t_us, const char *call, const char *peer, const char *name, const char *value)
{
    emit(t_us, call, peer, "state", "\"name\":\"%s\",\"value\":\"%s\"", name, value);
}

static void step(gint64 t_us, const char *call, const char *peer, const char *value)
{
    state(t_us, call, peer, "step", value);
}

static void described(gint64 t_us, const char *call, const char *peer, const char *value,
                      const char *description)
{
    emit(t_us, call, peer, "state", "\"name\":\"step\",\"value\":\"%s\",\"description\":\"%s\"", value,
         description);
}

static void relayed(gint64 t_us, const char *call, int id, const char *message, const char *from,
                    const char *to)
{
    emit(t_us, call, "signald", "signal",
         "\"id\":%d,\"message\":\"%s\",\"action\":\"received\",\"from\":\"%s\",\"bytes\":%d", id, message,
         from, 240);
    emit(t_us + 90, call, "signald", "signal",
         "\"id\":%d,\"message\":\"%s\",\"action\":\"sent\",\"from\":\"%s\",\"to\":\"%s\",\"bytes\":%d", id,
         message, from, to, 260);
}

/* What one peer's counters have come to. */
typedef struct {
    int packets[2], bytes[2], lost[2], frames, nacks;
    double gap;
} Counters;

static void one_stats(gint64 t_us, const char *call, const char *peer, const char *reason, const Counters *c)
{
    emit(t_us, call, peer, "stats",
         "\"reason\":\"%s\",\"report\":["
         "{\"id\":\"iv\",\"type\":\"inbound-rtp\",\"kind\":\"video\",\"packetsReceived\":%d,"
         "\"bytesReceived\":%d,"
         "\"packetsLost\":%d,\"jitter\":%.6f,\"nackCount\":%d,\"pliCount\":1,\"firCount\":0,"
         "\"framesDecoded\":%d,"
         "\"framesDropped\":0,\"freezeCount\":%d,\"totalFreezesDuration\":%.3f,\"frameWidth\":640,"
         "\"frameHeight\":360,"
         "\"vcbLongestFrameGap\":%.3f},"
         "{\"id\":\"ia\",\"type\":\"inbound-rtp\",\"kind\":\"audio\",\"packetsReceived\":%d,"
         "\"bytesReceived\":%d,"
         "\"packetsLost\":%d,\"jitter\":%.6f,\"audioLevel\":0.25,\"vcbSilenceDuration\":0.02},"
         "{\"id\":\"ov\",\"type\":\"outbound-rtp\",\"kind\":\"video\",\"packetsSent\":%d,\"bytesSent\":%d,"
         "\"framesEncoded\":%d,\"nackCount\":%d,\"pliCount\":1,\"firCount\":0,\"frameWidth\":640,"
         "\"frameHeight\":360},"
         "{\"id\":\"oa\",\"type\":\"outbound-rtp\",\"kind\":\"audio\",\"packetsSent\":%d,\"bytesSent\":%d},"
         "{\"id\":\"rv\",\"type\":\"remote-inbound-rtp\",\"kind\":\"video\",\"roundTripTime\":%.6f,"
         "\"packetsLost\":%d,"
         "\"jitter\":%.6f},"
         "{\"id\":\"t\",\"type\":\"transport\",\"selectedCandidatePairId\":\"p\"},"
         "{\"id\":\"p\",\"type\":\"candidate-pair\",\"localCandidateId\":\"l\",\"remoteCandidateId\":\"r\"},"
         "{\"id\":\"l\",\"type\":\"local-candidate\",\"candidateType\":\"host\"},"
         "{\"id\":\"r\",\"type\":\"remote-candidate\",\"candidateType\":\"host\"}]",
         reason, c->packets[0], c->bytes[0], c->lost[0], jitter(1200, 500) / 1e6, c->nacks, c->frames,
         c->gap > 0.3, c->gap > 0.3 ? c->gap : 0, MAX(c->gap, 0.041), c->packets[1], c->bytes[1], c->lost[1],
         jitter(500, 200) / 1e6, c->packets[0] + c->lost[0], c->bytes[0], c->frames, c->nacks, c->packets[1],
         c->bytes[1], jitter(600, 250) / 1e6, c->lost[0], jitter(1200, 400) / 1e6);
}

static void stats(gint64 connected_us, const char *call, const Plan *plan)
{
    Counters counters[2] = {{.gap = 0}, {.gap = 0}};

    for (int second = 0; second <= plan->seconds; second++) {
        for (int p = 0; p < 2; p++) {
            Counters *c = &counters[p];
            gboolean is_stopped = plan->seconds >= 10 && p == 1 && second > 3 && second <= 5;
            gint64 t_us = connected_us + second * G_USEC_PER_SEC + 1000 * (p + 1);

            one_stats(t_us, call, PEERS[p],
                      second == 0               ? "connected"
                      : second == plan->seconds ? "hang-up"
                                                : "interval",
                      c);
            emit(t_us + 50, call, "vcbench", "process-usage",
                 "\"process\":\"%s\",\"cpu_us\":%d,\"pss_bytes\":%d", PEERS[p],
                 90000 + second * jitter(190000, 20000), 41000000 + second * 20000);
            c->packets[0] += is_stopped ? 0 : jitter(98, 8);
            c->bytes[0] += is_stopped ? 0 : jitter(98000, 9000);
            c->packets[1] += 50;
            c->bytes[1] += jitter(4000, 150);
            c->frames += is_stopped ? 0 : jitter(30, 1);
            if (is_stopped)
                c->gap += 1;
            if (plan->seconds >= 10 && !is_stopped && g_rand_int_range(draws, 0, 12) == 0) {
                c->lost[0] += 2;
                c->nacks++;
            }
        }
    }
}

void end_call(gint64 t_us, const char *call, const char *outcome, const char *reason)
{
    emit(t_us, call, "vcbench", "call-phase", "\"phase\":\"stopping\"");
    for (int p = 0; p < 2; p++) {
        emit(t_us + 9000 + p, call, PEERS[p], "bye", "%s", "");
        emit(t_us + 30000 + p, call, "vcbench", "process-exit",
             "\"process\":\"%s\",\"pid\":%d,\"status\":\"exit status 0\",\"expected\":true", PEERS[p],
             1000 + p);
    }
    emit(t_us + 31000, call, "vcbench", "call-end", "\"outcome\":\"%s\",\"reason\":\"%s\"", outcome, reason);
}

gint64 begin_call(gint64 t_us, const char *call, int pair, int repeat, guint variant, guint64 seed,
                  const char *more)
{
    emit(t_us, call, "vcbench", "call-start",
         "\"pair\":%d,\"repeat\":%d,\"variant\":%u,\"seed\":%" G_GUINT64_FORMAT
         ",\"peers\":[\"alice\",\"bob\"]%s",
         pair, repeat, variant, seed, more);
    emit(t_us + 10, call, "vcbench", "call-phase", "\"phase\":\"starting\"");
    for (int p = 0; p < 2; p++)
        emit(t_us + 2000 + p, call, "vcbench", "process-start",
             "\"process\":\"%s\",\"pid\":%d,\"argv\":[\"vcbench-peer\"]", PEERS[p], 1000 + p);
    return t_us + jitter(120000, 20000);
}

static gint64 write_glare(gint64 t_us, const char *call)
{
    for (int p = 0; p < 2; p++) {
        gint64 at = t_us + 150 * p;

        emit(at, call, "signald", "signal",
             "\"id\":1,\"message\":\"start-call\",\"action\":\"sent\",\"to\":\"%s\",\"initiator\":true,"
             "\"bytes\":80",
             PEERS[p]);
        emit(at, call, "signald", "decision",
             "\"id\":1,\"message\":\"start-call\",\"to\":\"%s\",\"rule\":0,\"action\":\"both-initiate\","
             "\"reason\":"
             "\"rule 0\"",
             PEERS[p]);
        step(at + 300, call, PEERS[p], "start-call");
        step(at + 140000, call, PEERS[p], "offer-created");
        described(at + 141000, call, PEERS[p], "local-description-set", "offer");
        state(at + 141010, call, PEERS[p], "signalingState", "have-local-offer");
        step(at + 141500, call, PEERS[p], "offer-sent");
        relayed(at + 142000, call, 2 + p, "offer", PEERS[p], PEERS[1 - p]);
    }
    for (int p = 0; p < 2; p++) {
        step(t_us + 143000 + p, call, PEERS[p], "offer-received");
        emit(t_us + 143500 - 100 * p, call, PEERS[p], "error",
             "\"name\":\"InvalidStateError\",\"message\":\"setRemoteDescription(offer) in have-local-offer "
             "<both "
             "initiated>\",\"fatal\":true");
    }
    end_call(t_us + 150000, call, "failed",
             "bob: InvalidStateError: setRemoteDescription(offer) in have-local-offer <both initiated>");
    return t_us + 181000;
}

gint64 write_setup(gint64 t_us, const char *call, const Plan *plan, gboolean queue)
{
    gint64 offer_us = t_us + jitter(160000, 40000), answer_us = offer_us + jitter(70000, 15000);
    gint64 ice_us = answer_us + jitter(62000, 12000), connected_us = ice_us + jitter(11000, 3000);

    for (int p = 0; p < 2; p++) {
        emit(t_us + 120 * p, call, "signald", "signal",
             "\"id\":1,\"message\":\"start-call\",\"action\":\"sent\",\"to\":\"%s\",\"initiator\":%s,"
             "\"bytes\":80",
             PEERS[p], p == 0 ? "true" : "false");
        step(t_us + 400 + p, call, PEERS[p], "start-call");
    }
    step(offer_us - 1500, call, "alice", "offer-created");
    described(offer_us - 1200, call, "alice", "local-description-set", "offer");
    state(offer_us - 1190, call, "alice", "signalingState", "have-local-offer");
    for (int c = 0; plan->early_candidates && c < 2; c++) {
        relayed(offer_us - 1100 + c, call, 2 + c, "ice-candidate", "alice", "bob");
        emit(offer_us - 900 + c, call, "bob", "state",
             "\"name\":\"step\",\"value\":\"%s\",\"candidate\":\"candidate:1 1 UDP 2015363327 127.0.0.1 %d "
             "typ host\","
             "\"reason\":\"no remote description\"",
             queue ? "candidate-queued" : "candidate-rejected", 40000 + c);
        if (!queue)
            emit(
                offer_us - 890 + c, call, "bob", "error",
                "\"name\":\"InvalidStateError\",\"message\":\"addIceCandidate without a remote description\","
                "\"fatal\":false");
    }
    if (plan->early_candidates)
        emit(offer_us - 800, call, "signald", "decision",
             "\"id\":1,\"message\":\"offer\",\"from\":\"alice\",\"to\":\"bob\",\"rule\":0,\"action\":"
             "\"held\",\"reason\":"
             "\"until 2 ice-candidate\"");
    relayed(offer_us - 200, call, 4, "offer", "alice", "bob");
    step(offer_us, call, "bob", "offer-received");
    described(offer_us + 1000, call, "bob", "remote-description-set", "offer");
    step(answer_us - 2000, call, "bob", "answer-created");
    relayed(answer_us - 800, call, 5, "answer", "bob", "alice");
    described(answer_us, call, "alice", "remote-description-set", "answer");
    for (int p = 0; p < 2; p++)
        state(answer_us + 3000 + p, call, PEERS[p], "iceConnectionState", "checking");
    if ((plan->early_candidates && !queue) || plan->is_blocked)
        return -1;
    for (int p = 0; p < 2; p++) {
        state(ice_us - 4000 * p, call, PEERS[p], "iceConnectionState", p ? "completed" : "connected");
        state(connected_us - 2000 * p, call, PEERS[p], "connectionState", "connected");
        state(connected_us + 4000 + p, call, PEERS[p], "dataChannelState", "open");
        for (int k = 0; k < 2; k++)
            emit(connected_us + jitter(30000, 9000), call, PEERS[p], "frame",
                 "\"kind\":\"%s\",\"direction\":\"in\",\"event\":\"first-packet\"", k ? "audio" : "video");
        emit(
            connected_us + jitter(60000, 9000), call, PEERS[p], "frame",
            "\"kind\":\"video\",\"direction\":\"in\",\"event\":\"first-frame\",\"width\":640,\"height\":360");
        emit(connected_us + 200000 + p, call, PEERS[p], "state",
             "\"name\":\"step\",\"value\":\"datachannel-rtt\",\"rtt_us\":%d", jitter(900, 300));
    }
    emit(connected_us, call, "vcbench", "call-phase", "\"phase\":\"connected\"");
    step(connected_us + 300000, call, "alice", "chat-sent");
    emit(connected_us + 300600, call, "bob", "chat", "\"text\":\"hello\",\"sent_us\":%" G_GINT64_FORMAT,
         connected_us + 300000);
    return connected_us;
}

static gint64 write_connected(gint64 t_us, const char *call, const Plan *plan, gboolean queue)
{
    gint64 connected_us = write_setup(t_us, call, plan, queue);

    if (connected_us < 0) {
        for (int p = 0; p < 2; p++)
            state(t_us + 5000000 + p, call, PEERS[p], "iceConnectionState", "failed");
        end_call(t_us + 5100000, call, "failed", "did not connect within 5 s");
        return t_us + 5131000;
    }
    if (strcmp(plan->name, "clean") == 0)
        emit(connected_us + 2000400, call, "vcbench", "timeline", "\"action\":\"mute\",\"peer\":\"alice\"");
    if (strcmp(plan->name, "large") == 0) {
        emit(connected_us + 3000300, call, "vcbench", "timeline",
             "\"action\":\"stop-video\",\"peer\":\"alice\"");
        emit(connected_us + 5000300, call, "vcbench", "timeline",
             "\"action\":\"start-video\",\"peer\":\"alice\"");
        emit(connected_us + 6000300, call, "vcbench", "timeline",
             "\"action\":\"send-chat\",\"peer\":\"bob\",\"text\":\"hello\"");
    }
    stats(connected_us, call, plan);
    end_call(connected_us + plan->seconds * G_USEC_PER_SEC + 5000, call, "completed", "");
    return connected_us + plan->seconds * G_USEC_PER_SEC + 36000;
}

void write_run_start(const Plan *plan, gint64 started_us, const char *variants, const char *calls,
                     const char *more)
{
    g_autofree char *settings =
        g_strdup_printf(SETTINGS, plan->name, plan->pairs, plan->repeat, plan->seconds);

    emit(started_us + 15000, NULL, "vcbench", "run-start",
         "\"schema\":\"vcbench.log/1\",\"scenario\":\"%s\",\"file\":\"scenarios/"
         "%s.yaml\",\"description\":\"%s\","
         "\"seed\":4711,\"utc\":\"2026-11-23T04:05:06Z\",\"command\":[\"vcbench\",\"run\",\"scenarios/"
         "%s.yaml\"],"
         "\"environment\":{\"vcbench\":\"0.1.0\",\"gstreamer\":\"1.22.0\",\"libnice\":\"0.1.21\","
         "\"libwebsockets\":"
         "\"4.1.6\",\"os\":\"Debian GNU/Linux 12 "
         "(bookworm)\",\"kernel\":\"6.18\",\"cpu\":\"x86_64\",\"cores\":2,"
         "\"memory_bytes\":8589934592,\"jobs\":1},\"started_us\":%" G_GINT64_FORMAT
         ",\"duration_us\":%d,\"warmup_us\":1000000,\"stats_interval_us\":1000000,\"settings\":\"%s\","
         "\"variants\":[%s],\"expectations\":[%s],\"timeline\":[[%s]],\"peers\":[[\"alice\",\"bob\"]],"
         "\"plan\":[%s]%s",
         plan->name, plan->name, plan->description, plan->name, started_us, plan->seconds * 1000000, settings,
         variants, plan->expectations, plan->timeline, calls, more);
}

static void write_matrix_start(const Plan *plan, gint64 started_us, int n_variants)
{
    g_autoptr(GString) variants = g_string_new(NULL), calls = g_string_new(NULL);
    int id = 0;

    for (int v = 0; v < n_variants; v++) {
        g_string_append_printf(variants, "%s{\"name\":\"", v ? "," : "");
        if (plan->matrix)
            g_string_append_printf(variants, "%s=%s\",\"matrix\":{\"%s\":%s}}", plan->matrix,
                                   v ? "false" : "true", plan->matrix, v ? "false" : "true");
        else
            g_string_append(variants, "\",\"matrix\":{}}");
        for (int r = 1; r <= plan->repeat; r++) {
            for (int p = 1; p <= plan->pairs; p++) {
                id++;
                g_string_append_printf(
                    calls, "%s{\"id\":\"%04d\",\"pair\":%d,\"repeat\":%d,\"variant\":%d,\"seed\":%d}",
                    id > 1 ? "," : "", id, p, r, v, id * 77);
            }
        }
    }
    write_run_start(plan, started_us, variants->str, calls->str, "");
}

static void write_run(const Plan *plan)
{
    gint64 started_us = 5000000000, t_us = started_us + 90000;
    int n_variants = plan->matrix ? 2 : 1, id = 0;

    write_matrix_start(plan, started_us, n_variants);
    emit(started_us + 30000, NULL, "vcbench", "process-start",
         "\"process\":\"signald\",\"pid\":900,\"argv\":[\"vcbench-signald\"]");
    for (guint v = 0; v < (guint)n_variants; v++) {
        for (int r = 1; r <= plan->repeat; r++) {
            for (int p = 1; p <= plan->pairs; p++) {
                g_autofree char *call = g_strdup_printf("%04d", ++id);

                t_us = begin_call(t_us, call, p, r, v, (guint64)id * 77, "");
                if (plan->skipped) {
                    emit(t_us, call, "alice", "ready",
                         "\"engine\":\"exec\",\"unsupported\":[{\"setting\":\"ice.transport_policy\","
                         "\"reason\":\"no "
                         "TURN\"}]");
                    end_call(t_us + 1000, call, "skipped", "alice: ice.transport_policy: no TURN");
                    t_us += 40000;
                    continue;
                }
                emit(t_us, call, "vcbench", "call-phase", "\"phase\":\"joining\"");
                t_us += 9000;
                t_us =
                    plan->both_initiate ? write_glare(t_us, call) : write_connected(t_us, call, plan, v == 0);
                emit(t_us, NULL, "vcbench", "process-usage",
                     "\"process\":\"vcbench\",\"cpu_us\":%d,\"pss_bytes\":6000000", 30000 + id * 9000);
                emit(t_us + 1, NULL, "vcbench", "process-usage",
                     "\"process\":\"signald\",\"cpu_us\":%d,\"pss_bytes\":3000000", 4000 + id * 700);
                t_us += 2000;
            }
        }
    }
    emit(t_us + 20000, NULL, "vcbench", "process-exit",
         "\"process\":\"signald\",\"pid\":900,\"status\":\"exit status 0\",\"expected\":true");
    emit(t_us + 30000, NULL, "vcbench", "run-end",
         "\"outcome\":\"completed\",\"reason\":\"\",\"stopped_us\":%" G_GINT64_FORMAT, t_us + 30000);
}

int main(int argc, char **argv)
{
    for (gsize i = 0; argc == 2 && i < G_N_ELEMENTS(PLANS); i++) {
        if (strcmp(PLANS[i].name, argv[1]) != 0)
            continue;
        draws = vcb_random_stream(1, argv[1]);
        cut_after = PLANS[i].cut_after;
        write_run(&PLANS[i]);
        g_rand_free(draws);
        return 0;
    }
    draws = vcb_random_stream(1, argc == 2 ? argv[1] : "");
    if (argc == 2 && write_network_log(argv[1])) {
        g_rand_free(draws);
        return 0;
    }
    g_rand_free(draws);
    fprintf(stderr,
            "usage: make_log clean | glare | killed | matrix | relay-skipped | large | network | late\n");
    return 2;
}
