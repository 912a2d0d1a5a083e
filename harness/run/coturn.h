/* coturn (RFC 8656), started for a run on loopback with made-up credentials. Main thread only. */
#pragma once

#include "harness/run/run_log.h"

typedef struct VcbCoturn VcbCoturn;

typedef struct {
    void (*ready)(gpointer user_data); /* it answered a STUN request */
    void (*failed)(const GError *error, gpointer user_data);
    void (*died)(const char *reason, gpointer user_data);
} VcbCoturnEvents;

/* Its files and its log go to DIRECTORY/logs/. NULL and an error (with the package to install) where it
 * cannot be started. */
VcbCoturn *vcb_coturn_new(const char *directory, guint64 seed, VcbRunLog *log, const VcbCoturnEvents *events,
                          gpointer user_data, GError **error);
void vcb_coturn_free(VcbCoturn *coturn);

/* "turn:127.0.0.1:PORT?transport=udp" and the credentials; owned by the object. */
const char *vcb_coturn_urls(const VcbCoturn *coturn);
const char *vcb_coturn_username(const VcbCoturn *coturn);
const char *vcb_coturn_credential(const VcbCoturn *coturn);
