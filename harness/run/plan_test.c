#include "common/error.h"
#include "common/test.h"
#include "harness/run/plan.h"

#include <string.h>

static const char SCENARIO[] = "name: p\n"
                               "pairs: 2\n"
                               "repeat: 3\n"
                               "seed: 42\n"
                               "matrix: {peer.candidate_queue: [true, false]}\n";

static VcbScenario *load(const char *text)
{
    g_autoptr(GError) error = NULL;
    VcbScenario *scenario = vcb_scenario_load_text("p.yaml", text, strlen(text), NULL, &error);

    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(scenario);
    return scenario;
}

static VcbPlan *plan_of(const VcbScenario *scenario, const char *const *filters)
{
    g_autoptr(GError) error = NULL;
    VcbPlan *plan = vcb_plan_new(scenario, filters, &error);

    CU_ASSERT_PTR_NULL(error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    return plan;
}

static void a_plan_holds_every_combination_once(void)
{
    g_autoptr(VcbScenario) scenario = load(SCENARIO);
    g_autoptr(VcbPlan) plan = plan_of(scenario, NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) seeds = g_hash_table_new(g_int64_hash, g_int64_equal);

    CU_ASSERT_EQUAL(plan->n_calls, 12);
    for (guint i = 0; i < plan->n_calls; i++) {
        VcbPlannedCall *call = &plan->calls[i];

        g_hash_table_add(seen, g_strdup_printf("%d/%d/%u", call->pair, call->repeat, call->variant));
        g_hash_table_add(seeds, &call->seed);
    }
    CU_ASSERT_EQUAL(g_hash_table_size(seen), 12);
    CU_ASSERT_EQUAL(g_hash_table_size(seeds), 12);
    VCB_ASSERT_STRING(plan->calls[0].id, "0001");
    VCB_ASSERT_STRING(plan->calls[11].id, "0012");
}

static void variants_alternate_within_a_repeat(void)
{
    g_autoptr(VcbScenario) scenario = load(SCENARIO);
    g_autoptr(VcbPlan) plan = plan_of(scenario, NULL);

    for (guint i = 0; i < plan->n_calls; i++) {
        CU_ASSERT_EQUAL(plan->calls[i].repeat, (int)(i / 4) + 1);
        CU_ASSERT_EQUAL(plan->calls[i].variant, i / 2 % 2);
    }
}

static void the_same_seed_makes_the_same_plan(void)
{
    g_autoptr(VcbScenario) scenario = load(SCENARIO), other = load("name: p\npairs: 2\nseed: 43\n");
    g_autoptr(VcbPlan) a = plan_of(scenario, NULL), b = plan_of(scenario, NULL), c = plan_of(other, NULL);

    for (guint i = 0; i < a->n_calls; i++)
        CU_ASSERT_EQUAL(a->calls[i].seed, b->calls[i].seed);
    CU_ASSERT_NOT_EQUAL(a->calls[0].seed, c->calls[0].seed);
}

/* A call that is run alone must meet what it met among the others. */
static void a_filter_keeps_the_seed_of_what_it_keeps(void)
{
    static const char *const filters[] = {"candidate_queue=false", "pair=2", "repeat=3", NULL};
    g_autoptr(VcbScenario) scenario = load(SCENARIO);
    g_autoptr(VcbPlan) all = plan_of(scenario, NULL), one = plan_of(scenario, filters);

    CU_ASSERT_EQUAL_FATAL(one->n_calls, 1);
    CU_ASSERT_EQUAL(one->calls[0].seed, all->calls[11].seed);
}

/* "nat=[symmetric, full-cone]" can be taken from the report as it stands there. */
static void a_filter_takes_a_list_as_a_variants_name_has_it(void)
{
    static const char *const written[] = {"nat=[symmetric, full-cone]", NULL},
                             *const json[] = {"nat=[\"symmetric\",\"full-cone\"]", NULL};
    g_autoptr(VcbScenario) scenario =
        load("matrix: {network.nat: [none, symmetric, [symmetric, full-cone]]}\n");
    g_autoptr(VcbPlan) one = plan_of(scenario, written), same = plan_of(scenario, json);

    CU_ASSERT_EQUAL_FATAL(one->n_calls, 1);
    CU_ASSERT_EQUAL(one->calls[0].variant, 2);
    CU_ASSERT_EQUAL_FATAL(same->n_calls, 1);
    CU_ASSERT_EQUAL(same->calls[0].variant, 2);
}

static void filters_that_mean_nothing_are_refused(void)
{
    static const struct {
        const char *filter, *says;
    } cases[] = {{"colour=red", "no such name"}, {"pair", "expected name=value"}, {"pair=9", "no call"}};
    g_autoptr(VcbScenario) scenario = load(SCENARIO);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const char *const filters[] = {cases[i].filter, NULL};
        g_autoptr(GError) error = NULL;

        CU_ASSERT_PTR_NULL(vcb_plan_new(scenario, filters, &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_EQUAL(error->code, VCB_ERROR_USAGE);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].says));
    }
}

static void jobs_follow_the_machine_and_the_picture(void)
{
    static const struct {
        const char *scenario;
        guint cores;
        int jobs;
    } cases[] = {
        {"name: p\npairs: 10\n", 2, 5},
        {"name: p\npairs: 10\n", 8, 10},
        {"name: p\npairs: 2\n", 64, 2},
        {"name: p\nrepeat: 20\n", 2, 5},
        {"name: p\nrepeat: 2\nmatrix: {peer.data_channel: [true, false]}\n", 64, 4},
        {"name: p\npairs: 10\npeers: {a: {engine: {exec: [./x]}}, b: {}}\n", 2, 2},
        {"name: p\npairs: 10\npeer: {video: {size: 1920x1080}}\n", 2, 1},
        {"name: p\npairs: 100\npeer: {video: none}\n", 2, 13},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(VcbScenario) scenario = load(cases[i].scenario);

        VcbPlan *plan = vcb_plan_new(scenario, NULL, NULL);

        CU_ASSERT_EQUAL(vcb_plan_jobs(scenario, plan, cases[i].cores), cases[i].jobs);
        vcb_plan_free(plan);
    }
}

VCB_TEST_MAIN("plan", {"a plan holds every combination once", a_plan_holds_every_combination_once},
              {"variants alternate within a repeat", variants_alternate_within_a_repeat},
              {"the same seed makes the same plan", the_same_seed_makes_the_same_plan},
              {"a filter keeps the seed of what it keeps", a_filter_keeps_the_seed_of_what_it_keeps},
              {"a filter takes a list as a variant's name has it",
               a_filter_takes_a_list_as_a_variants_name_has_it},
              {"filters that mean nothing are refused", filters_that_mean_nothing_are_refused},
              {"jobs follow the machine and the picture", jobs_follow_the_machine_and_the_picture})
