/* vcb_report_make on directories: the files that it leaves, and what it says where it cannot. */
#include "harness/report/report.h"

#include "common/error.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static char *new_directory(const char *golden)
{
    char *directory = g_dir_make_tmp("vcb-report-XXXXXX", NULL);
    g_autofree char *from = g_strconcat(SOURCE_ROOT "/tests/golden/", golden, ".jsonl", NULL), *log = NULL;
    g_autofree char *to = g_build_filename(directory, "events.jsonl", NULL);
    gsize length;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(from, &log, &length, NULL));
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(to, log, (gssize)length, NULL));
    return directory;
}

static void remove_directory(const char *path)
{
    g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
    const char *name;

    while (directory && (name = g_dir_read_name(directory))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        if (g_file_test(child, G_FILE_TEST_IS_DIR))
            remove_directory(child);
        else
            g_unlink(child);
    }
    g_rmdir(path);
}

static gboolean has_file(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

static char *read_file(const char *directory, const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static gboolean is_note(const VcbReport *report, const char *part)
{
    const cJSON *note;

    cJSON_ArrayForEach (note, vcb_json_array(report->run, "notes")) {
        if (cJSON_IsString(note) && strstr(note->valuestring, part))
            return TRUE;
    }
    return FALSE;
}

static void all_files_are_made(void)
{
    static const char *const FILES[] = {
        "run.json",           "samples.csv",      "junit.xml",   "report.html",
        "connect-phases.svg", "connect-time.png", "bitrate.svg", "fps.png"};
    g_autofree char *directory = new_directory("clean"), *program = g_find_program_in_path("gnuplot"),
                    *page = NULL;
    g_autofree char *text = NULL;
    g_autoptr(VcbReport) report = vcb_report_make(directory, NULL);
    g_autoptr(GDir) listing = g_dir_open(directory, 0, NULL);
    const char *name;

    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_EQUAL(report->verdict, VCB_VERDICT_PASS);
    for (gsize i = 0; i < (program ? G_N_ELEMENTS(FILES) : 4); i++)
        CU_ASSERT_TRUE(has_file(directory, FILES[i]));
    while ((name = g_dir_read_name(listing)))
        CU_ASSERT_FALSE(g_str_has_suffix(name, ".part"));
    page = read_file(directory, "report.html");
    CU_ASSERT_PTR_NULL(strstr(page, "<script"));
    CU_ASSERT_PTR_NULL(strstr(page, "src="));
    CU_ASSERT_TRUE(!program || strstr(page, "<svg"));
    text = vcb_report_format(report, VCB_FORMAT_JSON, FALSE);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"vcbench.run/1\""));
    remove_directory(directory);
}

static void a_network_has_its_section_and_its_files(void)
{
    static const char *const TEXTS[] = {"What the peers reported beside what truly happened",
                                        "the emulator&#39;s audit of itself",
                                        "alice up 18",
                                        "nat-filtered 34",
                                        "192.168.1.2:50000",
                                        "bottleneck up (shared)"};
    g_autofree char *directory = new_directory("network"), *program = g_find_program_in_path("gnuplot");
    g_autofree char *page = NULL, *links = NULL, *script = NULL;
    g_autoptr(VcbReport) report = vcb_report_make(directory, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_EQUAL(report->verdict, VCB_VERDICT_PASS);
    page = read_file(directory, "report.html");
    for (gsize i = 0; i < G_N_ELEMENTS(TEXTS); i++)
        CU_ASSERT_PTR_NOT_NULL(strstr(page, TEXTS[i]));
    links = read_file(directory, "links.csv");
    CU_ASSERT_TRUE(links && strstr(links, "\n,network=shared,wave-0003,bottleneck,up,"));
    if (program) {
        CU_ASSERT_TRUE(has_file(directory, "link-bottleneck-up.svg") &&
                       has_file(directory, "link-alice-down.png"));
        script = read_file(directory, "graphs.gnuplot");
        CU_ASSERT_PTR_NOT_NULL(strstr(script, "alice up: rate 1 Mbit/s"));
        CU_ASSERT_PTR_NOT_NULL(
            strstr(script, "shared alice 2")); /* each pair of a shared network has a line */
    }
    remove_directory(directory);
}

static void a_late_emulator_makes_the_run_invalid(void)
{
    g_autofree char *directory = new_directory("late");
    g_autoptr(VcbReport) report = vcb_report_make(directory, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_EQUAL(vcb_verdict_exit_status(report->verdict), 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(report->reason, "p99 8.2 ms, bound 5 ms"));
    CU_ASSERT_PTR_NOT_NULL(strstr(report->reason, "lower --jobs"));
    remove_directory(directory);
}

/* Every value that a graph could be drawn of is missing from some link: the others are drawn all the same. */
static void links_without_numbers_spoil_no_graph(void)
{
    g_autofree char *directory = new_directory("network"),
                    *path = g_build_filename(directory, "events.jsonl", NULL);
    g_autofree char *program = g_find_program_in_path("gnuplot"), *log = read_file(directory, "events.jsonl");
    g_autoptr(GString) text = g_string_new(log);
    g_autoptr(VcbReport) report = NULL;

    g_string_replace(text, "\"delay_us\":{\"n\"", "\"delay_us\":{\"m\"", 0);
    g_string_replace(text, "\"p95\":", "\"p96\":", 0);
    g_string_replace(text, "\"queue_us\"", "\"queue_as\"", 0);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text->str, -1, NULL));
    report = vcb_report_make(directory, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_FALSE(is_note(report, "No graphs") && program);
    CU_ASSERT_TRUE(!program || has_file(directory, "link-alice-up.svg"));
    remove_directory(directory);
}

static void text_from_a_peer_is_never_markup(void)
{
    g_autofree char *directory = new_directory("glare"), *page = NULL;
    g_autoptr(VcbReport) report = vcb_report_make(directory, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    page = read_file(directory, "report.html");
    CU_ASSERT_PTR_NULL(strstr(page, "<both"));
    CU_ASSERT_PTR_NOT_NULL(strstr(page, "&lt;both initiated&gt;"));
    remove_directory(directory);
}

/* gnuplot takes a tic's label for a format, and draws nothing at all where a % in it is not one of printf's. */
static void a_variant_with_a_percentage_is_drawn(void)
{
    g_autofree char *directory = new_directory("network"),
                    *path = g_build_filename(directory, "events.jsonl", NULL);
    g_autofree char *program = g_find_program_in_path("gnuplot"), *log = read_file(directory, "events.jsonl");
    g_autoptr(GString) text = g_string_new(log);
    g_autoptr(VcbReport) report = NULL;

    CU_ASSERT_TRUE(g_string_replace(text, "\"network=shared\"", "\"loss=20%\"", 0) > 0);
    CU_ASSERT_TRUE_FATAL(g_file_set_contents(path, text->str, -1, NULL));
    report = vcb_report_make(directory, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_FALSE(is_note(report, "No graphs") && program);
    CU_ASSERT_TRUE(!program || has_file(directory, "connect-phases.svg"));
    remove_directory(directory);
}

static void without_gnuplot_the_rest_is_there(void)
{
    g_autofree char *directory = new_directory("clean"), *path = g_strdup(g_getenv("PATH"));
    g_autoptr(VcbReport) report = NULL;

    g_setenv("PATH", "/nonexistent", TRUE);
    report = vcb_report_make(directory, NULL);
    g_setenv("PATH", path, TRUE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_EQUAL(report->verdict, VCB_VERDICT_PASS);
    CU_ASSERT_TRUE(is_note(report, "gnuplot-nox"));
    CU_ASSERT_TRUE(has_file(directory, "report.html") && has_file(directory, "junit.xml"));
    CU_ASSERT_FALSE(has_file(directory, "bitrate.svg"));
    remove_directory(directory);
}

static void a_gnuplot_that_fails_is_noted(void)
{
    static const char SCRIPT[] = "#!/bin/sh\nexit 3\n";
    g_autofree char *directory = new_directory("clean"), *path = g_strdup(g_getenv("PATH"));
    g_autofree char *bin = g_dir_make_tmp("vcb-bin-XXXXXX", NULL),
                    *program = g_build_filename(bin, "gnuplot", NULL);
    g_autofree char *search = g_strconcat(bin, ":", path, NULL);
    g_autoptr(VcbReport) report = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_set_contents_full(program, SCRIPT, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    g_setenv("PATH", search, TRUE);
    report = vcb_report_make(directory, NULL);
    g_setenv("PATH", path, TRUE);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_TRUE(is_note(report, "exit status 3"));
    CU_ASSERT_TRUE(has_file(directory, "report.html"));
    remove_directory(directory);
    remove_directory(bin);
}

static void a_killed_run_still_has_its_report(void)
{
    g_autofree char *directory = new_directory("killed");
    g_autoptr(VcbReport) report = vcb_report_make(directory, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(report);
    CU_ASSERT_EQUAL(report->verdict, VCB_VERDICT_INVALID);
    CU_ASSERT_EQUAL(vcb_verdict_exit_status(report->verdict), 3);
    CU_ASSERT_TRUE(is_note(report, "cut"));
    CU_ASSERT_TRUE(has_file(directory, "run.json"));
    remove_directory(directory);
}

static void without_a_log_there_is_nothing_to_report(void)
{
    g_autofree char *directory = g_dir_make_tmp("vcb-report-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;

    CU_ASSERT_PTR_NULL(vcb_report_make(directory, &error));
    CU_ASSERT_TRUE(g_error_matches(error, VCB_ERROR, VCB_ERROR_USAGE));
    g_rmdir(directory);
}

/* A directory stands where run.json should: rename fails for anybody, root too. */
static void where_run_json_cannot_be_written_it_says_so(void)
{
    g_autofree char *directory = new_directory("clean"),
                    *obstacle = g_build_filename(directory, "run.json", NULL);
    g_autoptr(GError) error = NULL;

    g_mkdir(obstacle, 0755);
    CU_ASSERT_PTR_NULL(vcb_report_make(directory, &error));
    CU_ASSERT_TRUE(g_error_matches(error, VCB_ERROR, VCB_ERROR_INVALID));
    CU_ASSERT_PTR_NOT_NULL(error ? strstr(error->message, "run.json") : NULL);
    remove_directory(directory);
}

VCB_TEST_MAIN("report", {"all files are made", all_files_are_made},
              {"a network has its section and its files", a_network_has_its_section_and_its_files},
              {"a late emulator makes the run invalid", a_late_emulator_makes_the_run_invalid},
              {"links without numbers spoil no graph", links_without_numbers_spoil_no_graph},
              {"a variant with a percentage is drawn", a_variant_with_a_percentage_is_drawn},
              {"text from a peer is never markup", text_from_a_peer_is_never_markup},
              {"without gnuplot the rest is there", without_gnuplot_the_rest_is_there},
              {"a gnuplot that fails is noted", a_gnuplot_that_fails_is_noted},
              {"a killed run still has its report", a_killed_run_still_has_its_report},
              {"without a log there is nothing to report", without_a_log_there_is_nothing_to_report},
              {"where run.json cannot be written it says so", where_run_json_cannot_be_written_it_says_so})
