/* A token bucket: so many messages a second, with bursts of up to one second's worth. Time is fed by hand. */
#pragma once

#include <glib.h>

typedef struct {
    double rate;   /* tokens a second; also the most that it holds */
    double tokens; /* left now */
    gint64 last_us;
} VcbTokenBucket;

/* A full bucket. rate > 0. */
void vcb_token_bucket_init(VcbTokenBucket *bucket, double rate, gint64 now_us);

/* Take one token. FALSE: there is none, and none was taken. */
gboolean vcb_token_bucket_take(VcbTokenBucket *bucket, gint64 now_us);
