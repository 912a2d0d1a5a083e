#include "peers/frame_meter.h"

#include <math.h>

#define SILENCE_DBFS (-60.0)

void vcb_frame_meter_init(VcbFrameMeter *meter)
{
    *meter = (VcbFrameMeter){.first_us = -1, .last_us = -1};
}

void vcb_frame_meter_received(VcbFrameMeter *meter)
{
    /* One frame may be inside the decoder; those before it came out or never will. */
    if (meter->received > meter->decoded)
        meter->dropped = MAX(meter->dropped, meter->received - meter->decoded);
    meter->received++;
}

void vcb_frame_meter_decoded(VcbFrameMeter *meter, int width, int height, gint64 t_us)
{
    if (meter->last_us >= 0) {
        gint64 gap_us = t_us - meter->last_us;
        guint kept = MIN(meter->n_gaps, (guint)G_N_ELEMENTS(meter->gaps_us));
        gint64 sum_us = 0;

        for (guint i = 0; i < kept; i++)
            sum_us += meter->gaps_us[i];
        if (kept) {
            gint64 mean_us = sum_us / kept;

            if (gap_us > MAX(3 * mean_us, mean_us + 150 * 1000)) {
                meter->freezes++;
                meter->freezes_total_us += gap_us;
            }
        }
        meter->gaps_us[meter->n_gaps++ % G_N_ELEMENTS(meter->gaps_us)] = gap_us;
        meter->longest_gap_us = MAX(meter->longest_gap_us, gap_us);
    } else {
        meter->first_us = t_us;
    }
    meter->last_us = t_us;
    meter->recent_us[meter->decoded++ % G_N_ELEMENTS(meter->recent_us)] = t_us;
    meter->width = width;
    meter->height = height;
}

static guint frames_in_the_last_second(const VcbFrameMeter *meter, gint64 now_us)
{
    guint kept = (guint)MIN(meter->decoded, (guint64)G_N_ELEMENTS(meter->recent_us)), frames = 0;

    for (guint i = 0; i < kept; i++)
        frames += meter->recent_us[i] > now_us - G_USEC_PER_SEC;
    return frames;
}

void vcb_frame_meter_report(const VcbFrameMeter *meter, gint64 now_us, cJSON *inbound)
{
    gint64 gap_us = meter->longest_gap_us;

    vcb_json_add_int(inbound, "framesReceived", (gint64)meter->received);
    vcb_json_add_int(inbound, "framesDecoded", (gint64)meter->decoded);
    vcb_json_add_int(inbound, "framesDropped", (gint64)meter->dropped);
    vcb_json_add_int(inbound, "freezeCount", (gint64)meter->freezes);
    cJSON_AddNumberToObject(inbound, "totalFreezesDuration", (double)meter->freezes_total_us / 1e6);
    if (!meter->decoded)
        return;
    gap_us = MAX(gap_us, now_us - meter->last_us);
    cJSON_AddNumberToObject(inbound, "framesPerSecond", frames_in_the_last_second(meter, now_us));
    cJSON_AddNumberToObject(inbound, "frameWidth", meter->width);
    cJSON_AddNumberToObject(inbound, "frameHeight", meter->height);
    cJSON_AddNumberToObject(inbound, "vcbLongestFrameGap", (double)gap_us / 1e6);
}

void vcb_silence_meter_init(VcbSilenceMeter *meter)
{
    *meter = (VcbSilenceMeter){.level = -1};
}

void vcb_silence_meter_level(VcbSilenceMeter *meter, double dbfs, gint64 duration_us)
{
    meter->level = MIN(pow(10.0, dbfs / 20.0), 1.0);
    if (dbfs < SILENCE_DBFS)
        meter->silence_us += duration_us;
}

void vcb_silence_meter_report(const VcbSilenceMeter *meter, cJSON *inbound)
{
    cJSON_AddNumberToObject(inbound, "vcbSilenceDuration", (double)meter->silence_us / 1e6);
    if (meter->level >= 0)
        cJSON_AddNumberToObject(inbound, "audioLevel", meter->level);
}
