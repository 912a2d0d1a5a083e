#include "harness/metric/metric_table.h"

#include "common/suggest.h"

#include <string.h>

#define CALL .scope = VCB_SCOPE_CALL
#define STREAM(k, d) .scope = VCB_SCOPE_STREAM, .kinds = VCB_KIND_##k, .directions = VCB_DIRECTION_##d
#define LINK(o) .scope = VCB_SCOPE_LINK, .over_links = (o)
#define LOWER .better = VCB_BETTER_LOWER
#define HIGHER .better = VCB_BETTER_HIGHER
#define RULE(r, f, s, o)                                                                                     \
    .rule = VCB_RULE_##r, .field = VCB_FIELD_##f, .scale = (s), .over_peers = VCB_OVER_PEERS_##o

/* The order here is the order of every list of metrics. */
const VcbMetricInfo VCB_METRICS[] = {
    {"connected", "", CALL, HIGHER,
     "1 where every peer's `connectionState` became `connected`, else 0. Its interval is Wilson's, of the "
     "rate",
     "W3C WebRTC, RTCPeerConnectionState", .is_binary = TRUE},
    {"connect_time_ms", "ms", CALL, LOWER,
     "from the first `start-call` that the server sent to the later peer's `connectionState` `connected`",
     "W3C WebRTC, RTCPeerConnectionState"},
    {"phase_offer_ms", "ms", CALL, LOWER, "from `start-call` to the offer's arrival at the answering peer",
     "RFC 8829"},
    {"phase_answer_ms", "ms", CALL, LOWER,
     "from there to the answer being set as remote description at the offering peer", "RFC 8829"},
    {"phase_ice_ms", "ms", CALL, LOWER,
     "from there to the later peer's `iceConnectionState` `connected` or `completed`; 0 where ICE was done "
     "before",
     "RFC 8445, RTCIceConnectionState"},
    {"phase_dtls_ms", "ms", CALL, LOWER, "from there to the later peer's `connectionState` `connected`",
     "RFC 5764, RTCPeerConnectionState"},
    {"phase_first_packet_ms", "ms", CALL, LOWER,
     "from `connect_time_ms` on to the first media packet of the last stream to begin; 0 where all had begun",
     ""},
    {"phase_first_frame_ms", "ms", CALL, LOWER,
     "from there to the first decoded video frame at the later peer; 0 where it came before", ""},
    {"time_to_first_frame_ms", "ms", CALL, LOWER,
     "from `start-call` to the first decoded video frame at the later of the peers that are sent video", ""},
    {"datachannel_open_ms", "ms", CALL, LOWER,
     "from `start-call` to `readyState` `open` of the data channel at the later peer",
     "RTCDataChannel.readyState, RFC 8832"},
    {"datachannel_rtt_ms", "ms", CALL, LOWER, "median of the pings that went over the data channel and back",
     ""},
    {"candidates_rejected", "", CALL, LOWER, "ICE candidates that a peer refused, over all peers",
     "W3C WebRTC, addIceCandidate"},
    {"candidates_queued", "", CALL, .better = VCB_BETTER_NEITHER,
     "ICE candidates that came before the remote description and were kept for it", "RFC 8838 (trickle ICE)"},
    {"errors", "", CALL, LOWER, "errors that the peers reported, fatal or not", ""},
    {"chat_sent", "", CALL, .better = VCB_BETTER_NEITHER, "texts sent on the data channel, over all peers",
     ""},
    {"chat_received", "", CALL, HIGHER, "texts that arrived", ""},
    {"chat_delay_ms", "ms", CALL, LOWER, "median one-way time of the texts, by the machine's one clock", ""},

    {"relayed", "", CALL, .better = VCB_BETTER_NEITHER,
     "1 where a candidate of the selected pair of either peer is a `relay` (TURN), else 0. Its interval is "
     "Wilson's, of the rate",
     "RTCIceCandidateType; RFC 8656", .is_binary = TRUE},
    {"cross_traffic_bps", "bit/s", CALL, .better = VCB_BETTER_NEITHER,
     "payload of the cross traffic beside the call that arrived, a second, over all its flows",
     "`bytes` of vcbench-traffic's sinks"},

    {"bitrate_bps", "bit/s", STREAM(BOTH, BOTH), HIGHER, "8 x bytes of payload a second",
     "`bytesReceived`, `bytesSent`", RULE(RATE, BYTES, 8, MEAN)},
    {"packets", "", STREAM(BOTH, BOTH), .better = VCB_BETTER_NEITHER, "RTP packets",
     "`packetsReceived`, `packetsSent`", RULE(INCREASE, PACKETS, 1, SUM)},
    {"packet_loss_pct", "%", STREAM(BOTH, BOTH), LOWER,
     "in: lost / (lost + received); out: lost according to the other side's reports / sent",
     "`packetsLost` of inbound-rtp, of remote-inbound-rtp; RFC 3550 section 6.4.1",
     RULE(LOSS, LOST, 1, RATIO)},
    {"network_loss_pct", "%", STREAM(BOTH, IN), LOWER,
     "the truth that `packet_loss_pct` is measured against: dropped on any link between the two peers / sent "
     "into "
     "the sender's line, by SSRC, retransmissions left out",
     "`flows` of the emulator's `link` lines", RULE(TRUTH, LOST, 1, RATIO)},
    {"jitter_ms", "ms", STREAM(BOTH, BOTH), LOWER,
     "mean of the interarrival jitter; out: according to the other side's reports",
     "`jitter` of inbound-rtp, of remote-inbound-rtp; RFC 3550 section 6.4.1",
     RULE(AVERAGE, JITTER, 1000, MEAN)},
    {"rtt_ms", "ms", STREAM(BOTH, OUT), LOWER, "mean of the round-trip times from RTCP reports",
     "`roundTripTime` of remote-inbound-rtp; RFC 3550 section 6.4.1", RULE(AVERAGE, RTT, 1000, MEAN)},
    {"nack_count", "", STREAM(BOTH, BOTH), LOWER, "NACKs: in: sent for this stream; out: received for it",
     "`nackCount`; RFC 4585 section 6.2.1", RULE(INCREASE, NACK, 1, SUM)},
    {"pli_count", "", STREAM(VIDEO, BOTH), LOWER, "picture loss indications, as above",
     "`pliCount`; RFC 4585 section 6.3.1", RULE(INCREASE, PLI, 1, SUM)},
    {"fir_count", "", STREAM(VIDEO, BOTH), LOWER, "full intra requests, as above",
     "`firCount`; RFC 5104 section 4.3.1", RULE(INCREASE, FIR, 1, SUM)},
    {"retransmitted_packets", "", STREAM(BOTH, BOTH), LOWER, "packets sent again",
     "`retransmittedPacketsReceived`, `retransmittedPacketsSent`; RFC 4588",
     RULE(INCREASE, RETRANSMITTED, 1, SUM)},
    {"fps", "frames/s", STREAM(VIDEO, BOTH), HIGHER,
     "in: frames decoded a second; out: frames encoded a second", "`framesDecoded`, `framesEncoded`",
     RULE(RATE, FRAMES, 1, MEAN)},
    {"frames_decoded", "", STREAM(VIDEO, IN), HIGHER, "frames decoded", "`framesDecoded`",
     RULE(INCREASE, FRAMES, 1, SUM)},
    {"frames_dropped", "", STREAM(VIDEO, IN), LOWER, "frames dropped before or after decoding",
     "`framesDropped`", RULE(INCREASE, FRAMES_DROPPED, 1, SUM)},
    {"freeze_count", "", STREAM(VIDEO, IN), LOWER,
     "gaps between frames longer than max(3 x mean, mean + 150 ms) of the last 30", "`freezeCount`",
     RULE(INCREASE, FREEZES, 1, SUM)},
    {"freeze_ms", "ms", STREAM(VIDEO, IN), LOWER, "total length of these gaps", "`totalFreezesDuration`",
     RULE(INCREASE, FREEZE_TIME, 1000, SUM)},
    {"longest_gap_ms", "ms", STREAM(VIDEO, IN), LOWER,
     "longest time between two frames, since the first frame: the warm-up is not left out",
     "`vcbLongestFrameGap` (own)", RULE(LAST, LONGEST_GAP, 1000, MAX)},
    {"width", "px", STREAM(VIDEO, BOTH), HIGHER, "width of the last frame", "`frameWidth`",
     RULE(LAST, WIDTH, 1, MEAN)},
    {"height", "px", STREAM(VIDEO, BOTH), HIGHER, "height of the last frame", "`frameHeight`",
     RULE(LAST, HEIGHT, 1, MEAN)},
    {"silence_ms", "ms", STREAM(AUDIO, IN), LOWER, "time in which the sound was below -60 dBFS",
     "`vcbSilenceDuration` (own)", RULE(INCREASE, SILENCE, 1000, SUM)},
    {"audio_level", "", STREAM(AUDIO, IN), .better = VCB_BETTER_NEITHER, "mean of the level, 0 to 1 (0 dBov)",
     "`audioLevel`; RFC 6464", RULE(AVERAGE, LEVEL, 1, MEAN)},
    {"concealed_pct", "%", STREAM(AUDIO, IN), LOWER,
     "samples that the decoder made up, of all that it put out", "`concealedSamples`, `totalSamplesReceived`",
     RULE(SHARE, CONCEALED, 1, RATIO), .of = VCB_FIELD_SAMPLES},

    {"link_sent", "", LINK("sum: a packet counts on each link"), .better = VCB_BETTER_NEITHER,
     "IP packets that came to the link", "`sent`"},
    {"link_lost", "", LINK("sum"), LOWER, "packets that were dropped on it, for whatever reason",
     "`dropped`"},
    {"link_loss_pct", "%", LINK("of the sums: of one link"), LOWER, "dropped / (dropped + delivered)",
     "`dropped`, `delivered`"},
    {"link_dropped_queue", "", LINK("sum"), LOWER,
     "packets that the queue dropped, because it was full or by its discipline",
     "`queue-full`, `codel` of `dropped`; RFC 8289"},
    {"link_rate_bps", "bit/s", LINK("sum of the peers' lines, down: what reached the peers"), HIGHER,
     "8 x bytes of IP packets delivered a second", "`delivered_bytes`"},
    {"link_delay_ms", "ms", LINK("one way: sum of the links from peer to peer, mean of both ways"), LOWER,
     "from coming to the link to leaving it: the seconds' medians, averaged by their packets", "`delay_us`"},
    {"link_delay_p95_ms", "ms", LINK("the same sum: no more than this"), LOWER,
     "95 % of the packets took no longer, as the seconds' percentiles tell",
     "`delay_us`; RFC 8867 section 4.1"},
    {"link_queue_ms", "ms", LINK("max"), LOWER,
     "95th percentile, over the seconds, of the longest wait for capacity in each", "`queue_us`"},

    {"cpu_pct", "%", .scope = VCB_SCOPE_PROCESS, LOWER,
     "CPU time, user and system, of wall time; 100 is one processor busy. Of the peers: their mean. Of "
     "`vcbench`, `signald` and `network`: over their whole life",
     "getrusage(2), proc(5)"},
    {"pss_bytes", "B", .scope = VCB_SCOPE_PROCESS, LOWER,
     "the largest proportional set size that was read: shared pages count in parts", "proc(5), smaps_rollup"},
    {"harness_cpu_share_pct", "%", .scope = VCB_SCOPE_RUN, LOWER,
     "CPU time of `vcbench`, `signald` and `network` of the CPU time of all processes of the run", ""},
    {"network_lateness_p99_ms", "ms", .scope = VCB_SCOPE_RUN, LOWER,
     "how much later than ideal packets left the emulated network, 99th percentile of the whole run",
     "`lateness_us`"},
    {"network_tx_dropped", "", .scope = VCB_SCOPE_RUN, LOWER,
     "packets that hosts' interfaces dropped before the emulator could read them", "`tx_dropped`"},
};
const gsize VCB_N_METRICS = G_N_ELEMENTS(VCB_METRICS);

const char *vcb_kind_name(VcbKind kind)
{
    return kind == VCB_KIND_VIDEO ? "video" : kind == VCB_KIND_AUDIO ? "audio" : "";
}

const char *vcb_direction_name(VcbDirection direction)
{
    return direction == VCB_DIRECTION_IN ? "in" : direction == VCB_DIRECTION_OUT ? "out" : "";
}

const char *vcb_link_direction_name(VcbLinkDirection direction)
{
    return direction == VCB_LINK_UP ? "up" : direction == VCB_LINK_DOWN ? "down" : "";
}

VcbLinkDirection vcb_link_direction_from_name(const char *name)
{
    return strcmp(name, "up") == 0 ? VCB_LINK_UP : strcmp(name, "down") == 0 ? VCB_LINK_DOWN : VCB_LINK_NONE;
}

gboolean vcb_metric_is_link(const char *name, const char *const *peers)
{
    if (strcmp(name, "bottleneck") == 0 || strcmp(name, "carrier") == 0)
        return TRUE;
    for (gsize i = 0; peers && peers[i]; i++) {
        gsize length = strlen(peers[i]);

        if (length && strncmp(name, peers[i], length) == 0 &&
            (!name[length] || (name[length] == '-' && name[length + 1])))
            return TRUE;
    }
    return FALSE;
}

static const VcbMetricInfo *find(const char *name)
{
    for (gsize i = 0; i < VCB_N_METRICS; i++) {
        if (strcmp(VCB_METRICS[i].name, name) == 0)
            return &VCB_METRICS[i];
    }
    return NULL;
}

/* Cut the last dot-separated word off. Returns the word, inside `text`; `text` itself where there is no dot.
 */
static const char *cut_last(char *text)
{
    char *dot = strrchr(text, '.');

    if (!dot)
        return text;
    *dot = '\0';
    return dot + 1;
}

/* "alice.video.in" in front of a stream's metric. FALSE: not such a thing. May set found->owner. */
static gboolean parse_stream(char *rest, VcbMetricName *found)
{
    const char *direction_word = cut_last(rest), *kind_word;

    found->direction = strcmp(direction_word, "in") == 0    ? VCB_DIRECTION_IN
                       : strcmp(direction_word, "out") == 0 ? VCB_DIRECTION_OUT
                                                            : VCB_DIRECTION_NONE;
    if (direction_word == rest || !(found->direction & found->info->directions))
        return FALSE;
    kind_word = cut_last(rest);
    found->kind = strcmp(kind_word, "video") == 0   ? VCB_KIND_VIDEO
                  : strcmp(kind_word, "audio") == 0 ? VCB_KIND_AUDIO
                                                    : VCB_KIND_NONE;
    if (!(found->kind & found->info->kinds))
        return FALSE;
    found->owner = kind_word == rest ? NULL : g_strdup(rest);
    return TRUE;
}

/* "alice.up" in front of a link's metric. */
static gboolean parse_link(char *rest, VcbMetricName *found)
{
    const char *word = cut_last(rest);

    found->link = vcb_link_direction_from_name(word);
    if (word == rest || found->link == VCB_LINK_NONE)
        return FALSE;
    found->owner = g_strdup(rest);
    return TRUE;
}

gboolean vcb_metric_name_parse(const char *text, VcbMetricName *name)
{
    g_autofree char *rest = g_strdup(text);
    const char *word = cut_last(rest);
    VcbMetricName found = {.info = find(word)};
    gboolean is_bare = word == rest;

    if (!found.info)
        return FALSE;
    if (found.info->scope == VCB_SCOPE_STREAM) {
        if (is_bare || !parse_stream(rest, &found))
            return FALSE;
    } else if (!is_bare && found.info->scope == VCB_SCOPE_LINK) {
        if (!parse_link(rest, &found))
            return FALSE;
    } else if (!is_bare) {
        if (found.info->scope != VCB_SCOPE_PROCESS)
            return FALSE;
        found.owner = g_strdup(rest);
    }
    if (found.owner && !*found.owner) {
        g_free(found.owner);
        return FALSE;
    }
    *name = found;
    return TRUE;
}

void vcb_metric_name_clear(VcbMetricName *name)
{
    g_clear_pointer(&name->owner, g_free);
}

static void add_owned(GPtrArray *names, const char *owner)
{
    const char *dot = *owner ? "." : "";

    for (gsize i = 0; i < VCB_N_METRICS; i++) {
        const VcbMetricInfo *info = &VCB_METRICS[i];

        for (int k = VCB_KIND_VIDEO; info->scope == VCB_SCOPE_STREAM && k <= VCB_KIND_AUDIO; k++) {
            for (int d = VCB_DIRECTION_IN; d <= VCB_DIRECTION_OUT; d++) {
                if ((k & info->kinds) && (d & info->directions))
                    g_ptr_array_add(names,
                                    g_strconcat(owner, dot, vcb_kind_name((VcbKind)k), ".",
                                                vcb_direction_name((VcbDirection)d), ".", info->name, NULL));
            }
        }
        for (int l = VCB_LINK_UP; *owner && info->scope == VCB_SCOPE_LINK && l <= VCB_LINK_DOWN; l++)
            g_ptr_array_add(names, g_strconcat(owner, dot, vcb_link_direction_name((VcbLinkDirection)l), ".",
                                               info->name, NULL));
        if (info->scope == VCB_SCOPE_PROCESS || (!*owner && info->scope != VCB_SCOPE_STREAM))
            g_ptr_array_add(names, g_strconcat(owner, dot, info->name, NULL));
    }
}

gboolean vcb_metric_is_known(const char *text, const char *const *peers, char **ret_suggestion)
{
    static const char *const SERVERS[] = {"vcbench", "signald", "network", NULL};
    g_auto(VcbMetricName) name = {0};
    g_autoptr(GPtrArray) names = NULL;

    *ret_suggestion = NULL;
    if (vcb_metric_name_parse(text, &name) &&
        (!name.owner ||
         (name.info->scope == VCB_SCOPE_LINK ? vcb_metric_is_link(name.owner, peers)
                                             : peers && g_strv_contains(peers, name.owner)) ||
         (name.info->scope == VCB_SCOPE_PROCESS && g_strv_contains(SERVERS, name.owner))))
        return TRUE;
    names = g_ptr_array_new_with_free_func(g_free);
    add_owned(names, "");
    for (gsize i = 0; peers && peers[i]; i++)
        add_owned(names, peers[i]);
    for (gsize i = 0; SERVERS[i]; i++) {
        g_ptr_array_add(names, g_strconcat(SERVERS[i], ".cpu_pct", NULL));
        g_ptr_array_add(names, g_strconcat(SERVERS[i], ".pss_bytes", NULL));
    }
    g_ptr_array_add(names, NULL);
    *ret_suggestion = g_strdup(vcb_suggest(text, (const char *const *)names->pdata));
    return FALSE;
}

const char *vcb_metric_unit(const char *text)
{
    g_auto(VcbMetricName) name = {0};

    return vcb_metric_name_parse(text, &name) ? name.info->unit : "";
}

static int compare_names(const VcbMetricName *a, const VcbMetricName *b)
{
    int by_owner = g_strcmp0(a->owner, b->owner); /* NULL first */

    if (by_owner)
        return by_owner;
    if (a->kind != b->kind)
        return (int)a->kind - (int)b->kind;
    if (a->direction != b->direction)
        return (int)a->direction - (int)b->direction;
    if (a->link != b->link)
        return (int)a->link - (int)b->link;
    return a->info < b->info ? -1 : a->info > b->info;
}

int vcb_metric_compare(const char *a, const char *b)
{
    g_auto(VcbMetricName) left = {0}, right = {0};
    gboolean left_known = vcb_metric_name_parse(a, &left), right_known = vcb_metric_name_parse(b, &right);

    if (left_known && right_known)
        return compare_names(&left, &right);
    return left_known != right_known ? (left_known ? -1 : 1) : strcmp(a, b);
}

static const char *better_text(VcbMetricBetter better)
{
    return better == VCB_BETTER_LOWER ? "lower" : better == VCB_BETTER_HIGHER ? "higher" : "";
}

static const char *over_peers_text(VcbOverPeers over_peers)
{
    static const char *const TEXTS[] = {"mean", "sum", "max", "of the sums"};

    return TEXTS[over_peers];
}

static const char *where_text(int kinds, int directions)
{
    static const char *const KINDS[] = {"", "video", "audio", "video, audio"};
    static const char *const DIRECTIONS[] = {"", ".in", ".out", ""};
    static char text[32];

    g_snprintf(text, sizeof text, "%s%s", KINDS[kinds & 3], DIRECTIONS[directions & 3]);
    return text;
}

static void write_rows(GString *out, VcbMetricScope scope)
{
    for (gsize i = 0; i < VCB_N_METRICS; i++) {
        const VcbMetricInfo *info = &VCB_METRICS[i];

        if (info->scope != scope)
            continue;
        g_string_append_printf(out, "| `%s` | %s | %s | %s | %s |", info->name, info->unit,
                               better_text(info->better), info->definition, info->source);
        if (scope == VCB_SCOPE_STREAM)
            g_string_append_printf(out, " %s | %s |", where_text((int)info->kinds, (int)info->directions),
                                   over_peers_text(info->over_peers));
        if (scope == VCB_SCOPE_LINK)
            g_string_append_printf(out, " %s |", info->over_links);
        g_string_append_c(out, '\n');
    }
}

char *vcb_metric_table_markdown(void)
{
    static const char HEAD[] = "| name | unit | better | definition | source |\n|---|---|---|---|---|\n";
    static const char STREAM_HEAD[] = "| name | unit | better | definition | source | of | over peers |\n"
                                      "|---|---|---|---|---|---|---|\n";
    static const char LINK_HEAD[] = "| name | unit | better | definition | source | of a call |\n"
                                    "|---|---|---|---|---|---|\n";
    GString *out = g_string_new("### Of a call\n\n");

    g_string_append(out, HEAD);
    write_rows(out, VCB_SCOPE_CALL);
    g_string_append_printf(
        out, "\n### Of a stream: `<kind>.<in|out>.<name>`, `<peer>.<kind>.<in|out>.<name>`\n\n%s",
        STREAM_HEAD);
    write_rows(out, VCB_SCOPE_STREAM);
    g_string_append_printf(out, "\n### Of a link: `<link>.<up|down>.<name>`; of a call: `<name>`\n\n%s",
                           LINK_HEAD);
    write_rows(out, VCB_SCOPE_LINK);
    g_string_append_printf(
        out,
        "\n### Of a process: `<name>`, `<peer>.<name>`, `vcbench.<name>`, `signald.<name>`, "
        "`network.<name>`\n\n%s",
        HEAD);
    write_rows(out, VCB_SCOPE_PROCESS);
    g_string_append_printf(out, "\n### Of the run\n\n%s", HEAD);
    write_rows(out, VCB_SCOPE_RUN);
    return g_string_free(out, FALSE);
}
