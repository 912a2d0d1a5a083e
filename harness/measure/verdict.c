#include "harness/measure/verdict.h"

#include <assert.h>

static const struct {
    const char *name;
    int exit_status;
} VERDICTS[] = {
    [VCB_VERDICT_PASS] = {"pass", 0},       [VCB_VERDICT_FAIL] = {"fail", 1},
    [VCB_VERDICT_INVALID] = {"invalid", 3}, [VCB_VERDICT_ERROR] = {"error", 4},
    [VCB_VERDICT_SKIPPED] = {"skipped", 3},
};
static_assert(G_N_ELEMENTS(VERDICTS) == VCB_VERDICT_SKIPPED + 1, "a row for each verdict");

int vcb_verdict_exit_status(VcbVerdict verdict)
{
    return VERDICTS[verdict].exit_status;
}

const char *vcb_verdict_name(VcbVerdict verdict)
{
    return VERDICTS[verdict].name;
}

VcbVerdict vcb_verdict_from_name(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(VERDICTS); i++) {
        if (g_strcmp0(VERDICTS[i].name, name) == 0)
            return (VcbVerdict)i;
    }
    return VCB_VERDICT_ERROR;
}
