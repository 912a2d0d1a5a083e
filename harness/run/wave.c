#include "harness/run/wave.h"

#define NETWORK_REMOVAL_MS 3000

struct VcbWave {
    const VcbCallContext *context; /* no-ref */
    void (*changed)(gpointer user_data);
    gpointer user_data;
    GPtrArray *calls; /* of VcbCall */

    VcbCallNetwork *network;       /* that its calls share; NULL: none (any more) */
    const VcbPlannedCall *waiting; /* no-ref; n_waiting calls that start once the network is ready */
    guint n_waiting;
    guint removal_deadline;
};

static const VcbSettings *settings_of(const VcbWave *wave, const VcbPlannedCall *call)
{
    return &wave->context->scenario->variants[call->variant].settings;
}

static gboolean all_have_ended(const VcbWave *wave)
{
    for (guint i = 0; i < wave->calls->len; i++)
        if (vcb_call_phase(wave->calls->pdata[i]) != VCB_CALL_ENDED)
            return FALSE;
    return wave->n_waiting == 0;
}

static void remove_network_when_over(VcbWave *wave);

static void on_call_changed(VcbCall *call, gpointer user_data)
{
    VcbWave *wave = user_data;

    remove_network_when_over(wave);
    wave->changed(wave->user_data);
}

static void start_call(VcbWave *wave, const VcbPlannedCall *planned)
{
    vcb_servers_open_room(wave->context->servers, planned);
    g_ptr_array_add(wave->calls, vcb_call_new(wave->context, planned, wave->network, on_call_changed, wave));
}

/* ---- a network that all of them share ---- */

static void drop_network(VcbWave *wave)
{
    g_clear_handle_id(&wave->removal_deadline, g_source_remove);
    g_clear_pointer(&wave->network, vcb_call_network_free);
}

static void on_network_gone(VcbCallNetwork *network, gpointer user_data)
{
    VcbWave *wave = user_data;

    drop_network(wave);
    wave->changed(wave->user_data);
}

static gboolean on_removal_deadline(gpointer user_data)
{
    VcbWave *wave = user_data;
    cJSON *note = vcb_run_log_event("note");

    wave->removal_deadline = 0;
    cJSON_AddStringToObject(note, "message",
                            "a shared network was not removed in time; its last counters may be missing");
    vcb_run_log_write(wave->context->log, NULL, "vcbench", note);
    drop_network(wave);
    wave->changed(wave->user_data);
    return G_SOURCE_REMOVE;
}

static void remove_network_when_over(VcbWave *wave)
{
    if (!wave->network || wave->removal_deadline || !all_have_ended(wave))
        return;
    if (vcb_call_network_remove(wave->network))
        wave->removal_deadline = g_timeout_add(NETWORK_REMOVAL_MS, on_removal_deadline, wave);
    else
        drop_network(wave);
}

static void start_waiting(VcbWave *wave)
{
    guint n = wave->n_waiting;

    wave->n_waiting = 0;
    for (guint i = 0; i < n; i++)
        start_call(wave, &wave->waiting[i]);
}

static void on_network_ready(VcbCallNetwork *network, gpointer user_data)
{
    start_waiting(user_data);
}

static void on_network_failed(VcbCallNetwork *network, const char *reason, gpointer user_data)
{
    VcbWave *wave = user_data;

    start_waiting(wave); /* without it, so that each of them has an end and a reason for it */
    for (guint i = 0; i < wave->calls->len; i++)
        vcb_call_fail(wave->calls->pdata[i], reason);
}

/* The calls that share a network: all pairs of one repeat of a variant. */
static void start_shared(VcbWave *wave, const VcbPlan *plan, guint *next)
{
    static const VcbCallNetworkEvents events = {on_network_ready, on_network_failed, on_network_gone};
    const VcbPlannedCall *first = &plan->calls[*next];
    const VcbSettings *settings = settings_of(wave, first);
    g_autofree char *name = g_strdup_printf("wave-%s", first->id);

    wave->waiting = first;
    for (; *next < plan->n_calls && plan->calls[*next].variant == first->variant &&
           plan->calls[*next].repeat == first->repeat;
         ++*next)
        wave->n_waiting++;
    wave->network = vcb_call_network_new(
        &(VcbCallNetworkParams){
            .settings = settings,
            .emulator = vcb_servers_emulator(wave->context->servers),
            .name = name,
            .seed = first->seed,
            .number = first->number,
            .n_pairs = (guint)settings->pairs,
        },
        wave->context->directory, wave->context->log, &events, wave);
}

/* Moment zero of the network, and of all that have connected. */
static void begin(VcbWave *wave)
{
    vcb_call_network_start(wave->network);
    for (guint i = 0; i < wave->calls->len; i++)
        if (vcb_call_phase(wave->calls->pdata[i]) == VCB_CALL_JOINED)
            vcb_call_begin(wave->calls->pdata[i]);
}

/* ---- the calls ---- */

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
    drop_network(wave);
    g_free(wave);
}

void vcb_wave_start(VcbWave *wave, const VcbPlan *plan, guint *next, int jobs)
{
    g_assert(wave->calls->len == 0 && !wave->network);
    if (*next < plan->n_calls && settings_of(wave, &plan->calls[*next])->net.shared) {
        start_shared(wave, plan, next);
        return;
    }
    for (int i = 0; i < jobs && *next < plan->n_calls; i++) {
        if (settings_of(wave, &plan->calls[*next])->net.shared)
            break;
        start_call(wave, &plan->calls[(*next)++]);
    }
}

void vcb_wave_join_next(VcbWave *wave)
{
    VcbCall *first_ready = NULL;
    gboolean any_joined = FALSE;

    for (guint i = 0; i < wave->calls->len; i++) {
        VcbCallPhase phase = vcb_call_phase(wave->calls->pdata[i]);

        if (phase == VCB_CALL_STARTING || phase == VCB_CALL_JOINING)
            return;
        any_joined |= phase == VCB_CALL_JOINED;
        if (phase == VCB_CALL_READY && !first_ready)
            first_ready = wave->calls->pdata[i];
    }
    if (first_ready)
        vcb_call_join(first_ready);
    else if (any_joined)
        begin(wave);
}

gboolean vcb_wave_is_over(const VcbWave *wave)
{
    return all_have_ended(wave) && !wave->network;
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
    return wave->calls->len + wave->n_waiting;
}

/* ---- early ends ---- */

void vcb_wave_fail_unconnected(VcbWave *wave, const char *reason)
{
    for (guint i = 0; i < wave->calls->len; i++)
        if (vcb_call_phase(wave->calls->pdata[i]) < VCB_CALL_JOINED)
            vcb_call_fail(wave->calls->pdata[i], reason);
}

void vcb_wave_fail_emulated(VcbWave *wave, const char *reason)
{
    for (guint i = 0; i < wave->calls->len; i++)
        if (settings_of(wave, vcb_call_planned(wave->calls->pdata[i]))->net.enabled)
            vcb_call_fail(wave->calls->pdata[i], reason);
}

void vcb_wave_interrupt(VcbWave *wave, const char *reason)
{
    wave->n_waiting = 0; /* they never began */
    for (guint i = 0; i < wave->calls->len; i++)
        vcb_call_interrupt(wave->calls->pdata[i], reason);
    remove_network_when_over(wave);
}

void vcb_wave_kill(VcbWave *wave)
{
    wave->n_waiting = 0;
    for (guint i = 0; i < wave->calls->len; i++)
        vcb_call_kill(wave->calls->pdata[i]);
    if (all_have_ended(wave))
        drop_network(wave);
    wave->changed(wave->user_data);
}
