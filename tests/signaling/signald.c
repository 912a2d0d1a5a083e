#include "tests/signaling/signald.h"

#include "common/clock.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 10000

static void on_message(VcbChannel *channel, cJSON *message, gpointer user_data)
{
    Signald *signald = user_data;

    g_ptr_array_add(signald->events, cJSON_Duplicate(message, TRUE));
}

static void on_malformed(VcbChannel *channel, const char *line, gpointer user_data)
{
    CU_FAIL("a malformed line on the control channel");
}

static void on_exited(VcbChild *child, int wait_status, gpointer user_data)
{
    Signald *signald = user_data;

    signald->exited = TRUE;
    signald->wait_status = wait_status;
}

static gboolean on_deadline(gpointer user_data)
{
    *(gboolean *)user_data = TRUE;
    return G_SOURCE_REMOVE;
}

typedef gboolean (*Condition)(Signald *signald, gpointer data);

/* Run the loop until the condition holds. */
static gboolean wait_for(Signald *signald, Condition condition, gpointer data)
{
    gboolean late = FALSE, held;
    guint timer = g_timeout_add(DEADLINE_MS, on_deadline, &late);

    while (!(held = condition(signald, data)) && !late)
        g_main_context_iteration(NULL, TRUE);
    if (!late)
        g_source_remove(timer);
    return held;
}

static gboolean has_event(Signald *signald, gpointer data)
{
    return signald->events->len > signald->seen;
}

static gboolean has_exited(Signald *signald, gpointer data)
{
    return signald->exited;
}

Signald *signald_start(const char *const *flags)
{
    static const VcbChannelCallbacks callbacks = {.message = on_message, .malformed = on_malformed};
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    Signald *signald = g_new0(Signald, 1);
    VcbChildParams params = {.with_control = TRUE};
    g_autoptr(GError) error = NULL;
    int log_fd;

    g_ptr_array_add(argv, (gpointer)g_getenv("VCB_SIGNALD"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(argv->pdata[0]);
    g_ptr_array_add(argv, (gpointer) "--port=0");
    for (; flags && *flags; flags++)
        g_ptr_array_add(argv, (gpointer)*flags);
    g_ptr_array_add(argv, NULL);

    signald->log = g_build_filename(g_get_tmp_dir(), "vcb-signald-XXXXXX", NULL);
    log_fd = g_mkstemp(signald->log);
    close(log_fd);
    params.argv = (const char *const *)argv->pdata;
    params.log_path = signald->log;
    signald->events = g_ptr_array_new_with_free_func((GDestroyNotify)cJSON_Delete);
    signald->child = vcb_child_spawn(&params, on_exited, signald, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(signald->child);
    signald->channel = vcb_channel_new(vcb_child_take_control_fd(signald->child), NULL, &callbacks, signald);
    CU_ASSERT_TRUE_FATAL(wait_for(signald, has_event, NULL));
    signald->port = (guint)vcb_json_int(signald->events->pdata[0], "port", 0);
    return signald;
}

void signald_free(Signald *signald)
{
    vcb_child_free(signald->child);
    vcb_channel_free(signald->channel);
    g_ptr_array_unref(signald->events);
    g_unlink(signald->log);
    g_free(signald->log);
    g_free(signald);
}

int signald_wait_exit(Signald *signald)
{
    if (!wait_for(signald, has_exited, NULL) || !WIFEXITED(signald->wait_status))
        return -1;
    return WEXITSTATUS(signald->wait_status);
}

void signald_stop(Signald *signald)
{
    g_autofree char *log = NULL;

    vcb_child_stop(signald->child, DEADLINE_MS * 1000);
    CU_ASSERT_EQUAL(signald_wait_exit(signald), 0);
    CU_ASSERT_TRUE(g_file_get_contents(signald->log, &log, NULL, NULL));
    VCB_ASSERT_STRING(log, "");
    signald_free(signald);
}

void signald_command(Signald *signald, const char *json)
{
    g_autoptr(cJSON) message = cJSON_Parse(json);

    CU_ASSERT_PTR_NOT_NULL_FATAL(message);
    vcb_channel_send(signald->channel, message);
}

static gboolean field_is(const cJSON *event, const char *key, const char *expected)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, key);
    g_autofree char *text = NULL;

    if (!item)
        return FALSE;
    text = cJSON_IsString(item) ? g_strdup(item->valuestring) : vcb_json_print(item);
    return strcmp(text, expected) == 0;
}

static gboolean matches(const cJSON *event, const char *type, va_list *fields)
{
    const char *key;

    if (strcmp(vcb_json_string(event, "type", ""), type) != 0)
        return FALSE;
    while ((key = va_arg(*fields, const char *)))
        if (!field_is(event, key, va_arg(*fields, const char *)))
            return FALSE;
    return TRUE;
}

const cJSON *signald_expect(Signald *signald, const char *type, ...)
{
    while (wait_for(signald, has_event, NULL)) {
        const cJSON *event = signald->events->pdata[signald->seen++];
        gboolean matched;
        va_list fields;

        va_start(fields, type);
        matched = matches(event, type, &fields);
        va_end(fields);
        if (matched) {
            CU_ASSERT_TRUE(vcb_json_int(event, "t_us", 0) > 0);
            CU_ASSERT_TRUE(vcb_json_int(event, "t_us", 0) <= vcb_clock_now_us());
            return event;
        }
    }
    g_printerr("no event %s came\n", type);
    CU_FAIL("an event did not come");
    return NULL;
}

guint signald_count(const Signald *signald, const char *type, const char *action)
{
    guint n = 0;

    for (guint i = 0; i < signald->events->len; i++) {
        const cJSON *event = signald->events->pdata[i];

        n += strcmp(vcb_json_string(event, "type", ""), type) == 0 &&
             (!action || strcmp(vcb_json_string(event, "action", ""), action) == 0);
    }
    return n;
}
