#include "tests/scenario/random_scenario.h"

#include "harness/scenario/network_table.h"

#include <string.h>

static const char *const TEXTS[] = {"plain",
                                    "two words",
                                    "true",
                                    "null",
                                    "a: b",
                                    "\\\"quoted\\\"",
                                    "it's",
                                    "# none",
                                    "- item",
                                    "tab\\there",
                                    "žluťoučký",
                                    "{curly}",
                                    "$$5",
                                    "$${x}",
                                    "~",
                                    "line\\nbreak",
                                    "trailing \\\\",
                                    "[a, b]",
                                    "*alias",
                                    "&anchor",
                                    "%percent",
                                    "@at",
                                    "\xf0\x9f\x98\x80",
                                    "\\u200b",
                                    "!tag"};

static gboolean chance(GRand *random, double p)
{
    return g_rand_double(random) < p;
}

static const char *pick(GRand *random, const char *const *words)
{
    return words[g_rand_int_range(random, 0, (gint32)g_strv_length((char **)words))];
}

/* A value in the row's range, in one of the ways to write it. */
static char *random_value(const VcbSetting *setting, GRand *random)
{
    double low = setting->low, high = MIN(setting->high, setting->low + 1e6);

    switch (setting->type) {
    case VCB_TYPE_CHOICE:
        /* What webrtcbin cannot do, and what both peers must agree on, would make no scenario. */
        if (g_str_equal(setting->key, "rtcp_mux"))
            return g_strdup("require");
        if (g_str_equal(setting->key, "type") && g_strv_contains(setting->choices, "udp-blocked"))
            return g_strdup(chance(random, 0.5)
                                ? "stateful"
                                : "{type: udp-blocked-except, udp_ports: [3478, 53], ipv6: block}");
        if (g_str_equal(setting->key, "profile"))
            return g_strdup("wifi-busy");
        if (g_str_equal(setting->key, "codec"))
            return g_strdup(g_strv_contains(setting->choices, "opus") ? "opus" : "vp8");
        return g_strdup(pick(random, setting->choices));
    case VCB_TYPE_BOOL:
        return g_strdup(chance(random, 0.5) ? "true" : "false");
    case VCB_TYPE_INT:
    case VCB_TYPE_SEED:
        if (g_str_equal(setting->key, "candidate_pool"))
            return g_strdup("0");
        if (g_str_equal(setting->key, "pairs") || g_str_equal(setting->key, "repeat"))
            high = 10;
        if (setting->zero && chance(random, 0.3))
            return g_strdup(setting->zero);
        return g_strdup_printf("%.0f", low + g_rand_int_range(random, 0, (gint32)(high - low) + 1));
    case VCB_TYPE_SIZE:
        return g_strdup_printf("%dx%d", 2 * g_rand_int_range(random, 8, 2048),
                               2 * g_rand_int_range(random, 8, 2048));
    case VCB_TYPE_QUEUE: {
        static const char *const QUEUES[] = {"100ms", "64KiB", "1500B", "17", "1.5s", NULL};

        return g_strdup(pick(random, QUEUES));
    }
    case VCB_TYPE_WHOLE:
    case VCB_TYPE_NUMBER:
    case VCB_TYPE_FRACTION: {
        double value = low + g_rand_double(random) * (high - low);

        return vcb_units_format(setting->unit,
                                setting->type == VCB_TYPE_WHOLE ? (double)(gint64)value : value);
    }
    default:
        if (g_str_equal(setting->key, "urls"))
            return g_strdup("\"stun:stun.example.org:3478\"");
        if (g_str_equal(setting->key, "interface"))
            return g_strdup("wlan0");
        if (g_str_equal(setting->key, "device"))
            return g_strdup("/dev/video7");
        if (setting->pattern && !g_str_equal(setting->pattern, "."))
            return g_strdup("name-1");
        return g_strdup_printf("\"%s\"", TEXTS[g_rand_int_range(random, 0, G_N_ELEMENTS(TEXTS))]);
    }
}

static void append(GString *out, guint level, const char *key, const char *value)
{
    g_string_append_printf(out, "%*s%s: %s\n", (int)(2 * level), "", key, value);
}

/* Rows that say something only beside others, which random_network() writes. */
static const char *const ELSEWHERE[] = {"transport", "credentials", "path", "capture", "turn_server", "host",
                                        "port",      "jobs",        "ip",   "mtu",     "trace",       NULL};

/* Which no emulated network can reach. */
#define SERVERS "[{urls: \"stun:a\"}, {urls: \"turn:b\", username: u, credential: p}]"

/* Some rows of a table. */
static void random_table(GString *out, const VcbSetting *table, GRand *random, guint level)
{
    const char *word = NULL;

    for (const VcbSetting *setting = table; setting->key; setting++) {
        g_autofree char *value = NULL;

        if (setting->selector && setting->applies && !g_strv_contains(setting->applies, word ? word : ""))
            continue;
        if (chance(random, 0.5) && !setting->required_where)
            continue;
        if (!vcb_setting_is_scalar(setting)) {
            if (setting->type == VCB_TYPE_ENGINE) {
                append(out, level, setting->key,
                       chance(random, 0.5) ? "webrtcbin" : "{exec: [./peer, \"--x y\"]}");
            } else if (setting->type == VCB_TYPE_OPTIONAL && chance(random, 0.2)) {
                append(out, level, setting->key, "none");
            } else if ((setting->type == VCB_TYPE_SHORT || setting->type == VCB_TYPE_SHORTS) &&
                       !g_str_equal(setting->key, "bottleneck")) {
                g_autofree char *alone = random_value(vcb_setting_short(setting), random);

                append(out, level, setting->key, alone);
            } else if (setting->type == VCB_TYPE_OPTIONAL || setting->type == VCB_TYPE_GROUP ||
                       setting->type == VCB_TYPE_LINK) {
                gsize before = out->len;

                append(out, level, setting->key, "");
                gsize begin = out->len;
                random_table(out, setting->children, random, level + 1);
                if (out->len == begin)
                    g_string_truncate(out, before);
            } else if (g_str_equal(setting->key, "servers")) {
                append(out, level, setting->key, SERVERS);
            }
            continue;
        }
        /* Relay asks for a server, and the times for an order: those are written by random_scenario(). */
        if (g_strv_contains(ELSEWHERE, setting->key) || g_str_equal(setting->key, "transport_policy") ||
            g_str_equal(setting->key, "duration") || g_str_equal(setting->key, "warmup"))
            continue;
        value = random_value(setting, random);
        append(out, level, setting->key, value);
        if (setting->choices)
            for (guint i = 0; setting->choices[i]; i++)
                if (g_str_equal(setting->choices[i], value) && g_str_equal(setting->key, "source"))
                    word = setting->choices[i];
    }
}

static void random_peer(GString *out, GRand *random, guint level)
{
    const VcbSetting *peer = vcb_setting_find(VCB_SETTINGS, "peer");

    /* A data channel, so that there is always something to negotiate, whatever else is drawn. */
    random_table(out, peer->children + 4, random, level);
    append(out, level, "data_channel", "true");
    for (int i = 0; i < 3; i++) {
        VcbSetting one[2] = {peer->children[i], {0}};

        random_table(out, one, random, level);
    }
}

static const char *const INTERFACES[] = {
    "    - {name: wwan0, profile: 4g, nat: [symmetric, full-cone], link: {loss: 1%}}\n",
    "    - {name: wwan0, state: down, firewall: {tcp_ports: [443, 80]}, up: {jitter: {amount: 5ms}}}\n",
    "    - {name: wwan0, mtu: 700, down: {rate_steps: [{at: 2s, rate: 1Mbps}]}, ip: ipv4}\n",
};

static const char *const ENTRIES[] = {
    "    - {at: 1s, host: all, do: handover, to: wwan0}\n",
    "    - {at: 2s, interface: wwan0, direction: up, rate: unlimited, mtu: none, loss: {p: 1%, r: 20%}}\n",
    "    - {at: 1s, host: bottleneck, jitter: {distribution: pareto, amount: 5ms, limit: 50ms}}\n",
    "    - {at: 0, do: down}\n",
    "    - {at: 0, rate_steps: [], reorder: {rate: 1%, delay: 30ms}, queue: 1s, mtu_icmp: false}\n",
};

/* One network for all pairs, of which some have lines of their own. `pairs` is 1 at least, and nobody asks for jobs. */
static void random_pairs(GString *out, GRand *random, const char *peer)
{
    g_string_append_printf(out, "  shared: true\n  pairs:\n    - pair: 1\n      hosts:\n        %s:\n", peer);
    if (chance(random, 0.3))
        g_string_insert(out, (gssize)out->len - 1, " 4g");
    else
        random_table(out, VCB_NETWORK_PAIR_HOST_TABLE, random, 5);
}

/* An emulated network, and what means something only with one. */
static void random_network(GString *out, GRand *random, const char *peer)
{
    VcbSetting host[20] = {{0}};
    guint n = 0;

    g_string_append(out, "network:\n");
    for (const VcbSetting *setting = VCB_NETWORK_TABLE; setting->key; setting++)
        if (setting->type != VCB_TYPE_LIST && setting->type != VCB_TYPE_HOSTS &&
            !g_str_equal(setting->key, "shared"))
            host[n++] = *setting;
    g_assert(n < G_N_ELEMENTS(host));
    random_table(out, host, random, 1);
    if (chance(random, 0.5))
        g_string_append(out, "  ip: dual\n  mtu: 1400\n");
    g_string_append_printf(
        out, "  bottleneck: {behind: %s, link: {discipline: codel, rate: 2Mbps}}\n  interfaces:\n", peer);
    g_string_append(out, INTERFACES[g_rand_int_range(random, 0, G_N_ELEMENTS(INTERFACES))]);
    g_string_append_printf(
        out, "  cross_traffic: [{kind: tcp-short, flows: 3}, {kind: udp, behind: %s, stop: 2s}]\n", peer);
    g_string_append(out, "  timeline:\n");
    for (gsize i = 0; i < G_N_ELEMENTS(ENTRIES); i++)
        if (chance(random, 0.7))
            g_string_append(out, ENTRIES[i]);
    g_string_append(out, "    - {at: 1s, corrupt: 0.01%}\n");
    if (chance(random, 0.7)) {
        g_string_append_printf(out, "  hosts:\n    %s:\n      mtu: 1400\n", peer);
        random_table(out, VCB_NETWORK_HOST_TABLE, random, 3);
    }
    if (chance(random, 0.3))
        random_pairs(out, random, peer);
    g_string_append(out, "turn_server: coturn\nturn: {transport: all, credentials: time-limited}\n");
}

char *random_scenario(GRand *random)
{
    GString *out = g_string_new("duration: 3s\nwarmup: 500ms\n");
    gboolean named = chance(random, 0.5);

    random_table(out, VCB_SETTINGS, random, 0);
    if (chance(random, 0.5)) {
        g_string_replace(out, SERVERS, "[]", 0);
        random_network(out, random, named ? "dave" : "bob");
    }
    if (chance(random, 0.7)) {
        g_string_append(out, "peer:\n");
        random_peer(out, random, 1);
    }
    if (named) {
        g_string_append(out, "peers:\n  carol:\n");
        random_peer(out, random, 2);
        g_string_append(out, "  dave: {data_channel: true}\n");
    }
    if (chance(random, 0.5))
        g_string_append_printf(
            out, "timeline:\n  - {at: %dms, do: send chat, text: \"%s\"}\n  - {at: 1s, do: hangup}\n",
            g_rand_int_range(random, 0, 3000), TEXTS[g_rand_int_range(random, 0, G_N_ELEMENTS(TEXTS))]);
    if (chance(random, 0.5))
        g_string_append_printf(out,
                               "inject:\n  - {do: hold, message: offer, until: answer, count: %d, from: %s}\n"
                               "  - {do: delay, time: %dms}\n  - {do: both-initiate, message: start-call}\n",
                               g_rand_int_range(random, 1, 100), named ? "dave" : "bob",
                               g_rand_int_range(random, 1, 10000));
    if (chance(random, 0.5))
        g_string_append_printf(
            out,
            "matrix:\n  peer.candidate_queue: [true, false]\n  peers.%s.glare: [none, designated]\n"
            "  inject: [[], [{do: drop, message: answer}]]\n"
            "expect:\n  connected.min: 1\n  connect_time_ms: \"<%dms\"\n  variants:\n"
            "    - {when: {peer.candidate_queue: false}, connected.min: 0..1}\n",
            named ? "carol" : "alice", g_rand_int_range(random, 1, 100000));
    return g_string_free(out, FALSE);
}
