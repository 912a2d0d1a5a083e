/* Logs that were cut, or had bytes changed, at random: whatever they hold, a report comes out, and its
 * numbers stay in their ranges.
 *
 *   log_fuzz_test GOLDEN_DIRECTORY [SEED [ROUNDS]]      the seed is printed; the same seed makes the same
 * logs */
#include "common/json.h"
#include "common/random.h"
#include "harness/report/graphs.h"
#include "harness/report/page.h"
#include "harness/report/text.h"
#include "harness/report/writers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"clean", "glare", "killed", "matrix", "relay-skipped", "network", "late"};

/* What JSON and numbers are made of; and a byte that is not UTF-8. */
static const char BYTES[] = "0123456789-eE.{}[]\",:\\ntfu\n\xff";

static void corrupt(GRand *draws, GString *log)
{
    int changes = g_rand_int_range(draws, 0, 40);

    if (g_rand_boolean(draws))
        g_string_truncate(log, (gsize)g_rand_int_range(draws, 0, (gint32)log->len));
    for (int i = 0; i < changes && log->len; i++) {
        gsize at = (gsize)g_rand_int_range(draws, 0, (gint32)log->len);

        switch (g_rand_int_range(draws, 0, 4)) {
        case 0: /* a whole line away, or twice there: events in an order that cannot be */
            g_string_erase(log, (gssize)at, (gssize)MIN(log->len - at, strcspn(log->str + at, "\n") + 1));
            break;
        case 1: {
            g_autofree char *piece = g_strndup(log->str + at, strcspn(log->str + at, "\n") + 1);

            g_string_insert(log, (gssize)g_rand_int_range(draws, 0, (gint32)log->len), piece);
            break;
        }
        default:
            log->str[at] = BYTES[g_rand_int_range(draws, 0, sizeof BYTES - 1)];
        }
    }
}

static gboolean is_in_range(const VcbMetricSummary *summary)
{
    const VcbStatistics *s = &summary->statistics;

    if (!(s->min <= s->median && s->median <= s->max && isfinite(s->mean)))
        return FALSE;
    if (g_str_has_suffix(summary->name, "packet_loss_pct") ||
        g_str_has_suffix(summary->name, "link_loss_pct") ||
        g_str_has_suffix(summary->name, "network_loss_pct") ||
        g_str_has_suffix(summary->name, "concealed_pct"))
        return s->min >= 0 && s->max <= 100;
    if (g_str_has_prefix(summary->name, "phase_") || strstr(summary->name, "link_"))
        return s->min >= 0;
    return strcmp(summary->name, "connected") != 0 || (s->min >= 0 && s->max <= 1);
}

static gboolean try_log(const char *text, gsize length)
{
    g_autoptr(VcbRunData) data = vcb_run_data_parse(text, length);
    g_autoptr(VcbAnalysis) analysis = vcb_analysis_new(data);
    g_autoptr(cJSON) run = vcb_run_json(analysis);
    g_autoptr(GPtrArray) graphs = NULL;
    g_autofree char *csv = vcb_samples_csv(analysis), *links = vcb_links_csv(analysis),
                    *junit = vcb_junit_xml(analysis);
    g_autofree char *page = vcb_page_html(analysis, "/nonexistent", NULL);
    g_autofree char *script = vcb_graphs_script(analysis, &graphs);
    g_autofree char *summary = vcb_text_summary(run, ".", TRUE), *annotations = vcb_github_annotations(run);
    g_autofree char *markdown = vcb_github_summary(run);
    static const GMarkupParser PARSER = {0};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&PARSER, (GMarkupParseFlags)0, NULL, NULL);

    for (guint i = 0; i < analysis->metrics->len; i++) {
        const VcbMetricSummary *metric = analysis->metrics->pdata[i];

        if (!is_in_range(metric)) {
            g_printerr("%s is out of its range: %g to %g\n", metric->name, metric->statistics.min,
                       metric->statistics.max);
            return FALSE;
        }
    }
    if (!g_markup_parse_context_parse(context, junit, -1, NULL) ||
        !g_markup_parse_context_end_parse(context, NULL)) {
        g_printerr("junit.xml is no XML\n");
        return FALSE;
    }
    return *analysis->reason && analysis->verdict != VCB_VERDICT_SKIPPED && *page && *summary && *script &&
           *markdown && *annotations && *csv && (!links || *links);
}

int main(int argc, char **argv)
{
    guint64 seed = argc > 2 ? g_ascii_strtoull(argv[2], NULL, 10) : 20261123;
    int rounds = argc > 3 ? atoi(argv[3]) : 60;
    g_autoptr(GRand) draws = vcb_random_stream(seed, "log-fuzz");

    printf("seed %" G_GUINT64_FORMAT ", %d rounds\n", seed, rounds);
    for (int round = 0; argc > 1 && round < rounds; round++) {
        g_autofree char *file = g_strconcat(NAMES[round % (int)G_N_ELEMENTS(NAMES)], ".jsonl", NULL);
        g_autofree char *path = g_build_filename(argv[1], file, NULL), *text = NULL;
        gsize length;
        GString *log;
        gboolean good;

        if (!g_file_get_contents(path, &text, &length, NULL)) {
            g_printerr("%s cannot be read\n", path);
            return 1;
        }
        log = g_string_new_len(text, (gssize)length);
        corrupt(draws, log);
        good = try_log(log->str, log->len);
        g_string_free(log, TRUE);
        if (!good) {
            g_printerr("round %d with seed %" G_GUINT64_FORMAT "\n", round, seed);
            return 1;
        }
    }
    return argc > 1 ? 0 : 2;
}
