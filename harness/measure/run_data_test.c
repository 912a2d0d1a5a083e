#include "harness/measure/run_data.h"

#include "common/error.h"
#include "common/test.h"

#include <string.h>

static const char LOG[] =
    "{\"t_us\":1,\"source\":\"vcbench\",\"type\":\"run-start\",\"variants\":[{\"name\":\"a=1\"},{\"name\":"
    "\"a=2\"}],"
    "\"peers\":[[\"x\",\"y\"],[\"x\",\"y\"]],\"plan\":[{\"id\":\"1\",\"pair\":1,\"repeat\":1,\"variant\":0,"
    "\"seed\":5},"
    "{\"id\":\"2\",\"pair\":2,\"repeat\":1,\"variant\":1,\"seed\":6}]}\n"
    "{\"t_us\":9,\"call\":\"1\",\"source\":\"x\",\"type\":\"state\",\"name\":\"connectionState\",\"value\":"
    "\"connected\"}\n"
    "{\"t_us\":5,\"call\":\"1\",\"source\":\"vcbench\",\"type\":\"call-start\",\"pair\":1,\"repeat\":2,"
    "\"variant\":1,"
    "\"seed\":7,\"peers\":[\"alice\",\"bob\"]}\n"
    "not json\n[1]\n\n"
    "{\"t_us\":7,\"call\":\"1\",\"source\":\"x\",\"type\":\"of-the-future\",\"more\":[{}]}\n"
    "{\"t_us\":11,\"call\":\"2\",\"source\":\"y\",\"type\":\"bye\"}\n"
    "{\"t_us\":20,\"call\":\"1\",\"source\":\"vcbench\",\"type\":\"call-e";

static void events_are_sorted_into_calls_by_their_stamps(void)
{
    g_autoptr(VcbRunData) data = vcb_run_data_parse(LOG, strlen(LOG));
    const VcbCallData *call = data->calls->pdata[0];

    CU_ASSERT_EQUAL(data->n_variants, 2);
    CU_ASSERT_EQUAL_FATAL(data->calls->len, 2);
    CU_ASSERT_EQUAL_FATAL(call->events->len, 3);
    CU_ASSERT_EQUAL(((VcbEvent *)call->events->pdata[0])->t_us, 5);
    CU_ASSERT_EQUAL(((VcbEvent *)call->events->pdata[2])->t_us, 9);
    CU_ASSERT_EQUAL(call->variant, 1);
    CU_ASSERT_EQUAL(call->seed, 7);
    VCB_ASSERT_STRING(call->peers[1], "bob");
    VCB_ASSERT_STRING(vcb_run_data_variant_name(data, 1), "a=2");
}

static void what_cannot_be_read_is_counted(void)
{
    g_autoptr(VcbRunData) data = vcb_run_data_parse(LOG, strlen(LOG));

    CU_ASSERT_TRUE(data->cut);
    CU_ASSERT_EQUAL(data->unreadable_lines, 2);
    CU_ASSERT_PTR_NULL(data->end);
    VCB_ASSERT_STRING(((VcbCallData *)data->calls->pdata[0])->outcome, "interrupted");
}

static void the_plan_describes_a_call_whose_start_is_missing(void)
{
    g_autoptr(VcbRunData) data = vcb_run_data_parse(LOG, strlen(LOG));
    const VcbCallData *call = data->calls->pdata[1];

    CU_ASSERT_EQUAL(call->pair, 2);
    CU_ASSERT_EQUAL(call->variant, 1);
    VCB_ASSERT_STRING(call->peers[0], "x");
}

static void a_log_without_anything_is_a_run_without_anything(void)
{
    g_autoptr(VcbRunData) data = vcb_run_data_parse("", 0);
    g_autoptr(GError) error = NULL;

    CU_ASSERT_EQUAL(data->calls->len, 0);
    CU_ASSERT_EQUAL(data->n_variants, 1);
    VCB_ASSERT_STRING(vcb_run_data_variant_name(data, 0), "");
    CU_ASSERT_PTR_NULL(vcb_run_data_load("/nonexistent/events.jsonl", &error));
    CU_ASSERT_TRUE(g_error_matches(error, VCB_ERROR, VCB_ERROR_USAGE));
}

VCB_TEST_MAIN("run data",
              {"events are sorted into calls by their stamps", events_are_sorted_into_calls_by_their_stamps},
              {"what cannot be read is counted", what_cannot_be_read_is_counted},
              {"the plan describes a call whose start is missing",
               the_plan_describes_a_call_whose_start_is_missing},
              {"a log without anything is a run without anything",
               a_log_without_anything_is_a_run_without_anything})
