#include "harness/scenario/scenario.h"

#include "common/error.h"
#include "harness/scenario/expect.h"
#include "harness/scenario/fields.h"
#include "harness/scenario/settings.h"
#include "harness/scenario/variables.h"
#include "harness/scenario/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE ((gsize)1 << 20)
#define MOST_CALLS 100000
#define ENOUGH_PROBLEMS 1000

void vcb_scenario_free(VcbScenario *scenario)
{
    if (!scenario)
        return;
    for (guint i = 0; i < scenario->n_variants; i++) {
        g_free(scenario->variants[i].name);
        cJSON_Delete(scenario->variants[i].matrix);
        vcb_settings_clear(&scenario->variants[i].settings);
    }
    for (guint i = 0; i < scenario->n_expectations; i++)
        vcb_expectation_clear(&scenario->expectations[i]);
    g_free(scenario->variants);
    g_free(scenario->expectations);
    g_free(scenario->path);
    g_free(scenario->name);
    vcb_node_unref(scenario->tree);
    g_free(scenario);
}

/* ---- file ---- */

/* All of a file, with a zero byte behind it. Bounded, so that no device or endless pipe is read. */
static char *read_file(const char *path, gsize *ret_length, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 chunk[16384];
    ssize_t n = 0;
    int failure = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: cannot be read: %s", path, g_strerror(errno));
        return NULL;
    }
    while (bytes->len <= LARGEST_FILE &&
           ((n = read(fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0)
            g_byte_array_append(bytes, chunk, (guint)n);
    failure = n < 0 ? errno : 0;
    close(fd);
    if (failure == EISDIR) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: is a directory; name a scenario's file in it",
                    path);
        return NULL;
    }
    if (failure) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: cannot be read: %s", path, g_strerror(failure));
        return NULL;
    }
    if (bytes->len > LARGEST_FILE) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                    "%s: is larger than 1 MiB; no scenario is: is it the right file?", path);
        return NULL;
    }
    *ret_length = bytes->len;
    g_byte_array_append(bytes, (const guint8 *)"", 1);
    return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

/* The file's name without folder and extension, in the letters that a name may have. */
static char *default_name(const char *path)
{
    g_autofree char *base = g_path_get_basename(path);
    char *dot = strrchr(base, '.');

    if (dot && dot != base)
        *dot = '\0';
    for (char *p = base; *p; p++)
        if (!g_ascii_isalnum(*p) && !strchr("._-", *p))
            *p = '-';
    if (strlen(base) > 64)
        base[64] = '\0';
    return g_ascii_isalnum(base[0]) ? g_steal_pointer(&base) : g_strdup("scenario");
}

/* ---- --set ---- */

/* The value: a scalar as it stands, or YAML in brackets. */
static VcbNode *set_value(const char *set, const char *text, VcbProblems *problems)
{
    g_autofree char *origin = g_strdup_printf("--set %s", set);
    g_autofree char *expanded = NULL;
    g_autoptr(GError) error = NULL;
    gboolean any;
    VcbNode *value;

    if (*text == '[' || *text == '{')
        return vcb_yaml_parse(text, strlen(text), origin, problems);
    expanded = vcb_variables_expand(text, &any, &error);
    if (!expanded) {
        vcb_problems_add_at(problems, origin, 0, 0, "%s", error->message);
        return NULL;
    }
    value = vcb_node_new_scalar(NULL, expanded, FALSE);
    value->origin = g_ref_string_new(origin);
    value->written = any ? g_strdup(text) : NULL;
    return value;
}

static void apply_set(VcbNode **root, const char *set, VcbProblems *problems)
{
    const char *equals = strchr(set, '=');
    g_autofree char *path = equals ? g_strndup(set, (gsize)(equals - set)) : NULL;
    g_autofree char *origin = NULL;
    g_autofree char *valid = g_utf8_make_valid(set, -1);
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) segments = NULL;
    g_autoptr(VcbNode) value = NULL;
    VcbNode *changed;

    origin = g_strdup_printf("--set %s", valid);
    if (!equals || equals == set) {
        vcb_problems_add_at(problems, origin, 0, 0,
                            "this is no setting; write --set path=value, e.g. --set duration=2s");
        return;
    }
    if (!g_utf8_validate(set, -1, NULL)) {
        vcb_problems_add_at(problems, origin, 0, 0, "this is not UTF-8; write it in that encoding");
        return;
    }
    segments = vcb_path_split(path, *root, NULL, &error);
    if (!segments) {
        vcb_problems_add_at(problems, origin, 0, 0, "%s", error->message);
        return;
    }
    value = set_value(set, equals + 1, problems);
    if (!value)
        return;
    changed = vcb_path_apply(*root, (const char *const *)segments, value, &error);
    if (!changed) {
        vcb_problems_add_at(problems, origin, 0, 0, "%s", error->message);
        return;
    }
    vcb_node_unref(*root);
    *root = changed;
}

/* What the matrix goes over cannot be set as well: neither would be what was asked for. */
static void check_sets(const char *const *sets, const VcbNode *root, const VcbMatrix *matrix,
                       VcbProblems *problems)
{
    for (; sets && *sets; sets++) {
        const char *equals = strchr(*sets, '=');
        g_autofree char *path = equals ? g_strndup(*sets, (gsize)(equals - *sets)) : NULL;
        g_auto(GStrv) segments = path ? vcb_path_split(path, root, NULL, NULL) : NULL;
        g_autofree char *origin = g_strdup_printf("--set %s", *sets);

        for (guint i = 0; segments && i < matrix->axes->len; i++) {
            const VcbAxis *axis = g_ptr_array_index(matrix->axes, i);

            if (vcb_path_overlap((const char *const *)segments, (const char *const *)axis->segments))
                vcb_problems_add_at(
                    problems, origin, 0, 0,
                    "the matrix goes over `%s`; choose a variant by --filter, or set the list: --set "
                    "'matrix.%s=[...]'",
                    axis->path, axis->path);
        }
    }
}

/* ---- variants ---- */

static void load_variants(VcbScenario *scenario, const VcbMatrix *matrix, VcbProblems *problems)
{
    scenario->n_variants = matrix->n_variants;
    scenario->variants = g_new0(VcbVariant, matrix->n_variants);
    /* A file with thousands of problems needs no second look for each variant. */
    for (guint i = 0; i < matrix->n_variants && vcb_problems_added(problems) < ENOUGH_PROBLEMS; i++) {
        VcbVariant *variant = &scenario->variants[i];
        g_autoptr(VcbNode) tree = NULL;
        g_autofree char *name = default_name(scenario->path);

        variant->name = vcb_matrix_name(matrix, i);
        variant->matrix = vcb_matrix_json(matrix, i);
        vcb_problems_begin_variant(problems, variant->name);
        tree = vcb_matrix_apply(matrix, i, scenario->tree, problems);
        if (tree)
            vcb_settings_bind(&variant->settings, tree, name, problems);
    }
    vcb_problems_end_variants(problems);
}

static void check_calls(const VcbScenario *scenario, VcbProblems *problems)
{
    gint64 calls = 0;

    for (guint i = 0; i < scenario->n_variants; i++)
        calls += (gint64)scenario->variants[i].settings.pairs * scenario->variants[i].settings.repeat;
    if (calls > MOST_CALLS)
        vcb_problems_add(problems, vcb_node_get_key(scenario->tree, "pairs"),
                         "pairs, repeats and variants make %" G_GINT64_FORMAT
                         " calls, and a run takes %d; ask for less",
                         calls, MOST_CALLS);
}

static void load(VcbScenario *scenario, const char *const *sets, VcbProblems *problems)
{
    g_auto(VcbMatrix) matrix = {0};
    g_autoptr(GArray) expectations = g_array_new(FALSE, FALSE, sizeof(VcbExpectation));
    guint before;
    gboolean sound;

    if (scenario->tree->kind != VCB_NODE_MAPPING) {
        vcb_problems_add(problems, scenario->tree, "a scenario is a mapping; begin with e.g. `name: hello`");
        return;
    }
    before = vcb_problems_added(problems);
    for (guint i = 0; sets && sets[i]; i++)
        apply_set(&scenario->tree, sets[i], problems);
    vcb_matrix_init(&matrix, scenario->tree, problems);
    check_sets(sets, scenario->tree, &matrix, problems);
    load_variants(scenario, &matrix, problems);
    sound = vcb_problems_added(problems) == before;
    if (sound)
        check_calls(scenario, problems);
    if (scenario->variants[0].settings.peers[0].name)
        vcb_expect_read(scenario->tree, &matrix, scenario->variants, sound, expectations, problems);
    scenario->n_expectations = expectations->len;
    scenario->expectations = (VcbExpectation *)(gpointer)g_array_free(g_steal_pointer(&expectations), FALSE);
}

VcbScenario *vcb_scenario_load_text(const char *path, const char *text, gsize length, const char *const *sets,
                                    GError **error)
{
    g_autoptr(VcbProblems) problems =
        vcb_problems_new(path, g_utf8_validate_len(text, length, NULL) ? text : NULL);
    g_autoptr(VcbScenario) scenario = g_new0(VcbScenario, 1);
    GError *failure;

    scenario->path = g_strdup(path);
    scenario->tree = vcb_yaml_parse(text, length, NULL, problems);
    if (scenario->tree)
        load(scenario, sets, problems);
    failure = vcb_problems_to_error(problems);
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    scenario->name = g_strdup(scenario->variants[0].settings.name);
    return g_steal_pointer(&scenario);
}

VcbScenario *vcb_scenario_load(const char *path, const char *const *sets, GError **error)
{
    gsize length = 0;
    g_autofree char *text = read_file(path, &length, error);

    return text ? vcb_scenario_load_text(path, text, length, sets, error) : NULL;
}
