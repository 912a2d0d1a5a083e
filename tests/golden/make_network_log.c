/* Logs of calls over emulated networks: each packet is sent, dropped or delivered by drawing, link by link, and both
 * the links' counters and the peers' stats are counted from that. What a report sets beside each other must agree.
 *
 *   network   wifi: a call with losses behind a NAT, and a change on the timeline
 *             symmetric: a call that does not connect, as NATs filter (expected)
 *             shared: two pairs over one bottleneck, with cross traffic
 *   late      the call over wifi, by an emulator that was late: invalid
 *
 *   sender's line, up -> [bottleneck] -> receiver's line, down */
#include "make_log.h"

#include <string.h>

#define SECONDS 6
#define N_FLOWS 8

typedef struct {
    guint32 ssrc;
    int payload_type, sent, dropped, delivered, payload_bytes;
} Flow;

typedef struct {
    char name[24];
    gboolean is_down;
    double rate_bps, loss, queue_loss; /* queue_loss: chance that the queue is full */
    int delay_us, wait_us;
    int sent, sent_bytes, duplicated, delivered, delivered_bytes, lost, queue_full, queued;
    int n; /* of this interval */
    Flow flows[N_FLOWS];
} Link;

/* One RTP stream as its two peers count it. */
typedef struct {
    guint32 ssrc;
    int payload_type, size;
    int sent, received, lost, bytes;
} Stream;

typedef struct {
    char id[8];
    int pair;
    gint64 connected_us;
    Link *path[2][3];     /* of what each peer sends; NULL-terminated where shorter */
    Stream streams[2][2]; /* sender; video, audio */
} Call;

typedef struct {
    const char *name, *call; /* call: of its lines; NULL in a shared network */
    Link links[10];
    int n_links;
} Network;

static int late_us; /* p99 of the emulator */

static Link *add_link(Network *network, const char *name, gboolean is_down, double rate_bps, double loss,
                      int delay_us)
{
    Link *link = &network->links[network->n_links++];

    *link =
        (Link){.is_down = is_down, .rate_bps = rate_bps, .loss = loss, .delay_us = delay_us, .wait_us = 900};
    g_strlcpy(link->name, name, sizeof link->name);
    return link;
}

static Flow *flow_of(Link *link, const Stream *stream)
{
    for (int i = 0; i < N_FLOWS; i++) {
        Flow *flow = &link->flows[i];

        if (flow->ssrc == stream->ssrc || !flow->ssrc) {
            flow->ssrc = stream->ssrc;
            flow->payload_type = stream->payload_type;
            return flow;
        }
    }
    g_assert_not_reached();
}

/* One packet over one link. stream NULL: STUN, DTLS, RTCP. FALSE: it was dropped. */
static gboolean pass(Link *link, const Stream *stream, int bytes)
{
    Flow *flow = stream ? flow_of(link, stream) : NULL;
    gboolean is_full = chance(link->queue_loss), is_lost = chance(link->loss);

    link->sent++;
    link->n++;
    link->sent_bytes += bytes + 40;
    if (flow)
        flow->sent++;
    if (is_full || is_lost) {
        link->queue_full += is_full;
        link->lost += !is_full;
        if (flow)
            flow->dropped++;
        return FALSE;
    }
    link->delivered++;
    link->delivered_bytes += bytes + 40;
    if (flow) {
        flow->delivered++;
        flow->payload_bytes += bytes + 10; /* the SRTP tag */
    }
    return TRUE;
}

static gboolean travel(Link *const path[3], const Stream *stream, int bytes)
{
    for (int i = 0; i < 3 && path[i]; i++) {
        if (!pass(path[i], stream, bytes))
            return FALSE;
    }
    return TRUE;
}

static void one_second(Call *call)
{
    for (int p = 0; p < 2; p++) {
        for (int k = 0; k < 2; k++) {
            Stream *stream = &call->streams[p][k];

            for (int n = k ? 50 : jitter(98, 8); n > 0; n--) {
                gboolean came = travel(call->path[p], stream, stream->size);

                stream->sent++;
                stream->received += came;
                stream->bytes += came ? stream->size : 0;
                stream->lost += !came;
            }
        }
        for (int n = 0; n < 8; n++)
            travel(call->path[p], NULL, 60);
    }
}

static void report_link(gint64 t_us, const Network *network, Link *link, gboolean is_final)
{
    g_autoptr(GString) flows = g_string_new(NULL), call = g_string_new(NULL);
    int wait_us = link->wait_us;

    if (network->call)
        g_string_printf(call, "\"call\":\"%s\",", network->call);
    for (int i = 0; i < N_FLOWS && link->flows[i].ssrc; i++) {
        const Flow *f = &link->flows[i];

        g_string_append_printf(
            flows,
            "%s{\"ssrc\":%u,\"payload_type\":%d,\"sent\":%d,\"dropped\":%d,\"delivered\":%d,"
            "\"payload_bytes\":%d,\"first_us\":1,\"last_us\":2}",
            i ? "," : "", f->ssrc, f->payload_type, f->sent, f->dropped, f->delivered, f->payload_bytes);
    }
    emit(
        t_us, network->call, "network", "link",
        "\"network\":\"%s\",\"link\":\"%s\",\"direction\":\"%s\",%s\"sent\":%d,\"sent_bytes\":%d,"
        "\"duplicated\":%d,"
        "\"delivered\":%d,\"delivered_bytes\":%d,\"dropped\":{\"loss\":%d,\"queue-full\":%d},\"queued\":%d,"
        "\"corrupted\":0,\"reordered\":0,\"delay_us\":{\"n\":%d,\"p50\":%d,\"p95\":%d,\"p99\":%d,\"max\":%d},"
        "\"rate_bps\":%.0f,\"queue_bytes\":%d,\"queue_us\":{\"p50\":%d,\"max\":%d},\"flows\":[%s]",
        network->name, link->name, link->is_down ? "down" : "up", is_final ? "\"final\":true," : "",
        link->sent, link->sent_bytes, link->duplicated, link->delivered, link->delivered_bytes, link->lost,
        link->queue_full, link->queued, link->n, link->delay_us + wait_us / 2, link->delay_us + wait_us,
        link->delay_us + wait_us * 5 / 4, link->delay_us + wait_us * 3 / 2, link->rate_bps, wait_us * 2,
        wait_us / 2, wait_us * 3 / 2, flows->str);
    link->n = 0;
}

static void report_links(gint64 t_us, Network *network, gboolean is_final)
{
    for (int i = 0; i < network->n_links; i++)
        report_link(t_us + i, network, &network->links[i], is_final);
}

static void report_peer(gint64 t_us, const Call *call, int p, const char *reason, const char *type)
{
    const Stream *in = call->streams[1 - p], *out = call->streams[p];
    g_autoptr(GString) report = g_string_new(NULL);

    for (int k = 0; k < 2; k++)
        g_string_append_printf(
            report,
            "{\"id\":\"i%d\",\"type\":\"inbound-rtp\",\"kind\":\"%s\",\"ssrc\":%u,\"packetsReceived\":%d,"
            "\"bytesReceived\":%d,\"packetsLost\":%d,\"jitter\":%.6f},"
            "{\"id\":\"o%d\",\"type\":\"outbound-rtp\",\"kind\":\"%s\",\"ssrc\":%u,\"packetsSent\":%d,"
            "\"bytesSent\":%d},",
            k, k ? "audio" : "video", in[k].ssrc, in[k].received, in[k].bytes, in[k].lost,
            jitter(2400, 900) / 1e6, k, k ? "audio" : "video", out[k].ssrc, out[k].sent,
            out[k].sent * out[k].size);
    emit(t_us, call->id, PEERS[p], "stats",
         "\"reason\":\"%s\",\"report\":[%s{\"id\":\"t\",\"type\":\"transport\",\"selectedCandidatePairId\":"
         "\"p\"},"
         "{\"id\":\"p\",\"type\":\"candidate-pair\",\"localCandidateId\":\"l\",\"remoteCandidateId\":\"r\"},"
         "{\"id\":\"l\",\"type\":\"local-candidate\",\"candidateType\":\"host\"},"
         "{\"id\":\"r\",\"type\":\"remote-candidate\",\"candidateType\":\"%s\"}]",
         reason, report->str, type);
}

static void report_audit(gint64 t_us, gboolean is_final)
{
    emit(
        t_us, NULL, "network", "audit",
        "%s\"lateness_us\":{\"n\":%d,\"p50\":%d,\"p99\":%d,\"max\":%d},\"tx_dropped\":0,\"clock_step_us\":%d,"
        "\"busy_pct\":%.1f",
        is_final ? "\"final\":true," : "", is_final ? 24800 : jitter(640, 20), jitter(60, 8),
        is_final ? late_us : jitter(late_us * 9 / 10, late_us / 20),
        is_final ? late_us * 2 : jitter(late_us * 3 / 2, 50), jitter(0, 20), jitter(31, 9) / 10.0);
}

static void init_call(Call *call, int id, int pair)
{
    *call = (Call){.pair = pair};
    g_snprintf(call->id, sizeof call->id, "%04d", id);
    for (int p = 0; p < 2; p++) {
        call->streams[p][0] =
            (Stream){.ssrc = (guint32)(id * 1000 + p * 10 + 1), .payload_type = 96, .size = 1000};
        call->streams[p][1] =
            (Stream){.ssrc = (guint32)(id * 1000 + p * 10 + 2), .payload_type = 111, .size = 80};
    }
}

/* From connected to the end, for all calls of a network together. */
static gint64 run_calls(Network *network, Call *calls, int n_calls, gint64 connected_us,
                        const char *candidate_type)
{
    gint64 end_us = connected_us + SECONDS * G_USEC_PER_SEC + 5000;

    for (int second = 0; second <= SECONDS; second++) {
        gint64 t_us = connected_us + second * G_USEC_PER_SEC + 1000;

        for (int c = 0; c < n_calls; c++) {
            for (int p = 0; p < 2; p++)
                report_peer(t_us + 10 * c + p, &calls[c], p,
                            second == 0         ? "connected"
                            : second == SECONDS ? "hang-up"
                                                : "interval",
                            candidate_type);
        }
        report_links(t_us + 500, network, FALSE);
        report_audit(t_us + 700, FALSE);
        if (second == 3 && n_calls == 1) {
            emit(
                t_us + 800, network->call, "network", "change",
                "\"network\":\"%s\",\"router\":\"alice\",\"direction\":\"up\",\"set\":{\"rate_bps\":1000000},"
                "\"planned_us\":%" G_GINT64_FORMAT,
                network->name, t_us + 700);
            network->links[0].rate_bps = 1e6;
            network->links[0].wait_us = 42000;
            network->links[0].queue_loss = 0.01;
        }
        if (n_calls > 1) {
            emit(t_us + 900, NULL, "traffic-1-far", "traffic",
                 "\"network\":\"%s\",\"role\":\"sink\",\"kind\":\"tcp-long\",\"flows\":1,\"bytes\":%d,\"rate_"
                 "bps\":400000",
                 network->name, second * 50000);
            network->links[0].wait_us = network->links[1].wait_us = 30000 + 45000 * (second % 4);
        }
        for (int c = 0; c < n_calls && second < SECONDS; c++)
            one_second(&calls[c]);
    }
    for (int c = 0; c < n_calls; c++)
        end_call(end_us + 100 * c, calls[c].id, "completed", "");
    report_links(end_us + 40000, network, TRUE);
    return end_us + 60000;
}

static gint64 write_wifi(gint64 t_us, const Plan *plan)
{
    Network network = {.name = "0001", .call = "0001"};
    Call call;
    Link *lines[2][2];
    gint64 connected_us;

    for (int p = 0; p < 2; p++) {
        lines[p][0] = add_link(&network, PEERS[p], FALSE, p ? 0 : 8e6, p ? 0 : 0.02, p ? 0 : 6000);
        lines[p][1] = add_link(&network, PEERS[p], TRUE, p ? 0 : 30e6, p ? 0 : 0.02, p ? 0 : 6000);
    }
    init_call(&call, 1, 1);
    for (int p = 0; p < 2; p++) {
        call.path[p][0] = lines[p][0];
        call.path[p][1] = lines[1 - p][1];
    }
    t_us = begin_call(t_us, call.id, 1, 1, 0, 77, ",\"network\":\"0001\"");
    emit(t_us, call.id, "vcbench", "call-phase", "\"phase\":\"joining\"");
    for (int port = 0; port < 2; port++)
        emit(t_us + 50000 + port, call.id, "network", "nat-mapping",
             "\"network\":\"0001\",\"router\":\"alice\",\"protocol\":\"udp\",\"internal\":\"192.168.1.2:%d\","
             "\"external\":"
             "\"198.18.1.1:%d\"",
             50000 + port, 50000 + port);
    connected_us = write_setup(t_us + 9000, call.id, plan, TRUE);
    emit(t_us + 60000, call.id, "network", "router",
         "\"network\":\"0001\",\"router\":\"alice\",\"dropped\":{\"nat-filtered\":3},\"mappings\":2");
    return run_calls(&network, &call, 1, connected_us, "prflx");
}

static gint64 write_symmetric(gint64 t_us, const Plan *plan)
{
    static const int FILTERED[] = {29, 34};
    Plan blocked = *plan;
    const char *call = "0002";

    blocked.is_blocked = TRUE;
    t_us = begin_call(t_us, call, 1, 1, 1, 154, ",\"network\":\"0002\"");
    emit(t_us, call, "vcbench", "call-phase", "\"phase\":\"joining\"");
    write_setup(t_us + 9000, call, &blocked, TRUE);
    for (int p = 0; p < 2; p++) {
        state(t_us + 5000000 + p, call, PEERS[p], "iceConnectionState", "failed");
        emit(t_us + 5010000 + p, call, "network", "router",
             "\"network\":\"0002\",\"router\":\"%s\",\"dropped\":{\"nat-filtered\":%d},\"mappings\":4",
             PEERS[p], FILTERED[p]);
    }
    for (int second = 0; second < 5; second++)
        report_audit(t_us + second * G_USEC_PER_SEC, FALSE);
    end_call(t_us + 5100000, call, "failed", "did not connect within 5 s");
    return t_us + 5160000;
}

static gint64 write_shared(gint64 t_us, const Plan *plan)
{
    Network network = {.name = "wave-0003"};
    Link *bottleneck[] = {add_link(&network, "bottleneck", FALSE, 1.9e6, 0, 20000),
                          add_link(&network, "bottleneck", TRUE, 1.9e6, 0, 20000)};
    Call calls[2];
    gint64 connected_us = 0;

    bottleneck[0]->queue_loss = bottleneck[1]->queue_loss = 0.03;
    for (int c = 0; c < 2; c++) {
        init_call(&calls[c], 3 + c, 1 + c);
        for (int p = 0; p < 2; p++) {
            g_autofree char *name = g_strdup_printf("%s-%d", PEERS[p], 1 + c);

            calls[c].path[p][0] = add_link(&network, name, FALSE, 0, 0, 2000);
            calls[c].path[1 - p][2] = add_link(&network, name, TRUE, 0, 0, 2000);
            calls[c].path[p][1] = bottleneck[p];
        }
    }
    for (int c = 0; c < 2; c++) {
        gint64 began_us = begin_call(t_us + 3000 * c, calls[c].id, 1 + c, 1, 2, (guint64)(3 + c) * 77,
                                     ",\"network\":\"wave-0003\"");

        emit(began_us, calls[c].id, "vcbench", "call-phase", "\"phase\":\"joining\"");
        connected_us = MAX(connected_us, write_setup(began_us + 9000, calls[c].id, plan, TRUE));
    }
    return run_calls(&network, calls, 2, connected_us, "host");
}

static const Plan NETWORK = {
    .name = "network",
    .description = "Calls over emulated networks: wifi, symmetric NATs, a shared bottleneck",
    .pairs = 1,
    .repeat = 1,
    .seconds = SECONDS,
    .expectations =
        "{\"expression\":\"link_lost.max > "
        "5\",\"metric\":\"link_lost\",\"statistic\":\"max\",\"comparison\":\">\","
        "\"value\":5,\"variant\":0,\"line\":14},"
        "{\"expression\":\"alice.up.link_loss_pct.median in 0.5%..5%\",\"metric\":\"alice.up.link_loss_pct\","
        "\"statistic\":\"median\",\"comparison\":\"..\",\"value\":0.5,\"high\":5,\"percent\":true,"
        "\"variant\":0,\"line\":15},"
        "{\"expression\":\"connected.max == "
        "0\",\"metric\":\"connected\",\"statistic\":\"max\",\"comparison\":\"==\","
        "\"value\":0,\"variant\":1,\"line\":18},"
        "{\"expression\":\"bottleneck.up.link_rate_bps.median < "
        "2Mbps\",\"metric\":\"bottleneck.up.link_rate_bps\","
        "\"statistic\":\"median\",\"comparison\":\"<\",\"value\":2000000,\"variant\":2,\"line\":21}",
    .timeline = "",
};

static const Plan LATE = {
    .name = "late",
    .description = "A call over wifi, by an emulator that had too little time",
    .pairs = 1,
    .repeat = 1,
    .seconds = SECONDS,
    .expectations =
        "{\"expression\":\"video.in.packet_loss_pct.mean < 0.1\",\"metric\":\"video.in.packet_loss_pct\","
        "\"statistic\":\"mean\",\"comparison\":\"<\",\"value\":0.1,\"variant\":0,\"line\":12}",
    .timeline = "",
};

static void write_usage(gint64 t_us, int id)
{
    static const char *const PROCESSES[] = {"vcbench", "signald", "network"};

    for (gsize i = 0; i < G_N_ELEMENTS(PROCESSES); i++)
        emit(t_us + (gint64)i, NULL, "vcbench", "process-usage",
             "\"process\":\"%s\",\"cpu_us\":%d,\"pss_bytes\":%d", PROCESSES[i],
             20000 + id * (i == 2 ? 190000 : 8000), 4000000 + (int)i * 900000);
}

gboolean write_network_log(const char *name)
{
    gboolean is_late = strcmp(name, "late") == 0;
    const Plan *plan = is_late ? &LATE : &NETWORK;
    const gint64 started_us = 5000000000;
    gint64 t_us = started_us + 90000;

    if (strcmp(name, plan->name) != 0)
        return FALSE;
    late_us = is_late ? 8200 : 410;
    write_run_start(plan, started_us,
                    is_late ? "{\"name\":\"\",\"matrix\":{}}"
                            : "{\"name\":\"network=wifi\",\"matrix\":{\"network\":\"wifi\"}},"
                              "{\"name\":\"network=symmetric\",\"matrix\":{\"network\":\"symmetric\"}},"
                              "{\"name\":\"network=shared\",\"matrix\":{\"network\":\"shared\"}}",
                    is_late ? "{\"id\":\"0001\",\"pair\":1,\"repeat\":1,\"variant\":0,\"seed\":77}"
                            : "{\"id\":\"0001\",\"pair\":1,\"repeat\":1,\"variant\":0,\"seed\":77},"
                              "{\"id\":\"0002\",\"pair\":1,\"repeat\":1,\"variant\":1,\"seed\":154},"
                              "{\"id\":\"0003\",\"pair\":1,\"repeat\":1,\"variant\":2,\"seed\":231},"
                              "{\"id\":\"0004\",\"pair\":2,\"repeat\":1,\"variant\":2,\"seed\":308}",
                    ",\"networks\":[{\"enabled\":true,\"max_lateness_us\":5000,\"turn\":false},"
                    "{\"enabled\":true,\"max_lateness_us\":5000,\"turn\":false},"
                    "{\"enabled\":true,\"max_lateness_us\":5000,\"turn\":false}]");
    emit(started_us + 20000, NULL, "vcbench", "process-start",
         "\"process\":\"network\",\"pid\":899,\"argv\":[\"vcbench-net\"]");
    emit(started_us + 25000, NULL, "network", "ready",
         "\"backend\":\"tun\",\"namespaces\":\"user\",\"scheduler\":\"other\",\"memory_locked\":false,"
         "\"fds\":1");
    emit(started_us + 30000, NULL, "vcbench", "process-start",
         "\"process\":\"signald\",\"pid\":900,\"argv\":[\"vcbench-signald\"]");
    t_us = write_wifi(t_us, plan);
    write_usage(t_us, 1);
    if (!is_late) {
        t_us = write_symmetric(t_us + 2000, plan);
        write_usage(t_us, 2);
        t_us = write_shared(t_us + 2000, plan);
        write_usage(t_us, 4);
    }
    report_audit(t_us + 10000, TRUE);
    emit(t_us + 30000, NULL, "vcbench", "run-end",
         "\"outcome\":\"completed\",\"reason\":\"\",\"stopped_us\":%" G_GINT64_FORMAT, t_us + 30000);
    return TRUE;
}
