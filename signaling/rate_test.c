#include "signaling/rate.h"

#include "common/test.h"

static void a_burst_of_one_second_is_allowed(void)
{
    VcbTokenBucket bucket;

    vcb_token_bucket_init(&bucket, 5, 1000);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_TRUE(vcb_token_bucket_take(&bucket, 1000));
    CU_ASSERT_FALSE(vcb_token_bucket_take(&bucket, 1000));
    CU_ASSERT_FALSE(vcb_token_bucket_take(&bucket, 1000 + 199 * 1000));
    CU_ASSERT_TRUE(vcb_token_bucket_take(&bucket, 1000 + 201 * 1000));
    CU_ASSERT_FALSE(vcb_token_bucket_take(&bucket, 1000 + 201 * 1000));
}

static void a_steady_sender_at_the_rate_is_never_refused(void)
{
    VcbTokenBucket bucket;
    gint64 now_us = 0;

    vcb_token_bucket_init(&bucket, 200, now_us);
    for (int i = 0; i < 100000; i++, now_us += 5000)
        CU_ASSERT_TRUE_FATAL(vcb_token_bucket_take(&bucket, now_us));
}

static void over_any_long_time_the_rate_holds(void)
{
    VcbTokenBucket bucket;
    guint taken = 0;

    vcb_token_bucket_init(&bucket, 10, 0);
    for (gint64 now_us = 0; now_us < 100 * G_USEC_PER_SEC; now_us += 700)
        taken += vcb_token_bucket_take(&bucket, now_us) ? 1 : 0;
    CU_ASSERT_TRUE(taken >= 1008 && taken <= 1010);
}

static void silence_earns_no_more_than_a_burst(void)
{
    VcbTokenBucket bucket;
    guint taken = 0;

    vcb_token_bucket_init(&bucket, 3, 0);
    while (vcb_token_bucket_take(&bucket, (gint64)3600 * G_USEC_PER_SEC))
        taken++;
    CU_ASSERT_EQUAL(taken, 3);
}

VCB_TEST_MAIN("rate", {"a burst of one second is allowed", a_burst_of_one_second_is_allowed},
              {"a steady sender at the rate is never refused", a_steady_sender_at_the_rate_is_never_refused},
              {"over any long time the rate holds", over_any_long_time_the_rate_holds},
              {"silence earns no more than a burst", silence_earns_no_more_than_a_burst})
