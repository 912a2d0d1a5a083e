#include "tests/peer/subject.h"

#include "common/channel.h"
#include "common/child.h"
#include "common/clock.h"
#include "common/test.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_US (20 * G_USEC_PER_SEC)

struct VcbSubject {
    char *name;
    VcbChild *child;
    VcbChannel *channel;
    int control_fd;      /* the channel's */
    GPtrArray *messages; /* of cJSON */
    gboolean ended;
    int wait_status;
    gint64 ended_us, closed_us;
};

static void free_json(gpointer data)
{
    cJSON_Delete(data);
}

static cJSON *parse_pattern(const char *pattern)
{
    g_autofree char *text = g_strdelimit(g_strdup(pattern), "'", '"');
    cJSON *parsed = cJSON_Parse(text);

    if (!parsed)
        g_error("not a pattern: %s", pattern);
    return parsed;
}

gboolean vcb_json_has_all(const cJSON *value, const cJSON *pattern)
{
    const cJSON *field;

    if (!cJSON_IsObject(pattern))
        return value && cJSON_Compare(value, pattern, TRUE);
    cJSON_ArrayForEach (field, pattern)
        if (!vcb_json_has_all(cJSON_GetObjectItemCaseSensitive(value, field->string), field))
            return FALSE;
    return TRUE;
}

/* ---- the loop ---- */

static gboolean on_timer(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean run_until(gboolean (*condition)(gpointer), gpointer user_data, gint64 patience_us)
{
    gboolean late = FALSE, held;
    guint timer = g_timeout_add((guint)(patience_us / 1000), on_timer, &late);

    while (!(held = condition(user_data)) && !late)
        g_main_context_iteration(NULL, TRUE);
    if (!late)
        g_source_remove(timer);
    return held;
}

gboolean vcb_run_until(gboolean (*condition)(gpointer user_data), gpointer user_data)
{
    return run_until(condition, user_data, PATIENCE_US);
}

static gboolean never(gpointer user_data)
{
    return FALSE;
}

void vcb_run_for(gint64 duration_us)
{
    run_until(never, NULL, duration_us);
}

/* ---- the process ---- */

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    VcbSubject *subject = user_data;

    g_ptr_array_add(subject->messages, cJSON_Duplicate(message, TRUE));
}

static void on_closed(VcbChannel *channel, gpointer user_data)
{
}

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    VcbSubject *subject = user_data;

    subject->ended = TRUE;
    subject->wait_status = wait_status;
    subject->ended_us = vcb_clock_now_us();
}

VcbSubject *vcb_subject_new(const char *const *environment)
{
    static const VcbChannelCallbacks callbacks = {on_message, NULL, on_closed};
    const char *argv[] = {g_getenv("VCBENCH_PEER"), NULL};
    VcbChildParams params = {.argv = argv, .environment = environment, .with_control = TRUE};
    VcbSubject *subject = g_new0(VcbSubject, 1);
    g_autoptr(GError) error = NULL;

    if (!argv[0])
        g_error("VCBENCH_PEER must name the program under test");
    subject->name = g_strdup("peer");
    subject->messages = g_ptr_array_new_with_free_func(free_json);
    subject->child = vcb_child_spawn(&params, on_exited, subject, &error);
    if (!subject->child)
        g_error("%s", error->message);
    subject->control_fd = vcb_child_take_control_fd(subject->child);
    subject->channel = vcb_channel_new(subject->control_fd, NULL, &callbacks, subject);
    return subject;
}

void vcb_subject_free(VcbSubject *subject)
{
    if (!subject)
        return;
    vcb_channel_free(subject->channel);
    vcb_child_free(subject->child);
    g_ptr_array_unref(subject->messages);
    g_free(subject->name);
    g_free(subject);
}

void vcb_subject_send(VcbSubject *subject, const char *format, ...)
{
    g_autofree char *text = NULL;
    g_autoptr(cJSON) message = NULL;
    va_list arguments;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    message = parse_pattern(text);
    vcb_channel_send(subject->channel, message);
}

void vcb_subject_send_raw(VcbSubject *subject, const char *text)
{
    g_assert(write(subject->control_fd, text, strlen(text)) == (ssize_t)strlen(text));
}

void vcb_subject_configure(VcbSubject *subject, const char *name, const char *more)
{
    g_autoptr(cJSON) configure = parse_pattern(
        "{'type': 'configure', 'protocol': 1, 'call': 'c', 'seed': 1,"
        " 'video': {'source': 'test', 'pattern': 'ball', 'width': 320, 'height': 180, 'fps': 30,"
        " 'codec': 'vp8', 'bitrate_bps': 400000},"
        " 'audio': {'source': 'tone', 'frequency_hz': 440, 'codec': 'opus', 'bitrate_bps': 32000},"
        " 'data_channel': true, 'ice': {'local_addresses': ['127.0.0.1']}}");
    g_autoptr(cJSON) changes = parse_pattern(more ? more : "{}");

    g_free(subject->name);
    subject->name = g_strdup(name);
    cJSON_AddStringToObject(configure, "peer", name);
    while (changes->child) {
        cJSON *change = cJSON_DetachItemViaPointer(changes, changes->child);

        cJSON_DeleteItemFromObjectCaseSensitive(configure, change->string);
        cJSON_AddItemToObject(configure, change->string, change);
    }
    vcb_channel_send(subject->channel, configure);
}

void vcb_subject_join(VcbSubject *subject, const VcbTestRoom *room)
{
    const cJSON *ready = vcb_subject_wait(subject, "{'type': 'ready'}");
    g_autofree char *url = vcb_test_room_url(room, subject->name);
    const cJSON *reason = cJSON_GetArrayItem(vcb_json_array(ready, "unsupported"), 0);

    if (reason) {
        g_printerr("%s: %s\n", subject->name, vcb_json_string(reason, "reason", "?"));
        CU_FAIL_FATAL("the peer cannot do what is needed");
    }
    vcb_subject_send(subject, "{'type': 'join', 'url': '%s'}", url);
    vcb_subject_wait(subject, "{'type': 'state', 'name': 'step', 'value': 'signaling-connected'}");
}

const char *vcb_subject_name(const VcbSubject *subject)
{
    return subject->name;
}

/* ---- what it said ---- */

const cJSON *vcb_subject_find(const VcbSubject *subject, const cJSON *after, const char *pattern)
{
    g_autoptr(cJSON) parsed = parse_pattern(pattern);
    guint first = 0;

    if (after) {
        g_assert(g_ptr_array_find(subject->messages, after, &first));
        first++;
    }
    for (guint i = first; i < subject->messages->len; i++)
        if (vcb_json_has_all(subject->messages->pdata[i], parsed))
            return subject->messages->pdata[i];
    return NULL;
}

guint vcb_subject_count(const VcbSubject *subject, const char *pattern)
{
    guint n = 0;

    for (const cJSON *found = NULL; (found = vcb_subject_find(subject, found, pattern));)
        n++;
    return n;
}

typedef struct {
    VcbSubject *subject;
    const cJSON *after;
    const char *pattern;
    const cJSON *found;
} Wait;

static gboolean has_come(gpointer user_data)
{
    Wait *wait = user_data;

    wait->found = vcb_subject_find(wait->subject, wait->after, wait->pattern);
    return wait->found || wait->subject->ended;
}

const cJSON *vcb_subject_wait_after(VcbSubject *subject, const cJSON *after, const char *pattern)
{
    Wait wait = {subject, after, pattern, NULL};

    run_until(has_come, &wait, PATIENCE_US);
    if (!wait.found) {
        g_printerr("%s: never said %s%s; what it said, but for its stats:\n", subject->name, pattern,
                   subject->ended ? " (it has ended)" : "");
        for (guint i = 0; i < subject->messages->len; i++) {
            g_autofree char *line = vcb_json_print(subject->messages->pdata[i]);

            if (!g_str_equal(vcb_json_string(subject->messages->pdata[i], "type", ""), "stats"))
                g_printerr("  %.200s\n", line);
        }
        CU_FAIL_FATAL("a message that was waited for never came");
    }
    return wait.found;
}

const cJSON *vcb_subject_wait(VcbSubject *subject, const char *pattern)
{
    return vcb_subject_wait_after(subject, NULL, pattern);
}

gint64 vcb_subject_stamp(const VcbSubject *subject, const char *pattern)
{
    return vcb_json_int(vcb_subject_find(subject, NULL, pattern), "t_us", -1);
}

/* ---- its end ---- */

void vcb_subject_close_control(VcbSubject *subject)
{
    g_clear_pointer(&subject->channel, vcb_channel_free);
    subject->closed_us = vcb_clock_now_us();
}

static gboolean has_ended(gpointer user_data)
{
    return ((VcbSubject *)user_data)->ended;
}

int vcb_subject_wait_end(VcbSubject *subject, gint64 *ret_took_us)
{
    gint64 began_us = subject->closed_us ? subject->closed_us : vcb_clock_now_us();

    CU_ASSERT_TRUE_FATAL(vcb_run_until(has_ended, subject));
    if (ret_took_us)
        *ret_took_us = subject->ended_us - began_us;
    return subject->wait_status;
}

const cJSON *vcb_subject_hang_up(VcbSubject *subject)
{
    vcb_subject_send(subject, "{'type': 'hang-up'}");
    vcb_subject_wait(subject, "{'type': 'bye'}");
    return vcb_subject_wait(subject, "{'type': 'stats', 'reason': 'hang-up'}");
}

void vcb_subject_quit(VcbSubject *subject)
{
    g_autofree char *status = NULL;

    vcb_subject_send(subject, "{'type': 'quit'}");
    status = vcb_child_describe_status(vcb_subject_wait_end(subject, NULL));
    VCB_ASSERT_STRING(status, "exit status 0");
}

const cJSON *vcb_stats_object(const cJSON *stats, const char *type, const char *kind)
{
    const cJSON *object;

    cJSON_ArrayForEach (object, vcb_json_array(stats, "report"))
        if (g_str_equal(vcb_json_string(object, "type", ""), type) &&
            (!kind || g_str_equal(vcb_json_string(object, "kind", ""), kind)))
            return object;
    return NULL;
}
