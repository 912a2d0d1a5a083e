#include "network/emulator/options.h"

#include "common/error.h"

#include <stdio.h>
#include <string.h>

/* The words of one option, in the order of its enum; NULL ends them. */
static const char *const BACKENDS[] = {"auto", "tun", "veth", NULL};
static const char *const NAMESPACES[] = {"auto", "root", "user", NULL};
static const char *const PRIORITIES[] = {"normal", "auto", NULL};

static gboolean read_word(const char *flag, const char *word, const char *const *words, guint *ret_index,
                          GError **error)
{
    g_autofree char *known = NULL;

    if (!word)
        return TRUE;
    for (guint i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0) {
            *ret_index = i;
            return TRUE;
        }
    known = g_strjoinv(", ", (char **)(gpointer)words);
    g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "--%s=%s: not one of %s", flag, word, known);
    return FALSE;
}

VcbNetOptionsResult vcb_net_options_parse(VcbNetOptions *options, int *argc, char ***argv, GError **error)
{
    g_autofree char *backend = NULL, *namespaces = NULL, *priority = NULL, *capture = NULL;
    gboolean probes = FALSE, shows_version = FALSE;
    const GOptionEntry entries[] = {
        {"backend", 0, 0, G_OPTION_ARG_STRING, &backend, "what hosts' interfaces are made of [auto]",
         "auto|tun|veth"},
        {"namespaces", 0, 0, G_OPTION_ARG_STRING, &namespaces, "who makes network namespaces [auto]",
         "auto|root|user"},
        {"capture", 0, 0, G_OPTION_ARG_FILENAME, &capture, "write every packet to this file (pcapng)",
         "FILE"},
        {"priority", 0, 0, G_OPTION_ARG_STRING, &priority, "real-time priority where it is permitted [auto]",
         "auto|normal"},
        {"probe", 0, 0, G_OPTION_ARG_NONE, &probes, "tell as JSON what works on this machine, and exit",
         NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &shows_version, "print the version and exit", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) problem = NULL;
    guint backend_index = 0, namespaces_index = 0, priority_index = 1;

    g_option_context_set_summary(
        context,
        "The network of a run: hosts, links, NATs and firewalls in one process. vcbench starts it and\n"
        "speaks to it on the descriptor in VCBENCH_CONTROL_FD (docs/network-emulator.md).");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &problem)) {
        g_set_error_literal(error, VCB_ERROR, VCB_ERROR_USAGE, problem->message);
        return VCB_NET_OPTIONS_BAD;
    }
    if (*argc > 1) {
        g_set_error(error, VCB_ERROR, VCB_ERROR_USAGE, "%s: no arguments are taken", (*argv)[1]);
        return VCB_NET_OPTIONS_BAD;
    }
    if (shows_version) {
        printf("vcbench-net %s\n", VCB_VERSION);
        return VCB_NET_OPTIONS_EXIT;
    }
    if (!read_word("backend", backend, BACKENDS, &backend_index, error) ||
        !read_word("namespaces", namespaces, NAMESPACES, &namespaces_index, error) ||
        !read_word("priority", priority, PRIORITIES, &priority_index, error))
        return VCB_NET_OPTIONS_BAD;
    options->backend = (VcbBackend)backend_index;
    options->namespaces = (VcbNamespaces)namespaces_index;
    options->wants_priority = priority_index == 1;
    options->capture = g_steal_pointer(&capture);
    options->probes = probes;
    return VCB_NET_OPTIONS_RUN;
}

void vcb_net_options_clear(VcbNetOptions *options)
{
    g_clear_pointer(&options->capture, g_free);
}
