/* For the files that hold rows of the language: short words for what comes often in them, and each other's tables. */
#pragma once

#include "harness/scenario/settings_table.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define MS 1e3 /* base units of units.h */
#define S 1e6
#define KBPS 1e3
#define MBPS 1e6

extern const VcbSetting VCB_PEER_TABLE[]; /* into VcbPeerSettings */
