#include "common/clock.h"

#include <time.h>

gint64 vcb_clock_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static char *utc(const char *format)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    return g_date_time_format(now, format);
}

char *vcb_clock_utc_iso(void)
{
    return utc("%Y-%m-%dT%H:%M:%SZ");
}

char *vcb_clock_utc_compact(void)
{
    return utc("%Y%m%dT%H%M%SZ");
}
