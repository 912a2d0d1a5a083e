/* The emulator without its process: networks as vcbench asks for them, from hosts (made by the host maker), the internet
 * (routers, links), and observers of the truth.
 *
 *   command -> emulator.c -+-> internet: routers, links        +-> host maker: namespaces, interfaces
 *                          |                                   |
 *   packets  ports.c: host's interface <-> internet            |     replies -> emulator.c -> created, change, removed
 *   truth    observers.c: counters, capture, audit
 *   each second reports.c: link, router, audit
 */
#pragma once

#include "common/json.h"
#include "network/emulator/audit.h"
#include "network/emulator/capture.h"
#include "network/emulator/counters.h"
#include "network/emulator/loop.h"
#include "network/hosts/hosts.h"
#include "network/internet/internet.h"

typedef struct VcbEmulator VcbEmulator;
typedef struct VcbEmulatedNetwork VcbEmulatedNetwork;

typedef struct {
    /* Say this; `fds` (n of them, closed afterwards by the caller) go with it. */
    void (*say)(const cJSON *message, const int *fds, guint n, void *user_data);
    /* After vcb_emulator_stop: nothing is left. */
    void (*stopped)(void *user_data);
    /* It cannot go on. */
    void (*failed)(const char *message, void *user_data);
} VcbEmulatorCallbacks;

/* loop, hosts and capture (NULL: none) stay the caller's. */
VcbEmulator *vcb_emulator_new(VcbLoop *loop, VcbHosts *hosts, VcbCapture *capture,
                              const VcbEmulatorCallbacks *callbacks, void *user_data);
void vcb_emulator_free(VcbEmulator *emulator);

/* A message of vcbench. FALSE and an error: it had no effect. */
gboolean vcb_emulator_obey(VcbEmulator *emulator, const cJSON *command, GError **error);

/* Tasks of the loop. */
gint64 vcb_emulator_next_ns(const VcbEmulator *emulator);
void vcb_emulator_advance(VcbEmulator *emulator, gint64 now_ns);
gboolean vcb_emulator_work(VcbEmulator *emulator);

/* Remove every network, with its last reports, and then call `stopped`. */
void vcb_emulator_stop(VcbEmulator *emulator);
