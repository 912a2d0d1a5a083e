/* Where the programs are that vcbench starts: beside it in a build tree, or in the installation's libexec
 * folder. */
#pragma once

#include <glib.h>

typedef enum {
    VCB_PROGRAM_SIGNALD,
    VCB_PROGRAM_PEER,
    VCB_PROGRAM_NET,
    VCB_PROGRAM_TRAFFIC,
    VCB_PROGRAM_BENCH_NETWORK,
    VCB_PROGRAM_BENCH_SIGNALING,
} VcbProgram;

/* Path of the program. NULL and an error that says where it was sought. New string. */
char *vcb_program_find(VcbProgram program, GError **error);
