#include "network/emulator/audit.h"

#include "common/test.h"

static void intervals_are_apart_and_the_final_report_is_of_all(void)
{
    VcbAuditClocks now = {1000000000, 5000000000, 1000000000, 0};
    VcbAudit audit;

    vcb_audit_init(&audit, &now);
    for (int second = 1; second <= 3; second++) {
        g_autoptr(cJSON) report = NULL;
        const cJSON *lateness;

        for (int i = 0; i < 100; i++)
            vcb_audit_late(&audit, second * 10000);
        now.monotonic_ns += 1000000000;
        now.realtime_ns += 1000000000;
        now.boottime_ns += 1000000000;
        now.worked_ns += second * 100000000;
        report = vcb_audit_report(&audit, &now, FALSE);
        lateness = vcb_json_object(report, "lateness_us");
        CU_ASSERT_EQUAL(vcb_json_int(lateness, "n", -1), 100);
        VCB_ASSERT_NEAR(vcb_json_number(lateness, "p50", -1), second * 10, second * 0.1);
        VCB_ASSERT_NEAR(vcb_json_number(report, "busy_pct", -1), second * 10, 1e-6);
        CU_ASSERT_FALSE(vcb_json_has(report, "final"));
    }
    vcb_audit_late(&audit, 7000000); /* of an interval that has not ended */
    {
        g_autoptr(cJSON) report = vcb_audit_report(&audit, &now, TRUE);
        const cJSON *lateness = vcb_json_object(report, "lateness_us");

        CU_ASSERT_TRUE(vcb_json_bool(report, "final", FALSE));
        CU_ASSERT_EQUAL(vcb_json_int(lateness, "n", -1), 301);
        VCB_ASSERT_NEAR(vcb_json_number(lateness, "p50", -1), 20, 0.2);
        VCB_ASSERT_NEAR(vcb_json_number(lateness, "max", -1), 7000, 1e-6);
        VCB_ASSERT_NEAR(vcb_json_number(report, "busy_pct", -1), 20, 1e-6);
        CU_ASSERT_EQUAL(vcb_json_int(report, "clock_step_us", -1), 0);
    }
    vcb_audit_clear(&audit);
}

static gint64 step_after(gint64 realtime_step_ns, gint64 boottime_step_ns)
{
    VcbAuditClocks now = {1000, 900000, 2000, 0};
    g_autoptr(cJSON) report = NULL;
    VcbAudit audit;

    vcb_audit_init(&audit, &now);
    now.monotonic_ns += 5000000;
    now.realtime_ns += 5000000 + realtime_step_ns;
    now.boottime_ns += 5000000 + boottime_step_ns;
    report = vcb_audit_report(&audit, &now, FALSE);
    vcb_audit_clear(&audit);
    return vcb_json_int(report, "clock_step_us", G_MININT);
}

static void the_larger_step_of_a_clock_is_told(void)
{
    CU_ASSERT_EQUAL(step_after(-3600000000000, 0), -3600000000);  /* somebody set the time */
    CU_ASSERT_EQUAL(step_after(8000000000, 8000000000), 8000000); /* the machine slept */
    CU_ASSERT_EQUAL(step_after(1000000, -2000000), -2000);
}

static void drops_before_the_emulator_are_told(void)
{
    VcbAuditClocks now = vcb_audit_clocks_now();
    g_autoptr(cJSON) report = NULL;
    VcbAudit audit;

    vcb_audit_init(&audit, &now);
    audit.tx_dropped = 17;
    report = vcb_audit_report(&audit, &now, TRUE);
    CU_ASSERT_EQUAL(vcb_json_int(report, "tx_dropped", -1), 17);
    CU_ASSERT_EQUAL(vcb_json_int(vcb_json_object(report, "lateness_us"), "n", -1), 0);
    vcb_audit_clear(&audit);
}

VCB_TEST_MAIN("audit",
              {"intervals are apart, and the final report is of all",
               intervals_are_apart_and_the_final_report_is_of_all},
              {"the larger step of a clock is told", the_larger_step_of_a_clock_is_told},
              {"drops before the emulator are told", drops_before_the_emulator_are_told})
