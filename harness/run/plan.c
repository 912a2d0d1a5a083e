#include "harness/run/plan.h"

#include "common/error.h"
#include "common/random.h"
#include "harness/scenario/matrix.h"

#include <string.h>

/* Does `name` say this matrix path: whole, or its last part? */
static gboolean names_path(const char *name, const char *path)
{
    const char *last = strrchr(path, '.');

    return g_str_equal(name, path) || (last && g_str_equal(name, last + 1));
}

/* As the variant's name has it, or as JSON. */
static gboolean is_value(const cJSON *value, const char *wanted)
{
    g_autofree char *text = vcb_matrix_value_text(value), *json = vcb_json_print(value);

    return g_str_equal(text, wanted) || g_str_equal(json, wanted);
}

/* Is the call kept by one filter? *known: the filter's name means something here. */
static gboolean keeps(const VcbScenario *scenario, const VcbPlannedCall *call, const char *name,
                      const char *wanted, gboolean *known)
{
    const cJSON *item;

    if (g_str_equal(name, "pair") || g_str_equal(name, "repeat")) {
        g_autofree char *number =
            g_strdup_printf("%d", g_str_equal(name, "pair") ? call->pair : call->repeat);

        *known = TRUE;
        return g_str_equal(number, wanted);
    }
    cJSON_ArrayForEach (item, scenario->variants[call->variant].matrix) {
        if (names_path(name, item->string)) {
            *known = TRUE;
            return is_value(item, wanted);
        }
    }
    return FALSE;
}

static gboolean passes(const VcbScenario *scenario, const VcbPlannedCall *call, const char *const *filters,
                       GError **error)
{
    gboolean passed = TRUE;

    for (; filters && *filters; filters++) {
        g_auto(GStrv) parts = g_strsplit(*filters, "=", 2);
        gboolean known = FALSE;

        if (!parts[0] || !parts[1]) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "--filter %s: expected name=value", *filters);
            return FALSE;
        }
        passed &= keeps(scenario, call, parts[0], parts[1], &known);
        if (!known) {
            g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE,
                        "--filter %s: no such name; use a path of the scenario's matrix, pair or repeat",
                        *filters);
            return FALSE;
        }
    }
    return passed;
}

VcbPlan *vcb_plan_new(const VcbScenario *scenario, const char *const *filters, GError **error)
{
    const VcbSettings *first = &scenario->variants[0].settings;
    g_autoptr(GArray) calls = g_array_new(FALSE, TRUE, sizeof(VcbPlannedCall));
    VcbPlan *plan = g_new0(VcbPlan, 1);

    for (int repeat = 1; repeat <= first->repeat; repeat++) {
        for (guint variant = 0; variant < scenario->n_variants; variant++) {
            for (int pair = 1; pair <= scenario->variants[variant].settings.pairs; pair++) {
                VcbPlannedCall call = {.pair = pair, .repeat = repeat, .variant = variant};
                g_autofree char *purpose =
                    g_strdup_printf("call/variant=%u/pair=%d/repeat=%d", variant, pair, repeat);
                g_autoptr(GError) problem = NULL;
                gboolean kept = passes(scenario, &call, filters, &problem);

                if (problem) {
                    g_propagate_error(error, g_steal_pointer(&problem));
                    goto fail;
                }
                if (!kept)
                    continue;
                call.number = calls->len + 1;
                call.id = g_strdup_printf("%04u", call.number);
                call.seed = vcb_seed_derive(first->seed, purpose);
                g_array_append_val(calls, call);
            }
        }
    }
    if (!calls->len) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_USAGE, "--filter: no call of the scenario matches");
        goto fail;
    }
    plan->n_calls = calls->len;
    plan->calls = (VcbPlannedCall *)(gpointer)g_array_free(g_steal_pointer(&calls), FALSE);
    return plan;
fail:
    for (guint i = 0; i < calls->len; i++)
        g_free(g_array_index(calls, VcbPlannedCall, i).id);
    vcb_plan_free(plan);
    return NULL;
}

void vcb_plan_free(VcbPlan *plan)
{
    if (!plan)
        return;
    for (guint i = 0; i < plan->n_calls; i++)
        g_free(plan->calls[i].id);
    g_free(plan->calls);
    g_free(plan);
}

/* Share of a core that a call costs without pictures: two processes, audio both ways (bench/README.md). */
#define CALL_COST 0.11

/* Share of a core that a peer's picture costs, encoded on one side and decoded on the other. Measured on 640x360 at
 * 30 frames/s (bench/README.md); it grows with the number of pixels. */
static double video_cost(const VcbVideoSettings *video)
{
    static const struct {
        const char *codec;
        double cores;
    } costs[] = {{"vp8", 0.09}, {"vp9", 0.10}, {"h264", 0.07}};
    double pixels = (double)video->width * video->height * video->fps / (640.0 * 360 * 30);

    if (!video->enabled)
        return 0;
    for (gsize i = 0; i < G_N_ELEMENTS(costs); i++)
        if (g_str_equal(costs[i].codec, video->codec))
            return costs[i].cores * pixels;
    return 0.1 * pixels;
}

/* Of a program that we know nothing of: as much as a browser takes for a call with pictures. */
#define UNKNOWN_ENGINE_COST 0.45

static double call_cost(const VcbSettings *settings)
{
    double cost = CALL_COST;

    for (int i = 0; i < 2; i++)
        cost += settings->peers[i].exec ? UNKNOWN_ENGINE_COST : video_cost(&settings->peers[i].video);
    return cost;
}

int vcb_plan_jobs(const VcbScenario *scenario, const VcbPlan *plan, guint cores)
{
    double dearest = 0.02;

    for (guint i = 0; i < plan->n_calls; i++)
        dearest = MAX(dearest, call_cost(&scenario->variants[plan->calls[i].variant].settings));
    /* A quarter of the machine stays free for the harness, the server and whatever else runs there. */
    return CLAMP((int)(0.75 * cores / dearest), 1, (int)plan->n_calls);
}
