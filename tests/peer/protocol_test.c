/* One peer and its control channel: what it answers, and how it ends. */
#include "common/channel.h"
#include "common/child.h"
#include "common/clock.h"
#include "common/test.h"
#include "tests/peer/subject.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROTOCOL_ERROR "{'type': 'error', 'name': 'protocol-error', 'fatal': false}"

static VcbSubject *ready_peer(const char *more)
{
    VcbSubject *peer = vcb_subject_new(NULL);

    vcb_subject_configure(peer, "alice", more);
    vcb_subject_wait(peer, "{'type': 'ready'}");
    return peer;
}

static void quit(VcbSubject *peer)
{
    vcb_subject_quit(peer);
    vcb_subject_free(peer);
}

static void ready_says_who_is_there(void)
{
    VcbSubject *peer = ready_peer(NULL);
    const cJSON *ready = vcb_subject_wait(peer, "{'type': 'ready', 'protocol': 1, 'engine': 'webrtcbin'}");

    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(ready, "version", ""), "GStreamer"));
    CU_ASSERT_EQUAL(cJSON_GetArraySize(vcb_json_array(ready, "unsupported")), 0);
    CU_ASSERT_TRUE(vcb_json_int(ready, "t_us", 0) <= vcb_clock_now_us());
    quit(peer);
}

static void an_unknown_command_is_an_error_that_names_it(void)
{
    VcbSubject *peer = vcb_subject_new(NULL);
    const cJSON *error;

    vcb_subject_send(peer, "{'type': 'juggle'}");
    error = vcb_subject_wait(peer, PROTOCOL_ERROR);
    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(error, "message", ""), "juggle"));
    vcb_subject_send(peer, "{'kind': 'no type at all'}");
    vcb_subject_wait_after(peer, error, PROTOCOL_ERROR);
    quit(peer);
}

static void a_malformed_line_is_an_error_and_the_next_one_is_read(void)
{
    VcbSubject *peer = vcb_subject_new(NULL);

    vcb_subject_send_raw(peer, "{\"type\": \"quit\"\n[1]\n\n\"quit\"\n");
    vcb_subject_configure(peer, "alice", NULL);
    vcb_subject_wait(peer, "{'type': 'ready'}");
    CU_ASSERT_EQUAL(vcb_subject_count(peer, PROTOCOL_ERROR), 3);
    quit(peer);
}

static void the_second_configure_is_refused_and_the_first_one_stays(void)
{
    VcbSubject *peer = ready_peer(NULL);

    vcb_subject_configure(peer, "alice", NULL);
    vcb_subject_wait(peer, PROTOCOL_ERROR);
    vcb_subject_send(peer, "{'type': 'mute'}");
    vcb_subject_wait(peer, "{'type': 'state', 'name': 'step', 'value': 'muted'}");
    CU_ASSERT_EQUAL(vcb_subject_count(peer, "{'type': 'ready'}"), 1);
    quit(peer);
}

static void commands_that_come_too_early_are_errors(void)
{
    static const char *const too_early[] = {"mute", "unmute", "stop-video", "start-video", "send-chat"};
    VcbSubject *peer = vcb_subject_new(NULL);
    const cJSON *error = NULL;

    vcb_subject_send(peer, "{'type': 'join', 'url': 'ws://127.0.0.1:9/room'}");
    vcb_subject_wait(peer, PROTOCOL_ERROR);
    for (gsize i = 0; i < G_N_ELEMENTS(too_early); i++) {
        vcb_subject_send(peer, "{'type': '%s'}", too_early[i]);
        error = vcb_subject_wait_after(peer, error,
                                       "{'type': 'error', 'name': 'InvalidStateError', 'fatal': false}");
        CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(error, "message", ""), too_early[i]));
    }
    quit(peer);
}

static void a_chat_without_an_open_channel_is_an_error(void)
{
    VcbSubject *peer = ready_peer(NULL);

    vcb_subject_send(peer, "{'type': 'send-chat', 'text': 'x'}");
    vcb_subject_wait(peer, "{'type': 'error', 'name': 'InvalidStateError', 'fatal': false}");
    CU_ASSERT_EQUAL(vcb_subject_count(peer, "{'type': 'state', 'value': 'chat-sent'}"), 0);
    quit(peer);
}

static void hanging_up_without_a_call_says_bye(void)
{
    VcbSubject *peer = ready_peer(NULL);

    vcb_subject_send(peer, "{'type': 'hang-up'}");
    vcb_subject_wait(peer, "{'type': 'bye'}");
    CU_ASSERT_EQUAL(vcb_subject_count(peer, "{'type': 'stats'}"), 0);
    quit(peer);
}

static void a_server_that_is_not_there_is_a_fatal_error(void)
{
    VcbSubject *peer = ready_peer(NULL);
    const cJSON *error;

    vcb_subject_send(peer, "{'type': 'join', 'url': 'ws://127.0.0.1:9/room?name=alice'}");
    error = vcb_subject_wait(peer, "{'type': 'error', 'name': 'signaling-error', 'fatal': true}");
    CU_ASSERT_TRUE(strlen(vcb_json_string(error, "message", "")) > 10);
    quit(peer);

    peer = ready_peer(NULL);
    vcb_subject_send(peer, "{'type': 'join', 'url': 'http://127.0.0.1/room'}");
    error = vcb_subject_wait(peer, "{'type': 'error', 'name': 'signaling-error', 'fatal': true}");
    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(error, "message", ""), "ws://"));
    quit(peer);
}

/* vcbench is gone: the peer must not stay, at whatever point it is. */
static void a_closed_control_channel_ends_the_process(void)
{
    for (int configured = 0; configured < 2; configured++) {
        VcbSubject *peer = vcb_subject_new(NULL);
        gint64 took_us = 0;

        if (configured) {
            vcb_subject_configure(peer, "alice", NULL);
            vcb_subject_wait(peer, "{'type': 'ready'}");
        } else { /* it runs: it answers */
            vcb_subject_send(peer, "{'type': 'juggle'}");
            vcb_subject_wait(peer, PROTOCOL_ERROR);
        }
        vcb_subject_close_control(peer);
        CU_ASSERT_EQUAL(vcb_subject_wait_end(peer, &took_us), 0);
        CU_ASSERT_TRUE(took_us < G_USEC_PER_SEC);
        vcb_subject_free(peer);
    }
}

static void check_unsupported(const char *const *environment, const char *more, const char *setting,
                              const char *reason)
{
    VcbSubject *peer = vcb_subject_new(environment);
    const cJSON *item;

    vcb_subject_configure(peer, "alice", more);
    item = cJSON_GetArrayItem(vcb_json_array(vcb_subject_wait(peer, "{'type': 'ready'}"), "unsupported"), 0);
    CU_ASSERT_PTR_NOT_NULL(item);
    VCB_ASSERT_STRING(vcb_json_string(item, "setting", NULL), setting);
    if (!strstr(vcb_json_string(item, "reason", ""), reason))
        g_printerr("\"%s\" does not say \"%s\"\n", vcb_json_string(item, "reason", ""), reason);
    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(item, "reason", ""), reason));
    quit(peer);
}

/* The plugins that a peer needs: few, so that a registry of its own is soon made. */
static gboolean is_needed(const char *file)
{
    static const char *const plugins[] = {"app",
                                          "audiotestsrc",
                                          "audioconvert",
                                          "audioresample",
                                          "coreelements",
                                          "dtls",
                                          "level",
                                          "nice",
                                          "opus",
                                          "rtp",
                                          "rtpmanager",
                                          "sctp",
                                          "srtp",
                                          "videoconvert",
                                          "videoconvertscale",
                                          "videorate",
                                          "videoscale",
                                          "videotestsrc",
                                          "volume",
                                          "vpx",
                                          "webrtc",
                                          NULL};
    g_autofree char *name = g_str_has_prefix(file, "libgst") && g_str_has_suffix(file, ".so")
                                ? g_strndup(file + strlen("libgst"), strlen(file) - strlen("libgst.so"))
                                : NULL;

    return name && g_strv_contains(plugins, name);
}

/* GStreamer without one of its plugins: a folder of links to the others, and a registry of its own. */
static char *plugins_without(const char *hidden, char **ret_folder)
{
    const char *const folders[] = {"/usr/lib/x86_64-linux-gnu/gstreamer-1.0",
                                   "/usr/lib/aarch64-linux-gnu/gstreamer-1.0", "/usr/lib64/gstreamer-1.0",
                                   "/usr/lib/gstreamer-1.0"};
    g_autofree char *folder = g_dir_make_tmp("vcb-plugins-XXXXXX", NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autoptr(GDir) dir = g_dir_open(folders[i], 0, NULL);
        g_autofree char *without = g_build_filename(folders[i], hidden, NULL);
        const char *name;

        if (!dir || !g_file_test(without, G_FILE_TEST_EXISTS))
            continue;
        while ((name = g_dir_read_name(dir))) {
            g_autofree char *from = g_build_filename(folders[i], name, NULL);
            g_autofree char *to = g_build_filename(folder, name, NULL);

            if (!g_str_equal(name, hidden) && is_needed(name))
                CU_ASSERT_EQUAL(symlink(from, to), 0);
        }
        *ret_folder = g_strdup(folder);
        return g_strdup_printf("GST_PLUGIN_SYSTEM_PATH_1_0=%s", folder);
    }
    g_rmdir(folder);
    return NULL;
}

static void remove_folder(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(folder);
}

static void what_the_machine_lacks_is_unsupported_with_the_package(void)
{
    static const struct {
        const char *plugin, *setting, *package;
    } cases[] = {
        {"libgstvpx.so", "video.codec", "gstreamer1.0-plugins-good"},
        {"libgstopus.so", "audio.codec", "gstreamer1.0-plugins-base"},
        {"libgstwebrtc.so", "peer", "gstreamer1.0-plugins-bad"},
        {"libgstnice.so", "peer", "gstreamer1.0-nice"},
        {"libgstdtls.so", "peer", "gstreamer1.0-plugins-bad"},
        {"libgstsrtp.so", "peer", "gstreamer1.0-plugins-bad"},
        {"libgstsctp.so", "data_channel", "gstreamer1.0-plugins-bad"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *folder = NULL;
        g_autofree char *path = plugins_without(cases[i].plugin, &folder), *registry = NULL;

        if (!path) {
            g_print("(left out: %s is not where plugins are known to be) ", cases[i].plugin);
            continue;
        }
        registry = g_strdup_printf("GST_REGISTRY_1_0=%s/registry.bin", folder);
        check_unsupported((const char *[]){path, registry, NULL}, NULL, cases[i].setting, cases[i].package);
        remove_folder(folder);
    }
}

static void what_a_setting_names_and_is_not_there_is_unsupported(void)
{
    static const struct {
        const char *more, *setting, *reason;
    } cases[] = {
        {"{'video': {'source': 'camera', 'device': '/dev/video-none'}}", "video.device", "/dev/video-none"},
        {"{'video': {'source': 'camera'}}", "video.device", "none given"},
        {"{'video': {'source': 'file', 'file': '/nonexistent.mkv'}}", "video.file", "No such file"},
        {"{'video': {'source': 'file', 'file': '/etc/hostname'}}", "peer", "/etc/hostname"},
        {"{'video': {'source': 'dream'}}", "video.source", "dream"},
        {"{'video': {'pattern': 'plaid ! fakesink'}}", "video.pattern", "plaid"},
        {"{'video': {'codec': 'av9'}}", "video.codec", "av9"},
        {"{'video': {'codec': 'opus'}}", "video.codec", "opus"},
        {"{'audio': {'source': 'orchestra'}}", "audio.source", "orchestra"},
        {"{'audio': {'codec': 'vp8'}}", "audio.codec", "vp8"},
        {"{'ice': {'servers': [{'urls': 'turn:127.0.0.1:9'}]}}", "ice.servers", "turn:127.0.0.1:9"},
        {"{'ice': {'servers': [{'urls': 'turns:127.0.0.1:9', 'username': 'u', 'credential': 'p'}]}}",
         "ice.servers", "TLS"},
        {"{'ice': {'transport_policy': 'relay', 'servers': [{'urls': 'stun:127.0.0.1:9'},"
         " {'urls': 'turns:127.0.0.1:9', 'username': 'u', 'credential': 'p'}]}}",
         "ice.servers", "TLS"},
        {"{'ice': {'local_addresses': ['not an address']}}", "ice.local_addresses", "not an address"},
        {"{'ice': {'candidate_pool': 3}}", "ice.candidate_pool", "webrtcbin"},
        {"{'ice': {'rtcp_mux': 'negotiate'}}", "ice.rtcp_mux", "negotiate"},
        {"{'ice': {'bundle_policy': 'bundle-of-joy'}}", "ice.bundle_policy", "bundle-of-joy"},
        {"{'ice': {'transport_policy': 'pigeons'}}", "ice.transport_policy", "pigeons"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check_unsupported(NULL, cases[i].more, cases[i].setting, cases[i].reason);
}

static void a_turns_server_among_others_is_left_out_with_a_note(void)
{
    VcbSubject *peer =
        ready_peer("{'ice': {'local_addresses': ['127.0.0.1'], 'transport_policy': 'relay', 'servers': ["
                   "{'urls': 'turns:127.0.0.1:9', 'username': 'u', 'credential': 'p'},"
                   "{'urls': 'turn:127.0.0.1:9', 'username': 'u', 'credential': 'p'}]}}");
    const cJSON *ready = vcb_subject_wait(peer, "{'type': 'ready'}");
    const cJSON *note = cJSON_GetArrayItem(vcb_json_array(ready, "notes"), 0);

    CU_ASSERT_EQUAL(cJSON_GetArraySize(vcb_json_array(ready, "unsupported")), 0);
    CU_ASSERT_EQUAL(cJSON_GetArraySize(vcb_json_array(ready, "notes")), 1);
    VCB_ASSERT_STRING(vcb_json_string(note, "setting", NULL), "ice.servers");
    CU_ASSERT_PTR_NOT_NULL(strstr(vcb_json_string(note, "reason", ""), "turns:127.0.0.1:9"));
    quit(peer);
}

static void started_by_hand_it_says_what_it_is(void)
{
    g_autofree char *text = NULL, *errors = NULL;
    const char *argv[] = {g_getenv("VCBENCH_PEER"), NULL};
    const char *version[] = {argv[0], "--version", NULL};
    int wait_status = 0;

    g_unsetenv("VCBENCH_CONTROL_FD");
    CU_ASSERT_TRUE(g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, NULL, &errors, &wait_status, NULL));
    CU_ASSERT_TRUE(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(errors, "docs/peer-protocol.md"));
    CU_ASSERT_TRUE(
        g_spawn_sync(NULL, (char **)version, NULL, 0, NULL, NULL, &text, NULL, &wait_status, NULL));
    CU_ASSERT_TRUE(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
    CU_ASSERT_TRUE(g_str_has_prefix(text, "vcbench-peer "));
}

VCB_TEST_MAIN("protocol", {"ready says who is there", ready_says_who_is_there},
              {"an unknown command is an error that names it", an_unknown_command_is_an_error_that_names_it},
              {"a malformed line is an error and the next one is read",
               a_malformed_line_is_an_error_and_the_next_one_is_read},
              {"the second configure is refused and the first one stays",
               the_second_configure_is_refused_and_the_first_one_stays},
              {"commands that come too early are errors", commands_that_come_too_early_are_errors},
              {"a chat without an open channel is an error", a_chat_without_an_open_channel_is_an_error},
              {"hanging up without a call says bye", hanging_up_without_a_call_says_bye},
              {"a server that is not there is a fatal error", a_server_that_is_not_there_is_a_fatal_error},
              {"a closed control channel ends the process", a_closed_control_channel_ends_the_process},
              {"what the machine lacks is unsupported, with the package",
               what_the_machine_lacks_is_unsupported_with_the_package},
              {"a turns: server among others is left out, with a note",
               a_turns_server_among_others_is_left_out_with_a_note},
              {"what a setting names and is not there is unsupported",
               what_a_setting_names_and_is_not_there_is_unsupported},
              {"started by hand it says what it is", started_by_hand_it_says_what_it_is})
