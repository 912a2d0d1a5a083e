#include "harness/run/run.h"

#include "common/clock.h"
#include "common/error.h"
#include "harness/run/programs.h"
#include "harness/run/progress.h"
#include "harness/run/run_dir.h"
#include "harness/run/run_start.h"
#include "harness/run/usage.h"
#include "harness/run/wave.h"

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
    VcbCallContext context;
    VcbProgress *progress;
    GMainLoop *loop;
    int jobs;
    guint next; /* index of the next planned call */
    VcbWave *wave;
    guint ticks;
    int signal;     /* that interrupted the run; 0: none */
    char *stopping; /* why no new call begins; NULL while all is well */
    guint kill_timer;
    gboolean finishing; /* no call is left */
    GError *error;      /* what cut the run short, other than a signal */
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

static void log_usage(Run *run, gboolean with_memory)
{
    vcb_usage_log(run->log, "vcbench", getpid(), with_memory);
    if (run->context.servers)
        vcb_servers_log_usage(run->context.servers, with_memory);
}

/* ---- ending early ---- */

static void go_on(Run *run);

static gboolean on_patience_over(gpointer user_data)
{
    Run *run = user_data;

    run->kill_timer = 0;
    vcb_wave_kill(run->wave);
    return G_SOURCE_REMOVE;
}

/* No new calls; those under way are hung up, and killed where that takes too long. */
static void wind_up(Run *run, const char *reason)
{
    if (run->stopping)
        return;
    run->stopping = g_strdup(reason);
    run->kill_timer = g_timeout_add(INTERRUPT_MS, on_patience_over, run);
    vcb_wave_interrupt(run->wave, reason);
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
                             run->next - vcb_wave_n_calls(run->wave), run->plan->n_calls);
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

/* ---- going on ---- */

static void on_call_over(const VcbCall *call, gpointer user_data)
{
    Run *run = user_data;

    if (run->progress)
        vcb_progress_call_ended(run->progress, call);
}

/* The last call is over: the servers may say their last. */
static void finish(Run *run)
{
    if (run->finishing)
        return;
    run->finishing = TRUE;
    log_usage(run, TRUE);
    if (!vcb_servers_finish(run->context.servers))
        g_main_loop_quit(run->loop);
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
    if (!run->stopping && !vcb_servers_are_ready(run->context.servers))
        return;
    vcb_wave_join_next(run->wave);
    if (!vcb_wave_is_over(run->wave))
        return;
    vcb_wave_retire(run->wave, on_call_over);
    if (run->stopping || run->next >= run->plan->n_calls)
        finish(run);
    else
        vcb_wave_start(run->wave, run->plan, &run->next, run->jobs);
}

static void on_wave_changed(gpointer user_data)
{
    go_on(user_data);
}

static gboolean on_tick(gpointer user_data)
{
    Run *run = user_data;

    if (run->progress)
        vcb_progress_tick(run->progress, vcb_wave_n_calls(run->wave));
    if (run->ticks++ % USAGE_TICKS == 0)
        log_usage(run, FALSE);
    if (vcb_run_log_error(run->log) && !run->error)
        go_on(run);
    return G_SOURCE_CONTINUE;
}

/* ---- servers ---- */

static void on_servers_ready(gpointer user_data)
{
    go_on(user_data);
}

static void on_servers_failed(const GError *error, gpointer user_data)
{
    give_up(user_data, error);
}

static void on_signaling_died(const char *reason, gpointer user_data)
{
    Run *run = user_data;
    cJSON *note = vcb_run_log_event("note");

    cJSON_AddStringToObject(note, "message", reason);
    vcb_run_log_write(run->log, NULL, "vcbench", note);
    if (run->progress)
        vcb_progress_note(run->progress, reason);
    vcb_wave_fail_unconnected(run->wave, reason);
}

static void on_network_died(const char *reason, gpointer user_data)
{
    Run *run = user_data;
    g_autoptr(GError) error = g_error_new_literal(VCB_ERROR, VCB_ERROR_INVALID, reason);

    vcb_wave_fail_emulated(run->wave, reason);
    give_up(run, error);
}

static void on_servers_finished(gpointer user_data)
{
    g_main_loop_quit(((Run *)user_data)->loop);
}

/* ---- life ---- */

static void run_clear(Run *run)
{
    vcb_wave_free(run->wave);
    g_clear_handle_id(&run->kill_timer, g_source_remove);
    vcb_servers_free(run->context.servers);
    vcb_progress_free(run->progress);
    vcb_run_log_free(run->log);
    vcb_plan_free(run->plan);
    g_clear_pointer(&run->loop, g_main_loop_unref);
    g_free(run->context.peer_program);
    g_free(run->stopping);
    g_clear_error(&run->error);
    g_free(run->directory);
}

static void execute(Run *run)
{
    static const VcbServersEvents server_events = {on_servers_ready, on_servers_failed, on_signaling_died,
                                                   on_network_died, on_servers_finished};
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
    run->context.servers =
        vcb_servers_new(run->scenario, run->plan, run->directory, run->log, &server_events, run, &error);
    if (!run->context.servers)
        run->error = g_steal_pointer(&error);
    else
        g_main_loop_run(run->loop);
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

    run.wave = vcb_wave_new(&run.context, on_wave_changed, &run);
    run.loop = g_main_loop_new(NULL, FALSE);
    run.plan = vcb_plan_new(scenario, options->filters, error);
    run.context.scenario = scenario;
    if (run.plan) {
        run.jobs =
            settings->jobs > 0 ? settings->jobs : vcb_plan_jobs(scenario, run.plan, g_get_num_processors());
        run.context.peer_program = vcb_program_find(VCB_PROGRAM_PEER, error);
    }
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
