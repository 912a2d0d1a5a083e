#include "common/test.h"
#include "harness/scenario/units.h"

#include <string.h>

typedef struct {
    VcbUnit unit;
    const char *text;
    double value;
} Case;

static void quantities_read_in_every_form(void)
{
    static const Case CASES[] = {
        {VCB_UNIT_TIME, "30s", 30e6},       {VCB_UNIT_TIME, "200ms", 200e3},
        {VCB_UNIT_TIME, "2m", 120e6},       {VCB_UNIT_TIME, "2min", 120e6},
        {VCB_UNIT_TIME, "1.5h", 5400e6},    {VCB_UNIT_TIME, "7us", 7},
        {VCB_UNIT_TIME, "0.0000004s", 0},   {VCB_UNIT_TIME, "0", 0},
        {VCB_UNIT_TIME, "5 s", 5e6},        {VCB_UNIT_TIME, "5S", 5e6},
        {VCB_UNIT_TIME, "-1s", -1e6},       {VCB_UNIT_RATE, "800kbps", 800e3},
        {VCB_UNIT_RATE, "1.5Mbps", 1.5e6},  {VCB_UNIT_RATE, "1.5mbps", 1.5e6},
        {VCB_UNIT_RATE, "64000bps", 64e3},  {VCB_UNIT_RATE, "1Gbps", 1e9},
        {VCB_UNIT_BYTES, "64KiB", 65536},   {VCB_UNIT_BYTES, "64kB", 64000},
        {VCB_UNIT_BYTES, "1MiB", 1048576},  {VCB_UNIT_BYTES, "12B", 12},
        {VCB_UNIT_FREQUENCY, "440Hz", 440}, {VCB_UNIT_FREQUENCY, "1.2kHz", 1200},
        {VCB_UNIT_PERCENT, "1.5%", 1.5},    {VCB_UNIT_PERCENT, "99.9 %", 99.9},
        {VCB_UNIT_NONE, "29.97", 29.97},    {VCB_UNIT_NONE, "-3", -3},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        double value = -1;

        CU_ASSERT_TRUE(vcb_units_parse(CASES[i].unit, CASES[i].text, &value, NULL));
        VCB_ASSERT_NEAR(value, CASES[i].value, 1e-9);
        CU_ASSERT_TRUE(g_regex_match_simple(vcb_units_pattern(CASES[i].unit), CASES[i].text, 0, 0) ||
                       CASES[i].text[0] == '-');
    }
}

static void what_is_no_quantity_is_refused_with_the_form(void)
{
    static const struct {
        VcbUnit unit;
        const char *text;
        const char *says; /* a part of the message */
    } CASES[] = {
        {VCB_UNIT_TIME, "5", "no unit"},        {VCB_UNIT_TIME, "5 parsecs", "5s, 200ms or 2m"},
        {VCB_UNIT_TIME, "", "is no time"},      {VCB_UNIT_TIME, "s", "is no time"},
        {VCB_UNIT_TIME, "1e3s", "no unit of"},  {VCB_UNIT_TIME, "1m30s", "no unit of"},
        {VCB_UNIT_TIME, "5s ", "no unit of"},   {VCB_UNIT_TIME, " 5s", "is no time"},
        {VCB_UNIT_TIME, "inf", "is no time"},   {VCB_UNIT_TIME, "9999999999999h", "beyond"},
        {VCB_UNIT_RATE, "800", "800kbps"},      {VCB_UNIT_RATE, "800kHz", "bit rate"},
        {VCB_UNIT_BYTES, "64 apples", "64KiB"}, {VCB_UNIT_FREQUENCY, "440", "440Hz"},
        {VCB_UNIT_NONE, "1,5", "is no number"}, {VCB_UNIT_NONE, "0x10", "is no number"},
        {VCB_UNIT_NONE, "5s", "is no number"},  {VCB_UNIT_PERCENT, "5", "no unit"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autoptr(GError) error = NULL;
        double value = 42;

        CU_ASSERT_FALSE(vcb_units_parse(CASES[i].unit, CASES[i].text, &value, &error));
        CU_ASSERT_TRUE_FATAL(error != NULL);
        if (!strstr(error->message, CASES[i].says))
            g_printerr("%s: %s\n", CASES[i].text, error->message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, CASES[i].says));
        CU_ASSERT_EQUAL(value, 42);
    }
}

static void sizes_are_two_numbers(void)
{
    static const char *const BAD[] = {"640", "640x", "x360", "640x360x2", "640 x 360", "-2x4", "640X360", ""};
    int width = 0, height = 0;

    CU_ASSERT_TRUE(vcb_units_parse_size("1280x720", &width, &height, NULL));
    CU_ASSERT_EQUAL(width, 1280);
    CU_ASSERT_EQUAL(height, 720);
    for (gsize i = 0; i < G_N_ELEMENTS(BAD); i++)
        CU_ASSERT_FALSE(vcb_units_parse_size(BAD[i], &width, &height, NULL));
}

static void the_largest_whole_unit_is_shown(void)
{
    static const Case CASES[] = {
        {VCB_UNIT_TIME, "5s", 5e6},       {VCB_UNIT_TIME, "1500ms", 1.5e6},
        {VCB_UNIT_TIME, "24h", 86400e6},  {VCB_UNIT_TIME, "0s", 0},
        {VCB_UNIT_TIME, "1us", 1},        {VCB_UNIT_RATE, "800kbps", 8e5},
        {VCB_UNIT_RATE, "1Mbps", 1e6},    {VCB_UNIT_RATE, "1500kbps", 1.5e6},
        {VCB_UNIT_BYTES, "64KiB", 65536}, {VCB_UNIT_FREQUENCY, "440.5Hz", 440.5},
        {VCB_UNIT_PERCENT, "0.5%", 0.5},  {VCB_UNIT_NONE, "29.97", 29.97},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(CASES); i++) {
        g_autofree char *text = vcb_units_format(CASES[i].unit, CASES[i].value);

        VCB_ASSERT_STRING(text, CASES[i].text);
    }
}

/* A property: what is shown reads back as the same value, to the last bit. */
static void what_is_shown_reads_back_the_same(void)
{
    guint32 seed = 20240611;
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);

    for (int i = 0; i < 20000; i++) {
        VcbUnit unit = (VcbUnit)g_rand_int_range(random, VCB_UNIT_NONE, VCB_UNIT_PERCENT + 1);
        gboolean whole = unit == VCB_UNIT_TIME || unit == VCB_UNIT_RATE || unit == VCB_UNIT_BYTES;
        int scale = g_rand_int_range(random, 0, 12);
        double value = g_rand_double(random), back = -1;
        g_autofree char *text = NULL;

        for (int k = 0; k < scale; k++)
            value *= 10;
        if (whole)
            value = (double)(gint64)value;
        text = vcb_units_format(unit, value);
        if (!vcb_units_parse(unit, text, &back, NULL) || back != value)
            g_printerr("seed %u: %.17g is shown as %s, which reads as %.17g\n", seed, value, text, back);
        CU_ASSERT_EQUAL(back, value);
    }
}

VCB_TEST_MAIN("units", {"quantities read in every form", quantities_read_in_every_form},
              {"what is no quantity is refused with the form", what_is_no_quantity_is_refused_with_the_form},
              {"sizes are two numbers", sizes_are_two_numbers},
              {"the largest whole unit is shown", the_largest_whole_unit_is_shown},
              {"what is shown reads back the same", what_is_shown_reads_back_the_same})
