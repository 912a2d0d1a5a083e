#include "harness/run/traffic.h"

#include "common/random.h"
#include "harness/run/programs.h"
#include "harness/run/server_process.h"

#define START_TIMEOUT_MS 5000
#define STOP_GRACE_US (1000 * 1000)

typedef enum { FAR, NEAR } Side; /* in the order in which they start */

struct VcbTraffic {
    const VcbCrossTraffic *settings; /* no-ref */
    char *source, *call, *network, *far_address, *directory, *program;
    VcbChildNamespaces hosts[2];
    guint64 seed;
    VcbRunLog *log; /* no-ref */
    VcbTrafficEvents events;
    gpointer user_data;
    VcbServerProcess *sides[2]; /* NULL: not started yet, or gone */
    guint start_timer, stop_timer;
    gboolean ready, stopping, failed;
};

static const char *const SIDES[] = {[FAR] = "far", [NEAR] = "near"};

static gboolean start_side(VcbTraffic *traffic, Side side, GError **error);

static void tell(VcbTraffic *traffic, Side side, const char *type)
{
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", type);
    if (traffic->sides[side])
        vcb_server_process_send(traffic->sides[side], message);
}

static void fail(VcbTraffic *traffic, const char *reason)
{
    if (traffic->failed || traffic->stopping)
        return;
    traffic->failed = TRUE;
    traffic->events.failed(traffic, reason, traffic->user_data);
}

/* ---- configure ---- */

static void send_configure(VcbTraffic *traffic, Side side, gint64 port)
{
    const VcbCrossTraffic *settings = traffic->settings;
    gboolean near_sends = g_str_equal(settings->direction, "up");
    g_autoptr(cJSON) message = cJSON_CreateObject();

    cJSON_AddStringToObject(message, "type", "configure");
    cJSON_AddStringToObject(message, "role", near_sends == (side == NEAR) ? "source" : "sink");
    cJSON_AddBoolToObject(message, "listen", side == FAR);
    cJSON_AddStringToObject(message, "kind", settings->kind);
    cJSON_AddStringToObject(message, "address", traffic->far_address);
    vcb_json_add_int(message, "port", port);
    cJSON_AddNumberToObject(message, "flows", settings->flows);
    if (g_str_equal(settings->kind, "udp"))
        cJSON_AddNumberToObject(message, "rate_bps", settings->rate_bps);
    else
        vcb_json_add_string(message, "congestion", settings->congestion);
    if (g_str_equal(settings->kind, "tcp-short")) {
        vcb_json_add_int(message, "min_bytes", settings->min_bytes);
        vcb_json_add_int(message, "max_bytes", settings->max_bytes);
        vcb_json_add_int(message, "idle_us", settings->idle_us);
    }
    vcb_json_add_int(message, "seed", (gint64)traffic->seed);
    vcb_server_process_send(traffic->sides[side], message);
}

/* ---- what they say ---- */

static void on_ready(VcbTraffic *traffic, Side side, const cJSON *message)
{
    g_autoptr(GError) error = NULL;

    vcb_server_process_ready(traffic->sides[side]);
    if (side == NEAR) {
        traffic->ready = TRUE;
        traffic->events.ready(traffic, traffic->user_data);
    } else if (!traffic->stopping) {
        if (start_side(traffic, NEAR, &error))
            send_configure(traffic, NEAR, vcb_json_int(message, "port", 0));
        else
            fail(traffic, error->message);
    }
}

static void on_message(VcbServerProcess *process, cJSON *message, gpointer user_data)
{
    VcbTraffic *traffic = user_data;
    Side side = process == traffic->sides[NEAR] ? NEAR : FAR;
    const char *type = vcb_json_string(message, "type", "");
    cJSON *event = cJSON_Duplicate(message, TRUE);

    cJSON_AddStringToObject(event, "side", SIDES[side]);
    cJSON_AddStringToObject(event, "network", traffic->network);
    vcb_run_log_write(traffic->log, traffic->call, traffic->source, event);
    if (g_str_equal(type, "ready")) {
        on_ready(traffic, side, message);
    } else if (g_str_equal(type, "bye")) {
        if (side == NEAR)
            tell(traffic, FAR, "stop");
    } else if (g_str_equal(type, "error") && vcb_json_bool(message, "fatal", FALSE)) {
        g_autofree char *reason = g_strdup_printf("cross traffic (%s): %s", traffic->source,
                                                  vcb_json_string(message, "message", "failed"));

        fail(traffic, reason);
    }
}

static void on_late(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    fail(user_data, reason);
}

static void on_ended(VcbServerProcess *process, const char *reason, gpointer user_data)
{
    VcbTraffic *traffic = user_data;
    Side side = process == traffic->sides[NEAR] ? NEAR : FAR;

    if (!traffic->stopping) { /* it stays as it is until it is told to finish */
        fail(traffic, reason);
        return;
    }
    g_clear_pointer(&traffic->sides[side], vcb_server_process_free);
    if (side == NEAR)
        tell(traffic, FAR, "stop"); /* also where it ended without a word */
    if (!traffic->sides[FAR] && !traffic->sides[NEAR])
        traffic->events.gone(traffic, traffic->user_data);
}

/* ---- life ---- */

static gboolean start_side(VcbTraffic *traffic, Side side, GError **error)
{
    static const VcbServerProcessEvents events = {on_message, on_late, on_ended};
    g_autofree char *name = g_strdup_printf("%s-%s", traffic->source, SIDES[side]);
    g_autofree char *file = g_strdup_printf("%s-%s", traffic->network, name);
    const char *argv[] = {traffic->program, NULL};

    traffic->sides[side] = vcb_server_process_new(
        &(VcbServerProcessParams){
            .name = name,
            .call = traffic->call,
            .file = file,
            .title = "cross traffic",
            .argv = argv,
            .namespaces = &traffic->hosts[side],
            .with_control = TRUE,
            .start_timeout_ms = START_TIMEOUT_MS,
            .goal = "become ready",
        },
        traffic->directory, traffic->log, &events, traffic, error);
    return traffic->sides[side] != NULL;
}

VcbTraffic *vcb_traffic_new(const VcbTrafficParams *params, const char *directory, VcbRunLog *log,
                            const VcbTrafficEvents *events, gpointer user_data, GError **error)
{
    VcbTraffic *traffic = g_new0(VcbTraffic, 1);
    g_autofree char *purpose = g_strdup_printf("traffic/%u", params->number);

    traffic->settings = params->settings;
    traffic->source = g_strdup_printf("traffic-%u", params->number);
    traffic->call = g_strdup(params->call);
    traffic->network = g_strdup(params->name);
    traffic->far_address = g_strdup(params->far_address);
    traffic->directory = g_strdup(directory);
    traffic->hosts[NEAR] = params->near_host;
    traffic->hosts[FAR] = params->far_host;
    traffic->seed = vcb_seed_derive(params->seed, purpose);
    traffic->log = log;
    traffic->events = *events;
    traffic->user_data = user_data;
    traffic->program = vcb_program_find(VCB_PROGRAM_TRAFFIC, error);
    if (!traffic->program || !start_side(traffic, FAR, error)) {
        vcb_traffic_free(traffic);
        return NULL;
    }
    send_configure(traffic, FAR, 0);
    return traffic;
}

void vcb_traffic_free(VcbTraffic *traffic)
{
    if (!traffic)
        return;
    g_clear_handle_id(&traffic->start_timer, g_source_remove);
    g_clear_handle_id(&traffic->stop_timer, g_source_remove);
    for (gsize i = 0; i < G_N_ELEMENTS(traffic->sides); i++)
        vcb_server_process_free(traffic->sides[i]);
    g_free(traffic->source);
    g_free(traffic->call);
    g_free(traffic->network);
    g_free(traffic->far_address);
    g_free(traffic->directory);
    g_free(traffic->program);
    g_free(traffic);
}

static gboolean on_start_time(gpointer user_data)
{
    VcbTraffic *traffic = user_data;

    traffic->start_timer = 0;
    tell(traffic, FAR, "start");
    tell(traffic, NEAR, "start");
    return G_SOURCE_REMOVE;
}

static gboolean on_stop_time(gpointer user_data)
{
    VcbTraffic *traffic = user_data;

    traffic->stop_timer = 0;
    vcb_traffic_finish(traffic);
    return G_SOURCE_REMOVE;
}

void vcb_traffic_start(VcbTraffic *traffic)
{
    const VcbCrossTraffic *settings = traffic->settings;

    traffic->start_timer = g_timeout_add((guint)(settings->start_us / 1000), on_start_time, traffic);
    if (settings->stop_us > settings->start_us)
        traffic->stop_timer = g_timeout_add((guint)(settings->stop_us / 1000), on_stop_time, traffic);
}

gboolean vcb_traffic_finish(VcbTraffic *traffic)
{
    gboolean any = FALSE;

    g_clear_handle_id(&traffic->start_timer, g_source_remove);
    g_clear_handle_id(&traffic->stop_timer, g_source_remove);
    if (!traffic->stopping) {
        traffic->stopping = TRUE;
        tell(traffic, traffic->sides[NEAR] ? NEAR : FAR, "stop");
        for (gsize i = 0; i < G_N_ELEMENTS(traffic->sides); i++)
            if (traffic->sides[i])
                vcb_server_process_finish(traffic->sides[i], FALSE, STOP_GRACE_US);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(traffic->sides); i++)
        any = any || traffic->sides[i];
    return any;
}
