#include "network/traffic/durations.h"

#include "common/test.h"

static gint64 took(const cJSON *message, const char *key)
{
    return vcb_json_int(vcb_json_object(message, "took"), key, -1);
}

static void percentiles_are_of_the_nearest_rank(void)
{
    VcbDurations durations;
    g_autoptr(cJSON) message = cJSON_CreateObject();

    vcb_durations_init(&durations);
    for (gint64 i = 100; i >= 1; i--)
        vcb_durations_add(&durations, i * 10);
    vcb_durations_report(&durations, FALSE, message, "took");
    CU_ASSERT_EQUAL(took(message, "n"), 100);
    CU_ASSERT_EQUAL(took(message, "p50"), 500);
    CU_ASSERT_EQUAL(took(message, "p95"), 950);
    CU_ASSERT_EQUAL(took(message, "max"), 1000);
    vcb_durations_clear(&durations);
}

static void an_interval_forgets_and_the_whole_does_not(void)
{
    VcbDurations durations;
    g_autoptr(cJSON) first = cJSON_CreateObject(), second = cJSON_CreateObject(),
                     whole = cJSON_CreateObject();

    vcb_durations_init(&durations);
    vcb_durations_add(&durations, 7);
    vcb_durations_report(&durations, FALSE, first, "took");
    CU_ASSERT_EQUAL(took(first, "p50"), 7);
    CU_ASSERT_EQUAL(took(first, "p95"), 7);
    vcb_durations_report(&durations, FALSE, second, "took");
    CU_ASSERT_FALSE(vcb_json_has(second, "took"));
    vcb_durations_add(&durations, 3);
    vcb_durations_report(&durations, TRUE, whole, "took");
    CU_ASSERT_EQUAL(took(whole, "n"), 2);
    CU_ASSERT_EQUAL(took(whole, "p50"), 3);
    CU_ASSERT_EQUAL(took(whole, "max"), 7);
    vcb_durations_clear(&durations);
}

VCB_TEST_MAIN("durations", {"percentiles are of the nearest rank", percentiles_are_of_the_nearest_rank},
              {"an interval forgets, the whole does not", an_interval_forgets_and_the_whole_does_not})
