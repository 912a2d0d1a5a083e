/* The scheduler by scripts: a line a step, and what comes out of it as text.
 *
 *   "@5000 alice bob offer"   submit at 5000 us
 *   "@9000"                   advance to 9000 us
 *   "-bob"                    bob leaves
 *   "!alice 1"                a start-call to alice with initiator 1
 *
 * Out comes, per step: "offer:alice>bob" for what is delivered, "held(0)" for decisions. */
#include "signaling/scheduler.h"

#include "common/test.h"

#include <stdlib.h>
#include <string.h>

static guint references; /* that the scheduler holds */

static gpointer payload_ref(gpointer payload)
{
    references++;
    return payload;
}

static void payload_unref(gpointer payload)
{
    references--;
}

static void add(GString *seen, const char *text)
{
    g_string_append_printf(seen, "%s%s", seen->len && seen->str[seen->len - 1] != '|' ? " " : "", text);
}

static void on_deliver(const VcbCopy *copy, gpointer user_data)
{
    g_autofree char *text =
        g_strdup_printf("%s%" G_GINT64_FORMAT ":%s>%s", copy->kind, copy->id, copy->from, copy->to);

    add(user_data, text);
}

static void on_decided(const VcbDecision *decision, gpointer user_data)
{
    g_autofree char *text = g_strdup_printf("%s(%u)", decision->action, decision->rule);

    CU_ASSERT_TRUE(*decision->reason);
    add(user_data, text);
}

static const VcbSchedulerCallbacks CALLBACKS = {on_deliver, on_decided, payload_ref, payload_unref};

static GArray *rules_of(const char *json)
{
    g_autoptr(cJSON) array = cJSON_Parse(json);
    g_autoptr(GError) error = NULL;
    GArray *rules = vcb_rules_from_json(array, &error);

    if (error)
        g_printerr("%s\n", error->message);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rules);
    return rules;
}

static void step(VcbScheduler *scheduler, const char *line, gint64 *id, GString *seen)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    VcbCopy copy = {.id = *id, .payload = seen};

    if (line[0] == '-') {
        vcb_scheduler_forget_receiver(scheduler, line + 1);
    } else if (line[0] == '!') {
        copy.kind = "start-call";
        copy.to = words[0] + 1;
        add(seen, vcb_scheduler_start_call(scheduler, &copy, atoi(words[1])) ? "initiate" : "wait");
    } else if (words[1]) {
        copy.from = words[1];
        copy.to = words[2];
        copy.kind = g_intern_string(words[3]);
        vcb_scheduler_submit(scheduler, &copy, atoll(words[0] + 1));
        ++*id;
    } else {
        vcb_scheduler_advance(scheduler, atoll(words[0] + 1));
    }
    g_string_append_c(seen, '|');
}

static void assert_script(const char *rules_json, const char *script, const char *expected)
{
    g_autoptr(GArray) rules = rules_of(rules_json);
    g_autoptr(GString) seen = g_string_new(NULL);
    VcbScheduler *scheduler = vcb_scheduler_new(rules, &CALLBACKS, seen);
    g_auto(GStrv) lines = g_strsplit(script, "; ", -1);
    gint64 id = 1;

    for (char **line = lines; *line; line++)
        step(scheduler, *line, &id, seen);
    VCB_ASSERT_STRING(seen->str, expected);
    vcb_scheduler_free(scheduler);
    CU_ASSERT_EQUAL(references, 0);
}

static void without_a_matching_rule_everything_passes(void)
{
    assert_script("[]", "@0 a b offer; @1 b a answer", "offer1:a>b|answer2:b>a|");
    assert_script("[{\"action\":\"drop\",\"message\":\"offer\",\"from\":\"x\"}]", "@0 a b offer",
                  "offer1:a>b|");
    assert_script("[{\"action\":\"drop\",\"message\":\"offer\",\"to\":\"x\"}]", "@0 a b offer",
                  "offer1:a>b|");
    assert_script("[{\"action\":\"drop\",\"message\":\"answer\"}]", "@0 a b offer", "offer1:a>b|");
}

static void a_hold_ends_with_its_count(void)
{
    /* The candidate that lets it go is delivered before it. */
    assert_script("[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\",\"count\":2}]",
                  "@0 a b offer; @1 a b ice-candidate; @2 a b ice-candidate; @3 a b ice-candidate",
                  "held(0)|ice-candidate2:a>b|ice-candidate3:a>b released(0) offer1:a>b|ice-candidate4:a>b|");
}

static void a_hold_counts_only_its_own_sender_and_receiver(void)
{
    assert_script("[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\"}]",
                  "@0 a b offer; @1 b a ice-candidate; @2 a c ice-candidate; @3 c b ice-candidate; @4 a b "
                  "ice-candidate",
                  "held(0)|ice-candidate2:b>a|ice-candidate3:a>c|ice-candidate4:c>b|"
                  "ice-candidate5:a>b released(0) offer1:a>b|");
}

static void a_hold_counts_from_when_it_began(void)
{
    assert_script("[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\"}]",
                  "@0 a b ice-candidate; @1 a b offer; @2 a b ice-candidate",
                  "ice-candidate1:a>b|held(0)|ice-candidate3:a>b released(0) offer2:a>b|");
}

static void a_hold_ends_with_its_time_if_that_is_first(void)
{
    assert_script("[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\",\"time_ms\":5}]",
                  "@1000 a b offer; @5999; @6000; @7000 a b ice-candidate; @20000",
                  "held(0)||released(0) offer1:a>b|ice-candidate2:a>b||");
    assert_script("[{\"action\":\"hold\",\"message\":\"offer\",\"time_ms\":5}]",
                  "@1000 a b offer; @1001 a b ice-candidate; @6000",
                  "held(0)|ice-candidate2:a>b|released(0) offer1:a>b|");
}

static void end_of_candidates_is_not_an_ice_candidate(void)
{
    assert_script("[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\"}]",
                  "@0 a b offer; @1 a b end-of-candidates; @2 a b ice-candidate",
                  "held(0)|end-of-candidates2:a>b|ice-candidate3:a>b released(0) offer1:a>b|");
    assert_script("[{\"action\":\"drop\",\"message\":\"ice-candidate\"}]",
                  "@0 a b ice-candidate; @1 a b end-of-candidates", "dropped(0)|end-of-candidates2:a>b|");
    assert_script("[{\"action\":\"drop\",\"message\":\"end-of-candidates\"}]",
                  "@0 a b ice-candidate; @1 a b end-of-candidates", "ice-candidate1:a>b|dropped(0)|");
}

static void what_is_released_may_release_more(void)
{
    /* The candidate lets the offer go, and the offer the first candidate. */
    assert_script(
        "[{\"action\":\"hold\",\"message\":\"ice-candidate\",\"nth\":1,\"until\":\"offer\"},"
        "{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\"}]",
        "@0 a b ice-candidate; @1 a b offer; @2 a b ice-candidate",
        "held(0)|held(1)|ice-candidate3:a>b released(1) offer2:a>b released(0) ice-candidate1:a>b|");
}

static void released_together_goes_in_the_order_of_submission(void)
{
    assert_script(
        "[{\"action\":\"hold\",\"message\":\"ice-candidate\",\"until\":\"answer\"}]",
        "@0 a b ice-candidate; @1 a b ice-candidate; @2 a b ice-candidate; @3 a b answer",
        "held(0)|held(0)|held(0)|answer4:a>b released(0) ice-candidate1:a>b released(0) ice-candidate2:a>b "
        "released(0) ice-candidate3:a>b|");
}

static void nth_counts_for_each_sender_and_receiver(void)
{
    assert_script("[{\"action\":\"drop\",\"message\":\"ice-candidate\",\"nth\":2}]",
                  "@0 a b ice-candidate; @0 a c ice-candidate; @0 b a ice-candidate; @0 a b offer; @0 a b "
                  "ice-candidate; @0 a c ice-candidate; @0 a b ice-candidate; @0 b a ice-candidate",
                  "ice-candidate1:a>b|ice-candidate2:a>c|ice-candidate3:b>a|offer4:a>b|dropped(0)|dropped(0)|"
                  "ice-candidate7:a>b|dropped(0)|");
}

static void the_first_matching_rule_decides(void)
{
    assert_script("[{\"action\":\"drop\",\"message\":\"offer\",\"nth\":1},{\"action\":\"duplicate\","
                  "\"message\":\"any\"}]",
                  "@0 a b offer; @1 a b offer; @2 a b answer",
                  "dropped(0)|duplicated(1) offer2:a>b offer2:a>b|duplicated(1) answer3:a>b answer3:a>b|");
    /* A later rule counts also what an earlier one decided. */
    assert_script("[{\"action\":\"drop\",\"message\":\"offer\",\"nth\":1},"
                  "{\"action\":\"duplicate\",\"message\":\"offer\",\"nth\":1}]",
                  "@0 a b offer; @1 a b offer", "dropped(0)|offer2:a>b|");
}

static void delayed_messages_keep_their_order(void)
{
    assert_script("[{\"action\":\"delay\",\"message\":\"ice-candidate\",\"time_ms\":10}]",
                  "@0 a b ice-candidate; @0 a b ice-candidate; @1000 a b ice-candidate; @2000 a b offer; "
                  "@9999; @10000; "
                  "@10999; @11000",
                  "delayed(0)|delayed(0)|delayed(0)|offer4:a>b||ice-candidate1:a>b ice-candidate2:a>b||"
                  "ice-candidate3:a>b|");
    /* A shorter delay overtakes a longer one; one late advance gives the same order as two timely ones. */
    assert_script("[{\"action\":\"delay\",\"message\":\"offer\",\"time_ms\":10},"
                  "{\"action\":\"delay\",\"message\":\"answer\",\"time_ms\":3}]",
                  "@0 a b offer; @1000 a b answer; @50000", "delayed(0)|delayed(1)|answer2:a>b offer1:a>b|");
}

static void a_duplicate_counts_twice(void)
{
    assert_script("[{\"action\":\"duplicate\",\"message\":\"ice-candidate\"},"
                  "{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\",\"count\":2}]",
                  "@0 a b offer; @1 a b ice-candidate",
                  "held(1)|duplicated(0) ice-candidate2:a>b ice-candidate2:a>b released(1) offer1:a>b|");
}

static void what_waits_for_one_that_left_is_dropped(void)
{
    assert_script("[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\",\"time_ms\":5}]",
                  "@0 a b offer; @0 a c offer; -b; @5000",
                  "held(0)|held(0)|dropped(0)|released(0) offer2:a>c|");
}

static void both_are_told_to_initiate(void)
{
    assert_script("[{\"action\":\"both-initiate\"}]", "!alice 1; !bob 0; @0 a b offer",
                  "initiate|both-initiate(0) initiate|offer1:a>b|");
    assert_script("[{\"action\":\"both-initiate\",\"nth\":2}]", "!alice 1; !bob 0; !alice 1; !bob 0",
                  "initiate|wait|initiate|both-initiate(0) initiate|");
    assert_script("[{\"action\":\"drop\"}]", "!alice 1; !bob 0", "initiate|wait|");
}

static void next_is_when_something_is_due(void)
{
    g_autoptr(GArray) rules = rules_of("[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"answer\"},"
                                       "{\"action\":\"delay\",\"message\":\"answer\",\"time_ms\":2}]");
    g_autoptr(GString) seen = g_string_new(NULL);
    VcbScheduler *scheduler = vcb_scheduler_new(rules, &CALLBACKS, seen);
    gint64 id = 1;

    CU_ASSERT_EQUAL(vcb_scheduler_next_us(scheduler), G_MAXINT64);
    step(scheduler, "@100 a b offer", &id, seen);
    CU_ASSERT_EQUAL(vcb_scheduler_next_us(scheduler), G_MAXINT64);
    step(scheduler, "@200 a b answer", &id, seen);
    CU_ASSERT_EQUAL(vcb_scheduler_next_us(scheduler), 2200);
    vcb_scheduler_advance(scheduler, 2200);
    CU_ASSERT_EQUAL(vcb_scheduler_next_us(scheduler), G_MAXINT64);
    vcb_scheduler_free(scheduler);
}

/* Property: whatever the rules, each copy comes out exactly once (twice when duplicated, never when dropped),
 * and the same steps give the same output. */
static void nothing_is_lost_or_made_up(void)
{
    static const char *const kinds[] = {"offer", "answer", "ice-candidate", "end-of-candidates"};
    static const char rules_json[] =
        "[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"ice-candidate\",\"count\":3,\"time_ms\":40},"
        "{\"action\":\"delay\",\"message\":\"ice-candidate\",\"from\":\"a\",\"time_ms\":7},"
        "{\"action\":\"hold\",\"message\":\"any\",\"nth\":5,\"until\":\"any\",\"count\":2,\"time_ms\":30}]";
    guint32 seed = (guint32)g_get_monotonic_time();
    g_autoptr(GArray) rules = rules_of(rules_json);
    g_autofree char *outputs[2] = {NULL};

    g_print("seed %u ", seed);
    for (int round = 0; round < 2; round++) {
        g_autoptr(GRand) random = g_rand_new_with_seed(seed);
        GString *seen = g_string_new(NULL);
        VcbScheduler *scheduler = vcb_scheduler_new(rules, &CALLBACKS, seen);
        gint64 now_us = 0;

        for (gint64 id = 1; id <= 500; id++) {
            gboolean from_a = g_rand_boolean(random);
            VcbCopy copy = {.id = id,
                            .kind = kinds[g_rand_int_range(random, 0, 4)],
                            .from = from_a ? "a" : "b",
                            .to = from_a ? "b" : "a",
                            .payload = seen};

            now_us += g_rand_int_range(random, 0, 3000);
            vcb_scheduler_advance(scheduler, now_us);
            vcb_scheduler_submit(scheduler, &copy, now_us);
        }
        vcb_scheduler_advance(scheduler, now_us + G_USEC_PER_SEC);
        CU_ASSERT_EQUAL(vcb_scheduler_next_us(scheduler), G_MAXINT64);
        vcb_scheduler_free(scheduler);
        outputs[round] = g_string_free(seen, FALSE);
    }
    for (int id = 1; id <= 500; id++) {
        g_autofree char *number = g_strdup_printf("%d:", id);
        guint found = 0;

        for (const char *at = strstr(outputs[0], number); at; at = strstr(at + 1, number))
            found += !g_ascii_isdigit(at[-1]);
        CU_ASSERT_EQUAL(found, 1);
    }
    VCB_ASSERT_STRING(outputs[0], outputs[1]);
    g_free(outputs[1]);
    outputs[1] = NULL;
}

static void bad_rules_are_refused_with_a_reason(void)
{
    static const struct {
        const char *json, *words;
    } cases[] = {
        {"[{}]", "rule 0: action"},
        {"[{\"action\":\"drop\"},{\"action\":\"hodl\"}]", "rule 1: action: \"hodl\""},
        {"[{\"action\":\"hodl\"}]", "\"hold\" was perhaps meant"},
        {"[{\"action\":\"hold\",\"message\":\"offer\"}]", "`until` or `time_ms`"},
        {"[{\"action\":\"delay\",\"message\":\"offer\"}]", "`time_ms` is needed"},
        {"[{\"action\":\"drop\",\"message\":\"ofer\"}]", "\"offer\" was perhaps meant"},
        {"[{\"action\":\"drop\",\"message\":\"start-call\"}]", "message"},
        {"[{\"action\":\"both-initiate\",\"message\":\"offer\"}]", "message"},
        {"[{\"action\":\"hold\",\"message\":\"offer\",\"until\":\"never\"}]", "until"},
        {"[{\"action\":\"drop\",\"nth\":-1}]", "nth"},
        {"[{\"action\":\"hold\",\"until\":\"any\",\"count\":0}]", "count"},
        {"[{\"action\":\"delay\",\"time_ms\":-5}]", "time_ms"},
        {"[{\"action\":\"delay\",\"time_ms\":1e300}]", "time_ms"},
        {"[3]", "rule 0: action"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(cJSON) array = cJSON_Parse(cases[i].json);
        g_autoptr(GError) error = NULL;

        CU_ASSERT_PTR_NULL(vcb_rules_from_json(array, &error));
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        if (!strstr(error->message, cases[i].words))
            g_printerr("%s\n", error->message);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].words));
    }
}

VCB_TEST_MAIN(
    "scheduler", {"without a matching rule everything passes", without_a_matching_rule_everything_passes},
    {"a hold ends with its count", a_hold_ends_with_its_count},
    {"a hold counts only its own sender and receiver", a_hold_counts_only_its_own_sender_and_receiver},
    {"a hold counts from when it began", a_hold_counts_from_when_it_began},
    {"a hold ends with its time, if that is first", a_hold_ends_with_its_time_if_that_is_first},
    {"end-of-candidates is not an ice-candidate", end_of_candidates_is_not_an_ice_candidate},
    {"what is released may release more", what_is_released_may_release_more},
    {"released together goes in the order of submission", released_together_goes_in_the_order_of_submission},
    {"nth counts for each sender and receiver", nth_counts_for_each_sender_and_receiver},
    {"the first matching rule decides", the_first_matching_rule_decides},
    {"delayed messages keep their order", delayed_messages_keep_their_order},
    {"a duplicate counts twice", a_duplicate_counts_twice},
    {"what waits for one that left is dropped", what_waits_for_one_that_left_is_dropped},
    {"both are told to initiate", both_are_told_to_initiate},
    {"next is when something is due", next_is_when_something_is_due},
    {"nothing is lost or made up", nothing_is_lost_or_made_up},
    {"bad rules are refused with a reason", bad_rules_are_refused_with_a_reason})
