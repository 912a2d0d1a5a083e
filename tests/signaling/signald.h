/* The real server as a child, with its control channel: for whole-system tests and benchmarks. Its program is
 * named by the environment variable VCB_SIGNALD. */
#pragma once

#include "common/channel.h"
#include "common/child.h"

typedef struct {
    VcbChild *child;
    VcbChannel *channel;
    GPtrArray *events; /* owned cJSON, in the order in which they came */
    guint seen;        /* so many of them were looked at by signald_expect */
    gboolean exited;
    int wait_status;
    guint port; /* of `ready` */
    char *log;  /* its stdout and stderr */
} Signald;

/* Start it on a free port with these flags (NULL-terminated), and wait for its first message. Fails the test
 * where none comes; port is 0 where that is not `ready`. */
Signald *signald_start(const char *const *flags);

/* End it: SIGTERM, exit status 0, nothing on stderr (where a sanitizer would speak). */
void signald_stop(Signald *signald);

/* The process without any expectation: it may have ended in any way. */
void signald_free(Signald *signald);

/* Send one command, as JSON text. */
void signald_command(Signald *signald, const char *json);

/* The next event of this type which has all these fields ("key", "value", ..., NULL; compared as text); what
 * comes before is skipped. Owned by signald. Fails the test where none comes in time. */
const cJSON *signald_expect(Signald *signald, const char *type, ...) G_GNUC_NULL_TERMINATED;

/* How many events of this type came so far, `action` being NULL or that of the event. */
guint signald_count(const Signald *signald, const char *type, const char *action);

/* Wait for its end; the exit status, or -1 where it does not come or was a signal. */
int signald_wait_exit(Signald *signald);
