#include "network/link/loss.h"

#include "network/link/draw.h"

#define DEFAULT_SLOT_NS G_GINT64_CONSTANT(10000000)

void vcb_loss_init(VcbLoss *loss, guint64 seed, const char *purpose, gint64 origin_ns)
{
    *loss = (VcbLoss){
        .seed = seed,
        .purpose = g_strdup(purpose),
        .packet_stream = vcb_draw_stream(seed, purpose, "loss"),
        .state_stream = vcb_draw_stream(seed, purpose, "loss-state"),
    };
    vcb_loss_set_origin(loss, origin_ns);
}

void vcb_loss_clear(VcbLoss *loss)
{
    g_clear_pointer(&loss->packet_stream, g_rand_free);
    g_clear_pointer(&loss->state_stream, g_rand_free);
    g_clear_pointer(&loss->slot_stream, g_rand_free);
    g_clear_pointer(&loss->purpose, g_free);
}

void vcb_loss_set_origin(VcbLoss *loss, gint64 origin_ns)
{
    g_clear_pointer(&loss->slot_stream, g_rand_free);
    loss->slot_stream = vcb_draw_stream(loss->seed, loss->purpose, "loss-slot");
    loss->slot_is_bad = FALSE;
    loss->slot = 0;
    loss->origin_ns = origin_ns;
}

static gboolean moved(gboolean is_bad, const VcbLinkSettings *settings, GRand *stream)
{
    double draw = vcb_draw_unit(stream);

    return is_bad ? draw >= settings->loss_r : draw < settings->loss_p;
}

static gint64 slot_at(const VcbLoss *loss, const VcbLinkSettings *settings, gint64 now_ns)
{
    gint64 length = settings->loss_slot_ns > 0 ? settings->loss_slot_ns : DEFAULT_SLOT_NS;

    return now_ns <= loss->origin_ns ? 0 : (now_ns - loss->origin_ns) / length;
}

static void move_slots(VcbLoss *loss, const VcbLinkSettings *settings, gint64 now_ns)
{
    gint64 slot = slot_at(loss, settings, now_ns);

    for (; loss->slot < slot; loss->slot++)
        loss->slot_is_bad = moved(loss->slot_is_bad, settings, loss->slot_stream);
}

gboolean vcb_loss_draw(VcbLoss *loss, const VcbLinkSettings *settings, gint64 came_ns)
{
    double draw = vcb_draw_unit(loss->packet_stream);
    gboolean is_bad;

    loss->is_bad = moved(loss->is_bad, settings, loss->state_stream);
    is_bad = loss->is_bad;
    if (settings->loss_by_time) {
        move_slots(loss, settings, came_ns);
        is_bad = loss->slot_is_bad;
    }
    return draw >= (is_bad ? settings->loss_h : settings->loss_k);
}

void vcb_loss_change(VcbLoss *loss, const VcbLinkSettings *old, const VcbLinkSettings *settings,
                     gint64 now_ns)
{
    if (old->loss_by_time)
        move_slots(loss, old, now_ns);
    if (old->loss_by_time && old->loss_slot_ns != settings->loss_slot_ns)
        loss->slot = slot_at(loss, settings, now_ns); /* the state stays, the count is in other slots now */
}
