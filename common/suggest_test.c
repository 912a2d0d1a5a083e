#include "common/suggest.h"
#include "common/test.h"

static const char *const KEYS[] = {"duration", "bitrate", "candidate_queue", "pairs", "repeat", NULL};

static void slips_find_their_key(void)
{
    VCB_ASSERT_STRING(vcb_suggest("duraton", KEYS), "duration");
    VCB_ASSERT_STRING(vcb_suggest("biterate", KEYS), "bitrate");
    VCB_ASSERT_STRING(vcb_suggest("candidate-queue", KEYS), "candidate_queue");
    VCB_ASSERT_STRING(vcb_suggest("Candidate Queue", KEYS), "candidate_queue");
    VCB_ASSERT_STRING(vcb_suggest("piars", KEYS), "pairs");
}

static void strangers_find_none(void)
{
    CU_ASSERT_PTR_NULL(vcb_suggest("zebra", KEYS));
    CU_ASSERT_PTR_NULL(vcb_suggest("", KEYS));
    g_autofree char *endless = g_strnfill(5000, 'a');
    CU_ASSERT_PTR_NULL(vcb_suggest(endless, KEYS));
    CU_ASSERT_PTR_NULL(vcb_suggest("pairs", NULL));
}

VCB_TEST_MAIN("suggest", {"a slip finds the key that was meant", slips_find_their_key},
              {"a stranger finds none", strangers_find_none})
