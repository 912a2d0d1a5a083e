#include "harness/measure/analysis.h"

#include "common/test.h"

#include <string.h>

/* What a call's events were like. */
typedef enum {
    COMPLETED,
    NOT_CONNECTED,
    DIED,
    BROKE_LATER,
    SKIPPED,
    INVALID,
    INTERNAL_ERROR,
    CUT,
} Fate;

static void add_call(GString *log, int id, int variant, Fate fate)
{
    static const char *const OUTCOMES[] = {"completed", "failed",  "failed", "failed",
                                           "skipped",   "invalid", "error"};
    const char *reason = fate == NOT_CONNECTED ? "b: InvalidStateError: collision"
                         : fate == DIED || fate == BROKE_LATER
                             ? "the process of a ended: killed by signal 9 (SIGKILL)"
                             : "said so";

    g_string_append_printf(log,
                           "{\"t_us\":%d,\"call\":\"%d\",\"source\":\"vcbench\",\"type\":\"call-start\","
                           "\"variant\":%d,\"peers\":"
                           "[\"a\",\"b\"]}\n",
                           id * 1000, id, variant);
    for (int p = 0; p < 2 && (fate == COMPLETED || fate == BROKE_LATER); p++)
        g_string_append_printf(log,
                               "{\"t_us\":%d,\"call\":\"%d\",\"source\":\"%s\",\"type\":\"state\",\"name\":"
                               "\"connectionState\",\"value\":\"connected\"}\n",
                               id * 1000 + 1, id, p ? "b" : "a");
    if (fate == NOT_CONNECTED)
        g_string_append_printf(log,
                               "{\"t_us\":%d,\"call\":\"%d\",\"source\":\"b\",\"type\":\"error\",\"name\":"
                               "\"InvalidStateError\",\"message\":\"collision\",\"fatal\":true}\n",
                               id * 1000 + 2, id);
    if (fate == DIED || fate == BROKE_LATER)
        g_string_append_printf(
            log,
            "{\"t_us\":%d,\"call\":\"%d\",\"source\":\"vcbench\",\"type\":\"process-exit\",\"process\":"
            "\"a\",\"status\":\"killed by signal 9 (SIGKILL)\",\"expected\":false}\n",
            id * 1000 + 2, id);
    if (fate != CUT)
        g_string_append_printf(
            log,
            "{\"t_us\":%d,\"call\":\"%d\",\"source\":\"vcbench\",\"type\":\"call-end\",\"outcome\":\"%s\","
            "\"reason\":\"%s\"}\n",
            id * 1000 + 3, id, OUTCOMES[fate], reason);
}

typedef struct {
    const char *claim;
    const char *comparison; /* of connected.mean; NULL: nothing is expected */
    double value;
    Fate fates[3];
    const char *end; /* of run-end; NULL: none */
    VcbVerdict verdict, first_call;
    const char *reason_holds; /* a part of the run's reason */
} Case;

static const Case CASES[] = {
    {"all well",
     NULL,
     0,
     {COMPLETED, COMPLETED, COMPLETED},
     "completed",
     VCB_VERDICT_PASS,
     VCB_VERDICT_PASS,
     "over 3"},
    {"nothing said, one failed",
     NULL,
     0,
     {NOT_CONNECTED, COMPLETED, COMPLETED},
     "completed",
     VCB_VERDICT_FAIL,
     VCB_VERDICT_FAIL,
     "b: InvalidStateError: collision"},
    {"expected to fail",
     "==",
     0,
     {NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED},
     "completed",
     VCB_VERDICT_PASS,
     VCB_VERDICT_PASS,
     "held"},
    {"expected to fail, but one connected",
     "==",
     0,
     {NOT_CONNECTED, COMPLETED, NOT_CONNECTED},
     "completed",
     VCB_VERDICT_FAIL,
     VCB_VERDICT_PASS,
     "connected.mean"},
    {"tolerated",
     ">=",
     0.5,
     {NOT_CONNECTED, COMPLETED, COMPLETED},
     "completed",
     VCB_VERDICT_PASS,
     VCB_VERDICT_FAIL,
     "held"},
    {"a process that died is never expected",
     "==",
     0,
     {DIED, NOT_CONNECTED, NOT_CONNECTED},
     "completed",
     VCB_VERDICT_FAIL,
     VCB_VERDICT_FAIL,
     "SIGKILL"},
    {"broke after it had connected",
     NULL,
     0,
     {BROKE_LATER, COMPLETED, COMPLETED},
     "completed",
     VCB_VERDICT_FAIL,
     VCB_VERDICT_FAIL,
     "broke"},
    {"all skipped",
     NULL,
     0,
     {SKIPPED, SKIPPED, SKIPPED},
     "completed",
     VCB_VERDICT_INVALID,
     VCB_VERDICT_SKIPPED,
     "said so"},
    {"some skipped",
     NULL,
     0,
     {SKIPPED, COMPLETED, COMPLETED},
     "completed",
     VCB_VERDICT_PASS,
     VCB_VERDICT_SKIPPED,
     "over 2"},
    {"all invalid",
     NULL,
     0,
     {INVALID, INVALID, INVALID},
     "completed",
     VCB_VERDICT_INVALID,
     VCB_VERDICT_INVALID,
     "No call"},
    {"an internal error outweighs a failure",
     NULL,
     0,
     {NOT_CONNECTED, INTERNAL_ERROR, COMPLETED},
     "completed",
     VCB_VERDICT_ERROR,
     VCB_VERDICT_FAIL,
     "internal error"},
    {"interrupted",
     NULL,
     0,
     {COMPLETED, NOT_CONNECTED, CUT},
     "interrupted",
     VCB_VERDICT_INVALID,
     VCB_VERDICT_PASS,
     "2 of 3"},
    {"killed",
     NULL,
     0,
     {COMPLETED, COMPLETED, CUT},
     NULL,
     VCB_VERDICT_INVALID,
     VCB_VERDICT_PASS,
     "without a last word"},
    {"what the run needed was missing",
     NULL,
     0,
     {COMPLETED, COMPLETED, CUT},
     "invalid",
     VCB_VERDICT_INVALID,
     VCB_VERDICT_PASS,
     "why"},
    {"the run's own error",
     NULL,
     0,
     {COMPLETED, COMPLETED, CUT},
     "error",
     VCB_VERDICT_ERROR,
     VCB_VERDICT_PASS,
     "why"},
};

static void each_run_has_its_verdict(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        const Case *c = &CASES[i];
        g_autoptr(GString) log =
            g_string_new("{\"t_us\":0,\"source\":\"vcbench\",\"type\":\"run-start\",\"expectations\":[");
        g_autoptr(VcbRunData) data = NULL;
        g_autoptr(VcbAnalysis) analysis = NULL;

        if (c->comparison)
            g_string_append_printf(
                log,
                "{\"expression\":\"connected.mean %s %g\",\"metric\":\"connected\",\"statistic\":\"mean\","
                "\"comparison\":\"%s\",\"value\":%g,\"variant\":0}",
                c->comparison, c->value, c->comparison, c->value);
        g_string_append(log, "]}\n");
        for (int k = 0; k < 3; k++)
            add_call(log, k + 1, 0, c->fates[k]);
        if (c->end)
            g_string_append_printf(
                log,
                "{\"t_us\":9000,\"source\":\"vcbench\",\"type\":\"run-end\",\"outcome\":\"%s\",\"reason\":"
                "\"why\"}\n",
                c->end);
        data = vcb_run_data_parse(log->str, log->len);
        analysis = vcb_analysis_new(data);
        if (analysis->verdict != c->verdict || !strstr(analysis->reason, c->reason_holds))
            g_printerr("%s: %s: %s\n", c->claim, vcb_verdict_name(analysis->verdict), analysis->reason);
        CU_ASSERT_EQUAL(analysis->verdict, c->verdict);
        CU_ASSERT_PTR_NOT_NULL(strstr(analysis->reason, c->reason_holds));
        CU_ASSERT_EQUAL(((VcbCallAnalysis *)analysis->calls->pdata[0])->verdict, c->first_call);
    }
}

/* Variant 1 asks for what no peer can do. */
static void what_was_skipped_did_not_hold(void)
{
#define EXPECTED(variant)                                                                                    \
    "{\"expression\":\"connected.mean == "                                                                   \
    "1\",\"metric\":\"connected\",\"statistic\":\"mean\",\"comparison\":"                                    \
    "\"==\",\"value\":1,\"variant\":" #variant "}"
    g_autoptr(GString) log = g_string_new("{\"t_us\":0,\"source\":\"vcbench\",\"type\":\"run-start\","
                                          "\"variants\":[{\"name\":\"x=0\"},{\"name\":"
                                          "\"x=1\"}],\"expectations\":[" EXPECTED(0) "," EXPECTED(1) "]}\n");
    g_autoptr(VcbRunData) data = NULL;
    g_autoptr(VcbAnalysis) analysis = NULL;

    add_call(log, 1, 0, COMPLETED);
    add_call(log, 2, 1, SKIPPED);
    g_string_append(
        log, "{\"t_us\":9000,\"source\":\"vcbench\",\"type\":\"run-end\",\"outcome\":\"completed\"}\n");
    data = vcb_run_data_parse(log->str, log->len);
    analysis = vcb_analysis_new(data);
    CU_ASSERT_EQUAL(analysis->verdict, VCB_VERDICT_PASS);
    VCB_ASSERT_STRING(analysis->reason,
                      "1 of 2 expectations held, and the others were skipped, over 1 call.");
#undef EXPECTED
}

static void verdicts_have_exit_statuses(void)
{
    CU_ASSERT_EQUAL(vcb_verdict_exit_status(VCB_VERDICT_PASS), 0);
    CU_ASSERT_EQUAL(vcb_verdict_exit_status(VCB_VERDICT_FAIL), 1);
    CU_ASSERT_EQUAL(vcb_verdict_exit_status(VCB_VERDICT_INVALID), 3);
    CU_ASSERT_EQUAL(vcb_verdict_exit_status(VCB_VERDICT_ERROR), 4);
    for (int v = VCB_VERDICT_PASS; v <= VCB_VERDICT_SKIPPED; v++)
        CU_ASSERT_EQUAL(vcb_verdict_from_name(vcb_verdict_name((VcbVerdict)v)), (VcbVerdict)v);
}

VCB_TEST_MAIN("judge", {"each run has its verdict", each_run_has_its_verdict},
              {"what was skipped did not hold", what_was_skipped_did_not_hold},
              {"verdicts have exit statuses", verdicts_have_exit_statuses})
