#include "peers/frame_meter.h"
#include "common/test.h"

#define MS ((gint64)1000)

static double number(const VcbFrameMeter *meter, gint64 now_us, const char *key)
{
    g_autoptr(cJSON) inbound = cJSON_CreateObject();

    vcb_frame_meter_report(meter, now_us, inbound);
    return vcb_json_number(inbound, key, -1);
}

/* Frames at these gaps after t_us; returns the time of the last one. */
static gint64 feed(VcbFrameMeter *meter, gint64 t_us, int n, gint64 gap_us)
{
    for (int i = 0; i < n; i++) {
        t_us += gap_us;
        vcb_frame_meter_received(meter);
        vcb_frame_meter_decoded(meter, 640, 360, t_us);
    }
    return t_us;
}

/* A mean of 40 ms: mean + 150 ms = 190 ms is above 3 x 40. A mean of 100: 3 x 100 is above 250. */
static void a_freeze_is_longer_than_the_larger_bound(void)
{
    static const struct {
        gint64 usual_us, gap_us;
        int freezes;
    } cases[] = {
        {40 * MS, 120 * MS + 1, 0},  {40 * MS, 190 * MS, 0},     {40 * MS, 190 * MS + 1, 1},
        {100 * MS, 250 * MS + 1, 0}, {100 * MS, 300 * MS, 0},    {100 * MS, 300 * MS + 1, 1},
        {75 * MS, 225 * MS, 0},      {75 * MS, 225 * MS + 1, 1}, /* where both bounds meet */
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        VcbFrameMeter meter;
        gint64 t_us;

        vcb_frame_meter_init(&meter);
        t_us = feed(&meter, 0, 40, cases[i].usual_us);
        t_us = feed(&meter, t_us, 1, cases[i].gap_us);
        if ((int)number(&meter, t_us, "freezeCount") != cases[i].freezes)
            g_printerr("usual %" G_GINT64_FORMAT ", gap %" G_GINT64_FORMAT "\n", cases[i].usual_us,
                       cases[i].gap_us);
        CU_ASSERT_EQUAL((int)number(&meter, t_us, "freezeCount"), cases[i].freezes);
        VCB_ASSERT_NEAR(number(&meter, t_us, "totalFreezesDuration"),
                        cases[i].freezes ? (double)cases[i].gap_us / 1e6 : 0, 1e-9);
    }
}

static void the_mean_is_that_of_the_last_30_gaps(void)
{
    VcbFrameMeter meter;
    gint64 t_us;

    vcb_frame_meter_init(&meter);
    t_us = feed(&meter, 0, 100, 200 * MS); /* bound 600 ms, soon forgotten */
    t_us = feed(&meter, t_us, 30, 20 * MS);
    t_us = feed(&meter, t_us, 1, 171 * MS); /* 20 + 150 = 170 */
    CU_ASSERT_EQUAL((int)number(&meter, t_us, "freezeCount"), 1);

    vcb_frame_meter_init(&meter);
    t_us = feed(&meter, 0, 100, 200 * MS);
    t_us = feed(&meter, t_us, 29, 20 * MS); /* one gap of 200 is still among the 30: mean 26 ms */
    t_us = feed(&meter, t_us, 1, 175 * MS); /* below 26 + 150 */
    CU_ASSERT_EQUAL((int)number(&meter, t_us, "freezeCount"), 0);
}

static void a_gap_that_still_lasts_counts_as_the_longest(void)
{
    VcbFrameMeter meter;
    gint64 t_us;

    vcb_frame_meter_init(&meter);
    t_us = feed(&meter, 0, 30, 33 * MS);
    VCB_ASSERT_NEAR(number(&meter, t_us, "vcbLongestFrameGap"), 0.033, 1e-9);
    VCB_ASSERT_NEAR(number(&meter, t_us + 700 * MS, "vcbLongestFrameGap"), 0.7, 1e-9);
    feed(&meter, t_us, 1, 800 * MS);
    VCB_ASSERT_NEAR(number(&meter, t_us + 800 * MS, "vcbLongestFrameGap"), 0.8, 1e-9);
}

static void frames_per_second_are_those_of_the_last_second(void)
{
    VcbFrameMeter meter;
    gint64 t_us;

    vcb_frame_meter_init(&meter);
    t_us = feed(&meter, 0, 60, 40 * MS);
    CU_ASSERT_EQUAL((int)number(&meter, t_us, "framesPerSecond"), 25);
    CU_ASSERT_EQUAL((int)number(&meter, t_us + 500 * MS, "framesPerSecond"), 13); /* 0, 40, ... 480 ms ago */
    CU_ASSERT_EQUAL((int)number(&meter, t_us + 1000 * MS, "framesPerSecond"), 0);
    t_us = feed(&meter, t_us + 2000 * MS, 120, 16667);
    CU_ASSERT_EQUAL((int)number(&meter, t_us, "framesPerSecond"), 60);
}

static void before_the_first_frame_nothing_is_claimed(void)
{
    VcbFrameMeter meter;
    g_autoptr(cJSON) inbound = cJSON_CreateObject();

    vcb_frame_meter_init(&meter);
    vcb_frame_meter_report(&meter, 5000 * MS, inbound);
    CU_ASSERT_EQUAL(vcb_json_int(inbound, "framesDecoded", -1), 0);
    CU_ASSERT_FALSE(vcb_json_has(inbound, "framesPerSecond"));
    CU_ASSERT_FALSE(vcb_json_has(inbound, "frameWidth"));
    CU_ASSERT_EQUAL(vcb_json_int(inbound, "freezeCount", -1),
                    0); /* a counter begins at 0, so that its increase can be told */
}

static void a_frame_is_dropped_once_the_decoder_has_moved_on(void)
{
    VcbFrameMeter meter;

    vcb_frame_meter_init(&meter);
    vcb_frame_meter_received(&meter);
    CU_ASSERT_EQUAL((int)number(&meter, 1, "framesDropped"), 0); /* it may be in the decoder */
    vcb_frame_meter_received(&meter);
    CU_ASSERT_EQUAL((int)number(&meter, 2, "framesDropped"), 1);
    vcb_frame_meter_decoded(&meter, 640, 360, 3);
    CU_ASSERT_EQUAL((int)number(&meter, 3, "framesDropped"), 1);
    CU_ASSERT_EQUAL((int)number(&meter, 3, "framesReceived"), 2);
    CU_ASSERT_EQUAL((int)number(&meter, 3, "framesDecoded"), 1);
    for (int i = 4; i < 50;
         i++) { /* a counter never goes back: not between a frame's coming in and out either */
        vcb_frame_meter_received(&meter);
        CU_ASSERT_EQUAL((int)number(&meter, i, "framesDropped"), 1);
        vcb_frame_meter_decoded(&meter, 640, 360, i);
        CU_ASSERT_EQUAL((int)number(&meter, i, "framesDropped"), 1);
    }
}

static void the_size_is_that_of_the_last_frame(void)
{
    VcbFrameMeter meter;

    vcb_frame_meter_init(&meter);
    vcb_frame_meter_decoded(&meter, 640, 360, 1);
    vcb_frame_meter_decoded(&meter, 320, 180, 2);
    CU_ASSERT_EQUAL((int)number(&meter, 2, "frameWidth"), 320);
    CU_ASSERT_EQUAL((int)number(&meter, 2, "frameHeight"), 180);
}

static void silence_is_below_minus_60_dbfs(void)
{
    VcbSilenceMeter meter;
    g_autoptr(cJSON) before = cJSON_CreateObject(), after = cJSON_CreateObject();

    vcb_silence_meter_init(&meter);
    vcb_silence_meter_report(&meter, before);
    CU_ASSERT_FALSE(vcb_json_has(before, "audioLevel"));
    vcb_silence_meter_level(&meter, -20, 50 * MS);
    vcb_silence_meter_level(&meter, -60, 50 * MS); /* not below */
    vcb_silence_meter_level(&meter, -60.1, 50 * MS);
    vcb_silence_meter_level(&meter, -G_MAXDOUBLE, 70 * MS); /* true silence has no level at all */
    vcb_silence_meter_level(&meter, -20, 50 * MS);
    vcb_silence_meter_report(&meter, after);
    VCB_ASSERT_NEAR(vcb_json_number(after, "vcbSilenceDuration", -1), 0.12, 1e-9);
    VCB_ASSERT_NEAR(vcb_json_number(after, "audioLevel", -1), 0.1, 1e-9); /* -20 dBFS */
}

static void a_level_stays_between_0_and_1(void)
{
    static const struct {
        double dbfs, level;
    } cases[] = {{0, 1}, {3, 1}, {-6.0206, 0.5}, {-G_MAXDOUBLE, 0}};

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        VcbSilenceMeter meter;
        g_autoptr(cJSON) inbound = cJSON_CreateObject();

        vcb_silence_meter_init(&meter);
        vcb_silence_meter_level(&meter, cases[i].dbfs, MS);
        vcb_silence_meter_report(&meter, inbound);
        VCB_ASSERT_NEAR(vcb_json_number(inbound, "audioLevel", -1), cases[i].level, 1e-5);
    }
}

VCB_TEST_MAIN(
    "frame_meter", {"a freeze is longer than the larger bound", a_freeze_is_longer_than_the_larger_bound},
    {"the mean is that of the last 30 gaps", the_mean_is_that_of_the_last_30_gaps},
    {"a gap that still lasts counts as the longest", a_gap_that_still_lasts_counts_as_the_longest},
    {"frames per second are those of the last second", frames_per_second_are_those_of_the_last_second},
    {"before the first frame nothing is claimed", before_the_first_frame_nothing_is_claimed},
    {"a frame is dropped once the decoder has moved on", a_frame_is_dropped_once_the_decoder_has_moved_on},
    {"the size is that of the last frame", the_size_is_that_of_the_last_frame},
    {"silence is below -60 dBFS", silence_is_below_minus_60_dbfs},
    {"a level stays between 0 and 1", a_level_stays_between_0_and_1})
