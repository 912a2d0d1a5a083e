/* coturn (RFC 8656), started for a run with made-up credentials: on loopback, or on a host of the emulated network.
 *
 *                 UDP      TCP     TLS
 *   loopback      any      same    any     IPv4
 *   emulated      3478     443     5349     IPv4 and IPv6; with two addresses also RFC 5780's discovery
 *
 * TCP stands at 443, too, because firewalls let nothing else through; that is where peers are sent. Main thread only. */
#pragma once

#include "common/child.h"
#include "harness/run/run_log.h"
#include "harness/scenario/scenario.h"

typedef struct VcbCoturn VcbCoturn;

typedef struct {
    void (*ready)(gpointer user_data); /* it answered a STUN request */
    void (*failed)(const GError *error, gpointer user_data);
    void (*died)(const char *reason, gpointer user_data);
} VcbCoturnEvents;

typedef struct {
    const char *name;                     /* of the process: "turnserver" */
    const VcbChildNamespaces *namespaces; /* of its host; NULL: loopback */
    const char *const *ipv4,
        *const *ipv6;         /* the host's addresses, one or two each, NULL-terminated; of loopback: NULL */
    gboolean is_time_limited; /* credentials that expire, after draft-uberti-behave-turn-rest-00 */
    guint64 seed;             /* of the run: the credentials come from it */
} VcbCoturnParams;

/* Its files and its log go to DIRECTORY/logs/. The params need not outlive the call. NULL and an error (with the package
 * to install) where it cannot be started. */
VcbCoturn *vcb_coturn_new(const VcbCoturnParams *params, const char *directory, VcbRunLog *log,
                          const VcbCoturnEvents *events, gpointer user_data, GError **error);
void vcb_coturn_free(VcbCoturn *coturn);

/* Append what a peer needs of it to its ICE servers: `turn_server: stun` the STUN URL alone (RFC 7064); `coturn` the TURN URLs
 * (RFC 7065) of the settings' transports with credentials, and the STUN URL where UDP is among them. by_ipv6: for a peer
 * that has no IPv4. */
void vcb_coturn_add_ice(const VcbCoturn *coturn, const VcbSettings *settings, gboolean by_ipv6, cJSON *list);
