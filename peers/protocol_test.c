#include "peers/protocol.h"
#include "common/error.h"
#include "common/test.h"

#include <string.h>

static VcbPeerConfig *parse(const char *text, GError **error)
{
    g_autoptr(cJSON) configure = cJSON_Parse(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(configure);
    return vcb_peer_config_parse(configure, error);
}

static void the_example_of_the_documentation_is_read_whole(void)
{
    static const char text[] =
        "{\"type\": \"configure\", \"protocol\": 1, \"call\": \"0003\", \"peer\": \"alice\", \"seed\": "
        "8198552921648,"
        " \"video\": {\"source\": \"file\", \"file\": \"a.mkv\", \"width\": 320, \"height\": 180, \"fps\": "
        "29.97,"
        " \"codec\": \"vp9\", \"bitrate_bps\": 500000},"
        " \"audio\": {\"source\": \"silence\", \"frequency_hz\": 880, \"codec\": \"opus\", \"bitrate_bps\": "
        "16000},"
        " \"receive\": {\"video\": \"vp8\", \"audio\": \"opus\"}, \"data_channel\": false,"
        " \"ice\": {\"servers\": [{\"urls\": \"turn:127.0.0.1:3478\", \"username\": \"u\", \"credential\": "
        "\"p\"},"
        " {\"urls\": \"stun:127.0.0.1\"}], \"transport_policy\": \"relay\", \"bundle_policy\": \"balanced\","
        " \"local_addresses\": [\"127.0.0.1\", \"127.0.0.2\"]},"
        " \"candidate_queue\": false, \"attach_tracks\": \"late\", \"glare\": \"designated\","
        " \"stats_interval_ms\": 250, \"report_sdp\": true, \"dtls_key_log\": \"/run/keys\", \"field_of_tomorrow\": [1, 2]}";
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbPeerConfig) config = parse(text, &error);
    const VcbIceServerConfig *turn, *stun;

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    VCB_ASSERT_STRING(config->call, "0003");
    VCB_ASSERT_STRING(config->peer, "alice");
    CU_ASSERT_EQUAL(config->seed, 8198552921648);
    VCB_ASSERT_STRING(config->video->source, "file");
    VCB_ASSERT_STRING(config->video->file, "a.mkv");
    VCB_ASSERT_STRING(config->video->codec, "vp9");
    CU_ASSERT_EQUAL(config->video->width, 320);
    CU_ASSERT_EQUAL(config->video->height, 180);
    VCB_ASSERT_NEAR(config->video->fps, 29.97, 1e-9);
    CU_ASSERT_EQUAL(config->video->bitrate_bps, 500000);
    VCB_ASSERT_STRING(config->audio->source, "silence");
    VCB_ASSERT_NEAR(config->audio->frequency_hz, 880, 1e-9);
    CU_ASSERT_EQUAL(config->audio->bitrate_bps, 16000);
    VCB_ASSERT_STRING(config->receive_video, "vp8");
    VCB_ASSERT_STRING(config->receive_audio, "opus");
    CU_ASSERT_FALSE(config->data_channel);
    CU_ASSERT_EQUAL_FATAL(config->ice_servers->len, 2);
    turn = config->ice_servers->pdata[0];
    stun = config->ice_servers->pdata[1];
    VCB_ASSERT_STRING(turn->username, "u");
    VCB_ASSERT_STRING(turn->credential, "p");
    VCB_ASSERT_STRING(stun->urls, "stun:127.0.0.1");
    CU_ASSERT_PTR_NULL(stun->username);
    VCB_ASSERT_STRING(config->transport_policy, "relay");
    VCB_ASSERT_STRING(config->bundle_policy, "balanced");
    CU_ASSERT_EQUAL(g_strv_length(config->local_addresses), 2);
    CU_ASSERT_FALSE(config->candidate_queue);
    CU_ASSERT_TRUE(config->attach_late);
    CU_ASSERT_TRUE(config->designated);
    CU_ASSERT_EQUAL(config->stats_interval_us, 250000);
    CU_ASSERT_TRUE(config->report_sdp);
    VCB_ASSERT_STRING(config->dtls_key_log, "/run/keys");
}

static void what_is_not_said_has_a_default(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(VcbPeerConfig) config =
        parse("{\"call\": \"c\", \"peer\": \"p\", \"video\": {}, \"audio\": {}}", &error);

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    VCB_ASSERT_STRING(config->video->source, "test");
    VCB_ASSERT_STRING(config->video->pattern, "smpte");
    VCB_ASSERT_STRING(config->video->codec, "vp8");
    CU_ASSERT_EQUAL(config->video->width, 640);
    CU_ASSERT_EQUAL(config->video->height, 360);
    VCB_ASSERT_NEAR(config->video->fps, 30, 0);
    CU_ASSERT_EQUAL(config->video->bitrate_bps, 800000);
    VCB_ASSERT_STRING(config->audio->source, "tone");
    VCB_ASSERT_STRING(config->audio->codec, "opus");
    CU_ASSERT_TRUE(config->data_channel);
    CU_ASSERT_EQUAL(config->ice_servers->len, 0);
    VCB_ASSERT_STRING(config->transport_policy, "all");
    VCB_ASSERT_STRING(config->bundle_policy, "max-bundle");
    CU_ASSERT_PTR_NULL(config->local_addresses);
    CU_ASSERT_TRUE(config->candidate_queue);
    CU_ASSERT_FALSE(config->attach_late);
    CU_ASSERT_FALSE(config->designated);
    CU_ASSERT_EQUAL(config->stats_interval_us, 1000000);
    CU_ASSERT_FALSE(config->report_sdp);
    CU_ASSERT_PTR_NULL(config->dtls_key_log);
}

static void null_and_absent_media_are_not_sent(void)
{
    static const char *const texts[] = {
        "{\"call\": \"c\", \"peer\": \"p\"}",
        "{\"call\": \"c\", \"peer\": \"p\", \"video\": null, \"audio\": null}",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(VcbPeerConfig) config = parse(texts[i], NULL);

        CU_ASSERT_PTR_NOT_NULL_FATAL(config);
        CU_ASSERT_PTR_NULL(config->video);
        CU_ASSERT_PTR_NULL(config->audio);
    }
}

static void impossible_values_are_errors_that_name_the_field(void)
{
    static const struct {
        const char *text, *named;
    } cases[] = {
        {"{\"peer\": \"p\"}", "`call`"},
        {"{\"call\": \"c\"}", "`peer`"},
        {"{\"call\": 3, \"peer\": \"p\"}", "`call`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"stats_interval_ms\": 0}", "`stats_interval_ms`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"stats_interval_ms\": -5}", "`stats_interval_ms`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"stats_interval_ms\": 1e17}", "`stats_interval_ms`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"video\": {\"width\": 0}}", "`video`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"video\": {\"height\": -2}}", "`video`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"video\": {\"fps\": 0}}", "`video`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"video\": {\"bitrate_bps\": 5e12}}", "`video`"},
        {"{\"call\": \"c\", \"peer\": \"p\", \"audio\": {\"bitrate_bps\": 0}}", "`audio`"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(VcbPeerConfig) config = parse(cases[i].text, &error);

        if (config || !error || !strstr(error->message, cases[i].named))
            g_printerr("%s: %s\n", cases[i].text, error ? error->message : "no error");
        CU_ASSERT_PTR_NULL(config);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].named));
    }
}

/* Another type reads as "not said": a peer must not fall over what a newer vcbench sends. */
static void a_field_of_another_type_reads_as_not_said(void)
{
    g_autoptr(VcbPeerConfig) config = parse(
        "{\"call\": \"c\", \"peer\": \"p\", \"seed\": \"x\", \"video\": {\"width\": \"wide\"}, \"audio\": [],"
        " \"ice\": {\"servers\": {}, \"local_addresses\": [1, \"127.0.0.1\", null]}, \"candidate_queue\": 0}",
        NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(config);
    CU_ASSERT_EQUAL(config->seed, 0);
    CU_ASSERT_EQUAL(config->video->width, 640);
    CU_ASSERT_PTR_NULL(config->audio);
    CU_ASSERT_EQUAL(config->ice_servers->len, 0);
    CU_ASSERT_EQUAL(g_strv_length(config->local_addresses), 1);
    CU_ASSERT_TRUE(config->candidate_queue);
}

static void messages_have_the_documented_fields(void)
{
    static const char *const expected[] = {
        "{\"type\": \"bye\", \"t_us\": 5}",
        "{\"type\": \"state\", \"t_us\": 5, \"name\": \"signalingState\", \"value\": \"stable\"}",
        "{\"type\": \"state\", \"t_us\": 5, \"name\": \"step\", \"value\": \"muted\"}",
        "{\"type\": \"error\", \"t_us\": 5, \"name\": \"X\", \"message\": \"m\", \"fatal\": true}",
        "{\"type\": \"ready\", \"t_us\": 5, \"unsupported\": [{\"setting\": \"s\", \"reason\": \"r\"}]}",
    };
    cJSON *messages[] = {
        vcb_peer_message("bye", 5),   vcb_peer_state("signalingState", "stable", 5),
        vcb_peer_step("muted", 5),    vcb_peer_error("X", "m", TRUE, 5),
        vcb_peer_message("ready", 5),
    };

    vcb_peer_add_unsupported(cJSON_AddArrayToObject(messages[4], "unsupported"), "s", "r");
    for (gsize i = 0; i < G_N_ELEMENTS(messages); i++) {
        g_autoptr(cJSON) want = cJSON_Parse(expected[i]);

        CU_ASSERT_TRUE(vcb_json_equal(messages[i], want));
        cJSON_Delete(messages[i]);
    }
}

VCB_TEST_MAIN("protocol",
              {"the example of the documentation is read whole",
               the_example_of_the_documentation_is_read_whole},
              {"what is not said has a default", what_is_not_said_has_a_default},
              {"null and absent media are not sent", null_and_absent_media_are_not_sent},
              {"impossible values are errors that name the field",
               impossible_values_are_errors_that_name_the_field},
              {"a field of another type reads as not said", a_field_of_another_type_reads_as_not_said},
              {"messages have the documented fields", messages_have_the_documented_fields})
