/* The names under which metrics appear in a report (docs/metrics.md), so that an expectation about a name
 * that no report will ever have is refused before the run. */
#pragma once

#include <glib.h>

typedef enum {
    VCB_EXPECT_CALL,    /* "connect_time_ms" */
    VCB_EXPECT_STREAM,  /* "<audio|video>.<in|out>.bitrate_bps", also with "<peer>." before it */
    VCB_EXPECT_PROCESS, /* "cpu_pct" of the peers, "<peer|signald|vcbench>.cpu_pct" of one */
} VcbExpectScope;

typedef struct {
    const char *name;
    VcbExpectScope scope;
    const char *kind;      /* of a stream's: "video" or "audio" alone; NULL: both */
    const char *direction; /* of a stream's: "in" or "out" alone; NULL: both */
} VcbExpectMetric;

/* Ends with name NULL. */
extern const VcbExpectMetric VCB_EXPECT_METRICS[];

typedef struct {
    const VcbExpectMetric *base;
    int peer;              /* index into the peers' names; -1: none was said */
    const char *kind;      /* "audio", "video", or NULL */
    const char *direction; /* "in", "out", or NULL */
} VcbExpectTarget;

/* Split a metric's full name, statistic already taken off. peers: the scenario's two. The error's message is
 * "what is wrong; what was meant". */
gboolean vcb_expect_target_parse(const char *name, const char *const peers[2], VcbExpectTarget *ret_ref,
                                 GError **error);
