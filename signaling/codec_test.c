#include "signaling/codec.h"

#include "common/test.h"

#include <string.h>

static void what_a_client_may_say_is_read(void)
{
    static const struct {
        const char *text, *kind, *to;
    } cases[] = {
        {"{\"type\":\"ready\"}", "ready", NULL},
        {" {\"type\":\"ready\",\"colour\":3} \r\n", "ready", NULL},
        {"{\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}", "offer", NULL},
        {"{\"type\":\"offer\",\"to\":\"bob\",\"offer\":{\"type\":\"offer\",\"sdp\":\"\"}}", "offer", "bob"},
        {"{\"answer\":{\"type\":\"answer\",\"sdp\":\"v=0\"},\"type\":\"answer\"}", "answer", NULL},
        {"{\"type\":\"answer\",\"answer\":{\"type\":\"pranswer\",\"sdp\":\"v=0\"}}", "answer", NULL},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMid\":\"0\","
         "\"sdpMLineIndex\":0}}",
         "ice-candidate", NULL},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1\",\"sdpMid\":null,"
         "\"sdpMLineIndex\":3}}",
         "ice-candidate", NULL},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"\"}}", "end-of-candidates", NULL},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(VcbSignal) signal = {0};
        g_autofree char *reason = NULL;
        VcbRefusal refusal;

        CU_ASSERT_TRUE_FATAL(
            vcb_signal_parse(cases[i].text, strlen(cases[i].text), &signal, &refusal, &reason));
        VCB_ASSERT_STRING(vcb_signal_kind(&signal), cases[i].kind);
        VCB_ASSERT_STRING(signal.to, cases[i].to);
    }
}

static void every_other_text_is_refused_with_its_code(void)
{
    static const struct {
        const char *text, *code;
    } cases[] = {
        {"", "bad-message"},
        {" ", "bad-message"},
        {"hello", "bad-message"},
        {"null", "bad-message"},
        {"3", "bad-message"},
        {"[]", "bad-message"},
        {"\"ready\"", "bad-message"},
        {"{}", "bad-message"},
        {"{\"type\":3}", "bad-message"},
        {"{\"type\":null}", "bad-message"},
        {"{\"type\":\"ready\"", "bad-message"},
        {"{\"type\":\"ready\"}{\"type\":\"ready\"}", "bad-message"},
        {"{\"type\":\"ready\"} x", "bad-message"},
        {"{\"type\":\"ready\xff\"}", "bad-message"},
        {"{\"type\":\"ready\",\"x\":\"\xc3\"}", "bad-message"},
        {"{\"type\":\"ready\\u0000x\"}", "bad-message"},
        {"{\"type\":\"ready\",\"x\":[\"\\u0000\"]}", "bad-message"},
        {"{\"type\":\"ready\",\"type\":\"start-call\"}", "bad-message"},
        {"{\"type\":\"ready\",\"from\":\"a\",\"from\":\"b\"}", "bad-message"},
        {"{\"type\":\"ready\",\"to\":3}", "bad-message"},
        {"{\"type\":\"ready\",\"to\":\"\"}", "bad-message"},
        {"{\"type\":\"offer\"}", "bad-message"},
        {"{\"type\":\"offer\",\"offer\":\"v=0\"}", "bad-message"},
        {"{\"type\":\"offer\",\"offer\":{\"type\":\"offer\"}}", "bad-message"},
        {"{\"type\":\"offer\",\"offer\":{\"sdp\":\"v=0\"}}", "bad-message"},
        {"{\"type\":\"offer\",\"offer\":{\"type\":\"answer\",\"sdp\":\"v=0\"}}", "bad-message"},
        {"{\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":[]}}", "bad-message"},
        {"{\"type\":\"offer\",\"answer\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}", "bad-message"},
        {"{\"type\":\"answer\",\"answer\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}", "bad-message"},
        {"{\"type\":\"ice-candidate\"}", "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":\"candidate:1\"}", "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":null}", "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"candidate:1\"}}", "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"x\",\"sdpMid\":0}}", "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"x\",\"sdpMLineIndex\":\"0\"}}",
         "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"x\",\"sdpMLineIndex\":-1}}",
         "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"x\",\"sdpMLineIndex\":0.5}}",
         "bad-message"},
        {"{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"x\",\"sdpMLineIndex\":1e300}}",
         "bad-message"},
        {"{\"type\":\"dance\"}", "unknown-type"},
        {"{\"type\":\"\"}", "unknown-type"},
        {"{\"type\":\"Ready\"}", "unknown-type"},
        {"{\"type\":\"start-call\",\"initiator\":true}", "unknown-type"},
        {"{\"type\":\"user-count\"}", "unknown-type"},
        {"{\"type\":\"error\"}", "unknown-type"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        VcbSignal signal = {0};
        g_autofree char *reason = NULL;
        VcbRefusal refusal;

        CU_ASSERT_FALSE_FATAL(
            vcb_signal_parse(cases[i].text, strlen(cases[i].text), &signal, &refusal, &reason));
        if (strcmp(vcb_refusal_name(refusal), cases[i].code) != 0)
            g_printerr("%s\n", cases[i].text);
        VCB_ASSERT_STRING(vcb_refusal_name(refusal), cases[i].code);
        CU_ASSERT_TRUE(g_utf8_validate(reason, -1, NULL));
        CU_ASSERT_PTR_NULL(signal.json);
    }
}

static void a_text_need_not_end_in_nul(void)
{
    static const char text[] = "{\"type\":\"ready\"}garbage";
    g_auto(VcbSignal) signal = {0};
    g_autofree char *exact = g_memdup2(text, 16), *reason = NULL;
    VcbRefusal refusal;

    CU_ASSERT_TRUE(vcb_signal_parse(exact, 16, &signal, &refusal, &reason));
}

static void the_server_says_who_it_is_from(void)
{
    static const char text[] =
        "{\"type\":\"offer\",\"from\":\"mallory\",\"x\":[1,{\"from\":\"y\"}],\"s\":\"\\\\u0000\","
        "\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"}}";
    g_auto(VcbSignal) signal = {0};
    g_autofree char *reason = NULL, *relayed = NULL;
    VcbRefusal refusal;

    CU_ASSERT_TRUE_FATAL(vcb_signal_parse(text, strlen(text), &signal, &refusal, &reason));
    relayed = vcb_signal_print_from(&signal, "alice");
    VCB_ASSERT_STRING(relayed, "{\"type\":\"offer\",\"x\":[1,{\"from\":\"y\"}],\"s\":\"\\\\u0000\","
                               "\"offer\":{\"type\":\"offer\",\"sdp\":\"v=0\\r\\n\"},\"from\":\"alice\"}");
}

static void names_are_plain(void)
{
    static const char *const good[] = {"a", "alice", "A-1_b.c", "9"};
    static const char *const bad[] = {"", ".", "..", ".a", "a b", "a/b", "a%2e", "\xc3\xa4", "a\n", "<b>"};
    g_autofree char *longest = g_strnfill(64, 'a'), *too_long = g_strnfill(65, 'a');

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        CU_ASSERT_TRUE(vcb_name_is_valid(good[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        CU_ASSERT_FALSE(vcb_name_is_valid(bad[i]));
    CU_ASSERT_TRUE(vcb_name_is_valid(longest));
    CU_ASSERT_FALSE(vcb_name_is_valid(too_long));
}

static void what_the_server_says_is_json(void)
{
    static const char *const peers[] = {"alice", "bob", NULL};
    g_autofree char *count = vcb_signal_print_user_count("bob", peers);
    g_autofree char *start = vcb_signal_print_start_call("alice", peers, TRUE);
    g_autofree char *error = vcb_signal_print_error(VCB_REFUSAL_ROOM_FULL, "say \"please\"");

    VCB_ASSERT_STRING(count,
                      "{\"type\":\"user-count\",\"you\":\"bob\",\"peers\":[\"alice\",\"bob\"],\"count\":2}");
    VCB_ASSERT_STRING(
        start,
        "{\"type\":\"start-call\",\"you\":\"alice\",\"peers\":[\"alice\",\"bob\"],\"initiator\":true}");
    VCB_ASSERT_STRING(error,
                      "{\"type\":\"error\",\"code\":\"room-full\",\"message\":\"say \\\"please\\\"\"}");
}

VCB_TEST_MAIN("codec", {"what a client may say is read", what_a_client_may_say_is_read},
              {"every other text is refused with its code", every_other_text_is_refused_with_its_code},
              {"a text need not end in NUL", a_text_need_not_end_in_nul},
              {"the server says who it is from", the_server_says_who_it_is_from},
              {"names are plain", names_are_plain},
              {"what the server says is JSON", what_the_server_says_is_json})
