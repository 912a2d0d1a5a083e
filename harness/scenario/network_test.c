#include "common/test.h"
#include "harness/scenario/fields.h"
#include "harness/scenario/network_profiles.h"

#include <string.h>

static VcbScenario *load_with(const char *text, const char *const *sets)
{
    g_autoptr(GError) error = NULL;
    VcbScenario *scenario = vcb_scenario_load_text("test.yaml", text, strlen(text), sets, &error);

    if (!scenario)
        g_printerr("%s\n", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static VcbScenario *load(const char *text)
{
    return load_with(text, NULL);
}

static const VcbNetworkSettings *net(const VcbScenario *scenario)
{
    return &scenario->variants[0].settings.net;
}

static const VcbInterfaceSettings *first(const VcbScenario *scenario, int peer)
{
    return &net(scenario)->hosts[peer].interfaces[0];
}

static void loopback_is_the_default(void)
{
    g_autoptr(VcbScenario) nothing = load("name: x"), said = load("network: loopback"),
                           mapping = load("network: {profile: loopback}");

    CU_ASSERT_FALSE(net(nothing)->enabled);
    CU_ASSERT_FALSE(net(said)->enabled);
    CU_ASSERT_FALSE(net(mapping)->enabled);
    VCB_ASSERT_STRING(nothing->variants[0].settings.network, "loopback");
}

static void an_empty_mapping_is_a_lan_without_anything(void)
{
    g_autoptr(VcbScenario) scenario = load("network: {}");
    const VcbInterfaceSettings *alice = first(scenario, 0);

    CU_ASSERT_TRUE(net(scenario)->enabled);
    VCB_ASSERT_STRING(scenario->variants[0].settings.network, "lan");
    VCB_ASSERT_STRING(alice->name, "eth0");
    VCB_ASSERT_STRING(alice->ip, "ipv4");
    CU_ASSERT_EQUAL(alice->mtu, 1500);
    CU_ASSERT_EQUAL(alice->n_nats, 0);
    CU_ASSERT_FALSE(alice->firewall.enabled);
    CU_ASSERT_EQUAL(net(scenario)->hosts[1].n_interfaces, 1);
    CU_ASSERT_EQUAL(net(scenario)->max_lateness_us, 5000);
    CU_ASSERT_PTR_NULL(net(scenario)->carrier_nat);
    CU_ASSERT_PTR_NULL(net(scenario)->bottleneck_behind);
    VCB_ASSERT_NEAR(alice->line_up.loss_p, 0, 0);
    VCB_ASSERT_NEAR(alice->line_up.loss_k, 1, 0);
    VCB_ASSERT_STRING(alice->line_up.state, "up");
}

static void a_line_has_half_of_its_round_trip_each_way(void)
{
    g_autoptr(VcbScenario) scenario = load("network: wpt-dsl");
    const VcbInterfaceSettings *bob = first(scenario, 1);

    CU_ASSERT_EQUAL(bob->line_up.delay_us, 25000);
    CU_ASSERT_EQUAL(bob->line_down.delay_us, 25000);
    VCB_ASSERT_NEAR(bob->line_up.rate_bps, 384e3, 0);
    VCB_ASSERT_NEAR(bob->line_down.rate_bps, 1500e3, 0);
}

static void changes_are_laid_over_the_profile_in_order(void)
{
    g_autoptr(VcbScenario) scenario =
        load("network:\n"
             "  profile: dsl\n"
             "  link: {loss: 1%, delay: 10ms, queue: 64KiB}\n"
             "  up: {delay: 20ms}\n"
             "  hosts:\n"
             "    bob: {profile: 4g, link: {delay: 30ms}, down: {delay: 40ms, queue: 50}}\n");
    const VcbDirectionSettings *alice_up = &first(scenario, 0)->line_up,
                               *alice_down = &first(scenario, 0)->line_down,
                               *bob_up = &first(scenario, 1)->line_up,
                               *bob_down = &first(scenario, 1)->line_down;

    CU_ASSERT_EQUAL(alice_up->delay_us, 20000);
    CU_ASSERT_EQUAL(alice_down->delay_us, 10000);
    VCB_ASSERT_NEAR(alice_up->rate_bps, 5e6, 0); /* of the profile */
    VCB_ASSERT_STRING(alice_up->queue_unit, "bytes");
    CU_ASSERT_EQUAL(alice_up->queue_limit, 65536);
    CU_ASSERT_EQUAL(bob_up->delay_us, 30000);
    CU_ASSERT_EQUAL(bob_down->delay_us, 40000);
    VCB_ASSERT_NEAR(bob_up->rate_bps, 8e6, 0);
    VCB_ASSERT_STRING(bob_up->queue_unit, "bytes");
    VCB_ASSERT_STRING(bob_down->queue_unit, "packets");
    CU_ASSERT_EQUAL(bob_down->queue_limit, 50);
    /* The general change holds for bob's own profile, too. */
    VCB_ASSERT_NEAR(bob_up->loss_k, 0.99, 1e-12);
    VCB_ASSERT_NEAR(bob_up->loss_p, 0, 0);
}

static void a_later_loss_takes_the_place_of_all_of_an_earlier_one(void)
{
    g_autoptr(VcbScenario) scenario =
        load("network: {link: {loss: {rate: 5%, burst: 4, by: time}}, up: {loss: 2%}, down: {jitter: 5ms}}");
    const VcbDirectionSettings *up = &first(scenario, 0)->line_up, *down = &first(scenario, 0)->line_down;

    VCB_ASSERT_NEAR(up->loss_k, 0.98, 1e-12);
    VCB_ASSERT_STRING(up->loss_by, "packet");
    VCB_ASSERT_STRING(down->loss_by, "time");
    VCB_ASSERT_NEAR(down->loss_r, 0.25, 1e-12);
    CU_ASSERT_EQUAL(down->jitter_us, 5000);
}

static void rate_and_burst_give_the_long_run_loss(void)
{
    static const double RATES[] = {0.1, 1, 5, 20, 49}, BURSTS[] = {1, 1.5, 4, 100};

    for (gsize i = 0; i < G_N_ELEMENTS(RATES); i++) {
        for (gsize k = 0; k < G_N_ELEMENTS(BURSTS); k++) {
            g_autofree char *text =
                g_strdup_printf("network: {link: {loss: {rate: %g%%, burst: %g}}}", RATES[i], BURSTS[k]);
            g_autoptr(VcbScenario) scenario = load(text);
            const VcbDirectionSettings *line = &first(scenario, 0)->line_up;
            double bad = line->loss_p / (line->loss_p + line->loss_r);

            VCB_ASSERT_NEAR(bad * (1 - line->loss_h) + (1 - bad) * (1 - line->loss_k), RATES[i] / 100, 1e-12);
            VCB_ASSERT_NEAR(1 / line->loss_r, BURSTS[k], 1e-9);
        }
    }
}

static void the_four_numbers_of_gilbert_and_elliott_are_taken_as_they_are(void)
{
    g_autoptr(VcbScenario) all = load("network: {link: {loss: {p: 2%, r: 30%, h: 10%, k: 99.5%}}}"),
                           two = load("network: {link: {loss: {p: 2%, r: 30%}}}");
    const VcbDirectionSettings *line = &first(all, 0)->line_up;

    VCB_ASSERT_NEAR(line->loss_p, 0.02, 1e-15);
    VCB_ASSERT_NEAR(line->loss_r, 0.3, 1e-15);
    VCB_ASSERT_NEAR(line->loss_h, 0.1, 1e-15);
    VCB_ASSERT_NEAR(line->loss_k, 0.995, 1e-15);
    VCB_ASSERT_NEAR(first(two, 0)->line_up.loss_h, 0, 0);
    VCB_ASSERT_NEAR(first(two, 0)->line_up.loss_k, 1, 0);
}

static void the_last_word_on_capacity_counts(void)
{
    g_autoptr(VcbScenario) scenario = load(
        "network:\n"
        "  link: {rate_steps: [{at: 2s, rate: 1Mbps}, {at: 0s, rate: 2Mbps}, {at: 3s, rate: unlimited}]}\n"
        "  up: {rate: 300kbps}\n");
    const VcbDirectionSettings *up = &first(scenario, 0)->line_up, *down = &first(scenario, 0)->line_down;

    CU_ASSERT_EQUAL(up->n_rate_steps, 0);
    VCB_ASSERT_NEAR(up->rate_bps, 300e3, 0);
    CU_ASSERT_EQUAL_FATAL(down->n_rate_steps, 3);
    CU_ASSERT_EQUAL(down->rate_steps[0].at_us, 0); /* sorted */
    VCB_ASSERT_NEAR(down->rate_steps[0].rate_bps, 2e6, 0);
    VCB_ASSERT_NEAR(down->rate_steps[2].rate_bps, 0, 0);
}

static void the_words_for_nats_are_rfc_4787s_behaviours(void)
{
    static const char *const WORDS[][4] = {
        {"full-cone", "endpoint-independent", "endpoint-independent", "preserve"},
        {"restricted", "endpoint-independent", "address-dependent", "preserve"},
        {"port-restricted", "endpoint-independent", "address-and-port-dependent", "preserve"},
        {"symmetric", "address-and-port-dependent", "address-and-port-dependent", "random"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(WORDS); i++) {
        g_autofree char *text = g_strdup_printf("network: {nat: %s}", WORDS[i][0]);
        g_autoptr(VcbScenario) scenario = load(text);
        const VcbInterfaceSettings *alice = first(scenario, 0);

        CU_ASSERT_EQUAL_FATAL(alice->n_nats, 1);
        VCB_ASSERT_STRING(alice->nats[0].mapping, WORDS[i][1]);
        VCB_ASSERT_STRING(alice->nats[0].filtering, WORDS[i][2]);
        VCB_ASSERT_STRING(alice->nats[0].ports, WORDS[i][3]);
        CU_ASSERT_TRUE(alice->nats[0].hairpin);
        CU_ASSERT_EQUAL(alice->nats[0].lifetime_us, 120000000);
    }
}

static void a_list_of_nats_keeps_its_order(void)
{
    g_autoptr(VcbScenario) scenario = load(
        "network: {nat: symmetric, hosts: {bob: {nat: [full-cone, none, {type: symmetric, ports: parity, "
        "filtering: address-dependent}]}, alice: {nat: none}}}");
    const VcbInterfaceSettings *bob = first(scenario, 1);

    CU_ASSERT_EQUAL(first(scenario, 0)->n_nats, 0);
    CU_ASSERT_EQUAL_FATAL(bob->n_nats, 2);
    VCB_ASSERT_STRING(bob->nats[0].mapping, "endpoint-independent");
    VCB_ASSERT_STRING(bob->nats[1].mapping, "address-and-port-dependent");
    VCB_ASSERT_STRING(bob->nats[1].filtering, "address-dependent");
    VCB_ASSERT_STRING(bob->nats[1].ports, "parity");
}

static void the_words_for_firewalls_are_what_they_say(void)
{
    g_autoptr(VcbScenario) blocked = load("network: {firewall: udp-blocked}"),
                           only = load("network: {firewall: {type: tcp-443-only, ipv6: block}}"),
                           except =
                               load("network: {firewall: {type: udp-blocked-except, udp_ports: [3478, 53]}}"),
                           stateful = load("network: {firewall: stateful}");
    const VcbFirewallChoice *firewall = &first(blocked, 0)->firewall;

    CU_ASSERT_TRUE(firewall->enabled);
    VCB_ASSERT_STRING(firewall->udp, "block");
    VCB_ASSERT_STRING(firewall->inbound, "stateful");
    CU_ASSERT_FALSE(firewall->limits_tcp);
    firewall = &first(only, 0)->firewall;
    CU_ASSERT_TRUE_FATAL(firewall->limits_tcp && firewall->n_tcp_ports == 1);
    CU_ASSERT_EQUAL(firewall->tcp_ports[0], 443);
    VCB_ASSERT_STRING(firewall->ipv6, "block");
    firewall = &first(except, 0)->firewall;
    CU_ASSERT_EQUAL_FATAL(firewall->n_udp_ports, 2);
    CU_ASSERT_EQUAL(firewall->udp_ports[1], 53);
    firewall = &first(stateful, 0)->firewall;
    VCB_ASSERT_STRING(firewall->udp, "allow");
    VCB_ASSERT_STRING(firewall->inbound, "stateful");
}

static void a_further_interface_stands_behind_a_line_of_its_own(void)
{
    g_autoptr(VcbScenario) scenario =
        load("network:\n"
             "  {profile: wifi, ip: dual, nat: symmetric, link: {loss: 5%}, interface: wlan0,\n"
             "   interfaces: [{name: wwan0, profile: wpt-3g, up: {delay: 7ms}, state: down}]}");
    const VcbInterfaceSettings *wwan;

    CU_ASSERT_EQUAL_FATAL(net(scenario)->hosts[1].n_interfaces, 2);
    wwan = &net(scenario)->hosts[1].interfaces[1];
    VCB_ASSERT_STRING(wwan->name, "wwan0");
    VCB_ASSERT_STRING(wwan->ip, "dual");
    CU_ASSERT_FALSE(wwan->up);
    CU_ASSERT_EQUAL(wwan->n_nats, 0);
    CU_ASSERT_EQUAL(wwan->line_up.delay_us, 7000);
    CU_ASSERT_EQUAL(wwan->line_down.delay_us, 150000);
    VCB_ASSERT_NEAR(wwan->line_up.loss_k, 1, 0);
    CU_ASSERT_TRUE(net(scenario)->hosts[1].interfaces[0].up);
}

static void a_change_says_only_what_is_written(void)
{
    g_autoptr(VcbScenario) scenario =
        load("network:\n"
             "  timeline:\n"
             "    - {at: 3s, host: bob, do: down}\n"
             "    - {at: 2s, host: bob, direction: up, rate: unlimited, jitter: 0s, state: down}\n"
             "    - {at: 0s, loss: {p: 1%, r: 50%}}\n");
    const VcbNetworkTimelineEntry *entries = net(scenario)->timeline;

    CU_ASSERT_EQUAL_FATAL(net(scenario)->n_timeline, 3);
    VCB_ASSERT_STRING(entries[0].host, "all");
    VCB_ASSERT_STRING(entries[0].direction, "both");
    VCB_ASSERT_STRING(entries[0].set, "{\"loss\":{\"p\":0.01,\"r\":0.5,\"h\":0,\"k\":1}}");
    VCB_ASSERT_STRING(entries[1].set,
                      "{\"rate_bps\":0,\"jitter\":{\"distribution\":\"uniform\",\"us\":0},\"up\":false}");
    VCB_ASSERT_STRING(entries[2].action, "down");
    CU_ASSERT_PTR_NULL(entries[2].set);
}

static void cross_traffic_takes_the_bottleneck_where_there_is_one(void)
{
    g_autoptr(VcbScenario) scenario = load(
        "network: {bottleneck: bob, cross_traffic: [{kind: tcp-short, size: {max: 1MB}}, {kind: udp, behind: "
        "alice, stop: 2s}]}");
    const VcbCrossTraffic *traffic = net(scenario)->cross_traffic;

    VCB_ASSERT_STRING(net(scenario)->bottleneck_behind, "bob");
    CU_ASSERT_EQUAL_FATAL(net(scenario)->n_cross_traffic, 2);
    VCB_ASSERT_STRING(traffic[0].behind, "bottleneck");
    CU_ASSERT_EQUAL(traffic[0].min_bytes, 30000);
    CU_ASSERT_EQUAL(traffic[0].max_bytes, 1000000);
    CU_ASSERT_EQUAL(traffic[0].stop_us, 0);
    VCB_ASSERT_STRING(traffic[1].behind, "alice");
    CU_ASSERT_EQUAL(traffic[1].stop_us, 2000000);
}

static void a_word_is_spelled_out_when_something_below_it_is_set(void)
{
    static const char *const SETS[] = {"network=wifi",
                                       "network.link.loss=2%",
                                       "network.link.loss.burst=3",
                                       "network.nat=symmetric",
                                       "network.nat.lifetime=5s",
                                       "network.hosts.bob=dsl",
                                       "network.hosts.bob.up.delay=77ms",
                                       NULL};
    g_autoptr(VcbScenario) scenario = load_with("name: x", SETS);

    VCB_ASSERT_STRING(scenario->variants[0].settings.network, "wifi");
    VCB_ASSERT_NEAR(first(scenario, 0)->line_up.rate_bps, 20e6, 0);
    VCB_ASSERT_NEAR(first(scenario, 0)->line_up.loss_r, 1.0 / 3, 1e-12);
    CU_ASSERT_EQUAL(first(scenario, 0)->nats[0].lifetime_us, 5000000);
    VCB_ASSERT_NEAR(first(scenario, 1)->line_up.rate_bps, 5e6, 0);
    CU_ASSERT_EQUAL(first(scenario, 1)->line_up.delay_us, 77000);
}

static void a_matrix_goes_over_any_part_of_it(void)
{
    g_autoptr(VcbScenario) scenario =
        load("network: wifi\n"
             "matrix:\n"
             "  network.link.loss: [0%, 5%]\n"
             "  network.hosts.alice.nat: [none, symmetric, [full-cone, full-cone]]\n"
             "expect:\n"
             "  connected.min: 1\n"
             "  variants:\n"
             "    - {when: {network.link.loss: 5%}, connected.min: 0..1}\n");
    g_autoptr(VcbScenario) whole =
        load("matrix: {network: [loopback, wifi, {profile: dsl, nat: symmetric}]}");

    CU_ASSERT_EQUAL_FATAL(scenario->n_variants, 6);
    VCB_ASSERT_STRING(scenario->variants[1].name, "loss=0%, nat=symmetric");
    VCB_ASSERT_STRING(scenario->variants[2].name, "loss=0%, nat=[full-cone, full-cone]");
    VCB_ASSERT_STRING(whole->variants[2].name, "network={profile: dsl, nat: symmetric}");
    CU_ASSERT_EQUAL(scenario->variants[0].settings.net.hosts[0].interfaces[0].n_nats, 0);
    CU_ASSERT_EQUAL(scenario->variants[5].settings.net.hosts[0].interfaces[0].n_nats, 2);
    VCB_ASSERT_NEAR(scenario->variants[5].settings.net.hosts[1].interfaces[0].line_up.loss_k, 0.95, 1e-12);
    CU_ASSERT_EQUAL_FATAL(whole->n_variants, 3);
    CU_ASSERT_FALSE(whole->variants[0].settings.net.enabled);
    VCB_ASSERT_STRING(whole->variants[1].settings.network, "wifi");
    VCB_ASSERT_STRING(whole->variants[2].settings.network, "dsl");
}

static void what_surrounds_the_network_has_its_defaults(void)
{
    g_autoptr(VcbScenario) scenario = load("network: lan\nturn_server: coturn"),
                           said = load("network: lan\nturn_server: coturn\npairs: 3\n"
                                       "turn: {transport: all, credentials: time-limited}\n"
                                       "signaling: {path: direct}\nrecord: {capture: true, dtls_keys: true}\n"
                                       "timeline: [{at: 0s, do: hang up, pair: 2}, {at: 1s, do: mute}]");
    const VcbSettings *settings = &scenario->variants[0].settings;

    VCB_ASSERT_STRING(settings->turn_transport, "udp");
    VCB_ASSERT_STRING(settings->turn_credentials, "static");
    CU_ASSERT_FALSE(settings->signaling_direct || settings->record_capture || settings->record_dtls_keys);
    settings = &said->variants[0].settings;
    VCB_ASSERT_STRING(settings->turn_transport, "all");
    VCB_ASSERT_STRING(settings->turn_credentials, "time-limited");
    CU_ASSERT_TRUE(settings->signaling_direct && settings->record_capture && settings->record_dtls_keys);
    CU_ASSERT_EQUAL(settings->timeline[0].pair, 2);
    CU_ASSERT_EQUAL(settings->timeline[1].pair, 0);
}

static void a_pairs_lines_are_laid_over_those_of_its_hosts(void)
{
    static const char *const SETS[] = {"network.pairs.1.hosts.bob.down.delay=7ms", NULL};
    g_autoptr(VcbScenario) scenario =
        load_with("pairs: 4\n"
                  "network:\n"
                  "  shared: true\n"
                  "  link: {loss: 1%}\n"
                  "  hosts: {alice: {link: {delay: 20ms}, up: {queue: 50}}}\n"
                  "  pairs:\n"
                  "    - {pair: 4, hosts: {alice: {profile: 4g, up: {delay: 30ms}}}}\n"
                  "    - {pair: 2, hosts: {bob: wpt-dsl}}\n"
                  "matrix:\n"
                  "  network.pairs.0.hosts.alice.down.rate: [1Mbps, 2Mbps]\n",
                  SETS);
    const VcbPairLines *second = vcb_network_pair_lines(net(scenario), 2),
                       *fourth = vcb_network_pair_lines(net(scenario), 4);

    CU_ASSERT_PTR_NULL(vcb_network_pair_lines(net(scenario), 1));
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_PTR_NOT_NULL_FATAL(fourth);
    CU_ASSERT_EQUAL(fourth->line_up[0].delay_us, 30000);
    CU_ASSERT_EQUAL(fourth->line_down[0].delay_us, 20000); /* of alice's hosts, whatever the profile */
    CU_ASSERT_EQUAL(fourth->line_up[0].queue_limit, 50);
    VCB_ASSERT_NEAR(fourth->line_up[0].rate_bps, 8e6, 0);
    VCB_ASSERT_NEAR(fourth->line_up[0].loss_k, 0.99, 1e-12); /* of all */
    VCB_ASSERT_NEAR(fourth->line_down[0].rate_bps, 1e6, 0);
    VCB_ASSERT_NEAR(scenario->variants[1].settings.net.pairs[0].line_down[0].rate_bps, 2e6, 0);
    CU_ASSERT_EQUAL(fourth->line_up[1].delay_us, 200); /* bob's, of whom nothing is said there */
    VCB_ASSERT_NEAR(second->line_up[1].rate_bps, 384e3, 0);
    CU_ASSERT_EQUAL(second->line_down[1].delay_us, 7000);
    CU_ASSERT_EQUAL(second->line_up[0].delay_us, 20000);
    CU_ASSERT_FALSE(vcb_settings_equal(&scenario->variants[0].settings, &scenario->variants[1].settings));
}

static void every_profile_is_a_word_and_has_a_source(void)
{
    CU_ASSERT_STRING_EQUAL(VCB_NETWORK_WORDS[0], "loopback");
    for (const char *const *name = VCB_PROFILE_NAMES; *name; name++) {
        const VcbNetworkProfile *profile = vcb_network_profile_find(*name);

        CU_ASSERT_PTR_NOT_NULL_FATAL(profile);
        CU_ASSERT_TRUE(profile->down_kbps > 0 && profile->up_kbps > 0 && profile->rtt_ms > 0);
        CU_ASSERT_TRUE(*profile->source != '\0');
        /* A call with this line at both ends is a scenario. */
        {
            g_autofree char *text = g_strdup_printf("network: %s", *name);
            g_autoptr(VcbScenario) scenario = load(text);

            VCB_ASSERT_NEAR(first(scenario, 0)->line_up.rate_bps, profile->up_kbps * 1000, 0.5);
        }
    }
}

VCB_TEST_MAIN("network", {"loopback is the default", loopback_is_the_default},
              {"an empty mapping is a lan without anything", an_empty_mapping_is_a_lan_without_anything},
              {"a line has half of its round trip each way", a_line_has_half_of_its_round_trip_each_way},
              {"changes are laid over the profile in order", changes_are_laid_over_the_profile_in_order},
              {"a later loss takes the place of all of an earlier one",
               a_later_loss_takes_the_place_of_all_of_an_earlier_one},
              {"rate and burst give the long-run loss", rate_and_burst_give_the_long_run_loss},
              {"the four numbers of Gilbert and Elliott are taken as they are",
               the_four_numbers_of_gilbert_and_elliott_are_taken_as_they_are},
              {"the last word on capacity counts", the_last_word_on_capacity_counts},
              {"the words for NATs are RFC 4787's behaviours", the_words_for_nats_are_rfc_4787s_behaviours},
              {"a list of NATs keeps its order", a_list_of_nats_keeps_its_order},
              {"the words for firewalls are what they say", the_words_for_firewalls_are_what_they_say},
              {"a further interface stands behind a line of its own",
               a_further_interface_stands_behind_a_line_of_its_own},
              {"a change says only what is written", a_change_says_only_what_is_written},
              {"cross traffic takes the bottleneck where there is one",
               cross_traffic_takes_the_bottleneck_where_there_is_one},
              {"a word is spelled out when something below it is set",
               a_word_is_spelled_out_when_something_below_it_is_set},
              {"a matrix goes over any part of it", a_matrix_goes_over_any_part_of_it},
              {"what surrounds the network has its defaults", what_surrounds_the_network_has_its_defaults},
              {"a pair's lines are laid over those of its hosts",
               a_pairs_lines_are_laid_over_those_of_its_hosts},
              {"every profile is a word and has a source", every_profile_is_a_word_and_has_a_source})
