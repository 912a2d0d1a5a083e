/* How a connection's threads meet: what webrtcbin's threads find out is told on the main thread.
 *
 *   any thread --> post, report --> idle on the main context --> run, events.report */
#pragma once

#include "peers/gst/connection_internal.h"

/* Run on the main thread, in the order of posting; never once the connection is closed. `run` owns the data;
 * `free_data` is for a task that comes too late. Any thread. */
void vcb_connection_post(VcbConnection *connection, void (*run)(VcbConnection *connection, gpointer data),
                         gpointer data, GDestroyNotify free_data);

/* For whoever keeps a connection beyond its life, as a promise does. */
VcbConnection *vcb_connection_ref(VcbConnection *connection);
void vcb_connection_unref(VcbConnection *connection);

/* Tell vcbench. Takes the message over. Any thread. */
void vcb_connection_report(VcbConnection *connection, cJSON *message);
void vcb_connection_report_error(VcbConnection *connection, const char *name, const char *message,
                                 gboolean fatal);
