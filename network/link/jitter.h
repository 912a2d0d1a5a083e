/* How much a packet's delay differs from the link's: one draw of 32 bits a packet, whatever the distribution. */
#pragma once

#include "network/link/link.h"

/* Nanoseconds to add to the delay; below zero for some packets where the distribution has two sides. A pure function. */
gint64 vcb_jitter_ns(const VcbLinkSettings *settings, guint32 draw);
