#include "harness/scenario/expect.h"

#include "common/error.h"
#include "common/suggest.h"
#include "harness/scenario/metric_names.h"

#include <string.h>

static const char *const STATISTICS[] = {"median", "p95", "p99", "mean", "min", "max", "n", NULL};
static const char *const COMPARISONS[] = {"<=", ">=", "==", "!=", "<", ">"};

/* One line of `expect:`, before it is spread over the variants. */
typedef struct {
    VcbExpectation what; /* without variant */
    VcbExpectTarget metric;
    const VcbNode *key;  /* no-ref */
    const VcbNode *when; /* no-ref; NULL: every variant */
} Rule;

typedef struct {
    const VcbNode *root;
    const VcbMatrix *matrix;
    const VcbVariant *variants;
    VcbProblems *problems;
    const char *peers[2];
    GArray *rules; /* Rule */
} Reader;

void vcb_expectation_clear(VcbExpectation *expectation)
{
    g_free(expectation->expression);
    g_free(expectation->metric);
    g_free(expectation->statistic);
    g_free(expectation->comparison);
    memset(expectation, 0, sizeof *expectation);
}

static void rule_clear(gpointer rule)
{
    vcb_expectation_clear(&((Rule *)rule)->what);
}

/* ---- comparisons ---- */

/* The unit in which a metric's values are, told from its name; *ret_factor: base units of units.h in one of
 * the metric's. */
static VcbUnit metric_unit(const char *metric, double *ret_factor)
{
    *ret_factor = 1;
    if (g_str_has_suffix(metric, "_ms")) {
        *ret_factor = 1000;
        return VCB_UNIT_TIME;
    }
    if (g_str_has_suffix(metric, "_bps"))
        return VCB_UNIT_RATE;
    if (g_str_has_suffix(metric, "_bytes"))
        return VCB_UNIT_BYTES;
    if (g_str_has_suffix(metric, "_pct") || g_str_equal(metric, "connected") ||
        g_str_equal(metric, "relayed"))
        return VCB_UNIT_PERCENT;
    return VCB_UNIT_NONE;
}

/* A number in the metric's own unit, or a quantity that is turned into it. */
static gboolean parse_operand(const VcbMetricInfo *metric, const char *text, double *ret_value,
                              gboolean *ret_percent, GError **error)
{
    double factor, value;
    VcbUnit unit = metric_unit(metric->name, &factor);

    if (vcb_units_parse(VCB_UNIT_NONE, text, &value, NULL)) {
        *ret_value = value;
        return TRUE;
    }
    if (g_str_has_suffix(text, "%") && unit != VCB_UNIT_PERCENT) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "`%s` is no percentage; leave the %% out",
                    metric->name);
        return FALSE;
    }
    if (!vcb_units_parse(unit, text, &value, error))
        return FALSE;
    *ret_value = value / factor; /* of `connected`, too: `percent` says that 95 stands for 0.95 */
    *ret_percent = unit == VCB_UNIT_PERCENT;
    return TRUE;
}

static gboolean parse_comparison(const VcbMetricInfo *metric, const char *text, VcbExpectation *what,
                                 GError **error)
{
    g_autofree char *trimmed = g_strstrip(g_strdup(text));
    const char *operand = trimmed, *comparison = "==";
    char *dots = strstr(trimmed, "..");

    if (dots) {
        *dots = '\0';
        what->comparison = g_strdup("..");
        if (!parse_operand(metric, g_strstrip(trimmed), &what->value, &what->percent, error) ||
            !parse_operand(metric, g_strstrip(dots + 2), &what->high, &what->percent, error)) {
            g_prefix_error(error, "`%s`: ", text);
            return FALSE;
        }
        if (what->value > what->high) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                        "`%s` goes from high to low; write the low end first", text);
            return FALSE;
        }
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(COMPARISONS); i++) {
        if (g_str_has_prefix(operand, COMPARISONS[i])) {
            comparison = COMPARISONS[i];
            operand += strlen(comparison);
            break;
        }
    }
    while (*operand == ' ')
        operand++;
    if (!g_ascii_isdigit(*operand) && *operand != '-') {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "`%s` is no comparison; write e.g. \"< 1500\", \">= 25\" (in quotes) or 10..20", text);
        return FALSE;
    }
    what->comparison = g_strdup(comparison);
    if (!parse_operand(metric, operand, &what->value, &what->percent, error)) {
        g_prefix_error(error, "`%s`: ", text);
        return FALSE;
    }
    return TRUE;
}

static char *format_operand(const VcbExpectation *what, double value)
{
    return vcb_units_format(what->percent ? VCB_UNIT_PERCENT : VCB_UNIT_NONE, value);
}

char *vcb_expectation_comparison(const VcbExpectation *what)
{
    g_autofree char *value = format_operand(what, what->value);
    g_autofree char *high = NULL;

    if (!g_str_equal(what->comparison, ".."))
        return g_strdup_printf("%s %s", what->comparison, value);
    high = format_operand(what, what->high);
    return g_strdup_printf("%s..%s", value, high);
}

/* ---- lines ---- */

/* "connect_time_ms.p95" to metric and statistic. */
static gboolean parse_key(const Reader *reader, const char *key, Rule *rule, GError **error)
{
    const char *dot = strrchr(key, '.');
    const char *nearest;

    if (dot && g_strv_contains(STATISTICS, dot + 1)) {
        rule->what.metric = g_strndup(key, (gsize)(dot - key));
        rule->what.statistic = g_strdup(dot + 1);
        return vcb_expect_target_parse(rule->what.metric, reader->peers, &rule->metric, error);
    }
    rule->what.metric = g_strdup(key);
    rule->what.statistic = g_strdup("median");
    if (vcb_expect_target_parse(key, reader->peers, &rule->metric, error))
        return TRUE;
    /* A metric, then a word that is no statistic? */
    if (dot) {
        g_autofree char *before = g_strndup(key, (gsize)(dot - key));

        if (vcb_expect_target_parse(before, reader->peers, &rule->metric, NULL)) {
            g_autofree char *all = g_strjoinv(", ", (char **)STATISTICS);

            g_clear_error(error);
            nearest = vcb_suggest(dot + 1, STATISTICS);
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "there is no statistic `%s`; %s%s%s", dot + 1,
                        nearest ? "did you mean `" : "there are ", nearest ? nearest : all,
                        nearest ? "`?" : "");
        }
    }
    return FALSE;
}

static void read_rule(Reader *reader, const VcbNode *key, const VcbNode *value, const VcbNode *when)
{
    Rule rule = {.key = key, .when = when};
    g_autoptr(GError) error = NULL;
    g_autofree char *comparison = NULL;

    if (value->broken)
        return;
    rule.what.line = key->origin ? 0 : key->line;
    if (!parse_key(reader, key->text, &rule, &error)) {
        vcb_problems_add(reader->problems, key, "%s", error->message);
    } else if (value->kind != VCB_NODE_SCALAR || vcb_node_is_null(value)) {
        vcb_problems_add(reader->problems, value, "`%s` needs a comparison; write e.g. \"< 1500\"",
                         key->text);
    } else if (!parse_comparison(rule.metric.base, value->text, &rule.what, &error)) {
        vcb_problems_add(reader->problems, value, "%s", error->message);
    } else {
        comparison = vcb_expectation_comparison(&rule.what);
        rule.what.expression =
            g_strdup_printf("%s.%s %s%s", rule.what.metric, rule.what.statistic,
                            g_str_equal(rule.what.comparison, "..") ? "in " : "", comparison);
        g_array_append_val(reader->rules, rule);
        return;
    }
    rule_clear(&rule);
}

/* ---- when ---- */

static void check_when(Reader *reader, const VcbNode *when)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();

    for (guint i = 0; i < reader->matrix->axes->len; i++)
        g_ptr_array_add(known, ((VcbAxis *)g_ptr_array_index(reader->matrix->axes, i))->path);
    g_ptr_array_add(known, NULL);
    for (guint i = 0; i < when->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(when->keys, i), *value = g_ptr_array_index(when->values, i);
        const VcbAxis *axis = NULL;
        gboolean found = FALSE;

        for (guint a = 0; a < reader->matrix->axes->len; a++) {
            const VcbAxis *candidate = g_ptr_array_index(reader->matrix->axes, a);

            if (g_str_equal(candidate->path, key->text))
                axis = candidate;
        }
        if (!axis && vcb_node_get(vcb_node_get(reader->root, "matrix"), key->text))
            continue; /* it stands there, and what is wrong with it has been said */
        if (!axis) {
            const char *nearest = vcb_suggest(key->text, (const char *const *)known->pdata);

            if (nearest)
                vcb_problems_add(reader->problems, key, "`%s` is no path of the matrix; did you mean `%s`?",
                                 key->text, nearest);
            else
                vcb_problems_add(reader->problems, key, "`%s` is no path of the matrix; %s", key->text,
                                 known->len > 1 ? "choose one that stands there" : "there is no matrix");
            continue;
        }
        for (guint v = 0; v < axis->values->values->len; v++)
            found = found || vcb_node_equal(g_ptr_array_index(axis->values->values, v), value);
        if (!found)
            vcb_problems_add(reader->problems, value,
                             "the matrix has no such value for `%s`; write one as it stands there (line %d)",
                             axis->path, axis->values->line);
    }
}

static void read_variants(Reader *reader, const VcbNode *list)
{
    if (list->kind != VCB_NODE_SEQUENCE) {
        vcb_problems_add(reader->problems, list,
                         "`variants` is a list; begin each entry with `- when: {...}`");
        return;
    }
    for (guint i = 0; i < list->values->len; i++) {
        const VcbNode *entry = g_ptr_array_index(list->values, i);
        const VcbNode *when = vcb_node_get(entry, "when");

        if (!when || when->kind != VCB_NODE_MAPPING || !when->keys->len) {
            vcb_problems_add(reader->problems, entry,
                             "an entry of `variants` begins with the values it is about; e.g. `when: "
                             "{peer.candidate_queue: false}`");
            continue;
        }
        check_when(reader, when);
        for (guint k = 0; k < entry->keys->len; k++) {
            const VcbNode *key = g_ptr_array_index(entry->keys, k);

            if (!g_str_equal(key->text, "when"))
                read_rule(reader, key, g_ptr_array_index(entry->values, k), when);
        }
    }
}

static gboolean applies(const Reader *reader, const Rule *rule, guint variant)
{
    for (guint i = 0; rule->when && i < rule->when->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(rule->when->keys, i);
        const VcbNode *value = g_ptr_array_index(rule->when->values, i);

        for (guint a = 0; a < reader->matrix->axes->len; a++)
            if (g_str_equal(((VcbAxis *)g_ptr_array_index(reader->matrix->axes, a))->path, key->text) &&
                !vcb_node_equal(vcb_matrix_value(reader->matrix, a, variant), value))
                return FALSE;
    }
    return TRUE;
}

static gboolean same_target(const Rule *a, const Rule *b)
{
    return g_str_equal(a->what.metric, b->what.metric) && g_str_equal(a->what.statistic, b->what.statistic);
}

/* Whether a more particular rule speaks of the same statistic in this variant. */
static gboolean is_replaced(const Reader *reader, const Rule *rule, guint variant)
{
    for (guint i = 0; !rule->when && i < reader->rules->len; i++) {
        const Rule *other = &g_array_index(reader->rules, Rule, i);

        if (other->when && same_target(rule, other) && applies(reader, other, variant))
            return TRUE;
    }
    return FALSE;
}

/* ---- spread ---- */

static gboolean sends(const VcbPeerSettings *peer, const char *kind)
{
    return g_str_equal(kind, "video") ? peer->video.enabled : peer->audio.enabled;
}

/* A stream that nobody sends has no metrics, and an expectation about it could never hold. */
static gboolean has_stream(const VcbExpectTarget *metric, const VcbPeerSettings peers[2])
{
    if (metric->base->scope != VCB_SCOPE_STREAM)
        return TRUE;
    if (metric->peer < 0)
        return sends(&peers[0], metric->kind) || sends(&peers[1], metric->kind);
    return sends(&peers[g_str_equal(metric->direction, "out") ? metric->peer : 1 - metric->peer],
                 metric->kind);
}

/* ---- of an emulated network ---- */

/* Measured by the emulator alone; "network.cpu_pct" is of its process. */
static gboolean is_of_network(const Rule *rule)
{
    return rule->metric.base->scope == VCB_SCOPE_LINK ||
           g_str_has_prefix(rule->metric.base->name, "network_") ||
           g_str_equal(rule->metric.base->name, "cross_traffic_bps") ||
           g_str_has_prefix(rule->what.metric, "network.");
}

/* The links that a line and its NATs make: "alice-wwan0", "alice-wwan0-nat-2". */
static void add_links(GPtrArray *links, const char *line, const VcbInterfaceSettings *interface)
{
    g_ptr_array_add(links, g_strdup(line));
    for (guint i = 2; i <= interface->n_nats; i++)
        g_ptr_array_add(links, g_strdup_printf("%s-nat-%u", line, i));
}

/* Every link of the network as metrics call it: the pair's number is left out of it (docs/metrics.md). */
static GPtrArray *links_of(const VcbSettings *settings)
{
    GPtrArray *links = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < 2; i++) {
        const char *peer = settings->peers[i].name;
        const VcbHostSettings *host = &settings->net.hosts[i];

        for (guint k = 0; k < host->n_interfaces; k++) {
            g_autofree char *line =
                k ? g_strconcat(peer, "-", host->interfaces[k].name, NULL) : g_strdup(peer);

            add_links(links, line, &host->interfaces[k]);
        }
    }
    if (settings->net.bottleneck_behind)
        g_ptr_array_add(links, g_strdup("bottleneck"));
    if (settings->net.carrier_nat)
        g_ptr_array_add(links, g_strdup("carrier"));
    g_ptr_array_add(links, NULL);
    return links;
}

/* What is wrong with an expectation about the network of these settings, and what was meant; NULL: nothing. New string. */
static char *network_problem(const Rule *rule, const VcbSettings *settings)
{
    const char *metric = rule->what.metric, *dot = strchr(metric, '.'), *nearest;
    g_autoptr(GPtrArray) links = NULL;
    g_autofree char *link = NULL, *all = NULL;

    if (!is_of_network(rule))
        return NULL;
    if (!settings->net.enabled)
        return g_strdup_printf("`%s` is of an emulated network; add `network:`, e.g. `network: lan`", metric);
    if (g_str_equal(metric, "cross_traffic_bps") && !settings->net.n_cross_traffic)
        return g_strdup_printf("`%s`: there is no cross traffic; add `cross_traffic` to the network", metric);
    if (rule->metric.base->scope != VCB_SCOPE_LINK || !dot)
        return NULL;
    links = links_of(settings);
    link = g_strndup(metric, (gsize)(dot - metric));
    if (g_strv_contains((const char *const *)links->pdata, link))
        return NULL;
    nearest = vcb_suggest(link, (const char *const *)links->pdata);
    for (guint i = 0; i < 2; i++) { /* the first interface's line has no name of its own */
        const char *peer = settings->peers[i].name;
        g_autofree char *first = g_strconcat(peer, "-", settings->net.hosts[i].interfaces[0].name, NULL);

        if (g_str_equal(link, first))
            nearest = peer;
    }
    if (nearest)
        return g_strdup_printf("`%s`: this network has no link `%s`; did you mean `%s`?", metric, link,
                               nearest);
    all = g_strjoinv(", ", (char **)links->pdata);
    return g_strdup_printf("`%s`: this network has no link `%s`; it has %s", metric, link, all);
}

static void spread(Reader *reader, GArray *expectations)
{
    for (guint r = 0; r < reader->rules->len; r++) {
        const Rule *rule = &g_array_index(reader->rules, Rule, r);
        gboolean any = FALSE;

        for (guint k = 0; k < r; k++) {
            const Rule *before = &g_array_index(reader->rules, Rule, k);

            if (!rule->when && !before->when && same_target(rule, before))
                vcb_problems_add(reader->problems, rule->key,
                                 "`%s.%s` is expected at line %d already; write a range, e.g. 10..20",
                                 rule->what.metric, rule->what.statistic, before->key->line);
        }
        for (guint v = 0; v < reader->matrix->n_variants; v++) {
            const VcbSettings *settings = &reader->variants[v].settings;
            VcbExpectation copy = rule->what;
            g_autofree char *problem = NULL;

            any = any || applies(reader, rule, v);
            if (!applies(reader, rule, v) || is_replaced(reader, rule, v))
                continue;
            problem = network_problem(rule, settings);
            if (problem) {
                vcb_problems_add(reader->problems, rule->key, "%s%s%s", problem,
                                 *reader->variants[v].name ? ", or use `when`, as this is so in variant "
                                                           : "",
                                 reader->variants[v].name);
                break; /* one is enough */
            }
            if (!has_stream(&rule->metric, settings->peers)) {
                vcb_problems_add(reader->problems, rule->key, "`%s`: nobody sends this %s%s%s; %s",
                                 rule->what.metric, rule->metric.kind,
                                 *reader->variants[v].name ? " in variant " : "", reader->variants[v].name,
                                 *reader->variants[v].name ? "put it under `variants` with `when`"
                                                           : "leave the expectation out");
                continue;
            }
            copy.expression = g_strdup(copy.expression);
            copy.metric = g_strdup(copy.metric);
            copy.statistic = g_strdup(copy.statistic);
            copy.comparison = g_strdup(copy.comparison);
            copy.variant = v;
            g_array_append_val(expectations, copy);
        }
        if (!any)
            vcb_problems_add(reader->problems, rule->when, "no variant has these values");
    }
}

void vcb_expect_read(const VcbNode *root, const VcbMatrix *matrix, const VcbVariant *variants, gboolean sound,
                     GArray *expectations, VcbProblems *problems)
{
    const VcbNode *node = vcb_node_get(root, "expect");
    Reader reader = {.root = root, .matrix = matrix, .variants = variants, .problems = problems};
    guint before = vcb_problems_added(problems);

    if (!node)
        return;
    if (node->kind != VCB_NODE_MAPPING) {
        vcb_problems_add(
            problems, node,
            "`expect` maps metrics to comparisons; e.g. `connect_time_ms.p95: \"< 1500\"` below it");
        return;
    }
    for (guint i = 0; i < 2; i++)
        reader.peers[i] = variants[0].settings.peers[i].name;
    reader.rules = g_array_new(FALSE, FALSE, sizeof(Rule));
    g_array_set_clear_func(reader.rules, rule_clear);
    for (guint i = 0; i < node->keys->len; i++) {
        const VcbNode *key = g_ptr_array_index(node->keys, i), *value = g_ptr_array_index(node->values, i);

        if (g_str_equal(key->text, "variants"))
            read_variants(&reader, value);
        else
            read_rule(&reader, key, value, NULL);
    }
    if (sound && vcb_problems_added(problems) == before)
        spread(&reader, expectations);
    g_array_unref(reader.rules);
}
