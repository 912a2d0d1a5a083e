#include "signaling/static_files.h"

#include "common/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *base;   /* the test's own folder */
static char *folder; /* base/web: what is served */

static void put(const char *parent, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(parent, name, NULL);

    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text, -1, NULL));
}

static void point(const char *name, const char *target)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    CU_ASSERT_EQUAL_FATAL(symlink(target, path), 0);
}

static void set_up(void)
{
    g_autofree char *sub = NULL, *fifo = NULL, *secret = NULL;

    base = g_dir_make_tmp("vcb-static-XXXXXX", NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(base);
    folder = g_build_filename(base, "web", NULL);
    sub = g_build_filename(folder, "sub", NULL);
    fifo = g_build_filename(folder, "pipe", NULL);
    secret = g_build_filename(base, "secret.txt", NULL);
    CU_ASSERT_EQUAL_FATAL(g_mkdir_with_parents(sub, 0755), 0);
    CU_ASSERT_EQUAL_FATAL(mkfifo(fifo, 0644), 0);
    put(base, "secret.txt", "secret");
    put(base, "webbed.txt", "secret");
    put(folder, "index.html", "index");
    put(folder, "app.js", "js");
    put(folder, "empty.css", "");
    put(folder, ".hidden", "secret");
    put(folder, "README", "plain");
    put(sub, "a.svg", "svg");
    point("link.txt", "../secret.txt");
    point("absolute.txt", secret);
    point("inside.js", "app.js");
    point("updir", "..");
}

static void tear_down(void)
{
    static const char *const files[] = {"web/index.html",
                                        "web/app.js",
                                        "web/empty.css",
                                        "web/.hidden",
                                        "web/README",
                                        "web/sub/a.svg",
                                        "web/link.txt",
                                        "web/absolute.txt",
                                        "web/inside.js",
                                        "web/updir",
                                        "web/pipe",
                                        "web/sub",
                                        "web",
                                        "secret.txt",
                                        "webbed.txt",
                                        "."};

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(base, files[i], NULL);

        g_remove(i + 1 < G_N_ELEMENTS(files) ? path : base);
    }
    CU_ASSERT_FALSE(g_file_test(base, G_FILE_TEST_EXISTS));
    g_clear_pointer(&base, g_free);
    g_clear_pointer(&folder, g_free);
}

static void files_are_served_with_their_type(void)
{
    static const struct {
        const char *path, *type, *content;
    } cases[] = {
        {"/", "text/html; charset=utf-8", "index"},
        {"/index.html", "text/html; charset=utf-8", "index"},
        {"/app.js", "text/javascript; charset=utf-8", "js"},
        {"/empty.css", "text/css; charset=utf-8", ""},
        {"/sub/a.svg", "image/svg+xml", "svg"},
        {"/README", "application/octet-stream", "plain"},
        {"/room-1", "text/html; charset=utf-8", "index"},
        {"/sub", "text/html; charset=utf-8", "index"},
    };

    set_up();
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(VcbStaticFile) file = {0};
        g_autofree char *content = NULL;

        CU_ASSERT_TRUE_FATAL(vcb_static_files_read(folder, cases[i].path, &file));
        VCB_ASSERT_STRING(file.type, cases[i].type);
        content = g_strndup(g_bytes_get_data(file.content, NULL), g_bytes_get_size(file.content));
        VCB_ASSERT_STRING(content, cases[i].content);
    }
    tear_down();
}

static void no_path_leads_out_of_the_folder(void)
{
    static const char *const paths[] = {
        "",
        "index.html",
        "//",
        "//index.html",
        "/index.html/",
        "/./index.html",
        "/.",
        "/..",
        "/../secret.txt",
        "/../webbed.txt",
        "/../web/index.html",
        "/sub/../../secret.txt",
        "/sub/../app.js",
        "/....//secret.txt",
        "/..;/secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..\\secret.txt",
        "\\..\\secret.txt",
        "/..\xc0\xafsecret.txt",
        "/\xe2\x80\xa5/secret.txt",
        "/.hidden",
        "/sub/.hidden",
        "/link.txt",
        "/absolute.txt",
        "/inside.js",
        "/updir/secret.txt",
        "/updir/web/app.js",
        "/pipe",
        "/sub/",
        "/sub/a.svg/x",
        "/app.js\n",
        "/app.js ",
        "/app.js?x",
        "/none.js",
        "/none/none",
        "/etc/passwd",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z",
        "/~root",
        "/room 1",
    };

    set_up();
    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        VcbStaticFile file = {0};
        gboolean served = vcb_static_files_read(folder, paths[i], &file);

        /* A FIFO's name is a room's name as well: then the index is served, and nothing hangs. */
        if (served && strcmp(paths[i], "/pipe") == 0) {
            CU_ASSERT_EQUAL(g_bytes_get_size(file.content), 5);
            vcb_static_file_clear(&file);
            continue;
        }
        if (served)
            g_printerr("served: %s\n", paths[i]);
        CU_ASSERT_FALSE(served);
        vcb_static_file_clear(&file);
    }
    tear_down();
}

static void without_the_folder_nothing_is_served(void)
{
    VcbStaticFile file = {0};

    CU_ASSERT_FALSE(vcb_static_files_read("/nonexistent", "/", &file));
    CU_ASSERT_FALSE(vcb_static_files_read("/dev/null", "/", &file));
}

VCB_TEST_MAIN("static_files", {"files are served with their type", files_are_served_with_their_type},
              {"no path leads out of the folder", no_path_leads_out_of_the_folder},
              {"without the folder nothing is served", without_the_folder_nothing_is_served})
