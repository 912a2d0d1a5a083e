#include "harness/run/run_start.h"

#include "common/clock.h"
#include "harness/run/environment.h"
#include "harness/run/run_log.h"

static cJSON *strings(const char *const *list)
{
    cJSON *array = cJSON_CreateArray();

    for (; list && *list; list++)
        cJSON_AddItemToArray(array, cJSON_CreateString(*list));
    return array;
}

static cJSON *describe_variants(const VcbScenario *scenario)
{
    cJSON *array = cJSON_CreateArray();

    for (guint i = 0; i < scenario->n_variants; i++) {
        cJSON *object = cJSON_CreateObject();

        cJSON_AddStringToObject(object, "name", scenario->variants[i].name);
        cJSON_AddItemToObject(object, "matrix",
                              scenario->variants[i].matrix
                                  ? cJSON_Duplicate(scenario->variants[i].matrix, TRUE)
                                  : cJSON_CreateObject());
        cJSON_AddItemToArray(array, object);
    }
    return array;
}

static cJSON *describe_expectations(const VcbScenario *scenario)
{
    cJSON *array = cJSON_CreateArray();

    for (guint i = 0; i < scenario->n_expectations; i++) {
        const VcbExpectation *expectation = &scenario->expectations[i];
        cJSON *object = cJSON_CreateObject();

        cJSON_AddStringToObject(object, "expression", expectation->expression);
        cJSON_AddStringToObject(object, "metric", expectation->metric);
        cJSON_AddStringToObject(object, "statistic", expectation->statistic);
        cJSON_AddStringToObject(object, "comparison", expectation->comparison);
        cJSON_AddNumberToObject(object, "value", expectation->value);
        cJSON_AddNumberToObject(object, "high", expectation->high);
        cJSON_AddBoolToObject(object, "percent", expectation->percent);
        cJSON_AddNumberToObject(object, "variant", expectation->variant);
        cJSON_AddNumberToObject(object, "line", expectation->line);
        cJSON_AddItemToArray(array, object);
    }
    return array;
}

static cJSON *describe_timelines(const VcbScenario *scenario)
{
    cJSON *lists = cJSON_CreateArray();

    for (guint i = 0; i < scenario->n_variants; i++) {
        const VcbSettings *settings = &scenario->variants[i].settings;
        cJSON *list = cJSON_CreateArray();

        for (guint j = 0; j < settings->n_timeline; j++) {
            cJSON *object = cJSON_CreateObject();

            vcb_json_add_int(object, "at_us", settings->timeline[j].at_us);
            cJSON_AddStringToObject(object, "action", settings->timeline[j].action);
            vcb_json_add_string(object, "peer", settings->timeline[j].peer);
            vcb_json_add_string(object, "text", settings->timeline[j].text);
            if (settings->timeline[j].pair)
                cJSON_AddNumberToObject(object, "pair", settings->timeline[j].pair);
            cJSON_AddItemToArray(list, object);
        }
        cJSON_AddItemToArray(lists, list);
    }
    return lists;
}

static cJSON *describe_peers(const VcbScenario *scenario)
{
    cJSON *lists = cJSON_CreateArray();

    for (guint i = 0; i < scenario->n_variants; i++) {
        const VcbPeerSettings *peers = scenario->variants[i].settings.peers;
        const char *names[] = {peers[0].name, peers[1].name, NULL};

        cJSON_AddItemToArray(lists, strings(names));
    }
    return lists;
}

static cJSON *describe_networks(const VcbScenario *scenario)
{
    cJSON *array = cJSON_CreateArray();

    for (guint i = 0; i < scenario->n_variants; i++) {
        const VcbSettings *settings = &scenario->variants[i].settings;
        cJSON *object = cJSON_CreateObject();

        cJSON_AddBoolToObject(object, "enabled", settings->net.enabled);
        cJSON_AddBoolToObject(object, "turn", g_str_equal(settings->turn_server, "coturn"));
        if (settings->net.enabled) {
            cJSON_AddStringToObject(object, "turn_server", settings->turn_server);
            cJSON_AddStringToObject(object, "turn_transport", settings->turn_transport);
            cJSON_AddBoolToObject(object, "shared", settings->net.shared);
            vcb_json_add_int(object, "max_lateness_us", settings->net.max_lateness_us);
        }
        cJSON_AddItemToArray(array, object);
    }
    return array;
}

static cJSON *describe_plan(const VcbPlan *plan)
{
    cJSON *array = cJSON_CreateArray();

    for (guint i = 0; i < plan->n_calls; i++) {
        cJSON *object = cJSON_CreateObject();

        cJSON_AddStringToObject(object, "id", plan->calls[i].id);
        cJSON_AddNumberToObject(object, "pair", plan->calls[i].pair);
        cJSON_AddNumberToObject(object, "repeat", plan->calls[i].repeat);
        cJSON_AddNumberToObject(object, "variant", plan->calls[i].variant);
        vcb_json_add_int(object, "seed", (gint64)plan->calls[i].seed);
        cJSON_AddItemToArray(array, object);
    }
    return array;
}

cJSON *vcb_run_start_event(const VcbRunDescription *run)
{
    const VcbScenario *scenario = run->scenario;
    const VcbSettings *settings = &scenario->variants[0].settings;
    cJSON *event = vcb_run_log_event("run-start");
    cJSON *environment = vcb_environment_describe(run->peer_program);
    g_autofree char *utc = vcb_clock_utc_iso(), *show = vcb_scenario_show(scenario);

    cJSON_AddStringToObject(event, "schema", "vcbench.log/1");
    cJSON_AddStringToObject(event, "scenario", scenario->name);
    cJSON_AddStringToObject(event, "file", scenario->path);
    vcb_json_add_string(event, "description", settings->description);
    vcb_json_add_int(event, "seed", (gint64)settings->seed);
    cJSON_AddStringToObject(event, "utc", utc);
    cJSON_AddItemToObject(event, "command", strings(run->command));
    cJSON_AddNumberToObject(environment, "jobs", run->jobs);
    cJSON_AddItemToObject(event, "environment", environment);
    vcb_json_add_int(event, "started_us", run->started_us);
    vcb_json_add_int(event, "duration_us", settings->duration_us);
    vcb_json_add_int(event, "warmup_us", settings->warmup_us);
    vcb_json_add_int(event, "stats_interval_us", settings->stats_interval_us);
    cJSON_AddStringToObject(event, "settings", show);
    cJSON_AddItemToObject(event, "variants", describe_variants(scenario));
    cJSON_AddItemToObject(event, "expectations", describe_expectations(scenario));
    cJSON_AddItemToObject(event, "timeline", describe_timelines(scenario));
    cJSON_AddItemToObject(event, "peers", describe_peers(scenario));
    cJSON_AddItemToObject(event, "networks", describe_networks(scenario));
    cJSON_AddItemToObject(event, "plan", describe_plan(run->plan));
    return event;
}
