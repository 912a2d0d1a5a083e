#include "peers/gst/connection_post.h"

#include "common/clock.h"

typedef struct {
    VcbConnection *connection; /* a reference */
    void (*run)(VcbConnection *connection, gpointer data);
    gpointer data;
    GDestroyNotify free_data;
} Task;

static void connection_clear(gpointer data)
{
    VcbConnection *connection = data;

    g_mutex_clear(&connection->receivers_lock);
}

VcbConnection *vcb_connection_ref(VcbConnection *connection)
{
    return g_atomic_rc_box_acquire(connection);
}

void vcb_connection_unref(VcbConnection *connection)
{
    g_atomic_rc_box_release_full(connection, connection_clear);
}

static void free_task(gpointer data)
{
    Task *task = data;

    if (task->data && task->free_data)
        task->free_data(task->data);
    vcb_connection_unref(task->connection);
    g_free(task);
}

static gboolean run_task(gpointer data)
{
    Task *task = data;

    if (!task->connection->closed) {
        gpointer argument = g_steal_pointer(&task->data);

        task->run(task->connection, argument); /* takes the argument over */
    }
    return G_SOURCE_REMOVE;
}

void vcb_connection_post(VcbConnection *connection, void (*run)(VcbConnection *, gpointer), gpointer data,
                         GDestroyNotify free_data)
{
    Task *task = g_new(Task, 1);
    GSource *source = g_idle_source_new();

    *task = (Task){vcb_connection_ref(connection), run, data, free_data};
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run_task, task, free_task);
    g_source_attach(source, NULL);
    g_source_unref(source);
}

static void free_json(gpointer data)
{
    cJSON_Delete(data);
}

static void report_now(VcbConnection *connection, gpointer message)
{
    connection->events.report(message, connection->user_data);
}

void vcb_connection_report(VcbConnection *connection, cJSON *message)
{
    vcb_connection_post(connection, report_now, message, free_json);
}

void vcb_connection_report_error(VcbConnection *connection, const char *name, const char *message,
                                 gboolean fatal)
{
    vcb_connection_report(connection, vcb_peer_error(name, message, fatal, vcb_clock_now_us()));
}
