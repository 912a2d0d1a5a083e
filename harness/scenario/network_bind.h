/* `network:` of the tree to VcbNetworkSettings: profile, `link`, `up` and `down`, general and of a host, laid over each
 * other in this order, words resolved. */
#pragma once

#include "harness/scenario/binding.h"

/* Fill binding->settings->net and ->network; the peers' names are known. node: the value of `network`, NULL where it is not
 * there. Adds problems. */
void vcb_network_bind(VcbBinding *binding, const VcbNode *node);
