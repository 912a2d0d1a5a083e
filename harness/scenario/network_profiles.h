/* Lines that people know by name, as one table: the profiles of docs/network.md. */
#pragma once

#include <glib.h>

typedef struct {
    const char *name;
    double down_kbps, up_kbps; /* capacity of IP packets */
    double
        rtt_ms; /* between the peer and the internet's core, and so half of it a direction; a call has both peers' */
    const char *distribution; /* of the jitter: "uniform", "normal", "pareto" */
    double jitter_ms;         /* a direction */
    double loss_pct;          /* a direction */
    double loss_burst;        /* mean length of a run of losses; 0: each packet by itself */
    double queue_ms;          /* what waits for capacity; 0: 1000 packets */
    const char *source;       /* where the figures are from */
} VcbNetworkProfile;

/* The words that `network` takes, and behind the first (`loopback`) the profiles' names, in the table's order. */
extern const char *const VCB_NETWORK_WORDS[];
#define VCB_PROFILE_NAMES (VCB_NETWORK_WORDS + 1)

/* NULL where there is none. */
const VcbNetworkProfile *vcb_network_profile_find(const char *name);

/* The table of docs/network.md: Markdown. New string. */
char *vcb_network_profiles_reference(void);
