/* A child process: started with a real errno when exec fails, killed by the kernel when its parent dies, in a
 * process group of its own (Ctrl-C on the terminal reaches vcbench alone, which then ends its children in
 * order), with its output in a log file, and always reaped.
 *
 *   spawn -> running -> (stop: SIGTERM, after the grace SIGKILL) -> exited callback -> free
 *
 * Call from the thread of the default GMainContext only: the kernel's parent-death signal belongs to that
 * thread. */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct VcbChild VcbChild;

/* The child ended; wait_status as of waitpid(2). Called once, from the main loop. vcb_child_free may be
 * called within. */
typedef void (*VcbChildExited)(VcbChild *child, int wait_status, gpointer user_data);

/* Where the child lives; and as nobody who may make namespaces should run a program with that right, it starts without any
 * capability, in every set and for good (privileges.h), as the user that the parent is. */
typedef struct {
    int user_fd;    /* of a user namespace, -1: the parent's */
    int network_fd; /* of a network namespace that belongs to it */
} VcbChildNamespaces;

typedef struct {
    const char *const *argv; /* NULL-terminated; argv[0] with a '/' is run as it is, else sought in PATH */
    const char *const *environment; /* "NAME=value" additions to the parent's environment; NULL: none */
    const char *directory;          /* working directory; NULL: the parent's */
    const char *log_path; /* stdout and stderr are appended here; NULL: both go to the parent's stderr */
    const VcbChildNamespaces *namespaces; /* NULL: the parent's, with the parent's privileges */
    gboolean with_control; /* a socket pair; the child finds its end's number in VCBENCH_CONTROL_FD */
} VcbChildParams;

/* NULL and an error (VCB_ERROR_INVALID, with the failed step and its errno in words) where it cannot be
 * started. `exited` may be NULL. */
VcbChild *vcb_child_spawn(const VcbChildParams *params, VcbChildExited exited, gpointer user_data,
                          GError **error);

/* The parent's end of the control socket pair; the caller owns it from now on. -1 where there is none. */
int vcb_child_take_control_fd(VcbChild *child);

pid_t vcb_child_pid(const VcbChild *child);
gboolean vcb_child_is_running(const VcbChild *child);

/* SIGTERM to its process group now; SIGKILL after grace_us unless it has ended. Returns at once. */
void vcb_child_stop(VcbChild *child, gint64 grace_us);

/* SIGKILL to its process group. Returns at once. */
void vcb_child_kill(VcbChild *child);

/* Kill it where it still runs, reap it, free it. The exited callback is not called any more. NULL is fine. */
void vcb_child_free(VcbChild *child);

/* "exit status 3", "killed by signal 9 (SIGKILL)". New string. */
char *vcb_child_describe_status(int wait_status);

/* The number in VCBENCH_CONTROL_FD of this process, set close-on-exec; -1 where there is none or it is not an
 * open descriptor. For the child's side. */
int vcb_child_control_fd_of_this_process(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(VcbChild, vcb_child_free)
