/* The result as text for a terminal, and as annotations and Markdown for GitHub's log. Both read run.json
 * alone. */
#include "harness/report/text.h"

#include "harness/report/quantity.h"
#include "harness/report/summary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const VcbKeyFigure VCB_KEY_FIGURES[] = {
    {"connect_time_ms", "connect time"},
    {"time_to_first_frame_ms", "time to first frame"},
    {"video.in.bitrate_bps", "video received"},
    {"video.in.fps", "frames decoded"},
    {"video.in.packet_loss_pct", "video packets lost"},
    {"audio.in.packet_loss_pct", "audio packets lost"},
    {"video.in.network_loss_pct", "video lost on links"}, /* the two of an emulated network alone */
    {"link_delay_ms", "one-way delay"},
    {"video.out.rtt_ms", "round-trip time"},
    {"video.in.jitter_ms", "video jitter"},
    {"video.in.freeze_count", "freezes a call"},
    {"datachannel_rtt_ms", "data channel RTT"},
    {"cpu_pct", "CPU of a peer"},
    {"pss_bytes", "memory of a peer"},
};
const gsize VCB_N_KEY_FIGURES = G_N_ELEMENTS(VCB_KEY_FIGURES);

typedef struct {
    const char *bold, *green, *red, *yellow, *dim, *off;
} Colours;

static const Colours PLAIN = {"", "", "", "", "", ""};
static const Colours ANSI = {"\033[1m", "\033[32m", "\033[31m", "\033[33m", "\033[2m", "\033[0m"};

/* What a log holds may not move the cursor of who reads it. */
static char *printable(const char *text)
{
    GString *out = g_string_new(NULL);
    g_autofree char *valid = g_utf8_make_valid(text, -1);

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        g_string_append_unichar(out, c == '\n' || c == '\t' ? ' ' : g_unichar_iscntrl(c) ? 0xfffd : c);
    }
    return g_string_free(out, FALSE);
}

static const char *verdict_colour(const Colours *colours, const char *verdict)
{
    return strcmp(verdict, "pass") == 0   ? colours->green
           : strcmp(verdict, "fail") == 0 ? colours->red
                                          : colours->yellow;
}

static char *observed_text(const cJSON *expectation)
{
    const cJSON *observed = cJSON_GetObjectItemCaseSensitive(expectation, "observed");

    if (cJSON_IsNumber(observed))
        return vcb_quantity(observed->valuedouble, vcb_json_string(expectation, "unit", ""));
    return printable(vcb_json_string(expectation, "reason", ""));
}

static void write_expectations(GString *out, const cJSON *run, const Colours *colours)
{
    const cJSON *item;

    cJSON_ArrayForEach (item, vcb_json_array(run, "expectations")) {
        const char *verdict = vcb_json_string(item, "verdict", "");
        const char *sign = strcmp(verdict, "pass") == 0 ? "✓" : strcmp(verdict, "fail") == 0 ? "✗" : "–";
        g_autofree char *observed = observed_text(item);
        g_autofree char *expression = printable(vcb_json_string(item, "expression", ""));
        g_autofree char *variant = printable(vcb_json_string(item, "variant", ""));

        g_string_append_printf(out, "  %s%s%s %-46s %s%s%s%s%s\n", verdict_colour(colours, verdict), sign,
                               colours->off, expression, observed, *variant ? "  " : "", colours->dim,
                               variant, colours->off);
    }
}

static void append_padded(GString *out, const char *text, int width)
{
    glong length = g_utf8_strlen(text, -1);

    for (glong i = length; i < width; i++)
        g_string_append_c(out, ' ');
    g_string_append(out, text);
}

static void write_figures(GString *out, const cJSON *run, const Colours *colours)
{
    const cJSON *metrics = vcb_json_object(run, "metrics");
    gboolean has_head = FALSE;

    for (gsize i = 0; i < VCB_N_KEY_FIGURES; i++) {
        const cJSON *metric = vcb_json_object(metrics, VCB_KEY_FIGURES[i].metric);
        const char *unit = vcb_json_string(metric, "unit", "");
        g_autofree char *median = vcb_quantity(vcb_json_number(metric, "median", NAN), unit);
        g_autofree char *p95 = vcb_quantity(vcb_json_number(metric, "p95", NAN), unit);

        if (!metric)
            continue;
        if (!has_head)
            g_string_append_printf(out, "\n  %s%-22s%14s%14s%s\n", colours->dim, "", "median", "p95",
                                   colours->off);
        has_head = TRUE;
        g_string_append_printf(out, "  %-22s", VCB_KEY_FIGURES[i].label);
        append_padded(out, median, 14);
        append_padded(out, p95, 14);
        g_string_append_c(out, '\n');
    }
}

static void write_failed_calls(GString *out, const cJSON *run, const Colours *colours)
{
    const cJSON *call;
    guint n = 0;

    cJSON_ArrayForEach (call, vcb_json_array(run, "calls")) {
        const char *verdict = vcb_json_string(call, "verdict", "");
        g_autofree char *reason = printable(vcb_json_string(call, "reason", ""));

        if (strcmp(verdict, "pass") == 0)
            continue;
        if (++n > 5)
            continue;
        g_string_append_printf(out, "%s  %s%-7s%s call %s: %s\n", n == 1 ? "\n" : "",
                               verdict_colour(colours, verdict), verdict, colours->off,
                               vcb_json_string(call, "id", ""), reason);
    }
    if (n > 5)
        g_string_append_printf(out, "  ... and %u more\n", n - 5);
}

char *vcb_text_summary(const cJSON *run, const char *directory, gboolean colour)
{
    const Colours *colours = colour ? &ANSI : &PLAIN;
    const char *verdict = vcb_json_string(run, "verdict", "error");
    g_autofree char *word = g_ascii_strup(verdict, -1);
    g_autofree char *scenario = printable(vcb_json_string(run, "scenario", ""));
    g_autofree char *reason = printable(vcb_json_string(run, "reason", ""));
    const cJSON *note, *network = vcb_json_object(run, "network");
    double lateness_ms = vcb_json_number(vcb_json_object(network, "lateness_ms"), "p99", NAN);
    double overhead_ms = vcb_json_number(vcb_json_object(run, "timing"), "overhead_ms", NAN);
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "%s%s%s%s  %s  %s\n\n", colours->bold, verdict_colour(colours, verdict), word,
                           colours->off, scenario, reason);
    write_expectations(out, run, colours);
    write_figures(out, run, colours);
    write_failed_calls(out, run, colours);
    cJSON_ArrayForEach (note, vcb_json_array(run, "notes")) {
        g_autofree char *text = printable(cJSON_IsString(note) ? note->valuestring : "");

        g_string_append_printf(out, "%s  note: %s\n", note == vcb_json_array(run, "notes")->child ? "\n" : "",
                               text);
    }
    g_string_append_printf(out, "\n  %scalls connected: %d of %d", colours->dim,
                           (int)vcb_json_int(run, "calls_connected", 0),
                           (int)vcb_json_int(run, "calls_valid", 0));
    if (isfinite(overhead_ms))
        g_string_append_printf(out, "; beyond the calls: %.2f s", overhead_ms / 1000);
    if (isfinite(lateness_ms))
        g_string_append_printf(out, "; the network was late by %.2f ms (p99; bound %g ms)", lateness_ms,
                               vcb_json_number(network, "max_lateness_ms", NAN));
    g_string_append_printf(out, "%s\n  report: %s/report.html\n", colours->off, directory);
    return g_string_free(out, FALSE);
}
