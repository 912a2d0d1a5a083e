#include "harness/run/environment.h"

#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The value of the line "NAME<separator>value", unquoted. New string or NULL. */
static char *line_value(const char *path, const char *name, const char *separator)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return NULL;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *at = g_str_has_prefix(*line, name) ? strstr(*line, separator) : NULL;

        if (at) {
            char *value = g_strdup(at + strlen(separator));

            g_strdelimit(value, "\"", ' ');
            return g_strstrip(value);
        }
    }
    return NULL;
}

static void add_taken(cJSON *object, const char *key, char *value)
{
    vcb_json_add_string(object, key, value);
    g_free(value);
}

/* "vcbench-peer 0.1.0 (GStreamer 1.22.0)" */
static char *gstreamer_version(const char *peer_program)
{
    char *argv[] = {(char *)peer_program, (char *)"--version", NULL};
    g_autofree char *text = NULL;
    char *at;

    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &text, NULL, NULL, NULL) ||
        !(at = strstr(text, "(GStreamer ")))
        return NULL;
    at += strlen("(GStreamer ");
    return g_strndup(at, strcspn(at, ")"));
}

cJSON *vcb_environment_describe(const char *peer_program)
{
    cJSON *object = cJSON_CreateObject();
    struct utsname system;
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

    cJSON_AddStringToObject(object, "vcbench", VCB_VERSION);
    add_taken(object, "gstreamer", gstreamer_version(peer_program));
    cJSON_AddStringToObject(object, "libnice", VCB_NICE_VERSION);
    cJSON_AddStringToObject(object, "libwebsockets", VCB_LWS_VERSION);
    add_taken(object, "os", line_value("/etc/os-release", "PRETTY_NAME", "="));
    if (uname(&system) == 0) {
        g_autofree char *kernel = g_strdup_printf("%s %s %s", system.sysname, system.release, system.machine);

        cJSON_AddStringToObject(object, "kernel", kernel);
    }
    add_taken(object, "cpu", line_value("/proc/cpuinfo", "model name", ": "));
    vcb_json_add_int(object, "cores", g_get_num_processors());
    if (pages > 0 && page_bytes > 0)
        vcb_json_add_int(object, "memory_bytes", (gint64)pages * page_bytes);
    return object;
}
