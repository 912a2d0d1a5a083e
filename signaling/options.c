#include "signaling/options.h"

#include "common/error.h"

#include <stdio.h>

/* One option: how it is written, and where its value goes. Numbers are checked against their bounds. */
typedef struct {
    const char *flag, *variable, *argument, *description, *fallback;
    double low, high;
    enum { TEXT, INTEGER, SECONDS } kind;
    gsize offset;
} Option;

#define AT(field) G_STRUCT_OFFSET(VcbOptions, field)

static const Option OPTIONS[] = {
    {"host", "HOST", "ADDRESS", "listen on this address", "127.0.0.1", 0, 0, TEXT, AT(host)},
    {"port", "PORT", "N", "listen on this port; 0: any free one", "8080", 0, 65535, INTEGER, AT(port)},
    {"tls-cert", "TLS_CERT", "FILE", "serve wss and https with this certificate (PEM)", NULL, 0, 0, TEXT,
     AT(tls_cert)},
    {"tls-key", "TLS_KEY", "FILE", "the certificate's private key (PEM)", NULL, 0, 0, TEXT, AT(tls_key)},
    {"token-secret", "TOKEN_SECRET", "SECRET",
     "ask for a JWT that is signed with this (HS256); better by environment", NULL, 0, 0, TEXT,
     AT(token_secret)},
    {"web", "VCBENCH_WEB_DIR", "DIR", "serve the files of this folder; empty: none", NULL, 0, 0, TEXT,
     AT(web)},
    {"max-message", "MAX_MESSAGE", "BYTES", "largest message", "65536", 64, 1 << 24, INTEGER,
     AT(max_message_bytes)},
    {"max-rate", "MAX_RATE", "N", "messages a second from one client", "200", 1, 1e6, INTEGER, AT(max_rate)},
    {"room-size", "ROOM_SIZE", "N", "peers in a room", "2", 1, 1000, INTEGER, AT(room_size)},
    {"max-connections", "MAX_CONNECTIONS", "N", "clients at once", "1000", 1, 1e6, INTEGER,
     AT(max_connections)},
    {"ping-interval", "PING_INTERVAL", "S", "ping a client that is silent for so long", "20", 0.05, 86400,
     SECONDS, AT(ping_interval_us)},
    {"dead-after", "DEAD_AFTER", "S", "remove a client that is silent for so long [twice --ping-interval]",
     NULL, 0.1, 172800, SECONDS, AT(dead_after_us)},
};

static gboolean store(VcbOptions *options, const Option *option, const char *text, const char *source,
                      GError **error)
{
    gpointer place = (guint8 *)options + option->offset;
    char *end = NULL;
    double value;

    if (option->kind == TEXT) {
        g_free(*(char **)place);
        *(char **)place = *text ? g_strdup(text) : NULL;
        return TRUE;
    }
    value = g_ascii_strtod(text, &end);
    if (end == text || *end || !(value >= option->low && value <= option->high) ||
        (option->kind == INTEGER && value != (double)(gint64)value)) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: \"%s\" is not %s from %.10g to %.10g", source,
                    text, option->kind == INTEGER ? "an integer" : "a number of seconds", option->low,
                    option->high);
        return FALSE;
    }
    if (option->kind == SECONDS)
        *(gint64 *)place = (gint64)(value * G_USEC_PER_SEC);
    else
        *(guint *)place = (guint)value;
    return TRUE;
}

/* The folder of the source tree where this runs in the build tree, else where it is installed. */
static char *default_web(void)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = program ? g_path_get_dirname(program) : NULL;

    return g_strdup(g_strcmp0(folder, VCB_BUILD_DIR) == 0 ? VCB_SOURCE_WEB_DIR : VCB_INSTALLED_WEB_DIR);
}

static gboolean check(VcbOptions *options, GError **error)
{
    if (!options->host)
        options->host = g_strdup("127.0.0.1");
    if (options->dead_after_us == 0)
        options->dead_after_us = 2 * options->ping_interval_us;
    if (!options->tls_cert != !options->tls_key) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "--tls-cert and --tls-key go together; %s is missing",
                    options->tls_cert ? "--tls-key" : "--tls-cert");
        return FALSE;
    }
    if (options->dead_after_us <= options->ping_interval_us) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "--dead-after must be longer than --ping-interval");
        return FALSE;
    }
    return TRUE;
}

/* Defaults, then environment, then flags: the later one wins. */
static gboolean fill(VcbOptions *options, char *const *values, GError **error)
{
    options->web = default_web();
    for (gsize i = 0; i < G_N_ELEMENTS(OPTIONS); i++) {
        const Option *option = &OPTIONS[i];
        const char *variable = g_getenv(option->variable);
        g_autofree char *flag = g_strconcat("--", option->flag, NULL);

        if (option->fallback && !store(options, option, option->fallback, flag, error))
            return FALSE;
        if (values[i] && !store(options, option, values[i], flag, error))
            return FALSE;
        if (!values[i] && variable && *variable && !store(options, option, variable, option->variable, error))
            return FALSE;
    }
    return check(options, error);
}

VcbOptionsResult vcb_options_parse(VcbOptions *options, int *argc, char ***argv, GError **error)
{
    char *values[G_N_ELEMENTS(OPTIONS)] = {NULL};
    char *descriptions[G_N_ELEMENTS(OPTIONS)] = {NULL};
    gboolean version = FALSE, good;
    GOptionEntry entries[G_N_ELEMENTS(OPTIONS) + 2] = {
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version", NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new("- signaling server of vcbench");

    *options = (VcbOptions){0};
    for (gsize i = 0; i < G_N_ELEMENTS(OPTIONS); i++) {
        const Option *option = &OPTIONS[i];

        descriptions[i] = g_strdup_printf("%s%s%s%s; %s", option->description, option->fallback ? " [" : "",
                                          option->fallback ? option->fallback : "",
                                          option->fallback ? "]" : "", option->variable);
        entries[i + 1] = (GOptionEntry){
            option->flag, 0, 0, G_OPTION_ARG_STRING, &values[i], descriptions[i], option->argument};
    }
    g_option_context_set_summary(context,
                                 "Relays WebRTC signaling between the peers of a room: docs/signaling.md");
    g_option_context_set_description(context,
                                     "Each option can be given by the environment variable that it names.");
    g_option_context_add_main_entries(context, entries, NULL);
    good = g_option_context_parse(context, argc, argv, error);
    if (!good) {
        (*error)->domain = VCB_ERROR;
        (*error)->code = VCB_ERROR_USAGE;
    } else if (*argc > 1) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: no such argument; --help lists them", (*argv)[1]);
        good = FALSE;
    } else if (version) {
        printf("vcbench-signald %s\n", VCB_VERSION);
    } else {
        good = fill(options, values, error);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(OPTIONS); i++) {
        g_free(values[i]);
        g_clear_pointer(&descriptions[i], g_free);
    }
    return !good ? VCB_OPTIONS_BAD : version ? VCB_OPTIONS_EXIT : VCB_OPTIONS_RUN;
}

void vcb_options_clear(VcbOptions *options)
{
    g_free(options->host);
    g_free(options->tls_cert);
    g_free(options->tls_key);
    g_free(options->token_secret);
    g_free(options->web);
    *options = (VcbOptions){0};
}
