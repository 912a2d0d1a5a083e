/* What is concluded, of a run, a call, an expectation. */
#pragma once

#include <glib.h>

typedef enum {
    VCB_VERDICT_PASS,
    VCB_VERDICT_FAIL,
    VCB_VERDICT_INVALID, /* nothing to be believed was measured */
    VCB_VERDICT_ERROR,   /* vcbench itself broke */
    VCB_VERDICT_SKIPPED, /* of calls and expectations only: a capability is missing */
} VcbVerdict;

/* 0 pass, 1 fail, 3 invalid, 4 error. */
int vcb_verdict_exit_status(VcbVerdict verdict);

/* "pass", "fail", "invalid", "error", "skipped". */
const char *vcb_verdict_name(VcbVerdict verdict);

/* The verdict of that name; VCB_VERDICT_ERROR where there is none. */
VcbVerdict vcb_verdict_from_name(const char *name);
