/* Programs, processor, memory and cameras. */
#include "harness/cli/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MIB (1024.0 * 1024.0)
#define ENOUGH_MEMORY_BYTES (512 * MIB) /* four pairs of peers and their report */

void vcb_probe_program(const VcbCheck *check, VcbFinding *finding)
{
    g_auto(GStrv) programs = g_strsplit(check->subject, " ", -1);

    for (char **program = programs; *program; program++) {
        g_autofree char *path = g_find_program_in_path(*program); /* takes paths, too */

        if (path) {
            vcb_finding_set(finding, VCB_FINDING_OK, "%s", path);
            return;
        }
    }
    vcb_finding_set(finding, VCB_FINDING_MISSING, "no %s", programs[0]);
}

/* The limit that `file` sets for this process in cgroup v2, where every ancestor may set a tighter one
 * (kernel documentation, "Control Group v2"). `read_limit` reads one file's text; negative: no limit. */
static double cgroup_limit(const char *file, double (*read_limit)(const char *text))
{
    g_autofree char *text = NULL, *path = NULL;
    double tightest = -1;

    if (!g_file_get_contents("/proc/self/cgroup", &text, NULL, NULL) || !g_str_has_prefix(text, "0::"))
        return -1;
    text[strcspn(text, "\n")] = '\0';
    path = g_strdup(text + strlen("0::"));
    for (;;) {
        g_autofree char *name = g_strdup_printf("/sys/fs/cgroup%s/%s", path, file);
        g_autofree char *content = NULL;
        char *slash = strrchr(path, '/');

        if (g_file_get_contents(name, &content, NULL, NULL)) {
            double limit = read_limit(content);

            if (limit >= 0 && (tightest < 0 || limit < tightest))
                tightest = limit;
        }
        if (!slash)
            return tightest;
        *slash = '\0';
    }
}

/* cpu.max: "QUOTA PERIOD" in microseconds, or "max PERIOD". In cores. */
static double read_cpu_max(const char *text)
{
    double quota, period;

    return sscanf(text, "%lf %lf", &quota, &period) == 2 && period > 0 ? quota / period : -1;
}

/* memory.max: bytes, or "max". */
static double read_memory_max(const char *text)
{
    return g_ascii_isdigit(text[0]) ? g_ascii_strtod(text, NULL) : -1;
}

void vcb_probe_cores(const VcbCheck *check, VcbFinding *finding)
{
    guint cores = g_get_num_processors(); /* those that this process may run on */
    double quota = cgroup_limit("cpu.max", read_cpu_max);
    gboolean few = cores < 2 || (quota >= 0 && quota < 2);

    if (quota >= 0 && quota < cores)
        vcb_finding_set(finding, few ? VCB_FINDING_LIMITED : VCB_FINDING_OK,
                        "%u, of which %.1f may be used (cgroup)", cores, quota);
    else
        vcb_finding_set(finding, few ? VCB_FINDING_LIMITED : VCB_FINDING_OK, "%u%s", cores,
                        few ? ": calls run one after another" : "");
}

void vcb_probe_memory(const VcbCheck *check, VcbFinding *finding)
{
    g_autofree char *text = NULL;
    double limit = cgroup_limit("memory.max", read_memory_max), bytes = 0;
    const char *line;

    if (g_file_get_contents("/proc/meminfo", &text, NULL, NULL) && (line = strstr(text, "MemAvailable:")))
        bytes = g_ascii_strtod(line + strlen("MemAvailable:"), NULL) * 1024;
    if (limit >= 0 && limit < bytes)
        bytes = limit;
    vcb_finding_set(finding, bytes < ENOUGH_MEMORY_BYTES ? VCB_FINDING_LIMITED : VCB_FINDING_OK,
                    "%.0f MiB free", bytes / MIB);
}

void vcb_probe_pressure(const VcbCheck *check, VcbFinding *finding)
{
    char text[256];
    int fd = open(check->subject, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1; /* EOPNOTSUPP where it is switched off */

    if (n > 0) {
        const char *average;

        text[n] = '\0';
        average = strstr(text, "avg10=");
        vcb_finding_set(finding, VCB_FINDING_OK, "%.1f %% of the last 10 s",
                        average ? g_ascii_strtod(average + strlen("avg10="), NULL) : 0.0);
    } else {
        vcb_finding_set(finding, VCB_FINDING_LIMITED, "%s: %s", check->subject,
                        n == 0 ? "empty" : g_strerror(errno));
        finding->remedy = g_strdup("start the kernel (built with CONFIG_PSI) with psi=1");
    }
    if (fd >= 0)
        close(fd);
}

/* "/dev/video0 (Integrated Camera)" where it can capture; NULL where it cannot. */
static char *describe_camera(const char *path, gboolean *ret_forbidden)
{
    struct v4l2_capability capability;
    int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    char *description = NULL;

    if (fd < 0) {
        *ret_forbidden = *ret_forbidden || errno == EACCES;
        return NULL;
    }
    memset(&capability, 0, sizeof capability);
    if (ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0 && (capability.device_caps & V4L2_CAP_VIDEO_CAPTURE))
        description = g_strdup_printf("%s (%.32s)", path, (const char *)capability.card);
    close(fd);
    return description;
}

void vcb_probe_cameras(const VcbCheck *check, VcbFinding *finding)
{
    g_autoptr(GString) cameras = g_string_new(NULL);
    g_autoptr(GDir) directory = g_dir_open(check->subject, 0, NULL);
    gboolean forbidden = FALSE;
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *path = g_build_filename(check->subject, name, NULL);
        g_autofree char *camera = g_str_has_prefix(name, "video") ? describe_camera(path, &forbidden) : NULL;

        if (camera)
            g_string_append_printf(cameras, "%s%s", cameras->len ? ", " : "", camera);
    }
    if (cameras->len) {
        vcb_finding_set(finding, VCB_FINDING_OK, "%s", cameras->str);
    } else if (forbidden) {
        vcb_finding_set(finding, VCB_FINDING_LIMITED, "this user may not open %s/video*", check->subject);
        finding->remedy = g_strdup("sudo usermod -aG video \"$USER\", then log in again");
    } else {
        g_autofree char *install = NULL;

        vcb_finding_set(finding, VCB_FINDING_MISSING, "no capturing %s/video*", check->subject);
        install = vcb_doctor_remedy(check, finding);
        finding->remedy =
            g_strdup_printf("plug one in, or: %s && sudo modprobe v4l2loopback exclusive_caps=1", install);
    }
}
