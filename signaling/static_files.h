/* The files of the web folder: which path is which file, safely, and as what type it is served. */
#pragma once

#include <glib.h>

typedef struct {
    GBytes *content;
    const char *type; /* Content-Type; a static string */
} VcbStaticFile;

/* Read what `path` (decoded, from the URL's first '/') stands for below `folder`. "/" and the path of a room,
 * which is one name without a '.', stand for index.html. FALSE: there is nothing that may be served; a path
 * never leads out of the folder, through no symbolic link, and to no hidden file. */
gboolean vcb_static_files_read(const char *folder, const char *path, VcbStaticFile *ret_file);

void vcb_static_file_clear(VcbStaticFile *file);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(VcbStaticFile, vcb_static_file_clear)
