/* Writing the run log (docs/run-log.md): a line is on its way to the disk when vcb_run_log_write returns, so
 * that whatever happens to us next, what was observed stays. */
#pragma once

#include "common/json.h"

typedef struct VcbRunLog VcbRunLog;

/* Creates DIRECTORY/events.jsonl. */
VcbRunLog *vcb_run_log_new(const char *directory, GError **error);
void vcb_run_log_free(VcbRunLog *log);

/* Append one event; takes it over. t_us is set to now where the event has none; `call` NULL: the whole run.
 */
void vcb_run_log_write(VcbRunLog *log, const char *call, const char *source, cJSON *event);

/* A new event of source vcbench, for vcb_run_log_write. */
cJSON *vcb_run_log_event(const char *type);

/* Try again after a failure, because room was made: for the last lines. The error stays. */
void vcb_run_log_resume(VcbRunLog *log);

/* The first thing that went wrong (disk full), or NULL. Later lines are dropped once something has. Owned by
 * the log. */
const GError *vcb_run_log_error(const VcbRunLog *log);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbRunLog, vcb_run_log_free)
