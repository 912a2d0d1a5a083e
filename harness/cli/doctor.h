/* What this machine can do: a table of checks, each with what needs it and what mends it.
 *
 *   vcb_doctor_checks[] -> probe -> VcbFinding -> text or JSON (cmd_doctor.c)
 */
#pragma once

#include <glib.h>

typedef enum {
    VCB_FINDING_OK,
    VCB_FINDING_LIMITED, /* it works, with a restriction that the detail names */
    VCB_FINDING_MISSING,
} VcbFindingState;

typedef struct {
    VcbFindingState state;
    char *detail; /* owned: what was found, or what is wrong */
    char *remedy; /* owned: the command that mends it; NULL: see vcb_doctor_remedy */
} VcbFinding;

typedef struct VcbCheck VcbCheck;
struct VcbCheck {
    const char *group;
    const char *name;
    const char *needed_for;
    gboolean required;   /* scenarios/lan.yaml needs it */
    const char *subject; /* what the probe looks for: GStreamer elements or programs, separated by blanks */
    const char *package; /* of data/packages.txt; NULL where no package mends it */
    void (*probe)(const VcbCheck *check, VcbFinding *finding); /* fills a finding that is zeroed */
};

extern const VcbCheck vcb_doctor_checks[];
extern const gsize vcb_doctor_n_checks;

void vcb_finding_clear(VcbFinding *finding);
const char *vcb_finding_state_name(VcbFindingState state); /* "ok", "limited", "missing" */

/* Set state and detail; for the probes. */
void vcb_finding_set(VcbFinding *finding, VcbFindingState state, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The command that installs packages, separated by blanks, on this machine. New string. */
char *vcb_doctor_install_command(const char *packages);

/* The command that mends a finding: the probe's own, else the installation of the check's package. New
 * string, or NULL where there is nothing to mend, or no command would. */
char *vcb_doctor_remedy(const VcbCheck *check, const VcbFinding *finding);

/* All elements of the subject are in GStreamer's registry. doctor_gstreamer.c */
void vcb_probe_elements(const VcbCheck *check, VcbFinding *finding);

/* One of the programs of the subject is there, by name or by path. doctor_machine.c, as are the following. */
void vcb_probe_program(const VcbCheck *check, VcbFinding *finding);
void vcb_probe_cores(const VcbCheck *check, VcbFinding *finding);
void vcb_probe_memory(const VcbCheck *check, VcbFinding *finding);
void vcb_probe_pressure(const VcbCheck *check, VcbFinding *finding);
void vcb_probe_cameras(const VcbCheck *check, VcbFinding *finding);

/* doctor_network.c */
void vcb_probe_loopback(const VcbCheck *check, VcbFinding *finding);
void vcb_probe_tun(const VcbCheck *check, VcbFinding *finding);
void vcb_probe_user_namespaces(const VcbCheck *check, VcbFinding *finding);

/* vcbench-net can make hosts here, by whatever way; doctor_emulator.c */
void vcb_probe_emulator(const VcbCheck *check, VcbFinding *finding);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbFinding, vcb_finding_clear)
