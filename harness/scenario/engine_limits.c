#include "harness/scenario/engine_limits.h"

#include "harness/scenario/fields.h"

#include <string.h>

typedef struct {
    const char *engine;
    const char *path;        /* of the setting, or "timeline" for an action */
    const char *const *only; /* the only values that work, as --show prints them; or */
    const char *refused;     /* the value that does not */
    const char *problem;     /* what is wrong; what to do */
} VcbEngineLimit;

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* webrtcbin as of GStreamer 1.22. */
static const VcbEngineLimit LIMITS[] = {
    {"webrtcbin", "ice.candidate_pool", WORDS("0"), NULL,
     "webrtcbin has no ICE candidate pool; leave `candidate_pool` at 0, or choose another engine"},
    {"webrtcbin", "ice.rtcp_mux", WORDS("require"), NULL,
     "webrtcbin always multiplexes RTCP; leave `rtcp_mux` at `require`, or choose another engine"},
    {"webrtcbin", "timeline", NULL, "share-screen",
     "a webrtcbin peer cannot share a screen; leave this entry out, or choose another engine"},
    {"webrtcbin", "timeline", NULL, "restart-ice",
     "a webrtcbin peer cannot restart ICE; leave this entry out, or choose another engine"},
};

static gboolean uses(const VcbSettings *settings, const char *engine, const char *peer)
{
    for (guint i = 0; i < 2; i++)
        if (g_str_equal(settings->peers[i].engine, engine) &&
            (g_str_equal(peer, "all") || g_str_equal(peer, settings->peers[i].name)))
            return TRUE;
    return FALSE;
}

void vcb_engine_limits_check(const VcbBinding *binding)
{
    const VcbSettings *settings = binding->settings;

    for (gsize l = 0; l < G_N_ELEMENTS(LIMITS); l++) {
        const VcbEngineLimit *limit = &LIMITS[l];

        if (!g_str_equal(limit->path, "timeline")) {
            g_autofree char *value = vcb_settings_text(VCB_SETTINGS, settings, limit->path);

            if (uses(settings, limit->engine, "all") && !g_strv_contains(limit->only, value))
                vcb_problems_add(binding->problems, vcb_binding_where(binding, "%s", limit->path), "%s",
                                 limit->problem);
            continue;
        }
        for (guint i = 0; i < settings->n_timeline; i++)
            if (g_str_equal(settings->timeline[i].action, limit->refused) &&
                uses(settings, limit->engine, settings->timeline[i].peer))
                vcb_problems_add(binding->problems, vcb_binding_where(binding, "timeline.%u.do", i), "%s",
                                 limit->problem);
    }
}
