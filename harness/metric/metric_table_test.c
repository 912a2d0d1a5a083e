/* SOURCE_ROOT: where docs/metrics.md stands. VCB_UPDATE=1 in the environment writes its tables anew. */
#include "harness/metric/metric_table.h"

#include "common/test.h"

#include <string.h>

#define BEGIN "<!-- tables: made from harness/metric/metric_table.c -->\n\n"
#define END "\n<!-- end of the tables -->"

static void the_page_says_what_the_table_says(void)
{
    const char *path = SOURCE_ROOT "/docs/metrics.md";
    g_autofree char *page = NULL, *tables = vcb_metric_table_markdown(), *written = NULL;
    char *begin, *end;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &page, NULL, NULL));
    begin = strstr(page, BEGIN);
    CU_ASSERT_PTR_NOT_NULL_FATAL(begin);
    begin += strlen(BEGIN);
    end = strstr(begin, END);
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    written = g_strndup(begin, (gsize)(end - begin));
    if (g_strcmp0(g_getenv("VCB_UPDATE"), "1") == 0 && strcmp(written, tables) != 0) {
        g_autofree char *head = g_strndup(page, (gsize)(begin - page));
        g_autofree char *whole = g_strconcat(head, tables, end, NULL);

        CU_ASSERT_TRUE(g_file_set_contents(path, whole, -1, NULL));
        return;
    }
    VCB_ASSERT_STRING(written, tables);
}

static void names_are_taken_apart(void)
{
    g_auto(VcbMetricName) name = {0}, of_peer = {0}, dotted = {0}, process = {0}, link = {0}, all_links = {0};

    CU_ASSERT_TRUE_FATAL(vcb_metric_name_parse("video.in.bitrate_bps", &name));
    CU_ASSERT_EQUAL(name.kind, VCB_KIND_VIDEO);
    CU_ASSERT_EQUAL(name.direction, VCB_DIRECTION_IN);
    CU_ASSERT_PTR_NULL(name.owner);
    CU_ASSERT_TRUE_FATAL(vcb_metric_name_parse("alice.audio.out.jitter_ms", &of_peer));
    VCB_ASSERT_STRING(of_peer.owner, "alice");
    CU_ASSERT_TRUE_FATAL(vcb_metric_name_parse("a.video.video.in.fps", &dotted));
    VCB_ASSERT_STRING(dotted.owner, "a.video");
    CU_ASSERT_TRUE_FATAL(vcb_metric_name_parse("signald.cpu_pct", &process));
    VCB_ASSERT_STRING(process.owner, "signald");
    CU_ASSERT_TRUE_FATAL(vcb_metric_name_parse("alice-wwan0.down.link_lost", &link));
    VCB_ASSERT_STRING(link.owner, "alice-wwan0");
    CU_ASSERT_EQUAL(link.link, VCB_LINK_DOWN);
    CU_ASSERT_TRUE_FATAL(vcb_metric_name_parse("link_lost", &all_links));
    CU_ASSERT_PTR_NULL(all_links.owner);
    CU_ASSERT_EQUAL(all_links.link, VCB_LINK_NONE);
}

static void what_nobody_measures_is_refused(void)
{
    static const char *const NAMES[] = {"",
                                        "fps",
                                        "in.fps",
                                        "video.fps",
                                        "audio.in.fps",
                                        "video.in.rtt_ms",
                                        "video.in.",
                                        ".video.in.fps",
                                        "alice.connect_time_ms",
                                        "video.in.connect_time_ms",
                                        "alice.link_lost",
                                        "up.link_lost",
                                        ".up.link_lost",
                                        "alice.in.link_lost",
                                        "alice.relayed",
                                        "psnr"};

    for (gsize i = 0; i < G_N_ELEMENTS(NAMES); i++) {
        VcbMetricName name = {0};

        CU_ASSERT_FALSE(vcb_metric_name_parse(NAMES[i], &name));
        CU_ASSERT_PTR_NULL(name.owner);
    }
}

static void a_slip_is_told_from_a_name(void)
{
    static const char *const PEERS[] = {"alice", "bob", NULL};
    static const struct {
        const char *text;
        gboolean is_known;
        const char *suggestion;
    } CASES[] = {{"connect_time_ms", TRUE, NULL},
                 {"alice.video.in.fps", TRUE, NULL},
                 {"vcbench.cpu_pct", TRUE, NULL},
                 {"network.cpu_pct", TRUE, NULL},
                 {"bottleneck.up.link_rate_bps", TRUE, NULL},
                 {"bob-nat-2.down.link_lost", TRUE, NULL},
                 {"bobby.down.link_lost", FALSE, "bob.down.link_lost"},
                 {"alcie.up.link_delay_ms", FALSE, "alice.up.link_delay_ms"},
                 {"connect_time", FALSE, "connect_time_ms"},
                 {"alcie.video.in.fps", FALSE, "alice.video.in.fps"},
                 {"zebra", FALSE, NULL}};

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *suggestion = NULL;

        CU_ASSERT_EQUAL(vcb_metric_is_known(CASES[i].text, PEERS, &suggestion), CASES[i].is_known);
        VCB_ASSERT_STRING(suggestion, CASES[i].suggestion);
    }
}

static void every_row_is_whole(void)
{
    for (gsize i = 0; i < VCB_N_METRICS; i++) {
        const VcbMetricInfo *info = &VCB_METRICS[i];

        CU_ASSERT_TRUE(info->name && info->unit && info->definition && *info->definition && info->source);
        CU_ASSERT_EQUAL(info->scope == VCB_SCOPE_STREAM, info->rule != VCB_RULE_NONE);
        CU_ASSERT_EQUAL(info->scope == VCB_SCOPE_STREAM, info->kinds != VCB_KIND_NONE);
        CU_ASSERT_TRUE(info->rule == VCB_RULE_NONE || info->scale > 0);
        CU_ASSERT_EQUAL(info->scope == VCB_SCOPE_LINK, info->over_links != NULL);
        for (gsize j = 0; j < i; j++)
            CU_ASSERT_TRUE(strcmp(info->name, VCB_METRICS[j].name) != 0);
    }
}

VCB_TEST_MAIN("metric table", {"the page says what the table says", the_page_says_what_the_table_says},
              {"names are taken apart", names_are_taken_apart},
              {"what nobody measures is refused", what_nobody_measures_is_refused},
              {"a slip is told from a name", a_slip_is_told_from_a_name},
              {"every row is whole", every_row_is_whole})
