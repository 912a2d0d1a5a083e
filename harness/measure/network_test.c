/* What the emulator's lines become: metrics of links, truth beside statistics, the audit's verdict. One call of alice and
 * bob that connects at 1 s, warm-up 1 s; times in ms. */
#include "harness/measure/analysis.h"

#include "common/random.h"
#include "common/test.h"
#include "harness/measure/network_metrics.h"
#include "harness/measure/truth.h"

#include <math.h>
#include <string.h>

typedef struct {
    GString *text;
    VcbRunData *data;
    VcbAnalysis *analysis;
} Log;

G_GNUC_PRINTF(5, 6)
static void add(Log *log, gint64 t_ms, const char *call, const char *source, const char *fields, ...)
{
    va_list arguments;

    g_string_append_printf(log->text, "{\"t_us\":%" G_GINT64_FORMAT ",\"source\":\"%s\",", t_ms * 1000,
                           source);
    if (call)
        g_string_append_printf(log->text, "\"call\":\"%s\",", call);
    va_start(arguments, fields);
    g_string_append_vprintf(log->text, fields, arguments);
    va_end(arguments);
    g_string_append(log->text, "}\n");
}

static void add_call(Log *log, const char *id, int pair, const char *network, gboolean connects)
{
    static const char *const PEERS[] = {"alice", "bob"};

    add(log, 0, id, "vcbench",
        "\"type\":\"call-start\",\"pair\":%d,\"peers\":[\"alice\",\"bob\"],\"network\":\"%s\"", pair,
        network);
    for (int p = 0; p < 2; p++) {
        add(log, 100, id, "signald",
            "\"type\":\"signal\",\"message\":\"start-call\",\"action\":\"sent\",\"to\":\"%s\"", PEERS[p]);
        if (connects)
            add(log, 1000, id, PEERS[p],
                "\"type\":\"state\",\"name\":\"connectionState\",\"value\":\"connected\"");
    }
}

static Log begin(void)
{
    Log log = {.text = g_string_new(NULL)};

    add(&log, 0, NULL, "vcbench",
        "\"type\":\"run-start\",\"warmup_us\":1000000,\"stats_interval_us\":1000000,\"started_us\":0,"
        "\"peers\":[["
        "\"alice\",\"bob\"]],\"networks\":[{\"enabled\":true,\"max_lateness_us\":5000}]");
    return log;
}

static void add_audit(Log *log, gint64 t_ms, gboolean final, double p99_us, int tx_dropped, int clock_step_us)
{
    add(log, t_ms, NULL, "network",
        "\"type\":\"audit\",%s\"lateness_us\":{\"n\":100,\"p50\":50,\"p99\":%g,\"max\":%g},\"tx_dropped\":%d,"
        "\"clock_step_us\":%d,\"busy_pct\":3",
        final ? "\"final\":true," : "", p99_us, p99_us * 2, tx_dropped, clock_step_us);
}

/* The run's end, and everything worked out. The log's text is gone then. */
static const VcbCallAnalysis *finish(Log *log, const char *outcome)
{
    add(log, 9000, "1", "vcbench", "\"type\":\"call-end\",\"outcome\":\"%s\",\"reason\":\"%s\"", outcome,
        strcmp(outcome, "failed") == 0 ? "did not connect within 5 s" : "");
    add(log, 9500, NULL, "vcbench", "\"type\":\"run-end\",\"outcome\":\"completed\",\"reason\":\"\"");
    log->data = vcb_run_data_parse(log->text->str, log->text->len);
    log->analysis = vcb_analysis_new(log->data);
    return log->analysis->calls->pdata[0];
}

static void end(Log *log)
{
    vcb_analysis_free(log->analysis);
    vcb_run_data_free(log->data);
    g_string_free(log->text, TRUE);
}

/* What a link has counted by then: `sent` came, `lost` and `full` were dropped, 1000 bytes a packet. */
static void add_link(Log *log, gint64 t_ms, const char *call, const char *network, const char *link,
                     const char *direction, int sent, int lost, int full, int delay_us, const char *more)
{
    int delivered = sent - lost - full;

    add(log, t_ms, call, "network",
        "\"type\":\"link\",\"network\":\"%s\",\"link\":\"%s\",\"direction\":\"%s\",\"sent\":%d,\"sent_"
        "bytes\":%d,"
        "\"duplicated\":0,\"delivered\":%d,\"delivered_bytes\":%d,\"dropped\":{\"loss\":%d,\"queue-full\":%d}"
        ","
        "\"queued\":0,\"delay_us\":{\"n\":100,\"p50\":%d,\"p95\":%d,\"p99\":%d,\"max\":%d},\"rate_bps\":0,"
        "\"queue_bytes\":0,\"queue_us\":{\"p50\":10,\"max\":%d}%s",
        network, link, direction, sent, sent * 1000, delivered, delivered * 1000, lost, full, delay_us,
        delay_us * 2, delay_us * 3, delay_us * 4, delay_us / 2, more);
}

static double get(const VcbCallAnalysis *call, const char *name)
{
    double value = NAN;

    if (!vcb_metric_set_get(call->metrics, name, &value))
        g_printerr("no metric %s\n", name);
    return value;
}

static gboolean has(const VcbCallAnalysis *call, const char *name)
{
    double value;

    return vcb_metric_set_get(call->metrics, name, &value);
}

static void links_are_measured_between_the_warm_up_and_the_hang_up(void)
{
    Log log = begin();
    const VcbCallAnalysis *call;

    add_call(&log, "1", 1, "n", TRUE);
    add_link(&log, 1500, "1", "n", "alice", "up", 90, 90, 0, 90000, ""); /* in the warm-up: left out */
    add_link(&log, 2000, "1", "n", "alice", "up", 1000, 100, 0, 90000, "");
    add_link(&log, 3000, "1", "n", "alice", "up", 1100, 104, 0, 20000, "");
    add_link(&log, 4000, "1", "n", "alice", "up", 1200, 106, 4, 40000, "");
    add_link(&log, 6000, "1", "n", "alice", "up", 9000, 900, 900, 90000, ""); /* after the hang-up */
    add(&log, 5000, "1", "vcbench", "\"type\":\"call-phase\",\"phase\":\"stopping\"");
    add_audit(&log, 8000, TRUE, 300, 0, 0);
    call = finish(&log, "completed");
    VCB_ASSERT_NEAR(get(call, "alice.up.link_sent"), 200, 0);
    VCB_ASSERT_NEAR(get(call, "alice.up.link_lost"), 10, 0);
    VCB_ASSERT_NEAR(get(call, "alice.up.link_loss_pct"), 5, 1e-6);
    VCB_ASSERT_NEAR(get(call, "alice.up.link_dropped_queue"), 4, 0);
    VCB_ASSERT_NEAR(get(call, "alice.up.link_rate_bps"), 190 * 1000 * 8 / 2.0, 1e-6);
    VCB_ASSERT_NEAR(get(call, "alice.up.link_delay_ms"), 30, 1e-6);
    VCB_ASSERT_NEAR(get(call, "alice.up.link_delay_p95_ms"), 80, 1e-6);
    VCB_ASSERT_NEAR(get(call, "alice.up.link_queue_ms"), 20, 1e-6);
    VCB_ASSERT_NEAR(get(call, "link_lost"), 10, 0);
    CU_ASSERT_FALSE(has(call, "bob.up.link_sent"));
    CU_ASSERT_EQUAL(log.analysis->verdict, VCB_VERDICT_PASS);
    end(&log);
}

/* alice up 10, bottleneck 20 each way, bob down 5; bob up 7, alice down 2; a second interface as good as the first. */
static void one_way_is_the_sum_of_the_links_between_two_peers(void)
{
    static const struct {
        const char *link, *direction;
        int delay_ms;
    } LINKS[] = {{"alice", "up", 10},      {"alice", "down", 2},        {"alice-wwan0", "up", 10},
                 {"bottleneck", "up", 20}, {"bob", "down", 5},          {"bottleneck", "down", 20},
                 {"bob", "up", 7},         {"traffic-1-far", "up", 500}};
    Log log = begin();
    const VcbCallAnalysis *call;

    add_call(&log, "1", 1, "n", TRUE);
    for (int second = 0; second < 3; second++) {
        for (gsize i = 0; i < G_N_ELEMENTS(LINKS); i++)
            add_link(&log, 2000 + 1000 * second, "1", "n", LINKS[i].link, LINKS[i].direction, 100 * second,
                     second, 0, LINKS[i].delay_ms * 1000, "");
    }
    add_audit(&log, 8000, TRUE, 300, 0, 0);
    call = finish(&log, "completed");
    VCB_ASSERT_NEAR(get(call, "link_delay_ms"), (10 + 20 + 5 + 7 + 20 + 2) / 2.0, 1e-6);
    VCB_ASSERT_NEAR(get(call, "link_lost"), 2 * 7, 0);                  /* not cross traffic's own */
    VCB_ASSERT_NEAR(get(call, "link_rate_bps"), 2 * 99 * 8000.0, 1e-6); /* both down lines */
    CU_ASSERT_FALSE(has(call, "traffic-1-far.up.link_sent"));
    end(&log);
}

static void a_shared_network_is_told_apart_by_pair(void)
{
    Log log = begin();
    const VcbCallAnalysis *first, *second;

    add_call(&log, "1", 1, "wave", TRUE);
    add_call(&log, "2", 2, "wave", TRUE);
    for (int s = 0; s < 2; s++) {
        add_link(&log, 2000 + 1000 * s, NULL, "wave", "alice-1", "up", 100 * s, s, 0, 1000, "");
        add_link(&log, 2000 + 1000 * s, NULL, "wave", "alice-2", "up", 200 * s, 2 * s, 0, 1000, "");
        add_link(&log, 2000 + 1000 * s, NULL, "wave", "alice-2-wwan0", "up", 50 * s, 0, 0, 1000, "");
        add_link(&log, 2000 + 1000 * s, NULL, "wave", "bottleneck", "up", 300 * s, 5 * s, 0, 1000, "");
    }
    add(&log, 2100, NULL, "traffic-1-far",
        "\"type\":\"traffic\",\"network\":\"wave\",\"role\":\"sink\",\"bytes\":1000");
    add(&log, 3100, NULL, "traffic-1-far",
        "\"type\":\"traffic\",\"network\":\"wave\",\"role\":\"sink\",\"bytes\":51000");
    add(&log, 2100, NULL, "traffic-1-near",
        "\"type\":\"traffic\",\"network\":\"wave\",\"role\":\"source\",\"bytes\":0");
    add_audit(&log, 8000, TRUE, 300, 0, 0);
    first = finish(&log, "completed");
    second = log.analysis->calls->pdata[1];
    VCB_ASSERT_NEAR(get(first, "alice.up.link_sent"), 100, 0);
    VCB_ASSERT_NEAR(get(second, "alice.up.link_sent"), 200, 0);
    VCB_ASSERT_NEAR(get(second, "alice-wwan0.up.link_sent"), 50, 0);
    CU_ASSERT_FALSE(has(first, "alice-wwan0.up.link_sent"));
    VCB_ASSERT_NEAR(get(first, "bottleneck.up.link_lost"), 5, 0);
    VCB_ASSERT_NEAR(get(second, "bottleneck.up.link_lost"), 5, 0);
    VCB_ASSERT_NEAR(get(first, "cross_traffic_bps"), 400000, 1e-6);
    CU_ASSERT_TRUE(vcb_network_data_link(first->network, "bottleneck", VCB_LINK_UP)->is_shared);
    CU_ASSERT_FALSE(vcb_network_data_link(first->network, "alice", VCB_LINK_UP)->is_shared);
    end(&log);
}

static void add_flow_links(Log *log, gint64 t_ms, int sent, int lost_up, int lost_down)
{
    g_autofree char *up =
        g_strdup_printf(",\"flows\":[{\"ssrc\":7,\"payload_type\":96,\"sent\":%d,\"dropped\":%d,"
                        "\"delivered\":%d,\"payload_bytes\":%d},{\"ssrc\":8,\"payload_type\":97,"
                        "\"sent\":3,\"dropped\":0,\"delivered\":3,\"payload_bytes\":300}]",
                        sent, lost_up, sent - lost_up, (sent - lost_up) * 110);
    g_autofree char *down = g_strdup_printf(",\"flows\":[{\"ssrc\":7,\"payload_type\":96,\"sent\":%d,"
                                            "\"dropped\":%d,\"delivered\":%d,\"payload_bytes\":%d}]",
                                            sent - lost_up, lost_down, sent - lost_up - lost_down,
                                            (sent - lost_up - lost_down) * 110);

    add_link(log, t_ms, "1", "n", "alice", "up", sent, lost_up, 0, 1000, up);
    add_link(log, t_ms, "1", "n", "bob", "down", sent - lost_up, lost_down, 0, 1000, down);
}

static void statistics_stand_beside_the_truth(void)
{
    Log log = begin();
    const VcbCallAnalysis *call;
    const VcbStreamTruth *truth;

    add_call(&log, "1", 1, "n", TRUE);
    for (int s = 0; s < 3; s++) {
        add_flow_links(&log, 2000 + 1000 * s, 100 * (s + 1), 2 * s, s);
        add(&log, 2001 + 1000 * s, "1", "bob",
            "\"type\":\"stats\",\"report\":[{\"type\":\"inbound-rtp\",\"kind\":\"video\",\"ssrc\":7,"
            "\"packetsReceived\":%d,"
            "\"packetsLost\":%d,\"bytesReceived\":%d}]",
            100 * (s + 1) - 3 * s - (s == 2), 3 * s, 100 * (100 * (s + 1) - 3 * s - (s == 2)));
    }
    add(&log, 4002, "1", "alice",
        "\"type\":\"stats\",\"report\":[{\"type\":\"outbound-rtp\",\"kind\":\"video\",\"ssrc\":7,"
        "\"packetsSent\":300}]");
    add_audit(&log, 8000, TRUE, 300, 0, 0);
    call = finish(&log, "completed");
    CU_ASSERT_EQUAL_FATAL(call->truth->len, 2);
    truth = call->truth->pdata[0];
    CU_ASSERT_EQUAL(truth->ssrc, 7);
    VCB_ASSERT_STRING(truth->sender, "alice");
    VCB_ASSERT_STRING(truth->receiver, "bob");
    VCB_ASSERT_STRING(truth->drops, "alice up 4, bob down 2");
    VCB_ASSERT_NEAR(truth->packets_sent, 300, 0);
    VCB_ASSERT_NEAR(truth->link_sent, 300, 0);
    VCB_ASSERT_NEAR(truth->link_dropped, 6, 0);
    VCB_ASSERT_NEAR(truth->link_delivered, 294, 0);
    VCB_ASSERT_NEAR(truth->packets_received, 293, 0); /* one was on its way */
    VCB_ASSERT_NEAR(truth->packets_lost, 6, 0);
    truth = call->truth->pdata[1];
    CU_ASSERT_EQUAL(truth->ssrc, 8);
    CU_ASSERT_EQUAL(truth->kind, VCB_KIND_NONE);
    CU_ASSERT_EQUAL(truth->payload_type, 97);
    VCB_ASSERT_STRING(truth->sender, "alice");
    VCB_ASSERT_NEAR(get(call, "bob.video.in.network_loss_pct"), 100 * 6 / 200.0, 1e-6);
    VCB_ASSERT_NEAR(get(call, "video.in.network_loss_pct"), 3, 1e-6);
    end(&log);
}

static void a_call_that_nats_held_back_says_so(void)
{
    Log log = begin();
    const VcbCallAnalysis *call;

    add_call(&log, "1", 1, "n", FALSE);
    add(&log, 2000, "1", "network",
        "\"type\":\"router\",\"network\":\"n\",\"router\":\"bob\",\"dropped\":{\"nat-filtered\":12},"
        "\"mappings\":2");
    add(&log, 3000, "1", "network",
        "\"type\":\"router\",\"network\":\"n\",\"router\":\"bob\",\"dropped\":{\"nat-filtered\":34},"
        "\"mappings\":2");
    add(&log, 3000, "1", "network",
        "\"type\":\"router\",\"network\":\"n\",\"router\":\"alice\",\"dropped\":{\"firewall\":1,\"ttl\":5}");
    add_audit(&log, 8000, TRUE, 300, 0, 0);
    call = finish(&log, "failed");
    VCB_ASSERT_STRING(call->reason,
                      "did not connect within 5 s; no candidate pair worked: bob's NAT filtered 34 packets, "
                      "alice's firewall dropped 1 packet; TURN was not offered");
    end(&log);
}

/* Without any server the peers know nothing but private addresses, to which nothing leads. */
static void a_call_without_servers_says_which_were_missing(void)
{
    static const struct {
        const char *servers, *says;
    } CASES[] = {
        {"\"turn_server\":\"none\",\"turn_transport\":\"udp\"", "neither STUN nor TURN was offered"},
        {"\"turn_server\":\"stun\",\"turn_transport\":\"udp\"", "STUN was offered, TURN was not"},
        {"\"turn_server\":\"coturn\",\"turn_transport\":\"tls\"", "TURN was offered, by TLS alone"},
        {"\"turn_server\":\"coturn\",\"turn_transport\":\"all\"", "TURN was offered"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Log log = begin();
        const VcbCallAnalysis *call;
        g_autofree char *network = g_strconcat("\"networks\":[{", CASES[i].servers, ",", NULL);
        g_autofree char *expected =
            g_strdup_printf("did not connect within 5 s; no candidate pair worked: the internet had no route "
                            "for 8 packets (private addresses have none); %s",
                            CASES[i].says);

        g_string_replace(log.text, "\"networks\":[{", network, 0);
        add_call(&log, "1", 1, "n", FALSE);
        add(&log, 3000, "1", "network",
            "\"type\":\"router\",\"network\":\"n\",\"router\":\"internet\",\"dropped\":{\"no-route\":8}");
        add_audit(&log, 8000, TRUE, 300, 0, 0);
        call = finish(&log, "failed");
        VCB_ASSERT_STRING(call->reason, expected);
        end(&log);
    }
}

typedef struct {
    const char *claim;
    double final_p99_us; /* < 0: no final line */
    double second_p99_us;
    int tx_dropped, clock_step_us;
    gboolean is_unbalanced;
    VcbVerdict verdict;
    const char *reason_holds;
} AuditCase;

static const AuditCase AUDITS[] = {
    {"in time", 4900, 300, 0, 0, FALSE, VCB_VERDICT_PASS, "held"},
    {"late", 8200, 8000, 0, 0, FALSE, VCB_VERDICT_INVALID,
     "p99 8.2 ms, bound 5 ms, worst in call 1: in 4 of its 4 seconds, up to 8 ms"},
    {"late in one call, but not over the run", 4000, 9000, 0, 0, FALSE, VCB_VERDICT_PASS, "held"},
    {"without a final line the seconds tell", -1, 9000, 0, 0, FALSE, VCB_VERDICT_INVALID, "p99 9 ms"},
    {"packets that it never saw", 300, 300, 7, 0, FALSE, VCB_VERDICT_INVALID,
     "7 packets were dropped before"},
    {"a clock that was set", 300, 300, 0, -150000, FALSE, VCB_VERDICT_INVALID, "150 ms"},
    {"a clock that drifts", 300, 300, 0, 99000, FALSE, VCB_VERDICT_PASS, "held"},
    {"accounts that do not add up", 300, 300, 0, 0, TRUE, VCB_VERDICT_ERROR,
     "link alice up: 10 packets came and 2 were duplicated, but 7 were delivered, 3 dropped and 1 are on the "
     "link"},
    {"an error outweighs lateness", 8200, 8200, 0, 0, TRUE, VCB_VERDICT_ERROR, "do not add up"},
};

static void an_emulator_that_cannot_be_believed_makes_no_verdict(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(AUDITS); i++) {
        const AuditCase *c = &AUDITS[i];
        Log log = begin();

        add_call(&log, "1", 1, "n", TRUE);
        if (c->is_unbalanced)
            add(&log, 2000, "1", "network",
                "\"type\":\"link\",\"network\":\"n\",\"link\":\"alice\",\"direction\":\"up\",\"sent\":10,"
                "\"duplicated\":2,"
                "\"delivered\":7,\"dropped\":{\"loss\":1,\"mtu\":2},\"queued\":1");
        for (int second = 1; second < 5; second++)
            add_audit(&log, 1000 * second, FALSE, c->second_p99_us, c->tx_dropped, c->clock_step_us);
        if (c->final_p99_us >= 0)
            add_audit(&log, 8000, TRUE, c->final_p99_us, c->tx_dropped, c->clock_step_us);
        finish(&log, "completed");
        if (log.analysis->verdict != c->verdict || !strstr(log.analysis->reason, c->reason_holds))
            g_printerr("%s: %s: %s\n", c->claim, vcb_verdict_name(log.analysis->verdict),
                       log.analysis->reason);
        CU_ASSERT_EQUAL(log.analysis->verdict, c->verdict);
        CU_ASSERT_PTR_NOT_NULL(strstr(log.analysis->reason, c->reason_holds));
        CU_ASSERT_EQUAL(log.analysis->notes->len,
                        c->verdict == VCB_VERDICT_PASS && c->second_p99_us > 5000 ? 1 : 0);
        end(&log);
    }
}

static void without_an_audit_nothing_is_believed(void)
{
    Log log = begin();

    add_call(&log, "1", 1, "n", TRUE);
    finish(&log, "completed");
    CU_ASSERT_EQUAL(log.analysis->verdict, VCB_VERDICT_INVALID);
    CU_ASSERT_PTR_NOT_NULL(strstr(log.analysis->reason, "no audit"));
    end(&log);
}

static void a_call_on_loopback_has_no_network(void)
{
    Log log = begin();
    const VcbCallAnalysis *call;

    add_call(&log, "1", 1, "", TRUE);
    call = finish(&log, "completed");
    CU_ASSERT_PTR_NULL(call->network);
    CU_ASSERT_FALSE(has(call, "link_sent"));
    CU_ASSERT_FALSE(log.analysis->audit.is_used);
    CU_ASSERT_EQUAL(log.analysis->verdict, VCB_VERDICT_PASS);
    end(&log);
}

static void changes_are_told_in_words(void)
{
    static const struct {
        const char *fields, *text;
    } CASES[] = {
        {"\"router\":\"alice\",\"direction\":\"up\",\"set\":{\"rate_bps\":1500000,\"delay_us\":20000,"
         "\"loss\":{}}",
         "alice up: rate 1.5 Mbit/s, delay 20 ms, loss"},
        {"\"router\":\"bob\",\"direction\":\"both\",\"set\":{\"up\":false}", "bob: link down"},
        {"\"host\":\"bob\",\"down\":\"wlan0\",\"up\":[\"wwan0\"]", "bob: wlan0 down, wwan0 up"},
        {"\"router\":\"alice\"", "alice: changed"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        Log log = begin();
        const VcbCallAnalysis *call;
        g_autofree char *text = NULL;

        add_call(&log, "1", 1, "n", TRUE);
        add(&log, 2000, "1", "network", "\"type\":\"change\",\"network\":\"n\",%s", CASES[i].fields);
        call = finish(&log, "completed");
        CU_ASSERT_EQUAL_FATAL(call->network->changes->len, 1);
        text = vcb_network_data_change_text(call->data, call->network->changes->pdata[0]);
        VCB_ASSERT_STRING(text, CASES[i].text);
        end(&log);
    }
}

/* Packets drawn onto a link: whatever happens, the metrics stay in their ranges and the accounts add up. */
static void no_more_is_lost_than_was_there(void)
{
    g_autoptr(GRand) draws = vcb_random_stream(5, "links");

    for (int round = 0; round < 100; round++) {
        Log log = begin();
        const VcbCallAnalysis *call;
        int sent = 0, lost = 0, full = 0;
        double loss = g_rand_double(draws), queue_loss = g_rand_double(draws);

        add_call(&log, "1", 1, "n", TRUE);
        for (int second = 0; second < 5; second++) {
            add_link(&log, 2000 + 1000 * second, "1", "n", "alice", "up", sent, lost, full,
                     g_rand_int_range(draws, 0, 100000), "");
            for (int n = g_rand_int_range(draws, 0, 200); n > 0; n--) {
                sent++;
                if (g_rand_double(draws) < queue_loss)
                    full++;
                else
                    lost += g_rand_double(draws) < loss;
            }
        }
        add_audit(&log, 8000, TRUE, 300, 0, 0);
        call = finish(&log, "completed");
        CU_ASSERT_NOT_EQUAL(log.analysis->verdict, VCB_VERDICT_ERROR);
        CU_ASSERT_TRUE(get(call, "link_lost") <= get(call, "link_sent"));
        CU_ASSERT_TRUE(get(call, "link_dropped_queue") <= get(call, "link_lost"));
        if (has(call, "link_loss_pct")) {
            VCB_ASSERT_NEAR(get(call, "link_loss_pct"), 100 * get(call, "link_lost") / get(call, "link_sent"),
                            1e-4);
        }
        CU_ASSERT_TRUE(get(call, "link_delay_p95_ms") >= get(call, "link_delay_ms") - 1e-6);
        end(&log);
    }
}

static void a_quantile_of_weights_is_never_too_small(void)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(VcbWeighted));
    const VcbWeighted broken = {NAN, 10}, empty = {1000, 0};

    CU_ASSERT_TRUE(isnan(vcb_weighted_quantile(values, 0.5)));
    vcb_weighted_add(values, 100, 1, 2, 3, 4);
    g_array_append_val(values, broken);
    g_array_append_val(values, empty);
    VCB_ASSERT_NEAR(vcb_weighted_quantile(values, 0.5), 1, 0);
    VCB_ASSERT_NEAR(vcb_weighted_quantile(values, 0.95), 2, 0);
    VCB_ASSERT_NEAR(vcb_weighted_quantile(values, 0.99), 3, 0);
    VCB_ASSERT_NEAR(vcb_weighted_quantile(values, 1), 4, 0);
    vcb_weighted_add(values, 900, 10, 20, 30, 40);
    VCB_ASSERT_NEAR(vcb_weighted_quantile(values, 0.05), 1, 0);
    VCB_ASSERT_NEAR(vcb_weighted_quantile(values, 0.5), 10, 0);
    VCB_ASSERT_NEAR(vcb_weighted_quantile(values, 0.96), 30, 0);
}

VCB_TEST_MAIN("network",
              {"links are measured between the warm-up and the hang-up",
               links_are_measured_between_the_warm_up_and_the_hang_up},
              {"one way is the sum of the links between two peers",
               one_way_is_the_sum_of_the_links_between_two_peers},
              {"a shared network is told apart by pair", a_shared_network_is_told_apart_by_pair},
              {"statistics stand beside the truth", statistics_stand_beside_the_truth},
              {"a call that NATs held back says so", a_call_that_nats_held_back_says_so},
              {"a call without servers says which were missing",
               a_call_without_servers_says_which_were_missing},
              {"an emulator that cannot be believed makes no verdict",
               an_emulator_that_cannot_be_believed_makes_no_verdict},
              {"without an audit nothing is believed", without_an_audit_nothing_is_believed},
              {"a call on loopback has no network", a_call_on_loopback_has_no_network},
              {"changes are told in words", changes_are_told_in_words},
              {"no more is lost than was there", no_more_is_lost_than_was_there},
              {"a quantile of weights is never too small", a_quantile_of_weights_is_never_too_small})
