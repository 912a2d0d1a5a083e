#include "harness/scenario/network_profiles.h"

#define WEBPAGETEST "WebPageTest, connectivity profiles"
#define DEVTOOLS "Chrome DevTools, network throttling presets"

/* The published ones are throttles: capacity and delay, nothing else. Where a line of our own loses packets or delays them
 * unequally, the figures are round ones of the order that such lines show. */
static const VcbNetworkProfile PROFILES[] = {
    {"lan", 1e6, 1e6, 0.4, "uniform", 0, 0, 0, 0, "round figures of ours: Gigabit Ethernet and two switches"},
    {"wifi", 50e3, 20e3, 8, "normal", 2, 0.1, 0, 200,
     "round figures of ours: an IEEE 802.11 home network with a good signal, on a line that is faster"},
    {"wifi-busy", 8e3, 4e3, 30, "pareto", 8, 2, 3, 500,
     "round figures of ours: the same on a channel that many share; retries delay some packets by much"},
    {"dsl", 25e3, 5e3, 30, "normal", 1, 0.05, 0, 300,
     "round figures of ours: VDSL2 (ITU-T G.993.2) on a long line with interleaving"},
    {"cable", 100e3, 10e3, 20, "normal", 2, 0.05, 0, 250,
     "round figures of ours: DOCSIS 3.0, whose upstream waits for grants"},
    {"4g", 20e3, 8e3, 50, "normal", 8, 0.1, 3, 500,
     "round figures of ours: LTE in a town; the link layer repeats what is lost, so that it comes late "
     "instead"},
    {"3g", 3e3, 1e3, 120, "normal", 20, 0.5, 3, 1000, "round figures of ours: HSPA"},
    {"edge", 200, 100, 400, "normal", 40, 1, 3, 2000,
     "round figures of ours: EDGE with four time slots down, two up"},
    {"satellite", 20e3, 3e3, 600, "normal", 5, 0.5, 5, 500,
     "geostationary: four times 35,786 km at the speed of light are 477 ms; the rest round figures of ours"},
    {"lossy", 10e3, 10e3, 40, "uniform", 0, 5, 4, 200,
     "round figures of ours: losses in bursts and nothing else"},
    {"wpt-cable", 5e3, 1e3, 28, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"wpt-dsl", 1500, 384, 50, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"wpt-fios", 20e3, 5e3, 4, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"wpt-3g", 1600, 768, 300, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"wpt-3g-fast", 1600, 768, 150, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"wpt-3g-slow", 780, 330, 200, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"wpt-edge", 240, 200, 840, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"wpt-2g", 35, 32, 1300, "uniform", 0, 0, 0, 0, WEBPAGETEST},
    {"devtools-slow-3g", 500, 500, 400, "uniform", 0, 0, 0, 0, DEVTOOLS},
    {"devtools-slow-4g", 1600, 750, 150, "uniform", 0, 0, 0, 0, DEVTOOLS},
    {"devtools-fast-4g", 9000, 1500, 60, "uniform", 0, 0, 0, 0, DEVTOOLS},
};

/* Beside the table rather than made from it, as the language's rows are constants; network_profiles_test.c compares. */
const char *const VCB_NETWORK_WORDS[] = {
    "loopback",
    "lan",
    "wifi",
    "wifi-busy",
    "dsl",
    "cable",
    "4g",
    "3g",
    "edge",
    "satellite",
    "lossy",
    "wpt-cable",
    "wpt-dsl",
    "wpt-fios",
    "wpt-3g",
    "wpt-3g-fast",
    "wpt-3g-slow",
    "wpt-edge",
    "wpt-2g",
    "devtools-slow-3g",
    "devtools-slow-4g",
    "devtools-fast-4g",
    NULL,
};

G_STATIC_ASSERT(G_N_ELEMENTS(VCB_NETWORK_WORDS) == G_N_ELEMENTS(PROFILES) + 2);

const VcbNetworkProfile *vcb_network_profile_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(PROFILES); i++)
        if (g_str_equal(PROFILES[i].name, name))
            return &PROFILES[i];
    return NULL;
}

static char *rate(double kbps)
{
    return kbps >= 1000 ? g_strdup_printf("%g Mbit/s", kbps / 1000) : g_strdup_printf("%g kbit/s", kbps);
}

char *vcb_network_profiles_reference(void)
{
    GString *out = g_string_new("| profile | down | up | RTT | jitter | loss | queue | from |\n"
                                "|---|---|---|---|---|---|---|---|\n");

    for (gsize i = 0; i < G_N_ELEMENTS(PROFILES); i++) {
        const VcbNetworkProfile *profile = &PROFILES[i];
        g_autofree char *down = rate(profile->down_kbps), *up = rate(profile->up_kbps);

        g_string_append_printf(out, "| `%s` | %s | %s | %g ms | ", profile->name, down, up, profile->rtt_ms);
        if (profile->jitter_ms > 0)
            g_string_append_printf(out, "%s %g ms", profile->distribution, profile->jitter_ms);
        g_string_append(out, " | ");
        if (profile->loss_pct > 0)
            g_string_append_printf(out, "%g%%", profile->loss_pct);
        if (profile->loss_burst > 0)
            g_string_append_printf(out, " in bursts of %g", profile->loss_burst);
        if (profile->queue_ms > 0)
            g_string_append_printf(out, " | %g ms", profile->queue_ms);
        else
            g_string_append(out, " | 1000 packets");
        g_string_append_printf(out, " | %s |\n", profile->source);
    }
    return g_string_free(out, FALSE);
}
