#include "harness/scenario/checks.h"

#include "common/suggest.h"
#include "harness/scenario/engine_limits.h"
#include "harness/scenario/network_checks.h"

#include <string.h>

static const VcbPeerSettings *find_peer(const VcbSettings *settings, const char *name)
{
    for (guint i = 0; i < 2; i++)
        if (g_str_equal(settings->peers[i].name, name))
            return &settings->peers[i];
    return NULL;
}

/* A peer's name, or the word that means each of them. */
static gboolean check_peer(VcbBinding *binding, const char *name, const char *word, const VcbNode *where)
{
    const VcbSettings *settings = binding->settings;
    const char *known[] = {settings->peers[0].name, settings->peers[1].name, word, NULL};
    const char *nearest;

    if (g_strv_contains(known, name))
        return TRUE;
    nearest = vcb_suggest(name, known);
    if (nearest)
        vcb_problems_add(binding->problems, where, "there is no peer `%s`; did you mean `%s`?", name,
                         nearest);
    else
        vcb_problems_add(binding->problems, where,
                         "there is no peer `%s`; the peers are %s and %s, or write %s", name, known[0],
                         known[1], word);
    return FALSE;
}

static void check_times(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;
    g_autofree char *duration = vcb_units_format(VCB_UNIT_TIME, (double)settings->duration_us);
    g_autofree char *warmup = vcb_units_format(VCB_UNIT_TIME, (double)settings->warmup_us);

    if (settings->warmup_us >= settings->duration_us) {
        gboolean by_default = !vcb_binding_has(binding, "warmup");

        vcb_problems_add(
            binding->problems, vcb_binding_where(binding, by_default ? "duration" : "warmup"),
            "`warmup` (%s%s) leaves nothing of `duration` (%s) to measure; make it shorter, e.g. "
            "`warmup: 0`",
            warmup, by_default ? ", its default" : "", duration);
    }
    for (guint i = 0; i < settings->n_timeline; i++) {
        g_autofree char *at = vcb_units_format(VCB_UNIT_TIME, (double)settings->timeline[i].at_us);

        if (settings->timeline[i].at_us >= settings->duration_us)
            vcb_problems_add(
                binding->problems, vcb_binding_where(binding, "timeline.%u.at", i),
                "at %s the call is over: it lasts %s; choose an earlier time, or a longer `duration`", at,
                duration);
    }
}

static void check_peers(VcbBinding *binding)
{
    const VcbPeerSettings *peers = binding->settings->peers;
    gboolean any = FALSE;

    for (guint i = 0; i < 2; i++) {
        const VcbVideoSettings *video = &peers[i].video;

        any = any || video->enabled || peers[i].audio.enabled || peers[i].data_channel;
        if (video->enabled && g_str_equal(video->source, "file") && !video->file)
            vcb_problems_add(binding->problems, vcb_binding_where(binding, "peers.%u.video.source", i),
                             "`source: file` lacks its `file`; add `file: NAME`");
        if (video->enabled && g_str_equal(video->source, "camera") && !video->device)
            vcb_problems_add(binding->problems, vcb_binding_where(binding, "peers.%u.video.source", i),
                             "`source: camera` lacks its `device`; add e.g. `device: /dev/video0`");
    }
    if (!any)
        vcb_problems_add(
            binding->problems, vcb_binding_where(binding, "peers.0"),
            "no peer has video, audio or a data channel, so there is nothing to negotiate; give one of "
            "them one");
}

/* One m-line carries one codec here: both sides must mean the same one. */
static void check_codecs(VcbBinding *binding)
{
    const VcbPeerSettings *peers = binding->settings->peers;
    const VcbVideoSettings *a = &peers[0].video, *b = &peers[1].video;

    if (!a->enabled || !b->enabled || g_strcmp0(a->codec, b->codec) == 0 || peers[0].exec || peers[1].exec)
        return; /* another engine may well negotiate both */
    vcb_problems_add(binding->problems, vcb_binding_where(binding, "peers.1.video.codec"),
                     "%s sends %s and %s sends %s; give both the same codec (`peer.video.codec`)",
                     peers[0].name, a->codec, peers[1].name, b->codec);
}

static gboolean is_turn(const VcbIceServer *server)
{
    return g_str_has_prefix(server->urls, "turn:") || g_str_has_prefix(server->urls, "turns:");
}

static void check_ice(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;
    gboolean relayed = g_str_equal(settings->turn_server, "coturn");

    for (guint i = 0; i < settings->ice.n_servers; i++) {
        const VcbIceServer *server = &settings->ice.servers[i];

        relayed = relayed || is_turn(server);
        if (is_turn(server) &&
            (!server->username || !server->credential)) /* W3C WebRTC 1.0 section 4.4.1.6 */
            vcb_problems_add(binding->problems, vcb_binding_where(binding, "ice.servers.%u.urls", i),
                             "a TURN server needs `username` and `credential`; add %s",
                             server->username     ? "the `credential`"
                             : server->credential ? "the `username`"
                                                  : "both");
    }
    if (g_str_equal(settings->ice.transport_policy, "relay") && !relayed)
        vcb_problems_add(
            binding->problems, vcb_binding_where(binding, "ice.transport_policy"),
            "`transport_policy: relay` without a TURN server cannot connect; add `turn_server: coturn`, "
            "or a turn: URL to `ice.servers`");
}

/* Whether somebody whom the entry is about has what it acts on. */
static gboolean has_target(const VcbSettings *settings, const VcbTimelineEntry *entry)
{
    for (guint i = 0; i < 2; i++) {
        const VcbPeerSettings *peer = &settings->peers[i];

        if (!g_str_equal(entry->peer, "all") && !g_str_equal(entry->peer, peer->name))
            continue;
        if (strstr(entry->action, "mute") ? peer->audio.enabled : peer->video.enabled)
            return TRUE;
    }
    return FALSE;
}

static void check_timeline(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;

    for (guint i = 0; i < settings->n_timeline; i++) {
        const VcbTimelineEntry *entry = &settings->timeline[i];
        const VcbNode *where = vcb_binding_where(binding, "timeline.%u.do", i);
        g_autofree char *who = g_strdup_printf("%s sends", entry->peer);
        gboolean chats = g_str_equal(entry->action, "send-chat");

        if (!check_peer(binding, entry->peer, "all", vcb_binding_where(binding, "timeline.%u.peer", i)))
            continue;
        if (entry->pair > settings->pairs)
            vcb_problems_add(binding->problems, vcb_binding_where(binding, "timeline.%u.pair", i),
                             "there is no pair %d: there are %d; choose one of them, or set `pairs`",
                             entry->pair, settings->pairs);
        if (chats && !settings->peers[0].data_channel && !settings->peers[1].data_channel)
            vcb_problems_add(
                binding->problems, where,
                "`send-chat` needs a data channel; set `data_channel: true` for one of the peers");
        if ((strstr(entry->action, "mute") || strstr(entry->action, "video")) && !has_target(settings, entry))
            vcb_problems_add(binding->problems, where, "`%s`: %s no %s; leave this entry out", entry->action,
                             g_str_equal(entry->peer, "all") ? "the peers send" : who,
                             strstr(entry->action, "mute") ? "audio" : "video");
    }
}

static void check_inject(VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;

    for (guint i = 0; i < settings->n_inject; i++) {
        const VcbInjectRule *rule = &settings->inject[i];
        const VcbNode *message = vcb_binding_where(binding, "inject.%u.message", i);
        gboolean starts = g_str_equal(rule->message, "start-call");

        if (g_str_equal(rule->action, "both-initiate")) {
            if (!starts && !g_str_equal(rule->message, "any"))
                vcb_problems_add(binding->problems, message,
                                 "`both-initiate` is about `start-call`; leave `message` out");
            continue;
        }
        if (starts)
            vcb_problems_add(
                binding->problems, message,
                "`start-call` comes from the server and is not relayed, so it cannot be %s; choose a "
                "message of a peer, or `do: both-initiate`",
                g_str_equal(rule->action, "hold")    ? "held"
                : g_str_equal(rule->action, "delay") ? "delayed"
                : g_str_equal(rule->action, "drop")  ? "dropped"
                                                     : "duplicated");
        if (check_peer(binding, rule->from, "any", vcb_binding_where(binding, "inject.%u.from", i)) &&
            check_peer(binding, rule->to, "any", vcb_binding_where(binding, "inject.%u.to", i)) &&
            find_peer(settings, rule->from) && g_str_equal(rule->from, rule->to))
            vcb_problems_add(binding->problems, vcb_binding_where(binding, "inject.%u.to", i),
                             "`%s` sends nothing to itself; choose the other peer, or leave `to` out",
                             rule->to);
        if (vcb_binding_has(binding, "inject.%u.count", i) && !rule->until)
            vcb_problems_add(binding->problems, vcb_binding_where(binding, "inject.%u.count", i),
                             "`count` says nothing without `until`; add e.g. `until: ice-candidate`");
    }
}

static gint compare_entries(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const VcbTimelineEntry *x = a, *y = b;

    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

void vcb_checks_run(VcbBinding *binding)
{
    VcbSettings *settings = binding->settings;

    check_times(binding);
    check_peers(binding);
    check_codecs(binding);
    check_ice(binding);
    check_timeline(binding);
    check_inject(binding);
    vcb_network_check(binding);
    vcb_engine_limits_check(binding);
    if (settings->n_timeline) /* stable; last, as checks find entries by their place in the file */
        g_qsort_with_data(settings->timeline, (gint)settings->n_timeline, sizeof *settings->timeline,
                          compare_entries, NULL);
}
