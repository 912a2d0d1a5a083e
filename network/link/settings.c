/* The settings of a link's direction as a value: defaults, copies. */
#include "network/link/link.h"

#define MS_NS G_GINT64_CONSTANT(1000000)

void vcb_link_settings_init(VcbLinkSettings *settings)
{
    *settings = (VcbLinkSettings){
        .queue_unit = VCB_QUEUE_PACKETS,
        .queue_limit = 1000,
        .discipline = VCB_DISCIPLINE_DROP_TAIL,
        .codel_target_ns = 5 * MS_NS,
        .codel_interval_ns = 100 * MS_NS,
        .jitter = VCB_JITTER_NONE,
        .jitter_shape = 3,
        .loss_r = 1,
        .loss_k = 1,
        .loss_slot_ns = 10 * MS_NS,
        .reorder_delay_ns = 20 * MS_NS,
        .mtu_icmp = TRUE,
        .up = TRUE,
    };
}

void vcb_link_settings_copy(VcbLinkSettings *target, const VcbLinkSettings *source)
{
    *target = *source;
    target->rate_steps = g_memdup2(source->rate_steps, source->n_rate_steps * sizeof *source->rate_steps);
    target->trace_ms = g_memdup2(source->trace_ms, source->n_trace * sizeof *source->trace_ms);
}

void vcb_link_settings_clear(VcbLinkSettings *settings)
{
    g_clear_pointer(&settings->rate_steps, g_free);
    g_clear_pointer(&settings->trace_ms, g_free);
    settings->n_rate_steps = settings->n_trace = 0;
}
