/* Which elements GStreamer has.
 *
 *   doctor --fork--> child: dlopen GStreamer, look the elements up --pipe--> finding
 *
 * The library is opened by name instead of being linked: doctor can then say that it is missing rather than
 * fail to start, and vcbench, which only supervises, starts without it. In a child, because a broken plugin
 * may crash whoever reads the registry, and because GStreamer cannot be unloaded. */
#include "harness/cli/doctor.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The functions needed; none has an argument of a type that only GStreamer's headers know. */
typedef struct {
    gboolean (*init_check)(int *argc, char ***argv, GError **error);
    gpointer (*element_factory_find)(const char *name);      /* transfer full */
    gpointer (*plugin_feature_get_plugin)(gpointer feature); /* transfer full */
    const char *(*plugin_get_version)(gpointer plugin);
    const char *(*plugin_get_name)(gpointer plugin);
} Gst;

static gboolean gst_open(Gst *gst)
{
    static const struct {
        const char *symbol;
        gsize offset;
    } symbols[] = {
        {"gst_init_check", G_STRUCT_OFFSET(Gst, init_check)},
        {"gst_element_factory_find", G_STRUCT_OFFSET(Gst, element_factory_find)},
        {"gst_plugin_feature_get_plugin", G_STRUCT_OFFSET(Gst, plugin_feature_get_plugin)},
        {"gst_plugin_get_version", G_STRUCT_OFFSET(Gst, plugin_get_version)},
        {"gst_plugin_get_name", G_STRUCT_OFFSET(Gst, plugin_get_name)},
    };
    void *library = dlopen("libgstreamer-1.0.so.0", RTLD_NOW);

    for (gsize i = 0; i < G_N_ELEMENTS(symbols); i++) {
        gpointer function = library ? dlsym(library, symbols[i].symbol) : NULL;

        if (!function)
            return FALSE;
        G_STRUCT_MEMBER(gpointer, gst, symbols[i].offset) = function;
    }
    return TRUE;
}

/* What the child does. It ends right after, so that nothing is given back. */
static void look_up(char **elements, VcbFinding *finding)
{
    const char *missing = NULL; /* the first of them */
    guint n_missing = 0;
    Gst gst;

    if (!gst_open(&gst)) {
        vcb_finding_set(finding, VCB_FINDING_MISSING, "no libgstreamer-1.0.so.0");
        return;
    }
    if (!gst.init_check(NULL, NULL, NULL)) {
        vcb_finding_set(finding, VCB_FINDING_MISSING, "GStreamer cannot be initialised");
        return;
    }
    for (; *elements; elements++) {
        gpointer factory = gst.element_factory_find(*elements);
        gpointer plugin = factory ? gst.plugin_feature_get_plugin(factory) : NULL;

        if (!plugin && n_missing++ == 0)
            missing = *elements;
        else if (plugin && !finding->detail)
            vcb_finding_set(finding, VCB_FINDING_OK, "%s %s", gst.plugin_get_name(plugin),
                            gst.plugin_get_version(plugin));
    }
    if (n_missing == 1)
        vcb_finding_set(finding, VCB_FINDING_MISSING, "no %s", missing);
    else if (n_missing > 1)
        vcb_finding_set(finding, VCB_FINDING_MISSING, "no %s and %u more", missing, n_missing - 1);
}

void vcb_probe_elements(const VcbCheck *check, VcbFinding *finding)
{
    g_auto(GStrv) elements = g_strsplit(check->subject, " ", -1);
    char answer[1024] = "";
    size_t length = 0;
    ssize_t n;
    int ends[2], status = 0;
    pid_t pid;

    if (pipe(ends) != 0) {
        vcb_finding_set(finding, VCB_FINDING_MISSING, "pipe: %s", g_strerror(errno));
        return;
    }
    pid = fork();
    if (pid == 0) {
        g_autofree char *text = NULL;

        close(ends[0]);
        look_up(elements, finding);
        text = g_strdup_printf("%d%s", finding->state, finding->detail);
        n = write(ends[1], text, strlen(text));
        _exit(n < 0);
    }
    close(ends[1]);
    while (
        pid > 0 && length < sizeof answer - 1 &&
        ((n = read(ends[0], answer + length, sizeof answer - 1 - length)) > 0 || (n < 0 && errno == EINTR)))
        length += n > 0 ? (size_t)n : 0;
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (length > 1)
        vcb_finding_set(finding, (VcbFindingState)(answer[0] - '0'), "%s", answer + 1);
    else if (WIFSIGNALED(status))
        vcb_finding_set(finding, VCB_FINDING_MISSING, "GStreamer crashed (signal %d)", WTERMSIG(status));
    else
        vcb_finding_set(finding, VCB_FINDING_MISSING, "GStreamer could not be asked");
}
