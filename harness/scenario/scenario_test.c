#include "common/error.h"
#include "common/test.h"
#include "harness/scenario/scenario.h"

#include <string.h>

/* Load a text with --set overrides; print what is wrong with it. */
static VcbScenario *load_with(const char *text, const char *const *sets)
{
    g_autoptr(GError) error = NULL;
    VcbScenario *scenario = vcb_scenario_load_text("dir/test.yaml", text, strlen(text), sets, &error);

    if (!scenario)
        g_printerr("%s\n", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static VcbScenario *load(const char *text)
{
    return load_with(text, NULL);
}

/* The message of a text that must not load. */
static char *refusal_with(const char *text, const char *const *sets)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbScenario) scenario = vcb_scenario_load_text("test.yaml", text, strlen(text), sets, &error);

    CU_ASSERT_PTR_NULL_FATAL(scenario);
    CU_ASSERT_TRUE(g_error_matches(error, VCB_ERROR, VCB_ERROR_USAGE));
    return g_strdup(error->message);
}

static void assert_says(const char *text, const char *const *sets, const char *part)
{
    g_autofree char *message = refusal_with(text, sets);

    if (!strstr(message, part))
        g_printerr("expected \"%s\" in:\n%s\n", part, message);
    CU_ASSERT_PTR_NOT_NULL(strstr(message, part));
}

#define SETS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void the_defaults_are_those_of_the_table(void)
{
    g_autoptr(VcbScenario) scenario = load("description: nothing else\n");
    const VcbSettings *s = &scenario->variants[0].settings;

    VCB_ASSERT_STRING(scenario->name, "test");
    CU_ASSERT_EQUAL(scenario->n_variants, 1);
    VCB_ASSERT_STRING(scenario->variants[0].name, "");
    CU_ASSERT_EQUAL(s->pairs, 1);
    CU_ASSERT_EQUAL(s->jobs, 0);
    CU_ASSERT_EQUAL(s->duration_us, 5000000);
    CU_ASSERT_EQUAL(s->warmup_us, 1000000);
    CU_ASSERT_EQUAL(s->connect_timeout_us, 15000000);
    CU_ASSERT_EQUAL(s->seed, 1);
    for (int i = 0; i < 2; i++) {
        const VcbPeerSettings *peer = &s->peers[i];

        VCB_ASSERT_STRING(peer->name, i ? "bob" : "alice");
        VCB_ASSERT_STRING(peer->engine, "webrtcbin");
        CU_ASSERT_PTR_NULL(peer->exec);
        CU_ASSERT_TRUE(peer->video.enabled && peer->audio.enabled && peer->data_channel &&
                       peer->candidate_queue);
        CU_ASSERT_EQUAL(peer->video.width, 640);
        CU_ASSERT_EQUAL(peer->video.height, 360);
        CU_ASSERT_EQUAL(peer->video.fps, 30);
        CU_ASSERT_EQUAL(peer->video.bitrate_bps, 800000);
        CU_ASSERT_EQUAL(peer->audio.frequency_hz, 440);
        VCB_ASSERT_STRING(peer->attach_tracks, "on-track");
    }
    CU_ASSERT_EQUAL(s->signaling.max_message_bytes, 65536);
    CU_ASSERT_EQUAL(s->signaling.port, 0);
    CU_ASSERT_PTR_NULL(s->signaling.token_secret);
    VCB_ASSERT_STRING(s->ice.bundle_policy, "max-bundle");
    VCB_ASSERT_STRING(s->turn_server, "none");
}

static void a_peers_own_settings_go_before_the_common_ones(void)
{
    g_autoptr(VcbScenario) scenario =
        load("peers:\n"
             "  carol: {video: {codec: vp9}, engine: {exec: [./peer, --fast]}}\n"
             "  dave: {audio: none}\n"
             "peer: {video: {codec: h264, fps: 15}, engine: webrtcbin}\n");
    const VcbPeerSettings *peers = scenario->variants[0].settings.peers;

    VCB_ASSERT_STRING(peers[0].name, "carol");
    VCB_ASSERT_STRING(peers[0].video.codec, "vp9");
    CU_ASSERT_EQUAL(peers[0].video.fps, 15);
    VCB_ASSERT_STRING(peers[0].engine, "exec");
    VCB_ASSERT_STRING(peers[0].exec[1], "--fast");
    VCB_ASSERT_STRING(peers[1].video.codec, "h264");
    CU_ASSERT_FALSE(peers[1].audio.enabled);
    CU_ASSERT_TRUE(peers[0].audio.enabled);
}

static void the_timeline_is_normalised_and_in_order(void)
{
    g_autoptr(VcbScenario) scenario = load("timeline:\n"
                                           "  - {at: 3s, do: Stop Video}\n"
                                           "  - {at: 1s, do: mute audio, peer: alice}\n"
                                           "  - {at: 1s, do: send_chat, text: 42, peer: bob}\n");
    const VcbSettings *s = &scenario->variants[0].settings;

    CU_ASSERT_EQUAL_FATAL(s->n_timeline, 3);
    VCB_ASSERT_STRING(s->timeline[0].action, "mute");
    VCB_ASSERT_STRING(s->timeline[0].peer, "alice");
    VCB_ASSERT_STRING(s->timeline[1].action, "send-chat");
    VCB_ASSERT_STRING(s->timeline[1].text, "42");
    VCB_ASSERT_STRING(s->timeline[2].action, "stop-video");
    VCB_ASSERT_STRING(s->timeline[2].peer, "all");
}

static void inject_rules_have_only_what_their_action_needs(void)
{
    g_autoptr(VcbScenario) scenario = load("inject:\n"
                                           "  - {do: hold, message: offer, until: end-of-candidates}\n"
                                           "  - {do: drop, message: ice-candidate, from: bob, nth: 2}\n"
                                           "  - {do: both-initiate}\n");
    const VcbInjectRule *rules = scenario->variants[0].settings.inject;

    CU_ASSERT_EQUAL_FATAL(scenario->variants[0].settings.n_inject, 3);
    CU_ASSERT_EQUAL(rules[0].time_us, 5000000);
    CU_ASSERT_EQUAL(rules[0].count, 1);
    VCB_ASSERT_STRING(rules[0].from, "any");
    VCB_ASSERT_STRING(rules[1].from, "bob");
    CU_ASSERT_EQUAL(rules[1].nth, 2);
    CU_ASSERT_EQUAL(rules[1].time_us, 0);
    CU_ASSERT_PTR_NULL(rules[1].until);
    VCB_ASSERT_STRING(rules[2].message, "any");
}

static void a_matrix_makes_every_combination(void)
{
    g_autoptr(VcbScenario) scenario = load("matrix:\n"
                                           "  peer.candidate_queue: [true, false]\n"
                                           "  peers.bob.video.pattern: [smpte, ball, snow]\n");

    CU_ASSERT_EQUAL_FATAL(scenario->n_variants, 6);
    VCB_ASSERT_STRING(scenario->variants[0].name, "candidate_queue=true, pattern=smpte");
    VCB_ASSERT_STRING(scenario->variants[4].name, "candidate_queue=false, pattern=ball");
    CU_ASSERT_FALSE(scenario->variants[4].settings.peers[0].candidate_queue);
    VCB_ASSERT_STRING(scenario->variants[4].settings.peers[0].video.pattern, "smpte");
    VCB_ASSERT_STRING(scenario->variants[4].settings.peers[1].video.pattern, "ball");
    CU_ASSERT_TRUE(cJSON_IsFalse(cJSON_GetObjectItem(scenario->variants[4].matrix, "peer.candidate_queue")));
}

static void a_variants_name_takes_as_much_of_the_path_as_it_needs(void)
{
    g_autoptr(VcbScenario) scenario = load("matrix:\n"
                                           "  peers.alice.video.pattern: [snow]\n"
                                           "  peers.bob.video.pattern: [ball]\n"
                                           "  inject: [[], [{do: drop, message: answer}]]\n");

    CU_ASSERT_EQUAL_FATAL(scenario->n_variants, 2);
    VCB_ASSERT_STRING(scenario->variants[1].name,
                      "alice.video.pattern=snow, bob.video.pattern=ball, inject=#2");
    CU_ASSERT_EQUAL(scenario->variants[0].settings.n_inject, 0);
    CU_ASSERT_EQUAL(scenario->variants[1].settings.n_inject, 1);
}

static void an_expectation_of_some_variants_replaces_the_general_one(void)
{
    g_autoptr(VcbScenario) scenario = load("matrix: {peer.candidate_queue: [true, false]}\n"
                                           "expect:\n"
                                           "  connected.min: 1\n"
                                           "  connect_time_ms: \"< 2s\"\n"
                                           "  variants:\n"
                                           "    - when: {peer.candidate_queue: false}\n"
                                           "      connected.min: 0\n"
                                           "      candidates_rejected.min: \">= 1\"\n");
    static const struct {
        guint variant;
        const char *expression;
    } EXPECTED[] = {
        {0, "connected.min == 1"}, {0, "connect_time_ms.median < 2000"}, {1, "connect_time_ms.median < 2000"},
        {1, "connected.min == 0"}, {1, "candidates_rejected.min >= 1"},
    };

    CU_ASSERT_EQUAL_FATAL(scenario->n_expectations, G_N_ELEMENTS(EXPECTED));
    for (guint i = 0; i < scenario->n_expectations; i++) {
        VCB_ASSERT_STRING(scenario->expectations[i].expression, EXPECTED[i].expression);
        CU_ASSERT_EQUAL(scenario->expectations[i].variant, EXPECTED[i].variant);
    }
    CU_ASSERT_EQUAL(scenario->expectations[0].line, 3);
}

static void comparisons_take_the_metrics_units(void)
{
    g_autoptr(VcbScenario) scenario = load("network: {hosts: {alice: {interfaces: [{name: wwan0}]}}}\n"
                                           "expect:\n"
                                           "  connect_time_ms.p95: \"<=1.5s\"\n"
                                           "  bob.audio.in.silence_ms.max: 1500..2500\n"
                                           "  video.in.packet_loss_pct.mean: \"< 0.5%\"\n"
                                           "  connected.mean: \">= 95%\"\n"
                                           "  video.in.bitrate_bps: \"> 1Mbps\"\n"
                                           "  alice.pss_bytes.max: \"< 1MiB\"\n"
                                           "  chat_received: 2\n"
                                           "  alice-wwan0.up.link_delay_ms.p95: \"< 50ms\"\n"
                                           "  link_loss_pct: 1%..3%\n"
                                           "  relayed.mean: \">= 50%\"\n");
    const VcbExpectation *e = scenario->expectations;

    CU_ASSERT_EQUAL_FATAL(scenario->n_expectations, 10);
    VCB_ASSERT_STRING(e[0].comparison, "<=");
    CU_ASSERT_EQUAL(e[0].value, 1500);
    VCB_ASSERT_STRING(e[0].statistic, "p95");
    VCB_ASSERT_STRING(e[1].comparison, "..");
    CU_ASSERT_EQUAL(e[1].value, 1500);
    CU_ASSERT_EQUAL(e[1].high, 2500);
    VCB_ASSERT_STRING(e[1].expression, "bob.audio.in.silence_ms.max in 1500..2500");
    CU_ASSERT_EQUAL(e[2].value, 0.5);
    CU_ASSERT_TRUE(e[2].percent);
    CU_ASSERT_EQUAL(e[3].value, 95);
    CU_ASSERT_TRUE(e[3].percent);
    CU_ASSERT_EQUAL(e[4].value, 1e6);
    CU_ASSERT_EQUAL(e[5].value, 1048576);
    VCB_ASSERT_STRING(e[6].comparison, "==");
    VCB_ASSERT_STRING(e[6].statistic, "median");
    CU_ASSERT_FALSE(e[6].percent);
    VCB_ASSERT_STRING(e[7].metric, "alice-wwan0.up.link_delay_ms");
    CU_ASSERT_EQUAL(e[7].value, 50);
    CU_ASSERT_EQUAL(e[8].high, 3);
    CU_ASSERT_TRUE(e[8].percent && e[9].percent);
}

static void set_goes_before_the_file(void)
{
    g_autoptr(VcbScenario) scenario =
        load_with("duration: 9s\nmatrix: {peer.glare: [none, designated]}\n",
                  SETS("duration=2s", "peers.bob.video=none", "matrix.peer.glare=[designated]",
                       "expect.connect_time_ms.p95=>= 3", "description=a: b", "peer.audio={bitrate: 64kbps}",
                       "signaling.port=8080"));
    const VcbSettings *s = &scenario->variants[0].settings;

    CU_ASSERT_EQUAL(scenario->n_variants, 1);
    CU_ASSERT_EQUAL(s->duration_us, 2000000);
    CU_ASSERT_TRUE(s->peers[0].video.enabled);
    CU_ASSERT_FALSE(s->peers[1].video.enabled);
    VCB_ASSERT_STRING(s->description, "a: b");
    CU_ASSERT_EQUAL(s->peers[1].audio.bitrate_bps, 64000);
    CU_ASSERT_EQUAL(s->signaling.port, 8080);
    CU_ASSERT_EQUAL_FATAL(scenario->n_expectations, 1);
    VCB_ASSERT_STRING(scenario->expectations[0].expression, "connect_time_ms.p95 >= 3");
    CU_ASSERT_EQUAL(scenario->expectations[0].line, 0);
}

static void a_wrong_set_is_told_as_such(void)
{
    assert_says("name: x\n", SETS("duration=5"), "--set duration=5: `duration`: `5` has no unit");
    assert_says("name: x\n", SETS("duratoin=5s"), "--set duratoin=5s: there is no setting `duratoin`");
    assert_says("name: x\n", SETS("duration"), "--set duration: this is no setting");
    assert_says("matrix: {\"\": [1]}\n", NULL, "an empty path");
    assert_says("name: x\n", SETS("=5"), "--set =5: this is no setting");
    assert_says("name: x\n", SETS("peers.carol.video=none"), "alice, bob");
    assert_says("name: x\n", SETS("peer.engine={exec: [x}"), "--set peer.engine={exec: [x}: ");
    assert_says("peer: {video: none}\n", SETS("peer.video.codec=vp8"), "cannot be reached");
    assert_says("matrix: {peer.glare: [none, designated]}\n", SETS("peer.glare=none"), "--filter");
    assert_says("name: x\n", SETS("ice.servers.0.urls=stun:a"), "cannot be reached");
    assert_says("name: x\n", SETS("description=\xff"), "UTF-8");
    assert_says("name: x\n", SETS("signaling.token_secret=${VCB_TEST_NOT_SET}"), "VCB_TEST_NOT_SET");
}

static void variables_come_from_the_environment(void)
{
    g_setenv("VCB_TEST_A", "8081", TRUE);
    g_setenv("VCB_TEST_EMPTY", "", TRUE);
    g_unsetenv("VCB_TEST_NOT_SET");
    g_autoptr(VcbScenario) scenario =
        load("signaling: {port: \"${VCB_TEST_A}\", token_secret: \"$$a${VCB_TEST_NOT_SET:-b}$c\"}\n"
             "duration: ${VCB_TEST_EMPTY:-3s}\n");
    const VcbSettings *s = &scenario->variants[0].settings;

    CU_ASSERT_EQUAL(s->signaling.port, 8081);
    VCB_ASSERT_STRING(s->signaling.token_secret, "$ab$c");
    CU_ASSERT_EQUAL(s->duration_us, 3000000);
}

static void show_keeps_secrets_in_the_environment(void)
{
    g_setenv("VCB_TEST_SECRET", "hunter2", TRUE);
    g_autoptr(VcbScenario) scenario = load("signaling: {token_secret: \"${VCB_TEST_SECRET}\"}\n"
                                           "ice: {servers: [{urls: \"turn:t\", username: u, credential: "
                                           "\"${VCB_TEST_SECRET}\"}]}\n");
    g_autofree char *shown = vcb_scenario_show(scenario);

    VCB_ASSERT_STRING(scenario->variants[0].settings.signaling.token_secret, "hunter2");
    CU_ASSERT_PTR_NULL(strstr(shown, "hunter2"));
    CU_ASSERT_PTR_NOT_NULL(strstr(shown, "credential: \"${VCB_TEST_SECRET}\""));
}

static void anchors_and_merges_are_understood(void)
{
    g_autoptr(VcbScenario) scenario = load("x-video: &video {codec: vp9, fps: 15}\n"
                                           "peers:\n"
                                           "  alice: {video: {<<: *video, fps: 24}}\n"
                                           "  bob: {video: *video}\n");
    const VcbPeerSettings *peers = scenario->variants[0].settings.peers;

    CU_ASSERT_EQUAL(peers[0].video.fps, 24);
    VCB_ASSERT_STRING(peers[0].video.codec, "vp9");
    CU_ASSERT_EQUAL(peers[1].video.fps, 15);
}

static void a_problem_of_some_variants_names_the_first(void)
{
    assert_says("matrix: {ice.transport_policy: [all, relay]}\n", NULL, "(variant transport_policy=relay)");
}

static void a_file_that_is_none_is_told_in_one_line(void)
{
    static const char *const PATHS[] = {"/", "/nonexistent/x.yaml", "/dev/zero"};

    for (gsize i = 0; i < G_N_ELEMENTS(PATHS); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbScenario) scenario = vcb_scenario_load(PATHS[i], NULL, &error);

        CU_ASSERT_PTR_NULL(scenario);
        CU_ASSERT_TRUE_FATAL(g_error_matches(error, VCB_ERROR, VCB_ERROR_USAGE));
        CU_ASSERT_TRUE(g_str_has_prefix(error->message, PATHS[i]));
        CU_ASSERT_PTR_NULL(strchr(error->message, '\n'));
    }
}

VCB_TEST_MAIN("scenario", {"the defaults are those of the table", the_defaults_are_those_of_the_table},
              {"a peer's own settings go before the common ones",
               a_peers_own_settings_go_before_the_common_ones},
              {"the timeline is normalised and in order", the_timeline_is_normalised_and_in_order},
              {"inject rules have only what their action needs",
               inject_rules_have_only_what_their_action_needs},
              {"a matrix makes every combination", a_matrix_makes_every_combination},
              {"a variant's name takes as much of the path as it needs",
               a_variants_name_takes_as_much_of_the_path_as_it_needs},
              {"an expectation of some variants replaces the general one",
               an_expectation_of_some_variants_replaces_the_general_one},
              {"comparisons take the metric's units", comparisons_take_the_metrics_units},
              {"--set goes before the file", set_goes_before_the_file},
              {"a wrong --set is told as such", a_wrong_set_is_told_as_such},
              {"variables come from the environment", variables_come_from_the_environment},
              {"show keeps secrets in the environment", show_keeps_secrets_in_the_environment},
              {"anchors and merges are understood", anchors_and_merges_are_understood},
              {"a problem of some variants names the first", a_problem_of_some_variants_names_the_first},
              {"a file that is none is told in one line", a_file_that_is_none_is_told_in_one_line})
