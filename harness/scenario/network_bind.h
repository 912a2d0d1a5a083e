/* `network:` of the tree to VcbNetworkSettings: profile, `link`, `up` and `down`, general and of a host, laid over each
 * other in this order, words resolved. */
#pragma once

#include "harness/scenario/settings.h"

/* Fill binding->settings->net and ->network; the peers' names are known. node: the value of `network`, NULL where it is not
 * there. Adds problems. */
void vcb_network_bind(VcbBinding *binding, const VcbNode *node);

/* What is wrong between the network's settings, and between them and the others (network_checks.c). Adds problems; sorts the
 * timeline by time. */
void vcb_network_check(VcbBinding *binding);

void vcb_network_settings_clear(VcbNetworkSettings *net);
gboolean vcb_network_settings_equal(const VcbNetworkSettings *a, const VcbNetworkSettings *b);
