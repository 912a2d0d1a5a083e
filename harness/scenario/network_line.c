#include "harness/scenario/network_line.h"

#include "harness/scenario/fields.h"
#include "harness/scenario/network_profiles.h"
#include "harness/scenario/trace.h"

#include <math.h>
#include <string.h>

static const char *const CAPACITIES[] = {"rate", "rate_steps"};

/* Gilbert-Elliott from a long-run loss rate and a mean burst (0: every packet by itself). */
static void set_loss(VcbDirectionSettings *line, double rate, double burst)
{
    line->loss_p = burst > 0 && rate < 1 ? MIN(rate / ((1 - rate) * burst), 1) : 0;
    line->loss_r = burst > 0 && rate < 1 ? 1 / burst : 1;
    line->loss_h = 0;
    line->loss_k = burst > 0 && rate < 1 ? 1 : 1 - rate;
}

void vcb_line_begin(VcbLineText *text, const char *profile_name, gboolean up)
{
    const VcbNetworkProfile *profile = profile_name ? vcb_network_profile_find(profile_name) : NULL;
    VcbDirectionSettings *line = &text->line;

    memset(text, 0, sizeof *text);
    vcb_fields_fill(VCB_NETWORK_LINK_TABLE, text);
    set_loss(line, 0, 0);
    if (!profile)
        return;
    line->rate_bps = (up ? profile->up_kbps : profile->down_kbps) * 1e3;
    line->delay_us = (gint64)llround(profile->rtt_ms * 1e3 / 2);
    line->jitter_us = (gint64)llround(profile->jitter_ms * 1e3);
    g_free(line->jitter_distribution);
    line->jitter_distribution = g_strdup(profile->distribution);
    set_loss(line, profile->loss_pct / 100, profile->loss_burst);
    if (profile->queue_ms > 0) {
        g_free(line->queue_unit);
        line->queue_unit = g_strdup("us");
        line->queue_limit = (gint64)llround(profile->queue_ms * 1e3);
    }
}

static void finish_loss(VcbBinding *binding, const VcbNode *node, VcbLineText *text)
{
    static const char *const STATES[] = {"p", "r", "h", "k", NULL};
    VcbDirectionSettings *line = &text->line;
    double rate = text->loss_rate, burst = text->loss_burst, h = line->loss_h,
           k = vcb_node_get(node, "k") ? line->loss_k : 1;
    const VcbNode *by_state = NULL, *by_rate = NULL;

    if (node->kind == VCB_NODE_MAPPING) {
        for (guint i = 0; STATES[i]; i++)
            by_state = by_state ? by_state : vcb_node_get_key(node, STATES[i]);
        by_rate = vcb_node_get_key(node, "burst");
        by_rate = by_rate ? by_rate : vcb_node_get_key(node, "rate");
        if (by_state && by_rate)
            vcb_problems_add(binding->problems, by_rate,
                             "`loss` is told by `%s`, and by `%s`; keep rate and burst, or p, r, h and k",
                             by_rate->text, by_state->text);
        else if (by_state && (!vcb_node_get(node, "p") || !vcb_node_get(node, "r")))
            vcb_problems_add(binding->problems, node,
                             "`loss` lacks `%s`; p, r, h and k need at least p and r",
                             vcb_node_get(node, "p") ? "r" : "p");
        else if (by_state && vcb_node_get(node, "r") && line->loss_r == 0 && line->loss_p > 0)
            vcb_problems_add(binding->problems, vcb_node_get(node, "r"),
                             "`r` cannot be 0%%: what is bad would stay bad for ever; write e.g. 30%%, or "
                             "`loss: 100%%`");
        else if (!by_state && !vcb_node_get(node, "rate"))
            vcb_problems_add(binding->problems, node, "`loss` lacks `rate`; add it, e.g. `rate: 2%%`");
    }
    if (by_state) {
        line->loss_h = h;
        line->loss_k = k;
        return;
    }
    /* From good to bad at most with each packet. */
    if (burst > 0 && rate < 1 && rate / ((1 - rate) * burst) > 1 + 1e-12)
        vcb_problems_add(
            binding->problems, vcb_node_get(node, "rate"),
            "a loss of %g%% in bursts of %g cannot be: between two bursts there is at least one packet; "
            "make `rate` at most %g%%, or `burst` longer",
            rate * 100, burst, floor(burst / (1 + burst) * 1000) / 10);
    set_loss(line, rate, burst);
}

static void finish_trace(VcbBinding *binding, const VcbNode *node, VcbDirectionSettings *line)
{
    g_autofree char *name = g_steal_pointer(&line->trace);
    g_autoptr(GArray) trace = NULL;
    g_autoptr(GError) error = NULL;

    if (!name)
        return;
    line->trace = vcb_trace_find(name, vcb_problems_file(binding->problems));
    if (!line->trace) {
        vcb_problems_add(binding->problems, node,
                         "there is no trace `%s`; name a file in Mahimahi's format beside the scenario",
                         name);
        return;
    }
    trace = vcb_trace_read(line->trace, &error);
    if (!trace)
        vcb_problems_add(binding->problems, node, "`trace`: %s", error->message);
}

static gint compare_steps(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const VcbRateStepSettings *x = a, *y = b;

    return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static void check_required(VcbBinding *binding, const VcbNode *node, const char *key, const char *required,
                           const char *example)
{
    const VcbNode *value = vcb_node_get(node, key);

    if (value && value->kind == VCB_NODE_MAPPING && !vcb_node_get(value, required))
        vcb_problems_add(binding->problems, value, "`%s` lacks `%s`; add it, e.g. `%s: %s`", key, required,
                         required, example);
}

void vcb_line_finish(VcbBinding *binding, const VcbNode *node, VcbLineText *text, gboolean sound)
{
    VcbDirectionSettings *line = &text->line;
    const VcbNode *loss = vcb_node_get(node, "loss"), *trace = vcb_node_get(node, "trace");
    gboolean rate = vcb_node_get(node, "rate") != NULL, steps = vcb_node_get(node, "rate_steps") != NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(CAPACITIES) && trace; i++) {
        const VcbNode *key = vcb_node_get_key(node, CAPACITIES[i]);

        if (key)
            vcb_problems_add(binding->problems, key,
                             "`%s` and `trace` both say the capacity; keep one of them", key->text);
    }
    /* Of what was laid over each other the last counts, whichever way it says the capacity. */
    if ((rate || trace) && !steps) {
        g_clear_pointer(&line->rate_steps, g_free);
        line->n_rate_steps = 0;
    }
    if ((rate || steps) && !trace)
        g_clear_pointer(&line->trace, g_free);
    if (line->n_rate_steps)
        g_qsort_with_data(line->rate_steps, (gint)line->n_rate_steps, sizeof *line->rate_steps, compare_steps,
                          NULL);
    if (trace && !trace->broken)
        finish_trace(binding, trace, line);
    if (loss && !loss->broken && sound)
        finish_loss(binding, loss, text);
    check_required(binding, node, "jitter", "amount", "10ms");
    check_required(binding, node, "reorder", "rate", "1%");
}

void vcb_line_lay_over(VcbBinding *binding, const VcbNode *parent, VcbPlace place, const char *key,
                       VcbLineText *text)
{
    const VcbNode *node = vcb_node_get(parent, key);
    g_autofree char *path = g_strdup_printf("%s.%s", place.path, key);
    g_autofree char *label = g_strdup_printf("%s.%s", place.label, key);
    guint before = vcb_problems_added(binding->problems);

    if (!node || node->broken || !vcb_bind_expect_mapping(binding, node, key, ""))
        return;
    vcb_bind_table(binding, VCB_NETWORK_LINK_TABLE, node, text, (VcbPlace){path, label}, FALSE);
    vcb_line_finish(binding, node, text, vcb_problems_added(binding->problems) == before);
}

VcbDirectionSettings vcb_line_end(VcbLineText *text)
{
    VcbDirectionSettings line = text->line;

    memset(text, 0, sizeof *text);
    return line;
}
