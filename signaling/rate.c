#include "signaling/rate.h"

void vcb_token_bucket_init(VcbTokenBucket *bucket, double rate, gint64 now_us)
{
    *bucket = (VcbTokenBucket){.rate = rate, .tokens = MAX(rate, 1.0), .last_us = now_us};
}

gboolean vcb_token_bucket_take(VcbTokenBucket *bucket, gint64 now_us)
{
    double earned = bucket->rate * (double)(now_us - bucket->last_us) / G_USEC_PER_SEC;

    bucket->tokens = MIN(bucket->tokens + MAX(earned, 0), MAX(bucket->rate, 1.0));
    bucket->last_us = now_us;
    if (bucket->tokens < 1)
        return FALSE;
    bucket->tokens -= 1;
    return TRUE;
}
