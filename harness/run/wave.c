#include "harness/run/wave.h"

struct VcbWave {
    const VcbCallContext *context; /* no-ref */
    void (*changed)(gpointer user_data);
    gpointer user_data;
    GPtrArray *calls; /* of VcbCall */
};

static void on_call_changed(VcbCall *call, gpointer user_data)
{
    VcbWave *wave = user_data;

    wave->changed(wave->user_data);
}

VcbWave *vcb_wave_new(const VcbCallContext *context, void (*changed)(gpointer user_data), gpointer user_data)
{
    VcbWave *wave = g_new0(VcbWave, 1);

    wave->context = context;
    wave->changed = changed;
    wave->user_data = user_data;
    wave->calls = g_ptr_array_new_with_free_func((GDestroyNotify)vcb_call_free);
    return wave;
}

void vcb_wave_free(VcbWave *wave)
{
    if (!wave)
        return;
    g_ptr_array_unref(wave->calls);
    g_free(wave);
}

void vcb_wave_start(VcbWave *wave, const VcbPlan *plan, guint *next, int jobs)
{
    g_assert(wave->calls->len == 0);
    for (int i = 0; i < jobs && *next < plan->n_calls; i++) {
        const VcbPlannedCall *planned = &plan->calls[(*next)++];

        vcb_servers_open_room(wave->context->servers, planned);
        g_ptr_array_add(wave->calls, vcb_call_new(wave->context, planned, on_call_changed, wave));
    }
}

void vcb_wave_join_next(VcbWave *wave)
{
    VcbCall *first_ready = NULL;

    for (guint i = 0; i < wave->calls->len; i++) {
        VcbCallPhase phase = vcb_call_phase(wave->calls->pdata[i]);

        if (phase == VCB_CALL_STARTING || phase == VCB_CALL_JOINING)
            return;
        if (phase == VCB_CALL_READY && !first_ready)
            first_ready = wave->calls->pdata[i];
    }
    if (first_ready)
        vcb_call_join(first_ready);
}

gboolean vcb_wave_is_over(const VcbWave *wave)
{
    for (guint i = 0; i < wave->calls->len; i++)
        if (vcb_call_phase(wave->calls->pdata[i]) != VCB_CALL_ENDED)
            return FALSE;
    return TRUE;
}

void vcb_wave_retire(VcbWave *wave, void (*each)(const VcbCall *call, gpointer user_data))
{
    for (guint i = 0; i < wave->calls->len; i++) {
        const VcbCall *call = wave->calls->pdata[i];

        vcb_servers_close_room(wave->context->servers, vcb_call_planned(call));
        each(call, wave->user_data);
    }
    g_ptr_array_set_size(wave->calls, 0);
}

guint vcb_wave_n_calls(const VcbWave *wave)
{
    return wave->calls->len;
}

void vcb_wave_fail_unconnected(VcbWave *wave, const char *reason)
{
    for (guint i = 0; i < wave->calls->len; i++)
        if (vcb_call_phase(wave->calls->pdata[i]) < VCB_CALL_CONNECTED)
            vcb_call_fail(wave->calls->pdata[i], reason);
}

void vcb_wave_interrupt(VcbWave *wave, const char *reason)
{
    for (guint i = 0; i < wave->calls->len; i++)
        vcb_call_interrupt(wave->calls->pdata[i], reason);
}

void vcb_wave_kill(VcbWave *wave)
{
    for (guint i = 0; i < wave->calls->len; i++)
        vcb_call_kill(wave->calls->pdata[i]);
}
