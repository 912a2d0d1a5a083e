/* The one error domain of vcbench. A code says whose move it is, and equals the exit status that a command
 * gives when such an error ends it (docs/cli.md). */
#pragma once

#include <glib.h>

#define VCB_ERROR (vcb_error_quark())
GQuark vcb_error_quark(void);

typedef enum {
    VCB_ERROR_USAGE = 2,   /* bad arguments or an invalid scenario: the person can mend the input */
    VCB_ERROR_INVALID = 3, /* the machine cannot do what was asked: missing package, port in use, full disk */
    VCB_ERROR_INTERNAL = 4, /* nobody's input explains it */
} VcbErrorCode;

/* Exit status for an error: its code in our domain, 4 for every other domain, 0 for NULL. */
int vcb_error_exit_status(const GError *error);
