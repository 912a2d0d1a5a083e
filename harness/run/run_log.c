#include "harness/run/run_log.h"

#include "common/clock.h"
#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct VcbRunLog {
    char *path;
    int fd;
    off_t whole_bytes; /* length of the file's whole lines */
    gboolean blocked;  /* the last write failed: lines are dropped */
    GError *error;     /* of the first one that failed */
};

VcbRunLog *vcb_run_log_new(const char *directory, GError **error)
{
    g_autoptr(VcbRunLog) log = g_new0(VcbRunLog, 1);

    log->path = g_build_filename(directory, "events.jsonl", NULL);
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (log->fd < 0) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s", log->path, g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&log);
}

void vcb_run_log_free(VcbRunLog *log)
{
    if (!log)
        return;
    if (log->fd >= 0)
        close(log->fd);
    g_clear_error(&log->error);
    g_free(log->path);
    g_free(log);
}

cJSON *vcb_run_log_event(const char *type)
{
    cJSON *event = cJSON_CreateObject();

    cJSON_AddStringToObject(event, "type", type);
    return event;
}

/* t_us, call, source and type first: a person who reads the log finds them in the same place in every line.
 */
static cJSON *ordered(const char *call, const char *source, cJSON *event)
{
    cJSON *line = cJSON_CreateObject();
    cJSON *type = cJSON_DetachItemFromObjectCaseSensitive(event, "type");

    gint64 t_us = vcb_json_int(event, "t_us", -1);

    vcb_json_add_int(line, "t_us", t_us >= 0 ? t_us : vcb_clock_now_us());
    vcb_json_add_string(line, "call", call);
    cJSON_AddStringToObject(line, "source", source);
    cJSON_AddItemToObject(line, "type", type ? type : cJSON_CreateString(""));
    cJSON_DeleteItemFromObjectCaseSensitive(event, "t_us");
    cJSON_DeleteItemFromObjectCaseSensitive(event, "call");
    cJSON_DeleteItemFromObjectCaseSensitive(event, "source");
    while (event->child) {
        cJSON *item = cJSON_DetachItemViaPointer(event, event->child);
        g_autofree char *key = g_strdup(item->string);

        cJSON_AddItemToObject(line, key, item);
    }
    cJSON_Delete(event);
    return line;
}

static void block(VcbRunLog *log, int problem)
{
    log->blocked = TRUE;
    if (!log->error)
        g_set_error(&log->error, VCB_ERROR, VCB_ERROR_INVALID, "%s: %s; what was measured until now is kept",
                    log->path, g_strerror(problem));
}

void vcb_run_log_write(VcbRunLog *log, const char *call, const char *source, cJSON *event)
{
    g_autoptr(cJSON) line = ordered(call, source, event);
    g_autofree char *text = vcb_json_print(line);
    g_autofree char *with_newline = g_strconcat(text, "\n", NULL);
    gsize length = strlen(with_newline), done = 0;

    while (!log->blocked && done < length) {
        ssize_t n = write(log->fd, with_newline + done, length - done);

        if (n > 0) {
            done += (gsize)n;
        } else if (n == 0 || errno != EINTR) {
            block(log, n == 0 ? ENOSPC : errno);
            /* Half a line is none: the next one that fits begins where this one did. */
            (void)!ftruncate(log->fd, log->whole_bytes);
        }
    }
    if (done == length)
        log->whole_bytes += (off_t)length;
}

void vcb_run_log_resume(VcbRunLog *log)
{
    log->blocked = FALSE;
}

const GError *vcb_run_log_error(const VcbRunLog *log)
{
    return log->error;
}
