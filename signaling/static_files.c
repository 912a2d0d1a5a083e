#include "signaling/static_files.h"

#include "signaling/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_FILE ((off_t)16 << 20)

static const struct {
    const char *extension, *type;
} TYPES[] = {
    {"html", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"txt", "text/plain; charset=utf-8"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"webp", "image/webp"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"wasm", "application/wasm"},
    {"webm", "video/webm"},
    {"wav", "audio/wav"},
};

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (gsize i = 0; dot && i < G_N_ELEMENTS(TYPES); i++)
        if (g_ascii_strcasecmp(dot + 1, TYPES[i].extension) == 0)
            return TYPES[i].type;
    return "application/octet-stream";
}

/* Open folder/segment/segment/... one step at a time. No step follows a symbolic link, and each segment is a
 * plain name (so neither ".." nor a hidden file, and '%', '\' and control characters are not in it). The last
 * one: without waiting, should it be a FIFO. */
static int open_below(const char *folder, char *const *segments)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (; fd >= 0 && *segments; segments++) {
        int flags = segments[1] ? O_DIRECTORY : O_NONBLOCK | O_NOCTTY;
        int next = vcb_name_is_valid(*segments)
                       ? openat(fd, *segments, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags)
                       : -1;

        close(fd);
        fd = next;
    }
    return fd;
}

static GBytes *read_all(int fd)
{
    struct stat status;
    g_autofree guint8 *data = NULL;
    gsize length = 0, size;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > LARGEST_FILE)
        return NULL;
    size = (gsize)status.st_size;
    data = g_malloc(size + 1);
    while (length < size) {
        ssize_t n = read(fd, data + length, size - length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) /* it shrank meanwhile, or cannot be read */
            return NULL;
        length += (gsize)n;
    }
    return g_bytes_new_take(g_steal_pointer(&data), length);
}

static gboolean is_room(const char *name)
{
    return vcb_name_is_valid(name) && !strchr(name, '.');
}

static gboolean read_segments(const char *folder, char *const *segments, VcbStaticFile *ret_file)
{
    int fd = open_below(folder, segments);
    GBytes *content = fd >= 0 ? read_all(fd) : NULL;
    const char *name = NULL;

    if (fd >= 0)
        close(fd);
    if (!content)
        return FALSE;
    for (; *segments; segments++)
        name = *segments;
    *ret_file = (VcbStaticFile){.content = content, .type = type_of(name)};
    return TRUE;
}

gboolean vcb_static_files_read(const char *folder, const char *path, VcbStaticFile *ret_file)
{
    static char *const INDEX[] = {(char *)"index.html", NULL};
    g_auto(GStrv) segments = NULL;

    if (path[0] != '/')
        return FALSE;
    if (path[1] == '\0')
        return read_segments(folder, INDEX, ret_file);
    segments = g_strsplit(path + 1, "/", 16);
    if (read_segments(folder, segments, ret_file))
        return TRUE;
    return is_room(segments[0]) && !segments[1] && read_segments(folder, INDEX, ret_file);
}

void vcb_static_file_clear(VcbStaticFile *file)
{
    g_clear_pointer(&file->content, g_bytes_unref);
}
