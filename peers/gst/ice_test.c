#include "peers/gst/ice.h"
#include "common/test.h"

#include <string.h>

static void a_turn_server_of_rfc_7065_becomes_webrtcbins_url(void)
{
    static const struct {
        const char *urls, *username, *credential, *expected;
    } cases[] = {
        {"turn:127.0.0.1:3478?transport=udp", "u", "p", "turn://u:p@127.0.0.1:3478?transport=udp"},
        {"turn:turn.example.org", "u", "p", "turn://u:p@turn.example.org"},
        {"turns:turn.example.org:5349?transport=tcp", "u", "p",
         "turns://u:p@turn.example.org:5349?transport=tcp"},
        {"turn:[::1]:3478", "u", "p", "turn://u:p@[::1]:3478"},
        /* Time-limited credentials hold colons, base64 slashes and pluses: none of them may end the user
           part. */
        {"turn:h:1", "1700000000:al@ice", "a/b+c=:?#%",
         "turn://1700000000%3Aal%40ice:a%2Fb%2Bc%3D%3A%3F%23%25@h:1"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        VcbIceServerConfig server = {(char *)cases[i].urls, (char *)cases[i].username,
                                     (char *)cases[i].credential};
        g_autoptr(GError) error = NULL;
        g_autofree char *url = vcb_ice_turn_url(&server, &error);

        VCB_ASSERT_STRING(url, cases[i].expected);
        CU_ASSERT_PTR_NULL(error);
    }
}

static void what_is_no_turn_server_is_an_error_that_shows_it(void)
{
    static const struct {
        const char *urls, *username, *credential;
    } cases[] = {
        {"", "u", "p"},         {"turn", "u", "p"},    {"turn:", "u", "p"},   {"stun:h:1", "u", "p"},
        {"http://h", "u", "p"}, {"turn:h", NULL, "p"}, {"turn:h", "u", NULL}, {":h", "u", "p"},
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        VcbIceServerConfig server = {(char *)cases[i].urls, (char *)cases[i].username,
                                     (char *)cases[i].credential};
        g_autoptr(GError) error = NULL;
        g_autofree char *url = vcb_ice_turn_url(&server, &error);

        CU_ASSERT_PTR_NULL(url);
        CU_ASSERT_PTR_NOT_NULL_FATAL(error);
        CU_ASSERT_PTR_NOT_NULL(strstr(error->message, cases[i].urls));
    }
}

VCB_TEST_MAIN("ice",
              {"a TURN server of RFC 7065 becomes webrtcbin's URL",
               a_turn_server_of_rfc_7065_becomes_webrtcbins_url},
              {"what is no TURN server is an error that shows it",
               what_is_no_turn_server_is_an_error_that_shows_it})
