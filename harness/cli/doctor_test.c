#include "harness/cli/doctor.h"
#include "common/test.h"

#include <glib/gstdio.h>
#include <string.h>

static const VcbCheck *check_named(const char *name)
{
    for (gsize i = 0; i < vcb_doctor_n_checks; i++)
        if (strcmp(vcb_doctor_checks[i].name, name) == 0)
            return &vcb_doctor_checks[i];
    return NULL;
}

static void every_package_of_the_table_is_in_the_list(void)
{
    g_autofree char *text = NULL;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(VCB_SOURCE_ROOT "/data/packages.txt", &text, NULL, NULL));
    for (gsize i = 0; i < vcb_doctor_n_checks; i++) {
        g_autofree char *pattern = NULL, *quoted = NULL;

        if (!vcb_doctor_checks[i].package)
            continue;
        quoted = g_regex_escape_string(vcb_doctor_checks[i].package, -1);
        pattern = g_strdup_printf("^%s[ /]", quoted);
        if (!g_regex_match_simple(pattern, text, G_REGEX_MULTILINE, 0))
            CU_FAIL_FATAL(vcb_doctor_checks[i].package);
    }
}

static void a_missing_element_names_its_package(void)
{
    VcbCheck check = *check_named("ICE");
    g_auto(VcbFinding) finding = {0};
    g_autofree char *remedy = NULL;

    check.subject = "no-such-element fakesink";
    check.probe(&check, &finding);
    CU_ASSERT_EQUAL(finding.state, VCB_FINDING_MISSING);
    CU_ASSERT_PTR_NOT_NULL(strstr(finding.detail, "no-such-element"));
    CU_ASSERT_PTR_NULL(strstr(finding.detail, "fakesink"));
    remedy = vcb_doctor_remedy(&check, &finding);
    CU_ASSERT_PTR_NOT_NULL(strstr(remedy, "gstreamer1.0-nice"));
}

static void a_present_element_says_its_version(void)
{
    VcbCheck check = *check_named("RTP");
    g_auto(VcbFinding) finding = {0};

    check.subject = "fakesink"; /* of GStreamer's own core */
    check.probe(&check, &finding);
    CU_ASSERT_EQUAL(finding.state, VCB_FINDING_OK);
    CU_ASSERT_TRUE(g_str_has_prefix(finding.detail, "coreelements 1."));
    CU_ASSERT_PTR_NULL(vcb_doctor_remedy(&check, &finding));
}

static void a_program_is_found_by_name_or_path(void)
{
    VcbCheck check = *check_named("Firefox");
    g_auto(VcbFinding) by_path = {0}, absent = {0};

    check.subject = "no-such-program /bin/sh";
    check.probe(&check, &by_path);
    CU_ASSERT_EQUAL(by_path.state, VCB_FINDING_OK);
    VCB_ASSERT_STRING(by_path.detail, "/bin/sh");
    check.subject = "no-such-program";
    check.probe(&check, &absent);
    CU_ASSERT_EQUAL(absent.state, VCB_FINDING_MISSING);
}

static void pressure_that_cannot_be_read_is_a_limit(void)
{
    VcbCheck check = *check_named("CPU pressure");
    g_auto(VcbFinding) absent = {0}, empty = {0};

    check.subject = "/proc/pressure/no-such-resource";
    check.probe(&check, &absent);
    CU_ASSERT_EQUAL(absent.state, VCB_FINDING_LIMITED);
    CU_ASSERT_PTR_NOT_NULL(strstr(absent.remedy, "psi=1"));
    check.subject = "/dev/null";
    check.probe(&check, &empty);
    CU_ASSERT_EQUAL(empty.state, VCB_FINDING_LIMITED);
}

static void a_folder_without_cameras_is_missing_not_an_error(void)
{
    VcbCheck check = *check_named("cameras");
    g_autofree char *folder = g_dir_make_tmp("vcb-doctor-XXXXXX", NULL);
    g_autofree char *node = g_build_filename(folder, "video0", NULL);
    g_auto(VcbFinding) finding = {0}, absent = {0};

    CU_ASSERT_TRUE_FATAL(g_file_set_contents(node, "not a device", -1, NULL));
    check.subject = folder;
    check.probe(&check, &finding);
    CU_ASSERT_EQUAL(finding.state, VCB_FINDING_MISSING);
    g_unlink(node);
    g_rmdir(folder);
    check.probe(&check, &absent);
    CU_ASSERT_EQUAL(absent.state, VCB_FINDING_MISSING);
}

static void a_tun_device_that_does_not_open_says_how_to_get_one(void)
{
    VcbCheck check = *check_named("TUN device");
    g_auto(VcbFinding) finding = {0};

    check.subject = "/dev/no-such-device";
    check.probe(&check, &finding);
    CU_ASSERT_EQUAL(finding.state, VCB_FINDING_MISSING);
    CU_ASSERT_PTR_NOT_NULL(strstr(finding.remedy, "modprobe tun"));
}

static void every_check_ends_with_a_detail_and_what_is_amiss_with_a_remedy(void)
{
    for (gsize i = 0; i < vcb_doctor_n_checks; i++) {
        const VcbCheck *check = &vcb_doctor_checks[i];
        g_auto(VcbFinding) finding = {0};

        check->probe(check, &finding);
        CU_ASSERT_PTR_NOT_NULL_FATAL(finding.detail);
        g_autofree char *remedy = vcb_doctor_remedy(check, &finding);
        if (finding.state == VCB_FINDING_MISSING && !remedy)
            CU_FAIL(check->name);
        if (finding.state == VCB_FINDING_OK && remedy)
            CU_FAIL(check->name);
    }
}

VCB_TEST_MAIN("doctor",
              {"every package of the table is in the list", every_package_of_the_table_is_in_the_list},
              {"a missing element names its package", a_missing_element_names_its_package},
              {"a present element says its version", a_present_element_says_its_version},
              {"a program is found by name or path", a_program_is_found_by_name_or_path},
              {"pressure that cannot be read is a limit", pressure_that_cannot_be_read_is_a_limit},
              {"a folder without cameras is missing, not an error",
               a_folder_without_cameras_is_missing_not_an_error},
              {"a TUN device that does not open says how to get one",
               a_tun_device_that_does_not_open_says_how_to_get_one},
              {"every check ends with a detail, and what is amiss with a remedy",
               every_check_ends_with_a_detail_and_what_is_amiss_with_a_remedy})
