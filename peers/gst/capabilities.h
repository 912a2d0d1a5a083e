/* What this machine and webrtcbin can do of what a call asks for, found before anything is built, so that
 * `ready` names each setting that cannot be carried out, with the remedy. */
#pragma once

#include "peers/protocol.h"

/* Append {setting, reason} for each setting of `config` that cannot be carried out. Settings are named as in
 * scenarios
 * ("video.codec"); "peer": no call at all is possible. To `notes` what is carried out only in part, which does not keep the
 * call from being made. */
void vcb_capabilities_check(const VcbPeerConfig *config, cJSON *unsupported, cJSON *notes);
