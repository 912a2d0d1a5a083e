#include "harness/run/run.h"

#include "common/clock.h"
#include "common/error.h"
#include "harness/run/call.h"
#include "harness/run/configure.h"
#include "harness/run/coturn.h"
#include "harness/run/programs.h"
#include "harness/run/progress.h"
#include "harness/run/run_dir.h"
#include "harness/run/run_start.h"
#include "harness/run/signald.h"
#include "harness/run/usage.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 200
#define USAGE_TICKS 5     /* processor time of vcbench and signald: once a second */
#define INTERRUPT_MS 1500 /* a run that is interrupted ends within this time */

typedef struct {
    const VcbScenario *scenario;
    const VcbRunOptions *options;
    char *directory;
    VcbPlan *plan;
    VcbRunLog *log;
    VcbSignald *signald;
    VcbCoturn *coturn;
    gboolean signald_ready, coturn_ready;
    VcbCallContext context;
    VcbProgress *progress;
    GMainLoop *loop;
    int jobs;
    guint next;      /* index of the next planned call */
    GPtrArray *wave; /* of VcbCall: those under way */
    guint ticks;
    int signal;     /* that interrupted the run; 0: none */
    char *stopping; /* why no new call begins; NULL while all is well */
    guint kill_timer;
    GError *error; /* what cut the run short, other than a signal */
} Run;

/* ---- the log's last line ---- */

static const char *signal_name(int number)
{
    return number == SIGINT ? "Ctrl-C (SIGINT)" : number == SIGHUP ? "SIGHUP" : "SIGTERM";
}

static void log_run_end(Run *run)
{
    cJSON *event = vcb_run_log_event("run-end");
    const char *outcome = "completed", *reason = "";

    if (run->signal) {
        outcome = "interrupted";
        reason = signal_name(run->signal);
    } else if (run->error) {
        outcome = vcb_error_exit_status(run->error) == VCB_ERROR_INVALID ? "invalid" : "error";
        reason = run->error->message;
    }
    cJSON_AddStringToObject(event, "outcome", outcome);
    cJSON_AddStringToObject(event, "reason", reason);
    vcb_json_add_int(event, "stopped_us", vcb_clock_now_us());
    vcb_run_log_write(run->log, NULL, "vcbench", event);
}

static void log_usage(Run *run, const char *process, pid_t pid, gboolean with_memory)
{
    gint64 cpu_us = pid > 0 ? vcb_usage_cpu_us(pid) : -1,
           pss_bytes = with_memory ? vcb_usage_pss_bytes(pid) : -1;
    cJSON *event;

    if (cpu_us < 0)
        return;
    event = vcb_run_log_event("process-usage");
    cJSON_AddStringToObject(event, "process", process);
    vcb_json_add_int(event, "cpu_us", cpu_us);
    if (pss_bytes >= 0)
        vcb_json_add_int(event, "pss_bytes", pss_bytes);
    vcb_run_log_write(run->log, NULL, "vcbench", event);
}

static void log_own_usage(Run *run, gboolean with_memory)
{
    log_usage(run, "vcbench", getpid(), with_memory);
    log_usage(run, "signald", run->signald ? vcb_signald_pid(run->signald) : 0, with_memory);
}

/* ---- ending early ---- */

static void go_on(Run *run);

static gboolean on_patience_over(gpointer user_data)
{
    Run *run = user_data;

    run->kill_timer = 0;
    for (guint i = 0; i < run->wave->len; i++)
        vcb_call_kill(run->wave->pdata[i]);
    return G_SOURCE_REMOVE;
}

/* No new calls; those under way are hung up, and killed where that takes too long. */
static void wind_up(Run *run, const char *reason)
{
    if (run->stopping)
        return;
    run->stopping = g_strdup(reason);
    run->kill_timer = g_timeout_add(INTERRUPT_MS, on_patience_over, run);
    for (guint i = 0; i < run->wave->len; i++)
        vcb_call_interrupt(run->wave->pdata[i], reason);
    go_on(run);
}

static void give_up(Run *run, const GError *error)
{
    if (!run->error)
        run->error = g_error_copy(error);
    wind_up(run, "the run was cut short");
}

static void on_interrupted(Run *run, int number)
{
    g_autofree char *reason = NULL;

    if (run->signal) { /* a second Ctrl-C: at once */
        g_clear_handle_id(&run->kill_timer, g_source_remove);
        on_patience_over(run);
        return;
    }
    run->signal = number;
    reason = g_strdup_printf("interrupted by %s after %u of %u calls", signal_name(number),
                             run->next - run->wave->len, run->plan->n_calls);
    if (run->progress) {
        g_autofree char *text = g_strconcat(reason, "; what was measured is kept", NULL);

        vcb_progress_note(run->progress, text);
    }
    wind_up(run, reason);
}

static gboolean on_sigint(gpointer user_data)
{
    on_interrupted(user_data, SIGINT);
    return G_SOURCE_CONTINUE;
}

static gboolean on_sigterm(gpointer user_data)
{
    on_interrupted(user_data, SIGTERM);
    return G_SOURCE_CONTINUE;
}

static gboolean on_sighup(gpointer user_data)
{
    on_interrupted(user_data, SIGHUP);
    return G_SOURCE_CONTINUE;
}

/* ---- waves ---- */

static void on_call_changed(VcbCall *call, gpointer user_data)
{
    go_on(user_data);
}

static void start_wave(Run *run)
{
    for (int i = 0; i < run->jobs && run->next < run->plan->n_calls; i++) {
        const VcbPlannedCall *planned = &run->plan->calls[run->next++];
        g_autoptr(cJSON) room = vcb_room_message(&run->context, planned);

        vcb_signald_send(run->signald, room);
        g_ptr_array_add(run->wave, vcb_call_new(&run->context, planned, on_call_changed, run));
    }
}

static void retire(Run *run, VcbCall *call)
{
    g_autoptr(cJSON) close_room = cJSON_CreateObject();

    cJSON_AddStringToObject(close_room, "type", "close-room");
    cJSON_AddStringToObject(close_room, "room", vcb_call_planned(call)->id);
    if (run->signald)
        vcb_signald_send(run->signald, close_room);
    if (run->progress)
        vcb_progress_call_ended(run->progress, call);
    vcb_call_free(call);
}

/* Let one call connect when all of the wave are ready and none is connecting: each connects beside the media
 * of the others, but not beside their handshakes. */
static void join_next(Run *run)
{
    VcbCall *first_ready = NULL;

    for (guint i = 0; i < run->wave->len; i++) {
        VcbCallPhase phase = vcb_call_phase(run->wave->pdata[i]);

        if (phase == VCB_CALL_STARTING || phase == VCB_CALL_JOINING)
            return;
        if (phase == VCB_CALL_READY && !first_ready)
            first_ready = run->wave->pdata[i];
    }
    if (first_ready)
        vcb_call_join(first_ready);
}

static gboolean wave_is_over(const Run *run)
{
    for (guint i = 0; i < run->wave->len; i++)
        if (vcb_call_phase(run->wave->pdata[i]) != VCB_CALL_ENDED)
            return FALSE;
    return TRUE;
}

/* Whatever happened: what is to be done now? */
static void go_on(Run *run)
{
    const GError *problem = vcb_run_log_error(run->log);

    if (problem && !run->error) {
        gboolean was_stopping = run->stopping != NULL;

        /* The room that was set aside holds how it ended. */
        vcb_run_dir_release_reserve(run->directory);
        vcb_run_log_resume(run->log);
        give_up(run, problem);
        if (!was_stopping)
            return; /* it has called us again */
    }
    if (!run->stopping && (!run->signald_ready || (run->coturn && !run->coturn_ready)))
        return;
    join_next(run);
    if (!wave_is_over(run))
        return;
    for (guint i = 0; i < run->wave->len; i++)
        retire(run, run->wave->pdata[i]);
    g_ptr_array_set_size(run->wave, 0);
    if (run->stopping || run->next >= run->plan->n_calls)
        g_main_loop_quit(run->loop);
    else
        start_wave(run);
}

static gboolean on_tick(gpointer user_data)
{
    Run *run = user_data;

    if (run->progress)
        vcb_progress_tick(run->progress, run->wave->len);
    if (run->ticks++ % USAGE_TICKS == 0)
        log_own_usage(run, FALSE);
    if (vcb_run_log_error(run->log) && !run->error)
        go_on(run);
    return G_SOURCE_CONTINUE;
}

/* ---- servers ---- */

static void on_signald_ready(const char *url, gpointer user_data)
{
    Run *run = user_data;

    g_free(run->context.signaling_url);
    run->context.signaling_url = g_strdup(url);
    run->signald_ready = TRUE;
    go_on(run);
}

static void on_server_failed(const GError *error, gpointer user_data)
{
    give_up(user_data, error);
}

/* Connected calls go on without it; the others cannot become connected any more. */
static void on_signald_died(const char *reason, gpointer user_data)
{
    Run *run = user_data;

    cJSON *note = vcb_run_log_event("note");

    run->signald_ready = FALSE;
    cJSON_AddStringToObject(note, "message", reason);
    vcb_run_log_write(run->log, NULL, "vcbench", note);
    if (run->progress)
        vcb_progress_note(run->progress, reason);
    for (guint i = 0; i < run->wave->len; i++)
        if (vcb_call_phase(run->wave->pdata[i]) < VCB_CALL_CONNECTED)
            vcb_call_fail(run->wave->pdata[i], reason);
}

static void on_coturn_ready(gpointer user_data)
{
    Run *run = user_data;

    run->coturn_ready = TRUE;
    go_on(run);
}

/* Relayed media ends with it: the calls notice by themselves, and no further one can begin. */
static void on_coturn_died(const char *reason, gpointer user_data)
{
    g_autoptr(GError) error = g_error_new_literal(VCB_ERROR, VCB_ERROR_INVALID, reason);

    give_up(user_data, error);
}

static gboolean needs_coturn(const VcbScenario *scenario)
{
    for (guint i = 0; i < scenario->n_variants; i++)
        if (g_strcmp0(scenario->variants[i].settings.turn_server, "coturn") == 0)
            return TRUE;
    return FALSE;
}

static gboolean start_servers(Run *run, GError **error)
{
    static const VcbSignaldEvents signald_events = {on_signald_ready, on_server_failed, on_signald_died};
    static const VcbCoturnEvents coturn_events = {on_coturn_ready, on_server_failed, on_coturn_died};
    const VcbSettings *settings = &run->scenario->variants[0].settings;

    run->signald =
        vcb_signald_new(&settings->signaling, run->directory, run->log, &signald_events, run, error);
    if (!run->signald)
        return FALSE;
    if (!needs_coturn(run->scenario))
        return TRUE;
    run->coturn = vcb_coturn_new(run->directory, settings->seed, run->log, &coturn_events, run, error);
    if (!run->coturn)
        return FALSE;
    run->context.turn_urls = g_strdup(vcb_coturn_urls(run->coturn));
    run->context.turn_username = g_strdup(vcb_coturn_username(run->coturn));
    run->context.turn_credential = g_strdup(vcb_coturn_credential(run->coturn));
    return TRUE;
}

/* ---- life ---- */

static void run_clear(Run *run)
{
    for (guint i = 0; run->wave && i < run->wave->len; i++)
        vcb_call_free(run->wave->pdata[i]);
    g_clear_pointer(&run->wave, g_ptr_array_unref);
    g_clear_handle_id(&run->kill_timer, g_source_remove);
    vcb_signald_free(run->signald);
    vcb_coturn_free(run->coturn);
    vcb_progress_free(run->progress);
    vcb_run_log_free(run->log);
    vcb_plan_free(run->plan);
    g_clear_pointer(&run->loop, g_main_loop_unref);
    g_free(run->context.peer_program);
    g_free(run->context.signaling_url);
    g_free(run->context.turn_urls);
    g_free(run->context.turn_username);
    g_free(run->context.turn_credential);
    g_free(run->stopping);
    g_clear_error(&run->error);
    g_free(run->directory);
}

static void execute(Run *run)
{
    g_autoptr(GError) error = NULL;
    guint sigint = g_unix_signal_add(SIGINT, on_sigint, run),
          sigterm = g_unix_signal_add(SIGTERM, on_sigterm, run),
          sighup = g_unix_signal_add(SIGHUP, on_sighup, run);
    guint tick = g_timeout_add(TICK_MS, on_tick, run);

    vcb_run_log_write(run->log, NULL, "vcbench",
                      vcb_run_start_event(&(VcbRunDescription){
                          .scenario = run->scenario,
                          .plan = run->plan,
                          .peer_program = run->context.peer_program,
                          .command = run->options->command,
                          .started_us = run->options->started_us,
                          .jobs = run->jobs,
                      }));
    if (!start_servers(run, &error))
        run->error = g_steal_pointer(&error);
    else
        g_main_loop_run(run->loop);
    log_own_usage(run, TRUE);
    log_run_end(run);
    g_source_remove(tick);
    g_source_remove(sigint);
    g_source_remove(sigterm);
    g_source_remove(sighup);
    g_clear_handle_id(&run->kill_timer, g_source_remove);
}

char *vcb_run(const VcbScenario *scenario, const VcbRunOptions *options, int *ret_signal, GError **error)
{
    const VcbSettings *settings = &scenario->variants[0].settings;
    Run run = {.scenario = scenario, .options = options};
    char *directory = NULL;

    run.wave = g_ptr_array_new();
    run.loop = g_main_loop_new(NULL, FALSE);
    run.plan = vcb_plan_new(scenario, options->filters, error);
    run.jobs = settings->jobs > 0 ? settings->jobs : vcb_plan_jobs(scenario, g_get_num_processors());
    run.context.scenario = scenario;
    if (run.plan)
        run.context.peer_program = vcb_program_find(VCB_PROGRAM_PEER, error);
    if (run.context.peer_program)
        run.directory = vcb_run_dir_new(options->out, scenario->name, settings->seed, error);
    if (run.directory)
        run.log = vcb_run_log_new(run.directory, error);
    if (run.log) {
        run.context.directory = run.directory;
        run.context.log = run.log;
        if (options->progress)
            run.progress =
                vcb_progress_new(VCB_PROGRESS_AUTO, scenario->name, run.plan->n_calls, options->colour);
        execute(&run);
        *ret_signal = run.signal;
        if (run.error)
            g_propagate_error(error, g_steal_pointer(&run.error));
        vcb_run_dir_release_reserve(run.directory);
        directory = g_steal_pointer(&run.directory);
    }
    run_clear(&run);
    return directory;
}
